//! Queries for the event log.

use super::rows::pack_call_id;
use crate::calls::receipts::{MOST_FOLDED, MOST_LARGE_FOLDED, Receipt, Receipts};
use crate::placetel::event::{CallId, EventError};
use crate::store::db::engine::{Db, reading};
use crate::store::db::error::StoreError;
use futures_util::TryStreamExt;

/// Maximum number of events of a call that are folded, the large ones included.
pub(in crate::store) const MOST_OF_CALL: usize = MOST_FOLDED + MOST_LARGE_FOLDED;

/// The error for a stored event that cannot be parsed.
pub(in crate::store) fn damaged(error: EventError) -> StoreError {
    StoreError::Damaged(format!("an event of the log: {error}"))
}

pub(in crate::store) fn read_receipt(received_ms: i64, deliveries: i32, body: Vec<u8>) -> Result<Receipt, StoreError> {
    let mut receipt = Receipt::new(received_ms, body).map_err(damaged)?;
    receipt.deliveries = u32::try_from(deliveries).unwrap_or(1);
    Ok(receipt)
}

/// Returns the events of one call that are folded, first to last; empty when there is no such call.
pub async fn events_of_call(db: &Db, call_id: &CallId) -> Result<Receipts, StoreError> {
    let rows: Vec<(i64, i32, Vec<u8>)> = reading!(db, pool => {
        sqlx::query_as(
            "select received_ms, deliveries, body from events \
             where call_key = (select id from calls where call_id = $1) order by received_ms, digest limit cast($2 as bigint)",
        )
        .bind(pack_call_id(call_id))
        .bind(MOST_OF_CALL as i64)
        .fetch_all(pool)
        .await?
    });
    rows.into_iter().map(|(received_ms, deliveries, body)| read_receipt(received_ms, deliveries, body)).collect()
}

/// Streams every event of the log to `take` in order of receipt: receive time, deliveries, body.
///
/// # Errors
/// When the database does not answer, or what `take` returns.
pub async fn read_log<E: From<StoreError>>(
    db: &Db,
    mut take: impl FnMut(i64, u32, &[u8]) -> Result<(), E>,
) -> Result<(), E> {
    reading!(db, pool => {
        let mut rows = sqlx::query_as::<_, (i64, i32, Vec<u8>)>(
            "select received_ms, deliveries, body from (select * from events union all select * from surplus_events) log \
             order by received_ms, call_key, digest",
        )
        .fetch(pool);
        while let Some((received_ms, deliveries, body)) = rows.try_next().await.map_err(StoreError::from)? {
            take(received_ms, u32::try_from(deliveries).unwrap_or(1), &body)?;
        }
        Ok(())
    })
}

/// Returns whether anything was ever received. Events may be gone, their calls stay.
pub async fn has_events(db: &Db) -> Result<bool, StoreError> {
    let first: Option<i64> = reading!(db, pool => {
        sqlx::query_scalar("select id from calls limit 1").fetch_optional(pool).await?
    });
    Ok(first.is_some())
}
