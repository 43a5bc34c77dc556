//! The wire protocol between the PBX and fernamt. No I/O: bytes in, types out, and back.

/// One notification of the PBX, read from its form body.
pub mod event;
/// The reply that tells the PBX what to do with an incoming call, as XML.
pub mod reply;
/// The shared-secret signature over the raw body.
pub mod signature;
