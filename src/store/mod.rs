//! The storage layer: all SQL, and nothing but SQL. Each query has one text, which runs on SQLite and PostgreSQL.

/// Calls with the peers that accepted or made them.
pub mod accepted;
/// Accounts and API tokens.
pub mod accounts;
/// The audit log: who changed what.
pub mod audit;
/// Backups: copies of a SQLite database.
pub mod backup;
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
mod turns;
mod writes;

pub use self::error::StoreError;

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sqlx::{Pool, Postgres, Sqlite};

use self::condition::Condition;
use self::deadline::Deadline;
use self::error::{is_away, is_damage};
pub use self::opening::OpenError;
use self::reader::{Interrupted, Reader};
use self::turns::{begin_postgres, begin_sqlite};

/// Maximum time of one transaction, after which its connection is given up.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// The connection pools of one engine. Reading never keeps the writer waiting for a connection.
#[derive(Debug)]
pub struct Pools<DB: Interrupted> {
    read: Reader<DB>,
    write: Pool<DB>,
    /// A pool for SQLite's checkpoints and PostgreSQL's notifications: they must not wait for the writer, nor the
    /// writer for them.
    aside: Pool<DB>,
    /// The deadline until which SQLite may write.
    deadline: Deadline,
    condition: Condition,
    /// The number of connections made to a server: each may lead to another server, with other data.
    made: Arc<AtomicU64>,
    /// The authentication pool: every request asks who may come in, and must not wait for questions, nor they for it.
    entry: Pool<DB>,
}

/// The database, on one of the two engines.
#[derive(Debug)]
pub enum Db {
    /// A SQLite file.
    Sqlite(Pools<Sqlite>),
    /// A PostgreSQL server.
    Postgres(Pools<Postgres>),
}

/// The SQL dialect: what is better written differently for the one engine than for the other.
struct Dialect {
    /// Whether the engine takes several statements in one text. Each hand-over to SQLite's thread and back costs more
    /// than some rows.
    several_at_once: bool,
    /// Whether many rows had better be fetched as one JSON text. SQLite's thread wakes us for each row.
    rows_in_json: bool,
    /// The text that begins a transaction together with its first statement (`commit`: ends it with its last ones),
    /// where it is not begun and ended by itself: see [`pipelined`].
    begin: &'static str,
    commit: &'static str,
    /// The insert prefix that does without the statement journal, which only a failure of this very statement would
    /// need: the transaction is rolled back anyway.
    insert_into: &'static str,
    /// The statement that tells the other nodes, where there can be any, that their routes are outdated.
    tell_routes: Option<&'static str>,
    /// The row lock that makes others wait who change routes or what they share, where a transaction alone does not.
    lock_routes: Option<&'static str>,
    /// The SQL before the bytes that are searched in an event's body.
    body_holds: &'static str,
}

impl Dialect {
    const SQLITE: Self = Self {
        several_at_once: true,
        rows_in_json: true,
        begin: "begin immediate;",
        commit: "commit",
        insert_into: "insert or fail into ",
        tell_routes: None,
        lock_routes: None,
        body_holds: " and instr(body, ",
    };
    const POSTGRES: Self = Self {
        several_at_once: false,
        rows_in_json: false,
        begin: "",
        commit: "",
        insert_into: "insert into ",
        tell_routes: Some("select pg_notify('fernamt_routes', '')"),
        lock_routes: Some("select value from settings where name = 'routes_version' for update"),
        // `position(a in b)` by its proper name, which takes them the other way round.
        body_holds: " and pg_catalog.position(body, ",
    };
}

/// Expands the same body for both engines, with the read pool. Fails fast where the database may not be read.
macro_rules! reading {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite(pools) => {
                pools.condition.may_read().map_err($crate::store::StoreError::from)?;
                let $pool = &pools.read;
                $body
            }
            $crate::store::Db::Postgres(pools) => {
                pools.condition.may_read().map_err($crate::store::StoreError::from)?;
                let $pool = &pools.read;
                $body
            }
        }
    };
}
/// Like [`reading`], but with one connection, for what takes several statements. What `engine` names is as in
/// [`writing`].
macro_rules! reading_on {
    ($db:expr, $connection:ident in $engine:ident => $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite(pools) => {
                use self::sqlite as $engine;
                $crate::store::reading_on!(@on pools, $connection, $body)
            }
            $crate::store::Db::Postgres(pools) => {
                use self::postgres as $engine;
                $crate::store::reading_on!(@on pools, $connection, $body)
            }
        }
    };
    (@on $pools:expr, $connection:ident, $body:expr) => {
        async {
            $pools.condition.may_read()?;
            let mut $connection = $pools.read.acquire().await.map_err($crate::store::StoreError::of_connecting)?;
            let value = $body?;
            $connection.finish();
            Ok::<_, $crate::store::StoreError>(value)
        }
        .await
    };
}
/// Expands the same body for both engines, within a write transaction that excludes all other writers. The body ends in
/// a `Result`; `Ok` commits. A connection that hangs is given up, or it would hold its place for ever, and so is one
/// that failed and may go on failing. With `in engine`, `engine` names the module that [`for_both_engines`] made for
/// the engine.
macro_rules! writing {
    ($db:expr, $transaction:ident in $engine:ident => $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite(pools) => {
                use self::sqlite as $engine;
                $crate::store::writing!(@on pools, begin_sqlite, $transaction, $body)
            }
            $crate::store::Db::Postgres(pools) => {
                use self::postgres as $engine;
                $crate::store::writing!(@on pools, begin_postgres, $transaction, $body)
            }
        }
    };
    ($db:expr, $transaction:ident => $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite(pools) => $crate::store::writing!(@on pools, begin_sqlite, $transaction, $body),
            $crate::store::Db::Postgres(pools) => $crate::store::writing!(@on pools, begin_postgres, $transaction, $body),
        }
    };
    (@on $pools:expr, $begin:ident, $transaction:ident, $body:expr) => {
        $crate::store::writing!(@within $crate::store::WRITE_TIMEOUT, $pools, $begin, $transaction, $body)
    };
    (@within $within:expr, $pools:expr, $begin:ident, $transaction:ident, $body:expr) => {{
        let within: std::time::Duration = $within;
        $pools.condition.may_write()?;
        let mut connection = $pools.write.acquire().await.map_err($crate::store::StoreError::of_connecting)?;
        let work = async {
            let mut $transaction = $crate::store::$begin(&mut connection, within).await?;
            let value = $body?;
            $transaction.commit().await?;
            Ok::<_, $crate::store::StoreError>(value)
        };
        let done = $pools.deadline.hold(within, work).await;
        if done.as_ref().is_err_and($crate::store::StoreError::is_of_connection) {
            connection.close_on_drop();
        }
        done
    }};
}
/// Compiles the same functions once per engine, as modules `sqlite` and `postgres`, in which `Engine` and
/// `EngineConnection` name the engine's types and `DIALECT` its [`Dialect`]; after `use some, other;` first, `some` and
/// `other` are those modules' halves.
macro_rules! for_both_engines {
    (use $($other:ident),+; $($item:item)*) => {
        $crate::store::for_both_engines! { @with ($($other)+) $($item)* }
    };
    (@with ($($other:ident)*) $($item:item)*) => {
        pub(super) mod sqlite {
            use super::*;
            $(use $crate::store::$other::sqlite as $other;)*
            #[allow(dead_code, reason = "modules that only use another's statements need no engine")]
            type Engine = sqlx::Sqlite;
            type EngineConnection = sqlx::SqliteConnection;
            #[allow(dead_code, reason = "see above")]
            const DIALECT: $crate::store::Dialect = $crate::store::Dialect::SQLITE;
            $($item)*
        }
        pub(super) mod postgres {
            use super::*;
            $(use $crate::store::$other::postgres as $other;)*
            #[allow(dead_code, reason = "modules that only use another's statements need no engine")]
            type Engine = sqlx::Postgres;
            type EngineConnection = sqlx::PgConnection;
            #[allow(dead_code, reason = "see above")]
            const DIALECT: $crate::store::Dialect = $crate::store::Dialect::POSTGRES;
            $($item)*
        }
    };
    ($($item:item)*) => {
        $crate::store::for_both_engines! { @with () $($item)* }
    };
}
pub(crate) use {for_both_engines, reading, reading_on, writing};

impl Db {
    /// Returns the health state of the database, as far as this process knows it.
    pub fn condition(&self) -> &Condition {
        match self {
            Self::Sqlite(pools) => &pools.condition,
            Self::Postgres(pools) => &pools.condition,
        }
    }

    /// Checks that the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        reading!(self, pool => { sqlx::query("select 1").execute(pool).await?; Ok(()) })
    }

    /// Waits for running queries and closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pools) => pools.close().await,
            Self::Postgres(pools) => pools.close().await,
        }
    }
}
