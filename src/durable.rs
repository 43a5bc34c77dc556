//! Durable files that survive a power loss (fsync). Syncing a file is not enough: its name is durable only once its
//! directory was synced.

use std::fs::{File, rename};
use std::io::{self, Write};
use std::path::Path;

/// Syncs the directory of `path`, which makes durable the names of all files created, renamed or removed in it.
///
/// # Errors
/// When the directory cannot be opened or synced: a name created there may be gone after a power loss.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path)).and_then(|folder| folder.sync_all())
}

/// Returns the folder of a file if it does not exist.
pub fn missing_folder(path: &Path) -> Option<&Path> {
    let folder = folder_of(path);
    folder.try_exists().is_ok_and(|exists| !exists).then_some(folder)
}

/// Replaces a file atomically and durably: write to a temporary file, fsync, rename. Only the owner may read it.
///
/// # Errors
/// When it cannot be written; the previous content may still be there.
pub fn replace(path: &Path, content: &[u8], unfinished: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(unfinished).tempfile_in(folder_of(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    let mut name = file.into_temp_path();
    rename(&name, path)?;
    // Somebody else may have created a file with the temporary name meanwhile, so it must not be removed.
    name.disable_cleanup(true);
    sync_folder_of(path)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_the_place_of_another_and_leaves_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        replace(&path, b"one", ".unfinished").unwrap();
        replace(&path, b"two", ".unfinished").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_cannot_be_written_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a folder");
        std::fs::create_dir_all(path.join("with something in it")).unwrap();
        assert!(replace(&path, b"one", ".unfinished").is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert!(replace(&folder.path().join("missing/file"), b"one", ".unfinished").is_err());
    }

    #[test]
    fn a_bare_name_lies_in_the_folder_that_one_is_in() {
        assert_eq!(folder_of(Path::new("fernamt.db")), Path::new("."));
        assert_eq!(folder_of(Path::new("/var/lib/fernamt.db")), Path::new("/var/lib"));
        sync_folder_of(Path::new("fernamt.db")).unwrap();
    }
}
