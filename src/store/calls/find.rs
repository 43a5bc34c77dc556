//! Queries for calls, one and many.

use std::ops::Range;

use futures_util::TryStreamExt;

use super::query::{bind_query, calls_sql};
use super::rows::{CallRow, DecisionRow, call_columns, pack_call_id};
use crate::placetel::event::CallId;
use crate::routing::table::Decision;
use crate::store::db::engine::{Db, reading};
use crate::store::db::error::StoreError;

pub use super::query::CallQuery;
pub use super::rows::StoredCall;
pub use super::subjects::{TopCaller, lines_and_peers, routes_of_calls, top_callers};

const SELECT: &str = concat!("select ", call_columns!());
// The limit is cast because SQLite would look at the value of a bare parameter, and plan the statement each time it is
// bound.
const OLDER: &str =
    "and (started_ms, calls.id) < ($17, $18) order by started_ms desc, calls.id desc limit cast($19 as bigint)";
const NEWER: &str = "and (started_ms, calls.id) > ($17, $18) order by started_ms, calls.id limit cast($19 as bigint)";

/// The keyset cursor of a page of the call log, which begins after the call with this start and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    started_ms: i64,
    key: i64,
}

impl Cursor {
    /// Returns the cursor behind this call.
    pub fn after(call: &StoredCall) -> Self {
        Self { started_ms: call.call.started_ms, key: call.key }
    }

    /// The cursor in front of the newest call.
    pub(in crate::store) const END: Self = Self { started_ms: i64::MAX, key: i64::MAX };

    /// Returns when the call began, milliseconds since 1970 UTC.
    pub(in crate::store) fn started_ms(self) -> i64 {
        self.started_ms
    }

    /// Returns the start and the key of the call.
    pub(in crate::store) fn place(self) -> (i64, i64) {
        (self.started_ms, self.key)
    }

    /// Encodes the cursor for URLs, as opaque text.
    pub fn encode(self) -> String {
        format!("{:x}-{:x}", self.started_ms, self.key)
    }

    /// Decodes what [`Cursor::encode`] wrote.
    pub fn decode(text: &str) -> Option<Self> {
        let (started, key) = text.split_once('-')?;
        // The digits are those of all 64 bits, also of a number below zero.
        let number = |text: &str| u64::from_str_radix(text, 16).ok().map(u64::cast_signed);
        Some(Self { started_ms: number(started)?, key: number(key)? })
    }
}

/// A page of calls, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPage {
    /// The calls, at most as many as asked for.
    pub calls: Vec<StoredCall>,
    /// The cursor of the next page in the direction of reading, if there is one.
    pub next: Option<Cursor>,
}

/// The order of a list of calls by their start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Order {
    NewestFirst,
    OldestFirst,
}

/// Returns at most `most` calls in an order, from behind a place on.
pub(in crate::store) async fn some_calls(
    db: &Db,
    order: Order,
    query: &CallQuery,
    from: Cursor,
    most: usize,
) -> Result<Vec<StoredCall>, StoreError> {
    // SQLite would read and skip everything newer than the cursor if only the pair told where to begin.
    let (order, query) = match order {
        Order::NewestFirst => (OLDER, query.until(from.started_ms.saturating_add(1))),
        Order::OldestFirst => (NEWER, query.since(from.started_ms)),
    };
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let sql = calls_sql(db, &query, SELECT, order);
    let rows: Vec<CallRow> = reading!(db, pool => {
        bind_query!(sql, &query).bind(from.started_ms).bind(from.key).bind(most).fetch_all(pool).await?
    });
    rows.into_iter().map(StoredCall::try_from).collect()
}

/// Returns when the `count`th newest of the calls that began in a range did; its start if there are fewer.
pub(in crate::store) async fn start_of_newest(db: &Db, range: Range<i64>, count: i64) -> Result<i64, StoreError> {
    let found: Option<i64> = reading!(db, pool => {
        sqlx::query_scalar(
            "select started_ms from calls where started_ms >= $1 and started_ms < $2 \
             order by started_ms desc limit 1 offset cast($3 as bigint)",
        )
        .bind(range.start)
        .bind(range.end)
        .bind(count)
        .fetch_optional(pool)
        .await?
    });
    Ok(found.unwrap_or(range.start))
}

/// Streams every call to `take`, in no particular order.
pub async fn for_each_call(db: &Db, query: &CallQuery, mut take: impl FnMut(StoredCall)) -> Result<(), StoreError> {
    let sql = calls_sql(db, query, SELECT, "");
    reading!(db, pool => {
        let mut rows = bind_query!(sql, query).fetch(pool);
        while let Some(row) = rows.try_next().await? {
            take(row.try_into()?);
        }
        Ok(())
    })
}

/// Returns when the oldest of all calls began, milliseconds since 1970 UTC.
pub async fn oldest_start_ms(db: &Db) -> Result<Option<i64>, StoreError> {
    reading!(db, pool => {
        Ok(sqlx::query_scalar("select started_ms from calls order by started_ms limit 1").fetch_optional(pool).await?)
    })
}

/// Returns the call with this id.
pub async fn find_call(db: &Db, call_id: &CallId) -> Result<Option<StoredCall>, StoreError> {
    const SQL: &str = concat!("select ", call_columns!(), " from calls where call_id = $1");
    let row: Option<CallRow> = reading!(db, pool => {
        sqlx::query_as(SQL).bind(pack_call_id(call_id)).fetch_optional(pool).await?
    });
    row.map(StoredCall::try_from).transpose()
}

/// Returns the decision that the PBX was told for a call, if it asked us.
pub async fn find_decision(db: &Db, call_id: &CallId) -> Result<Option<Decision>, StoreError> {
    let row: Option<DecisionRow> = reading!(db, pool => {
        sqlx::query_as(
            "select call_key, route_id, route_name, xml, decided_ms, revision, took_us from decisions \
             where call_key = (select id from calls where call_id = $1)",
        )
        .bind(pack_call_id(call_id))
        .fetch_optional(pool)
        .await?
    });
    Ok(row.map(|row| row.into_pair().1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::phone::Numbering;
    use crate::stats::business::BusinessTime;
    use crate::stats::filter::Filter;
    use crate::store::calls::query::tests::plan;

    #[test]
    fn cursors_lead_back_and_nonsense_is_none() {
        let cursor = Cursor { started_ms: 1_795_334_400_123, key: 42 };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        for text in ["", "-", "x-1", "1", "fffffffffffffffff-1", "1-1-1"] {
            assert_eq!(Cursor::decode(text), None, "{text}");
        }
    }

    #[tokio::test]
    async fn a_page_is_read_along_an_index_and_never_sorted() {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite:{}", directory.path().join("calls.db").display())).await.unwrap();
        let business = BusinessTime::new(chrono_tz::Europe::Berlin, None);
        let all = Filter::all(crate::stats::period::DayRange::one("2026-11-22".parse().unwrap()));
        let of_party = Filter { party: Some("+49".into()), ..all.clone() };
        for (filter, index) in [(all, "calls_by_start"), (of_party, "calls_by_party")] {
            let query = CallQuery::new(&filter, &business, &Numbering::new("DE").unwrap(), 0);
            for order in [OLDER, NEWER] {
                let steps = plan(&db, calls_sql(&db, &query, SELECT, order)).await;
                assert!(steps[0].contains(index) && steps[0].contains("started_ms>"), "{steps:?}");
                assert!(!steps.iter().any(|step| step.contains("ORDER BY")), "{steps:?}");
            }
        }
        db.close().await;
    }
}
