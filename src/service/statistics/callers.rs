//! Who calls most often.

use super::Statistics;
use super::figures::CountingPlan;
use crate::placetel::event::Direction;
use crate::service::error::ServiceError;
use crate::stats::as_of::FilterAsOf;
use crate::stats::columns::callers::{CallerCounts, Callers};
use crate::stats::columns::fact::Fact;
use crate::store::calls::find::{TopCaller, top_callers};
use crate::store::stats::spans::count::count;

/// Returns who called most often, among the `newest` inbound calls with a number that a filter lets through.
pub async fn frequent_callers(
    statistics: &Statistics,
    plan: CountingPlan,
    asked: &FilterAsOf,
    newest: i64,
    limit: usize,
) -> Result<Vec<TopCaller>, ServiceError> {
    let query = statistics.query(asked);
    let mut callers = match plan {
        CountingPlan::Cells | CountingPlan::Calls => top_callers(&statistics.db, &query, newest, limit).await?,
        CountingPlan::Columns => {
            let wants = |fact: &Fact| {
                fact.class().is_some_and(|class| {
                    let outcome = class.outcome(fact.started_ms > query.open_after_ms());
                    class.direction == Some(Direction::In) && asked.filter.counts(class, outcome)
                })
            };
            let newest = usize::try_from(newest).unwrap_or(usize::MAX);
            let counted = count(&statistics.db, &query, false, || Callers::new(newest, wants)).await?.counts.finish();
            let caller = |(party, counts): (String, CallerCounts)| TopCaller {
                party,
                calls: counts.calls,
                missed: counts.missed,
            };
            let mut callers: Vec<TopCaller> = counted.into_iter().map(caller).collect();
            callers.sort_unstable_by(|a, b| b.calls.cmp(&a.calls).then_with(|| a.party.cmp(&b.party)));
            callers.truncate(limit);
            callers
        }
    };
    callers.retain(|caller| statistics.may_count(&caller.party));
    Ok(callers)
}
