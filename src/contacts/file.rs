use std::collections::HashMap;

use super::text::{decode, tidy};
use super::{Contact, MAX_CONTACTS, NameProblem, named, table, vcard};
use crate::calls::phone::Numbering;

/// Of a value that cannot be used, so many characters are told.
const MOST_SHOWN: usize = 40;

/// So many people and companies of a file are read: twice as many as there may be contacts.
pub(super) const MOST_ENTRIES: usize = 2 * MAX_CONTACTS;
/// So many numbers may stand in one field.
pub(super) const MOST_IN_FIELD: usize = 50;

/// What a file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// One for each number.
    pub contacts: Vec<Contact>,
    /// What cannot be used, by line.
    pub unusable: Vec<Unusable>,
    /// People without any number.
    pub without_number: usize,
}

/// Something in a file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Counted from 1.
    pub line: u64,
    /// As it stands there, shortened.
    pub value: String,
    /// Why.
    pub reason: Reason,
}

/// Why something in a file cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is no valid telephone number.
    NoNumber,
    /// The number belongs to nobody.
    NoName,
    /// The name or the company is too long.
    LongName,
    /// The number has another name in this line already.
    Twice(u64),
}

/// Why a file cannot be used at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileProblem {
    /// There is nothing in it.
    Empty,
    /// It is no text, perhaps a workbook.
    NoText,
    /// It has more people and companies than are read.
    TooMany,
    /// Its first line names no column with numbers, or none with names; these are the columns.
    Columns(Vec<String>),
}

/// One person or company of a file, as it stands there.
#[derive(Debug, Default)]
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) name: String,
    pub(super) company: String,
    pub(super) numbers: Vec<(u64, String)>,
}

/// Reads a file of contacts: vCards, or a table with a first line that names its columns.
///
/// # Errors
/// When it holds neither.
pub fn read(bytes: &[u8], numbering: &Numbering) -> Result<Reading, FileProblem> {
    let text = decode(bytes);
    let start = text.trim_start();
    if start.is_empty() {
        return Err(FileProblem::Empty);
    }
    if text.contains('\0') || start.starts_with("PK\u{3}\u{4}") || start.starts_with("%PDF") {
        return Err(FileProblem::NoText);
    }
    let entries = if vcard::is_vcard(start) { vcard::entries(&text) } else { table::entries(&text)? };
    if entries.len() > MOST_ENTRIES {
        return Err(FileProblem::TooMany);
    }
    Ok(Gathering { numbering, lines: HashMap::new(), reading: Reading::default() }.of(entries))
}

struct Gathering<'a> {
    numbering: &'a Numbering,
    /// Where each number stands: its line and its place among the contacts.
    lines: HashMap<String, (u64, usize)>,
    reading: Reading,
}

impl Gathering<'_> {
    fn of(mut self, entries: Vec<Entry>) -> Reading {
        for entry in entries {
            if entry.numbers.is_empty() {
                self.reading.without_number += 1;
                continue;
            }
            match named(&entry.name, &entry.company) {
                Ok((name, company)) => {
                    for (line, raw) in &entry.numbers {
                        self.take(*line, raw, &name, company.as_deref());
                    }
                }
                Err(problem) => {
                    let reason = if problem == NameProblem::Missing { Reason::NoName } else { Reason::LongName };
                    let value = if problem == NameProblem::Missing { &entry.numbers[0].1 } else { &entry.name };
                    self.refuse(entry.line, value, reason);
                }
            }
        }
        self.reading.unusable.sort_by_key(|unusable| unusable.line);
        self.reading
    }

    fn take(&mut self, line: u64, raw: &str, name: &str, company: Option<&str>) {
        let Some(number) = self.numbering.e164(&dialled(raw)) else { return self.refuse(line, raw, Reason::NoNumber) };
        let contact = Contact { number, name: name.to_owned(), company: company.map(str::to_owned) };
        match self.lines.get(&contact.number) {
            None => {
                self.lines.insert(contact.number.clone(), (line, self.reading.contacts.len()));
                self.reading.contacts.push(contact);
            }
            Some((_, place)) if self.reading.contacts.get(*place) == Some(&contact) => {}
            Some((first, _)) => {
                let first = *first;
                self.refuse(line, raw, Reason::Twice(first));
            }
        }
    }

    fn refuse(&mut self, line: u64, value: &str, reason: Reason) {
        let value = tidy(value).chars().take(MOST_SHOWN).collect();
        self.reading.unusable.push(Unusable { line, value, reason });
    }
}

/// A number without what files put around it: `tel:+49-221-1;ext=5`.
fn dialled(raw: &str) -> String {
    let text = tidy(raw);
    let bare = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => text.get(4..).unwrap_or_default(),
        _ => &text,
    };
    bare.split(';').next().unwrap_or_default().trim().to_owned()
}
