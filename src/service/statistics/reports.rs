use std::collections::HashMap;

use super::Statistics;
use crate::service::error::ServiceError;
use crate::stats::filter::Filter;
use crate::stats::report::{CountedCall, Counter, GroupBy, Report, Source};
use crate::stats::rollup::{Class, Measures, Progress};
use crate::store::calls::{StoredCall, for_each_call, routes_of_calls};
use crate::store::cells::read_cells;

/// Returns the figures of the calls that a filter lets through: from cells where a tier holds the combination,
/// corrected for calls that are still running, else from the calls themselves.
///
/// # Errors
/// When there would be too many groups, or the database does not answer.
pub async fn report(
    statistics: &Statistics,
    filter: &Filter,
    group_by: Option<GroupBy>,
    limit: usize,
) -> Result<Report, ServiceError> {
    let (source, within) = (Source::of(filter, group_by), statistics.service_level_seconds);
    report_from(statistics, source, filter, group_by, limit, within).await
}

/// Like [`report`], but from a given source, which must hold it, and with another threshold of the service level.
///
/// # Errors
/// See [`report`].
pub async fn report_from(
    statistics: &Statistics,
    source: Source,
    filter: &Filter,
    group_by: Option<GroupBy>,
    limit: usize,
    service_level_seconds: u32,
) -> Result<Report, ServiceError> {
    let business = &statistics.derivation.business;
    let mut counter = Counter::new(filter, group_by, business)?;
    let query = statistics.query(filter).any_outcome();
    let mut names = HashMap::new();
    match source {
        Source::Cells(tier, subject) => {
            let buckets = tier.buckets(filter.days, business);
            let count =
                |bucket, subject: &str, cell: &_| counter.add_cell(tier, bucket, statistics.counted_as(subject), cell);
            read_cells(&statistics.db, tier, buckets, subject.as_deref(), count).await?;
            for_each_call(&statistics.db, &query.only_open(), |call| {
                counter.add_open_call(&counted(statistics, call, None))
            })
            .await?;
        }
        Source::Calls => {
            let routes = match group_by {
                Some(GroupBy::Route) => routes_of_calls(&statistics.db, &query).await?,
                _ => HashMap::new(),
            };
            let count = |call: StoredCall| {
                let is_open = query.is_open(&call.call);
                let route = routes.get(&call.key).map(|(id, _)| *id);
                counter.add_call(&counted(statistics, call, route), is_open);
            };
            for_each_call(&statistics.db, &query, count).await?;
            names = routes.into_values().map(|(id, name)| (id.to_string(), name)).collect();
        }
    }
    let mut report = counter.finish(service_level_seconds, limit);
    for group in report.groups.iter_mut().flatten() {
        group.name = group.key.as_ref().and_then(|key| names.get(key)).cloned().flatten();
    }
    Ok(report)
}

/// Converts a call to the form that reports count, without the agents that figures must not name.
pub fn counted(statistics: &Statistics, stored: StoredCall, route_id: Option<i64>) -> CountedCall {
    let StoredCall { call, in_hours, .. } = stored;
    let named = |subject: Option<String>| subject.filter(|subject| statistics.may_count(subject));
    CountedCall {
        started_ms: call.started_ms,
        class: Class {
            direction: call.direction,
            in_hours,
            progress: Progress::new(call.ending, call.accepted_ms.is_some()),
        },
        figures: Measures::one(call.talk_seconds, call.wait_seconds().or(call.abandoned_wait_seconds())),
        number: named(call.number),
        peer: call.peer.filter(|_| statistics.agent_figures),
        party: named(call.party),
        route_id,
    }
}
