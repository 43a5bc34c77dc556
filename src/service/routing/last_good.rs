//! The snapshot of the last good routing table, in a small file: a node routes calls by it if the database does not
//! answer at its start.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::tables::StoredTable;
use crate::config::Config;
use crate::durable::{replace, sync_folder_of};

/// The content of the file.
#[derive(Serialize, Deserialize)]
struct Kept {
    /// The name of the table's database: routes of another one must not answer.
    database: String,
    #[serde(flatten)]
    table: StoredTable,
}

/// The file that keeps the last good table.
#[derive(Clone, Debug)]
pub struct LastGood {
    path: PathBuf,
    database: String,
}

impl LastGood {
    /// Locates the file by the settings.
    pub fn new(config: &Config) -> Self {
        Self { path: config.routes_path(), database: config.database_name().to_owned() }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a table to the file, unless it is there already. The file is replaced atomically and durably, so it is
    /// whole even after power loss, and only its owner may read it: it holds phone numbers.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn keep(&self, table: &StoredTable) -> std::io::Result<()> {
        let kept = Kept { database: self.database.clone(), table: table.clone() };
        let text = serde_json::to_vec(&kept)?;
        if std::fs::read(&self.path).is_ok_and(|there| there == text) {
            // The writer may have stopped before it synced the folder.
            return sync_folder_of(&self.path);
        }
        replace(&self.path, &text, ".fernamt-routes")
    }

    /// Returns the table that was kept last. A file that cannot be used is named in the log.
    pub fn read(&self) -> Option<StoredTable> {
        let named = self.path.display();
        let text = match std::fs::read(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            Err(error) => {
                tracing::error!(file = %named, %error, "the last good routes cannot be read");
                return None;
            }
        };
        match serde_json::from_slice::<Kept>(&text) {
            Ok(kept) if kept.database == self.database => Some(kept.table),
            Ok(_) => {
                tracing::error!(file = %named, "the last good routes are those of another database and not used");
                None
            }
            Err(error) => {
                tracing::error!(file = %named, %error, "the file with the last good routes is damaged and not used");
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::routing::named::{ClosedDays, ClosedSwitch, NumberList, Schedule, Shared};

    fn table(version: i64) -> StoredTable {
        StoredTable { version, revision: Some(version), routes: Vec::new(), shared: Shared::default() }
    }

    #[test]
    fn a_table_is_kept_for_its_owner_and_its_database_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("routes.json");
        let of = |database: &str| LastGood { path: path.clone(), database: database.into() };
        assert_eq!(of("a").read(), None);
        of("a").keep(&table(1)).unwrap();
        of("a").keep(&table(2)).unwrap();
        assert_eq!(of("a").read(), Some(table(2)));
        assert_eq!(of("b").read(), None);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_damaged_file_is_not_used_and_written_anew() {
        let directory = tempfile::tempdir().unwrap();
        let last_good = LastGood { path: directory.path().join("routes.json"), database: "a".into() };
        last_good.keep(&table(1)).unwrap();
        let text = std::fs::read(&last_good.path).unwrap();
        std::fs::write(&last_good.path, &text[..text.len() / 2]).unwrap();
        assert_eq!(last_good.read(), None);
        last_good.keep(&table(3)).unwrap();
        assert_eq!(last_good.read(), Some(table(3)));
    }

    #[test]
    fn what_routes_share_is_kept_with_them() {
        let directory = tempfile::tempdir().unwrap();
        let last_good = LastGood { path: directory.path().join("routes.json"), database: "a".into() };
        let day = "2026-12-24".parse().unwrap();
        let closed = vec![ClosedDays { start: day, end: day, name: Some("Heiligabend".into()) }];
        let shared = Shared {
            lists: vec![NumberList { name: "VIP".into(), numbers: vec!["0221*".into()] }],
            schedules: vec![Schedule { name: "Büro".into(), hours: Some("Mo-Fr".into()), closed }],
            closed: Some(ClosedSwitch { since_ms: 1, until_ms: 2 }),
        };
        let table = StoredTable { shared, ..table(1) };
        last_good.keep(&table).unwrap();
        assert_eq!(last_good.read(), Some(table));
    }

    #[test]
    fn a_file_of_before_there_were_lists_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let last_good = LastGood { path: directory.path().join("routes.json"), database: "a".into() };
        let route = r#"{"id":1,"name":"x","enabled":true,"position":10,"to":[],"from":[],"hours":null,"reply":{"action":"hangup"},"version":7}"#;
        std::fs::write(&last_good.path, format!(r#"{{"database":"a","version":7,"revision":7,"routes":[{route}]}}"#))
            .unwrap();
        let read = last_good.read().unwrap();
        assert_eq!((read.version, read.routes.len(), read.shared), (7, 1, Shared::default()));
    }
}
