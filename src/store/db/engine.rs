//! The database on one of two engines, and the macros that expand the same statements for both.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use sqlx::{Pool, Postgres, Sqlite};

use super::condition::Condition;
use super::deadline::Deadline;
use super::error::StoreError;
use super::reader::{Interrupted, Reader};

/// Maximum time of one transaction, after which its connection is given up.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(5);

/// The connection pools of one engine. Reading never keeps the writer waiting for a connection.
#[derive(Debug)]
pub struct Pools<DB: Interrupted> {
    pub(in crate::store) read: Reader<DB>,
    pub(in crate::store) write: Pool<DB>,
    /// A pool for SQLite's checkpoints and PostgreSQL's notifications: they must not wait for the writer, nor the
    /// writer for them.
    pub(in crate::store) aside: Pool<DB>,
    /// The deadline until which SQLite may write.
    pub(in crate::store) deadline: Deadline,
    pub(in crate::store) condition: Condition,
    /// The number of connections made to a server: each may lead to another server, with other data.
    pub(in crate::store) made: Arc<AtomicU64>,
    /// The authentication pool: every request asks who may come in, and must not wait for questions, nor they for it.
    pub(in crate::store) entry: Pool<DB>,
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
pub(in crate::store) struct Dialect {
    /// Whether the engine takes several statements in one text. Each hand-over to SQLite's thread and back costs more
    /// than some rows.
    pub(in crate::store) several_at_once: bool,
    /// Whether many rows had better be fetched as one JSON text. SQLite's thread wakes us for each row.
    pub(in crate::store) rows_in_json: bool,
    /// The text that begins a transaction together with its first statement (`commit`: ends it with its last ones),
    /// where it is not begun and ended by itself: see [`super::pipelined`].
    pub(in crate::store) begin: &'static str,
    pub(in crate::store) commit: &'static str,
    /// The insert prefix that does without the statement journal, which only a failure of this very statement would
    /// need: the transaction is rolled back anyway.
    pub(in crate::store) insert_into: &'static str,
    /// The statement that tells the other nodes, where there can be any, that their routes are outdated.
    pub(in crate::store) tell_routes: Option<&'static str>,
    /// The row lock that makes others wait who change routes or what they share, where a transaction alone does not.
    pub(in crate::store) lock_routes: Option<&'static str>,
    /// The SQL before the bytes that are searched in an event's body.
    pub(in crate::store) body_holds: &'static str,
}

impl Dialect {
    pub(in crate::store) const SQLITE: Self = Self {
        several_at_once: true,
        rows_in_json: true,
        begin: "begin immediate;",
        commit: "commit",
        insert_into: "insert or fail into ",
        tell_routes: None,
        lock_routes: None,
        body_holds: " and instr(body, ",
    };
    pub(in crate::store) const POSTGRES: Self = Self {
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
            $crate::store::db::engine::Db::Sqlite(pools) => {
                pools.condition.may_read().map_err($crate::store::db::error::StoreError::from)?;
                let $pool = &pools.read;
                $body
            }
            $crate::store::db::engine::Db::Postgres(pools) => {
                pools.condition.may_read().map_err($crate::store::db::error::StoreError::from)?;
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
            $crate::store::db::engine::Db::Sqlite(pools) => {
                use self::sqlite as $engine;
                $crate::store::db::engine::reading_on!(@on pools, $connection, $body)
            }
            $crate::store::db::engine::Db::Postgres(pools) => {
                use self::postgres as $engine;
                $crate::store::db::engine::reading_on!(@on pools, $connection, $body)
            }
        }
    };
    (@on $pools:expr, $connection:ident, $body:expr) => {
        async {
            $pools.condition.may_read()?;
            let mut $connection = $pools.read.acquire().await.map_err($crate::store::db::error::StoreError::of_connecting)?;
            let value = $body?;
            $connection.finish();
            Ok::<_, $crate::store::db::error::StoreError>(value)
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
            $crate::store::db::engine::Db::Sqlite(pools) => {
                use self::sqlite as $engine;
                $crate::store::db::engine::writing!(@on pools, begin_sqlite, $transaction, $body)
            }
            $crate::store::db::engine::Db::Postgres(pools) => {
                use self::postgres as $engine;
                $crate::store::db::engine::writing!(@on pools, begin_postgres, $transaction, $body)
            }
        }
    };
    ($db:expr, $transaction:ident => $body:expr) => {
        match $db {
            $crate::store::db::engine::Db::Sqlite(pools) => $crate::store::db::engine::writing!(@on pools, begin_sqlite, $transaction, $body),
            $crate::store::db::engine::Db::Postgres(pools) => $crate::store::db::engine::writing!(@on pools, begin_postgres, $transaction, $body),
        }
    };
    (@on $pools:expr, $begin:ident, $transaction:ident, $body:expr) => {
        $crate::store::db::engine::writing!(@within $crate::store::db::engine::WRITE_TIMEOUT, $pools, $begin, $transaction, $body)
    };
    (@within $within:expr, $pools:expr, $begin:ident, $transaction:ident, $body:expr) => {{
        let within: std::time::Duration = $within;
        $pools.condition.may_write()?;
        let mut connection = $pools.write.acquire().await.map_err($crate::store::db::error::StoreError::of_connecting)?;
        let work = async {
            let mut $transaction = $crate::store::db::turns::$begin(&mut connection, within).await?;
            let value = $body?;
            $transaction.commit().await?;
            Ok::<_, $crate::store::db::error::StoreError>(value)
        };
        let done = $pools.deadline.hold(within, work).await;
        if done.as_ref().is_err_and($crate::store::db::error::StoreError::is_of_connection) {
            connection.close_on_drop();
        }
        done
    }};
}
/// Compiles the same functions once per engine, as modules `sqlite` and `postgres`, in which `Engine` and
/// `EngineConnection` name the engine's types and `DIALECT` its [`Dialect`]; after `use room::some, room::other;` first, `some`
/// and `other` are those modules' halves.
macro_rules! for_both_engines {
    (use $($room:ident::$other:ident),+; $($item:item)*) => {
        $crate::store::db::engine::for_both_engines! { @with ($($room::$other)+) $($item)* }
    };
    (@with ($($room:ident::$other:ident)*) $($item:item)*) => {
        pub(in crate::store) mod sqlite {
            use super::*;
            $(use $crate::store::$room::$other::sqlite as $other;)*
            #[allow(dead_code, reason = "modules that only use another's statements need no engine")]
            type Engine = sqlx::Sqlite;
            #[allow(dead_code, reason = "see above")]
            type EngineConnection = sqlx::SqliteConnection;
            #[allow(dead_code, reason = "see above")]
            const DIALECT: $crate::store::db::engine::Dialect = $crate::store::db::engine::Dialect::SQLITE;
            $($item)*
        }
        pub(in crate::store) mod postgres {
            use super::*;
            $(use $crate::store::$room::$other::postgres as $other;)*
            #[allow(dead_code, reason = "modules that only use another's statements need no engine")]
            type Engine = sqlx::Postgres;
            #[allow(dead_code, reason = "see above")]
            type EngineConnection = sqlx::PgConnection;
            #[allow(dead_code, reason = "see above")]
            const DIALECT: $crate::store::db::engine::Dialect = $crate::store::db::engine::Dialect::POSTGRES;
            $($item)*
        }
    };
    ($($item:item)*) => {
        $crate::store::db::engine::for_both_engines! { @with () $($item)* }
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
