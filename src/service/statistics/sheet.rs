//! Counts the calls that a filter lets through, from cells, closed months or the calls themselves.

use std::collections::HashMap;
use std::ops::Range;

use super::Statistics;
use super::counted::counted;
use super::details::{Details, add_hour};
use crate::calls::outcome::Outcome;
use crate::service::error::ServiceError;
use crate::stats::business::day_number;
use crate::stats::columns::overview::Overview;
use crate::stats::filter::Filter;
use crate::stats::heat::WeekHour;
use crate::stats::month::{MonthCalls, days_without};
use crate::stats::people::GroupCounts;
use crate::stats::period::DayRange;
use crate::stats::report::{CountedCall, Counter, GroupBy, Source};
use crate::stats::rollup::{Cell, Class, Tier};
use crate::stats::sums::{Sums, as_open};
use crate::stats::timeline::{Step, Timeline};
use crate::stats::totals::Totals;
use crate::store::StoreError;
use crate::store::calls::find::{CallQuery, StoredCall, for_each_call, routes_of_calls};
use crate::store::stats::cells::read_cells;
use crate::store::stats::months::calls_of_closed_months;
use crate::store::stats::spans::count::count;

/// The result of one counting pass.
pub struct Count {
    pub totals: Totals,
    pub steps: Option<Vec<Step>>,
    pub while_open: GroupCounts,
    pub details: Details,
}

/// The accumulator of one counting pass.
pub struct Sheet<'a> {
    statistics: &'a Statistics,
    filter: &'a Filter,
    step: Option<GroupBy>,
    counter: Counter<'a>,
    timeline: Option<Timeline<'a>>,
    while_open: GroupCounts,
    pub details: Details,
}

impl<'a> Sheet<'a> {
    pub fn new(statistics: &'a Statistics, filter: &'a Filter, step: Option<GroupBy>) -> Result<Self, ServiceError> {
        let business = &statistics.derivation.business;
        let counter = Counter::new(filter, None, business)?;
        let timeline = step.map(|step| Timeline::new(filter, step, business)).transpose()?;
        Ok(Self {
            statistics,
            filter,
            step,
            counter,
            timeline,
            while_open: GroupCounts::default(),
            details: Details::default(),
        })
    }

    pub fn finish(self) -> Count {
        let totals = self.counter.finish(self.statistics.service_level_seconds, usize::MAX).totals;
        let steps = self.timeline.map(Timeline::finish);
        Count { totals, steps, while_open: self.while_open, details: self.details }
    }

    /// Counts from the cells of the tier that holds the filter in these steps.
    pub async fn count_cells(&mut self, days: DayRange) -> Result<(), ServiceError> {
        let Source::Cells(tier, subject) = Source::of(self.filter, self.step) else {
            return Err(ServiceError::Internal("no tier holds this".into()));
        };
        let (closed, rest) = closed_months(self.statistics, tier, days).await?;
        for days in rest {
            let buckets = tier.buckets(days, &self.statistics.derivation.business);
            self.count_buckets(tier, buckets, subject.as_deref()).await?;
        }
        closed.iter().for_each(|(month, calls)| self.count_month(*month, calls));
        Ok(())
    }

    fn count_month(&mut self, month: DayRange, calls: &MonthCalls) {
        self.add_cell(Tier::Day, day_number(month.start), "", calls.cell());
        if let Some(timeline) = &mut self.timeline {
            calls.days().for_each(|(day, by_class)| timeline.add_bucket(Tier::Day, day, by_class));
        }
    }

    /// Counts the calls of all lines that began in these hours, where nothing is grouped.
    pub async fn count_hours(&mut self, hours: Range<i64>) -> Result<(), ServiceError> {
        if hours.is_empty() {
            return Ok(());
        }
        self.count_buckets(Tier::Hour, hours, None).await
    }

    async fn count_buckets(
        &mut self,
        tier: Tier,
        buckets: Range<i64>,
        subject: Option<&str>,
    ) -> Result<(), ServiceError> {
        let db = &self.statistics.db;
        let count = |bucket, name: &str, cell: &Cell| {
            self.add_cell(tier, bucket, name, cell);
            if let Some(timeline) = &mut self.timeline {
                timeline.add_bucket(tier, bucket, cell.iter().map(|(class, figures)| (class, figures.calls)));
            }
        };
        Ok(read_cells(db, tier, buckets, subject, count).await?)
    }

    /// Adds a cell to everything but the steps of the chart: it may belong to more than one.
    fn add_cell(&mut self, tier: Tier, bucket: i64, name: &str, cell: &Cell) {
        self.counter.add_cell(tier, bucket, name, cell);
        for (class, figures) in cell.iter().filter(|(class, _)| class.in_hours) {
            let outcome = class.progress.outcome_when_over();
            if self.filter.counts(class, outcome) {
                self.while_open.add(class, outcome, Sums::of(figures));
            }
        }
    }

    /// Counts the calls of a query from packed calls, with all details.
    pub async fn count_columns(&mut self, query: &CallQuery) -> Result<(), ServiceError> {
        let business = &self.statistics.derivation.business;
        let overview = count(&self.statistics.db, query, false, || Overview::new(business)).await?.counts;
        // Nothing is grouped, so that all calls may stand in one day.
        self.add_cell(Tier::Day, day_number(self.filter.days.start), "", &overview.cell());
        let hours: Vec<(i64, Class, i64)> = overview.hours().collect();
        for of_hour in hours.chunk_by(|a, b| a.0 == b.0) {
            let Some(&(hour_ms, ..)) = of_hour.first() else { continue };
            if let Some(timeline) = &mut self.timeline {
                timeline.add_hour(hour_ms, of_hour.iter().map(|&(_, class, calls)| (class, calls)));
            }
            let hour = WeekHour::of(business, hour_ms);
            for &(_, class, calls) in of_hour {
                add_hour(&mut self.details.heat, self.filter, hour, class, calls);
            }
        }
        self.details.add_shares(self.statistics, self.filter, overview.lines(), overview.peers());
        Ok(())
    }

    pub async fn count_calls(&mut self, query: &CallQuery) -> Result<(), ServiceError> {
        let statistics = self.statistics;
        let count = |call: StoredCall| {
            let is_open = query.is_open(&call.call);
            let call = counted(statistics, call, None);
            let outcome = if is_open { Outcome::Open } else { call.class.progress.outcome_when_over() };
            self.counter.add_call(&call, is_open);
            if let Some(timeline) = &mut self.timeline {
                timeline.add_call(&call, is_open);
            }
            self.add(&call, outcome, 1);
        };
        Ok(for_each_call(&statistics.db, query, count).await?)
    }

    /// Corrects for a call that cells count as over, but which is still running.
    pub fn correct(&mut self, call: &CountedCall) {
        self.counter.add_open_call(call);
        if let Some(timeline) = &mut self.timeline {
            timeline.add_open_call(call);
        }
        as_open(call.class, |outcome, times| self.add(call, outcome, times));
    }

    fn add(&mut self, call: &CountedCall, outcome: Outcome, times: i64) {
        if !self.filter.counts(call.class, outcome) {
            return;
        }
        let mut sums = Sums::default();
        sums.add(Sums::of(&call.figures), times);
        if call.class.in_hours {
            self.while_open.add(call.class, outcome, sums);
        }
        let details = &mut self.details;
        details.heat.add(WeekHour::of(&self.statistics.derivation.business, call.started_ms), outcome, times);
        if !call.class.is_internal() {
            details.lines.add(call.number.as_deref().unwrap_or_default(), call.class, outcome, sums);
        }
        details.agents.add(call.peer.as_deref().unwrap_or_default(), call.class, outcome, sums);
    }
}

/// Returns the closed months among these days, which are one cell each, and the days of no closed month. Only the tier
/// of days has closed months.
pub async fn closed_months(
    statistics: &Statistics,
    tier: Tier,
    days: DayRange,
) -> Result<(Vec<(DayRange, MonthCalls)>, Vec<DayRange>), StoreError> {
    let closed = match tier {
        Tier::Day => calls_of_closed_months(&statistics.db, days).await?,
        Tier::Hour | Tier::Line | Tier::Peer => Vec::new(),
    };
    let rest = days_without(days, closed.iter().map(|(month, _)| *month));
    Ok((closed, rest))
}

/// Returns the calls among those asked for that are still running, with their routes if these are asked for.
pub async fn open_calls(
    statistics: &Statistics,
    query: &CallQuery,
    by_route: bool,
) -> Result<Vec<CountedCall>, ServiceError> {
    let mut open = Vec::new();
    if !query.may_have_open() {
        return Ok(open);
    }
    let query = query.only_open();
    let routes = if by_route { routes_of_calls(&statistics.db, &query).await? } else { HashMap::new() };
    let add = |call: StoredCall| {
        let route = routes.get(&call.key).map(|(id, _)| *id);
        open.push(counted(statistics, call, route));
    };
    for_each_call(&statistics.db, &query, add).await?;
    Ok(open)
}
