//! The connection pools of one engine. Connections are made when they are needed.

use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPool};
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, PgConnection, Postgres, Sqlite, SqliteConnection};

use super::condition::Condition;
use super::deadline::Deadline;
use super::engine::{Db, Pools};
use super::error::OpenError;
use super::reader::{Interrupted, Lane, Reader, Watch};
use crate::durable::sync_folder_of;

/// How long acquiring a connection may take, and so one attempt to reach the database.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Session settings of connections that do not write. PostgreSQL notices within half a minute that a client cannot be
/// reached any more.
const READER_SESSION: [(&str, &str); 5] = [
    ("idle_in_transaction_session_timeout", "10s"),
    ("statement_timeout", "60s"),
    ("tcp_keepalives_idle", "10s"),
    ("tcp_keepalives_interval", "5s"),
    ("tcp_keepalives_count", "3"),
];
/// Session settings of connections that write: a node that is suspended or unreachable must not keep the others from
/// writing. It may be idle in a transaction for two seconds; while it waits for the lock, the lock timeout ends the
/// waiting before that; a connection that acknowledges no data is closed after three. No statement takes longer than
/// the whole transaction may; PostgreSQL does not count a commit that waits for its standby.
const WRITER_SESSION: [(&str, &str); 4] = [
    ("idle_in_transaction_session_timeout", "2s"),
    ("lock_timeout", "1500ms"),
    ("statement_timeout", "5s"),
    ("tcp_user_timeout", "3s"),
];
/// How long SQLite waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a checkpoint waits for the write lock, and then, while the writer waits for it, for connections that still
/// read.
const CHECKPOINT_TIMEOUT: Duration = Duration::from_millis(200);
/// The interval of SQLite's progress handler, which may stop a statement, in virtual machine steps. So many take far
/// less than a millisecond.
const STEPS_A_LOOK: i32 = 10_000;
/// The `cache_size` of the connection that writes a SQLite file; negative means KiB.
const WRITER_CACHE: &str = "-3000";
/// The `cache_size` of every other connection; the operating system caches the file anyway.
const READER_CACHE: &str = "-500";
/// The number of connections that read for the service itself.
const OWN_READERS: u32 = 2;
/// The number of questions that read from a SQLite file at the same time, with a connection each.
const SQLITE_QUESTIONS: usize = 4;
/// The number of questions that read from a PostgreSQL server at the same time, with a connection each.
const POSTGRES_QUESTIONS: usize = 6;
/// Session settings for questions: how soon a server notices that its client is gone, and how long a statement may run
/// whose cancellation it was not told of.
const NOTICE: [&str; 2] = ["set client_connection_check_interval = '500ms'", "set statement_timeout = '30s'"];

impl<DB: Interrupted> Pools<DB> {
    pub(in crate::store) async fn close(&self) {
        self.entry.close().await;
        self.read.close().await;
        self.write.close().await;
        self.aside.close().await;
    }
}

/// Like [`crate::store::reading`], with the connection that is reserved for authentication.
macro_rules! entering {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::store::db::engine::Db::Sqlite(pools) => {
                pools.condition.may_read().map_err($crate::store::db::error::StoreError::from)?;
                let $pool = &pools.entry;
                $body
            }
            $crate::store::db::engine::Db::Postgres(pools) => {
                pools.condition.may_read().map_err($crate::store::db::error::StoreError::from)?;
                let $pool = &pools.entry;
                $body
            }
        }
    };
}
pub(in crate::store) use entering;

pub(super) fn sqlite_options(url: &str) -> Result<SqliteConnectOptions, OpenError> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(OpenError::Memory);
    }
    Ok(SqliteConnectOptions::from_str(url)
        .map_err(|_| OpenError::Url)?
        // The file is created before, for its owner alone: see [`crate::store::Db::open`].
        .create_if_missing(false)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        // The writer makes both ends of every reference itself; checking foreign keys costs a lookup per row.
        .foreign_keys(false)
        .pragma("journal_size_limit", "67108864")
        .optimize_on_close(true, 400)
        .disable_statement_logging())
}

/// Returns the options of a read-only connection, which creates nothing.
pub(super) fn reading_options(url: &str) -> Result<SqliteConnectOptions, OpenError> {
    let options = SqliteConnectOptions::from_str(url).map_err(|_| OpenError::Url)?;
    Ok(options
        .read_only(true)
        .create_if_missing(false)
        .busy_timeout(BUSY_TIMEOUT)
        .foreign_keys(false)
        .disable_statement_logging())
}

pub(super) fn sqlite_pools(options: SqliteConnectOptions, condition: Condition) -> Pools<Sqlite> {
    let pool = |connections| sqlite_pool(connections, &condition, None);
    let writing = options
        .clone()
        .pragma("wal_autocheckpoint", "0")
        // The journal for undoing a wide statement is otherwise written to a temporary file.
        .pragma("temp_store", "memory")
        .pragma("cache_size", WRITER_CACHE);
    let deadline = Deadline::default();
    let file = options.get_filename().to_owned();
    let write = for_writing(pool(1), condition.clone(), deadline.clone(), file).connect_lazy_with(writing);
    let aside = options.clone().busy_timeout(CHECKPOINT_TIMEOUT).pragma("cache_size", READER_CACHE);
    let aside = pool(1).connect_lazy_with(aside);
    // A connection that cannot write cannot block the writer.
    let reading = options.pragma("query_only", "on").pragma("cache_size", READER_CACHE);
    // Readers do not optimize on close: the connections that may write do.
    let reading = reading.optimize_on_close(false, None);
    let own = pool(OWN_READERS).connect_lazy_with(reading.clone());
    let entry = pool(1).connect_lazy_with(reading.clone());
    let lane = |_| {
        let watch = Watch::default();
        Lane { pool: sqlite_pool(1, &condition, Some(watch.clone())).connect_lazy_with(reading.clone()), watch }
    };
    let read = Reader::new(own, (0..SQLITE_QUESTIONS).map(lane).collect());
    Pools { read, write, aside, entry, deadline, condition, made: Arc::default() }
}

/// Makes SQLite stop statements at the deadline, and each new connection sync the folder of the database file.
fn for_writing(
    options: PoolOptions<Sqlite>,
    condition: Condition,
    deadline: Deadline,
    file: PathBuf,
) -> PoolOptions<Sqlite> {
    options.after_connect(move |connection, _| {
        let (passed, deadline, file) = (condition.may_read(), deadline.clone(), file.clone());
        Box::pin(async move {
            passed?;
            // It is the only connection of the pool, so nothing runs any more on an earlier one.
            deadline.lift();
            connection.lock_handle().await?.set_progress_handler(STEPS_A_LOOK, move || deadline.holds());
            name_files(file).await
        })
    })
}

fn sqlite_pool(connections: u32, condition: &Condition, watch: Option<Watch>) -> PoolOptions<Sqlite> {
    let (opening, using) = (condition.clone(), condition.clone());
    // Testing a connection to a file before each use would cost a statement each time.
    PoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .after_connect(move |connection: &mut SqliteConnection, _| {
            let (passed, watch) = (opening.may_read(), watch.clone());
            Box::pin(async move {
                passed?;
                if let Some(watch) = watch {
                    connection.lock_handle().await?.set_progress_handler(STEPS_A_LOOK, move || watch.lets_go_on());
                }
                Ok(())
            })
        })
        .before_acquire(move |_, connection| {
            let is_current = using.is_current(connection.age);
            Box::pin(async move { Ok(is_current) })
        })
}

/// Syncs the folder, so that the names of the database and its write-ahead log, which a connection has created if need
/// be, are on disk before the first commit. SQLite does that, too, but does not tell when it fails.
async fn name_files(file: PathBuf) -> Result<(), sqlx::Error> {
    let synced = tokio::task::spawn_blocking(move || sync_folder_of(&file)).await;
    synced.map_err(io::Error::other).flatten().map_err(sqlx::Error::Io)
}

pub(super) fn postgres_options(url: &str) -> Result<PgConnectOptions, OpenError> {
    Ok(PgConnectOptions::from_str(url)
        .map_err(|_| OpenError::Url)?
        .application_name("fernamt")
        .options(READER_SESSION)
        .disable_statement_logging())
}

pub(super) fn postgres_pools(options: PgConnectOptions, condition: Condition) -> Pools<Postgres> {
    let made = Arc::<AtomicU64>::default();
    let pool = |connections, is_for_questions| -> PoolOptions<Postgres> {
        let (condition, made) = (condition.clone(), made.clone());
        PoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT).after_connect(
            move |connection, _| {
                let passed = condition.may_read();
                made.fetch_add(1, Ordering::Relaxed);
                Box::pin(async move {
                    passed?;
                    refuse_standby(connection).await?;
                    if is_for_questions {
                        notice(connection).await;
                    }
                    Ok(())
                })
            },
        )
    };
    let write: PgPool = pool(2, false).connect_lazy_with(options.clone().options(WRITER_SESSION));
    let aside = pool(1, false).connect_lazy_with(options.clone());
    let entry = pool(1, false).connect_lazy_with(options.clone());
    let own = pool(OWN_READERS, false).connect_lazy_with(options.clone());
    let lane = |_| Lane { pool: pool(1, true).connect_lazy_with(options.clone()), watch: Watch::default() };
    let read = Reader::new(own, (0..POSTGRES_QUESTIONS).map(lane).collect());
    Pools { read, write, aside, entry, deadline: Deadline::default(), condition, made }
}

/// Applies [`NOTICE`]. Not every operating system can tell a server that its client is gone; where it cannot, a
/// statement ends by its timeout.
async fn notice(connection: &mut PgConnection) {
    for setting in NOTICE {
        if let Err(error) = sqlx::query(setting).execute(&mut *connection).await {
            tracing::debug!(%error, setting, "a server does not notice clients that have gone");
        }
    }
}

/// Fails on a standby, which takes no writes: after a failover the old address may lead to one.
async fn refuse_standby(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let in_recovery: bool = sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(connection).await?;
    if in_recovery { Err(sqlx::Error::Configuration("this PostgreSQL is a standby".into())) } else { Ok(()) }
}

impl Db {
    /// Returns a counter that grows whenever what is stored may be older than what was read before: with every
    /// connection to a server, which after a failover may lead to another one, or to the same with an earlier state
    /// restored; and with every file that takes the place of another.
    pub fn server_changes(&self) -> u64 {
        let made = match self {
            Self::Sqlite(pools) => pools.made.load(Ordering::Relaxed),
            Self::Postgres(pools) => pools.made.load(Ordering::Relaxed),
        };
        made + self.condition().openings()
    }
}
