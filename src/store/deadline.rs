//! Until when the connection that writes a SQLite file may work. Whoever waits for it can turn away, but SQLite goes on, and
//! nobody else can write meanwhile: so SQLite itself is asked to stop.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// How much longer whoever waits has patience, so that SQLite is stopped by then, unless it waits for the disk.
pub(super) const GRACE: Duration = Duration::from_millis(500);
/// No time at all is too late.
const NEVER: u64 = u64::MAX;
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Shared by whoever sets it and the connection that looks at it.
#[derive(Clone, Debug)]
pub(super) struct Deadline(Arc<AtomicU64>);

impl Default for Deadline {
    fn default() -> Self {
        Self(Arc::new(AtomicU64::new(NEVER)))
    }
}

impl Deadline {
    /// From now on for so long, or until what is returned is gone.
    pub(super) fn set(&self, within: Duration) -> Running<'_> {
        self.0.store(nanoseconds(START.elapsed().saturating_add(within)), Ordering::Relaxed);
        Running(self)
    }

    /// Whether it is not over yet.
    pub(super) fn holds(&self) -> bool {
        let until = self.0.load(Ordering::Relaxed);
        until == NEVER || nanoseconds(START.elapsed()) < until
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(NEVER - 1)
}

/// Something that must be over in time.
pub(super) struct Running<'d>(&'d Deadline);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.0.store(NEVER, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_until_it_is_over_and_only_as_long_as_something_runs() {
        let deadline = Deadline::default();
        assert!(deadline.holds());
        let running = deadline.set(Duration::from_secs(3600));
        assert!(deadline.holds());
        drop(running);
        let running = deadline.set(Duration::ZERO);
        assert!(!deadline.holds());
        drop(running);
        assert!(deadline.holds());
    }
}
