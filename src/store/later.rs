//! A database that does not answer at the start: what needs none of it goes on, the rest waits until it was opened
//! and checked like any other.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sqlx::migrate::MigrateError;

use super::pools::{postgres_options, postgres_pools, sqlite_options, sqlite_pools};
use super::{Db, is_away, is_damage};

/// Lets connections through once it is open.
#[derive(Clone, Debug)]
pub struct Gate(Arc<AtomicBool>);

impl Gate {
    pub(super) fn new(is_open: bool) -> Self {
        Self(Arc::new(AtomicBool::new(is_open)))
    }

    /// From now on connections get through.
    pub fn open(&self) {
        self.0.store(true, Ordering::Release);
    }

    pub(super) fn pass(&self) -> Result<(), sqlx::Error> {
        let is_open = self.0.load(Ordering::Acquire);
        is_open.then_some(()).ok_or_else(|| sqlx::Error::Configuration("the database was not checked yet".into()))
    }
}

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
    /// The database that will be there, as one that does not answer until the gate is opened. Whoever opens it has
    /// opened the same database with [`Db::open`] before.
    ///
    /// # Errors
    /// When the url cannot be used.
    pub fn open_later(url: &str) -> Result<(Self, Gate), OpenError> {
        let gate = Gate::new(false);
        let db = match url.split_once(':') {
            Some(("sqlite", _)) => Self::Sqlite(sqlite_pools(sqlite_options(url)?, &gate)),
            Some(("postgres" | "postgresql", _)) => Self::Postgres(postgres_pools(postgres_options(url)?, &gate)),
            _ => return Err(OpenError::Url),
        };
        Ok((db, gate))
    }
}

impl OpenError {
    /// Tells damage from what else keeps a database from opening.
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

    /// Whether the same may work later, without anybody changing a setting.
    pub fn is_away(&self) -> bool {
        match self {
            Self::Open(error)
            | Self::Migrate(MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) => {
                is_away_at_start(error)
            }
            // A backup may take its place while calls are answered.
            Self::Damaged(_) => true,
            _ => false,
        }
    }
}

/// Stricter than [`super::StoreError::Away`]: what a wrong setting makes is no such thing.
fn is_away_at_start(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        // What stands before a server that is away, such as a proxy, takes connections and closes them.
        sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => {
            let is_postgres = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some();
            let code = error.code().unwrap_or_default();
            // SQLite's "cannot open" is a wrong path.
            code != "14" && is_away(is_postgres, &code)
        }
        _ => false,
    }
}
