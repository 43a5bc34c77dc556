//! Blocks of numbers: all that begin alike belong to one company.

use crate::calls::phone::Numbering;

/// What a block ends with, instead of the digits that differ.
const ANY: char = '*';
/// Minimum number of digits that a block begins with, with the calling code: fewer are a whole town or network.
const FEWEST_DIGITS: usize = 7;
/// Maximum number of digits of any number (ITU-T E.164).
const MOST_DIGITS: usize = 15;

/// Returns a number in E.164, or a block as the beginning in E.164 and `*`: `0221 29191*` is `+4922129191*` in Germany.
pub fn number_or_block(raw: &str, numbering: &Numbering) -> Option<String> {
    let Some(beginning) = raw.trim().strip_suffix(ANY) else { return numbering.e164(raw) };
    let beginning = numbering.international(beginning)?;
    let digits = beginning.strip_prefix('+').filter(|digits| !digits.starts_with('0'))?;
    (FEWEST_DIGITS..=MOST_DIGITS).contains(&digits.len()).then(|| format!("{beginning}{ANY}"))
}

/// Returns what the numbers of a block begin with; `None` for a single number.
pub fn beginning(number: &str) -> Option<&str> {
    number.strip_suffix(ANY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_read_in_any_notation_and_no_whole_town_is_one() {
        let german = Numbering::new("DE").unwrap();
        for (raw, read) in [
            ("0221 29191*", Some("+4922129191*")),
            ("0221/29191-*", Some("+4922129191*")),
            ("+49 (0)221 29191 *", Some("+4922129191*")),
            ("004922129191*", Some("+4922129191*")),
            (" +4922129191* ", Some("+4922129191*")),
            ("+4922129*", Some("+4922129*")),
            ("+492212*", None),
            ("0041 44 268*", Some("+4144268*")),
            ("0221 29191999", Some("+4922129191999")),
            ("0221*", None),
            ("0800*", None),
            ("*", None),
            ("+*", None),
            ("23*", None),
            ("**620", None),
            ("0221 29191**", None),
            ("+0221 29191*", None),
            ("+4922129191999999*", None),
            ("anna*", None),
        ] {
            assert_eq!(number_or_block(raw, &german).as_deref(), read, "{raw}");
            if let Some(read) = read {
                assert_eq!(number_or_block(read, &german).as_deref(), Some(read), "it is its own notation");
            }
        }
        assert_eq!((beginning("+4922129191*"), beginning("+4922129191999")), (Some("+4922129191"), None));
    }
}
