//! The pages of contacts and names.

/// The import of contacts from a file.
pub mod import;
/// The contacts: names of outside numbers.
pub mod list;
/// Names of lines and agents.
pub mod names;

pub(in crate::web::pages) mod form;
