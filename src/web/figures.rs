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
use crate::stats::month::days_without;
use crate::stats::people::{Share, Shares};
use crate::stats::period::DayRange;
use crate::stats::report::{CountedCall, Counter, GroupBy, Source};
use crate::stats::rollup::{Cell, Class, Tier};
use crate::stats::sums::{Sums, as_open};
use crate::stats::timeline::{Step, Timeline};
use crate::stats::totals::Totals;
use crate::store::calls::{CallQuery, StoredCall, are_at_most, for_each_call, oldest_start_ms};
use crate::store::cells::{count_hours, read_cells, read_sums};
use crate::store::months::closed_months;

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
    /// Over everything asked for.
    pub totals: Totals,
    /// The steps of the chart, if it has any.
    pub steps: Option<Vec<Step>>,
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
    pub totals: Totals,
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
    let Count { totals, steps, while_open, details } = now;
    Ok(Figures { totals, steps, while_open, before, details })
}

/// What one pass counted.
struct Count {
    totals: Totals,
    steps: Option<Vec<Step>>,
    while_open: Share,
    details: Option<Details>,
}

async fn current(state: &State, way: Way, filter: &Filter, step: Option<GroupBy>) -> Result<Count, Error> {
    let mut sheet = Sheet::new(state, filter, step)?;
    let query = state.query(filter).any_outcome();
    match way {
        Way::Calls => {
            sheet.details = Some(Details::default());
            sheet.count_calls(&query).await?;
        }
        Way::Subject => {
            sheet.count_cells(filter.days).await?;
            open_calls(state, &query).await?.iter().for_each(|call| sheet.correct(call));
        }
        Way::Cells => {
            let (_, details, open) =
                tokio::try_join!(sheet.count_cells(filter.days), details(state, filter), open_calls(state, &query))?;
            sheet.details = Some(details);
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
    let cut = Cut::of(state, way, filter.days);
    let filter = Filter { days, ..filter.clone() };
    let query = state.query(&filter).any_outcome();
    let query = cut.map_or(query.clone(), |cut| query.until(cut.at_ms));
    let mut sheet = Sheet::new(state, &filter, None)?;
    match (way, cut) {
        (Way::Calls, _) => sheet.count_calls(&query).await?,
        (_, None) => sheet.count_cells(days).await?,
        (_, Some(cut)) => {
            if let Some(whole) = days_before(days, cut.day) {
                sheet.count_cells(whole).await?;
            }
            sheet.count_hours(cut.hours()).await?;
            sheet.count_calls(&query.since(cut.cells_until_ms)).await?;
        }
    }
    let by_cells = cut.map_or(query.clone(), |cut| query.until(cut.cells_until_ms));
    if way != Way::Calls && by_cells.may_have_open() {
        open_calls(state, &by_cells).await?.iter().for_each(|call| sheet.correct(call));
    }
    let Count { totals, while_open, .. } = sheet.finish(state);
    Ok(Some(Comparison::With(Box::new(Before { days, is_cut: cut.is_some(), totals, while_open }))))
}

/// Where the last day of a comparison ends, because the period that is compared runs until now.
#[derive(Clone, Copy)]
struct Cut {
    day: NaiveDate,
    day_start_ms: i64,
    /// The same time of day as now.
    at_ms: i64,
    /// From here on the calls themselves are counted.
    cells_until_ms: i64,
}

impl Cut {
    fn of(state: &State, way: Way, days: DayRange) -> Option<Self> {
        let (today, business) = (state.today(), &state.derivation.business);
        let shift = u64::try_from(comparison_shift(days)).unwrap_or_default();
        let day = today.checked_sub_days(chrono::Days::new(shift));
        let day = day.filter(|_| (days.start..=days.end).contains(&today))?;
        let (day_start_ms, at_ms) = (business.day_start_ms(day), business.same_time_ms(now_ms(), day));
        // Only of all lines together there are hours.
        let cells_until_ms = if way == Way::Cells { business.hour_start_ms(at_ms) } else { day_start_ms };
        Some(Self { day, day_start_ms, at_ms, cells_until_ms })
    }

    /// The hours of the day that are counted from cells.
    fn hours(self) -> Range<i64> {
        self.day_start_ms..self.cells_until_ms
    }
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
    timeline: Option<Timeline<'a>>,
    while_open: Share,
    details: Option<Details>,
}

impl<'a> Sheet<'a> {
    fn new(state: &'a State, filter: &'a Filter, step: Option<GroupBy>) -> Result<Self, Error> {
        let business = &state.derivation.business;
        let counter = Counter::new(filter, None, business)?;
        let timeline = step.map(|step| Timeline::new(filter, step, business)).transpose()?;
        Ok(Self { state, filter, step, counter, timeline, while_open: Share::default(), details: None })
    }

    fn finish(self, state: &State) -> Count {
        let totals = self.counter.finish(state.config.service_level_seconds, usize::MAX).totals;
        let steps = self.timeline.map(Timeline::finish);
        Count { totals, steps, while_open: self.while_open, details: self.details }
    }

    /// From the tier that holds the filter in these steps.
    async fn count_cells(&mut self, days: DayRange) -> Result<(), Error> {
        let Source::Cells(tier, subject) = Source::of(self.filter, self.step) else {
            return Err(Error::Internal("no tier holds this".into()));
        };
        let buckets = buckets(tier, days, &self.state.derivation.business);
        self.count_buckets(tier, buckets, subject.as_deref()).await
    }

    /// The calls of all lines that began in these hours, where nothing is grouped.
    async fn count_hours(&mut self, hours: Range<i64>) -> Result<(), Error> {
        if hours.is_empty() {
            return Ok(());
        }
        self.count_buckets(Tier::Hour, hours, None).await
    }

    async fn count_buckets(&mut self, tier: Tier, buckets: Range<i64>, subject: Option<&str>) -> Result<(), Error> {
        let Self { filter, counter, timeline, while_open, .. } = self;
        let count = |bucket, name: &str, cell: &Cell| {
            counter.add_cell(tier, bucket, name, cell);
            if let Some(timeline) = timeline {
                timeline.add_cell(tier, bucket, cell);
            }
            for (class, figures) in cell.iter().filter(|(class, _)| class.in_hours) {
                let outcome = class.progress.outcome_when_over();
                if filter.counts(class, outcome) {
                    while_open.add(class, outcome, Sums::of(figures));
                }
            }
        };
        Ok(read_cells(&self.state.db, tier, buckets, subject, count).await?)
    }

    async fn count_calls(&mut self, query: &CallQuery) -> Result<(), Error> {
        let state = self.state;
        let count = |call: StoredCall| {
            let is_open = query.is_open(&call.call);
            let call = counted(state, call, None);
            let outcome = if is_open { Outcome::Open } else { call.class.progress.outcome_when_over() };
            self.counter.add_call(&call, is_open);
            if let Some(timeline) = &mut self.timeline {
                timeline.add_call(&call, is_open);
            }
            self.add(&call, outcome, 1);
        };
        Ok(for_each_call(&state.db, query, count).await?)
    }

    /// A call that cells count as over, but which is still running.
    fn correct(&mut self, call: &CountedCall) {
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

async fn open_calls(state: &State, query: &CallQuery) -> Result<Vec<CountedCall>, Error> {
    let mut open = Vec::new();
    for_each_call(&state.db, &query.only_open(), |call| open.push(counted(state, call, None))).await?;
    Ok(open)
}

/// Of months that are closed from their sums, of all other days from the cells.
async fn details(state: &State, filter: &Filter) -> Result<Details, Error> {
    let closed = closed_months(&state.db, filter.days).await?;
    let rest = days_without(filter.days, closed.iter().map(|(month, _)| *month));
    let tells_agents = state.config.agent_figures;
    let (heat, lines, agents) = tokio::try_join!(
        heat(state, filter, &rest),
        shares(state, filter, Tier::Line, &rest),
        shares(state, filter, Tier::Peer, if tells_agents { &rest } else { &[] }),
    )?;
    let mut details = Details { heat, lines, agents };
    for (_, month) in &closed {
        month.hours().for_each(|(hour, class, calls)| add_hour(&mut details.heat, filter, hour, class, calls));
        month.lines().for_each(|(name, class, sums)| add_share(&mut details.lines, state, filter, name, class, sums));
        if tells_agents {
            month
                .peers()
                .for_each(|(name, class, sums)| add_share(&mut details.agents, state, filter, name, class, sums));
        }
    }
    Ok(details)
}

async fn heat(state: &State, filter: &Filter, ranges: &[DayRange]) -> Result<HeatMap, Error> {
    let business = &state.derivation.business;
    let mut heat = HeatMap::default();
    // A cell has many classes; what a wall clock shows is told once for all of them.
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
        count_hours(&state.db, buckets(Tier::Hour, *days, business), &mut count).await?;
    }
    Ok(heat)
}

async fn shares(state: &State, filter: &Filter, tier: Tier, ranges: &[DayRange]) -> Result<Shares, Error> {
    let mut shares = Shares::default();
    for days in ranges {
        let buckets = buckets(tier, *days, &state.derivation.business);
        let count = |_, name: &str, class, sums| add_share(&mut shares, state, filter, name, class, sums);
        read_sums(&state.db, tier, buckets, count).await?;
    }
    Ok(shares)
}

fn add_hour(heat: &mut HeatMap, filter: &Filter, hour: WeekHour, class: Class, calls: i64) {
    let outcome = class.progress.outcome_when_over();
    if filter.counts(class, outcome) {
        heat.add(hour, outcome, calls);
    }
}

fn add_share(shares: &mut Shares, state: &State, filter: &Filter, name: &str, class: Class, sums: Sums) {
    let outcome = class.progress.outcome_when_over();
    if filter.counts(class, outcome) {
        shares.add(state.counted_as(name), class, outcome, sums);
    }
}
