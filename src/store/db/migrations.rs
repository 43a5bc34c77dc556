//! The schema migrations of both databases: what stands in `migrations/`, compiled in.

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

/// The numbers, names and texts of all migrations of one database.
macro_rules! migrations {
    ($engine:literal) => {
        migrations!(
            $engine,
            1 "0001_events_and_calls",
            2 "0002_callbacks",
            3 "0003_names",
            5 "0005_revisions",
            6 "0006_routing",
            7 "0007_accounts",
            8 "0008_forgetting",
            9 "0009_closed_months",
            10 "0010_dashboards",
            11 "0011_surplus_events",
            14 "0014_sessions_without_accounts",
            15 "0015_internal_calls",
            16 "0016_own_lines",
            17 "0017_segments"
        )
    };
    ($engine:literal, $($version:literal $name:literal),+) => {
        &[$(($version, $name, include_str!(concat!("../../../migrations/", $engine, "/", $name, ".sql")))),+]
    };
}

type Texts = &'static [(i64, &'static str, &'static str)];

const SQLITE: Texts = migrations!("sqlite");
const POSTGRES: Texts = migrations!("postgres");

/// Returns the migrator that brings an SQLite database to the schema that this version needs.
pub(in crate::store) fn sqlite() -> Migrator {
    migrator(SQLITE)
}

/// Returns the migrator that brings a PostgreSQL database to the schema that this version needs.
pub(in crate::store) fn postgres() -> Migrator {
    migrator(POSTGRES)
}

/// Returns the number of the last migration.
pub(in crate::store) fn newest() -> i64 {
    SQLITE.iter().map(|&(version, ..)| version).max().unwrap_or_default()
}

fn migrator(texts: Texts) -> Migrator {
    let migration = |&(version, name, sql): &(i64, &'static str, &'static str)| {
        let description = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_').replace('_', " ");
        Migration::new(version, description.into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(texts.iter().map(migration).collect())
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
