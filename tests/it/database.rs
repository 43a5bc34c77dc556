//! Creates a database for one test: a SQLite file, or a fresh database of the cluster that `TEST_DATABASE_URL` names.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::types::ValueRef;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use tempfile::TempDir;
use tokio::runtime::Runtime;

/// The number under which writers of one PostgreSQL take turns.
const WRITE_LOCK: i64 = 0x0066_6572_6e61_6d74;

enum Engine {
    Sqlite { file: String },
    Postgres { cluster: String, name: String },
}

/// Empty, of its own, gone with the value.
pub struct Database {
    url: String,
    engine: Engine,
    directory: TempDir,
}

/// While it lives, nobody else can write.
#[must_use]
pub struct WriteLock {
    _sqlite: Option<rusqlite::Connection>,
    postgres: Option<(Runtime, PgConnection)>,
}

impl Drop for WriteLock {
    fn drop(&mut self) {
        if let Some((runtime, connection)) = self.postgres.take() {
            runtime.block_on(connection.close()).unwrap();
        }
    }
}

/// Where servers of tests keep their files: in memory if there is room, because otherwise tests wait for the disk most of
/// the time. `TMPDIR` names another place.
pub fn scratch() -> &'static Path {
    const ROOM_KIB: u64 = 1 << 20;
    static SCRATCH: LazyLock<PathBuf> = LazyLock::new(|| {
        let memory = Path::new("/dev/shm");
        let told = Command::new("df").arg("-Pk").arg(memory).output().map(|done| done.stdout).unwrap_or_default();
        let told = String::from_utf8_lossy(&told);
        let free = told.lines().nth(1).and_then(|line| line.split_whitespace().nth(3)?.parse::<u64>().ok());
        let is_taken = std::env::var_os("TMPDIR").is_none() && free.is_some_and(|free| free > ROOM_KIB);
        if is_taken { memory.to_owned() } else { std::env::temp_dir() }
    });
    &SCRATCH
}

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

impl Database {
    pub fn create() -> Self {
        match std::env::var("TEST_DATABASE_URL") {
            Ok(cluster) if !cluster.is_empty() => Self::on_cluster(cluster),
            _ => Self::sqlite(),
        }
    }

    fn sqlite() -> Self {
        let directory = tempfile::tempdir_in(scratch()).unwrap();
        let file = directory.path().join("fernamt.db").to_str().unwrap().to_owned();
        Self { url: format!("sqlite:{file}"), engine: Engine::Sqlite { file }, directory }
    }

    /// On this cluster of PostgreSQL.
    pub fn on_cluster(cluster: String) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos();
        let name = format!("it_{}_{since}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        on_postgres(&cluster, async |connection| {
            connection.execute(AssertSqlSafe(format!("create database {name}"))).await.unwrap();
        });
        let (server, _) = cluster.rsplit_once('/').unwrap();
        let directory = tempfile::tempdir_in(scratch()).unwrap();
        Self { url: format!("{server}/{name}"), engine: Engine::Postgres { cluster, name }, directory }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where servers keep what the database does not take.
    pub fn spool(&self) -> std::path::PathBuf {
        self.directory.path().join("spool")
    }

    /// Where its servers keep the last good routes.
    pub fn routes_file(&self) -> String {
        self.directory.path().join("fernamt-routes.json").to_str().unwrap().to_owned()
    }

    pub fn is_postgres(&self) -> bool {
        matches!(self.engine, Engine::Postgres { .. })
    }

    /// Runs statements behind the program's back.
    pub fn execute(&self, sql: &str) {
        match &self.engine {
            Engine::Sqlite { file } => open_sqlite(file).execute_batch(sql).unwrap(),
            Engine::Postgres { .. } => on_postgres(&self.url, async |connection| {
                connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
            }),
        }
    }

    /// Rows as texts that are the same only if the rows are.
    pub fn rows(&self, columns: &str, rest: &str) -> Vec<String> {
        match &self.engine {
            Engine::Sqlite { file } => sqlite_rows(&open_sqlite(file), &format!("select {columns} {rest}")),
            Engine::Postgres { .. } => on_postgres(&self.url, async |connection| {
                let sql = format!("select cast(row({columns}) as text) {rest}");
                let rows = connection.fetch_all(AssertSqlSafe(sql)).await.unwrap();
                rows.iter().map(|row| row.get::<String, _>(0)).collect()
            }),
        }
    }

    /// One whole number.
    pub fn count_of(&self, column: &str, rest: &str) -> i64 {
        self.rows(column, rest)[0].trim_matches(['(', ')', '|']).parse().unwrap()
    }

    /// How many rows there are.
    pub fn count(&self, rest: &str) -> i64 {
        self.count_of("count(*)", rest)
    }

    /// Everything that is derived, and the log without keys that depend on the order of arrival. With or without how
    /// often each event was delivered.
    pub fn contents(&self, with_deliveries: bool) -> [Vec<String>; 3] {
        let calls = self.rows(
            "call_id, direction, from_number, to_number, number, party, peer, has_incoming, in_hours, started_ms, \
             accepted_ms, ended_ms, ending, talk_seconds, event_count",
            "from calls order by call_id",
        );
        let cells = self.rows("tier, bucket, subject, figures", "from cells order by tier, bucket, subject");
        let columns = "calls.call_id, digest, received_ms, body";
        let events = self.rows(
            &if with_deliveries { format!("{columns}, deliveries") } else { columns.to_owned() },
            "from (select * from events union all select * from surplus_events) log join calls on calls.id = call_key \
             order by calls.call_id, digest",
        );
        [calls, cells, events]
    }

    /// Keeps everybody else from writing.
    pub fn lock_writes(&self) -> WriteLock {
        match &self.engine {
            Engine::Sqlite { file } => {
                let connection = open_sqlite(file);
                connection.execute_batch("begin exclusive").unwrap();
                WriteLock { _sqlite: Some(connection), postgres: None }
            }
            Engine::Postgres { .. } => self.hold(&format!("select pg_advisory_lock({WRITE_LOCK})")),
        }
    }

    /// Keeps everybody else from what these statements lock, on PostgreSQL.
    pub fn hold(&self, sql: &str) -> WriteLock {
        let runtime = runtime();
        let connection = runtime.block_on(async {
            let mut connection = PgConnection::connect(&self.url).await.unwrap();
            connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
            connection
        });
        WriteLock { _sqlite: None, postgres: Some((runtime, connection)) }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Engine::Postgres { cluster, name } = &self.engine {
            let sql = format!("drop database if exists {name} with (force)");
            // The cluster is temporary: what stays goes with it, and it may be gone already.
            runtime().block_on(async {
                if let Ok(mut connection) = PgConnection::connect(cluster).await {
                    let _ = connection.execute(AssertSqlSafe(sql)).await;
                }
            });
        }
    }
}

/// How many rows there are in a database of a PostgreSQL.
pub fn count_at(url: &str, rest: &str) -> i64 {
    on_postgres(url, async |connection| {
        let row = connection.fetch_one(AssertSqlSafe(format!("select count(*) {rest}"))).await.unwrap();
        row.get(0)
    })
}

fn on_postgres<T>(url: &str, work: impl AsyncFnOnce(&mut PgConnection) -> T) -> T {
    runtime().block_on(async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let result = work(&mut connection).await;
        connection.close().await.unwrap();
        result
    })
}

fn open_sqlite(file: &str) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(file).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
    connection
}

fn sqlite_rows(connection: &rusqlite::Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let columns = statement.column_count();
    let text = |row: &rusqlite::Row<'_>| {
        let values = (0..columns).map(|column| match row.get_ref(column)? {
            ValueRef::Null => Ok("null".to_owned()),
            ValueRef::Integer(number) => Ok(number.to_string()),
            ValueRef::Real(number) => Ok(number.to_string()),
            ValueRef::Text(text) => Ok(String::from_utf8_lossy(text).into_owned()),
            ValueRef::Blob(bytes) => Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect()),
        });
        values.collect::<rusqlite::Result<Vec<_>>>().map(|values| values.join("|"))
    };
    statement.query_map([], text).unwrap().map(Result::unwrap).collect()
}
