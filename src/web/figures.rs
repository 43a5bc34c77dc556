//! The figures of the dashboard: each tier of cells is read once, all of them at the same time, and everything that
//! is shown is derived from that one pass. Where no tier holds the combination, one pass over the calls gives the same.

use std::ops::Range;

use chrono::NaiveDate;

use super::clock::now_ms;
use super::error::Error;
use super::reports::counted;
use super::state::State;
use crate::calls::outcome::Outcome;
use crate::stats::business::{BusinessTime, day_number, next_day};
use crate::stats::compare::{comparison_shift, same_weekdays_before};
use crate::stats::filter::Filter;
use crate::stats::heat::{HeatMap, WeekHour};
use crate::stats::people::{Share, Shares};
use crate::stats::period::DayRange;
use crate::stats::report::{CountedCall, Counter, GroupBy, Report, Source};
use crate::stats::rollup::{Class, Tier};
use crate::stats::sums::{Sums, as_open};
use crate::store::calls::{CallQuery, StoredCall, are_at_most, for_each_call, oldest_start_ms};
use crate::store::cells::{count_hours, read_cells, read_sums};

/// So many calls are read one by one for a single page, not more.
pub const REACH: i64 = 100_000;

/// Where the figures of a dashboard come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From the cells of all tiers.
    Cells,
    /// From the cells of one line or agent, which know no hours and not each other.
    Subject,
    /// From the calls.
    Calls,
}

/// What a dashboard shows of a period.
#[derive(Clone, Debug, PartialEq)]
pub struct Figures {
    /// Totals, and groups by the step of the chart if there are not too many.
    pub report: Report,
    /// The calls that came within the business hours.
    pub while_open: Share,
    /// The period to compare with, if it was asked for.
    pub before: Option<Comparison>,
    /// What only hours and single calls can tell; `None` when there are too many of those to read.
    pub details: Option<Details>,
}

impl Figures {
    /// The period to compare with, if there is one.
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
    /// With nothing: of these days nothing is known, or not all. The first day of the log.
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
    pub report: Report,
    /// The calls that came within the business hours.
    pub while_open: Share,
}

/// What only hours and single calls can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// When in the week it rings.
    pub heat: HeatMap,
    /// Who was called.
    pub lines: Shares,
    /// Who answered or called.
    pub agents: Shares,
}

/// The cheapest way that tells as much as possible.
///
/// # Errors
/// When the database does not answer.
pub async fn way(state: &State, filter: &Filter, step: Option<GroupBy>) -> Result<Way, Error> {
    let is_single = match Source::of(filter, step) {
        Source::Cells(Tier::Hour | Tier::Day, _) => return Ok(Way::Cells),
        Source::Cells(..) => true,
        Source::Calls => false,
    };
    let is_far = is_single && !are_at_most(&state.db, &state.query(filter), REACH).await?;
    Ok(if is_far { Way::Subject } else { Way::Calls })
}

/// Counts everything, in steps for a chart, compared or not.
///
/// # Errors
/// When the database does not answer.
pub async fn figures(
    state: &State,
    way: Way,
    filter: &Filter,
    step: Option<GroupBy>,
    compares: bool,
) -> Result<Figures, Error> {
    let (now, before) = tokio::try_join!(current(state, way, filter, step), async {
        if compares { before(state, way, filter).await } else { Ok(None) }
    })?;
    let (Count { report, while_open }, details) = now;
    Ok(Figures { report, while_open, before, details })
}

/// Totals and what came while open.
struct Count {
    report: Report,
    while_open: Share,
}

async fn current(
    state: &State,
    way: Way,
    filter: &Filter,
    step: Option<GroupBy>,
) -> Result<(Count, Option<Details>), Error> {
    let mut sheet = Sheet::new(state, filter, step)?;
    match way {
        Way::Calls => {
            sheet.details = Some(Details::default());
            sheet.count_calls(&state.query(filter).any_outcome()).await?;
        }
        Way::Subject => {
            sheet.count_cells(filter.days).await?;
            open_calls(state, filter).await?.iter().for_each(|call| sheet.correct(call));
        }
        Way::Cells => {
            let (_, heat, lines, agents, open) = tokio::try_join!(
                sheet.count_cells(filter.days),
                heat(state, filter),
                shares(state, filter, Tier::Line),
                agents(state, filter),
                open_calls(state, filter),
            )?;
            sheet.details = Some(Details { heat, lines, agents });
            open.iter().for_each(|call| sheet.correct(call));
        }
    }
    Ok(sheet.finish(state))
}

/// The same weekdays before; until the same time of day if the period runs until now.
async fn before(state: &State, way: Way, filter: &Filter) -> Result<Option<Comparison>, Error> {
    let Some(days) = same_weekdays_before(filter.days) else { return Ok(None) };
    let oldest = oldest_start_ms(&state.db).await?;
    if let Some(first) = oldest.map(|at_ms| state.derivation.business.day(at_ms)).filter(|first| *first > days.start) {
        return Ok(Some(Comparison::Unknown(first)));
    }
    let today = state.today();
    let is_cut = (filter.days.start..=filter.days.end).contains(&today);
    let shift = u64::try_from(comparison_shift(filter.days)).unwrap_or_default();
    let cut_day = today.checked_sub_days(chrono::Days::new(shift)).filter(|_| is_cut);
    let filter = Filter { days, ..filter.clone() };
    let mut sheet = Sheet::new(state, &filter, None)?;
    let cut_ms = cut_day.map(|day| state.derivation.business.same_time_ms(now_ms(), day));
    let query = state.query(&filter).any_outcome();
    let query = cut_ms.map_or(query.clone(), |cut_ms| query.until(cut_ms));
    match (way, cut_day) {
        (Way::Calls, _) => sheet.count_calls(&query).await?,
        (_, None) => sheet.count_cells(days).await?,
        (_, Some(cut_day)) => {
            if let Some(whole) = days_before(days, cut_day) {
                sheet.count_cells(whole).await?;
            }
            let last = Filter { days: DayRange::one(cut_day), ..filter.clone() };
            let last = state.query(&last).any_outcome();
            sheet.count_calls(&cut_ms.map_or(last.clone(), |cut_ms| last.until(cut_ms))).await?;
        }
    }
    if way != Way::Calls && query.may_have_open() {
        let whole = cut_day.map_or(Some(days), |cut_day| days_before(days, cut_day));
        let open = whole.map(|days| Filter { days, ..filter.clone() });
        if let Some(open) = open {
            open_calls(state, &open).await?.iter().for_each(|call| sheet.correct(call));
        }
    }
    let (Count { report, while_open }, _) = sheet.finish(state);
    Ok(Some(Comparison::With(Box::new(Before { days, is_cut, report, while_open }))))
}

/// The days before `day`, if any.
fn days_before(days: DayRange, day: NaiveDate) -> Option<DayRange> {
    day.pred_opt().filter(|end| *end >= days.start).map(|end| DayRange { end, ..days })
}

/// What one pass counts into.
struct Sheet<'a> {
    state: &'a State,
    filter: &'a Filter,
    step: Option<GroupBy>,
    counter: Counter<'a>,
    while_open: Share,
    details: Option<Details>,
}

impl<'a> Sheet<'a> {
    fn new(state: &'a State, filter: &'a Filter, step: Option<GroupBy>) -> Result<Self, Error> {
        let counter = Counter::new(filter, step, &state.derivation.business)?;
        Ok(Self { state, filter, step, counter, while_open: Share::default(), details: None })
    }

    fn finish(self, state: &State) -> (Count, Option<Details>) {
        let report = self.counter.finish(state.config.service_level_seconds, usize::MAX);
        (Count { report, while_open: self.while_open }, self.details)
    }

    /// From the tier that holds the filter in these steps.
    async fn count_cells(&mut self, days: DayRange) -> Result<(), Error> {
        let Source::Cells(tier, subject) = Source::of(self.filter, self.step) else {
            return Err(Error::Internal("no tier holds this".into()));
        };
        let buckets = buckets(tier, days, &self.state.derivation.business);
        let (filter, counter, while_open) = (self.filter, &mut self.counter, &mut self.while_open);
        let count = |bucket, name: &str, cell: &crate::stats::rollup::Cell| {
            counter.add_cell(tier, bucket, name, cell);
            for (class, figures) in cell.iter().filter(|(class, _)| class.in_hours) {
                let outcome = class.progress.outcome_when_over();
                if filter.counts(class, outcome) {
                    while_open.add(class, outcome, Sums::of(figures));
                }
            }
        };
        Ok(read_cells(&self.state.db, tier, buckets, subject.as_deref(), count).await?)
    }

    async fn count_calls(&mut self, query: &CallQuery) -> Result<(), Error> {
        let state = self.state;
        let count = |call: StoredCall| {
            let is_open = query.is_open(&call.call);
            let call = counted(state, call, None);
            let outcome = if is_open { Outcome::Open } else { call.class.progress.outcome_when_over() };
            self.counter.add_call(&call, is_open);
            self.add(&call, outcome, 1);
        };
        Ok(for_each_call(&state.db, query, count).await?)
    }

    /// A call that cells count as over, but which is still running.
    fn correct(&mut self, call: &CountedCall) {
        self.counter.add_open_call(call);
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
        let Some(details) = &mut self.details else { return };
        details.heat.add(WeekHour::of(&self.state.derivation.business, call.started_ms), outcome, times);
        details.lines.add(call.number.as_deref().unwrap_or_default(), call.class, outcome, sums);
        details.agents.add(call.peer.as_deref().unwrap_or_default(), call.class, outcome, sums);
    }
}

/// The cells of some days.
pub fn buckets(tier: Tier, days: DayRange, business: &BusinessTime) -> Range<i64> {
    let (first, end) = (days.start, next_day(days.end));
    match tier {
        Tier::Hour => business.day_start_ms(first)..business.day_start_ms(end),
        Tier::Day | Tier::Line | Tier::Peer => day_number(first)..day_number(end),
    }
}

async fn open_calls(state: &State, filter: &Filter) -> Result<Vec<CountedCall>, Error> {
    let mut open = Vec::new();
    let query = state.query(filter).any_outcome().only_open();
    for_each_call(&state.db, &query, |call| open.push(counted(state, call, None))).await?;
    Ok(open)
}

/// Halves are read at the same time: of a year these are most of all rows.
async fn heat(state: &State, filter: &Filter) -> Result<HeatMap, Error> {
    let business = &state.derivation.business;
    let Range { start, end } = buckets(Tier::Hour, filter.days, business);
    let middle = start + (end - start) / 2;
    let half = async |buckets| {
        let mut heat = HeatMap::default();
        // A cell has many classes; what a wall clock shows is told once for all of them.
        let mut last = None;
        let count = |bucket, class: Class, calls| {
            let hour = match last {
                Some((same, hour)) if same == bucket => hour,
                _ => WeekHour::of(business, bucket),
            };
            last = Some((bucket, hour));
            let outcome = class.progress.outcome_when_over();
            if filter.counts(class, outcome) {
                heat.add(hour, outcome, calls);
            }
        };
        count_hours(&state.db, buckets, count).await?;
        Ok::<_, Error>(heat)
    };
    let (mut heat, later) = tokio::try_join!(half(start..middle), half(middle..end))?;
    heat.merge(&later);
    Ok(heat)
}

async fn shares(state: &State, filter: &Filter, tier: Tier) -> Result<Shares, Error> {
    let buckets = buckets(tier, filter.days, &state.derivation.business);
    let mut shares = Shares::default();
    let count = |_, name: &str, class: Class, sums: Sums| {
        let outcome = class.progress.outcome_when_over();
        if filter.counts(class, outcome) {
            shares.add(state.counted_as(name), class, outcome, sums);
        }
    };
    read_sums(&state.db, tier, buckets, count).await?;
    Ok(shares)
}

async fn agents(state: &State, filter: &Filter) -> Result<Shares, Error> {
    if state.config.agent_figures { shares(state, filter, Tier::Peer).await } else { Ok(Shares::default()) }
}
