//! Parses tables of contacts: comma-, semicolon- or tab-separated (CSV), with a header line.

use csv::{ReaderBuilder, StringRecord};

use super::columns::Column;
use super::entry::{Entry, FileProblem, MOST_ENTRIES, MOST_IN_FIELD};
use super::text::tidy;

const DELIMITERS: [char; 3] = [';', ',', '\t'];
/// The prefix of the line by which spreadsheets announce the delimiter, above everything else.
const HINT: &str = "sep=";
/// Maximum number of columns shown of a header that is not understood.
const MOST_COLUMNS: usize = 12;
const MOST_CHARS: usize = 30;

/// Parses the people and companies of a table.
///
/// # Errors
/// When no column holds numbers, or none names.
pub(super) fn entries(text: &str) -> Result<Vec<Entry>, FileProblem> {
    let (table, skipped, hinted) = without_hint(text);
    let delimiter = hinted.unwrap_or_else(|| delimiter(table));
    let mut reader = ReaderBuilder::new()
        .delimiter(u8::try_from(delimiter).unwrap_or(b','))
        .flexible(true)
        .has_headers(false)
        .from_reader(table.as_bytes());
    let mut records = reader.records().map_while(Result::ok);
    let header = records.next().ok_or(FileProblem::Empty)?;
    let columns: Vec<Column> = header.iter().map(Column::of).collect();
    let has_names = columns.iter().any(|column| !matches!(column, Column::Number | Column::Other));
    if !has_names || !columns.contains(&Column::Number) {
        let short = |name: &str| tidy(name).chars().take(MOST_CHARS).collect();
        return Err(FileProblem::Columns(header.iter().take(MOST_COLUMNS).map(short).collect()));
    }
    let filled = records.filter(|record| record.iter().any(|field| !field.trim().is_empty()));
    let mut lines = Lines { table, place: 0, line: 1 + skipped };
    let filled = filled.take(MOST_ENTRIES + 1);
    Ok(filled.map(|record| entry(&record, &columns, lines.of(&record))).collect())
}

/// Counts lines from record to record, because the CSV reader places a record at the end of the line before it.
struct Lines<'a> {
    table: &'a str,
    place: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, record: &StringRecord) -> u64 {
        let before = record.position().and_then(|position| usize::try_from(position.byte()).ok()).unwrap_or(self.place);
        let rest = self.table.as_bytes().get(before..).unwrap_or_default();
        let place = before + rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let passed = self.table.as_bytes().get(self.place..place).unwrap_or_default();
        self.line += passed.iter().filter(|byte| **byte == b'\n').count() as u64;
        self.place = place.max(self.place);
        self.line
    }
}

fn entry(record: &StringRecord, columns: &[Column], line: u64) -> Entry {
    let fields = || columns.iter().zip(record.iter()).filter(|(_, field)| !field.trim().is_empty());
    let first = |wanted: Column| fields().find(|(column, _)| **column == wanted).map_or("", |(_, field)| field);
    let name = match first(Column::Name) {
        "" => [first(Column::First), first(Column::Middle), first(Column::Last)].join(" "),
        name => name.to_owned(),
    };
    let numbers = fields().filter(|(column, _)| **column == Column::Number).flat_map(|(_, field)| several(field));
    Entry {
        line,
        name,
        company: first(Column::Company).to_owned(),
        numbers: numbers.map(|number| (line, number.to_owned())).collect(),
    }
}

/// Splits a field that may hold several numbers; Google writes ` ::: ` between them.
fn several(field: &str) -> impl Iterator<Item = &str> {
    let parts = field.split(":::").flat_map(|part| part.split([';', ',', '\n']));
    parts.map(str::trim).filter(|part| !part.is_empty()).take(MOST_IN_FIELD)
}

/// Returns the table below a line `sep=;`, how many lines that took, and the delimiter that it names.
fn without_hint(text: &str) -> (&str, u64, Option<char>) {
    let hint = text.get(..HINT.len()).is_some_and(|start| start.eq_ignore_ascii_case(HINT));
    let Some((line, rest)) = text.split_once('\n').filter(|_| hint) else { return (text, 0, None) };
    let named = line.get(HINT.len()..).unwrap_or_default().chars().next();
    (rest, 1, named.filter(|delimiter| DELIMITERS.contains(delimiter)))
}

/// Guesses the delimiter: the one that occurs most often in the first line, outside of quotes.
fn delimiter(table: &str) -> char {
    let line = table.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let count = |delimiter: char| {
        let unquoted = line.split('"').step_by(2);
        unquoted.map(|part| part.chars().filter(|c| *c == delimiter).count()).sum::<usize>()
    };
    let best = DELIMITERS.into_iter().reduce(|best, next| if count(next) > count(best) { next } else { best });
    best.unwrap_or(',')
}
