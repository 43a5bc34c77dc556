//! What is open on which day, worked out once per day: a rule takes microseconds to evaluate, a minute only
//! nanoseconds to look up.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use chrono::{Days, Duration, LocalResult, NaiveDate, NaiveDateTime, TimeZone, Timelike};

use super::Hours;

/// How many days are remembered at a time. Calls come day after day, also when old ones are looked at again.
const REMEMBERED: usize = 64;
/// How far ahead the next opening is looked for.
const DAYS_AHEAD: u64 = 14;

/// The minutes of a day.
type Minutes = Range<u16>;

/// The open minutes of the days that were asked for last.
#[derive(Debug, Default)]
pub(super) struct KnownDays(RwLock<HashMap<NaiveDate, Box<[Minutes]>>>);

impl KnownDays {
    /// Whether a minute of a day is open; `of_day` tells the open minutes of a day that is not known yet.
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
    /// Whether the wall clock of the business shows a time that is open.
    pub(super) fn is_open_locally(&self, local: NaiveDateTime) -> bool {
        let minute = u16::try_from(local.hour() * 60 + local.minute()).unwrap_or_default();
        self.days.is_open(local.date(), minute, || self.open_minutes(local.date()))
    }

    fn open_minutes(&self, day: NaiveDate) -> Box<[Minutes]> {
        self.open_ranges(day).into_iter().map(|(from, to)| from..to).collect()
    }

    /// When it opens next after an instant at which it is closed, both in epoch milliseconds; `None` if not
    /// within two weeks.
    pub fn opens_after(&self, at_ms: i64) -> Option<i64> {
        self.opens_within(at_ms, DAYS_AHEAD)
    }

    /// The same within so many days.
    pub fn opens_within(&self, at_ms: i64, days: u64) -> Option<i64> {
        let today = self.local(at_ms)?.date();
        let days = (0..=days).filter_map(|ahead| today.checked_add_days(Days::new(ahead)));
        let openings = days.flat_map(|day| {
            let spans = self.open_minutes(day);
            spans.iter().map(|span| day.and_time(Default::default()) + minutes(span.start)).collect::<Vec<_>>()
        });
        openings.flat_map(|local| self.instants_ms(local)).find(|&opens| opens > at_ms && self.is_open(opens))
    }

    /// The instants at which the clock shows a time, ascending; one that it leaves out is the first one after.
    fn instants_ms(&self, local: NaiveDateTime) -> Vec<i64> {
        match self.zone.from_local_datetime(&local) {
            LocalResult::Single(at) => vec![at.timestamp_millis()],
            LocalResult::Ambiguous(first, second) => vec![first.timestamp_millis(), second.timestamp_millis()],
            LocalResult::None => {
                let later = (1..=12).map(|quarters| local + Duration::minutes(15 * quarters));
                let shown = later.filter_map(|local| self.zone.from_local_datetime(&local).earliest());
                shown.take(1).map(|at| at.timestamp_millis()).collect()
            }
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

    #[track_caller]
    fn check(text: &str, closed_at: &str, opens: Option<&str>) {
        let hours = hours(text);
        assert!(!hours.is_open(ms(closed_at)), "{text} is closed at {closed_at}");
        assert_eq!(hours.opens_after(ms(closed_at)), opens.map(ms), "{text} after {closed_at}");
    }

    #[test]
    fn the_next_opening_is_the_first_open_minute_by_the_wall_clock() {
        let office = "Mo-Fr 09:00-12:00,13:00-17:00; PH off";
        // Monday morning, lunch, Friday evening, and the day before Christmas Eve's evening.
        check(office, "2026-11-23T06:00:00+01:00", Some("2026-11-23T09:00:00+01:00"));
        check(office, "2026-11-23T12:00:00+01:00", Some("2026-11-23T13:00:00+01:00"));
        check(office, "2026-11-27T17:00:00+01:00", Some("2026-11-30T09:00:00+01:00"));
        check(office, "2026-12-24T17:00:00+01:00", Some("2026-12-28T09:00:00+01:00"));
        check("Mo-Su 22:00-06:00", "2026-11-23T06:00:00+01:00", Some("2026-11-23T22:00:00+01:00"));
        check("2027 Jan 1", "2026-11-23T12:00:00+01:00", None);
        check("off", "2026-11-23T12:00:00+01:00", None);
        check("Dec 7", "2026-11-23T12:00:00+01:00", Some("2026-12-07T00:00:00+01:00"));
    }

    #[test]
    fn an_opening_that_the_clock_leaves_out_or_shows_twice_is_found() {
        // On 2026-03-29 02:00 is 03:00; on 2026-10-25 03:00 is 02:00 again.
        check("Su 02:30-05:00", "2026-03-29T01:00:00+01:00", Some("2026-03-29T03:00:00+02:00"));
        check("Su 02:30-02:45", "2026-10-25T02:50:00+02:00", Some("2026-10-25T02:30:00+01:00"));
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
