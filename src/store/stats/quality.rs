//! Statistics of how events arrived: duplicated and late. Limited to [`MOST_CALLS`], because they query the event log
//! itself.

use sqlx::AssertSqlSafe;

use crate::stats::quality::Arrivals;
use crate::store::db::engine::{Db, reading};
use crate::store::db::error::StoreError;

/// Maximum number of calls of a period whose events are looked at, the newest first.
pub const MOST_CALLS: i64 = 20_000;

/// The subquery for the newest calls of a span, on one line or on all.
const NEWEST: &str = "(select id, number, ended_ms from calls where started_ms >= $1 and started_ms < $2 \
     and (cast($3 as text) is null or number = $3) order by started_ms desc, id desc limit cast($4 as bigint)) newest";

/// Counts how the events of the newest calls that started in `span` arrived, by own line. An event is late when it came
/// after the call's last HungUp.
pub async fn arrivals(
    db: &Db,
    span: std::ops::Range<i64>,
    number: Option<&str>,
) -> Result<Vec<(Option<String>, Arrivals)>, StoreError> {
    type Row = (Option<String>, i64, i64, i64, i64);
    let came = format!(
        "select number, count(distinct id), count(*), \
             cast(coalesce(sum(case when deliveries > 1 then 1 else 0 end), 0) as bigint), \
             cast(coalesce(sum(case when received_ms > ended_ms then 1 else 0 end), 0) as bigint) \
         from {NEWEST} join events on call_key = id group by number"
    );
    let beyond = format!("select number, count(*) from {NEWEST} join surplus_events on call_key = id group by number");
    let (rows, surplus): (Vec<Row>, Vec<(Option<String>, i64)>) = reading!(db, pool => {
        let came = sqlx::query_as(AssertSqlSafe(came)).bind(span.start).bind(span.end).bind(number).bind(MOST_CALLS);
        let beyond = sqlx::query_as(AssertSqlSafe(beyond)).bind(span.start).bind(span.end).bind(number).bind(MOST_CALLS);
        (came.fetch_all(pool).await?, beyond.fetch_all(pool).await?)
    });
    let arrivals = |(number, calls, events, doubled, late): Row| {
        let surplus = surplus.iter().find(|(of, _)| *of == number).map_or(0, |(_, count)| *count);
        (number, Arrivals { calls, events, doubled, late, surplus })
    };
    Ok(rows.into_iter().map(arrivals).collect())
}
