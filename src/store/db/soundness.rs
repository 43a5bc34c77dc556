//! Integrity checks of the file of a SQLite database. PostgreSQL looks after its files itself.

use std::borrow::Cow;

use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};

use super::engine::{Db, reading};
use super::error::{OpenError, StoreError, is_damage};
use super::pools::reading_options;

/// The size, in bytes, up to which a quick check reads everything; beyond it, both ends of every table and index.
const SMALL: i64 = 16 << 20;

/// Runs SQLite's own check of integrity and references, which reads everything; returns what it finds wrong.
pub async fn damages(db: &Db) -> Result<Vec<String>, StoreError> {
    let Db::Sqlite(pools) = db else { return Ok(Vec::new()) };
    let found = sqlx::query_scalar("pragma integrity_check").fetch_all(&pools.read).await;
    let mut damages = found.or_else(damage_itself)?;
    damages.retain(|line| line != "ok");
    // Sessions without an account are no damage: see `count_leftovers`.
    const ORPHANS: &str = "select \"table\", rowid from pragma_foreign_key_check where \"table\" <> 'sessions'";
    let orphans: Result<Vec<(String, Option<i64>)>, _> = sqlx::query_as(ORPHANS).fetch_all(&pools.read).await;
    let orphan = |(table, row): (String, Option<i64>)| {
        format!("{table}: row {} belongs to nothing", row.map_or("?".to_owned(), |row| row.to_string()))
    };
    let found = orphans.map(|orphans| orphans.into_iter().map(orphan).collect());
    damages.extend(found.or_else(damage_itself)?);
    Ok(damages)
}

/// Counts the sessions whose account is gone: nobody comes in by them, and the next login removes them.
pub async fn count_leftovers(db: &Db) -> Result<i64, StoreError> {
    const LEFT: &str = "select count(*) from sessions where user_id not in (select id from users)";
    reading!(db, pool => Ok(sqlx::query_scalar(LEFT).fetch_one(pool).await?))
}

/// Returns an error as a finding if it tells of damage: a file can be too damaged to be checked.
fn damage_itself(error: sqlx::Error) -> Result<Vec<String>, StoreError> {
    if is_damage(&error) { Ok(vec![error.to_string()]) } else { Err(error.into()) }
}

/// How thorough a check is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closely {
    /// Quick: the whole of a small database, both ends of every table and index of a large one.
    Now,
    /// Thorough: the whole database.
    Through,
}

/// Checks the file, and returns the first damage found. A new connection reads it, because what this process caches of
/// the file could hide damage.
///
/// # Errors
/// When the file cannot be looked at now.
pub async fn look(db: &Db, closely: Closely) -> Result<Option<String>, StoreError> {
    let Db::Sqlite(pools) = db else { return Ok(None) };
    let options = (*pools.aside.connect_options()).clone().optimize_on_close(false, None).pragma("query_only", "on");
    let looked = async {
        let mut connection = options.connect().await?;
        let found = look_with(&mut connection, closely).await;
        connection.close().await?;
        found
    };
    looked.await.or_else(|error| if is_damage(&error) { Ok(Some(error.to_string())) } else { Err(error.into()) })
}

/// Checks, like [`look`], a file that must not be opened for writing, through a connection that cannot change it.
///
/// # Errors
/// When the file cannot be looked at like this.
pub async fn look_only(url: &str, closely: Closely) -> Result<Option<String>, OpenError> {
    if !url.starts_with("sqlite:") {
        return Ok(None);
    }
    let options = reading_options(url)?;
    let looked = async {
        let mut connection = options.connect().await?;
        let found = look_with(&mut connection, closely).await;
        connection.close().await?;
        found
    };
    looked
        .await
        .or_else(|error| if is_damage(&error) { Ok(Some(error.to_string())) } else { Err(OpenError::Open(error)) })
}

async fn look_with(connection: &mut SqliteConnection, closely: Closely) -> Result<Option<String>, sqlx::Error> {
    let pages: i64 = sqlx::query_scalar("pragma page_count").fetch_one(&mut *connection).await?;
    let page_size: i64 = sqlx::query_scalar("pragma page_size").fetch_one(&mut *connection).await?;
    if closely == Closely::Now && pages * page_size > SMALL {
        return touch(connection).await.map(|()| None);
    }
    let lines: Vec<String> = sqlx::query_scalar("pragma quick_check(20)").fetch_all(connection).await?;
    Ok(lines.into_iter().find(|line| is_of_file(line)))
}

/// Returns whether a finding is about the file, not about a value in a row that the engine would not let in today.
fn is_of_file(line: &str) -> bool {
    line != "ok" && !line.contains(" value in ") && !line.starts_with("CHECK constraint")
}

/// Reads the first and the last row of every table, and the first and last entry of every index, and so all their root
/// pages.
async fn touch(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    const ALL: &str = "select type, name, tbl_name, coalesce(sql, '') from sqlite_schema \
                       where type in ('table', 'index') and rootpage > 0 order by name";
    let all: Vec<(String, String, String, String)> = sqlx::query_as(ALL).fetch_all(&mut *connection).await?;
    for (kind, name, table, sql) in all {
        let sql = sql.to_lowercase();
        let is_index = kind == "index";
        let columns = if is_index {
            "select name from pragma_index_info($1) where name is not null order by seqno"
        } else if sql.trim_end().ends_with("without rowid") {
            "select name from pragma_table_info($1) where pk > 0 order by pk"
        } else {
            "select 'rowid' where $1 <> ''"
        };
        let columns: Vec<String> = sqlx::query_scalar(columns).bind(name.as_str()).fetch_all(&mut *connection).await?;
        let source = if is_index { format!("{} indexed by {}", quoted(&table), quoted(&name)) } else { quoted(&table) };
        // A partial index is only used where the query has its condition.
        let some = if is_index { sql.split_once(" where ").map_or("", |(_, some)| some) } else { "" };
        let some = if some.is_empty() { Cow::Borrowed("") } else { Cow::Owned(format!(" where {some}")) };
        for direction in ["asc", "desc"] {
            let order: Vec<String> = columns.iter().map(|column| format!("{} {direction}", quoted(column))).collect();
            let what = if is_index { "1" } else { "*" };
            let read = format!("select {what} from {source}{some} order by {} limit 1", order.join(", "));
            // This is safe: it holds only names of tables and columns, which are ours.
            match sqlx::query(AssertSqlSafe(read)).fetch_optional(&mut *connection).await {
                Err(error) if is_damage(&error) => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, SeekFrom, Write};
    use std::path::Path;

    use super::*;

    fn overwrite(file: &Path, page: u64, bytes: &[u8]) {
        let mut file = std::fs::OpenOptions::new().write(true).open(file).unwrap();
        file.seek(SeekFrom::Start((page - 1) * 4096)).unwrap();
        file.write_all(bytes).unwrap();
    }

    #[tokio::test]
    async fn a_look_at_both_ends_finds_damage_where_any_table_or_index_begins() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let url = format!("sqlite:{}", file.display());
        let db = Db::open(&url).await.unwrap();
        let Db::Sqlite(pools) = &db else { panic!("it is a file") };
        let roots: Vec<(String, i64)> =
            sqlx::query_as("select name, rootpage from sqlite_schema where rootpage > 1 order by name")
                .fetch_all(&pools.read)
                .await
                .unwrap();
        db.close().await;
        assert!(roots.iter().any(|(name, _)| name == "calls_by_party") && roots.len() > 20, "{roots:?}");
        let options = reading_options(&url).unwrap();
        let sound = std::fs::read(&file).unwrap();
        for (name, root) in roots {
            // A table of SQLite itself, which nothing of ours reads.
            if name.starts_with("sqlite_s") {
                continue;
            }
            let page = &sound[(root as usize - 1) * 4096..][..4096];
            overwrite(&file, root as u64, &[0; 4096]);
            let mut connection = options.connect().await.unwrap();
            let found = touch(&mut connection).await;
            assert!(found.as_ref().is_err_and(is_damage), "{name}: {found:?}");
            let looked = look_with(&mut connection, Closely::Through).await;
            assert!(looked.as_ref().is_ok_and(Option::is_some) || looked.as_ref().is_err_and(is_damage), "{name}");
            connection.close().await.unwrap();
            overwrite(&file, root as u64, page);
        }
        let mut connection = options.connect().await.unwrap();
        touch(&mut connection).await.unwrap();
        assert_eq!(look_with(&mut connection, Closely::Through).await.unwrap(), None);
    }

    #[test]
    fn what_is_about_values_is_no_damage_of_the_file() {
        assert!(is_of_file("Tree 5 page 5: btreeInitPage() returns error code 11"));
        for line in ["ok", "NULL value in calls.id", "NUMERIC value in calls.party", "CHECK constraint failed in calls"]
        {
            assert!(!is_of_file(line), "{line}");
        }
    }
}
