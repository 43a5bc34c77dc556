//! Parses the phonebook of a FRITZ!Box (XML): names and numbers; anything else is skipped.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::Event;

use super::entry::{Entry, FileProblem, MOST_ENTRIES};

/// Maximum length of what stands before the first element, in bytes, in which the root is looked for.
const MOST_BEFORE_ROOT: usize = 2_000;

/// Returns whether a text begins like a phonebook.
pub(super) fn is_phonebook(text: &str) -> bool {
    let end = text.char_indices().map(|(place, _)| place).find(|place| *place >= MOST_BEFORE_ROOT);
    let start = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    start.starts_with('<') && start.contains("<phonebook")
}

/// Parses the people and companies of a phonebook.
///
/// # Errors
/// When the file is cut off or damaged.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, FileProblem> {
    let mut reader = Reader::from_str(text);
    let mut lines = Lines { text, place: 0, line: 1 };
    let (mut book, mut depth) = (Book::default(), 0_usize);
    while book.done.len() <= MOST_ENTRIES {
        let event = reader.read_event();
        let line = lines.at(reader.buffer_position());
        match event.map_err(|_| FileProblem::Damaged(line))? {
            Event::Start(tag) => {
                depth += 1;
                book.begin(line, tag.local_name().as_ref());
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                book.end(line, tag.local_name().as_ref());
            }
            Event::Text(part) => book.text.push_str(&part),
            Event::CData(part) => book.text.push_str(&part),
            Event::GeneralRef(part) => match part.resolve_char_ref() {
                Ok(Some(character)) => book.text.push(character),
                _ => book.text.push_str(resolve_predefined_entity(&part).unwrap_or_default()),
            },
            Event::Eof if depth > 0 => return Err(FileProblem::Damaged(line)),
            Event::Eof => break,
            _ => {}
        }
    }
    Ok(book.done)
}

#[derive(Default)]
struct Book {
    done: Vec<Entry>,
    open: Option<Entry>,
    /// The text since the last tag.
    text: String,
}

impl Book {
    fn begin(&mut self, line: u64, tag: &str) {
        self.text.clear();
        if tag == "contact" {
            self.open = Some(Entry { line, ..Entry::default() });
        }
    }

    fn end(&mut self, line: u64, tag: &str) {
        let text = std::mem::take(&mut self.text);
        match (tag, &mut self.open) {
            ("contact", open) => self.done.extend(open.take()),
            ("realName", Some(entry)) if entry.name.is_empty() => entry.name = text,
            ("number", Some(entry)) if !text.trim().is_empty() => entry.numbers.push((line, text)),
            _ => {}
        }
    }
}

/// Counts lines as the reader goes on.
struct Lines<'a> {
    text: &'a str,
    place: usize,
    line: u64,
}

impl Lines<'_> {
    fn at(&mut self, position: u64) -> u64 {
        let place = usize::try_from(position).unwrap_or(self.place).max(self.place);
        let passed = self.text.as_bytes().get(self.place..place).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.place = place;
        self.line
    }
}
