//! Backups: copies of a SQLite database.

use std::fs::{File, Metadata, OpenOptions, TryLockError, hard_link, remove_file};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use super::engine::Db;
use super::error::StoreError;
use super::private::{create_new, with_ending};
use crate::durable::{missing_folder, sync_folder_of};

/// The magic bytes with which a SQLite file begins.
const HEADER: &[u8] = b"SQLite format 3\0";
/// Maximum number of attempts to become the only one who writes a file.
const ATTEMPTS: u32 = 10;

/// The reason why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database is PostgreSQL, which has tools of its own.
    #[error("backup copies SQLite databases; of PostgreSQL make copies with pg_dump or its own replication")]
    Postgres,
    /// The file exists already.
    #[error("{}: there is such a file already, and backup never overwrites one", .0.display())]
    Exists(PathBuf),
    /// Another backup to the same file is running.
    #[error("{}: another backup to this file is running", .0.display())]
    Running(PathBuf),
    /// The folder for the copy does not exist.
    #[error("{}: its folder does not exist, make it first", .0.display())]
    NoFolder(PathBuf),
    /// The file cannot be read or written.
    #[error("{}: {error}", .path.display())]
    File {
        /// The path of the file.
        path: PathBuf,
        /// The cause.
        error: io::Error,
    },
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes a snapshot of the database as of one moment, while that goes on being written to. The copy is complete and on
/// disk before it gets its name; only its owner may read it.
///
/// # Errors
/// When it is no SQLite database, the file exists, or it cannot be written.
pub async fn back_up(db: &Db, file: &Path) -> Result<(), BackupError> {
    let Db::Sqlite(pools) = db else { return Err(BackupError::Postgres) };
    let failed = |error| BackupError::File { path: file.to_owned(), error };
    if file.try_exists().map_err(failed)? {
        return Err(BackupError::Exists(file.to_owned()));
    }
    if missing_folder(file).is_some() {
        return Err(BackupError::NoFolder(file.to_owned()));
    }
    let unfinished = Unfinished::begin(file)?;
    // Another backup may have ended meanwhile.
    if file.try_exists().map_err(failed)? {
        return Err(BackupError::Exists(file.to_owned()));
    }
    // SQLite writes into an empty file, which already has its owner and mode.
    let copied =
        sqlx::query("vacuum into $1").bind(unfinished.path.to_string_lossy().into_owned()).execute(&pools.aside).await;
    copied.map_err(StoreError::from)?;
    File::open(&unfinished.path).and_then(|copy| copy.sync_all()).map_err(failed)?;
    // Unlike renaming, this fails if somebody else has put a file there meanwhile.
    hard_link(&unfinished.path, file).map_err(failed)?;
    sync_folder_of(file).map_err(failed)
}

/// A temporary file that is removed on drop, whether finished or not. Its writer holds the lock of a lock file beside
/// it, which ends with the process: a temporary file whose lock nobody holds was left behind. SQLite locks the file
/// itself, and not every file system tells these locks from others.
struct Unfinished {
    path: PathBuf,
    // Released after the file is gone.
    _lock: Lock,
}

impl Unfinished {
    fn begin(file: &Path) -> Result<Self, BackupError> {
        let path = with_ending(file, ".part");
        let lock = Lock::take(&with_ending(&path, ".lock"))?;
        let lock = lock.ok_or_else(|| BackupError::Running(file.to_owned()))?;
        for _ in 0..ATTEMPTS {
            match create_new(&path) {
                Ok(_) => return Ok(Self { path, _lock: lock }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(BackupError::File { path, error }),
            }
            // Where the file system has no locks nobody knows whether another backup is at it.
            if !lock.is_locked {
                return Err(BackupError::Exists(path));
            }
            match clear_away(&path) {
                Ok(true) => {}
                Ok(false) => return Err(BackupError::Exists(path)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(BackupError::File { path, error }),
            }
        }
        Err(BackupError::Running(file.to_owned()))
    }
}

/// Removes what a killed backup has left behind. Returns `false` when the file is something else.
fn clear_away(path: &Path) -> io::Result<bool> {
    let left = match File::open(path) {
        Ok(left) => left,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    };
    // An earlier version may be at it, which locks the file itself.
    if let Err(TryLockError::WouldBlock) = left.try_lock() {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    if !is_copy(&left)? {
        return Ok(false);
    }
    // Never written over: it may have got its final name, too, before its process was gone.
    if is_at(&left, path)? {
        remove_file(path)?;
    }
    Ok(true)
}

/// The advisory file lock of a running backup.
struct Lock {
    file: File,
    path: PathBuf,
    /// Whether this file system supports locks at all.
    is_locked: bool,
}

impl Lock {
    /// Takes the lock; returns `None` when somebody else has it.
    fn take(path: &Path) -> Result<Option<Self>, BackupError> {
        let failed = |error| BackupError::File { path: path.to_owned(), error };
        for _ in 0..ATTEMPTS {
            // Opened for both, because where such a lock is emulated by others it needs write access.
            let mut options = OpenOptions::new();
            let options = options.read(true).write(true).create(true).truncate(false).mode(0o600);
            let file = options.open(path).map_err(failed)?;
            let is_locked = match file.try_lock() {
                Ok(()) => true,
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(_)) => false,
            };
            // The former holder may have removed the file just now.
            if is_at(&file, path).map_err(failed)? {
                return Ok(Some(Self { file, path: path.to_owned(), is_locked }));
            }
        }
        Ok(None)
    }
}

/// Returns whether this may be an unfinished copy of SQLite's: the first page may be written last.
fn is_copy(file: &File) -> io::Result<bool> {
    let mut start = Vec::new();
    file.take(HEADER.len() as u64).read_to_end(&mut start)?;
    Ok(HEADER.starts_with(&start) || start.iter().all(|&byte| byte == 0))
}

/// Returns whether the path still names this file, by device and inode.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    match std::fs::metadata(path) {
        Ok(there) => Ok(identity(there) == identity(file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // If it cannot be removed, the next backup to this name removes it.
        let _ = remove_file(&self.path);
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A lock file that is left keeps nobody from taking the lock; and one with content is not ours.
        if self.file.metadata().is_ok_and(|found| found.len() == 0) {
            let _ = remove_file(&self.path);
        }
    }
}
