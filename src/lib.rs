//! fernamt: the call log, call statistics and call control of a Placetel telephone system.

/// The domain, pure: events to calls.
pub mod calls;
/// Every setting once: flag, environment, file, default.
pub mod config;
/// Wrong fields.
pub mod fields;
/// Languages.
pub mod lang;
/// The wire, no I/O: form to event, reply to XML, signature.
pub mod placetel;
/// Call control, pure.
pub mod routing;
/// Statistics, pure: calls to cells to figures.
pub mod stats;
/// All SQL and nothing but.
pub mod store;
