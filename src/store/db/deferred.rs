//! Deferred opening of a database that does not answer at the start: what needs none of it goes on, the rest waits
//! until it was opened and checked like any other.

use sqlx::migrate::MigrateError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};

use super::condition::Condition;
use super::engine::Db;
use super::error::{OpenError, is_away, is_damage};
use super::pools::{postgres_options, postgres_pools, reading_options, sqlite_options, sqlite_pools};
use super::{migrations, private};

impl Db {
    /// Returns the database that will be there, as one that does not answer until its [`Condition`] is said to be open.
    /// Whoever says so has opened the same database with [`Db::open`] before.
    ///
    /// # Errors
    /// When the url cannot be used.
    pub fn open_later(url: &str) -> Result<Self, OpenError> {
        match url.split_once(':') {
            Some(("sqlite", _)) => {
                let options = sqlite_options(url)?;
                let condition = Condition::new(false, Some(options.get_filename()));
                Ok(Self::Sqlite(sqlite_pools(options, condition)))
            }
            Some(("postgres" | "postgresql", _)) => {
                Ok(Self::Postgres(postgres_pools(postgres_options(url)?, Condition::new(false, None))))
            }
            _ => Err(OpenError::Url),
        }
    }

    /// Opens the database for reading, as far as that is possible without changing anything, where [`Db::open`] fails:
    /// its disk may be full or read-only.
    ///
    /// # Errors
    /// When it is newer, or cannot be read either.
    pub async fn open_for_reading(url: &str) -> Result<Self, OpenError> {
        let db = match url.split_once(':') {
            Some(("sqlite", _)) => {
                let options = readable(url).await?;
                let condition = Condition::new(true, Some(options.get_filename()));
                Self::Sqlite(sqlite_pools(options, condition))
            }
            Some(("postgres" | "postgresql", _)) => {
                Self::Postgres(postgres_pools(postgres_options(url)?, Condition::new(true, None)))
            }
            _ => return Err(OpenError::Url),
        };
        let newest = newest_migration(&db).await;
        let error = match newest {
            Ok(newest) if newest > migrations::newest() => OpenError::Newer(newest),
            Ok(_) => return Ok(db),
            Err(error) => OpenError::Open(error).look_closer(),
        };
        db.close().await;
        Err(error)
    }
}

async fn newest_migration(db: &Db) -> Result<i64, sqlx::Error> {
    const NEWEST: &str = "select cast(coalesce(max(version), 0) as bigint) from _sqlx_migrations";
    match db {
        Db::Sqlite(pools) => sqlx::query_scalar(NEWEST).fetch_one(&pools.read).await,
        Db::Postgres(pools) => sqlx::query_scalar(NEWEST).fetch_one(&pools.read).await,
    }
}

/// Returns the options by which this file can be read. Where nothing can be created beside it and there is no
/// write-ahead log, the file is all there is, and is opened as immutable.
async fn readable(url: &str) -> Result<SqliteConnectOptions, OpenError> {
    let options = reading_options(url)?;
    let log = private::beside(options.get_filename()).into_iter().next();
    let has_log = log.and_then(|log| std::fs::metadata(log).ok()).is_some_and(|log| log.len() > 0);
    let looked = async {
        let mut connection = options.connect().await?;
        sqlx::query("select 1 from sqlite_schema").execute(&mut connection).await?;
        connection.close().await
    };
    Ok(if looked.await.is_err() && !has_log { options.immutable(true) } else { options })
}

impl OpenError {
    /// Tells damage from other reasons why a database cannot be opened.
    pub(super) fn look_closer(self) -> Self {
        match self {
            Self::Open(error)
            | Self::Migrate(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _))
                if is_damage(&error) =>
            {
                Self::Damaged(error)
            }
            other => other,
        }
    }

    /// Returns the error of the database itself, if any.
    pub(super) fn cause(&self) -> Option<&sqlx::Error> {
        match self {
            Self::Open(error)
            | Self::Damaged(error)
            | Self::Migrate(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => Some(error),
            _ => None,
        }
    }

    /// Returns whether the same may work later, without anybody changing a setting.
    pub fn is_away(&self) -> bool {
        match self {
            // A backup may be restored in its place while calls are answered; a disk may be mounted.
            Self::Damaged(_) | Self::Missing(_) => true,
            other => other.cause().is_some_and(is_away_at_start),
        }
    }
}

/// Returns whether the database is away. Stricter than [`super::error::StoreError::Unavailable`]: the consequences of a wrong
/// setting do not count.
fn is_away_at_start(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        // A proxy in front of a server that is away takes connections and closes them.
        sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => {
            let is_postgres = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some();
            is_away(is_postgres, &error.code().unwrap_or_default())
        }
        _ => false,
    }
}
