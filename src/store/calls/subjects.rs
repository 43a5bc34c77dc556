//! Queries of the subjects of calls: callers, lines, agents, routes.

use std::collections::HashMap;
use std::ops::Range;

use sqlx::Sqlite;

use super::query::{CallQuery, bind_query, calls_sql};
use crate::calls::outcome::Outcome;
use crate::store::db::engine::{Db, reading};
use crate::store::db::error::StoreError;
use crate::store::db::reader::Reader;

/// Maximum number of calls that are counted by caller here, not by SQLite.
const COUNTED_HERE: i64 = 10_000;

const NEWEST_CALLERS: &str = "select json_group_array(party), json_group_array(id) from (select party, calls.id";
const NEWEST_FIRST: &str = "and direction = 1 and party is not null order by started_ms desc, calls.id desc \
     limit cast($17 as bigint)) newest";

/// An outside caller, with their number of calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopCaller {
    /// The outside number.
    pub party: String,
    /// The number of inbound calls.
    pub calls: i64,
    /// The number of those that nobody took.
    pub missed: i64,
}

/// Finds who called most often, among the `newest` inbound calls with a number that a query lets through.
pub async fn top_callers(db: &Db, query: &CallQuery, newest: i64, limit: usize) -> Result<Vec<TopCaller>, StoreError> {
    if let (Db::Sqlite(pools), ..=COUNTED_HERE) = (db, newest) {
        return count_callers(db, &pools.read, query, newest, limit).await;
    }
    let sql = calls_sql(
        db,
        query,
        "select party, cast(count(*) as bigint), cast(sum(case when ending = 1 then 1 else 0 end) as bigint) \
         from (select party, ending",
        &format!("{NEWEST_FIRST} group by party order by 2 desc, 1 limit cast($18 as bigint)"),
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<(String, i64, i64)> = reading!(db, pool => {
        bind_query!(sql, query, (String, i64, i64)).bind(newest).bind(limit).fetch_all(pool).await?
    });
    Ok(rows.into_iter().map(|(party, calls, missed)| TopCaller { party, calls, missed }).collect())
}

/// Finds the same for few calls on SQLite, which would sort them by caller to count them: that takes longer than
/// reading. Missed calls are only looked up of the callers that are returned.
async fn count_callers(
    db: &Db,
    pool: &Reader<Sqlite>,
    query: &CallQuery,
    newest: i64,
    limit: usize,
) -> Result<Vec<TopCaller>, StoreError> {
    let sql = calls_sql(db, query, NEWEST_CALLERS, NEWEST_FIRST);
    let (parties, keys): (String, String) =
        bind_query!(sql, query, (String, String)).bind(newest).fetch_one(pool).await?;
    let damaged = |_| StoreError::Damaged("a caller".into());
    let parties: Vec<String> = serde_json::from_str(&parties).map_err(damaged)?;
    let keys: Vec<i64> = serde_json::from_str(&keys).map_err(damaged)?;
    let mut calls: HashMap<String, Vec<i64>> = HashMap::new();
    for (party, key) in parties.into_iter().zip(keys) {
        calls.entry(party).or_default().push(key);
    }
    let mut callers: Vec<_> = calls.into_iter().collect();
    let by_calls =
        |a: &(String, Vec<i64>), b: &(String, Vec<i64>)| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0));
    if limit < callers.len() {
        callers.select_nth_unstable_by(limit, by_calls);
        callers.truncate(limit);
    }
    callers.sort_unstable_by(by_calls);
    let keys: Vec<i64> = callers.iter().flat_map(|(_, keys)| keys).copied().collect();
    let missed: Vec<(String, i64)> = sqlx::query_as(
        "select party, count(*) from calls where id in (select value from json_each($1)) and ending = $2 group by party",
    )
    .bind(serde_json::json!(keys).to_string())
    .bind(i16::from(Outcome::Missed.code()))
    .fetch_all(pool)
    .await?;
    let missed: HashMap<String, i64> = missed.into_iter().collect();
    let caller = |(party, keys): (String, Vec<i64>)| TopCaller {
        calls: i64::try_from(keys.len()).unwrap_or(i64::MAX),
        missed: missed.get(&party).copied().unwrap_or_default(),
        party,
    };
    Ok(callers.into_iter().map(caller).collect())
}

/// Finds the route that answered each call of a time span, by the call's key: id and name.
pub async fn routes_of_calls(db: &Db, query: &CallQuery) -> Result<HashMap<i64, (i64, Option<String>)>, StoreError> {
    let rows: Vec<(i64, i64, Option<String>)> = reading!(db, pool => {
        sqlx::query_as(
            "select call_key, route_id, route_name from decisions join calls on calls.id = call_key \
             where route_id is not null and started_ms >= $1 and started_ms < $2",
        )
        .bind(query.start_ms)
        .bind(query.end_ms)
        .fetch_all(pool)
        .await?
    });
    Ok(rows.into_iter().map(|(key, route, name)| (key, (route, name))).collect())
}

/// Lists own lines and SIP users seen in a time span, each ascending: what filters offer.
pub async fn lines_and_peers(db: &Db, days: Range<i64>) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let rows: Vec<(i16, String)> = reading!(db, pool => {
        sqlx::query_as(
            "select distinct tier, subject from cells where tier in (2, 3) and bucket >= $1 and bucket < $2 \
             and subject <> ''",
        )
        .bind(days.start)
        .bind(days.end)
        .fetch_all(pool)
        .await?
    });
    let of = |tier: i16| {
        let mut subjects: Vec<String> = rows.iter().filter(|row| row.0 == tier).map(|row| row.1.clone()).collect();
        subjects.sort();
        subjects
    };
    Ok((of(2), of(3)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::phone::Numbering;
    use crate::stats::business::BusinessTime;
    use crate::stats::filter::Filter;
    use crate::stats::period::DayRange;
    use crate::store::calls::query::tests::plan;

    #[tokio::test]
    async fn who_calls_is_told_by_the_index_alone() {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite:{}", directory.path().join("calls.db").display())).await.unwrap();
        let filter = Filter::all(DayRange::one("2026-11-22".parse().unwrap()));
        let business = BusinessTime::new(chrono_tz::Europe::Berlin, None);
        let query = CallQuery::new(&filter, &business, &Numbering::new("DE").unwrap(), 0);
        let steps = plan(&db, calls_sql(&db, &query, NEWEST_CALLERS, NEWEST_FIRST)).await;
        assert!(steps.iter().any(|step| step.contains("COVERING INDEX calls_by_start")), "{steps:?}");
        assert!(!steps.iter().any(|step| step.contains("ORDER BY")), "{steps:?}");
        db.close().await;
    }
}
