//! Background jobs: what runs beside the requests, as long as the service does.

/// Closing of months that are over.
pub mod closing;
/// Packing of calls in columns.
pub mod packing;
/// Refreshing what is cached.
pub mod refresh;
/// Nightly retention: pseudonymises and deletes what is too old.
pub mod retention;
