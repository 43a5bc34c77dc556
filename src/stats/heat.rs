//! The heat map of a week: at which hours calls come in.

use chrono::{Datelike, Timelike};

use super::business::BusinessTime;
use crate::calls::outcome::Outcome;

/// The calls that began in one hour of the week.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HeatCell {
    /// The number of calls, whatever their outcome.
    pub calls: i64,
    /// The number of missed calls.
    pub missed: i64,
}

/// The heat map of the 168 hours of a week, in business time; an hour that the clock repeats counts twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeatMap {
    cells: [[HeatCell; 24]; 7],
}

/// One of the 168 hours of a week, in business time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WeekHour {
    /// Days since Monday.
    weekday: usize,
    hour: usize,
}

impl WeekHour {
    /// Returns the hour of the week of an instant, in business time.
    pub fn of(business: &BusinessTime, at_ms: i64) -> Self {
        let local = business.local(at_ms);
        Self { weekday: local.weekday().num_days_from_monday() as usize, hour: local.hour() as usize }
    }

    /// Returns the stored code: hours since Monday began.
    pub(super) fn code(self) -> u8 {
        (self.weekday * 24 + self.hour) as u8
    }

    pub(super) fn from_code(code: u8) -> Option<Self> {
        let code = usize::from(code);
        (code < 168).then_some(Self { weekday: code / 24, hour: code % 24 })
    }
}

impl HeatMap {
    /// Counts `calls` that began in an hour of the week.
    pub fn add(&mut self, hour: WeekHour, outcome: Outcome, calls: i64) {
        let day = self.cells.get_mut(hour.weekday);
        let Some(cell) = day.and_then(|hours| hours.get_mut(hour.hour)) else { return };
        cell.calls += calls;
        if outcome == Outcome::Missed {
            cell.missed += calls;
        }
    }

    /// Returns the cells, Monday first; each day's hours from midnight.
    pub fn days(&self) -> &[[HeatCell; 24]; 7] {
        &self.cells
    }
}

/// The number of colour levels.
pub const LEVELS: i64 = 5;

/// The colour scale of counts: five levels of equal width, up to the highest count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    width: i64,
}

impl Scale {
    /// Creates the scale for counts up to `highest`.
    pub fn up_to(highest: i64) -> Self {
        Self { width: ((highest + LEVELS - 1) / LEVELS).max(1) }
    }

    /// Returns the level of a count: 1 to 5; 0 for none.
    pub fn level(self, count: i64) -> i64 {
        ((count.max(0) + self.width - 1) / self.width).min(LEVELS)
    }

    /// Returns the lowest and the highest count of a level.
    pub fn counts_of(self, level: i64) -> (i64, i64) {
        ((level - 1) * self.width + 1, level * self.width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_steps_reach_from_one_to_the_highest() {
        for highest in [0, 1, 2, 4, 5, 6, 7, 23, 100, 101, 4_000_000] {
            let scale = Scale::up_to(highest);
            assert_eq!(scale.level(0), 0);
            assert_eq!(scale.level(1), 1);
            assert!(scale.level(highest) <= LEVELS);
            for level in 1..=LEVELS {
                let (lowest, most) = scale.counts_of(level);
                assert!(lowest <= most);
                assert_eq!((scale.level(lowest), scale.level(most)), (level, level), "{highest}, {level}");
            }
            assert!(scale.counts_of(LEVELS).1 >= highest);
        }
        assert_eq!(Scale::up_to(100).counts_of(3), (41, 60));
        assert_eq!(Scale::up_to(7).level(7), 4, "steps of two");
    }

    #[test]
    fn hours_are_the_weeks_in_business_time() {
        let business = BusinessTime::new(chrono_tz::Europe::Berlin, None);
        let ms = |text| chrono::DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis();
        let at = |text| WeekHour::of(&business, ms(text));
        let mut heat = HeatMap::default();
        heat.add(at("2026-11-22T23:30:00Z"), Outcome::Missed, 1);
        heat.add(at("2026-10-25T02:00:00+02:00"), Outcome::Accepted, 2);
        heat.add(at("2026-10-25T02:00:00+01:00"), Outcome::Missed, 3);
        assert_eq!(heat.days()[0][0], HeatCell { calls: 1, missed: 1 }, "Monday after midnight");
        assert_eq!(heat.days()[6][2], HeatCell { calls: 5, missed: 3 }, "the hour that comes twice");
        assert_eq!(heat.days().iter().flatten().map(|cell| cell.calls).sum::<i64>(), 6);
    }
}
