//! Since when the database takes nothing, and how often the log repeats what goes on being wrong.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const NOT: i64 = i64::MIN;
/// How often what goes on is said again.
const AGAIN: Duration = Duration::from_secs(60);

/// Whether the database is away, and since when.
#[derive(Debug)]
pub struct Away(AtomicI64);

impl Default for Away {
    fn default() -> Self {
        Self(AtomicI64::new(NOT))
    }
}

impl Away {
    /// Since when, milliseconds since 1970 UTC; `None` while it is there.
    pub fn since_ms(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|&since_ms| since_ms != NOT)
    }

    /// It is away; whether that is new.
    pub fn begin(&self) -> bool {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let since_ms = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        self.0.compare_exchange(NOT, since_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// It is there; whether that is new.
    pub fn end(&self) -> bool {
        self.0.swap(NOT, Ordering::Relaxed) != NOT
    }
}

/// Something wrong that is noticed many times a second, but said when it begins, then once a minute, and when it is
/// over.
#[derive(Debug, Default)]
pub struct Complaint {
    said: Option<Instant>,
}

impl Complaint {
    /// It goes on; whether to say so.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.said.is_none_or(|said| now.duration_since(said) >= AGAIN);
        if is_due {
            self.said = Some(now);
        }
        is_due
    }

    /// It is over; whether to say so.
    pub fn end(&mut self) -> bool {
        self.said.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_stays_until_the_end() {
        let away = Away::default();
        assert_eq!((away.since_ms(), away.end()), (None, false));
        assert!(away.begin());
        let since_ms = away.since_ms();
        assert!(since_ms.is_some_and(|since_ms| since_ms > 0));
        assert!(!away.begin());
        assert_eq!(away.since_ms(), since_ms);
        assert!(away.end());
        assert_eq!(away.since_ms(), None);
    }

    #[test]
    fn what_goes_on_is_said_once_a_minute() {
        let (mut complaint, began) = (Complaint::default(), Instant::now());
        let said = (0..1_250).filter(|tenths| complaint.is_due(began + Duration::from_millis(tenths * 100))).count();
        assert_eq!(said, 3, "at once, after one minute, after two");
        assert!(complaint.end());
        assert!(!complaint.end());
        assert!(complaint.is_due(began));
    }
}
