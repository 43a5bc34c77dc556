//! What has to be there when the power comes back. A synced file is not: its name is, too, only once its folder was synced.

use std::fs::{File, rename};
use std::io::{self, Write};
use std::path::Path;

/// Puts the names on disk of all that was made, renamed or removed beside `path`.
///
/// # Errors
/// When the folder cannot be opened or synced: a name made there may be gone after power loss.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    File::open(folder_of(path)).and_then(|folder| folder.sync_all())
}

/// Writes a file that is whole at every moment, and on disk afterwards. For its owner alone.
///
/// # Errors
/// When it cannot be written; what was there before may be there still.
pub fn replace(path: &Path, content: &[u8], unfinished: &str) -> io::Result<()> {
    let mut file = tempfile::Builder::new().prefix(unfinished).tempfile_in(folder_of(path))?;
    file.write_all(content)?;
    file.as_file().sync_all()?;
    let mut name = file.into_temp_path();
    rename(&name, path)?;
    // Somebody else may have made a file of that name meanwhile.
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
