use std::time::Duration;

/// Timing and bounds of the live stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LivePace {
    /// Time over which changes are gathered into one batch, each call once (coalescing).
    pub gather: Duration,
    /// Interval at which a heartbeat is sent.
    pub heartbeat: Duration,
    /// Minimum interval between updates of the figures.
    pub stats: Duration,
    /// Interval of polling for changes that were not notified.
    pub poll: Duration,
    /// Time after the last client left during which events are kept for its return.
    pub linger: Duration,
    /// Maximum number of events kept in the ring buffer for clients that reconnect or lag behind.
    pub ring: usize,
    /// Maximum total size of the kept events, in bytes, for all clients: one that lags further behind is too slow.
    pub bytes: usize,
    /// Maximum number of clients.
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
