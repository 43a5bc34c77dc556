//! What a day looks like: its open minutes, and the instants at which it opens and closes.

use chrono::{Duration, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Timelike};
use chrono_tz::Tz;

use super::Hours;
use super::known_days::Minutes;

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
