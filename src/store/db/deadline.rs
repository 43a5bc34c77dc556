//! The deadline of the connection that writes a SQLite file. Whoever waits for it can give up, but SQLite goes on, and
//! nobody else can write meanwhile: so SQLite itself is asked to stop.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use super::error::StoreError;

/// The time that the caller waits beyond the deadline, so that SQLite is stopped by then, unless it waits for the disk.
const GRACE: Duration = Duration::from_millis(500);
/// The value for no deadline.
const NEVER: u64 = u64::MAX;
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A deadline in nanoseconds since `START`, shared by whoever sets it and the connection that looks at it.
#[derive(Clone, Debug)]
pub(in crate::store) struct Deadline(Arc<AtomicU64>);

impl Default for Deadline {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(NEVER)))
    }
}

impl Deadline {
    /// Runs `work` with this time budget. Where SQLite goes on longer than anybody waits, as with work that was given
    /// up, the deadline stays expired: SQLite is stopped as soon as it looks.
    pub(in crate::store) async fn hold<T>(
        &self,
        within: Duration,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        self.set(within);
        let Ok(done) = tokio::time::timeout(within + GRACE, work).await else { return Err(StoreError::TooLong) };
        self.lift();
        done
    }

    fn set(&self, within: Duration) {
        self.0.store(nanoseconds(START.elapsed().saturating_add(within)), Ordering::Relaxed);
    }

    /// Removes the deadline: what ran before is over.
    pub(super) fn lift(&self) {
        self.0.store(NEVER, Ordering::Relaxed);
    }

    /// Returns whether the deadline has not expired yet.
    pub(in crate::store) fn holds(&self) -> bool {
        let until = self.0.load(Ordering::Relaxed);
        until == NEVER || nanoseconds(START.elapsed()) < until
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    #[tokio::test]
    async fn it_holds_until_it_is_over_and_only_as_long_as_something_runs() {
        let deadline = Deadline::default();
        assert!(deadline.holds());
        assert!(deadline.hold(HOUR, async { Ok(deadline.holds()) }).await.unwrap());
        assert!(!deadline.hold(Duration::ZERO, async { Ok(deadline.holds()) }).await.unwrap());
        assert!(deadline.holds());
        let failed = deadline.hold(HOUR, async { Err::<(), _>(StoreError::Damaged(String::new())) }).await;
        assert!(failed.is_err() && deadline.holds());
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_is_stopped_until_something_else_begins() {
        let deadline = Deadline::default();
        let done = deadline.hold(Duration::ZERO, std::future::pending::<Result<(), _>>()).await;
        assert!(matches!(done, Err(StoreError::TooLong)));
        assert!(!deadline.holds());
        assert!(deadline.hold(HOUR, async { Ok(deadline.holds()) }).await.unwrap());
        deadline.set(Duration::ZERO);
        deadline.lift();
        assert!(deadline.holds());
    }
}
