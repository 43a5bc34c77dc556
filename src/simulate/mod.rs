//! A PBX that is none: realistic calls with signature, retries and the PBX's bad manners, for trying out and for load.
//!
//! It keeps a count of its own of what was acknowledged and takes nothing from `calls` or `stats` for it, so that
//! the server's figures can be compared with it.

/// Who delivers when: calls at a rate, or as fast as the answers come.
pub mod driver;
/// One event over HTTP, as the PBX sends it.
pub mod endpoint;
/// The events of a call, written as the PBX writes them.
pub mod events;
/// How a company telephones.
pub mod habits;
/// How long answers took.
pub mod latency;
/// What was sent and what came back.
pub mod ledger;
/// Telephone numbers that are nobody's.
pub mod numbers;
/// The calls: who calls whom, for how long, and how it ends.
pub mod script;
/// What was acknowledged, counted independently of the server.
pub mod tally;

#[cfg(test)]
mod tests;
