//! Finds columns of a table that look like telephone numbers, but are not used, so that nothing is lost unsaid.

use csv::StringRecord;

use super::columns::Column;
use super::text::{tidy, unguarded};
use crate::calls::phone::Numbering;

/// The number of filled fields of a column by which it is judged.
const LOOKED_AT: usize = 50;
/// Maximum number of columns that are looked at, and of those that are named.
const MOST_COLUMNS: usize = 200;
const MOST_NAMED: usize = 12;
const MOST_CHARS: usize = 30;
/// Minimum number of digits of what looks like a number with its area code: a postcode has fewer.
const FEWEST_DIGITS: usize = 7;

/// A look at the columns whose headers say nothing.
pub(super) struct Unused<'a> {
    numbering: &'a Numbering,
    columns: Vec<Seen>,
}

/// What was seen in a column.
#[derive(Clone, Default)]
struct Seen {
    header: String,
    is_used: bool,
    filled: usize,
    numbers: usize,
}

impl<'a> Unused<'a> {
    pub(super) fn new(header: &StringRecord, columns: &[Column], numbering: &'a Numbering) -> Self {
        let seen = |(header, column): (&str, &Column)| Seen {
            header: shortened(header),
            is_used: *column != Column::Other,
            ..Seen::default()
        };
        Self { numbering, columns: header.iter().zip(columns).take(MOST_COLUMNS).map(seen).collect() }
    }

    /// Looks at one more record, which may be longer than the header.
    pub(super) fn look(&mut self, record: &StringRecord) {
        self.columns.resize(self.columns.len().max(record.len().min(MOST_COLUMNS)), Seen::default());
        for (seen, field) in self.columns.iter_mut().zip(record) {
            if seen.is_used || seen.filled >= LOOKED_AT || field.trim().is_empty() {
                continue;
            }
            seen.filled += 1;
            seen.numbers += usize::from(looks_like_number(field, self.numbering));
        }
    }

    /// Returns the headers of the columns that look like numbers; the place of a column without a header: `#5`.
    pub(super) fn into_names(self) -> Vec<String> {
        let looks = |(_, seen): &(usize, Seen)| seen.numbers > 0 && 2 * seen.numbers >= seen.filled;
        let name = |(place, seen): (usize, Seen)| match seen.header.as_str() {
            "" => format!("#{}", place + 1),
            _ => seen.header,
        };
        self.columns.into_iter().enumerate().filter(looks).map(name).take(MOST_NAMED).collect()
    }
}

/// Returns a header on one line, as long as it can be shown.
pub(super) fn shortened(header: &str) -> String {
    tidy(header).chars().take(MOST_CHARS).collect()
}

/// Returns whether a field holds a number with its area code, and no date.
fn looks_like_number(field: &str, numbering: &Numbering) -> bool {
    let bare = tidy(unguarded(field));
    let bare = bare.trim_start_matches(['\'', '\u{2019}']);
    let digits = bare.bytes().filter(u8::is_ascii_digit).count();
    digits >= FEWEST_DIGITS && bare.starts_with(['0', '+', '(']) && !is_date(bare) && numbering.e164(bare).is_some()
}

/// Returns whether a text is a day: `01.02.1990`.
fn is_date(text: &str) -> bool {
    ['.', '/', '-'].into_iter().any(|sign| {
        let parts: Vec<usize> = text.split(sign).map(str::len).collect();
        matches!(parts[..], [1..=2, 1..=2, 2 | 4])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_from_days_postcodes_and_other_figures() {
        let numbering = Numbering::new("DE").unwrap();
        for field in ["0221 29191999", "+49 (0)221 29191999", "=\"022129191999\"", "'0170/2345606", "(030) 23125000"] {
            assert!(looks_like_number(field, &numbering), "{field}");
        }
        for field in ["50667", "03.04.1985", "3/4/1985", "29191999", "1234567890", "a@b", "Köln", "0", ""] {
            assert!(!looks_like_number(field, &numbering), "{field}");
        }
    }
}
