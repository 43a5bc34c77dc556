//! A simulated PBX: realistic calls with signature, retries and its irregularities, for trying out and load tests.
//!
//! It keeps an independent count of what was acknowledged and takes nothing from `calls` or `stats` for it, so that the
//! server's figures can be compared with it.

/// The load driver: plays calls at a rate, or as fast as the answers come.
pub mod driver;
/// The HTTP client: posts one event as the PBX does.
pub mod endpoint;
/// The events of a call, encoded as the PBX encodes them.
pub mod events;
/// The calling behaviour of a company.
pub mod habits;
/// The latency histogram.
pub mod latency;
/// Counts of what was sent and what was answered.
pub mod ledger;
/// Fictional telephone numbers.
pub mod numbers;
/// The script of calls: who calls whom, for how long, and how it ends.
pub mod script;
/// An independent count of the acknowledged calls.
pub mod tally;

#[cfg(test)]
mod tests;
