//! The HTTP server: its listeners, and the limits of connections and slow clients.

/// The limit of connections per client address.
pub mod doors;
/// The HTTP server on its listeners.
pub mod listen;
/// Timeouts for slow clients.
pub mod timeouts;
