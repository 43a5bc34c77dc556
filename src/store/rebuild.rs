//! Deriving calls and cells again from the log. Works in small transactions, so that a server with the
//! same settings keeps answering meanwhile.

use std::collections::HashMap;

use super::calls::StoredCall;
use super::events::read_receipt;
use super::record::Derivation;
use super::rows::{CallRow, call_columns};
use super::{Db, StoreError, for_both_engines, reading, writing};
use crate::calls::call::Call;
use crate::calls::receipts::Receipts;
use crate::stats::business::next_day;
use crate::stats::rollup::{Contribution, Differences, Tier};

const CALLS_PER_TRANSACTION: i64 = 500;

/// Folds every call again and counts every cell again; `progress` hears how many calls are done of how
/// many, in both passes together.
///
/// # Errors
/// When the database does not answer. Running it again mends everything.
pub async fn rebuild(db: &Db, derivation: &Derivation, mut progress: impl FnMut(i64, i64)) -> Result<(), StoreError> {
    let calls = count_calls(db).await?;
    let mut done = 0;
    let mut last_key = 0;
    loop {
        let (folded, key) =
            writing!(db, transaction in engine => engine::fold_again(&mut transaction, derivation, last_key).await)?;
        let Some(key) = key else { break };
        last_key = key;
        done += folded;
        progress(done, calls * 2);
    }
    let mut span = Span { first_ms: i64::MIN, first_day: i64::MIN };
    loop {
        let (counted, next) =
            writing!(db, transaction in engine => engine::count_again(&mut transaction, derivation, span).await)?;
        let Some(next) = next else { return Ok(()) };
        span = next;
        done += counted;
        progress(done, calls * 2);
    }
}

async fn count_calls(db: &Db) -> Result<i64, StoreError> {
    reading!(db, pool => Ok(sqlx::query_scalar("select count(*) from calls").fetch_one(pool).await?))
}

/// Where the cells not counted yet begin, in both units of buckets.
#[derive(Clone, Copy)]
struct Span {
    first_ms: i64,
    first_day: i64,
}

for_both_engines! {
    use batch;

    /// Folds the next calls after a key; how many, and the last one's key unless there were none.
    pub(super) async fn fold_again(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        after_key: i64,
    ) -> Result<(i64, Option<i64>), StoreError> {
        const NEXT: &str = concat!("select ", call_columns!(), " from calls where id > $1 order by id limit $2");
        let rows: Vec<CallRow> = sqlx::query_as(NEXT)
            .bind(after_key)
            .bind(CALLS_PER_TRANSACTION)
            .fetch_all(&mut *connection)
            .await?;
        let stored = rows.into_iter().map(StoredCall::try_from).collect::<Result<Vec<_>, _>>()?;
        let (Some(first), Some(last)) = (stored.first(), stored.last()) else { return Ok((0, None)) };
        let events: Vec<(i64, i64, i32, Vec<u8>)> =
            sqlx::query_as("select call_key, received_ms, deliveries, body from events where call_key between $1 and $2")
                .bind(first.key)
                .bind(last.key)
                .fetch_all(&mut *connection)
                .await?;
        let mut receipts: HashMap<i64, Receipts> = HashMap::new();
        for (key, received_ms, deliveries, body) in events {
            receipts.entry(key).or_default().deliver(read_receipt(received_ms, deliveries, body)?);
        }
        let mut changed = Vec::new();
        for before in &stored {
            let Some(call) = receipts.get(&before.key).and_then(|r| Call::fold(r, &derivation.numbering)) else { continue };
            let in_hours = derivation.business.is_open(call.started_ms);
            let after = StoredCall { key: before.key, in_hours, call };
            if after != *before {
                changed.push(after);
            }
        }
        let mut writes = batch::Writes::new(connection);
        batch::set_calls(&mut writes, &changed.iter().collect::<Vec<_>>()).await?;
        writes.finish().await?;
        Ok((stored.len() as i64, Some(last.key)))
    }

    /// Counts the next business day that has calls, and all before it that have none.
    pub(super) async fn count_again(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        from: Span,
    ) -> Result<(i64, Option<Span>), StoreError> {
        let business = &derivation.business;
        let next: Option<i64> = sqlx::query_scalar("select min(started_ms) from calls where started_ms >= $1")
            .bind(from.first_ms)
            .fetch_one(&mut *connection)
            .await?;
        let end = next.map(|started_ms| {
            let day = business.day(started_ms);
            Span { first_ms: business.day_start_ms(next_day(day)), first_day: business.day_number(started_ms) + 1 }
        });
        let before = end.unwrap_or(Span { first_ms: i64::MAX, first_day: i64::MAX });
        const DELETE: &str = "delete from cells where (tier = $1 and bucket >= $2 and bucket < $3) \
                              or (tier > $1 and bucket >= $4 and bucket < $5)";
        sqlx::query(DELETE)
            .bind(Tier::Hour as i16)
            .bind(from.first_ms)
            .bind(before.first_ms)
            .bind(from.first_day)
            .bind(before.first_day)
            .execute(&mut *connection)
            .await?;
        const CALLS: &str = concat!("select ", call_columns!(), " from calls where started_ms >= $1 and started_ms < $2");
        let rows: Vec<CallRow> =
            sqlx::query_as(CALLS).bind(from.first_ms).bind(before.first_ms).fetch_all(&mut *connection).await?;
        let counted = rows.len() as i64;
        let mut cells = Differences::default();
        for row in rows {
            let StoredCall { call, in_hours, .. } = StoredCall::try_from(row)?;
            cells.replace(None, Some(&Contribution::of(&call, in_hours, business)));
        }
        let mut writes = batch::Writes::new(connection);
        batch::write_cells(&mut writes, &cells.into_cells()).await?;
        writes.finish().await?;
        Ok((counted, end))
    }
}
