//! Copies of a SQLite database.

use std::fs::{File, Metadata, TryLockError, hard_link, remove_file};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::private::create_new;
use super::{Db, StoreError};
use crate::durable::sync_folder_of;

/// How a SQLite file begins.
const HEADER: &[u8] = b"SQLite format 3\0";
/// How often it is tried to be the one who writes a file.
const ATTEMPTS: u32 = 10;

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// PostgreSQL has tools of its own.
    #[error("backup copies SQLite databases; of PostgreSQL make copies with pg_dump or its own replication")]
    Postgres,
    /// There is something already.
    #[error("{}: there is such a file already, and backup never overwrites one", .0.display())]
    Exists(PathBuf),
    /// Another one is at it.
    #[error("{}: another backup to this file is running", .0.display())]
    Running(PathBuf),
    /// The file cannot be written.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The database does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes a copy as of one moment while the database goes on being written to. It is complete and on disk before
/// it gets its name; only its owner may read it.
///
/// # Errors
/// When it is no SQLite database, the file exists, or it cannot be written.
pub async fn back_up(db: &Db, file: &Path) -> Result<(), BackupError> {
    let Db::Sqlite(pools) = db else { return Err(BackupError::Postgres) };
    let failed = |error| BackupError::File { path: file.to_owned(), error };
    if file.try_exists().map_err(failed)? {
        return Err(BackupError::Exists(file.to_owned()));
    }
    let unfinished = Unfinished::begin(file)?;
    // SQLite writes into an empty file, which already has its owner.
    let copied =
        sqlx::query("vacuum into $1").bind(unfinished.path.to_string_lossy().into_owned()).execute(&pools.aside).await;
    copied.map_err(StoreError::from)?;
    File::open(&unfinished.path).and_then(|copy| copy.sync_all()).map_err(failed)?;
    // Unlike renaming, this fails if somebody else has put a file there meanwhile.
    hard_link(&unfinished.path, file).map_err(failed)?;
    sync_folder_of(file).map_err(failed)
}

/// A file that goes when it is not needed any more, or when it was not finished. Whoever works on it holds its lock, which
/// ends with its process: one that nobody holds was left behind.
struct Unfinished {
    path: PathBuf,
    _locked: File,
}

impl Unfinished {
    fn begin(file: &Path) -> Result<Self, BackupError> {
        let mut path = file.as_os_str().to_owned();
        path.push(".part");
        let path = PathBuf::from(path);
        for _ in 0..ATTEMPTS {
            match Self::begin_at(&path) {
                Ok(Some(locked)) => return Ok(Self { path, _locked: locked }),
                Ok(None) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(BackupError::Exists(path));
                }
                Err(error) => return Err(BackupError::File { path, error }),
            }
        }
        Err(BackupError::Running(file.to_owned()))
    }

    /// `None` when somebody else was faster, or what was left behind is out of the way now.
    fn begin_at(path: &Path) -> io::Result<Option<File>> {
        match create_new(path) {
            Ok(new) => {
                match new.try_lock() {
                    // Where there are no locks, whoever was first is told by the name alone.
                    Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                    locked => locked?,
                }
                Ok(is_at(&new, path)?.then_some(new))
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                let left = match File::open(path) {
                    Ok(left) => left,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    Err(error) => return Err(error),
                };
                left.try_lock()?;
                if !is_copy(&left)? {
                    return Err(error);
                }
                // Never written over: it may have got its name, too, before its process was gone.
                if is_at(&left, path)? {
                    remove_file(path)?;
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

/// Whether this may be what SQLite had written of a copy: the first page may come last.
fn is_copy(file: &File) -> io::Result<bool> {
    let mut start = Vec::new();
    file.take(HEADER.len() as u64).read_to_end(&mut start)?;
    Ok(HEADER.starts_with(&start) || start.iter().all(|&byte| byte == 0))
}

/// Whether the file has this name still.
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
        // If it cannot be removed, the next copy to this name does.
        let _ = remove_file(&self.path);
    }
}
