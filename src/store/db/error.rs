//! The errors of the database, and whether the same may work later.

use super::question::Over;
use super::turns::LOCK_NOT_AVAILABLE;
use crate::durable::missing_folder;

/// The reason why the database did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is full, read-only, locked or damaged: the same may work later.
    #[error("the database does not answer: {0}")]
    Unavailable(#[source] sqlx::Error),
    /// A transaction took too long and was given up: it may be too much at once, or the database does not answer.
    #[error("the database took too long")]
    TooLong,
    /// The database gave another transaction the right of way: the same works when repeated at once.
    #[error("the database gave way to another transaction: {0}")]
    Conflict(#[source] sqlx::Error),
    /// The database does not take this statement; repeating is no use.
    #[error("the database rejected the statement: {0}")]
    Rejected(#[source] sqlx::Error),
    /// The statement was cancelled: it took too long, or nobody waits for the answer.
    #[error(transparent)]
    Over(#[from] Over),
    /// Stored data cannot be read.
    #[error("stored data cannot be read: {0}")]
    Damaged(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = &error else {
            return match error {
                sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Damaged(error.to_string()),
                sqlx::Error::RowNotFound | sqlx::Error::Encode(_) => Self::Rejected(error),
                sqlx::Error::AnyDriverError(cause) if cause.is::<Over>() => Self::Over(Over),
                _ => Self::Unavailable(error),
            };
        };
        let code = database.code().unwrap_or_default();
        let is_postgres = database.try_downcast_ref::<sqlx::postgres::PgDatabaseError>().is_some();
        if is_too_long(is_postgres, &code) {
            Self::TooLong
        } else if is_postgres && ["40001", "40P01", LOCK_NOT_AVAILABLE].contains(&&*code) {
            Self::Conflict(error)
        } else if is_away(is_postgres, &code) || is_changed(is_postgres, &code) {
            Self::Unavailable(error)
        } else {
            Self::Rejected(error)
        }
    }
}

/// Returns whether an error with this code is not the statement's fault: the database cannot be used just now.
pub(in crate::store) fn is_away(is_postgres: bool, code: &str) -> bool {
    if is_postgres {
        // Read-only; then connection trouble, too few resources, operator intervention, system error.
        code == "25006" || ["08", "53", "57", "58"].iter().any(|class| code.starts_with(class))
    } else {
        // The low byte of SQLite's extended code: busy, locked, no memory, read-only, I/O error, corrupt, full, cannot
        // open, locking protocol, not a database.
        matches!(code.parse::<u32>().unwrap_or_default() & 0xff, 5..=8 | 10 | 11 | 13..=15 | 26)
    }
}

/// Returns whether an error with this code says that the database is another one than it was: who may come in, what
/// they may do, and which tables there are has changed, or it is damaged. At the start that is a wrong setting.
fn is_changed(is_postgres: bool, code: &str) -> bool {
    // Authorization, database, schema; then privilege, table, damaged data, damaged index. Any other internal error may
    // be of one statement alone.
    is_postgres
        && (["28", "3D", "3F"].iter().any(|class| code.starts_with(class))
            || ["42501", "42P01", "XX001", "XX002"].contains(&code))
}

/// Returns whether an error with this code says that a statement or a transaction was given up for the time it took:
/// PostgreSQL's `statement_timeout` and `idle_in_transaction_session_timeout`, SQLite's interrupt.
fn is_too_long(is_postgres: bool, code: &str) -> bool {
    if is_postgres {
        ["57014", "25P03"].contains(&code)
    } else {
        code.parse::<u32>().is_ok_and(|code| code & 0xff == 9)
    }
}

/// Returns the low byte of SQLite's error code; `None` for what is no error of SQLite.
pub(super) fn sqlite_code(error: &sqlx::Error) -> Option<u32> {
    let sqlx::Error::Database(error) = error else { return None };
    error.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    error.code()?.parse::<u32>().ok().map(|code| code & 0xff)
}

/// Returns whether SQLite found another process that writes.
fn is_busy(error: &sqlx::Error) -> bool {
    sqlite_code(error) == Some(5)
}

/// Returns whether SQLite found its file damaged, or no database at all.
pub(super) fn is_damage(error: &sqlx::Error) -> bool {
    matches!(sqlite_code(error), Some(11 | 26))
}

impl StoreError {
    /// Converts the error of a failed connection: whatever it is, it is not the fault of what was to be done with one.
    pub(in crate::store) fn of_connecting(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::AnyDriverError(cause) if cause.is::<Over>() => Self::Over(Over),
            error => Self::Unavailable(error),
        }
    }

    /// Returns whether another connection might do better, such as one that was opened when the file could be written
    /// again. On a full disk SQLite ends a transaction by itself and refuses to roll it back: the connection would be
    /// in it for ever.
    pub(in crate::store) fn is_of_connection(&self) -> bool {
        match self {
            Self::Unavailable(error) => !is_busy(error),
            Self::TooLong => true,
            _ => false,
        }
    }

    /// Returns whether the error is transient: the same may work later.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Conflict(_) | Self::TooLong)
    }

    /// Returns whether the file of the database is damaged.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Unavailable(error) if is_damage(error))
    }
}

/// Why the database cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The url names no database that we know.
    #[error("expected sqlite:PATH or postgres://USER:PASSWORD@HOST/DATABASE")]
    Url,
    /// A SQLite database in memory: it would be gone with the process, and every connection would have one of its own.
    #[error("a database in memory keeps nothing: give sqlite:PATH")]
    Memory,
    /// A PostgreSQL older than 15.
    #[error("PostgreSQL 15 or newer is needed, this is {0}")]
    Older(i32),
    /// The database file does not exist, or not even its folder.
    #[error("there is no {}{}", .0.display(), missing_folder(.0).map_or("", |_| ": its folder does not exist, make it first"))]
    Missing(std::path::PathBuf),
    /// The database cannot be opened.
    #[error("{0}")]
    Open(#[source] sqlx::Error),
    /// The file is damaged or no SQLite database.
    #[error(
        "the file is damaged or no SQLite database ({0}): `fernamt check` says where, if it can be read at all; restore a \
             backup (docs/operations.md says how)"
    )]
    Damaged(#[source] sqlx::Error),
    /// The database was made by a newer fernamt; holds the migration that is not known here.
    #[error("the database is newer than this program (it knows migration {0}): install the newer fernamt again")]
    Newer(i64),
    /// A migration of its tables failed.
    #[error("its tables could not be brought up to date: {0}")]
    Migrate(#[source] sqlx::migrate::MigrateError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_changed_in_the_database_is_no_fault_of_a_statement_and_at_the_start_a_wrong_setting() {
        for code in ["28P01", "28000", "3D000", "3F000", "42P01", "42501", "XX001", "XX002"] {
            assert!(is_changed(true, code) && !is_away(true, code), "{code}");
        }
        for code in ["25006", "57P01", "08006", "53300"] {
            assert!(is_away(true, code) && !is_changed(true, code), "{code}");
        }
        for code in ["23505", "42601", "22021", "P0001", "42703", "XX000"] {
            assert!(!is_away(true, code) && !is_changed(true, code), "{code}");
        }
        // As SQLite's extended codes, which only differ in what is above the low byte.
        for code in [5, 7, 15, 15 + 256, 26] {
            assert!(is_away(false, &code.to_string()), "{code}");
        }
        for code in [1, 9, 19, 19 + 1_555 * 256] {
            assert!(!is_away(false, &code.to_string()) && !is_changed(false, &code.to_string()), "{code}");
        }
    }

    #[test]
    fn what_was_given_up_for_its_time_is_too_much_at_once_and_the_database_is_not_away() {
        for code in ["57014", "25P03"] {
            assert!(is_too_long(true, code), "{code}");
        }
        assert!(is_too_long(false, "9") && !is_too_long(true, "57P01") && !is_too_long(false, "5"));
        assert!(!is_away(true, "25P03"));
    }

    #[test]
    fn why_there_is_no_connection_is_nobodys_fault() {
        let errors = [sqlx::Error::RowNotFound, sqlx::Error::Encode("no text".into()), sqlx::Error::PoolTimedOut];
        for error in errors {
            assert!(StoreError::of_connecting(error).is_passing());
        }
        assert!(matches!(StoreError::of_connecting(crate::store::db::question::over()), StoreError::Over(_)));
    }
}
