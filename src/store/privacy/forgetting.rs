//! Pseudonymisation of outside parties, in calls of long ago or of one person, and retention: deleting events of long
//! ago from the log. All in small transactions, so that a server keeps answering meanwhile; what was interrupted
//! resumes where it ended.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{Datelike, Days, NaiveDate};
use sqlx::postgres::PgPool;
use sqlx::sqlite::SqlitePool;
use tokio::time::sleep;

use super::of_person::{self, CALLS_PER_SEARCH, person, told_beyond};
use super::pseudonymise::{CALLS_PER_PAGE, Place, postgres, sqlite};
use crate::accounts::action::Entry;
use crate::calls::forgetting::{Key, Retention, pseudonym};
use crate::stats::business::BusinessTime;
use crate::stats::derivation::Derivation;
use crate::store::accounts::audit;
use crate::store::calls::surplus;
use crate::store::calls::surplus::EVENTS_AT_ONCE;
use crate::store::db::engine::{Db, writing};
use crate::store::db::error::StoreError;
use crate::store::db::meta;
use crate::store::db::portion::Portion;

/// The place before all calls.
const START: Place = (i64::MIN, i64::MIN);
/// Maximum number of attempts, `PAUSE` apart (a minute), while others keep the database busy, such as processes that
/// keep the file from being rewritten.
const ATTEMPTS: u32 = 300;
const PAUSE: Duration = Duration::from_millis(200);

/// Retries while others keep the database busy. With a portion, does less of it at once where that took too long.
macro_rules! patiently {
    ($attempt:expr) => {{
        let mut portion = Portion::new(1);
        patiently!(portion, $attempt)
    }};
    ($portion:ident, $attempt:expr) => {{
        let mut attempts = 1;
        loop {
            match $attempt {
                Err(StoreError::TooLong) if $portion.halve() => continue,
                Err(error) if error.is_passing() && attempts < ATTEMPTS => attempts += 1,
                result => {
                    $portion.grow();
                    break result;
                }
            }
            sleep(PAUSE).await;
        }
    }};
}

/// The counts of what was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// The number of calls whose outside party was pseudonymised.
    pub calls: i64,
    /// The number of events deleted from the log.
    pub events: i64,
}

/// Pseudonymises outside parties in calls that began before `before_ms`, which must not lie in the future: all of them
/// are looked at, however often that was done before. Events of such calls that come later are pseudonymised, too.
/// `progress` hears of how many calls more were looked at. The audit log has its entry before anything is forgotten.
///
/// # Errors
/// When the database does not answer. Doing it again goes on.
pub async fn forget_before(
    db: &Db,
    derivation: &Derivation,
    before_ms: i64,
    entry: &Entry,
    progress: impl FnMut(i64),
) -> Result<Forgotten, StoreError> {
    patiently!(audit::note(db, entry).await)?;
    let key = key_for(db, meta::FORGETTING_KEY_ONCE, "once").await?;
    let calls = forget_between(db, derivation, &key, START, before_ms, progress).await?;
    destroy(db, meta::FORGETTING_KEY_ONCE).await?;
    erase(db).await?;
    Ok(Forgotten { calls, events: 0 })
}

/// Applies what `retention` says should have been done by `now_ms`.
///
/// # Errors
/// When the database does not answer. Doing it again goes on.
pub async fn apply(
    db: &Db,
    derivation: &Derivation,
    retention: Retention,
    now_ms: i64,
) -> Result<Forgotten, StoreError> {
    let horizon = |days| days_ago(&derivation.business, now_ms, days);
    let mut forgotten = Forgotten::default();
    if retention != Retention::default() {
        // Calls that come late from now on are left to the next time.
        patiently!(meta::go_back(db).await)?;
    }
    if let Some(days) = retention.numbers_days {
        let day = horizon(days);
        let since_ms = meta::recall_ms(db, meta::FORGOTTEN_UP_TO).await?;
        let before_ms = derivation.business.day_start_ms(day);
        // Callers of one month stay distinct from each other, then the key is destroyed.
        let last_day = day.pred_opt().unwrap_or(day);
        let month = format!("{}-{:02}", last_day.year(), last_day.month());
        if key_purpose(db).await?.is_some_and(|purpose| purpose != month) {
            destroy(db, meta::FORGETTING_KEY).await?;
        }
        let key = key_for(db, meta::FORGETTING_KEY, &month).await?;
        forgotten.calls = forget_between(db, derivation, &key, (since_ms, i64::MIN), before_ms, |_| ()).await?;
    } else if key_purpose(db).await?.is_some() {
        destroy(db, meta::FORGETTING_KEY).await?;
    }
    if let Some(days) = retention.events_days {
        let before_ms = derivation.business.day_start_ms(horizon(days));
        let since_ms = meta::recall_ms(db, meta::EVENTS_GONE_UP_TO).await?;
        patiently!(meta::advance_ms(db, meta::EVENTS_GONE_BEFORE, before_ms).await)?;
        forgotten.events = drop_between(db, (since_ms, i64::MIN), before_ms).await?;
        patiently!(meta::advance_ms(db, meta::EVENTS_GONE_UP_TO, before_ms).await)?;
    }
    if meta::recall(db, meta::ERASING).await?.is_some() {
        erase(db).await?;
    }
    Ok(forgotten)
}

/// Returns the business day so many days before that of `now_ms`.
pub(in crate::store) fn days_ago(business: &BusinessTime, now_ms: i64, days: u32) -> NaiveDate {
    business.day(now_ms).checked_sub_days(Days::new(u64::from(days))).unwrap_or(NaiveDate::MIN)
}

async fn forget_between(
    db: &Db,
    derivation: &Derivation,
    key: &Key,
    from: Place,
    before_ms: i64,
    mut progress: impl FnMut(i64),
) -> Result<i64, StoreError> {
    // The watermark is raised first: what comes meanwhile must not bring back what is forgotten.
    patiently!(meta::advance_ms(db, meta::FORGOTTEN_BEFORE, before_ms).await)?;
    let (mut place, mut calls, mut portion) = (Some(from), 0, Portion::new(CALLS_PER_PAGE));
    while let Some(after) = place {
        let page = patiently!(portion, {
            writing!(db, transaction in engine => {
                let next = (after, portion.size());
                engine::forget_page(&mut transaction, derivation, key, next, before_ms).await
            })
        })?;
        for key in page.full {
            drop_beyond(db, key, false).await?;
        }
        calls += page.changed;
        progress(page.looked_at);
        place = page.next;
    }
    let numbering = &derivation.numbering;
    loop {
        let marks = patiently!({
            writing!(db, transaction in engine => {
                engine::forget_marks(&mut transaction, numbering, key, before_ms).await
            })
        })?;
        if marks == 0 {
            break;
        }
    }
    patiently!(meta::advance_ms(db, meta::FORGOTTEN_UP_TO, before_ms).await)?;
    Ok(calls)
}

async fn drop_between(db: &Db, from: Place, before_ms: i64) -> Result<i64, StoreError> {
    let (mut place, mut events, mut portion) = (Some(from), 0, Portion::new(CALLS_PER_PAGE));
    while let Some(after) = place {
        let page = patiently!(portion, {
            writing!(db, transaction in engine => {
                engine::drop_page(&mut transaction, (after, portion.size()), before_ms).await
            })
        })?;
        events += page.changed;
        for key in page.full {
            events += drop_beyond(db, key, true).await?;
        }
        place = page.next;
    }
    Ok(events)
}

/// Deletes the surplus events of a call, those beyond the folded ones, in small transactions; returns how many.
async fn drop_beyond(db: &Db, call_key: i64, is_bare: bool) -> Result<i64, StoreError> {
    let (mut events, mut portion) = (0, Portion::new(EVENTS_AT_ONCE));
    loop {
        let dropped = patiently!(portion, surplus::drop_some(db, call_key, portion.size(), is_bare).await)?;
        if dropped == 0 {
            return Ok(events);
        }
        events += dropped;
    }
}

/// Pseudonymises one person in all calls there are; returns how many. `number` is in E.164, or as calls have it.
/// `progress` hears of how many calls more were looked at. The audit log has its entry before anything is forgotten.
///
/// # Errors
/// When the database does not answer. Doing it again goes on.
pub async fn forget_party(
    db: &Db,
    derivation: &Derivation,
    number: &str,
    entry: &Entry,
    mut progress: impl FnMut(i64),
) -> Result<Forgotten, StoreError> {
    patiently!(audit::note(db, entry).await)?;
    let person = person(db, derivation, number).await?;
    let numbering = &derivation.numbering;
    // Made with a random key that nobody ever sees again.
    let pseudonym = pseudonym(&rand::random(), number, numbering);
    let (mut place, mut calls, mut portion) = (Some(0_i64), 0, Portion::new(CALLS_PER_SEARCH));
    // Kept until these calls are forgotten: the events that told of the person may be deleted first.
    let mut told = BTreeSet::new();
    while let Some(after) = place {
        let keys = after..after.saturating_add(portion.size());
        told.append(&mut patiently!(told_beyond(db, numbering, &person, keys.clone()).await)?);
        let page = patiently!(portion, {
            let keys = after..after.saturating_add(portion.size());
            of_person::forget_calls(db, derivation, &person, &pseudonym, keys, &told).await
        })?;
        if page.full.is_empty() {
            told.clear();
        }
        for key in page.full {
            drop_beyond(db, key, false).await?;
        }
        calls += page.changed;
        progress(page.looked_at);
        place = page.next;
    }
    patiently!({ of_person::forget_marks(db, &person, &pseudonym).await })?;
    erase(db).await?;
    Ok(Forgotten { calls, events: 0 })
}

async fn key_purpose(db: &Db) -> Result<Option<String>, StoreError> {
    let value = meta::recall(db, meta::FORGETTING_KEY).await?;
    Ok(value.and_then(|value| meta::read_key(&value).map(|(purpose, _)| purpose.to_owned())))
}

/// Returns the pseudonymisation key under a name, or makes a new one.
async fn key_for(db: &Db, name: &str, purpose: &str) -> Result<Key, StoreError> {
    let value = meta::recall(db, name).await?;
    if let Some((_, key)) = value.as_deref().and_then(meta::read_key) {
        return Ok(key);
    }
    let key = rand::random();
    patiently!(meta::remember(db, name, &meta::write_key(purpose, &key)).await)?;
    Ok(key)
}

/// Deletes the key under a name, and notes that its traces are to be erased from the files.
async fn destroy(db: &Db, name: &str) -> Result<(), StoreError> {
    patiently!(meta::remember(db, meta::ERASING, "yes").await)?;
    patiently!(meta::forget(db, name).await)
}

/// Claims for this node what `purpose` says; returns whether nobody had claimed it before (one conditional upsert, so
/// that only one of several nodes succeeds).
pub async fn claim(db: &Db, purpose: &str) -> Result<bool, StoreError> {
    writing!(db, transaction => {
        sqlx::query(
            "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value \
             where settings.value <> excluded.value",
        )
        .bind(meta::FORGOTTEN_ON)
        .bind(purpose)
        .execute(&mut *transaction)
        .await
        .map(|done| done.rows_affected() > 0)
        .map_err(StoreError::from)
    })
}

/// Rewrites a SQLite file, because the old one holds traces of what was changed: in free pages, in the free parts of
/// others, in the write-ahead log. PostgreSQL is asked to free the space of old rows.
async fn erase(db: &Db) -> Result<(), StoreError> {
    db.condition().may_write()?;
    match db {
        Db::Sqlite(pools) => {
            patiently!(vacuum(&pools.aside).await)?;
            patiently!(truncate_log(&pools.aside).await)?;
        }
        Db::Postgres(pools) => {
            patiently!(vacuum_tables(&pools.write).await)?;
        }
    }
    patiently!(meta::forget(db, meta::ERASING).await)
}

/// Frees the space of old rows on PostgreSQL.
async fn vacuum_tables(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    // The connection is closed: others must not get it with the long time limits that this may need.
    connection.close_on_drop();
    sqlx::raw_sql("set statement_timeout = 0; set lock_timeout = 0").execute(&mut *connection).await?;
    sqlx::query("vacuum (analyze) events, surplus_events, calls, decisions, callbacks_done, settings, spans, segments")
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// Gathers the planner's statistics anew, because the old ones may hold forgotten values, and rewrites the file.
async fn vacuum(pool: &SqlitePool) -> Result<(), StoreError> {
    sqlx::query("pragma analysis_limit = 400; analyze; vacuum").execute(pool).await?;
    Ok(())
}

async fn truncate_log(pool: &SqlitePool) -> Result<(), StoreError> {
    let (busy, _, _): (i64, i64, i64) = sqlx::query_as("pragma wal_checkpoint(truncate)").fetch_one(pool).await?;
    match busy {
        0 => Ok(()),
        _ => {
            Err(StoreError::Unavailable(sqlx::Error::Protocol("the write-ahead log is being read all the time".into())))
        }
    }
}
