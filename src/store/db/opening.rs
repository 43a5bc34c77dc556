//! Opens the database for use: checks that it exists and has a known version, and migrates its tables.

use std::io;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::sqlite::SqliteJournalMode;
use sqlx::{ConnectOptions, Connection};

use super::condition::Condition;
use super::engine::Db;
use super::error::{OpenError, is_damage};
use super::pools::{postgres_options, postgres_pools, reading_options, sqlite_options, sqlite_pools};
use super::{migrations, private, server_files};

/// How long the first connection to a SQLite file waits for others who write.
const FIRST_GAP: Duration = Duration::from_secs(3);
/// How long a PostgreSQL server may take to accept the first connection.
const FIRST_TIMEOUT: Duration = Duration::from_secs(5);
/// The oldest supported PostgreSQL version, in the format of `server_version_num`.
const OLDEST_POSTGRES: i32 = 150_000;

impl Db {
    /// Opens the database, creates a SQLite file that is missing, and brings the tables up to date.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        if let Some(file) = url.starts_with("sqlite:").then(|| server_files::file_of(url)).flatten() {
            match private::create_new(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(OpenError::Missing(file)),
                // The file exists already, or SQLite will say what is wrong.
                _ => {}
            }
        }
        Self::open_as_it_is(url).await
    }

    /// Like [`open`](Self::open), but a SQLite file must exist and hold a fernamt database: an empty file is refused
    /// and left as it is.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_existing(url: &str) -> Result<Self, OpenError> {
        if url.starts_with("sqlite:") {
            must_be_ours(url).await?;
        }
        Self::open_as_it_is(url).await
    }

    async fn open_as_it_is(url: &str) -> Result<Self, OpenError> {
        let db = match url.split_once(':') {
            Some(("sqlite", _)) => Self::open_sqlite(url).await,
            Some(("postgres" | "postgresql", _)) => Self::open_postgres(url).await,
            _ => return Err(OpenError::Url),
        };
        let db = db.map_err(OpenError::look_closer)?;
        db.migrate().await.map_err(OpenError::look_closer)?;
        Ok(db)
    }

    async fn open_sqlite(url: &str) -> Result<Self, OpenError> {
        let options = sqlite_options(url)?;
        let file = options.get_filename().to_owned();
        if file.try_exists().is_ok_and(|is_there| !is_there) {
            return Err(OpenError::Missing(file));
        }
        // A separate first connection, because several at once would compete for switching to WAL mode. The mode is
        // stored in the file, so later connections need not set it: when they read, they write nothing, even if another
        // file stands there by then.
        // It optimizes on close, which writes, and has to find a gap if a server writes without a pause.
        let first = options.clone().busy_timeout(FIRST_GAP).journal_mode(SqliteJournalMode::Wal);
        let first = first.connect().await.map_err(OpenError::Open)?;
        first.close().await.map_err(OpenError::Open)?;
        Ok(Self::Sqlite(sqlite_pools(options, Condition::new(true, Some(&file)))))
    }

    async fn open_postgres(url: &str) -> Result<Self, OpenError> {
        let options = postgres_options(url)?;
        let first = tokio::time::timeout(FIRST_TIMEOUT, options.connect()).await;
        let mut first = first.unwrap_or(Err(sqlx::Error::PoolTimedOut)).map_err(OpenError::Open)?;
        let version: i32 = sqlx::query_scalar("select cast(current_setting('server_version_num') as integer)")
            .fetch_one(&mut first)
            .await
            .map_err(OpenError::Open)?;
        if version < OLDEST_POSTGRES {
            return Err(OpenError::Older(version / 10_000));
        }
        first.close().await.map_err(OpenError::Open)?;
        Ok(Self::Postgres(postgres_pools(options, Condition::new(true, None))))
    }

    async fn migrate(&self) -> Result<(), OpenError> {
        let done = match self {
            Self::Sqlite(pools) => migrations::sqlite().run(&pools.write).await,
            // Not on a connection of the writer, which has short statement and lock timeouts.
            Self::Postgres(pools) => migrations::postgres().run(&pools.aside).await,
        };
        done.map_err(|error| match error {
            MigrateError::VersionMissing(version) => OpenError::Newer(version),
            error => OpenError::Migrate(error),
        })
    }
}

/// Checks, without changing anything, that a file holds a fernamt database.
async fn must_be_ours(url: &str) -> Result<(), OpenError> {
    let options = reading_options(url)?;
    let no_database = |why: &str| OpenError::Damaged(sqlx::Error::InvalidArgument(why.to_owned()));
    if private::is_empty(options.get_filename()) {
        return Err(no_database("it is empty"));
    }
    let tables = async {
        let mut connection = options.connect().await?;
        let found: i64 = sqlx::query_scalar("select count(*) from sqlite_schema where name = '_sqlx_migrations'")
            .fetch_one(&mut connection)
            .await?;
        connection.close().await?;
        Ok(found)
    };
    match tables.await {
        Ok(0) => Err(no_database("it holds no tables of fernamt")),
        Err(error) if is_damage(&error) => Err(OpenError::Damaged(error)),
        // Any other error also makes opening fail, or is over by then.
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_must_be_there_is_not_made_from_a_file_that_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let url = format!("sqlite:{}", file.display());
        assert!(matches!(Db::open_existing(&url).await, Err(OpenError::Missing(_))));
        std::fs::write(&file, "").unwrap();
        let error = Db::open_existing(&url).await.err().unwrap();
        assert!(matches!(error, OpenError::Damaged(_)) && error.is_away() && error.to_string().contains("empty"));
        assert_eq!(std::fs::metadata(&file).unwrap().len(), 0);
        // Another program's database.
        let mut other = reading_options(&url).unwrap().read_only(false).connect().await.unwrap();
        sqlx::raw_sql("create table letters (text)").execute(&mut other).await.unwrap();
        other.close().await.unwrap();
        let before = std::fs::read(&file).unwrap();
        assert!(matches!(Db::open_existing(&url).await, Err(OpenError::Damaged(_))));
        assert!(std::fs::read(&file).unwrap() == before, "it is as it was");
        std::fs::remove_file(&file).unwrap();
        Db::open(&url).await.unwrap().close().await;
        Db::open_existing(&url).await.unwrap().close().await;
    }
}
