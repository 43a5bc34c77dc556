//! Parses tables of contacts: comma-, semicolon- or tab-separated (CSV), with a header line.

use csv::{ReaderBuilder, StringRecord};

use super::columns::Column;
use super::entry::{Entry, FileProblem, MOST_ENTRIES, MOST_IN_FIELD};
use super::text::{tidy, unguarded};
use super::unused::{Unused, shortened};
use crate::calls::phone::Numbering;

const DELIMITERS: [char; 3] = [';', ',', '\t'];
/// The prefix of the line by which spreadsheets announce the delimiter, above everything else.
const HINT: &str = "sep=";
/// Maximum number of columns shown of a header that is not understood.
const MOST_COLUMNS: usize = 12;

/// What stands in a table.
pub(super) struct Table {
    /// The people and companies.
    pub(super) entries: Vec<Entry>,
    /// The headers of columns that look like numbers and are not used.
    pub(super) unused_columns: Vec<String>,
}

/// Parses the people and companies of a table.
///
/// # Errors
/// When no column holds numbers, or none names.
pub(super) fn read(text: &str, numbering: &Numbering) -> Result<Table, FileProblem> {
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
    let has_names = columns.iter().any(|column| column.is_of_names());
    if !has_names || !columns.contains(&Column::Number) {
        return Err(FileProblem::Columns(header.iter().take(MOST_COLUMNS).map(shortened).collect()));
    }
    let mut unused = Unused::new(&header, &columns, numbering);
    let filled = records.filter(|record| record.iter().any(|field| !field.trim().is_empty()));
    let mut lines = Lines { table, place: 0, line: 1 + skipped };
    let filled = filled.take(MOST_ENTRIES + 1);
    let entries = filled.map(|record| {
        unused.look(&record);
        entry(&record, &columns, lines.of(&record))
    });
    let entries = entries.collect();
    Ok(Table { entries, unused_columns: unused.into_names() })
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
    let fields =
        || columns.iter().copied().zip(record.iter().map(unguarded)).filter(|(_, field)| !field.trim().is_empty());
    let first = |wanted: Column| fields().find(|(column, _)| *column == wanted).map_or("", |(_, field)| field);
    let (name, company) = who(first);
    let (mut numbers, mut area_code) = (Vec::new(), "");
    for (column, field) in fields() {
        match column {
            Column::AreaCode => area_code = field.trim(),
            Column::Number => {
                let area_code = std::mem::take(&mut area_code);
                numbers.extend(several(field).map(|number| (line, with_area_code(area_code, number))));
            }
            _ => {}
        }
    }
    Entry { line, name, company, numbers }
}

/// Makes name and company of a record, of which `first` has the first field of a meaning.
fn who<'a>(first: impl Fn(Column) -> &'a str) -> (String, String) {
    let parts = |last: &str| tidy(&[first(Column::First), first(Column::Middle), last].join(" "));
    let (column_name, last, company) = (first(Column::Name), first(Column::Last), first(Column::Company));
    let name = match (first(Column::FullName), column_name) {
        ("", "") => parts(last),
        // `Name;Vorname` has the family name in the first column, unless the whole name stands there.
        ("", name) if last.is_empty() && !has_words(name, first(Column::First)) => parts(name),
        ("", name) => name.to_owned(),
        (name, _) => name.to_owned(),
    };
    match first(Column::Person) {
        "" => {}
        person if name.is_empty() => return (person.to_owned(), company.to_owned()),
        person if company.is_empty() => return (person.to_owned(), name),
        _ => {}
    }
    let is_nobody = name.is_empty() && company.is_empty();
    (if is_nobody { first(Column::Makeshift).to_owned() } else { name }, company.to_owned())
}

/// Returns whether all words of `some` stand in `text`.
fn has_words(text: &str, some: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let small = text.to_lowercase();
        small.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let there = words(text);
    words(some).iter().all(|word| there.contains(word))
}

/// Completes a number by the area code that stands in a column before it.
fn with_area_code(area_code: &str, number: &str) -> String {
    if area_code.is_empty() || number.starts_with(['0', '+', '(']) {
        return number.to_owned();
    }
    // Spreadsheets drop the zero.
    let zero = if area_code.starts_with(['0', '+', '(']) { "" } else { "0" };
    format!("{zero}{area_code} {number}")
}

/// Splits a field that may hold several numbers; Google writes ` ::: ` between them.
fn several(field: &str) -> impl Iterator<Item = &str> {
    let parts = field.split(":::").flat_map(|part| part.split([';', ',', '\n']));
    parts.map(bare_number).filter(|part| !part.is_empty()).take(MOST_IN_FIELD)
}

/// Takes off the apostrophe behind which spreadsheets keep a leading zero.
fn bare_number(part: &str) -> &str {
    part.trim().trim_start_matches(['\'', '\u{2019}']).trim_start()
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
