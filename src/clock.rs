//! The system clock, read here and nowhere else, and its plausibility: nothing irreversible is done on the clock's word alone: it has to agree with what
//! the database saw last, or somebody has to confirm it.

/// Monitoring of the clock while a server runs.
pub mod watch;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat, Utc};

/// Deviation from the expected time beyond which a clock is not believed, in milliseconds.
pub const JUMP_MS: i64 = 86_400_000;

/// Returns the current time, in milliseconds since 1970 UTC.
pub fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// Formats a time as RFC 3339 in UTC with milliseconds: `2026-11-22T08:05:00.000Z`.
pub fn rfc3339(at_ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(at_ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The clock of this machine, which tests can shift.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    ahead_ms: Arc<AtomicI64>,
}

impl Clock {
    /// Returns the current time, milliseconds since 1970 UTC.
    pub fn now_ms(&self) -> i64 {
        now_ms().saturating_add(self.ahead_ms.load(Ordering::Relaxed))
    }

    /// Shifts the clock ahead of the machine's by this many milliseconds; for tests, not a user setting.
    pub fn put_ahead(&self, ahead_ms: i64) {
        self.ahead_ms.store(ahead_ms, Ordering::Relaxed);
    }
}

/// What a database knows about the time, milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The last time shown by a clock that was believed.
    pub seen_ms: Option<i64>,
    /// The number of confirmations of a clock so far.
    pub confirmed: i64,
    /// The newest time in any call; only read where no clock was seen yet.
    pub newest_ms: Option<i64>,
}

/// What a process has measured since it last believed its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// The time that the clock should show, by the monotonic time passed since then.
    pub expected_ms: i64,
    /// What the database knew at that time.
    pub memory: Memory,
}

/// The deviation of a clock that is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Doubt {
    /// The time that it shows, milliseconds since 1970 UTC.
    pub now_ms: i64,
    /// The time that it should show at least, or about, milliseconds since 1970 UTC.
    pub expected_ms: i64,
}

impl Memory {
    /// Returns why a clock that shows `now_ms` is not believed; `None` if it is. An empty database has nothing to lose.
    ///
    /// A database that was unreachable for days remembers an old time; a process that ran meanwhile knows better,
    /// unless another process has stored a newer time or a clock was confirmed.
    pub fn doubt(&self, measured: Option<Measured>, now_ms: i64) -> Option<Doubt> {
        let known_ms = self.seen_ms.or(self.newest_ms)?;
        let jumped = |expected_ms: i64| {
            let is_far = now_ms.abs_diff(expected_ms) > JUMP_MS.unsigned_abs();
            is_far.then_some(Doubt { now_ms, expected_ms })
        };
        match measured.filter(|measured| measured.memory.confirmed == self.confirmed) {
            None => jumped(known_ms),
            Some(measured) if measured.memory.seen_ms == self.seen_ms => jumped(measured.expected_ms),
            Some(measured) => jumped(measured.expected_ms).or_else(|| jumped(known_ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_796_000_000_000;
    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;

    fn seen(seen_ms: i64) -> Memory {
        Memory { seen_ms: Some(seen_ms), ..Memory::default() }
    }

    fn is_believed(memory: Memory, measured: Option<Measured>, now_ms: i64) -> bool {
        memory.doubt(measured, now_ms).is_none()
    }

    #[test]
    fn a_clock_is_believed_as_long_as_it_is_within_a_day_of_what_was_seen() {
        for (ahead, is_right) in [
            (0, true),
            (DAY, true),
            (-DAY, true),
            (DAY + 1, false),
            (-DAY - 1, false),
            (YEAR, false),
            (-YEAR, false),
            (i64::MAX - NOW, false),
            (-NOW, false),
        ] {
            assert_eq!(is_believed(seen(NOW), None, NOW + ahead), is_right, "{ahead}");
        }
        assert_eq!(seen(NOW).doubt(None, NOW + YEAR), Some(Doubt { now_ms: NOW + YEAR, expected_ms: NOW }));
    }

    #[test]
    fn where_no_clock_was_seen_the_newest_call_has_a_say_and_an_empty_database_has_nothing_to_lose() {
        let of_newest = |newest_ms| Memory { newest_ms: Some(newest_ms), ..Memory::default() };
        assert!(is_believed(Memory::default(), None, NOW));
        assert!(is_believed(of_newest(NOW - 20 * HOUR), None, NOW));
        assert!(!is_believed(of_newest(NOW - 3 * DAY), None, NOW));
        assert!(!is_believed(of_newest(NOW + YEAR), None, NOW));
        // Once a clock was seen, calls that were received under another one do not count.
        assert!(is_believed(Memory { newest_ms: Some(NOW + YEAR), ..seen(NOW) }, None, NOW));
        assert!(!is_believed(Memory { newest_ms: Some(NOW + YEAR), ..seen(NOW) }, None, NOW + YEAR));
    }

    #[test]
    fn a_jump_is_noticed_by_the_time_that_has_passed_and_healed_by_a_jump_back() {
        let since = |passed| Some(Measured { expected_ms: NOW + passed, memory: seen(NOW) });
        assert!(is_believed(seen(NOW), since(HOUR), NOW + HOUR));
        assert!(!is_believed(seen(NOW), since(HOUR), NOW + YEAR));
        assert!(!is_believed(seen(NOW), since(HOUR), NOW - YEAR));
        assert!(is_believed(seen(NOW), since(2 * HOUR), NOW + 2 * HOUR + 1));
        // The database was unreachable for three days: the process knows better; without it nothing does.
        assert!(is_believed(seen(NOW), since(3 * DAY), NOW + 3 * DAY));
        assert!(!is_believed(seen(NOW), None, NOW + 3 * DAY));
        // The database was unreachable for three days, and the clock went back by as much.
        assert!(!is_believed(seen(NOW), since(3 * DAY), NOW));
    }

    #[test]
    fn what_another_node_saw_counts_too_and_a_confirmation_counts_alone() {
        let since = Some(Measured { expected_ms: NOW + HOUR, memory: seen(NOW) });
        assert!(is_believed(seen(NOW + HOUR), since, NOW + HOUR));
        assert!(!is_believed(seen(NOW + YEAR), since, NOW + HOUR));
        let confirmed = Memory { confirmed: 1, ..seen(NOW + YEAR) };
        assert!(is_believed(confirmed, since, NOW + YEAR));
        assert!(!is_believed(confirmed, since, NOW + HOUR));
    }
}
