//! The database: its engines, connections, health and upkeep, and what it remembers about itself.

/// Backups: copies of a SQLite database.
pub mod backup;
/// The clock memory of the database: the last clock reading that was believed.
pub mod clock;
/// The health state of the database.
pub mod condition;
/// Deferred opening: a database that is to be there later.
pub mod deferred;
/// The database on one of two engines, and the macros that expand the same statements for both.
pub mod engine;
/// The settings table: key-value pairs that the database remembers about itself.
pub mod meta;
/// LISTEN/NOTIFY messages between nodes on one PostgreSQL.
pub mod notify;
/// The outage state: whether the database is away, and since when.
pub mod outage;
/// Private files, which nobody else may read.
pub mod private;
/// Questions: requests with a time budget, a connection limit and cancellation.
pub mod question;
/// The files of a server, and whether others may read them.
pub mod server_files;
/// Integrity checks of the SQLite file.
pub mod soundness;

pub(in crate::store) mod checkpoint;
pub(in crate::store) mod deadline;
pub(in crate::store) mod error;
pub(in crate::store) mod from_row;
pub(in crate::store) mod migrations;
pub(in crate::store) mod opening;
pub(in crate::store) mod pipelined;
pub(in crate::store) mod pools;
pub(in crate::store) mod portion;
pub(in crate::store) mod reader;
pub(in crate::store) mod rows_in_time;
/// Traces of what was deleted or replaced.
pub(in crate::store) mod traces;
pub(in crate::store) mod turns;
pub(in crate::store) mod writes;
