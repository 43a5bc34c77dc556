//! Marks: callbacks marked by hand as done, by whom and when. They are facts of their own, not derived.

use super::missed;
use crate::accounts::action::Entry;
use crate::store::db::engine::{Db, for_both_engines, reading, writing};
use crate::store::db::error::StoreError;

/// A mark that a callback to a number is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The outside number, E.164.
    pub party: String,
    /// The time of the mark, milliseconds since 1970 UTC.
    pub done_ms: i64,
    /// The name of who marked it; `None` where nobody has signed in.
    pub done_by: Option<String>,
}

/// Deletes the last mark of a number, with those of the same missed calls.
const UNDO: &str = concat!(
    "delete from callbacks_done where party = $1 and done_ms >= coalesce((
        select max(m.ended_ms) from calls m where m.party = $1 and ",
    missed!("m"),
    "   and m.ended_ms <= (select max(done_ms) from callbacks_done d where d.party = $1)
    ), 0)"
);

/// Marks a callback as done, which takes the number off the list until it is missed again. Author and time of the mark
/// are those of `entry`.
pub async fn mark_done(db: &Db, party: &str, entry: &Entry) -> Result<(), StoreError> {
    writing!(db, transaction in engine => engine::mark_done(&mut transaction, party, entry).await)
}

/// Removes the last mark of a number, with those of the same missed calls: marking twice is marking once. Marks of
/// earlier calls stay. Returns whether there was one.
pub async fn undo_done(db: &Db, party: &str, entry: &Entry) -> Result<bool, StoreError> {
    writing!(db, transaction in engine => engine::undo_done(&mut transaction, party, entry).await)
}

/// Returns the last marks, one of each number, newest first. Those of forgotten callers are left out, as nobody can
/// take them back.
pub async fn recent_marks(db: &Db, since_ms: i64, limit: i64) -> Result<Vec<Mark>, StoreError> {
    let rows: Vec<(String, i64, Option<String>)> = reading!(db, pool => {
        sqlx::query_as(
            "select party, done_ms, done_by from callbacks_done d where done_ms >= $1 and party like '+%' and not exists (
                select 1 from callbacks_done later where later.party = d.party and later.done_ms > d.done_ms
             ) order by done_ms desc, party limit cast($2 as bigint)",
        )
        .bind(since_ms)
        .bind(limit)
        .fetch_all(pool)
        .await?
    });
    Ok(rows.into_iter().map(|(party, done_ms, done_by)| Mark { party, done_ms, done_by }).collect())
}

for_both_engines! {
    use accounts::audit;

    pub(super) async fn mark_done(
        connection: &mut EngineConnection,
        party: &str,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let by = entry.by();
        let marked =
            sqlx::query("insert into callbacks_done (party, done_ms, done_by) values ($1, $2, $3) on conflict do nothing")
                .bind(party)
                .bind(by.at_ms)
                .bind(by.name.as_deref())
                .execute(&mut *connection)
                .await?;
        if marked.rows_affected() == 0 {
            return Ok(());
        }
        audit::write(connection, entry).await
    }

    pub(super) async fn undo_done(
        connection: &mut EngineConnection,
        party: &str,
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let undone = sqlx::query(UNDO).bind(party).execute(&mut *connection).await?;
        if undone.rows_affected() == 0 {
            return Ok(false);
        }
        audit::write(connection, entry).await?;
        Ok(true)
    }
}
