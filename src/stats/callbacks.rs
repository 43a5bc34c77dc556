//! The callback report: how many missed callers were rung back, and how soon.

use std::collections::HashMap;

/// A series of missed calls of one caller without contact in between. Times are milliseconds since 1970 UTC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Streak {
    /// The outside number.
    pub party: String,
    /// When the first missed call began.
    pub first_ms: i64,
    /// When the last missed call began.
    pub last_ms: i64,
    /// When the first contact afterwards began.
    pub contact_ms: Option<i64>,
    /// Whether the callback was marked by hand as done.
    pub is_done: bool,
}

/// The callback report. Each missed caller counts once, by the last of their missed calls.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackReport {
    /// The number of missed callers: those reached, those marked by hand as done, and those still owed a callback.
    pub missed_callers: i64,
    /// The number of callers with whom there was contact after the last missed call.
    pub reached: i64,
    /// The number of callers without contact since, but marked by hand as done.
    pub done: i64,
    /// The number of callers still owed a callback.
    pub still_owed: i64,
    /// The median time from the first missed call without contact since, to that contact, in seconds.
    pub median_seconds: Option<i64>,
    /// The 90th percentile of that time, in seconds.
    pub p90_seconds: Option<i64>,
}

impl CallbackReport {
    /// Creates the report from streaks in any order.
    pub fn of(streaks: impl IntoIterator<Item = Streak>) -> Self {
        let mut last: HashMap<String, Streak> = HashMap::new();
        for streak in streaks {
            match last.get(&streak.party) {
                Some(known) if known.last_ms > streak.last_ms => {}
                _ => drop(last.insert(streak.party.clone(), streak)),
            }
        }
        let mut report = Self::default();
        let mut waits = Vec::new();
        for streak in last.into_values() {
            report.missed_callers += 1;
            match streak.contact_ms {
                Some(contact_ms) => {
                    report.reached += 1;
                    waits.push((contact_ms - streak.first_ms) / 1000);
                }
                None if streak.is_done => report.done += 1,
                None => report.still_owed += 1,
            }
        }
        waits.sort_unstable();
        Self { median_seconds: nearest_rank(&waits, 50), p90_seconds: nearest_rank(&waits, 90), ..report }
    }
}

/// Returns the percentile by nearest rank: the smallest value that at least `percent` per cent of all do not exceed.
fn nearest_rank(ascending: &[i64], percent: usize) -> Option<i64> {
    let rank = (ascending.len() * percent).div_ceil(100);
    ascending.get(rank.max(1) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn streak(party: &str, first: i64, last: i64, contact: Option<i64>) -> Streak {
        let ms = |seconds: i64| seconds * 1000;
        Streak {
            party: party.into(),
            first_ms: ms(first),
            last_ms: ms(last),
            contact_ms: contact.map(ms),
            is_done: false,
        }
    }

    #[test]
    fn the_last_missed_call_decides_whether_a_caller_was_reached() {
        let report = CallbackReport::of([
            streak("a", 500, 600, None),
            streak("a", 0, 100, Some(160)),
            streak("b", 0, 100, Some(160)),
            streak("b", 200, 300, Some(1_000)),
            Streak { is_done: true, ..streak("c", 0, 0, None) },
        ]);
        let counts = (report.missed_callers, report.reached, report.done, report.still_owed);
        assert_eq!(counts, (3, 1, 1, 1));
        assert_eq!((report.median_seconds, report.p90_seconds), (Some(800), Some(800)));
    }

    #[test]
    fn who_was_reached_is_reached_whatever_was_marked() {
        let reached = Streak { is_done: true, ..streak("a", 0, 0, Some(9)) };
        let report = CallbackReport::of([reached]);
        assert_eq!((report.reached, report.done, report.median_seconds), (1, 0, Some(9)));
    }

    #[test]
    fn nobody_missed_is_zeros_and_no_figures() {
        assert_eq!(CallbackReport::of([]), CallbackReport::default());
    }

    #[test]
    fn median_and_p90_are_by_nearest_rank() {
        let waits: Vec<i64> = (1..=10).collect();
        assert_eq!((nearest_rank(&waits, 50), nearest_rank(&waits, 90)), (Some(5), Some(9)));
        assert_eq!((nearest_rank(&waits[..3], 50), nearest_rank(&waits[..3], 90)), (Some(2), Some(3)));
        assert_eq!(nearest_rank(&[7], 50), Some(7));
    }
}
