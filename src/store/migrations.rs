//! The tables of both databases, step by step: what stands in `migrations/`, compiled in.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The names and texts of all migrations of one database.
macro_rules! migrations {
    ($engine:literal) => {
        migrations!(
            $engine,
            "0001_events_and_calls",
            "0002_callbacks",
            "0003_names",
            "0005_revisions",
            "0006_routing",
            "0007_accounts",
            "0008_forgetting",
            "0009_closed_months"
        )
    };
    ($engine:literal, $($name:literal),+) => {
        &[$(($name, include_str!(concat!("../../migrations/", $engine, "/", $name, ".sql")))),+]
    };
}

type Texts = &'static [(&'static str, &'static str)];

const SQLITE: Texts = migrations!("sqlite");
const POSTGRES: Texts = migrations!("postgres");

/// What brings an SQLite database to the state that this version needs.
pub(super) fn sqlite() -> Migrator {
    migrator(SQLITE)
}

/// What brings a PostgreSQL database to the state that this version needs.
pub(super) fn postgres() -> Migrator {
    migrator(POSTGRES)
}

fn migrator(texts: Texts) -> Migrator {
    let migration = |(name, sql): &(&'static str, &'static str)| {
        let (version, description) = name.split_once('_')?;
        let (version, description) = (version.parse().ok()?, description.replace('_', " ").into());
        Some(Migration::new(version, description, MigrationType::Simple, sql.into_sql_str(), false))
    };
    Migrator::with_migrations(texts.iter().filter_map(migration).collect())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_file_is_compiled_in_with_its_number() {
        for (engine, migrator) in [("sqlite", sqlite()), ("postgres", postgres())] {
            let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(engine);
            let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()).collect();
            files.sort();
            assert_eq!(migrator.iter().count(), files.len(), "{engine}");
            for (migration, file) in migrator.iter().zip(files) {
                let name = format!("{:04}_{}.sql", migration.version, migration.description.replace(' ', "_"));
                assert_eq!(file.file_name().unwrap().to_str(), Some(name.as_str()));
                assert_eq!(migration.sql.as_str(), std::fs::read_to_string(file).unwrap());
            }
        }
    }
}
