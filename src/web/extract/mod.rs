//! What requests hold, read and checked: query string, body, and the client's address and scheme.

/// Request bodies: their limits, their memory budget, and how they are read.
pub mod body;
/// The client of a request: its address and scheme, as far as proxies may be believed.
pub mod client;
/// The query string: parameters and the filter.
pub mod query;
