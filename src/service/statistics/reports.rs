use std::collections::HashMap;

use super::Statistics;
use super::counted::counted;
use super::sheet::{closed_months, open_calls};
use crate::service::error::ServiceError;
use crate::stats::as_of::FilterAsOf;
use crate::stats::business::day_number;
use crate::stats::report::{Counter, GroupBy, Report, Source};
use crate::store::calls::find::{StoredCall, for_each_call, routes_of_calls};
use crate::store::stats::cells::read_cells;

/// Returns the figures of the calls that a filter lets through: from cells where a tier holds the combination,
/// corrected for calls that are still running, else from the calls themselves.
///
/// # Errors
/// When there would be too many groups, or the database does not answer.
pub async fn report(
    statistics: &Statistics,
    asked: &FilterAsOf,
    group_by: Option<GroupBy>,
    limit: usize,
) -> Result<Report, ServiceError> {
    let (source, within) = (Source::of(&asked.filter, group_by), statistics.service_level_seconds);
    report_from(statistics, source, asked, group_by, limit, within).await
}

/// Like [`report`], but from a given source, which must hold it, and with another threshold of the service level.
///
/// # Errors
/// See [`report`].
pub async fn report_from(
    statistics: &Statistics,
    source: Source,
    asked: &FilterAsOf,
    group_by: Option<GroupBy>,
    limit: usize,
    service_level_seconds: u32,
) -> Result<Report, ServiceError> {
    let (filter, business) = (&asked.filter, &statistics.derivation.business);
    let mut counter = Counter::new(filter, group_by, business)?;
    let query = statistics.query(asked).any_outcome();
    let mut names = HashMap::new();
    match source {
        Source::Cells(tier, subject) => {
            let mut count =
                |bucket, name: &str, cell: &_| counter.add_cell(tier, bucket, statistics.counted_as(name), cell);
            let (closed, rest) = match group_by {
                None | Some(GroupBy::Month) => closed_months(statistics, tier, filter.days).await?,
                Some(_) => (Vec::new(), vec![filter.days]),
            };
            for days in rest {
                let buckets = tier.buckets(days, business);
                read_cells(&statistics.db, tier, buckets, subject.as_deref(), &mut count).await?;
            }
            closed.iter().for_each(|(month, calls)| count(day_number(month.start), "", calls.cell()));
            open_calls(statistics, &query).await?.iter().for_each(|call| counter.add_open_call(call));
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
