use std::collections::HashMap;

use super::block::number_or_block;
pub use super::entry::FileProblem;
use super::entry::{Entry, MOST_ENTRIES};
use super::table::Table;
use super::text::{decode, ended_alike, tidy};
use super::{Contact, NameProblem, fritzbox, named, table, vcard};
use crate::calls::phone::Numbering;

/// Maximum length of an unusable value in a report, in characters.
const MOST_SHOWN: usize = 40;

/// The content of a file of contacts.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// The contacts, one for each number.
    pub contacts: Vec<Contact>,
    /// The unusable values, by line.
    pub unusable: Vec<Unusable>,
    /// The number of people without any telephone number.
    pub without_number: usize,
    /// The headers of columns that look like telephone numbers and are not used.
    pub unused_columns: Vec<String>,
}

/// Something in a file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The line, counted from 1.
    pub line: u64,
    /// The value as it stands there, shortened.
    pub value: String,
    /// Why it cannot be used.
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

/// Reads a file of contacts: vCards, a phonebook of a FRITZ!Box, or a table with a header line.
///
/// # Errors
/// When it holds none of them, or is cut off.
pub fn read(bytes: &[u8], numbering: &Numbering) -> Result<Reading, FileProblem> {
    let decoded = decode(bytes);
    let text = ended_alike(&decoded);
    let start = text.trim_start();
    if start.is_empty() {
        return Err(FileProblem::Empty);
    }
    if text.contains('\0') || start.starts_with("PK\u{3}\u{4}") || start.starts_with("%PDF") {
        return Err(FileProblem::NoText);
    }
    let all_used = |entries| Table { entries, unused_columns: Vec::new() };
    let Table { entries, unused_columns } = match () {
        () if vcard::is_vcard(start) => all_used(vcard::entries(&text)),
        () if fritzbox::is_phonebook(start) => all_used(fritzbox::entries(&text)?),
        () => table::read(&text, numbering)?,
    };
    if entries.len() > MOST_ENTRIES {
        return Err(FileProblem::TooMany);
    }
    Ok(Gathering { numbering, lines: HashMap::new(), reading: Reading { unused_columns, ..Reading::default() } }
        .of(entries))
}

struct Gathering<'a> {
    numbering: &'a Numbering,
    /// Where each number was found first: its line and its index among the contacts.
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
        let Some(number) = number_or_block(&dialled(raw), self.numbering) else {
            return self.refuse(line, raw, Reason::NoNumber);
        };
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

/// Strips what files put around a number: `tel:+49-221-1;ext=5`.
fn dialled(raw: &str) -> String {
    let text = tidy(raw);
    let bare = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => text.get(4..).unwrap_or_default(),
        _ => &text,
    };
    bare.split(';').next().unwrap_or_default().trim().to_owned()
}

#[cfg(test)]
mod tests;
