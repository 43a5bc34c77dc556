//! The moment that an answer is of.

use chrono::NaiveDate;

use super::business::BusinessTime;
use super::filter::Filter;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// The moment that an answer is of. The clock is read once for each answer, so that its figures and lists never
/// disagree about which calls still run, nor about what day it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// The time, in milliseconds since 1970 UTC.
    pub now_ms: i64,
    /// Its business day.
    pub today: NaiveDate,
}

impl AsOf {
    /// Creates the moment of a time in milliseconds since 1970 UTC.
    pub fn new(now_ms: i64, business: &BusinessTime) -> Self {
        Self { now_ms, today: business.day(now_ms) }
    }

    /// Returns the time so many days before, in milliseconds since 1970 UTC.
    pub fn days_ago_ms(self, days: i64) -> i64 {
        self.now_ms - days * DAY_MS
    }
}

/// A question about calls: the filter that selects them, and the moment that the answer is of. What still runs is
/// decided by that moment, not by when a query happens to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterAsOf {
    /// The filter of the calls to count or list.
    pub filter: Filter,
    /// The moment that the answer is of.
    pub as_of: AsOf,
}
