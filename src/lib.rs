//! fernamt: the call log, call statistics and call control of a Placetel telephone system.

/// The domain, pure: events to calls.
pub mod calls;
/// The wire, no I/O: form to event, reply to XML, signature.
pub mod placetel;
