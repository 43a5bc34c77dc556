//! The domain model, pure: what a call is and what became of it. No clock, no I/O.

/// One call, folded from the set of its events.
pub mod call;
/// Pseudonymisation of outside parties.
pub mod forgetting;
/// The outcome of a call.
pub mod outcome;
/// Telephone numbers: E.164 where they are valid, as received where they are not.
pub mod phone;
/// The set of events of one call.
pub mod receipts;
