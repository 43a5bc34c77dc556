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
    let mut is_any = false;
    let parts = text.split('"').enumerate().map(|(place, part)| {
        if place % 2 == 1 {
            return Cow::Borrowed(part);
        }
        let words: Vec<&str> = part.split(' ').collect();
        let is_beside = |place: usize| {
            let before = place.checked_sub(1).and_then(|before| words.get(before));
            before.is_some_and(|word| WEEKDAYS.iter().any(|day| word.ends_with(day)))
                || words.get(place + 1).is_some_and(|word| WEEKDAYS.iter().any(|day| word.starts_with(day)))
        };
        let is_left = |place: usize, word: &str| {
            let are_holidays = word.split(',').all(|day| day == "PH" || day == "SH");
            !(are_holidays && is_beside(place))
        };
        let left: Vec<&str> =
            words.iter().enumerate().filter(|(place, word)| is_left(*place, word)).map(|(_, word)| *word).collect();
        is_any |= left.len() < words.len();
        Cow::Owned(left.join(" "))
    });
    let text = parts.collect::<Vec<_>>().join("\"");
    is_any.then_some(text)
}
