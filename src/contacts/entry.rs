//! What files of contacts are read into, whatever their format.

use super::MAX_CONTACTS;

/// Maximum number of people and companies read from a file: twice as many as there may be contacts.
pub(super) const MOST_ENTRIES: usize = 2 * MAX_CONTACTS;
/// Maximum number of telephone numbers in one field.
pub(super) const MOST_IN_FIELD: usize = 50;

/// Why a file cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileProblem {
    /// The file is empty.
    Empty,
    /// The file is no text, perhaps a workbook.
    NoText,
    /// The file has more than the maximum number of people and companies.
    TooMany,
    /// The phonebook is cut off or damaged in this line.
    Damaged(u64),
    /// The first line names no column with numbers, or none with names; holds the columns found.
    Columns(Vec<String>),
}

/// One person or company of a file, before validation.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) name: String,
    pub(super) company: String,
    pub(super) numbers: Vec<(u64, String)>,
}
