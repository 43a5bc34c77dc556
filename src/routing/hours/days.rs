//! Cache of the open minutes per day: a rule takes microseconds to evaluate, a minute only nanoseconds to look up.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use chrono::{Duration, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Timelike};
use chrono_tz::Tz;

use super::Hours;

/// Maximum number of cached days. Calls come day after day, also when old ones are decided again.
const REMEMBERED: usize = 64;
/// A range of minutes of a day.
type Minutes = Range<u16>;

/// The cached open minutes of days that were asked for.
#[derive(Debug, Default)]
pub(super) struct KnownDays(RwLock<HashMap<NaiveDate, Box<[Minutes]>>>);

impl KnownDays {
    /// Returns whether a minute of a day is open; `of_day` computes the open minutes of a day that is not cached.
    pub(super) fn is_open(&self, day: NaiveDate, minute: u16, of_day: impl FnOnce() -> Box<[Minutes]>) -> bool {
        let is_in = |spans: &[Minutes]| spans.iter().any(|span| span.contains(&minute));
        if let Some(spans) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&day) {
            return is_in(spans);
        }
        let spans = of_day();
        let is_open = is_in(&spans);
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(day, spans);
        is_open
    }
}

impl Hours {
    /// Returns whether it is open at a local time of the business.
    pub(super) fn is_open_locally(&self, local: NaiveDateTime) -> bool {
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or_default();
        self.days.is_open(local.date(), minute, || self.open_minutes(local.date()))
    }

    fn open_minutes(&self, day: NaiveDate) -> Box<[Minutes]> {
        self.open_ranges(day).into_iter().map(|(from, to)| from..to).collect()
    }

    /// Returns the instants of a day at which it opens or closes, in epoch milliseconds.
    pub(in crate::routing) fn changes_on(&self, day: NaiveDate) -> Vec<i64> {
        let at = |minute: u16| instants_ms(self.zone, day.and_time(Default::default()) + minutes(minute));
        self.open_ranges(day).into_iter().flat_map(|(from, to)| [from, to]).flat_map(at).collect()
    }
}

/// Returns the instants at which a clock shows a time, ascending, in epoch milliseconds. For a time that it skips
/// (clock change), it is the next one that it shows, in steps of 15 minutes.
pub(in crate::routing) fn instants_ms(zone: Tz, local: NaiveDateTime) -> Vec<i64> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(at) => vec![at.timestamp_millis()],
        LocalResult::Ambiguous(first, second) => vec![first.timestamp_millis(), second.timestamp_millis()],
        LocalResult::None => {
            let later = (1..=12).map(|quarters| local + Duration::minutes(15 * quarters));
            let shown = later.filter_map(|local| zone.from_local_datetime(&local).earliest());
            shown.take(1).map(|at| at.timestamp_millis()).collect()
        }
    }
}

fn minutes(count: u16) -> Duration {
    Duration::minutes(i64::from(count))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;
    use crate::routing::hours::HoursContext;

    fn hours(text: &str) -> Hours {
        Hours::parse(text, &HoursContext::new(chrono_tz::Europe::Berlin, "DE", None)).unwrap()
    }

    fn ms(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    proptest! {
        #[test]
        fn what_is_remembered_is_what_is_worked_out(minutes in prop::collection::vec(0..200_000_i64, 1..300)) {
            let texts = ["Mo-Fr 09:00-17:00; PH off", "Mo-Su 22:00-06:00", "Fr 20:00-26:30, Sa 00:00-24:00"];
            for text in texts {
                let remembering = hours(text);
                for minute in &minutes {
                    let at_ms = ms("2026-10-01T00:00:00Z") + minute * 60_000;
                    prop_assert_eq!(remembering.is_open(at_ms), hours(text).is_open(at_ms), "{} {}", text, at_ms);
                }
            }
        }
    }
}
