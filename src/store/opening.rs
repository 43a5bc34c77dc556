//! Opening the database as it is used: there, of a known version, with its tables up to date.

use std::io;
use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::{ConnectOptions, Connection};

use super::condition::Condition;
use super::pools::{postgres_options, postgres_pools, sqlite_options, sqlite_pools};
use super::{Db, migrations, private};

/// How long a server may take to let the first connection in.
const FIRST_TIMEOUT: Duration = Duration::from_secs(5);
/// In the server's own way of counting.
const OLDEST_POSTGRES: i32 = 150_000;

/// Why the database cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The url names no database that we know.
    #[error("expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
    Url,
    /// It would be gone with the process, and every connection would have one of its own.
    #[error("a database in memory keeps nothing: give sqlite:PATH")]
    Memory,
    /// A PostgreSQL older than 15.
    #[error("PostgreSQL 15 or newer is needed, this is {0}")]
    Older(i32),
    /// There is no such file, or not even its folder.
    #[error("there is no {}", .0.display())]
    Missing(std::path::PathBuf),
    /// It does not open.
    #[error("{0}")]
    Open(#[source] sqlx::Error),
    /// What is in the file cannot be read.
    #[error(
        "the file is damaged or no SQLite database ({0}): `fernamt check` says where, if it can be read at all; restore a \
             backup (docs/operations.md says how)"
    )]
    Damaged(#[source] sqlx::Error),
    /// It was made by a newer fernamt.
    #[error("the database is newer than this program (it knows migration {0}): install the newer fernamt again")]
    Newer(i64),
    /// Its tables could not be made.
    #[error("its tables could not be brought up to date: {0}")]
    Migrate(#[source] sqlx::migrate::MigrateError),
}

impl Db {
    /// Opens the database, creates a SQLite file that is missing, and brings the tables up to date.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        if let Some(file) = url.starts_with("sqlite:").then(|| private::file_of(url)).flatten() {
            match private::create_new(&file) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(OpenError::Missing(file)),
                // There is one already, or SQLite will say what is wrong.
                _ => {}
            }
        }
        Self::open_existing(url).await
    }

    /// The same, but a SQLite file must be there.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open_existing(url: &str) -> Result<Self, OpenError> {
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
        // A first connection of its own: several at once would fight for switching to WAL.
        let first = options.connect().await.map_err(OpenError::Open)?;
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
            // Not as a writer, whose statements must be quick and who never waits long for others.
            Self::Postgres(pools) => migrations::postgres().run(&pools.aside).await,
        };
        done.map_err(|error| match error {
            MigrateError::VersionMissing(version) => OpenError::Newer(version),
            error => OpenError::Migrate(error),
        })
    }
}
