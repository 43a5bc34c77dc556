//! Data quality: how complete the events were that the figures rest on.

use std::collections::BTreeMap;

use super::Statistics;
use crate::service::error::ServiceError;
use crate::stats::as_of::FilterAsOf;
use crate::stats::business::{day_number, next_day};
use crate::stats::filter::Filter;
use crate::stats::quality::{Arrivals, Gaps};
use crate::stats::rollup::{Measures, Progress, Tier};
use crate::store::calls::find::for_each_call;
use crate::store::stats::cells::read_cells;
use crate::store::stats::quality::{MOST_CALLS, arrivals};

/// The data quality of all lines.
#[derive(Clone, Debug, Default)]
pub struct Quality {
    /// All lines together.
    pub totals: LineQuality,
    /// The lines, those with most calls first.
    pub lines: Vec<LineQuality>,
    /// Whether the events of every call were looked at, and not only those of the newest.
    pub is_complete: bool,
}

/// The data quality of one own line.
#[derive(Clone, Debug, Default)]
pub struct LineQuality {
    /// Its number; `None` for calls whose line is not known.
    pub number: Option<String>,
    /// Counts of what is missing from its calls.
    pub gaps: Gaps,
    /// Counts of events that came doubled or late.
    pub arrivals: Arrivals,
}

/// Returns the data quality of the calls on the days and on the line of a question, whose other parameters are ignored.
/// What is missing comes from the cells; how events came, from those of the newest calls.
pub async fn quality(
    statistics: &Statistics,
    FilterAsOf { filter: Filter { days, number, .. }, as_of }: &FilterAsOf,
) -> Result<Quality, ServiceError> {
    let (days, number) = (*days, number.as_deref());
    let mut lines: BTreeMap<String, LineQuality> = BTreeMap::new();
    let named = |number: Option<String>| statistics.counted_as(&number.unwrap_or_default()).to_owned();
    let buckets = day_number(days.start)..day_number(next_day(days.end));
    let count = |_, subject: &str, cell: &_| {
        lines.entry(statistics.counted_as(subject).to_owned()).or_default().gaps.add_cell(cell);
    };
    read_cells(&statistics.db, Tier::Line, buckets, number, count).await?;
    let filter = Filter { number: number.map(str::to_owned), ..Filter::all(days) };
    let running = statistics.query(&FilterAsOf { filter, as_of: *as_of }).only_open();
    for_each_call(&statistics.db, &running, |stored| {
        let call = stored.call;
        let progress = Progress::new(call.ending, call.accepted_ms.is_some());
        let gaps = &mut lines.entry(named(call.number)).or_default().gaps;
        gaps.remove_open(call.direction, progress, &Measures::one(call.talk_seconds, None));
    })
    .await?;
    let business = &statistics.derivation.business;
    let span = business.day_start_ms(days.start)..business.day_start_ms(next_day(days.end));
    for (number, arrivals) in arrivals(&statistics.db, span, number).await? {
        lines.entry(named(number)).or_default().arrivals.merge(&arrivals);
    }
    let mut totals = LineQuality::default();
    for line in lines.values() {
        totals.gaps.merge(&line.gaps);
        totals.arrivals.merge(&line.arrivals);
    }
    let named =
        |(number, line)| LineQuality { number: Some(number).filter(|number: &String| !number.is_empty()), ..line };
    let mut lines: Vec<_> = lines.into_iter().map(named).collect();
    lines.sort_by_key(|line| (-line.gaps.calls, line.number.is_none(), line.number.clone()));
    Ok(Quality { is_complete: totals.arrivals.calls < MOST_CALLS, totals, lines })
}
