//! The callback report: who was missed in a period, and whether there was contact since.

use super::{contact, is_valid, missed, not_ours};
use crate::calls::forgetting::was_number;
use crate::calls::phone::Numbering;
use crate::stats::callbacks::Streak;
use crate::store::calls::query::{CallQuery, bind_query, calls_sql};
use crate::store::db::engine::{Db, reading};
use crate::store::db::error::StoreError;
use crate::store::db::rows_in_time::Stretch;

type Row = (String, Option<i64>, i64, i64, i64, Option<i64>, Option<i64>);

/// The head of the streak query: missed calls of one caller with the same next contact are one streak. For forgotten
/// callers it uses the stored result of calls and marks that were not forgotten together with theirs.
const STREAKS: &str = concat!(
    "select caller, contact_ms, min(called_ms), max(called_ms), max(missed_ms), \
         (select max(done_ms) from callbacks_done d where d.party = caller), max(kept_done_ms) \
     from (select party as caller, started_ms as called_ms, ended_ms as missed_ms, \
         (select f.done_ms from forgotten_callers f where f.call_key = calls.id) as kept_done_ms, \
         coalesce((select f.contact_ms from forgotten_callers f where f.call_key = calls.id), \
         (select min(c.started_ms) from calls c where c.party = calls.party \
             and c.started_ms > calls.started_ms and ",
    contact!("c"),
    ")) as contact_ms"
);
const OF_MISSED: &str = concat!(
    "and (party like '+%' or party like 'forgotten-number-%') and ",
    missed!("calls"),
    " and ",
    not_ours!("calls.party"),
    ") found group by caller, contact_ms"
);

/// Returns the missed calls among those asked for, of valid outside numbers, as streaks without contact in between. The
/// query narrows down the missed calls only; contact counts on whichever line.
pub async fn missed_streaks(db: &Db, numbering: &Numbering, query: &CallQuery) -> Result<Vec<Streak>, StoreError> {
    let sql = calls_sql(db, query, STREAKS, OF_MISSED);
    let rows: Vec<Row> = reading!(db, pool => bind_query!(sql, query, Row).fetch_all(pool).await?);
    let streak = |(party, contact_ms, first_ms, last_ms, ended_ms, done_ms, kept_done_ms): Row| Streak {
        is_done: done_ms.max(kept_done_ms).is_some_and(|done_ms| done_ms >= ended_ms),
        party,
        contact_ms,
        first_ms,
        last_ms,
    };
    let (mut streaks, mut stretch) = (Vec::new(), Stretch::begin());
    for row in rows {
        stretch.rest().await?;
        if is_valid(numbering, &row.0) || was_number(&row.0) {
            streaks.push(streak(row));
        }
    }
    Ok(streaks)
}
