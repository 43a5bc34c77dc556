//! The audit log: who changed what, append-only.

use super::db::{Db, reading, writing};
use super::error::StoreError;

/// The name entered as `who` where a command was used on the server.
pub const COMMAND: &str = "@command";

/// One entry of the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The sequence number; higher is later.
    pub id: i64,
    /// The time, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// The name of who made the change; `None` where nobody has signed in.
    pub who: Option<String>,
    /// The action, as a keyword that belongs to no language.
    pub action: String,
    /// The object of the action.
    pub about: Option<String>,
}

/// Appends an entry to the audit log; its `id` is ignored, the database assigns one.
///
/// # Errors
/// When the database does not answer.
pub async fn note(db: &Db, entry: &Entry) -> Result<(), StoreError> {
    writing!(db, transaction => {
        sqlx::query("insert into audit (at_ms, who, action, about) values ($1, $2, $3, $4)")
            .bind(entry.at_ms)
            .bind(entry.who.as_deref())
            .bind(entry.action.as_str())
            .bind(entry.about.as_deref())
            .execute(&mut *transaction)
            .await
            .map(drop)
            .map_err(StoreError::from)
    })
}

type Row = (i64, i64, Option<String>, String, Option<String>);

/// Returns a page of entries, newest first, with ids below `before` (keyset pagination).
///
/// # Errors
/// When the database does not answer.
pub async fn list(db: &Db, before: i64, limit: i64) -> Result<Vec<Entry>, StoreError> {
    let rows: Vec<Row> = reading!(db, pool => {
        sqlx::query_as("select id, at_ms, who, action, about from audit where id < $1 order by id desc limit cast($2 as bigint)")
            .bind(before)
            .bind(limit)
            .fetch_all(pool)
            .await?
    });
    let entry = |(id, at_ms, who, action, about)| Entry { id, at_ms, who, action, about };
    Ok(rows.into_iter().map(entry).collect())
}
