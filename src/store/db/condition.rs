//! The health state of the database: whether it may be used, written to, and given events. What this process knows of
//! it makes operations fail fast, and keeps them from making things worse.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::sqlite_code;
use super::error::{OpenError, StoreError};
use super::outage::{LogThrottle, Outage};
use super::private::identity;

/// The kinds of trouble with the database, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The database does not answer.
    Unreachable,
    /// The database answers, but refuses: a privilege or a table is gone.
    Refusing,
    /// Its file is damaged.
    Damaged,
    /// The file of the database is gone, or another one has taken its place.
    Missing,
    /// The database cannot be written.
    ReadOnly,
    /// Its disk is full.
    Full,
    /// A rebuild for other settings was interrupted and is done again.
    Rebuilding,
}

/// The health state, shared by all that use one database.
#[derive(Clone, Debug)]
pub struct Condition(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// Whether connections get through at all.
    is_open: AtomicBool,
    trouble: Mutex<Option<Trouble>>,
    since: Outage,
    throttle: Mutex<LogThrottle>,
    /// The number of times it was opened anew.
    openings: AtomicU64,
    /// The time of the last opening: connections from before may lead to a file that is none any more.
    renewed: Mutex<Instant>,
    /// The path of a SQLite database.
    file: Option<PathBuf>,
    /// Device and inode of the file when it was opened.
    opened: Mutex<Option<(u64, u64)>>,
}

impl Condition {
    /// Returns the state of a database that was opened, with `is_open`, else of one that is to be opened later.
    pub(in crate::store) fn new(is_open: bool, file: Option<&Path>) -> Self {
        let opened = file.filter(|_| is_open).and_then(identity);
        Self(Arc::new(Inner {
            is_open: AtomicBool::new(is_open),
            trouble: Mutex::default(),
            since: Outage::default(),
            throttle: Mutex::default(),
            openings: AtomicU64::new(0),
            renewed: Mutex::new(Instant::now()),
            file: file.map(ToOwned::to_owned),
            opened: Mutex::new(opened),
        }))
    }

    /// Marks the database as open and healthy: from now on it is used like any other. Somebody has opened it just now
    /// and found nothing wrong.
    pub fn open(&self) {
        *lock(&self.0.opened) = self.0.file.as_deref().and_then(identity);
        *lock(&self.0.renewed) = Instant::now();
        self.0.openings.fetch_add(1, Ordering::AcqRel);
        *lock(&self.0.trouble) = None;
        self.0.since.end();
        lock(&self.0.throttle).end();
        self.0.is_open.store(true, Ordering::Release);
    }

    /// Returns how often the database was opened anew: each time it may be another file, or an earlier state of it.
    pub(super) fn openings(&self) -> u64 {
        self.0.openings.load(Ordering::Acquire)
    }

    /// Records trouble: no events are stored, and except in a rebuild nothing is written, until somebody calls
    /// [`open`](Self::open). The log hears of it at once, then once a minute.
    pub fn suffer(&self, trouble: Trouble, why: &str) {
        *lock(&self.0.trouble) = Some(trouble);
        self.0.since.begin();
        if !lock(&self.0.throttle).is_due(Instant::now()) {
            return;
        }
        match trouble {
            Trouble::Damaged => tracing::error!(
                why,
                "the database is damaged: events wait in the spool; `fernamt check` says where, restore a backup \
                 (docs/operations.md says how)"
            ),
            Trouble::Missing => tracing::error!(why, "the database's file is gone: events wait in the spool"),
            Trouble::Rebuilding => tracing::warn!(why, "events wait in the spool until figures are derived again"),
            _ => tracing::error!(why, "the database cannot be used yet"),
        }
    }

    /// Records damage that somebody came across, so that all know of it from now on; ignores other errors.
    pub fn note(&self, error: &StoreError) {
        if error.is_damage() {
            self.suffer(Trouble::Damaged, &error.to_string());
        }
    }

    /// Returns what is wrong; `None` while all is well.
    pub fn trouble(&self) -> Option<Trouble> {
        *lock(&self.0.trouble)
    }

    /// Returns since when there is trouble, milliseconds since 1970 UTC; `None` while all is well.
    pub fn trouble_since_ms(&self) -> Option<i64> {
        self.0.since.since_ms()
    }

    /// Returns whether connections get through.
    pub fn is_open(&self) -> bool {
        self.0.is_open.load(Ordering::Acquire)
    }

    /// Returns whether the file is another one than was opened; `None` if there is none.
    pub fn is_another_file(&self) -> Option<bool> {
        let Some(file) = &self.0.file else { return Some(false) };
        let there = identity(file)?;
        Some(lock(&self.0.opened).is_some_and(|opened| opened != there))
    }

    /// Checks that the database may be asked anything.
    pub(in crate::store) fn may_read(&self) -> Result<(), sqlx::Error> {
        if self.is_open() { Ok(()) } else { Err(refused("it was not opened yet")) }
    }

    /// Checks that the database may be changed: a damaged file had better stay as it is.
    pub(in crate::store) fn may_write(&self) -> Result<(), sqlx::Error> {
        self.may_read()?;
        match self.trouble() {
            None | Some(Trouble::Rebuilding) => Ok(()),
            Some(Trouble::Damaged) => Err(refused("it is damaged")),
            Some(_) => Err(refused("it is not there")),
        }
    }

    /// Checks that events may be stored.
    pub(in crate::store) fn may_record(&self) -> Result<(), sqlx::Error> {
        self.may_write()?;
        match self.trouble() {
            Some(Trouble::Rebuilding) => Err(refused("its figures are derived again first")),
            _ => Ok(()),
        }
    }

    /// Returns whether a connection of this age was made since the last opening, so that it leads to what is used now.
    pub(super) fn is_current(&self, age: Duration) -> bool {
        age <= lock(&self.0.renewed).elapsed()
    }
}

fn refused(why: &'static str) -> sqlx::Error {
    sqlx::Error::Io(io::Error::other(why))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Trouble {
    /// Classifies what keeps a database from being opened.
    pub fn of_opening(error: &OpenError) -> Self {
        match error {
            OpenError::Damaged(_) => Self::Damaged,
            OpenError::Missing(_) => Self::Missing,
            other => other.cause().map_or(Self::Unreachable, Self::of),
        }
    }

    /// Classifies what keeps a database from being read.
    pub fn of_store(error: &StoreError) -> Self {
        match error {
            StoreError::Unavailable(error) | StoreError::Conflict(error) => Self::of(error),
            StoreError::TooLong | StoreError::Over(_) => Self::Unreachable,
            // A file of which a table is missing is not what it was.
            StoreError::Rejected(error) if sqlite_code(error).is_some() => Self::Damaged,
            StoreError::Rejected(_) => Self::Refusing,
            StoreError::Damaged(_) => Self::Damaged,
        }
    }

    fn of(error: &sqlx::Error) -> Self {
        let sqlx::Error::Database(database) = error else { return Self::Unreachable };
        let code = database.code().unwrap_or_default();
        match sqlite_code(error) {
            // "Cannot open" of a file that is there: the files beside it cannot be created.
            Some(8 | 14) => Self::ReadOnly,
            Some(11 | 26) => Self::Damaged,
            Some(13) => Self::Full,
            Some(_) => Self::Unreachable,
            None if code == "25006" => Self::ReadOnly,
            None if ["28", "3D", "3F", "42"].iter().any(|class| code.starts_with(class)) => Self::Refusing,
            None => Self::Unreachable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_says_what_may_still_be_done() {
        let all = |condition: &Condition| {
            [condition.may_read(), condition.may_write(), condition.may_record()].map(|may| may.is_ok())
        };
        let condition = Condition::new(false, None);
        assert_eq!((all(&condition), condition.trouble()), ([false; 3], None));
        condition.open();
        assert_eq!((all(&condition), condition.trouble_since_ms()), ([true; 3], None));
        for (trouble, may) in [
            (Trouble::Damaged, [true, false, false]),
            (Trouble::Missing, [true, false, false]),
            (Trouble::Rebuilding, [true, true, false]),
        ] {
            condition.suffer(trouble, "a test");
            assert_eq!((all(&condition), condition.trouble()), (may, Some(trouble)));
            assert!(condition.trouble_since_ms().is_some());
            condition.open();
        }
        assert_eq!((all(&condition), condition.trouble_since_ms()), ([true; 3], None));
    }

    #[test]
    fn a_file_that_takes_the_place_of_another_is_noticed_and_old_connections_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let [file, other] = ["a", "b"].map(|name| folder.path().join(name));
        std::fs::write(&file, "a").unwrap();
        std::fs::write(&other, "b").unwrap();
        let condition = Condition::new(true, Some(&file));
        assert_eq!(condition.is_another_file(), Some(false));
        std::fs::rename(&other, &file).unwrap();
        assert_eq!(condition.is_another_file(), Some(true));
        std::thread::sleep(Duration::from_millis(30));
        assert!(condition.is_current(Duration::from_millis(20)));
        condition.open();
        assert_eq!(condition.is_another_file(), Some(false));
        assert!(!condition.is_current(Duration::from_secs(1)));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(condition.is_another_file(), None);
    }
}
