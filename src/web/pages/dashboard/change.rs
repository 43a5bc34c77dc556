//! The change of a figure against the preceding period.

use crate::i18n::DashboardTexts;
use crate::i18n::format::Format;

/// A change as signed amount, previous value and CSS class for better or worse.
#[derive(Debug, PartialEq, Eq)]
pub struct Change {
    pub told: String,
    pub before: String,
    pub class: &'static str,
}

/// The direction in which a figure improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Neither direction is better.
    Either,
    /// Less is better.
    Less,
}

/// Returns the change of a number of calls, in percent; of small numbers as a number of calls.
pub fn of_calls(now: i64, before: i64, wanted: Wanted, t: &DashboardTexts, format: &Format) -> Change {
    let difference = now - before;
    let told = if format.is_few(now) || format.is_few(before) {
        signed(difference, format.number(difference.abs()))
    } else {
        signed(difference, format.percent(difference.abs() as f64 / before as f64))
    };
    change(difference, told, &format.number(before), wanted, t)
}

/// Returns the change of a duration in whole seconds; `None` if either is unknown.
pub fn of_seconds(
    now: Option<i64>,
    before: Option<i64>,
    wanted: Wanted,
    t: &DashboardTexts,
    format: &Format,
) -> Option<Change> {
    let (now, before) = (now?, before?);
    let difference = now - before;
    let told = signed(difference, format.duration(difference.abs()));
    Some(change(difference, told, &format.duration(before), wanted, t))
}

fn signed(difference: i64, amount: String) -> String {
    format!("{}{amount}", if difference < 0 { "−" } else { "+" })
}

fn change(difference: i64, told: String, before: &str, wanted: Wanted, t: &DashboardTexts) -> Change {
    let class = match (difference.signum(), wanted) {
        (1, Wanted::Less) => "worse",
        (-1, Wanted::Less) => "better",
        _ => "",
    };
    match difference {
        0 => Change { told: t.unchanged.to_owned(), before: String::new(), class },
        _ => Change { told, before: (t.against)(before), class },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::texts;
    use crate::lang::Lang;
    use crate::stats::business::BusinessTime;

    fn calls(lang: Lang, now: i64, before: i64) -> Change {
        let format = Format::new(lang, BusinessTime::new(chrono_tz::Europe::Berlin, None));
        of_calls(now, before, Wanted::Less, &texts(lang).dashboard, &format)
    }

    #[test]
    fn few_calls_change_by_calls_and_many_by_percent() {
        for (now, before, german, english, class) in [
            (412, 368, "+12,0 % gegenüber 368", "+12.0% against 368", "worse"),
            (1_000, 2_000, "−50,0 % gegenüber 2.000", "−50.0% against 2,000", "better"),
            (19, 30, "−11 gegenüber 30", "−11 against 30", "better"),
            (3, 0, "+3 gegenüber 0", "+3 against 0", "worse"),
            (7, 7, "unverändert ", "unchanged ", ""),
        ] {
            let said = |change: Change| (format!("{} {}", change.told, change.before), change.class);
            assert_eq!(said(calls(Lang::De, now, before)), (german.into(), class));
            assert_eq!(said(calls(Lang::En, now, before)), (english.into(), class));
        }
    }

    #[test]
    fn what_is_not_known_does_not_change() {
        let format = Format::new(Lang::De, BusinessTime::new(chrono_tz::Europe::Berlin, None));
        let seconds = |now, before| of_seconds(now, before, Wanted::Either, &texts(Lang::De).dashboard, &format);
        assert_eq!(seconds(Some(5), None), None);
        assert_eq!(seconds(None, Some(5)), None);
        assert_eq!(seconds(Some(9), Some(70)).unwrap().told, "−01:01 min");
    }
}
