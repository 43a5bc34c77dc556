//! Number patterns, which tell what numbers a route is for: exact ones in any notation, prefixes, `anonymous`, or any.

use crate::calls::phone::{Numbering, compact, is_anonymous};
use crate::fields::Problem;

/// A number of a call in every spelling that a pattern may be compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spellings(Vec<String>);

impl Spellings {
    /// Normalises `raw`: a telephone number in any notation, an extension, a SIP id or `anonymous`; `None` if blank.
    pub fn of(raw: &str, numbering: &Numbering) -> Option<Self> {
        let as_received = plain(raw)?;
        let mut spellings = Vec::with_capacity(3);
        spellings.extend(numbering.from_abroad(raw));
        if !spellings.contains(&as_received) {
            spellings.push(as_received);
        }
        Some(Self(spellings))
    }

    /// Iterates over the spellings, each once.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// One entry of a route's `to` or `from`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// `*`: any number, and a call without one.
    Any,
    /// A number that has one of these spellings.
    Exact(Spellings),
    /// A number one of whose spellings begins with one of these prefixes.
    Prefix(Vec<String>),
}

impl Pattern {
    /// Reads `022129191999`, `+49221*`, `23*`, `anonymous`, a SIP id or `*`.
    ///
    /// # Errors
    /// A `*` elsewhere than at the end, or nothing but blanks.
    pub fn parse(text: &str, numbering: &Numbering) -> Result<Self, Problem> {
        let text = text.trim();
        let (number, is_prefix) = text.strip_suffix('*').map_or((text, false), |beginning| (beginning, true));
        if number.contains('*') {
            return Err(Problem::StarInside);
        }
        match (plain(number), is_prefix) {
            (None, true) => Ok(Self::Any),
            (None, false) => Err(Problem::Missing),
            (Some(beginning), true) => Ok(Self::Prefix(beginnings(beginning, numbering))),
            (Some(_), false) => Spellings::of(number, numbering).map(Self::Exact).ok_or(Problem::Missing),
        }
    }

    /// Returns whether the pattern matches a number; `None` is a call that has none.
    pub fn matches(&self, number: Option<&Spellings>) -> bool {
        let spelled = |is_meant: &dyn Fn(&str) -> bool| number.is_some_and(|number| number.iter().any(is_meant));
        match self {
            Self::Any => true,
            Self::Exact(meant) => spelled(&|spelling| meant.iter().any(|meant| meant == spelling)),
            Self::Prefix(meant) => spelled(&|spelling| meant.iter().any(|meant| spelling.starts_with(meant.as_str()))),
        }
    }
}

/// Returns whether a text, without `*` at the end, may be the number of a call: digits, `anonymous`, or like a SIP id.
pub fn is_callable(text: &str) -> bool {
    let number = text.trim().trim_end_matches('*').trim_end();
    let like_sip = number == "+" || number.chars().any(|c| c.is_ascii_digit() || c == '@');
    is_anonymous(number) || compact(number).is_some() || (like_sip && !number.contains(char::is_whitespace))
}

/// Normalises a number as received: removes what only people write, punctuation between digits and upper case in
/// SIP ids; `None` if it is blank.
fn plain(raw: &str) -> Option<String> {
    let raw = raw.trim();
    let plain = compact(raw).unwrap_or_else(|| raw.to_ascii_lowercase());
    (!plain.is_empty()).then_some(plain)
}

fn beginnings(beginning: String, numbering: &Numbering) -> Vec<String> {
    // `49*` means the extensions 490 to 499, but `4930*` means Berlin.
    const LEAST_AFTER_CALLING_CODE: usize = 2;
    let international = numbering.international(&beginning).or_else(|| {
        let digits = beginning.bytes().all(|b| b.is_ascii_digit());
        let rest = beginning.strip_prefix(numbering.calling_code())?;
        (digits && rest.len() >= LEAST_AFTER_CALLING_CODE).then(|| format!("+{beginning}"))
    });
    std::iter::once(beginning.clone()).chain(international.filter(|spelling| *spelling != beginning)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, number: &str) -> bool {
        let numbering = Numbering::new("DE").unwrap();
        Pattern::parse(pattern, &numbering).unwrap().matches(Spellings::of(number, &numbering).as_ref())
    }

    #[track_caller]
    fn check(patterns: &[&str], meant: &[&str], not_meant: &[&str]) {
        for pattern in patterns {
            for number in meant {
                assert!(matches(pattern, number), "{pattern} is for {number}");
            }
            for number in not_meant {
                assert!(!matches(pattern, number), "{pattern} is not for {number}");
            }
        }
    }

    #[test]
    fn a_number_is_meant_in_any_notation() {
        let notations = ["022129191999", "+4922129191999", "004922129191999", "4922129191999", "(0221) 29 19-1999"];
        check(&notations, &notations, &["022129191998", "0221291919990", "23", "anonymous", ""]);
        check(&["+41 44 268 18 00", "0041442681800"], &["0041442681800", "+41442681800"], &["0442681800"]);
    }

    #[test]
    fn a_number_of_no_plan_is_meant_in_any_notation_too() {
        check(
            &["0123456789", "+49123456789", "0123 456789"],
            &["0123456789", "+49123456789", "0049123456789"],
            &["123456789"],
        );
    }

    #[test]
    fn a_beginning_is_meant_in_any_notation() {
        let beginnings = ["0221*", "+49221*", "0049221*", "49221*", "(0221) *", "+49 (0)221*"];
        let cologne = ["022129191999", "+4922129191999", "004922129191999", "4922129191999", "0221/29191999"];
        check(&beginnings, &cologne, &["03029191999", "23", "7777abc@fpbx.de", "anonymous", ""]);
        check(&["022129191999*"], &cologne, &["02212919199"]);
    }

    #[test]
    fn extensions_are_meant_as_dialled() {
        check(&["23*"], &["23", "230", "239"], &["2", "0230", "+4923", "02302"]);
        check(&["23"], &["23"], &["230", "023", "+4923"]);
        check(&["49*"], &["49", "491", "4922129191999"], &["022129191999", "+4922129191999"]);
        check(&["492*"], &["4922", "4922129191999"], &["022129191999"]);
        check(&["110"], &["110"], &["0110"]);
    }

    #[test]
    fn signs_of_notation_alone_are_compared_as_received() {
        check(&["00*"], &["0041442681800"], &["022129191999", "+41442681800"]);
        check(&["+*"], &["+41442681800", "022129191999"], &["23", "anonymous"]);
        check(&["0*"], &["022129191999", "0041442681800"], &["23", "+4922129191999"]);
    }

    #[test]
    fn sip_ids_and_anonymous_are_meant_in_any_case() {
        check(
            &["7777abcdefg@fpbx.de", "7777ABCdefg@FPBX.de"],
            &["7777abcdefg@fpbx.de", "7777ABCDEFG@fpbx.de"],
            &["7777"],
        );
        check(&["7777AB*"], &["7777abcdefg@fpbx.de"], &["7777xyz@fpbx.de"]);
        check(&["anonymous", "Anonymous", " anonymous "], &["anonymous", "ANONYMOUS"], &["23", "", "anonymous2"]);
    }

    #[test]
    fn a_star_alone_is_for_any_number_and_for_none() {
        check(&["*", " *"], &["23", "anonymous", "+4922129191999", "7777@fpbx.de", ""], &[]);
    }

    #[test]
    fn a_star_inside_and_blanks_are_no_pattern() {
        let numbering = Numbering::new("DE").unwrap();
        for text in ["0221*9", "**", "*1", "0*2*"] {
            assert_eq!(Pattern::parse(text, &numbering), Err(Problem::StarInside), "{text}");
        }
        assert_eq!(Pattern::parse(" ", &numbering), Err(Problem::Missing));
    }
}
