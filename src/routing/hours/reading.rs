//! What the parser does not tell apart, read from the text of an expression.

use std::borrow::Cow;

const STATES: [&str; 4] = ["open", "off", "closed", "unknown"];
const WEEKDAYS: [&str; 7] = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"];

/// Returns the text with `unknown` before words that have no state, which is what they mean: `Sa "by appointment"` is not
/// open. Words before a colon are a title.
pub(super) fn with_states(text: &str) -> Cow<'_, str> {
    if !text.contains('"') {
        return Cow::Borrowed(text);
    }
    let parts: Vec<&str> = text.split('"').collect();
    let mut read = String::with_capacity(text.len() + 16);
    for (place, part) in parts.iter().enumerate() {
        let are_words = place % 2 == 1;
        if are_words {
            let before = place.checked_sub(1).and_then(|before| parts.get(before)).copied().unwrap_or_default();
            let is_title = parts.get(place + 1).is_some_and(|after| after.starts_with(':'));
            if !is_title && !ends_with_state(before) {
                read += if before.is_empty() || before.ends_with(' ') { "unknown " } else { " unknown " };
            }
        }
        read += if place == 0 { "" } else { "\"" };
        read += part;
    }
    Cow::Owned(read)
}

fn ends_with_state(text: &str) -> bool {
    let word = text.trim_end().rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    STATES.iter().any(|state| word.eq_ignore_ascii_case(state))
}

/// Returns the text without holidays that stand beside weekdays with a space only; `None` if none do. A rule that loses its
/// holidays by it is for days that are both: `PH Mo-Fr` are holidays on weekdays, `PH,Mo-Fr` all of both.
pub(super) fn without_holidays_on_weekdays(text: &str) -> Option<String> {
    let parts = text.split('"').enumerate().map(|(place, part)| {
        let are_words = place % 2 == 1;
        if are_words { part.to_owned() } else { part.split(';').map(without_holidays).collect::<Vec<_>>().join(";") }
    });
    let without = parts.collect::<Vec<_>>().join("\"");
    (without.len() < text.len()).then_some(without)
}

fn without_holidays(rules: &str) -> String {
    let words: Vec<&str> = rules.split(' ').collect();
    let mut left: Vec<String> = Vec::with_capacity(words.len());
    for (place, word) in words.iter().enumerate() {
        let (days, end) = word.strip_suffix(',').map_or((*word, ""), |days| (days, ","));
        let are_holidays = days.split(',').all(|day| day == "PH" || day == "SH");
        let before = place.checked_sub(1).and_then(|before| words.get(before));
        let is_after_weekday = before.is_some_and(|word| WEEKDAYS.iter().any(|day| word.ends_with(day)));
        let after = words.get(place + 1).filter(|_| end.is_empty());
        let is_before_weekday = after.is_some_and(|word| WEEKDAYS.iter().any(|day| word.starts_with(day)));
        match left.last_mut() {
            Some(last) if are_holidays && is_after_weekday => last.push_str(end),
            _ if are_holidays && is_before_weekday => {}
            _ => left.push((*word).to_owned()),
        }
    }
    left.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_a_state_are_unknown() {
        for (text, read) in [
            ("Mo-Fr 09:00-17:00", "Mo-Fr 09:00-17:00"),
            ("Sa \"x\"", "Sa unknown \"x\""),
            ("Sa\"x\"", "Sa unknown \"x\""),
            ("\"off\"", "unknown \"off\""),
            ("Sa OFF \"x\"; Su open \"y\" || \"z\"", "Sa OFF \"x\"; Su open \"y\" || unknown \"z\""),
            ("\"Summer\":Mo", "\"Summer\":Mo"),
            ("Mo \"", "Mo unknown \""),
        ] {
            assert_eq!(with_states(text), read);
        }
    }

    #[test]
    fn holidays_beside_weekdays_are_found() {
        for (text, without) in [
            ("PH Mo-Fr off", Some("Mo-Fr off")),
            ("24/7; Mo-Fr PH; PH off", Some("24/7; Mo-Fr; PH off")),
            ("Mo PH,SH;PH Sa 10:00-12:00", Some("Mo;Sa 10:00-12:00")),
            ("Mo 10:00-12:00, Tu PH 10:00-12:00 \"Mo PH\"", Some("Mo 10:00-12:00, Tu 10:00-12:00 \"Mo PH\"")),
            ("Mo PH, Sa 10:00-12:00", Some("Mo, Sa 10:00-12:00")),
            ("PH,Mo-Fr off", None),
            ("Mo-Fr,PH 09:00-17:00; PH off", None),
            ("PH 10:00-12:00, Mo 10:00-12:00", None),
            ("PH, Mo 10:00-12:00", None),
            ("Mo; PH off", None),
        ] {
            assert_eq!(without_holidays_on_weekdays(text).as_deref(), without, "{text}");
        }
    }
}
