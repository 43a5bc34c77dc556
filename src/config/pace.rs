use std::time::Duration;

/// How the live stream goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivePace {
    /// Changes of so long are sent together, each call once.
    pub gather: Duration,
    /// After so long without anything a sign of life.
    pub heartbeat: Duration,
    /// The figures are sent at most so often.
    pub stats: Duration,
    /// So often it is looked for changes that nobody told.
    pub poll: Duration,
    /// So long after the last client left events are kept for its return.
    pub linger: Duration,
    /// So many events are kept for clients that come back or are behind.
    pub ring: usize,
    /// In so many bytes at most, whoever reads: a client that is further behind is too slow.
    pub bytes: usize,
    /// So many clients may read.
    pub clients: usize,
}

impl Default for LivePace {
    fn default() -> Self {
        Self {
            gather: Duration::from_millis(100),
            heartbeat: Duration::from_secs(15),
            stats: Duration::from_secs(2),
            poll: Duration::from_secs(5),
            linger: Duration::from_secs(60),
            ring: 1_000,
            bytes: 4 * 1024 * 1024,
            clients: 256,
        }
    }
}
