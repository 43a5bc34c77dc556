//! Cache of the open minutes per day: a rule takes microseconds to evaluate, a minute only nanoseconds to look up.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use chrono::NaiveDate;

/// Maximum number of cached days. Calls come day after day, also when old ones are decided again.
const REMEMBERED: usize = 64;
/// A range of minutes of a day.
pub(super) type Minutes = Range<u16>;

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
