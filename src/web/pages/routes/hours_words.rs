//! Descriptions of opening hours in words.

use crate::i18n::HoursTexts;
use crate::routing::hours::HoursContext;
use crate::routing::hours::notes::notes;
use crate::routing::hours::week::{DAY, Holidays, Span, Week, runs};

/// Describes when a route applies, as a part of a sentence. Hours that have no description are shown as typed.
pub fn hours_in_words(hours: Option<&str>, t: &HoursTexts) -> String {
    let Some(text) = hours.map(str::trim) else { return t.any_time.to_owned() };
    if let Some(name) = text.strip_prefix('@') {
        return (t.while_open)(name);
    }
    if let Some(name) = text.strip_prefix("not ").and_then(|rest| rest.trim_start().strip_prefix('@')) {
        return (t.while_closed)(name);
    }
    Week::of(text).map_or_else(|| text.to_owned(), |week| week_in_words(&week, t))
}

/// Says what surprises about hours, in whole sentences; `has_closing_days` if they are those of a schedule with such days.
pub fn notes_in_words(
    hours: Option<&str>,
    has_closing_days: bool,
    context: &HoursContext,
    t: &HoursTexts,
) -> Vec<&'static str> {
    let notes = hours.map_or_else(Vec::new, |hours| notes(hours, has_closing_days, context));
    notes.into_iter().map(t.note).collect()
}

fn week_in_words(week: &Week, t: &HoursTexts) -> String {
    let mut parts: Vec<_> = week.groups().map(|(days, spans)| group(&days, spans, t)).collect();
    let is_usual = week.holidays == Holidays::Usual;
    if is_usual && week.days.iter().all(|day| day == &[Span::ALL]) {
        return t.around_the_clock.to_owned();
    }
    match &week.holidays {
        Holidays::Own(spans) if !spans.is_empty() => parts.push((t.on_holidays)(&times(spans, t))),
        Holidays::Own(_) if !parts.is_empty() => return parts.join(", ") + t.except_holidays,
        _ => {}
    }
    if parts.is_empty() { t.never.to_owned() } else { parts.join(", ") }
}

fn group(days: &[usize], spans: &[Span], t: &HoursTexts) -> String {
    let name = |day: usize| t.days.get(day).copied().unwrap_or_default();
    let run = |(first, last): (usize, usize)| match last - first {
        0 => vec![name(first).to_owned()],
        1 => vec![name(first).to_owned(), name(last).to_owned()],
        _ => vec![(t.range)(name(first), name(last))],
    };
    let days = match runs(days).as_slice() {
        [(0, 6)] => t.daily.to_owned(),
        runs => listed(&runs.iter().copied().flat_map(run).collect::<Vec<_>>(), t.and),
    };
    format!("{days} {}", times(spans, t))
}

fn times(spans: &[Span], t: &HoursTexts) -> String {
    if spans == [Span::ALL] {
        return t.all_day.to_owned();
    }
    let span = |span: &Span| (t.range)(&clock(span.from), &clock(span.to));
    (t.times)(&listed(&spans.iter().map(span).collect::<Vec<_>>(), t.and))
}

/// Formats a time of day as `9` or `9:30`.
fn clock(minute: u16) -> String {
    let minute = minute.min(DAY);
    match minute % 60 {
        0 => (minute / 60).to_string(),
        rest => format!("{}:{rest:02}", minute / 60),
    }
}

/// Joins the parts as `a, b and c`.
pub fn listed(parts: &[String], and: &str) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{}{and}{last}", most.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::texts;
    use crate::lang::Lang;

    #[test]
    fn common_hours_are_told_in_both_languages_and_others_as_typed() {
        for (hours, de, en) in [
            ("Mo-Fr 09:00-17:00; PH off", "Mo-Fr 9-17 Uhr außer an Feiertagen", "Mon-Fri 9-17 except holidays"),
            ("Mo-Fr 09:00-17:00", "Mo-Fr 9-17 Uhr", "Mon-Fri 9-17"),
            ("Mo-Fr 09:00-12:30,13:30-17:00", "Mo-Fr 9-12:30 und 13:30-17 Uhr", "Mon-Fri 9-12:30 and 13:30-17"),
            ("Mo-Th 08:00-17:00; Fr 08:00-14:00", "Mo-Do 8-17 Uhr, Fr 8-14 Uhr", "Mon-Thu 8-17, Fri 8-14"),
            ("Sa,Su 10:00-12:00", "Sa und So 10-12 Uhr", "Sat and Sun 10-12"),
            ("Mo,We,Fr", "Mo, Mi und Fr ganztags", "Mon, Wed and Fri all day"),
            ("22:00-06:00", "täglich 22-6 Uhr", "daily 22-6"),
            ("Sa 10:00-24:00; PH 10:00-12:00", "Sa 10-24 Uhr, an Feiertagen 10-12 Uhr", "Sat 10-24, on holidays 10-12"),
            ("24/7", "rund um die Uhr", "around the clock"),
            ("24/7; PH off", "täglich ganztags außer an Feiertagen", "daily all day except holidays"),
            ("off", "nie", "never"),
            ("Mo-Fr 09:00-17:00; Dec 24 off", "Mo-Fr 09:00-17:00; Dec 24 off", "Mo-Fr 09:00-17:00; Dec 24 off"),
            ("@Büro", "während Büro geöffnet ist", "while Büro is open"),
            ("not @Büro", "während Büro geschlossen ist", "while Büro is closed"),
        ] {
            assert_eq!(hours_in_words(Some(hours), &texts(Lang::De).hours), de, "{hours}");
            assert_eq!(hours_in_words(Some(hours), &texts(Lang::En).hours), en, "{hours}");
        }
        assert_eq!(hours_in_words(None, &texts(Lang::De).hours), "jederzeit");
    }

    #[test]
    fn what_surprises_is_a_sentence_in_both_languages_where_it_applies() {
        let context = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
        for (hours, has_closing_days, de, en) in [
            (
                Some("Mo-Fr 18:00-03:00; PH off"),
                false,
                "Feiertage sind von 0 bis 24 Uhr",
                "Holidays are closed from midnight",
            ),
            (Some("Mo-Fr 18:00-03:00"), true, "Geschlossene Tage", "Closed days"),
            (Some("Sa \"nach Absprache\""), false, "Zeiten mit Worten", "Hours with words"),
        ] {
            for (lang, begins) in [(Lang::De, de), (Lang::En, en)] {
                let notes = notes_in_words(hours, has_closing_days, &context, &texts(lang).hours);
                assert!(notes.len() == 1 && notes[0].starts_with(begins) && notes[0].ends_with('.'), "{notes:?}");
            }
        }
        for hours in
            [None, Some("Mo-Fr 09:00-17:00; PH off"), Some("Mo-Fr 18:00-03:00"), Some("@Büro"), Some("morgens")]
        {
            assert!(notes_in_words(hours, false, &context, &texts(Lang::De).hours).is_empty(), "{hours:?}");
        }
    }
}
