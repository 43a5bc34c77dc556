//! Copies of a SQLite database, and whether its file is sound.

use std::fs::{File, OpenOptions, hard_link, remove_file};
use std::io;
use std::path::{Path, PathBuf};

use super::{Db, StoreError, is_damage};

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// PostgreSQL has tools of its own.
    #[error("backup copies SQLite databases; of PostgreSQL make copies with pg_dump or its own replication")]
    Postgres,
    /// There is something already.
    #[error("{}: there is such a file already, and backup never overwrites one", .0.display())]
    Exists(PathBuf),
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
    let mut unfinished = file.as_os_str().to_owned();
    unfinished.push(".part");
    let unfinished = Unfinished(unfinished.into());
    new_file(&unfinished.0).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists(unfinished.0.clone()),
        _ => failed(error),
    })?;
    // SQLite writes into an empty file, which already has its owner.
    let copied =
        sqlx::query("vacuum into $1").bind(unfinished.0.to_string_lossy().into_owned()).execute(&pools.aside).await;
    copied.map_err(StoreError::from)?;
    File::open(&unfinished.0).and_then(|copy| copy.sync_all()).map_err(failed)?;
    // Unlike renaming, this fails if somebody else has put a file there meanwhile.
    hard_link(&unfinished.0, file).map_err(failed)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

/// A file that goes when it is not needed any more, or when it was not finished.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // If it cannot be removed it is only in the way of the next copy, which says so.
        let _ = remove_file(&self.0);
    }
}

fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// What the engine itself finds wrong with the database, in its own words. PostgreSQL looks after its files
/// itself.
///
/// # Errors
/// When the database does not answer.
pub async fn damages(db: &Db) -> Result<Vec<String>, StoreError> {
    let Db::Sqlite(pools) = db else { return Ok(Vec::new()) };
    let found = sqlx::query_scalar("pragma integrity_check").fetch_all(&pools.read).await;
    let mut damages = found.or_else(damage_itself)?;
    damages.retain(|line| line != "ok");
    let orphans: Result<Vec<(String, Option<i64>)>, _> =
        sqlx::query_as("select \"table\", rowid from pragma_foreign_key_check").fetch_all(&pools.read).await;
    let orphan = |(table, row): (String, Option<i64>)| {
        format!("{table}: row {} belongs to nothing", row.map_or("?".to_owned(), |row| row.to_string()))
    };
    let found = orphans.map(|orphans| orphans.into_iter().map(orphan).collect());
    damages.extend(found.or_else(damage_itself)?);
    Ok(damages)
}

/// A file can be too damaged to be looked through.
fn damage_itself(error: sqlx::Error) -> Result<Vec<String>, StoreError> {
    if is_damage(&error) { Ok(vec![error.to_string()]) } else { Err(error.into()) }
}
