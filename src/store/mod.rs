//! All SQL and nothing but. One SQL text per question, run on SQLite or PostgreSQL.

/// Who accepted and made calls.
pub mod accepted;
/// Accounts and API tokens.
pub mod accounts;
/// Who changed what.
pub mod audit;
/// Copies of the database.
pub mod backup;
/// Who was missed in a period, and whether there was contact since.
pub mod callback_report;
/// Who is still to be rung back.
pub mod callbacks;
/// Calls, one and many.
pub mod calls;
/// The cells of the statistics.
pub mod cells;
/// What a transaction changed.
pub mod changes;
/// What the database knows of the time.
pub mod clock;
/// In which condition the database is.
pub mod condition;
/// A database that is to be there later.
pub mod deferred;
/// The log.
pub mod events;
/// Making outside parties unrecognisable, in calls of long ago or of one person.
pub mod forgetting;
/// Inbound calls as routes see them.
pub mod inbound;
/// What happens now: running calls, and those that ended last.
pub mod live;
/// Callbacks marked by hand as done.
pub mod marks;
/// What the database remembers about itself.
pub mod meta;
/// The sums of months that are over.
pub mod months;
/// What people call lines, agents and outside numbers.
pub mod names;
/// What nodes on one PostgreSQL tell each other.
pub mod notify;
/// Whether the database is away.
pub mod outage;
/// What is kept of one person.
pub mod person;
/// Files that nobody else may read.
pub mod private;
/// How events came.
pub mod quality;
/// What somebody asks, and for how long.
pub mod question;
/// Deriving calls and cells again from the log.
pub mod rebuild;
/// That a rebuild was begun.
pub mod rebuilding;
/// One transaction: events in, calls folded, cells corrected.
pub mod record;
/// The history of the routes.
pub mod revisions;
/// The whole table of routes at once.
pub mod route_table;
/// Routes as people edit them.
pub mod routes;
/// Whoever is logged in.
pub mod sessions;
/// What routes share: named lists, named schedules, the switch "closed until".
pub mod shared;
/// Whether the file is sound.
pub mod soundness;
/// What the database does not take waits in a file.
pub mod spool;
/// What calls have beyond the events that are folded.
pub mod surplus;
/// Whether the database takes any event at all.
pub mod trial;
/// Group commit: many waiting, one writing.
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

/// How long one transaction may take before its connection is given up.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// The connections of one engine. Reading never keeps the writer waiting for a connection.
#[derive(Debug)]
pub struct Pools<DB: Interrupted> {
    read: Reader<DB>,
    write: Pool<DB>,
    /// SQLite's checkpoints, PostgreSQL's news: they must not wait for the writer, nor the writer for them.
    aside: Pool<DB>,
    /// How long SQLite may write.
    deadline: Deadline,
    condition: Condition,
    /// How many connections to a server were made: each may lead to another one, with what that one has.
    made: Arc<AtomicU64>,
    /// Who may come in is asked at every request: that waits for no question, and no question for it.
    entry: Pool<DB>,
}

/// The database.
#[derive(Debug)]
pub enum Db {
    /// A file.
    Sqlite(Pools<Sqlite>),
    /// A server.
    Postgres(Pools<Postgres>),
}

/// What goes better otherwise on the one engine than on the other.
struct Dialect {
    /// Whether it takes several statements in one text. Each hand-over to SQLite's thread and back costs more
    /// than some rows.
    several_at_once: bool,
    /// Whether many rows had better come as one JSON text. SQLite's thread wakes us for each row.
    rows_in_json: bool,
    /// What begins a transaction together with its first statement, and ends it with its last ones, where it is not begun
    /// and ended by itself: see [`single`].
    begin: &'static str,
    commit: &'static str,
    /// How to insert without keeping what only a failure of this very statement would undo: the transaction is
    /// rolled back anyway.
    insert_into: &'static str,
    /// What tells the other nodes, where there can be any, that their routes are old.
    tell_routes: Option<&'static str>,
    /// What makes others wait who change routes or what they share, where a transaction alone does not.
    lock_routes: Option<&'static str>,
    /// How bytes are searched in an event's body: before the bytes.
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

/// Expands the same body for both engines, with the connections for reading.
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
/// The same with one connection, for what takes several statements. What `engine` names is as in [`writing`].
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
/// Expands the same body for both engines, with a transaction that alone may write. The body ends in a
/// `Result`; `Ok` commits. A connection that hangs is given up, or it would hold its place for ever, and so is one that
/// failed and may go on failing. With `in engine`, `engine` names the module that [`for_both_engines`] made for the engine.
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
    /// In which condition it is, as far as this process knows.
    pub fn condition(&self) -> &Condition {
        match self {
            Self::Sqlite(pools) => &pools.condition,
            Self::Postgres(pools) => &pools.condition,
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// When it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        reading!(self, pool => { sqlx::query("select 1").execute(pool).await?; Ok(()) })
    }

    /// Waits for what is running and closes all connections.
    pub async fn close(&self) {
        match self {
            Self::Sqlite(pools) => pools.close().await,
            Self::Postgres(pools) => pools.close().await,
        }
    }
}
