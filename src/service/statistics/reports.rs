use std::collections::{HashMap, HashSet};

use super::Statistics;
use super::counted::counted;
use super::sheet::{closed_months, open_calls};
use crate::service::error::ServiceError;
use crate::stats::as_of::FilterAsOf;
use crate::stats::business::day_number;
use crate::stats::columns::groups::{Group, Groups, PartyCounts};
use crate::stats::filter::Filter;
use crate::stats::report::{CountedCall, Counter, GroupBy, Report, Source};
use crate::stats::rollup::Class;
use crate::stats::sums::as_open;
use crate::store::calls::find::{CallQuery, StoredCall, for_each_call, routes_of_calls};
use crate::store::stats::cells::read_cells;
use crate::store::stats::spans::count::count;

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
            open_calls(statistics, &query, false).await?.iter().for_each(|call| counter.add_open_call(call));
        }
        Source::Columns => {
            let by_route = group_by == Some(GroupBy::Route);
            let open = open_calls(statistics, &query, by_route).await?;
            let chosen = match group_by {
                Some(GroupBy::Party) => most_frequent(statistics, filter, &query, &open, limit).await?,
                _ => HashSet::new(),
            };
            let new = || Groups::new(group_by, chosen.clone(), business);
            let counted = count(&statistics.db, &query, by_route, new).await?;
            for (group, cell) in counted.counts.finish() {
                match group {
                    Group::All => counter.add_group(None, &cell),
                    Group::Time(tier, bucket) => counter.add_cell(tier, bucket, "", &cell),
                    Group::Name(name) => {
                        let name = statistics.counted_as(&name);
                        counter.add_group((!name.is_empty()).then(|| name.to_owned()), &cell);
                    }
                    Group::Route(id) => counter.add_group(id.map(|id| id.to_string()), &cell),
                    Group::Rest => counter.add_rest(&cell),
                }
            }
            open.iter().for_each(|call| counter.add_open_call(call));
            names = counted.routes.into_iter().map(|(id, name)| (id.to_string(), Some(name))).collect();
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

/// Returns the parties with most calls: only these get groups, however many there are.
async fn most_frequent(
    statistics: &Statistics,
    filter: &Filter,
    query: &CallQuery,
    open: &[CountedCall],
    limit: usize,
) -> Result<HashSet<String>, ServiceError> {
    let wants = |class: Class| filter.counts(class, class.progress.outcome_when_over());
    let mut parties = count(&statistics.db, query, false, || PartyCounts::new(wants)).await?.counts;
    for call in open {
        as_open(call.class, |outcome, calls| {
            if filter.counts(call.class, outcome) {
                parties.correct(call.party.as_deref().unwrap_or_default(), calls);
            }
        });
    }
    Ok(parties.most(limit, |party| statistics.counted_as(party)))
}
