//! The storage layer: all SQL, and nothing but SQL. Each query has one text, which runs on SQLite and PostgreSQL.
//!
//! What returns a [`StoreError`] fails when the database does not answer, and then has changed nothing. An `Errors`
//! paragraph stands only where there is more to say.

/// Calls with the peers that accepted or made them.
pub mod accepted;
/// Accounts and API tokens.
pub mod accounts;
/// The audit log: who changed what.
pub mod audit;
/// Backups: copies of a SQLite database.
pub mod backup;
/// The statements that store updated calls.
mod call_writes;
/// The callback report: who was missed in a period, and whether there was contact since.
pub mod callback_report;
/// Open callbacks: outside numbers that are still to be rung back.
pub mod callbacks;
/// Queries for calls, one and many.
pub mod calls;
/// The cells of the statistics: rollups by tier, bucket and subject.
pub mod cells;
/// The change sets that transactions report.
pub mod changes;
/// The clock memory of the database: the last clock reading that was believed.
pub mod clock;
/// The health state of the database.
pub mod condition;
/// Deferred opening: a database that is to be there later.
pub mod deferred;
/// The event log.
pub mod events;
/// Folding calls again that have surplus events, once.
pub mod fold_again;
/// Pseudonymisation of outside parties, in calls of long ago or of one person, and retention.
pub mod forgetting;
/// Paginated reading of inbound calls as routes see them.
pub mod inbound;
/// The live view: running calls, and those that ended last.
pub mod live;
/// Marks: callbacks marked by hand as done.
pub mod marks;
/// The settings table: key-value pairs that the database remembers about itself.
pub mod meta;
/// Closed months: sums of months that are over.
pub mod months;
/// Names that people give to lines, agents and outside numbers.
pub mod names;
/// LISTEN/NOTIFY messages between nodes on one PostgreSQL.
pub mod notify;
/// The outage state: whether the database is away, and since when.
pub mod outage;
/// All data that is kept of one person.
pub mod person;
/// Private files, which nobody else may read.
pub mod private;
/// Delivery quality: how events came, doubled or late.
pub mod quality;
/// Questions: requests with a time budget, a connection limit and cancellation.
pub mod question;
/// Rebuilds: deriving calls and cells again from the log.
pub mod rebuild;
/// The marker that a rebuild was begun.
pub mod rebuilding;
/// The recording transaction: events in, calls folded, cells corrected.
pub mod record;
/// The revision history of the routes.
pub mod revisions;
/// The whole table of routes at once.
pub mod route_table;
/// Routes as people edit them.
pub mod routes;
/// The files of a server, and whether others may read them.
pub mod server_files;
/// Login sessions.
pub mod sessions;
/// Objects that routes share: named lists, named schedules, the switch "closed until".
pub mod shared;
/// Integrity checks of the SQLite file.
pub mod soundness;
/// The spool: a file in which events wait that the database does not take.
pub mod spool;
/// Surplus events: those that calls have beyond the events that are folded.
pub mod surplus;
/// The write probe: whether the database takes any event at all.
pub mod trial;
/// The writer: group commit, many waiting, one writing.
pub mod writer;

mod batch;
mod call_query;
mod call_update;
mod checkpoint;
mod db;
mod deadline;
mod desk;
mod error;
mod from_row;
mod migrations;
mod of_person;
mod opening;
mod pipelined;
mod pools;
mod portion;
mod pseudonymise;
mod queue;
mod reader;
mod route_row;
mod rows;
mod rows_in_time;
mod subjects;
/// Traces of what was deleted or replaced.
mod traces;
mod turns;
mod writes;

pub use self::db::{Db, WRITE_TIMEOUT};
pub use self::error::{OpenError, StoreError};
