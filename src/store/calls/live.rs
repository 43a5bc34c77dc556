use sqlx::QueryBuilder;

use super::rows::{CallRow, StoredCall, call_columns};
use crate::store::db::engine::{Db, reading};
use crate::store::db::error::StoreError;

/// Maximum number of keys in one query.
const MOST_KEYS: usize = 1_000;

/// The numbers of calls that are running.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Running {
    /// The number of calls not picked up yet, as far as the PBX tells.
    pub ringing: i64,
    /// The number of calls picked up.
    pub talking: i64,
}

/// Counts the calls without HungUp that started after `open_after_ms`.
pub async fn count_running(db: &Db, open_after_ms: i64) -> Result<Running, StoreError> {
    let (all, talking): (i64, i64) = reading!(db, pool => {
        sqlx::query_as(
            "select cast(count(*) as bigint), cast(coalesce(sum(case when accepted_ms is not null \
             and (direction is null or direction <> 2) then 1 else 0 end), 0) as bigint) \
             from calls where ending is null and started_ms > $1",
        )
        .bind(open_after_ms)
        .fetch_one(pool)
        .await?
    });
    Ok(Running { ringing: all - talking, talking })
}

/// Returns the calls with these keys, in order of their keys.
pub async fn calls_with_keys(db: &Db, keys: &[i64]) -> Result<Vec<StoredCall>, StoreError> {
    let mut calls = Vec::with_capacity(keys.len());
    for keys in keys.chunks(MOST_KEYS) {
        let rows: Vec<CallRow> = reading!(db, pool => {
            let mut query = QueryBuilder::new(concat!("select ", call_columns!(), " from calls where id in ("));
            let mut list = query.separated(",");
            keys.iter().for_each(|key| { list.push_bind(*key); });
            query.push(") order by id");
            query.build_query_as().persistent(false).fetch_all(pool).await?
        });
        for row in rows {
            calls.push(row.try_into()?);
        }
    }
    Ok(calls)
}

/// Returns the calls that were hung up last, the last one first, among those that started after `started_after_ms`.
pub async fn last_ended(db: &Db, started_after_ms: i64, limit: i64) -> Result<Vec<StoredCall>, StoreError> {
    const SQL: &str = concat!(
        "select ",
        call_columns!(),
        " from calls where started_ms > $1 and ended_ms is not null order by ended_ms desc, calls.id desc limit cast($2 as bigint)"
    );
    let rows: Vec<CallRow> = reading!(db, pool => {
        sqlx::query_as(SQL).bind(started_after_ms).bind(limit).fetch_all(pool).await?
    });
    rows.into_iter().map(StoredCall::try_from).collect()
}
