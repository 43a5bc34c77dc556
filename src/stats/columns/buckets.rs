//! Hours and days of many instants that mostly follow each other.

use std::ops::Range;

use crate::stats::business::{BusinessTime, day_number, next_day};

const HOUR_MS: i64 = 3_600_000;

/// The hours of instants, as [`BusinessTime::hour_start_ms`] has them. The last one is remembered.
pub(super) struct Hours<'b> {
    business: &'b BusinessTime,
    last: Range<i64>,
}

impl<'b> Hours<'b> {
    pub(super) fn new(business: &'b BusinessTime) -> Self {
        Self { business, last: 0..0 }
    }

    /// Returns when the hour of an instant began.
    pub(super) fn start_ms(&mut self, at_ms: i64) -> i64 {
        if !self.last.contains(&at_ms) {
            let start_ms = self.business.hour_start_ms(at_ms);
            // An hour within which the clock is changed is shorter.
            let is_whole = self.business.hour_start_ms(start_ms.saturating_add(HOUR_MS - 1)) == start_ms;
            self.last = start_ms..if is_whole { start_ms.saturating_add(HOUR_MS) } else { at_ms.saturating_add(1) };
        }
        self.last.start
    }
}

/// The business days of instants, as [`BusinessTime::day_number`] has them. The last one is remembered.
pub(super) struct Days<'b> {
    business: &'b BusinessTime,
    last: Range<i64>,
    day: i64,
}

impl<'b> Days<'b> {
    pub(super) fn new(business: &'b BusinessTime) -> Self {
        Self { business, last: 0..0, day: 0 }
    }

    /// Returns the number of the business day of an instant.
    pub(super) fn number(&mut self, at_ms: i64) -> i64 {
        if !self.last.contains(&at_ms) {
            let day = self.business.day(at_ms);
            self.day = day_number(day);
            self.last = self.business.day_start_ms(day)..self.business.day_start_ms(next_day(day));
        }
        self.day
    }
}
