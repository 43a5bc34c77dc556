//! The settings table: key-value pairs that the database remembers about itself.

use super::engine::{Db, for_both_engines, reading, writing};
use super::error::StoreError;
use crate::calls::forgetting::Key;

/// A marker, present while a rebuild has begun and not ended: see [`crate::store::calls::rebuilding`].
pub const REBUILDING: &str = "rebuilding";
/// A value written as a probe, to see whether the database takes anything.
pub(in crate::store) const PROBE: &str = "probe";
/// A marker, present while calls are to be folded again whose surplus was set apart by a migration.
pub const FOLD_AGAIN: &str = "fold-again";
/// Set as long as calls between colleagues have to be folded again that were taken for inbound or outbound.
pub const FOLD_INTERNAL: &str = "fold-internal";
/// The watermark of forgetting, milliseconds since 1970 UTC: calls that began before are forgotten, or are about to be.
pub const FORGOTTEN_BEFORE: &str = "forgotten-before";
/// The progress of forgetting, milliseconds since 1970 UTC: as far as that is done.
pub const FORGOTTEN_UP_TO: &str = "forgotten-up-to";
/// The watermark of deleting, milliseconds since 1970 UTC: events of calls that began before are gone, or are about to
/// go.
pub const EVENTS_GONE_BEFORE: &str = "events-gone-before";
/// The progress of deleting, milliseconds since 1970 UTC: as far as that is done.
pub const EVENTS_GONE_UP_TO: &str = "events-gone-up-to";
/// The earliest start of a call that may have come after its like was forgotten or gone: a night looks at calls from
/// here on once more.
pub const LATE_SINCE: &str = "late-since";
/// The last clock reading that was believed, milliseconds since 1970 UTC.
pub const CLOCK_SEEN: &str = "clock-seen";
/// The number of times a clock was confirmed.
pub const CLOCK_CONFIRMED: &str = "clock-confirmed";
/// The key of pseudonymisation, kept from night to night, as long as callers are to stay distinct from each other.
pub const FORGETTING_KEY: &str = "forgetting-key";
/// The key of pseudonymisation while everybody before a day is being forgotten.
pub const FORGETTING_KEY_ONCE: &str = "forgetting-key-once";
/// A marker, present while something was forgotten of which the database file may still hold traces.
pub const ERASING: &str = "erasing";
/// A counter, raised with every batch that may repeat what is stored.
const REPEATED: &str = "repeated-batches";
/// The business day for which a node last claimed the nightly retention.
pub const FORGOTTEN_ON: &str = "forgotten-on";

/// Returns a remembered value.
pub async fn recall(db: &Db, name: &str) -> Result<Option<String>, StoreError> {
    reading!(db, pool => {
        Ok(sqlx::query_scalar("select value from settings where name = $1").bind(name).fetch_optional(pool).await?)
    })
}

/// Returns a remembered instant, in milliseconds since 1970 UTC; `i64::MIN` if there is none.
pub async fn recall_ms(db: &Db, name: &str) -> Result<i64, StoreError> {
    Ok(recall(db, name).await?.and_then(|value| value.parse().ok()).unwrap_or(i64::MIN))
}

fn read_ms(value: &str) -> i64 {
    value.parse().unwrap_or(i64::MIN)
}

/// Sets the progress of forgetting and deleting back to the first call that came late, so that the next time looks at
/// it.
pub(in crate::store) async fn go_back(db: &Db) -> Result<(), StoreError> {
    writing!(db, transaction in engine => engine::go_back(&mut transaction).await)
}

/// Remembers an instant unless it or a later one is remembered.
pub async fn advance_ms(db: &Db, name: &str, at_ms: i64) -> Result<(), StoreError> {
    if recall_ms(db, name).await? < at_ms { remember(db, name, &at_ms.to_string()).await } else { Ok(()) }
}

/// Remembers a value.
pub async fn remember(db: &Db, name: &str, value: &str) -> Result<(), StoreError> {
    writing!(db, transaction in engine => engine::set(&mut transaction, name, value).await)
}

/// Deletes a remembered value.
pub async fn forget(db: &Db, name: &str) -> Result<(), StoreError> {
    writing!(db, transaction => {
        sqlx::query("delete from settings where name = $1")
            .bind(name)
            .execute(&mut *transaction)
            .await
            .map(drop)
            .map_err(StoreError::from)
    })
}

/// Encodes a key as it is remembered, with what it was made for.
pub(in crate::store) fn write_key(purpose: &str, key: &Key) -> String {
    format!("{purpose} {}", hex::encode(key))
}

/// Decodes what [`write_key`] wrote.
pub(in crate::store) fn read_key(value: &str) -> Option<(&str, Key)> {
    let (purpose, digits) = value.split_once(' ')?;
    let mut key = [0; 64];
    hex::decode_to_slice(digits, &mut key).ok()?;
    Some((purpose, key))
}

/// The upsert that raises a counter by one: the SQL before and after the counter's name.
const RAISE: (&str, &str) = (
    "insert into settings (name, value) values (",
    ", '1') on conflict (name) do update set value = cast(cast(settings.value as bigint) + 1 as text)",
);

for_both_engines! {
    use db::writes;

    /// Remembers a value within a transaction.
    pub(in crate::store) async fn set(
        connection: &mut EngineConnection,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        sqlx::query("insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value")
            .bind(name)
            .bind(value)
            .execute(connection)
            .await?;
        Ok(())
    }

    /// Remembers an instant within a transaction, unless an earlier one is remembered.
    pub(in crate::store) async fn lower(
        connection: &mut EngineConnection,
        name: &str,
        at_ms: i64,
    ) -> Result<(), StoreError> {
        sqlx::query(
            "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value \
             where cast(settings.value as bigint) > cast(excluded.value as bigint)",
        )
        .bind(name)
        .bind(at_ms.to_string())
        .execute(connection)
        .await?;
        Ok(())
    }

    pub(in crate::store) async fn go_back(connection: &mut EngineConnection) -> Result<(), StoreError> {
        let value_of = "select value from settings where name = $1";
        let late: Option<String> = sqlx::query_scalar(value_of).bind(LATE_SINCE).fetch_optional(&mut *connection).await?;
        let Some(late) = late else { return Ok(()) };
        for name in [FORGOTTEN_UP_TO, EVENTS_GONE_UP_TO] {
            let done: Option<String> = sqlx::query_scalar(value_of).bind(name).fetch_optional(&mut *connection).await?;
            if done.is_some_and(|done| read_ms(&done) > read_ms(&late)) {
                sqlx::query("update settings set value = $2 where name = $1")
                    .bind(name)
                    .bind(late.as_str())
                    .execute(&mut *connection)
                    .await?;
            }
        }
        sqlx::query("delete from settings where name = $1").bind(LATE_SINCE).execute(connection).await?;
        Ok(())
    }

    /// Raises a counter by one within a transaction.
    pub(in crate::store) async fn raise(connection: &mut EngineConnection, counter: &str) -> Result<(), StoreError> {
        let mut writes = writes::Writes::new();
        push_raise(&mut writes, counter);
        writes.send(connection).await
    }

    /// Makes a transaction write something, so that its commit reaches the disk and the standby, and with it all
    /// commits before.
    pub(in crate::store) fn write_again(writes: &mut writes::Writes) {
        push_raise(writes, REPEATED);
    }

    fn push_raise(writes: &mut writes::Writes, counter: &str) {
        writes.query().push(RAISE.0).push_bind(counter.to_owned()).push(RAISE.1);
        writes.end_statement();
    }
}
