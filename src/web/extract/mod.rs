//! What requests hold, read and checked: query string, body, and the client's address and scheme.

/// Request bodies: how they are read and parsed.
pub mod body;
/// The limits of request bodies, and their memory budget.
pub mod budget;
/// The query parameters of lists of callbacks.
pub mod callbacks;
/// A request for calls or their figures: who asks for what, and when.
pub mod calls_request;
/// The client of a request: its address and scheme, as far as proxies may be believed.
pub mod client;
/// The query string: parameters and the filter.
pub mod query;
/// A request for figures: which calls, grouped by what.
pub mod stats_request;
