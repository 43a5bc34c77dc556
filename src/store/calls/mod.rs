//! Calls and the event log that they are derived from.

/// Calls with the peers that accepted or made them.
pub mod accepted;
/// The event log.
pub mod events;
/// Queries for calls, one and many.
pub mod find;
/// Paginated reading of inbound calls as routes see them.
pub mod inbound;
/// The live view: running calls, and those that ended last.
pub mod live;
/// Rebuilds: deriving calls and cells again from the log.
pub mod rebuild;
/// The marker that a rebuild was begun.
pub mod rebuilding;
/// Surplus events: those that calls have beyond the events that are folded.
pub mod surplus;

pub(in crate::store) mod query;
pub(in crate::store) mod rows;
pub(in crate::store) mod subjects;
