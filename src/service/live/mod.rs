//! The live stream of changes (`GET /events`, server-sent events), and how nodes notify each other of changes.

/// The broadcast log and its clients.
mod hub;

pub use self::hub::NoPlace;
/// Publishes changed calls on the stream.
pub mod publish;
/// The figures of today.
mod stats;
/// The live stream, and the changes that wait to be published.
pub mod stream;
