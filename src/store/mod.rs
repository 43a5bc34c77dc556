//! The storage layer: all SQL, and nothing but SQL. Each query has one text, which runs on SQLite and PostgreSQL.
//!
//! What returns a [`StoreError`] fails when the database does not answer. An `Errors` paragraph stands only
//! where there is more to say.

/// Accounts, sessions and the audit log.
pub mod accounts;
/// Callbacks: outside numbers that are still to be rung back, marks, and the report.
pub mod callbacks;
/// Calls and the event log that they are derived from.
pub mod calls;
/// The database: its engines, connections, health and upkeep, and what it remembers about itself.
pub mod db;
/// Recording events: the spool, the queue, the writer, and the transaction that stores a batch.
pub mod ingest;
/// Names that people give to lines, agents and outside numbers.
pub mod names;
/// Pseudonymisation, retention, and what is kept of one person.
pub mod privacy;
/// Routes, their revisions, and what they share.
pub mod routes;
/// The cells of the statistics, closed months, and the quality of what arrived.
pub mod stats;

pub use self::db::engine::{Db, WRITE_TIMEOUT};
pub use self::db::error::{OpenError, StoreError};
