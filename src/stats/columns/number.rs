//! A number in two notations as one name: normalised, and as the PBX wrote it. Most notations differ in how they begin
//! only, so that little is stored twice.

use std::borrow::Cow;

/// Between both notations; no text of the PBX has it.
const SEPARATOR: char = '\u{1f}';
/// What the beginning of a notation consists of that is stored apart from the rest: trunk prefixes.
pub(super) const PREFIXES: [char; 2] = ['0', '+'];

/// Returns both notations as one name.
pub(super) fn pair(normal: Option<&str>, raw: Option<&str>) -> String {
    let normal = normal.unwrap_or_default();
    match raw.filter(|raw| *raw != normal) {
        None => normal.to_owned(),
        Some(raw) => {
            let common: usize = normal
                .chars()
                .rev()
                .zip(raw.chars().rev())
                .take_while(|(a, b)| a == b)
                .map(|(a, _)| a.len_utf8())
                .sum();
            let beginning = &raw[..raw.len() - common];
            let is_prefix = beginning.chars().all(|character| PREFIXES.contains(&character));
            let (dropped, beginning) = if is_prefix { (normal.len() - common, beginning) } else { (normal.len(), raw) };
            let dropped = u32::try_from(dropped).ok().and_then(|dropped| char::from_u32(dropped + u32::from('!')));
            match dropped {
                Some(dropped) => format!("{normal}{SEPARATOR}{dropped}{beginning}"),
                // Nobody has a number of some ten thousand characters.
                None => normal.to_owned(),
            }
        }
    }
}

/// Returns the normalised notation of a pair.
pub(super) fn normal(pair: &str) -> &str {
    pair.split_once(SEPARATOR).map_or(pair, |(normal, _)| normal)
}

/// Returns the notation of a pair that the PBX wrote.
pub(super) fn raw(pair: &str) -> Cow<'_, str> {
    let Some((normal, rest)) = pair.split_once(SEPARATOR) else { return Cow::Borrowed(pair) };
    let mut rest = rest.chars();
    let dropped = rest.next().map_or(0, |dropped| (u32::from(dropped) - u32::from('!')) as usize);
    match normal.get(dropped..).unwrap_or_default() {
        "" => Cow::Borrowed(rest.as_str()),
        end => Cow::Owned(format!("{}{end}", rest.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_notations_lead_back() {
        for (normal, raw_text) in [
            ("+492214710100", "02214710100"),
            ("+492214710100", "00492214710100"),
            ("+492214710100", "+492214710100"),
            ("+492214710100", "0221/4710-100"),
            ("", "anonymous"),
            ("23", "23"),
            ("23", "7777anna@fpbx.de"),
            ("übung", "Übung"),
            ("", ""),
        ] {
            let pair = pair(Some(normal).filter(|text| !text.is_empty()), Some(raw_text));
            assert_eq!((super::normal(&pair), &*raw(&pair)), (normal, raw_text), "{pair:?}");
        }
        assert_eq!(pair(Some("+492214710100"), None), "+492214710100");
        assert_eq!(pair(Some("+492214710100"), Some("02214710100")).len(), 13 + 3);
        assert_eq!(pair(None, None), "");
    }
}
