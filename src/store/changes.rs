//! What a transaction changed, for those who count it and those who show it.

use std::time::Duration;

pub use super::rows::StoredCall;
use crate::placetel::event::Kind;

/// How many events of each kind, in the order of [`Kind::ALL`].
pub type KindCounts = [u32; Kind::ALL.len()];

/// A call before and after a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallChange {
    /// `None` if it is new.
    pub before: Option<StoredCall>,
    /// As it is now.
    pub after: StoredCall,
}

/// What a transaction changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The calls that are not as they were.
    pub calls: Vec<CallChange>,
    /// Events that were not in the log before.
    pub stored: KindCounts,
    /// Deliveries of events that were.
    pub doubled: KindCounts,
    /// Deliveries of forgotten calls that led to a person: nothing of that was stored.
    pub forgotten: u32,
    /// Deliveries that were not stored, because the events of calls that old are gone.
    pub left_out: KindCounts,
}

/// Watches what is committed. The writer waits for it, so it must be quick.
pub trait Observer: Send + Sync {
    /// After a commit: what it changed and how long the transaction took.
    fn committed(&self, changes: &Changes, took: Duration);
}
