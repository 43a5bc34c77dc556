//! The change set of a transaction, for metrics and for live views.

use std::time::Duration;

use crate::placetel::event::Kind;
pub use crate::store::calls::rows::StoredCall;

/// The number of events of each kind, in the order of [`Kind::ALL`].
pub type KindCounts = [u32; Kind::ALL.len()];

/// A call before and after a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallChange {
    /// The call before; `None` if it is new.
    pub before: Option<StoredCall>,
    /// The call as it is now.
    pub after: StoredCall,
}

/// The change set of a transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The calls that are not as they were.
    pub calls: Vec<CallChange>,
    /// The number of events that were not in the log before.
    pub stored: KindCounts,
    /// The number of repeated deliveries, of events that were in the log.
    pub doubled: KindCounts,
    /// The number of deliveries of forgotten calls that led to a person: nothing of that was stored.
    pub forgotten: u32,
    /// The number of deliveries that were not stored, because the events of calls that old are gone.
    pub left_out: KindCounts,
}

/// An observer of commits. The writer waits for it, so it must be quick.
pub trait Observer: Send + Sync {
    /// Handles a commit: what it changed and how long the transaction took.
    fn committed(&self, changes: &Changes, took: Duration);
}
