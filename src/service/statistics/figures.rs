//! The figures of the dashboard: each tier of cells is read once, all of them at the same time, and everything that
//! is shown is derived from that one pass. Where no tier holds the combination, one pass over the calls gives the same.

use std::ops::Range;

use chrono::NaiveDate;

use super::Statistics;
pub use super::details::Details;
use super::details::details;
use super::sheet::{Count, Sheet, open_calls};
use crate::service::error::ServiceError;
use crate::stats::as_of::{AsOf, FilterAsOf};
use crate::stats::compare::{comparison_shift, same_weekdays_before};
use crate::stats::filter::Filter;
use crate::stats::people::GroupCounts;
use crate::stats::period::DayRange;
use crate::stats::report::{GroupBy, Source};
use crate::stats::rollup::Tier;
use crate::stats::timeline::Step;
use crate::stats::totals::Totals;
use crate::store::calls::find::oldest_start_ms;

/// The source of a dashboard's figures (query plan).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CountingPlan {
    /// From the cells of all tiers.
    Cells,
    /// From packed calls.
    Columns,
    /// From the calls of one party.
    Calls,
}

impl CountingPlan {
    /// Chooses the cheapest source that tells everything.
    pub fn of(filter: &Filter, step: Option<GroupBy>) -> Self {
        match Source::of(filter, step) {
            Source::Cells(Tier::Hour | Tier::Day, _) => Self::Cells,
            Source::Cells(..) | Source::Columns => Self::Columns,
            Source::Calls => Self::Calls,
        }
    }
}

/// The figures of a period on a dashboard.
#[derive(Clone, Debug, PartialEq)]
pub struct PeriodFigures {
    /// The totals of everything asked for.
    pub totals: Totals,
    /// The steps of the chart, if it has any.
    pub steps: Option<Vec<Step>>,
    /// The calls that came within the business hours.
    pub while_open: GroupCounts,
    /// The period to compare with, if it was asked for.
    pub before: Option<Comparison>,
    /// The figures that only hours and single calls can tell.
    pub details: Details,
}

impl PeriodFigures {
    /// Returns the period to compare with, if there is one.
    pub fn compared(&self) -> Option<&Before> {
        match &self.before {
            Some(Comparison::With(before)) => Some(before),
            Some(Comparison::Unknown(_)) | None => None,
        }
    }
}

/// What a period is compared with.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// With the same weekdays before.
    With(Box<Before>),
    /// With nothing, because the log does not hold all of these days; the first day that it holds.
    Unknown(NaiveDate),
}

/// The period to compare with.
#[derive(Clone, Debug, PartialEq)]
pub struct Before {
    /// Its days.
    pub days: DayRange,
    /// Whether its last day counts up to the same time of day only, as today does.
    pub is_cut: bool,
    /// Its figures.
    pub totals: Totals,
    /// The calls that came within the business hours.
    pub while_open: GroupCounts,
}

/// Counts the figures of a dashboard, with steps for a chart and a comparison if asked for.
pub async fn figures(
    statistics: &Statistics,
    plan: CountingPlan,
    asked: &FilterAsOf,
    step: Option<GroupBy>,
    compares: bool,
) -> Result<PeriodFigures, ServiceError> {
    let (now, before) = tokio::try_join!(current(statistics, plan, asked, step), async {
        if compares { before(statistics, plan, asked).await } else { Ok(None) }
    })?;
    let Count { totals, steps, while_open, details } = now;
    Ok(PeriodFigures { totals, steps, while_open, before, details })
}

async fn current(
    statistics: &Statistics,
    plan: CountingPlan,
    asked: &FilterAsOf,
    step: Option<GroupBy>,
) -> Result<Count, ServiceError> {
    let filter = &asked.filter;
    let mut sheet = Sheet::new(statistics, filter, step)?;
    let query = statistics.query(asked).any_outcome();
    match plan {
        CountingPlan::Calls => sheet.count_calls(&query).await?,
        CountingPlan::Columns => {
            let (_, open) = tokio::try_join!(sheet.count_columns(&query), open_calls(statistics, &query, false))?;
            open.iter().for_each(|call| sheet.correct(call));
        }
        CountingPlan::Cells => {
            let (_, details, open) = tokio::try_join!(
                sheet.count_cells(filter.days),
                details(statistics, filter),
                open_calls(statistics, &query, false)
            )?;
            sheet.details = details;
            open.iter().for_each(|call| sheet.correct(call));
        }
    }
    Ok(sheet.finish())
}

/// Counts the same weekdays before; until the same time of day if the period runs until now.
async fn before(
    statistics: &Statistics,
    plan: CountingPlan,
    FilterAsOf { filter, as_of }: &FilterAsOf,
) -> Result<Option<Comparison>, ServiceError> {
    let Some(days) = same_weekdays_before(filter.days) else { return Ok(None) };
    let oldest = oldest_start_ms(&statistics.db).await?;
    if let Some(first) =
        oldest.map(|at_ms| statistics.derivation.business.day(at_ms)).filter(|first| *first > days.start)
    {
        return Ok(Some(Comparison::Unknown(first)));
    }
    let cut = Cut::of(statistics, filter.days, *as_of);
    let before = FilterAsOf { filter: Filter { days, ..filter.clone() }, as_of: *as_of };
    let query = statistics.query(&before).any_outcome();
    let query = cut.map_or(query.clone(), |cut| query.until(cut.at_ms));
    let mut sheet = Sheet::new(statistics, &before.filter, None)?;
    match (plan, cut) {
        (CountingPlan::Calls, _) => sheet.count_calls(&query).await?,
        (CountingPlan::Columns, _) => sheet.count_columns(&query).await?,
        (CountingPlan::Cells, None) => sheet.count_cells(days).await?,
        (CountingPlan::Cells, Some(cut)) => {
            if let Some(whole) = days_before(days, cut.day) {
                sheet.count_cells(whole).await?;
            }
            sheet.count_hours(cut.hours()).await?;
            sheet.count_calls(&query.since(cut.cells_until_ms)).await?;
        }
    }
    let uncorrected = match (plan, cut) {
        (CountingPlan::Calls, _) => None,
        (CountingPlan::Cells, Some(cut)) => Some(query.until(cut.cells_until_ms)),
        (CountingPlan::Cells | CountingPlan::Columns, _) => Some(query),
    };
    if let Some(query) = uncorrected {
        open_calls(statistics, &query, false).await?.iter().for_each(|call| sheet.correct(call));
    }
    let Count { totals, while_open, .. } = sheet.finish();
    Ok(Some(Comparison::With(Box::new(Before { days, is_cut: cut.is_some(), totals, while_open }))))
}

/// Where the last day of a comparison ends, because the period that is compared runs until now.
#[derive(Clone, Copy)]
struct Cut {
    day: NaiveDate,
    day_start_ms: i64,
    /// The same time of day as now, in milliseconds since 1970 UTC.
    at_ms: i64,
    /// The end of what cells by hour tell: from here on the calls themselves are counted.
    cells_until_ms: i64,
}

impl Cut {
    fn of(statistics: &Statistics, days: DayRange, as_of: AsOf) -> Option<Self> {
        let (AsOf { now_ms, today }, business) = (as_of, &statistics.derivation.business);
        let shift = u64::try_from(comparison_shift(days)).unwrap_or_default();
        let day = today.checked_sub_days(chrono::Days::new(shift));
        let day = day.filter(|_| (days.start..=days.end).contains(&today))?;
        let (day_start_ms, at_ms) = (business.day_start_ms(day), business.same_time_ms(now_ms, day));
        Some(Self { day, day_start_ms, at_ms, cells_until_ms: business.hour_start_ms(at_ms) })
    }

    /// Returns the hours of the day that are counted from cells.
    fn hours(self) -> Range<i64> {
        self.day_start_ms..self.cells_until_ms
    }
}

/// Returns the days before `day`, if any.
fn days_before(days: DayRange, day: NaiveDate) -> Option<DayRange> {
    day.pred_opt().filter(|end| *end >= days.start).map(|end| DayRange { end, ..days })
}
