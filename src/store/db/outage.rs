//! The outage of the database: whether it can be used, and since when not; and a log throttle for one error that
//! persists.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::clock::now_ms;

const NOT: i64 = i64::MIN;
/// The interval at which an error that persists is logged again.
const AGAIN: Duration = Duration::from_secs(60);

/// Tracks whether the database is out of use (unreachable, full, read-only, damaged, too slow), and since when.
#[derive(Debug)]
pub struct Outage {
    since_ms: AtomicI64,
    begun: Notify,
}

impl Default for Outage {
    fn default() -> Self {
        Self { since_ms: AtomicI64::new(NOT), begun: Notify::new() }
    }
}

impl Outage {
    /// Returns since when it is out of use, in milliseconds since 1970 UTC; `None` while it works.
    pub fn since_ms(&self) -> Option<i64> {
        Some(self.since_ms.load(Ordering::Relaxed)).filter(|&since_ms| since_ms != NOT)
    }

    /// Marks the database as out of use; returns whether it worked before.
    pub fn begin(&self) -> bool {
        let is_new = self.since_ms.compare_exchange(NOT, now_ms(), Ordering::Relaxed, Ordering::Relaxed).is_ok();
        if is_new {
            self.begun.notify_waiters();
        }
        is_new
    }

    /// Waits until the database is out of use.
    pub async fn begun(&self) {
        let mut begun = std::pin::pin!(self.begun.notified());
        // From here on no notification is missed.
        begun.as_mut().enable();
        if self.since_ms().is_none() {
            begun.await;
        }
    }

    /// Marks the database as working; returns whether it was out of use before.
    pub fn end(&self) -> bool {
        self.since_ms.swap(NOT, Ordering::Relaxed) != NOT
    }
}

/// A throttle for logging an error that recurs many times a second: when it begins, then once a minute, and when it is
/// over.
#[derive(Debug, Default)]
pub struct LogThrottle {
    said: Option<Instant>,
}

impl LogThrottle {
    /// Notes that the error recurs; returns whether to log it now.
    pub fn is_due(&mut self, now: Instant) -> bool {
        let is_due = self.said.is_none_or(|said| now.duration_since(said) >= AGAIN);
        if is_due {
            self.said = Some(now);
        }
        is_due
    }

    /// Notes that the error is over; returns whether to log that.
    pub fn end(&mut self) -> bool {
        self.said.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn the_beginning_stays_until_the_end() {
        let outage = Outage::default();
        assert_eq!((outage.since_ms(), outage.end()), (None, false));
        assert!(outage.begin());
        let since_ms = outage.since_ms();
        assert!(since_ms.is_some_and(|since_ms| since_ms > 0));
        assert!(!outage.begin());
        assert_eq!(outage.since_ms(), since_ms);
        assert!(outage.end());
        assert_eq!(outage.since_ms(), None);
    }

    #[tokio::test]
    async fn whoever_waits_for_the_beginning_hears_of_it_at_once() {
        let outage = Outage::default();
        let mut waiting = std::pin::pin!(outage.begun());
        assert!(waiting.as_mut().now_or_never().is_none());
        outage.begin();
        waiting.await;
        outage.begun().await;
        outage.end();
        assert!(outage.begun().now_or_never().is_none());
    }

    #[test]
    fn what_goes_on_is_said_once_a_minute() {
        let (mut throttle, began) = (LogThrottle::default(), Instant::now());
        let said = (0..1_250).filter(|tenths| throttle.is_due(began + Duration::from_millis(tenths * 100))).count();
        assert_eq!(said, 3, "at once, after one minute, after two");
        assert!(throttle.end());
        assert!(!throttle.end());
        assert!(throttle.is_due(began));
    }
}
