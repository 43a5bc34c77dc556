//! fernamt: the call log, call statistics and call control of a Placetel telephone system.

/// The domain, pure: events to calls.
pub mod calls;
/// Reading JSON strictly, with every wrong field named.
pub mod fields;
/// The languages that fernamt speaks.
pub mod lang;
/// The wire, no I/O: form to event, reply to XML, signature.
pub mod placetel;
/// Which answer an incoming call gets, pure.
pub mod routing;
