//! The files of a server: which they are, and whether others may read them.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::pools::sqlite_options;
use super::private::{beside, is_empty};
use crate::store::ingest::spool::all_files;

/// Returns whether this is the url of a SQLite database whose file exists and is empty.
pub fn has_empty_file(url: &str) -> bool {
    url.starts_with("sqlite:") && file_of(url).is_some_and(|file| is_empty(&file))
}

/// Returns the file of the SQLite database of this url.
pub fn file_of(url: &str) -> Option<PathBuf> {
    sqlite_options(url).ok().map(|options| options.get_filename().to_owned())
}

/// Lists those of a server's files that other users may read or write: its database, if that is a file, its spool with
/// what was set aside, and `routes`. Earlier versions left their database so.
pub fn open_to_others(database_url: &str, spool: &Path, routes: &Path) -> Vec<PathBuf> {
    let database = database_url.starts_with("sqlite:").then(|| file_of(database_url)).flatten();
    let database = database.into_iter().flat_map(|file| [vec![file.clone()], beside(&file).to_vec()].concat());
    let files = database.chain(all_files(spool)).chain([routes.to_owned()]);
    files.filter(|file| is_open_to_others(file)).collect()
}

fn is_open_to_others(file: &Path) -> bool {
    std::fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o077 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::db::private::create_new;

    #[test]
    fn files_that_others_may_read_are_found_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in ["f.db", "f.db-wal", "f.db.spool", "f.db.spool-2.rejected", "f-routes.json", "strange"] {
            create_new(&at(name)).unwrap();
        }
        let url = format!("sqlite:{}?cache=private", at("f.db").display());
        let open = || open_to_others(&url, &at("f.db.spool"), &at("f-routes.json"));
        assert_eq!(open(), Vec::<PathBuf>::new());
        for (name, mode) in [("f.db", 0o644), ("f.db-wal", 0o640), ("f.db.spool-2.rejected", 0o606), ("strange", 0o644)]
        {
            std::fs::set_permissions(at(name), PermissionsExt::from_mode(mode)).unwrap();
        }
        assert_eq!(open(), [at("f.db"), at("f.db-wal"), at("f.db.spool-2.rejected")]);
        assert_eq!(open_to_others("postgres://u@h/d", &at("none"), &at("f-routes.json")), Vec::<PathBuf>::new());
    }
}
