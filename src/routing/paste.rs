//! Parser for a pasted list of numbers: each line is a number, or a row of a table that has one.

use std::collections::HashSet;

use super::matching::{Pattern, Spellings};
use super::named::check_number;
use crate::calls::phone::{Numbering, compact};
use crate::fields::Problem;
use crate::placetel::reply::MAX_NUMBER_CHARS;

/// The result of reading pasted lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pasted {
    /// The numbers, each once, as written first.
    pub numbers: Vec<String>,
    /// The number of lines whose number was there already, in whatever notation.
    pub doubled: usize,
    /// The lines, counted from 1, without a usable number, each with its problem.
    pub wrong: Vec<(usize, Problem)>,
}

/// Reads one number per line; of `number;comment` or a row of a table, the cell that is a number. Empty lines and a
/// header row are skipped.
pub fn read_lines(text: &str, numbering: &Numbering) -> Pasted {
    let mut pasted = Pasted::default();
    let mut known = HashSet::new();
    for (line, text) in (1..).zip(text.lines()).filter(|(_, text)| !text.trim().is_empty()) {
        let cells = cells(text);
        let number = cells.iter().find(|cell| compact(cell.trim_end_matches('*')).is_some()).or(cells.first());
        let Some(number) = number.filter(|number| !number.is_empty()) else {
            pasted.wrong.push((line, Problem::Missing));
            continue;
        };
        let length =
            if number.chars().count() > MAX_NUMBER_CHARS { Err(Problem::Length(MAX_NUMBER_CHARS)) } else { Ok(()) };
        let control = if number.chars().any(char::is_control) { Err(Problem::Control) } else { Ok(()) };
        match length.and(control).and_then(|()| check_number(number, numbering)) {
            Ok(()) if known.insert(meaning(number, numbering)) => pasted.numbers.push(number.clone()),
            Ok(()) => pasted.doubled += 1,
            Err(_) if line == 1 && cells.len() > 1 && !text.contains(|c: char| c.is_ascii_digit()) => {}
            Err(problem) => pasted.wrong.push((line, problem)),
        }
    }
    pasted
}

/// Splits a row into cells, without the quotes around them.
fn cells(row: &str) -> Vec<String> {
    let cells = row.split([';', ',', '\t']).map(|cell| cell.trim().trim_matches('"').trim().to_owned());
    cells.collect()
}

/// Returns a canonical form, which is the same for a number in any notation.
fn meaning(number: &str, numbering: &Numbering) -> Option<String> {
    match Pattern::parse(number, numbering).ok()? {
        Pattern::Any => Some("*".to_owned()),
        Pattern::Exact(spellings) => Spellings::iter(&spellings).next().map(str::to_owned),
        Pattern::Prefix(beginnings) => beginnings.last().map(|beginning| format!("{beginning}*")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::problem::RouteProblem;

    fn read(text: &str) -> Pasted {
        read_lines(text, &Numbering::new("DE").unwrap())
    }

    #[test]
    fn a_line_is_a_number_or_a_row_with_one() {
        let pasted = read(
            "Nummer;Name\r\n0221 29191999\n\n 030/23125000;Kern, Anna\nMüller\t+41 44 268 18 00\n\"0221*\",\"Köln\"\nanonymous\n\
             7777abc@fpbx.de\n23\n*\n",
        );
        assert_eq!(pasted.wrong, []);
        assert_eq!(pasted.doubled, 0);
        let numbers =
            ["0221 29191999", "030/23125000", "+41 44 268 18 00", "0221*", "anonymous", "7777abc@fpbx.de", "23", "*"];
        assert_eq!(pasted.numbers, numbers);
    }

    #[test]
    fn a_number_in_another_notation_is_the_same() {
        let pasted = read("0221 29191999\n+49 221 29191999;x\n004922129191999\n0221*\n+49221*\nAnonymous\nanonymous\n");
        assert_eq!((pasted.doubled, pasted.numbers.len()), (4, 3));
        assert_eq!(pasted.wrong, []);
    }

    #[test]
    fn a_line_without_a_number_is_told() {
        let pasted = read("0221 29191999\nhello world\n;x\n0*2\n@vip\nanna\n");
        assert_eq!(
            pasted.wrong,
            [
                (2, RouteProblem::NotNumber.into()),
                (3, Problem::Missing),
                (4, Problem::StarInside),
                (5, RouteProblem::NestedList.into()),
                (6, RouteProblem::NotNumber.into()),
            ]
        );
        assert_eq!(pasted.numbers, ["0221 29191999"]);
    }
}
