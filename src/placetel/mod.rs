//! What goes over the wire between the PBX and fernamt. No I/O: bytes in, types out, and back.

/// One notification of the PBX, read from its form body.
pub mod event;
/// What the PBX is told to do with an incoming call, as XML.
pub mod reply;
/// The shared-secret signature over the raw body.
pub mod signature;
