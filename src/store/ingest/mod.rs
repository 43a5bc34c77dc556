//! Recording events: the spool, the queue, the writer and the transaction that stores a batch.

/// The change sets that transactions report.
pub mod changes;
/// Folding calls again that have surplus events, once.
pub mod fold_again;
/// The recording transaction: events in, calls folded, cells corrected.
pub mod record;
/// The spool: a file in which events wait that the database does not take.
pub mod spool;
/// The write probe: whether the database takes any event at all.
pub mod trial;
/// The writer: group commit, many waiting, one writing.
pub mod writer;

pub(in crate::store) mod batch;
pub(in crate::store) mod call_update;
/// The statements that store updated calls.
pub(in crate::store) mod call_writes;
pub(in crate::store) mod desk;
pub(in crate::store) mod queue;
