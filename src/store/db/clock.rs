//! The clock memory of the database: the last clock reading that was believed, and whether its watermarks can be right.

use super::engine::{Db, for_both_engines, reading, writing};
use super::error::StoreError;
use super::meta::{CLOCK_CONFIRMED, CLOCK_SEEN, EVENTS_GONE_BEFORE, EVENTS_GONE_UP_TO};
use super::meta::{FORGOTTEN_BEFORE, FORGOTTEN_UP_TO, recall_ms};
use crate::accounts::action::Entry;
use crate::calls::forgetting::Retention;
use crate::clock::{JUMP_MS, Memory};
use crate::stats::derivation::Derivation;
use crate::store::privacy::forgetting::days_ago;
use crate::store::routes::shared::closed_switch;

/// The watermarks and the progress of forgetting and deleting, which never lie in the future.
const MARKS: [&str; 4] = [FORGOTTEN_BEFORE, FORGOTTEN_UP_TO, EVENTS_GONE_BEFORE, EVENTS_GONE_UP_TO];

/// The times of a call: when it began, was accepted and ended, milliseconds since 1970 UTC.
type Times = (i64, Option<i64>, Option<i64>);

/// Reads what the database knows of the time.
///
/// # Errors
/// When it does not answer.
pub async fn recall(db: &Db) -> Result<Memory, StoreError> {
    let rows: Vec<(String, String)> = reading!(db, pool => {
        sqlx::query_as("select name, value from settings where name in ($1, $2)")
            .bind(CLOCK_SEEN)
            .bind(CLOCK_CONFIRMED)
            .fetch_all(pool)
            .await?
    });
    let number = |wanted: &str| rows.iter().find(|(name, _)| name == wanted).and_then(|(_, value)| value.parse().ok());
    let mut memory =
        Memory { seen_ms: number(CLOCK_SEEN), confirmed: number(CLOCK_CONFIRMED).unwrap_or(0), newest_ms: None };
    if memory.seen_ms.is_none() {
        memory.newest_ms = newest_call_ms(db).await?;
    }
    Ok(memory)
}

/// Returns the last sign of a call, milliseconds since 1970 UTC.
pub async fn newest_call_ms(db: &Db) -> Result<Option<i64>, StoreError> {
    let calls: Vec<Times> = reading!(db, pool => {
        sqlx::query_as("select started_ms, accepted_ms, ended_ms from calls order by started_ms desc, id desc limit 50")
            .fetch_all(pool)
            .await?
    });
    Ok(calls.into_iter().flat_map(|(began, accepted, ended)| [Some(began), accepted, ended]).flatten().max())
}

/// Stores the first clock reading of a new database.
pub async fn begin(db: &Db, now_ms: i64) -> Result<(), StoreError> {
    if recall(db).await? == Memory::default() {
        see(db, None, now_ms).await?;
    }
    Ok(())
}

/// Stores a clock reading that is believed, unless something else was seen or confirmed since `before_ms`
/// (compare-and-set); returns whether it was stored.
pub async fn see(db: &Db, before_ms: Option<i64>, now_ms: i64) -> Result<bool, StoreError> {
    let done = match before_ms {
        None => writing!(db, transaction => {
            sqlx::query("insert into settings (name, value) values ($1, $2) on conflict do nothing")
                .bind(CLOCK_SEEN)
                .bind(now_ms.to_string())
                .execute(&mut *transaction)
                .await
                .map(|done| done.rows_affected())
                .map_err(StoreError::from)
        })?,
        Some(before_ms) => writing!(db, transaction => {
            sqlx::query("update settings set value = $2 where name = $1 and value = $3")
                .bind(CLOCK_SEEN)
                .bind(now_ms.to_string())
                .bind(before_ms.to_string())
                .execute(&mut *transaction)
                .await
                .map(|done| done.rows_affected())
                .map_err(StoreError::from)
        })?,
    };
    Ok(done > 0)
}

/// Removes what was done under a clock that was ahead and would count, or begin to count, only then: sessions,
/// callbacks marked as done, which are on the list again, and the switch "closed until". `now_ms` is from a clock that
/// is believed.
pub async fn tidy(db: &Db, now_ms: i64) -> Result<(), StoreError> {
    let future_ms = now_ms.saturating_add(JUMP_MS);
    let opens = closed_switch(db).await?.is_some_and(|closed| closed.since_ms > future_ms);
    writing!(db, transaction in engine => engine::tidy(&mut transaction, future_ms, opens).await)
}

/// Returns the watermarks of forgetting and deleting that lie in the future, with their times: a clock was wrong once.
pub async fn marks_in_future(db: &Db, now_ms: i64) -> Result<Vec<(&'static str, i64)>, StoreError> {
    let mut found = Vec::new();
    for name in MARKS {
        let at_ms = recall_ms(db, name).await?;
        if at_ms > now_ms.saturating_add(JUMP_MS) {
            found.push((name, at_ms));
        }
    }
    Ok(found)
}

/// Makes `now_ms` the time that counts, sets back what lies in its future, and tidies up there; returns which
/// watermarks were set back.
///
/// What is forgotten stays forgotten; the next night looks through all calls anew.
pub async fn confirm(
    db: &Db,
    derivation: &Derivation,
    retention: Retention,
    now_ms: i64,
    entry: &Entry,
) -> Result<Vec<(&'static str, i64)>, StoreError> {
    let wrong = marks_in_future(db, now_ms).await?;
    let days_ago_ms = |days| derivation.business.day_start_ms(days_ago(&derivation.business, now_ms, days));
    let mut right = Vec::new();
    for (name, _) in &wrong {
        let before_ms = match *name {
            FORGOTTEN_BEFORE => retention.numbers_days.map_or(now_ms, days_ago_ms),
            EVENTS_GONE_BEFORE => {
                let due_ms = retention.events_days.map_or(i64::MIN, days_ago_ms);
                due_ms.max(newest_without_events_ms(db).await?.map_or(i64::MIN, |at_ms| at_ms.saturating_add(1)))
            }
            _ => i64::MIN,
        };
        right.push((*name, before_ms));
    }
    writing!(db, transaction in engine => engine::confirm(&mut transaction, &right, now_ms, entry).await)?;
    tidy(db, now_ms).await?;
    Ok(wrong)
}

/// Returns the start of the newest call whose events are gone: what is left of it must go on being all there is.
async fn newest_without_events_ms(db: &Db) -> Result<Option<i64>, StoreError> {
    reading!(db, pool => {
        Ok(sqlx::query_scalar(
            "select started_ms from calls c where not exists (select 1 from events where call_key = c.id) \
             order by started_ms desc limit 1",
        )
        .fetch_optional(pool)
        .await?)
    })
}

for_both_engines! {
    use accounts::audit, db::meta, routes::shared;

    pub(super) async fn confirm(
        connection: &mut EngineConnection,
        marks: &[(&'static str, i64)],
        now_ms: i64,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        for (name, at_ms) in marks.iter().copied().chain([(CLOCK_SEEN, now_ms)]) {
            if at_ms == i64::MIN {
                sqlx::query("delete from settings where name = $1").bind(name).execute(&mut *connection).await?;
                continue;
            }
            meta::set(connection, name, &at_ms.to_string()).await?;
        }
        meta::raise(&mut *connection, CLOCK_CONFIRMED).await?;
        audit::write(connection, entry).await
    }

    pub(super) async fn tidy(connection: &mut EngineConnection, future_ms: i64, opens: bool) -> Result<(), StoreError> {
        if opens {
            shared::save_closed(connection, None).await?;
        }
        for statement in [
            "delete from sessions where created_ms > $1 or seen_ms > $1",
            "delete from callbacks_done where done_ms > $1",
        ] {
            sqlx::query(statement).bind(future_ms).execute(&mut *connection).await?;
        }
        Ok(())
    }
}
