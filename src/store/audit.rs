//! Who changed what, append-only.

use super::{Db, StoreError, reading, writing};

/// Who it was, where a command was used on the server.
pub const COMMAND: &str = "@command";

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number; higher is later.
    pub id: i64,
    /// When, milliseconds since 1970 UTC.
    pub at_ms: i64,
    /// Who; `None` where nobody has signed in.
    pub who: Option<String>,
    /// What, as a word in no language.
    pub action: String,
    /// What it was done to.
    pub about: Option<String>,
}

/// Notes a change; its number is found here.
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

/// Changes, newest first, before the one with this number.
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
