//! What calls have beyond the events that are folded: kept in the log, but not read to store one more, so that the cost of
//! an event does not grow with its call.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use futures_util::TryStreamExt;
use sqlx::QueryBuilder;

use super::batch::{KnownCalls, SURPLUS};
use super::events::read_receipt;
use super::record::Derivation;
use super::rows::unpack_call_id;
use super::touched::Touched;
use super::{Db, StoreError, for_both_engines, reading, settings, writing};
use crate::calls::receipts::{LARGE_BYTES, MOST_FOLDED, MOST_LARGE_FOLDED, Receipt, Receipts};
use crate::placetel::event::CallId;

/// Keys of one question.
const KEYS_AT_ONCE: usize = 1_000;
const OF_CALL: &str = "select received_ms, deliveries, body from surplus_events where call_key = $1";
/// Calls of one transaction.
const CALLS_AT_ONCE: usize = 20;

/// The events of a call beyond those that are folded: see the migration that made their table.
macro_rules! beyond_the_bounds {
    () => {
        "(select events.*, row_number() over ( \
             partition by length(body) > $2 order by received_ms, digest \
         ) > case when length(body) > $2 then $3 else $4 end as is_beyond from events where call_key = $1) placed \
         where is_beyond"
    };
}
const SET_APART: [&str; 2] = [
    concat!(
        "insert into surplus_events (call_key, digest, received_ms, deliveries, body) \
         select call_key, digest, received_ms, deliveries, body from ",
        beyond_the_bounds!(),
        " on conflict (call_key, digest) do nothing"
    ),
    concat!("delete from events where call_key = $1 and digest in (select digest from ", beyond_the_bounds!(), ")"),
];
const COUNT_AGAIN: &str = "update calls set event_count = (select count(*) from events where call_key = $1) \
     + (select count(*) from surplus_events where call_key = $1) where id = $1";

/// Folds calls again that had more events than are folded when their surplus was first set apart. Once; costs nothing
/// afterwards.
///
/// # Errors
/// When the database does not answer. Doing it again goes on.
pub async fn fold_again_once(db: &Db, derivation: &Derivation) -> Result<(), StoreError> {
    if settings::recall(db, settings::FOLD_AGAIN).await?.is_none() {
        return Ok(());
    }
    let ids: Vec<Vec<u8>> = reading!(db, pool => {
        sqlx::query_scalar("select call_id from calls where id in (select call_key from surplus_events)").fetch_all(pool).await?
    });
    let ids = ids.iter().map(|id| unpack_call_id(id)).collect::<Result<Vec<CallId>, _>>()?;
    for ids in ids.chunks(CALLS_AT_ONCE) {
        writing!(db, transaction in engine => engine::fold_again(&mut transaction, derivation, ids).await)?;
    }
    tracing::info!(calls = ids.len(), "calls with very many events were folded again");
    settings::forget(db, settings::FOLD_AGAIN).await
}

for_both_engines! {
    use batch, record, writes;

    /// Sets apart what crowded calls have beyond the events that are folded, as a log of before has it, or one that somebody
    /// else has written to; and loads them again.
    pub async fn set_apart(connection: &mut EngineConnection, known: &mut KnownCalls) -> Result<(), StoreError> {
        let crowded = known.iter().filter(|(_, call)| call.is_crowded());
        let crowded: Vec<(CallId, i64)> = crowded.map(|(id, call)| (id.clone(), call.stored.key)).collect();
        for (id, key) in crowded {
            for sql in SET_APART {
                sqlx::query(sql)
                    .bind(key)
                    .bind(LARGE_BYTES as i64)
                    .bind(MOST_LARGE_FOLDED as i64)
                    .bind(MOST_FOLDED as i64)
                    .execute(&mut *connection)
                    .await?;
            }
            sqlx::query(COUNT_AGAIN).bind(key).execute(&mut *connection).await?;
            known.extend(batch::load_calls(connection, std::iter::once(&id)).await?);
        }
        Ok(())
    }

    /// Adds to known calls those events of theirs that are not folded and among `receipts`.
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

    /// Stores what calls have beyond the events that are folded.
    pub fn write<'t>(writes: &mut writes::Writes, touched: impl Iterator<Item = &'t Touched> + Clone) {
        let outdated: Vec<_> = touched.clone().flat_map(Touched::outdated_surplus).collect();
        let changed: Vec<_> = touched.clone().flat_map(Touched::changed_surplus).collect();
        batch::delete_events(writes, SURPLUS, &outdated);
        batch::upsert_events(writes, SURPLUS, &changed);
        let dropped: Vec<i64> = touched.filter_map(Touched::surplus_to_drop).collect();
        if !dropped.is_empty() {
            writes.query().push("delete from surplus_events where call_key in (");
            let mut list = writes.query().separated(",");
            dropped.into_iter().for_each(|key| { list.push_bind(key); });
            writes.query().push(")");
            writes.end_statement();
        }
    }

    pub(super) async fn fold_again(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        ids: &[CallId],
    ) -> Result<(), StoreError> {
        let known = batch::load_calls(connection, ids.iter()).await?;
        let folded = known.into_iter().filter_map(|(id, call)| {
            let receipts = call.receipts.clone();
            Some((id, Touched::fold(Some(call), receipts, derivation)?))
        });
        record::write(connection, derivation, &folded.collect()).await
    }

    /// Whether what a call has beyond the events that are folded holds something, asked of each event alone.
    pub async fn any(
        connection: &mut EngineConnection,
        call_key: i64,
        holds: impl Fn(&Receipts) -> bool,
    ) -> Result<bool, StoreError> {
        let mut rows = sqlx::query_as(OF_CALL).bind(call_key).fetch(connection);
        while let Some((received_ms, deliveries, body)) = rows.try_next().await? {
            if holds(&vec![Arc::new(read_receipt(received_ms, deliveries, body)?)].into()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// All events of a call beyond those that are folded.
    pub async fn load(connection: &mut EngineConnection, call_key: i64) -> Result<Vec<Arc<Receipt>>, StoreError> {
        let rows: Vec<(i64, i32, Vec<u8>)> = sqlx::query_as(OF_CALL).bind(call_key).fetch_all(connection).await?;
        let receipt = |(received_ms, deliveries, body)| read_receipt(received_ms, deliveries, body).map(Arc::new);
        rows.into_iter().map(receipt).collect()
    }

    /// How many events calls with these keys have beyond those that are folded.
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
