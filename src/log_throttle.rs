//! Rate limiting of log messages that strangers can cause or trouble can repeat without bound: the first is logged at
//! once, then one a minute with the number of repetitions. This keeps the log from filling the disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Minimum interval between two messages of the same kind.
const AGAIN: Duration = Duration::from_secs(60);
/// Maximum number of reasons of one kind that are told apart; further ones share one entry.
const MOST: usize = 64;
const MAX_REASON_CHARS: usize = 200;
const OTHERS: &str = "other reasons";

static THROTTLE: LogThrottle = LogThrottle::new();

type Key = (&'static str, String);

#[derive(Debug)]
struct LogThrottle(Mutex<BTreeMap<Key, Repetition>>);

#[derive(Clone, Copy, Debug)]
struct Repetition {
    said: Instant,
    /// The number of occurrences since then that are not logged yet.
    unsaid: u64,
}

/// Returns whether to log this occurrence now, as the number of occurrences since the last log message; each `reason`
/// is limited separately. Occurrences that are not logged now are logged by [`tell_rest`].
pub fn times(what: &'static str, reason: &str) -> Option<u64> {
    THROTTLE.times(what, reason, Instant::now())
}

/// Logs a failure at this level, rate-limited, with the number of occurrences since the last message.
macro_rules! throttled {
    ($level:ident, $error:expr, $what:literal) => {{
        let error = ($error).to_string();
        if let Some(times) = $crate::log_throttle::times($what, &error) {
            tracing::$level!(error, times, $what);
        }
    }};
}
pub(crate) use throttled;

/// Logs repetitions that are not logged yet, a minute after the last message of their kind; to be called about every
/// second.
pub fn tell_rest() {
    for ((what, reason), times) in THROTTLE.rest(Instant::now()) {
        tracing::warn!(reason, times, "again: {what}");
    }
}

impl LogThrottle {
    const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    fn times(&self, what: &'static str, reason: &str, now: Instant) -> Option<u64> {
        let mut throttle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (what, reason.chars().take(MAX_REASON_CHARS).collect());
        let of_it = |throttle: &BTreeMap<Key, Repetition>| throttle.keys().filter(|key| key.0 == what).count();
        if !throttle.contains_key(&key) && of_it(&throttle) >= MOST {
            throttle.retain(|_, repetition| repetition.unsaid > 0 || !repetition.is_due(now));
            if of_it(&throttle) >= MOST {
                key.1 = OTHERS.to_owned();
            }
        }
        match throttle.get_mut(&key) {
            None => {
                throttle.insert(key, Repetition { said: now, unsaid: 0 });
                Some(1)
            }
            Some(repetition) => {
                repetition.unsaid += 1;
                repetition.say(now)
            }
        }
    }

    fn rest(&self, now: Instant) -> Vec<(Key, u64)> {
        let mut throttle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.iter_mut().filter_map(|(key, repetition)| Some((key.clone(), repetition.say(now)?))).collect()
    }
}

impl Repetition {
    fn is_due(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.said) >= AGAIN
    }

    fn say(&mut self, now: Instant) -> Option<u64> {
        if self.unsaid == 0 || !self.is_due(now) {
            return None;
        }
        self.said = now;
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_time_is_said_at_once_and_the_others_once_a_minute_with_a_count() {
        let (throttle, start) = (LogThrottle::new(), Instant::now());
        let at = |tenths: u64| start + Duration::from_millis(tenths * 100);
        let said: Vec<_> = (0..1_250).filter_map(|tenths| throttle.times("refused", "a", at(tenths))).collect();
        assert_eq!(said, [1, 600, 600], "at once, after one minute, after two");
        assert_eq!(throttle.times("refused", "b", at(1_250)), Some(1), "another reason");
        assert_eq!(throttle.rest(at(1_250)), [], "not before a minute is over");
        let rest = throttle.rest(at(1_860));
        assert_eq!(rest, [(("refused", "a".to_owned()), 49)], "nothing is left out of the count");
        assert_eq!(throttle.rest(at(9_000)), []);
    }

    #[test]
    fn many_reasons_are_no_way_around_it() {
        let (throttle, now) = (LogThrottle::new(), Instant::now());
        let said = (0..10_000).filter(|i| throttle.times("failed", &format!("{i}"), now).is_some()).count();
        assert_eq!(said, MOST + 1);
        assert_eq!(throttle.0.lock().unwrap().len(), MOST + 1);
        let later = now + AGAIN;
        assert!(throttle.times("failed", &"x".repeat(100_000), later).is_some(), "old ones make room");
        let longest = throttle.0.lock().unwrap().keys().map(|(_, reason)| reason.len()).max();
        assert_eq!(longest, Some(MAX_REASON_CHARS));
    }
}
