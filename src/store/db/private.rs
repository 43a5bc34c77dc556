//! Files with permissions for their owner alone, because callers, routes and secrets stand in them.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Creates a file that is its owner's alone from the beginning (mode 0600).
///
/// # Errors
/// When there is such a file, or it cannot be made.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// Returns whether the file exists and is empty.
pub(in crate::store) fn is_empty(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|found| found.is_file() && found.len() == 0)
}

/// Returns the paths of SQLite's files beside a database file, to which SQLite gives the same permissions.
pub(in crate::store) fn beside(file: &Path) -> [PathBuf; 3] {
    ["-wal", "-shm", "-journal"].map(|ending| with_ending(file, ending))
}

/// Returns a path with `ending` appended to its last name.
pub(in crate::store) fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut path = path.as_os_str().to_owned();
    path.push(ending);
    path.into()
}

/// Returns the identity (device and inode) of the file at a path, which differs for another file.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}
