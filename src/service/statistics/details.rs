//! The details of a dashboard: calls by hour of the week, by line and by agent, which only hours, lines and agents
//! tell.

use super::Statistics;
use crate::service::error::ServiceError;
use crate::stats::filter::Filter;
use crate::stats::heat::{HeatMap, WeekHour};
use crate::stats::month::days_without;
use crate::stats::people::CountsByName;
use crate::stats::period::DayRange;
use crate::stats::rollup::{Class, Tier};
use crate::stats::sums::Sums;
use crate::store::stats::cells::{count_hours, read_sums};
use crate::store::stats::months::sums_of_closed_months;

/// The figures that only hours and single calls can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The heat map: calls by hour of the week.
    pub heat: HeatMap,
    /// Counts by the line that was called.
    pub lines: CountsByName,
    /// Counts by the agent who answered or called.
    pub agents: CountsByName,
}

/// Counts the details: closed months from their sums, all other days from the cells.
pub async fn details(statistics: &Statistics, filter: &Filter) -> Result<Details, ServiceError> {
    let closed = sums_of_closed_months(&statistics.db, filter.days).await?;
    let rest = days_without(filter.days, closed.iter().map(|(month, _)| *month));
    let tells_agents = statistics.agent_figures;
    let (heat, lines, agents) = tokio::try_join!(
        heat(statistics, filter, &rest),
        shares(statistics, filter, Tier::Line, &rest),
        shares(statistics, filter, Tier::Peer, if tells_agents { &rest } else { &[] }),
    )?;
    let mut details = Details { heat, lines, agents };
    for (_, month) in &closed {
        month.hours().for_each(|(hour, class, calls)| add_hour(&mut details.heat, filter, hour, class, calls));
        details.add_shares(statistics, filter, month.lines(), month.peers());
    }
    Ok(details)
}

impl Details {
    /// Adds the sums of each class, by line and by agent.
    pub(super) fn add_shares<'s>(
        &mut self,
        statistics: &Statistics,
        filter: &Filter,
        lines: impl Iterator<Item = (&'s str, Class, Sums)>,
        peers: impl Iterator<Item = (&'s str, Class, Sums)>,
    ) {
        lines
            .filter(|(_, class, _)| !class.is_internal())
            .for_each(|(name, class, sums)| add_share(&mut self.lines, statistics, filter, name, class, sums));
        if statistics.agent_figures {
            peers.for_each(|(name, class, sums)| add_share(&mut self.agents, statistics, filter, name, class, sums));
        }
    }
}

async fn heat(statistics: &Statistics, filter: &Filter, ranges: &[DayRange]) -> Result<HeatMap, ServiceError> {
    let business = &statistics.derivation.business;
    let mut heat = HeatMap::default();
    // A cell has many classes; the local hour of its bucket is computed once for all of them.
    let mut last = None;
    let mut count = |bucket, class: Class, calls| {
        let hour = match last {
            Some((same, hour)) if same == bucket => hour,
            _ => WeekHour::of(business, bucket),
        };
        last = Some((bucket, hour));
        add_hour(&mut heat, filter, hour, class, calls);
    };
    for days in ranges {
        count_hours(&statistics.db, Tier::Hour.buckets(*days, business), &mut count).await?;
    }
    Ok(heat)
}

async fn shares(
    statistics: &Statistics,
    filter: &Filter,
    tier: Tier,
    ranges: &[DayRange],
) -> Result<CountsByName, ServiceError> {
    let mut shares = CountsByName::default();
    for days in ranges {
        let buckets = tier.buckets(*days, &statistics.derivation.business);
        let count = |_, name: &str, class: Class, sums| {
            if tier != Tier::Line || !class.is_internal() {
                add_share(&mut shares, statistics, filter, name, class, sums);
            }
        };
        read_sums(&statistics.db, tier, buckets, count).await?;
    }
    Ok(shares)
}

pub(super) fn add_hour(heat: &mut HeatMap, filter: &Filter, hour: WeekHour, class: Class, calls: i64) {
    let outcome = class.progress.outcome_when_over();
    if filter.counts(class, outcome) {
        heat.add(hour, outcome, calls);
    }
}

fn add_share(
    shares: &mut CountsByName,
    statistics: &Statistics,
    filter: &Filter,
    name: &str,
    class: Class,
    sums: Sums,
) {
    let outcome = class.progress.outcome_when_over();
    if filter.counts(class, outcome) {
        shares.add(statistics.counted_as(name), class, outcome, sums);
    }
}
