//! The application's services, for pages, API, commands and jobs alike. They ask [`crate::store`], know no SQL, and know
//! nothing of HTTP.
//!
//! What returns a [`StoreError`](crate::store::StoreError) or a [`ServiceError`](error::ServiceError) fails when the
//! database does not answer. An `Errors` paragraph stands only where there is more to say.

/// Accounts, tokens and sessions, cached in memory.
pub mod accounts;
/// Blocking or CPU-bound work, off the threads that answer callers.
pub mod aside;
/// Answers of the database, cached for a short time.
pub mod cached;
/// Callbacks: the list of missed callers, their marks and the report.
pub mod callbacks;
/// Names of numbers and agents, cached in memory.
pub mod directory;
/// The error type of services.
pub mod error;
/// The health of the service.
pub mod health;
/// What came to the PBX's endpoint.
pub mod intake;
/// Background jobs.
pub mod jobs;
/// The live stream of changes, and how nodes notify each other.
pub mod live;
/// Coalesces concurrent reads of the same data into few queries, one at a time.
pub mod looks;
/// Metrics for Prometheus.
pub mod metrics;
/// Addresses as limits count them.
pub mod network;
/// Reasons why requests to the PBX's endpoint were refused.
pub mod refusal;
/// The routing table in use, and trials of routes.
pub mod routing;
/// The share of each client in what can be asked at the same time.
pub mod shares;
/// Initial loading of the application state.
mod starting;
/// The application state that all handlers share.
pub mod state;
/// Statistics: the figures behind dashboard, API and live view.
pub mod statistics;
/// Serialises the reads that refresh a cache.
pub mod turns;
