//! Marks: callbacks marked by hand as done, by whom and when. They are facts of their own, not derived.

use super::callbacks::missed;
use super::db::{Db, reading, writing};
use super::error::StoreError;

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

/// Marks a callback as done, which takes the number off the list until it is missed again.
///
/// # Errors
/// When the database does not answer.
pub async fn mark_done(db: &Db, mark: &Mark) -> Result<(), StoreError> {
    writing!(db, transaction => {
        sqlx::query("insert into callbacks_done (party, done_ms, done_by) values ($1, $2, $3) on conflict do nothing")
            .bind(mark.party.as_str())
            .bind(mark.done_ms)
            .bind(mark.done_by.as_deref())
            .execute(&mut *transaction)
            .await
            .map(drop)
            .map_err(StoreError::from)
    })
}

/// Removes the last mark of a number, with those of the same missed calls: marking twice is marking once. Marks of
/// earlier calls stay. Returns whether there was one.
///
/// # Errors
/// When the database does not answer.
pub async fn undo_done(db: &Db, party: &str) -> Result<bool, StoreError> {
    const UNDO: &str = concat!(
        "delete from callbacks_done where party = $1 and done_ms >= coalesce((
            select max(m.ended_ms) from calls m where m.party = $1 and ",
        missed!("m"),
        "   and m.ended_ms <= (select max(done_ms) from callbacks_done d where d.party = $1)
        ), 0)"
    );
    writing!(db, transaction => {
        sqlx::query(UNDO)
            .bind(party)
            .execute(&mut *transaction)
            .await
            .map(|done| done.rows_affected() > 0)
            .map_err(StoreError::from)
    })
}

/// Returns the last marks, one of each number, newest first. Those of forgotten callers are left out, as nobody can
/// take them back.
///
/// # Errors
/// When the database does not answer.
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
