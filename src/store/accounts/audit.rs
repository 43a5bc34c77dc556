//! The audit log: who changed what, append-only. The entry of a change is written in the transaction of the change.

use crate::accounts::action::Entry;
use crate::store::db::engine::{Db, for_both_engines, reading, writing};
use crate::store::db::error::StoreError;

/// An entry of the audit log, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEntry {
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

/// Appends the entry of what is no change of its own in the database, such as a login.
pub async fn note(db: &Db, entry: &Entry) -> Result<(), StoreError> {
    writing!(db, transaction in engine => engine::write(&mut transaction, entry).await)
}

type Row = (i64, i64, Option<String>, String, Option<String>);

/// Returns a page of entries, newest first, with ids below `before` (keyset pagination).
pub async fn list(db: &Db, before: i64, limit: i64) -> Result<Vec<StoredEntry>, StoreError> {
    let rows: Vec<Row> = reading!(db, pool => {
        sqlx::query_as("select id, at_ms, who, action, about from audit where id < $1 order by id desc limit cast($2 as bigint)")
            .bind(before)
            .bind(limit)
            .fetch_all(pool)
            .await?
    });
    let entry = |(id, at_ms, who, action, about)| StoredEntry { id, at_ms, who, action, about };
    Ok(rows.into_iter().map(entry).collect())
}

for_both_engines! {
    /// Appends an entry within the transaction of the change that it tells of.
    pub async fn write(connection: &mut EngineConnection, entry: &Entry) -> Result<(), StoreError> {
        sqlx::query("insert into audit (at_ms, who, action, about) values ($1, $2, $3, $4)")
            .bind(entry.by().at_ms)
            .bind(entry.by().name.as_deref())
            .bind(entry.word())
            .bind(entry.about())
            .execute(connection)
            .await?;
        Ok(())
    }
}
