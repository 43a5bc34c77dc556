//! Surplus events: those that a call has beyond the ones that are folded. They are kept in the log, but not read to
//! store one more, so that the cost of an event does not grow with its call.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use sqlx::QueryBuilder;

use super::events::{MOST_OF_CALL, read_receipt};
use crate::calls::receipts::{LARGE_BYTES, MOST_FOLDED, MOST_LARGE_FOLDED, Receipt, Receipts};
use crate::placetel::event::CallId;
use crate::store::db::engine::{Db, for_both_engines, reading_on, writing};
use crate::store::db::error::StoreError;
use crate::store::ingest::batch::{KnownCalls, SURPLUS};
use crate::store::ingest::call_update::CallUpdate;

/// Maximum number of keys in one query.
const KEYS_AT_ONCE: usize = 1_000;
/// Maximum number of events in one transaction, or in memory at a time.
pub(in crate::store) const EVENTS_AT_ONCE: i64 = 500;
const NEXT_OF_CALL: &str = "select digest, received_ms, deliveries, body from surplus_events \
     where call_key = $1 and digest > $2 order by digest limit cast($3 as bigint)";
const DROP_SOME: &str = "delete from surplus_events where call_key = $1 and digest in \
     (select digest from surplus_events where call_key = $1 order by digest limit cast($2 as bigint))";

/// The place of an event, for keyset pagination: call key and digest.
pub(in crate::store) type EventPlace = (i64, Vec<u8>);

/// The subquery for the events of a call, each with whether it is surplus: see the migration that made the table of
/// these.
macro_rules! placed {
    () => {
        "(select events.*, row_number() over ( \
             partition by length(body) > $2 order by received_ms, digest \
         ) > case when length(body) > $2 then $3 else $4 end as is_beyond from events where call_key = $1) placed where "
    };
}
const SET_APART: [&str; 2] = [
    concat!(
        "insert into surplus_events (call_key, digest, received_ms, deliveries, body) \
         select call_key, digest, received_ms, deliveries, body from ",
        placed!(),
        "is_beyond on conflict (call_key, digest) do nothing"
    ),
    concat!("delete from events where call_key = $1 and digest in (select digest from ", placed!(), "is_beyond)"),
];
const FOLDED: &str = concat!("select received_ms, deliveries, body from ", placed!(), "not is_beyond");
const COUNT_AGAIN: &str = "update calls set event_count = (select count(*) from events where call_key = $1) \
     + (select count(*) from surplus_events where call_key = $1) where id = $1";

/// Sets apart the surplus of crowded calls with these keys (those that have it among the folded events), one call at a
/// time; the first key is left out.
pub(in crate::store) async fn set_apart_between(db: &Db, keys: Range<i64>) -> Result<(), StoreError> {
    let crowded = reading_on!(db, connection in engine => {
        engine::crowded_between(&mut connection, keys.start.saturating_add(1), keys.end).await
    })?;
    for key in crowded {
        writing!(db, transaction in engine => engine::set_apart_of(&mut transaction, key).await)?;
    }
    Ok(())
}

/// Deletes surplus events of a call, at most `most`; returns how many. With `is_bare`, its folded events are gone and
/// what is left of the call stays as it is.
pub(in crate::store) async fn drop_some(db: &Db, call_key: i64, most: i64, is_bare: bool) -> Result<i64, StoreError> {
    writing!(db, transaction in engine => engine::drop_some(&mut transaction, call_key, most, is_bare).await)
}

/// Reads the next surplus events of a call, behind this digest, and the digest of the last; `None` if there are no
/// more.
pub(in crate::store) async fn next_of_call(
    db: &Db,
    call_key: i64,
    after: &[u8],
) -> Result<Option<(Receipts, Vec<u8>)>, StoreError> {
    reading_on!(db, connection in engine => engine::next_of_call(&mut connection, call_key, after).await)
}

for_both_engines! {
    use ingest::batch, db::traces, db::writes;

    /// Sets apart the surplus of crowded calls, as a log of an earlier version has it, or one that another program has
    /// written to; and loads these calls again.
    pub async fn set_apart(connection: &mut EngineConnection, known: &mut KnownCalls) -> Result<(), StoreError> {
        let crowded = known.iter().filter(|(_, call)| call.is_crowded());
        let crowded: Vec<(CallId, i64)> = crowded.map(|(id, call)| (id.clone(), call.stored.key)).collect();
        for (id, key) in crowded {
            set_apart_of(connection, key).await?;
            known.extend(batch::load_calls(connection, std::iter::once(&id)).await?);
        }
        Ok(())
    }

    /// Sets apart the surplus of the call with this key.
    pub async fn set_apart_of(connection: &mut EngineConnection, call_key: i64) -> Result<(), StoreError> {
        for sql in SET_APART {
            sqlx::query(sql)
                .bind(call_key)
                .bind(LARGE_BYTES as i64)
                .bind(MOST_LARGE_FOLDED as i64)
                .bind(MOST_FOLDED as i64)
                .execute(&mut *connection)
                .await?;
        }
        count_again(connection, call_key).await
    }

    async fn count_again(connection: &mut EngineConnection, call_key: i64) -> Result<(), StoreError> {
        sqlx::query(COUNT_AGAIN).bind(call_key).execute(connection).await?;
        Ok(())
    }

    /// Returns those of these calls that are crowded.
    pub async fn crowded(connection: &mut EngineConnection, call_keys: &[i64]) -> Result<Vec<i64>, StoreError> {
        let mut query = QueryBuilder::<Engine>::new("select call_key from events where call_key in (");
        let mut list = query.separated(",");
        call_keys.iter().for_each(|key| { list.push_bind(*key); });
        query.push(") group by call_key having count(*) > ").push_bind(MOST_OF_CALL as i64);
        Ok(query.build_query_scalar().persistent(false).fetch_all(connection).await?)
    }

    /// Returns the crowded calls from one key to another.
    pub async fn crowded_between(connection: &mut EngineConnection, first: i64, last: i64) -> Result<Vec<i64>, StoreError> {
        let sql = "select call_key from events where call_key between $1 and $2 group by call_key having count(*) > $3";
        Ok(sqlx::query_scalar(sql).bind(first).bind(last).bind(MOST_OF_CALL as i64).fetch_all(connection).await?)
    }

    /// Loads the events of a crowded call that are folded.
    pub async fn folded_of_crowded(connection: &mut EngineConnection, call_key: i64) -> Result<Receipts, StoreError> {
        let rows: Vec<(i64, i32, Vec<u8>)> = sqlx::query_as(FOLDED)
            .bind(call_key)
            .bind(LARGE_BYTES as i64)
            .bind(MOST_LARGE_FOLDED as i64)
            .bind(MOST_FOLDED as i64)
            .fetch_all(connection)
            .await?;
        rows.into_iter().map(|(received_ms, deliveries, body)| read_receipt(received_ms, deliveries, body)).collect()
    }

    /// Adds to known calls those surplus events of theirs that are among `receipts`.
    pub async fn load_repeated<'r>(
        connection: &mut EngineConnection,
        known: &mut KnownCalls,
        receipts: impl Iterator<Item = &'r Receipt>,
    ) -> Result<(), StoreError> {
        let full = known.iter().filter(|(_, call)| call.surplus_not_loaded() > 0);
        let full: HashMap<CallId, i64> = full.map(|(id, call)| (id.clone(), call.stored.key)).collect();
        if full.is_empty() {
            return Ok(());
        }
        let of_full = receipts.filter_map(|receipt| Some((*full.get(&receipt.event.call_id)?, receipt)));
        let asked: BTreeMap<(i64, Vec<u8>), &Receipt> =
            of_full.map(|(key, receipt)| ((key, receipt.digest()), receipt)).collect();
        for keys in asked.keys().collect::<Vec<_>>().chunks(KEYS_AT_ONCE) {
            let mut query = QueryBuilder::<Engine>::new(
                "select call_key, digest, received_ms, deliveries from surplus_events where (call_key, digest) in (",
            );
            query.push_values(keys, |mut row, (key, digest)| {
                row.push_bind(*key).push_bind(digest.as_slice());
            });
            query.push(")");
            let rows: Vec<(i64, Vec<u8>, i64, i32)> =
                query.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
            for (key, digest, received_ms, deliveries) in rows {
                let Some(receipt) = asked.get(&(key, digest)) else { continue };
                let deliveries = u32::try_from(deliveries).unwrap_or(1);
                if let Some(call) = known.get_mut(&receipt.event.call_id) {
                    call.surplus.deliver(Receipt { received_ms, deliveries, ..(*receipt).clone() });
                }
            }
        }
        Ok(())
    }

    /// Adds the statements that store the changed surplus of calls.
    pub fn write<'t>(writes: &mut writes::Writes, updates: impl Iterator<Item = &'t CallUpdate> + Clone) {
        let outdated: Vec<_> = updates.clone().flat_map(CallUpdate::outdated_surplus).collect();
        let changed: Vec<_> = updates.clone().flat_map(CallUpdate::changed_surplus).collect();
        batch::delete_events(writes, SURPLUS, &outdated);
        batch::upsert_events(writes, SURPLUS, &changed);
        let dropped: Vec<i64> = updates.filter_map(CallUpdate::surplus_to_drop).collect();
        if !dropped.is_empty() {
            writes.query().push("delete from surplus_events where call_key in (");
            let mut list = writes.query().separated(",");
            dropped.into_iter().for_each(|key| { list.push_bind(key); });
            writes.query().push(")");
            writes.end_statement();
        }
    }

    pub(in crate::store) async fn next_of_call(
        connection: &mut EngineConnection,
        call_key: i64,
        after: &[u8],
    ) -> Result<Option<(Receipts, Vec<u8>)>, StoreError> {
        let rows: Vec<(Vec<u8>, i64, i32, Vec<u8>)> = sqlx::query_as(NEXT_OF_CALL)
            .bind(call_key)
            .bind(after)
            .bind(EVENTS_AT_ONCE)
            .fetch_all(connection)
            .await?;
        let last = rows.last().map(|(digest, ..)| digest.clone());
        let receipt = |(_, received_ms, deliveries, body)| read_receipt(received_ms, deliveries, body).map(Arc::new);
        let receipts: Vec<Arc<Receipt>> = rows.into_iter().map(receipt).collect::<Result<_, _>>()?;
        Ok(last.map(|last| (receipts.into(), last)))
    }

    pub(in crate::store) async fn drop_some(
        connection: &mut EngineConnection,
        call_key: i64,
        most: i64,
        is_bare: bool,
    ) -> Result<i64, StoreError> {
        let dropped = sqlx::query(DROP_SOME).bind(call_key).bind(most).execute(&mut *connection).await?.rows_affected();
        if dropped > 0 {
            traces::note_traces(connection).await?;
        }
        if is_bare {
            return Ok(dropped as i64);
        }
        if dropped == 0 {
            // The count is made anew, whatever it was before.
            count_again(connection, call_key).await?;
        } else {
            sqlx::query("update calls set event_count = event_count - cast($2 as integer) where id = $1")
                .bind(call_key)
                .bind(dropped as i64)
                .execute(connection)
                .await?;
        }
        Ok(dropped as i64)
    }

    /// Counts the surplus events of each call with these keys.
    pub async fn count_surplus(
        connection: &mut EngineConnection,
        first_key: i64,
        last_key: i64,
    ) -> Result<HashMap<i64, i64>, StoreError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "select call_key, count(*) from surplus_events where call_key between $1 and $2 group by call_key",
        )
        .bind(first_key)
        .bind(last_key)
        .fetch_all(connection)
        .await?;
        Ok(rows.into_iter().collect())
    }
}
