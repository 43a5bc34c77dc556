//! Who and what stands in calls: callers, lines, agents, routes.

use std::collections::HashMap;
use std::ops::Range;

use super::call_query::{CallQuery, bind_query, calls_sql};
use super::{Db, StoreError, reading};

/// Somebody outside who called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopCaller {
    /// The outside number.
    pub party: String,
    /// How many inbound calls.
    pub calls: i64,
    /// How many of them nobody took.
    pub missed: i64,
}

/// Who called most often, among the `newest` inbound calls with a number that a query lets through.
///
/// # Errors
/// When the database does not answer.
pub async fn top_callers(db: &Db, query: &CallQuery, newest: i64, limit: usize) -> Result<Vec<TopCaller>, StoreError> {
    let sql = calls_sql!(
        db,
        query,
        "select party, cast(count(*) as bigint), cast(sum(case when ending = 1 then 1 else 0 end) as bigint) \
         from (select party, ending",
        "and direction = 1 and party is not null order by started_ms desc, calls.id desc limit $17) newest \
         group by party order by 2 desc, 1 limit $18"
    );
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows: Vec<(String, i64, i64)> = reading!(db, pool => {
        bind_query!(sql, query, (String, i64, i64)).bind(newest).bind(limit).fetch_all(pool).await?
    });
    Ok(rows.into_iter().map(|(party, calls, missed)| TopCaller { party, calls, missed }).collect())
}

/// The route that answered each call of a time span, by the call's key: id and name.
///
/// # Errors
/// When the database does not answer.
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

/// Own lines and SIP users seen in a time span, each ascending: what filters offer.
///
/// # Errors
/// When the database does not answer.
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
