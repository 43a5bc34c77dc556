//! The sessions of users who are logged in.

use crate::accounts::action::Entry;
use crate::accounts::secret::SecretHash;
use crate::clock::JUMP_MS;
use crate::store::db::engine::{Db, for_both_engines, reading, writing};
use crate::store::db::error::StoreError;
use crate::store::db::pools::entering;

/// Maximum lifetime of a session, in milliseconds, whatever happens.
pub const LIFETIME_MS: i64 = 30 * 86_400_000;
/// Maximum time that a session may be unused, in milliseconds.
pub const IDLE_MS: i64 = 7 * 86_400_000;

/// Tolerated clock skew, in milliseconds: a time that another node noted, or this one before its clock was set right,
/// may be so much later than now.
pub const TOLERANCE_MS: i64 = 10 * 60_000;

/// A session: one browser of a user who is logged in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The session's id.
    pub id: i64,
    /// The id of its user.
    pub user_id: i64,
    /// The browser, as it names itself.
    pub agent: String,
    /// When it began, in milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When it was used last, in milliseconds since 1970 UTC, to the minute.
    pub seen_ms: i64,
}

impl Session {
    /// Returns whether the session is valid at a time: one from the future was made, or used, under a clock that was
    /// wrong.
    pub fn holds(&self, now_ms: i64) -> bool {
        let is_young = |since_ms: i64, most_ms| (-TOLERANCE_MS..most_ms).contains(&now_ms.saturating_sub(since_ms));
        is_young(self.created_ms, LIFETIME_MS) && is_young(self.seen_ms, IDLE_MS)
    }
}

type Row = (i64, i64, String, i64, i64);

fn read((id, user_id, agent, created_ms, seen_ms): Row) -> Session {
    Session { id, user_id, agent, created_ms, seen_ms }
}

/// Begins a session; with `clean_up`, which is for a clock that is trusted, deletes expired ones and those from more
/// than a day ahead. Those of accounts that are gone are always deleted, and so is the one with the id `before`, which
/// the new one replaces. Returns `false` if the account is gone meanwhile.
pub async fn open_session(
    db: &Db,
    hash: SecretHash,
    user_id: i64,
    agent: &str,
    now_ms: i64,
    clean_up: bool,
    before: Option<i64>,
) -> Result<bool, StoreError> {
    writing!(db, transaction => {
        sqlx::query("delete from sessions where user_id not in (select id from users)").execute(&mut *transaction).await?;
        if clean_up {
            sqlx::query("delete from sessions where created_ms <= $1 or seen_ms <= $2 or created_ms > $3 or seen_ms > $3")
                .bind(now_ms - LIFETIME_MS)
                .bind(now_ms - IDLE_MS)
                .bind(now_ms + JUMP_MS)
                .execute(&mut *transaction)
                .await?;
        }
        let opened = sqlx::query(
            "insert into sessions (hash, user_id, agent, created_ms, seen_ms) \
             select $1, id, $3, $4, $4 from users where id = $2",
        )
        .bind(hash.as_bytes())
        .bind(user_id)
        .bind(agent)
        .bind(now_ms)
        .execute(&mut *transaction)
        .await?;
        let is_open = opened.rows_affected() > 0;
        if let Some(before) = before.filter(|_| is_open) {
            sqlx::query("delete from sessions where id = $1").bind(before).execute(&mut *transaction).await?;
        }
        Ok::<_, StoreError>(is_open)
    })
}

/// Finds the session with this hash of its secret.
pub async fn find_session(db: &Db, hash: SecretHash) -> Result<Option<Session>, StoreError> {
    let row: Option<Row> = entering!(db, pool => {
        sqlx::query_as("select id, user_id, agent, created_ms, seen_ms from sessions where hash = $1")
            .bind(hash.as_bytes())
            .fetch_optional(pool)
            .await?
    });
    Ok(row.map(read))
}

/// Lists the sessions of an account, those used last first.
pub async fn list_sessions(db: &Db, user_id: i64) -> Result<Vec<Session>, StoreError> {
    let rows: Vec<Row> = reading!(db, pool => {
        sqlx::query_as(
            "select id, user_id, agent, created_ms, seen_ms from sessions where user_id = $1 order by seen_ms desc, id desc",
        )
        .bind(user_id)
        .fetch_all(pool)
        .await?
    });
    Ok(rows.into_iter().map(read).collect())
}

/// Notes that a session was used at `now_ms`.
pub async fn touch_session(db: &Db, id: i64, now_ms: i64) -> Result<(), StoreError> {
    writing!(db, transaction => {
        sqlx::query("update sessions set seen_ms = $1 where id = $2 and seen_ms < $1")
            .bind(now_ms)
            .bind(id)
            .execute(&mut *transaction)
            .await
            .map(drop)
            .map_err(StoreError::from)
    })
}

/// Ends a session of an account; returns whether there was one.
pub async fn end_session(db: &Db, user_id: i64, id: i64, entry: &Entry) -> Result<bool, StoreError> {
    const THIS: &str = "delete from sessions where user_id = $1 and id = $2";
    writing!(db, transaction in engine => engine::end(&mut transaction, THIS, (user_id, id), entry).await)
}

/// Ends all sessions of an account but one.
pub async fn end_other_sessions(db: &Db, user_id: i64, keep: i64, entry: &Entry) -> Result<(), StoreError> {
    const OTHERS: &str = "delete from sessions where user_id = $1 and id <> $2";
    writing!(db, transaction in engine => engine::end(&mut transaction, OTHERS, (user_id, keep), entry).await).map(drop)
}

for_both_engines! {
    use accounts::audit;

    /// Ends sessions of an account; returns whether there were any.
    pub(in crate::store) async fn end(
        connection: &mut EngineConnection,
        statement: &'static str,
        (user_id, id): (i64, i64),
        entry: &Entry,
    ) -> Result<bool, StoreError> {
        let ended = sqlx::query(statement).bind(user_id).bind(id).execute(&mut *connection).await?;
        if ended.rows_affected() == 0 {
            return Ok(false);
        }
        audit::write(connection, entry).await?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_in_time_and_when_it_is_not_used() {
        let session = |created_ms, seen_ms| Session { id: 1, user_id: 1, agent: String::new(), created_ms, seen_ms };
        let day = 86_400_000;
        assert!(session(0, 0).holds(7 * day - 1));
        assert!(!session(0, 0).holds(7 * day));
        assert!(session(0, 29 * day).holds(30 * day - 1));
        assert!(!session(0, 29 * day).holds(30 * day));
    }

    #[test]
    fn a_session_from_the_future_does_not_hold() {
        let session = |created_ms, seen_ms| Session { id: 1, user_id: 1, agent: String::new(), created_ms, seen_ms };
        let (now, minute, year) = (1_796_000_000_000, 60_000, 365 * 86_400_000);
        for (created, seen, holds) in [
            (0, 9 * minute, true),
            (9 * minute, 9 * minute, true),
            (0, 11 * minute, false),
            (11 * minute, 0, false),
            (10 * year, 10 * year, false),
            (0, year, false),
        ] {
            assert_eq!(session(now + created, now + seen).holds(now), holds, "{created} {seen}");
        }
        assert!(!session(i64::MIN, i64::MAX).holds(now));
    }
}
