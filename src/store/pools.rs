//! The connections of one engine, made when they are needed.

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
use super::reader::{Interrupted, Lane, Reader, Watch};
use super::{Db, OpenError, Pools};
use crate::durable::sync_folder_of;

/// How long one attempt to get through to the database may take.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// Sessions that do not write. PostgreSQL notices within half a minute that whoever had one cannot be reached any more.
const READER_SESSION: [(&str, &str); 5] = [
    ("idle_in_transaction_session_timeout", "10s"),
    ("statement_timeout", "60s"),
    ("tcp_keepalives_idle", "10s"),
    ("tcp_keepalives_interval", "5s"),
    ("tcp_keepalives_count", "3"),
];
/// Sessions that write: a node that stands still, or that nobody can reach, must not keep the others from writing. Between
/// two statements it has two seconds; a node whose turn comes while it stands still has left the queue before that; what
/// it does not take is thrown away after three. No statement takes longer than the whole transaction may; PostgreSQL does
/// not count a commit that waits for its standby.
const WRITER_SESSION: [(&str, &str); 4] = [
    ("idle_in_transaction_session_timeout", "2s"),
    ("lock_timeout", "1500ms"),
    ("statement_timeout", "5s"),
    ("tcp_user_timeout", "3s"),
];
/// How long SQLite waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(1);
/// How long a checkpoint waits for its turn to write, and then, while the writer waits for it, for who still reads.
const CHECKPOINT_TIMEOUT: Duration = Duration::from_millis(200);
/// After so many of its steps, which take far less than a millisecond, SQLite asks whether to go on.
const STEPS_A_LOOK: i32 = 10_000;
/// What the writer of a SQLite file keeps of it in memory; negative means KiB.
const WRITER_CACHE: &str = "-3000";
/// What every other connection keeps in memory; the system keeps the file.
const READER_CACHE: &str = "-500";
/// So many connections read for the service itself.
const OWN_READERS: u32 = 2;
/// So many questions are read at once from a SQLite file.
const SQLITE_QUESTIONS: usize = 4;
/// So many questions are read at once from a server.
const POSTGRES_QUESTIONS: usize = 6;
/// How soon a server notices that nobody waits for what it does, and that a question was stopped that it was not told of.
const NOTICE: [&str; 2] = ["set client_connection_check_interval = '500ms'", "set statement_timeout = '30s'"];

impl<DB: Interrupted> Pools<DB> {
    pub(super) async fn close(&self) {
        self.entry.close().await;
        self.read.close().await;
        self.write.close().await;
        self.aside.close().await;
    }
}

/// Like [`super::reading`], with the connection of those who wait at the door.
macro_rules! entering {
    ($db:expr, $pool:ident => $body:expr) => {
        match $db {
            $crate::store::Db::Sqlite(pools) => {
                pools.condition.may_read().map_err($crate::store::StoreError::from)?;
                let $pool = &pools.entry;
                $body
            }
            $crate::store::Db::Postgres(pools) => {
                pools.condition.may_read().map_err($crate::store::StoreError::from)?;
                let $pool = &pools.entry;
                $body
            }
        }
    };
}
pub(super) use entering;

pub(super) fn sqlite_options(url: &str) -> Result<SqliteConnectOptions, OpenError> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        return Err(OpenError::Memory);
    }
    Ok(SqliteConnectOptions::from_str(url)
        .map_err(|_| OpenError::Url)?
        // Made before, for its owner alone: see [`super::Db::open`].
        .create_if_missing(false)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_TIMEOUT)
        // The writer makes both ends of every reference itself; asking costs a lookup per row.
        .foreign_keys(false)
        .pragma("journal_size_limit", "67108864")
        .optimize_on_close(true, 400)
        .disable_statement_logging())
}

/// For looking only; nothing is made.
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
        // What a wide statement may have to undo is otherwise written to a temporary file.
        .pragma("temp_store", "memory")
        .pragma("cache_size", WRITER_CACHE);
    let deadline = Deadline::default();
    let file = options.get_filename().to_owned();
    let write = for_writing(pool(1), condition.clone(), deadline.clone(), file).connect_lazy_with(writing);
    let aside = options.clone().busy_timeout(CHECKPOINT_TIMEOUT).pragma("cache_size", READER_CACHE);
    let aside = pool(1).connect_lazy_with(aside);
    // A reader that cannot write cannot block one that does.
    let reading = options.pragma("query_only", "on").pragma("cache_size", READER_CACHE);
    // The writer does that.
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

/// Connections that SQLite stops when their time is over, and whose files are on disk by name.
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
            // The only one, so nothing runs any more on one before.
            deadline.lift();
            connection.lock_handle().await?.set_progress_handler(STEPS_A_LOOK, move || deadline.holds());
            name_files(file).await
        })
    })
}

fn sqlite_pool(connections: u32, condition: &Condition, watch: Option<Watch>) -> PoolOptions<Sqlite> {
    let (opening, using) = (condition.clone(), condition.clone());
    // Asking a connection to a file whether it is still there would cost a statement each time.
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

/// The names of the database and its log, which a connection has made if need be, are on disk before the first commit.
/// SQLite does that, too, but does not tell when it fails.
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

/// Not every system can tell a server that its client has gone; without it a statement ends with its own time.
async fn notice(connection: &mut PgConnection) {
    for setting in NOTICE {
        if let Err(error) = sqlx::query(setting).execute(&mut *connection).await {
            tracing::debug!(%error, setting, "a server does not notice clients that have gone");
        }
    }
}

/// After a failover the old address may lead to a standby, which takes nothing.
async fn refuse_standby(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    let in_recovery: bool = sqlx::query_scalar("select pg_is_in_recovery()").fetch_one(connection).await?;
    if in_recovery { Err(sqlx::Error::Configuration("this PostgreSQL is a standby".into())) } else { Ok(()) }
}

impl Db {
    /// A number that grows whenever what is stored may be older than what was read before: with every connection to a
    /// server, which may lead to another one after a failover, or to the same with an earlier state restored; and with every
    /// file that takes the place of another.
    pub fn server_changes(&self) -> u64 {
        let made = match self {
            Self::Sqlite(pools) => pools.made.load(Ordering::Relaxed),
            Self::Postgres(pools) => pools.made.load(Ordering::Relaxed),
        };
        made + self.condition().openings()
    }
}
