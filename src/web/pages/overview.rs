use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::NaiveDate;

use super::asked::{Asked, FilterView};
use super::call_rows::{CallRow, call_rows};
use super::columns::{columns, step};
use super::guide::Guide;
use super::page;
use super::tiles::{Tile, tiles};
use super::visit::Visit;
use crate::calls::outcome::Outcome;
use crate::stats::filter::Filter;
use crate::stats::period::{DayRange, Period};
use crate::stats::report::{GroupBy, MAX_GROUPS, Report};
use crate::store::calls::list_calls;
use crate::store::events::has_events;
use crate::web::api;
use crate::web::charts::{BarChart, Column, Series};
use crate::web::clock::now_ms;
use crate::web::error::Error;
use crate::web::i18n::{CallsTexts, OverviewTexts, Texts};
use crate::web::reports::report;
use crate::web::state::State;

const LAST_CALLS: usize = 8;
/// A line without calls for longer than this may be none any more.
const RECENT_MS: i64 = 4 * 24 * 3600 * 1000;
/// Whoever waits for the first event comes back with this parameter, so that its arrival can be told.
const WAITED: &str = "waited";

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct OverviewPage {
    visit: Visit,
    t: &'static OverviewTexts,
    calls_t: &'static CallsTexts,
    filter: FilterView,
    newest: Option<String>,
    is_connected: bool,
    brief: Vec<Brief>,
    tiles: Vec<Tile>,
    chart: Option<ChartView>,
    rows: Vec<CallRow>,
    all_calls: String,
}

/// A day in one line.
struct Brief {
    name: &'static str,
    href: String,
    calls: String,
    missed: String,
}

struct ChartView {
    title: &'static str,
    legend: Vec<(&'static str, &'static str, String)>,
    plot: BarChart,
    table: Vec<TableRow>,
}

struct TableRow {
    name: String,
    href: String,
    counts: Vec<String>,
    total: String,
}

#[derive(Template)]
#[template(path = "pages/welcome.html")]
struct WelcomePage {
    visit: Visit,
    guide: Guide,
    arrived: Option<String>,
    refused: Option<(String, &'static str)>,
}

/// `GET /`
pub async fn show(request: HttpRequest, visit: Visit, state: Data<State>) -> Result<HttpResponse, Error> {
    let newest = newest(&state, &visit).await?;
    let has_waited = api::parameter(&api::parameters(&request), WAITED).is_some();
    if has_waited || !has_events(&state.db).await? {
        return welcome(&request, visit, &state, newest);
    }
    let asked = Asked::read(&request, &state, &visit);
    let (report, step) = charted(&state, &asked.filter).await?;
    let page_of_calls = list_calls(&state.db, &state.query(&asked.filter), None, LAST_CALLS).await?;
    let brief = [brief(&state, &visit, Period::Yesterday).await?, brief(&state, &visit, Period::Today).await?];
    page(&OverviewPage {
        t: &visit.texts.overview,
        calls_t: &visit.texts.calls,
        filter: asked.view("/", &visit),
        is_connected: newest.as_ref().is_some_and(|newest| newest.is_recent),
        newest: newest.map(|newest| newest.line(visit.texts)),
        brief: brief.into(),
        tiles: tiles(&report.totals, &visit),
        chart: step.and_then(|step| chart(&report, step, &asked, &visit)),
        rows: call_rows(&page_of_calls.calls, &state, &visit),
        all_calls: asked.words.url("/calls"),
        visit,
    })
}

fn welcome(request: &HttpRequest, visit: Visit, state: &State, newest: Option<Newest>) -> Result<HttpResponse, Error> {
    let t = &visit.texts.welcome;
    let refusal = state.last_refusal().filter(|_| newest.is_none());
    page(&WelcomePage {
        guide: Guide::new(request, state, &visit),
        arrived: newest.map(|newest| (t.arrived)(&newest.when)),
        refused: refusal.map(|refusal| {
            let time = visit.format.time(refusal.at_ms);
            ((t.refused)((t.refusal)(refusal.reason), &time), (t.refusal_help)(refusal.reason))
        }),
        visit,
    })
}

/// When the newest call of all began.
struct Newest {
    when: String,
    is_recent: bool,
}

impl Newest {
    fn line(&self, texts: &Texts) -> String {
        let t = &texts.overview;
        if self.is_recent { (t.connected)(&self.when) } else { (t.newest)(&self.when) }
    }
}

async fn newest(state: &State, visit: &Visit) -> Result<Option<Newest>, Error> {
    let ever = DayRange { start: NaiveDate::default(), end: state.today() };
    let page = list_calls(&state.db, &state.query(&Filter::all(ever)), None, 1).await?;
    Ok(page.calls.first().map(|stored| {
        let (at_ms, today) = (stored.call.started_ms, state.today());
        let is_today = state.derivation.business.day(at_ms) == today;
        let when = if is_today { visit.format.precise_time(at_ms) } else { visit.format.moment(at_ms) };
        Newest { when, is_recent: at_ms > now_ms() - RECENT_MS }
    }))
}

/// The figures, in steps if the period is not too long for any.
async fn charted(state: &State, filter: &Filter) -> Result<(Report, Option<GroupBy>), Error> {
    let step = step(filter.days);
    match report(state, filter, Some(step), MAX_GROUPS).await {
        Ok(report) => Ok((report, Some(step))),
        Err(Error::Fields(_)) => Ok((report(state, filter, None, MAX_GROUPS).await?, None)),
        Err(error) => Err(error),
    }
}

async fn brief(state: &State, visit: &Visit, period: Period) -> Result<Brief, Error> {
    let totals = report(state, &Filter::all(period.days(state.today())), None, MAX_GROUPS).await?.totals;
    let missed = totals.outcomes.get(Outcome::Missed);
    Ok(Brief {
        name: (visit.texts.filter.period_name)(period),
        href: format!("/?period={}", period.as_str()),
        calls: (visit.texts.calls.count)(totals.calls, visit.format.number(totals.calls)),
        missed: (visit.texts.overview.missed_few)(missed, visit.format.number(missed)),
    })
}

/// `None` when there is nothing to see.
fn chart(report: &Report, step: GroupBy, asked: &Asked, visit: &Visit) -> Option<ChartView> {
    let (t, format) = (&visit.texts.overview, &visit.format);
    let columns = columns(report.groups.as_deref()?, step, asked.filter.days, &asked.words, visit);
    let sums = Series::ALL.iter().enumerate().map(|(index, series)| {
        let sum = columns.iter().filter_map(|column| column.counts.get(index)).sum();
        (series.class(), (t.series)(*series), format.number(sum))
    });
    let row = |column: &Column| TableRow {
        name: column.name.clone(),
        href: column.href.clone(),
        counts: column.counts.iter().map(|count| format.number(*count)).collect(),
        total: format.number(column.total()),
    };
    Some(ChartView {
        title: match step {
            GroupBy::Hour => t.per_hour,
            GroupBy::Week => t.per_week,
            GroupBy::Month => t.per_month,
            _ => t.per_day,
        },
        legend: sums.collect(),
        plot: BarChart::new(&columns, |column| tip(column, visit)),
        table: columns.iter().map(row).collect(),
    })
    .filter(|_| report.totals.calls > 0)
}

fn tip(column: &Column, visit: &Visit) -> String {
    let t = &visit.texts.overview;
    let counted = Series::ALL.into_iter().zip(column.counts).filter(|(_, count)| *count > 0);
    let parts = counted.map(|(series, count)| format!("{}: {count}", (t.series)(series)));
    let mut lines = vec![format!("{}: {}", column.name, column.total())];
    lines.extend(parts);
    lines.join("\n")
}
