//! fernamt: the call log, call statistics and call control of a Placetel telephone system.

/// The domain, pure: events to calls.
pub mod calls;
/// The command line.
pub mod cli;
/// The wire, no I/O: form to event, reply to XML, signature.
pub mod placetel;
/// A PBX that is none, for trying out and for load.
pub mod simulate;
