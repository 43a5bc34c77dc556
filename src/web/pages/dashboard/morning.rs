//! The morning summary of the dashboard: how yesterday was, and whom to call back.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::NaiveDate;

use super::address::Scope;
use super::open_callbacks::{OpenCallbacks, tried};
use crate::i18n::DashboardTexts;
use crate::service::state::AppState;
use crate::service::statistics::counted::counted;
use crate::stats::as_of::FilterAsOf;
use crate::stats::business::day_number;
use crate::stats::filter::Filter;
use crate::stats::people::GroupCounts;
use crate::stats::period::{DayRange, Period};
use crate::stats::rollup::{Class, Tier};
use crate::stats::sums::Sums;
use crate::store::callbacks::Callback;
use crate::store::calls::find::{StoredCall, for_each_call};
use crate::store::stats::cells::read_sums;
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::named::Named;

/// The number of days, including today, in which the summary looks for the last day with calls, as after a weekend.
const LOOKED_BACK: u64 = 8;

/// The morning summary.
#[derive(Template)]
#[template(path = "partials/dashboard/morning.html")]
pub struct Morning {
    d: &'static DashboardTexts,
    days: Vec<DayView>,
    rows: Vec<OwedRow>,
    /// The open callbacks, the first of which it lists.
    pub owed: OpenCallbacks,
}

/// The template of the box escapes its parts.
impl HtmlSafe for Morning {}

/// The call counts of a day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Day {
    all: GroupCounts,
    while_open: GroupCounts,
}

/// The summary of a day as the template shows it.
struct DayView {
    name: String,
    date: String,
    href: String,
    inbound: String,
    missed: String,
    is_bad: bool,
    more: String,
    /// The day, if the live stream updates it.
    stats_day: Option<NaiveDate>,
}

/// A person to call back.
struct OwedRow {
    party: Named,
    dial: String,
    href: String,
    more: String,
}

impl Morning {
    /// Fetches the summary; `None` on dashboards of anything but the company.
    pub async fn fetch(scope: &Scope, state: &AppState, context: &PageContext) -> Result<Option<Self>, Error> {
        if *scope != Scope::Company {
            return Ok(None);
        }
        let (owed, days) = tokio::try_join!(OpenCallbacks::fetch(state, context), last_days(state, context))?;
        let has_hours = state.config.business_hours.is_some();
        let rows = owed.first.iter().map(|callback| owed_row(callback, state, context)).collect();
        Ok(Some(Self { d: &context.texts.dashboard, days: views(&days, has_hours, context), rows, owed }))
    }
}

/// Reads the counts of the last days, today last.
async fn last_days(state: &AppState, context: &PageContext) -> Result<Vec<(NaiveDate, Day)>, Error> {
    let (as_of, lines) = (context.as_of(), context.lines());
    let range = DayRange::ending(as_of.today, LOOKED_BACK);
    let first = day_number(range.start);
    let mut days: Vec<(NaiveDate, Day)> = range.days().map(|day| (day, Day::default())).collect();
    let mut add = |bucket: i64, class: Class, sums: Sums| {
        let index = usize::try_from(bucket - first).ok();
        let Some((_, day)) = index.and_then(|index| days.get_mut(index)) else { return };
        let outcome = class.progress.outcome_when_over();
        day.all.add(class, outcome, sums);
        if class.in_hours {
            day.while_open.add(class, outcome, sums);
        }
    };
    // Calls that still run can be included, because they change neither the inbound nor the missed count.
    if lines.is_some() {
        let filter = Filter { lines, ..Filter::all(range) };
        let query = state.statistics.query(&FilterAsOf { filter, as_of });
        let count = |stored: StoredCall| {
            let call = counted(&state.statistics, stored, None);
            add(day_number(state.derivation.business.day(call.started_ms)), call.class, Sums::of(&call.figures));
        };
        for_each_call(&state.db, &query, count).await?;
    } else {
        let days = first..day_number(range.end) + 1;
        read_sums(&state.db, Tier::Day, days, |bucket, _, class, sums| add(bucket, class, sums)).await?;
    }
    Ok(days)
}

/// Returns yesterday, or the last day with calls if yesterday had none; then today.
fn views(days: &[(NaiveDate, Day)], has_hours: bool, context: &PageContext) -> Vec<DayView> {
    let Some(((today, now), earlier)) = days.split_last() else { return Vec::new() };
    let last = earlier.iter().rev().find(|(_, day)| day.all.calls > 0).or(earlier.last());
    let (d, f) = (&context.texts.dashboard, &context.texts.filter);
    let yesterday = today.pred_opt();
    let last = last.map(|(date, day)| {
        let is_yesterday = Some(*date) == yesterday;
        let name = if is_yesterday { (f.period_name)(Period::Yesterday) } else { d.last_day };
        view(name, *date, *day, has_hours, context)
    });
    let now = DayView { stats_day: Some(*today), ..view(d.today_so_far, *today, *now, has_hours, context) };
    last.into_iter().chain([now]).collect()
}

fn view(name: &str, date: NaiveDate, day: Day, has_hours: bool, context: &PageContext) -> DayView {
    let format = &context.format;
    let while_open = has_hours.then_some(day.while_open.missed);
    let [inbound, missed, more] = context.texts.dashboard.counts(day.all.inbound, day.all.missed, while_open, format);
    DayView {
        name: name.to_owned(),
        date: format!("{}, {}", format.weekday(date), format.day(date)),
        href: format!("/?start={date}&end={date}"),
        inbound,
        missed,
        more,
        is_bad: if has_hours { day.while_open.missed > 0 } else { day.all.missed > 0 },
        stats_day: None,
    }
}

fn owed_row(callback: &Callback, state: &AppState, context: &PageContext) -> OwedRow {
    OwedRow {
        party: Named::party(&*callback.party, context),
        dial: format!("tel:{}", callback.party),
        href: Scope::Caller(callback.party.clone()).path(),
        more: tried(callback, state, context),
    }
}
