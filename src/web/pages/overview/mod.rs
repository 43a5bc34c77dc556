//! The dashboard of the company, or of one line, agent or caller.

mod address;
mod bar;
mod change;
mod chart;
mod columns;
mod fetched;
mod morning;
mod open_callbacks;
mod tables;
mod tiles;
mod week;
mod welcome;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::NaiveDate;

pub use self::address::Scope;
use self::address::{Address, ViewOptions};
use self::bar::{Bar, Offered};
use self::chart::{ChartView, chart};
use self::columns::step;
use self::fetched::{Fetched, LAST_CALLS, NEWEST_COUNTED, fetch, offered};
use self::morning::{DayView, OwedRow, owed_rows};
use self::tables::{OutcomeRow, Row, TableView, callers_shown};
use self::tiles::{Tile, Tiles};
use self::week::{WeekView, week};
use self::welcome::{Newest, newest, welcome};
use super::call_rows::{CallRow, call_rows};
use super::context::PageContext;
use super::filter::PageFilter;
use super::filter_query::FilterQuery;
use super::new_calls::NewCallsNotice;
use super::page;
use crate::calls::outcome::Outcome;
use crate::i18n::{CallsTexts, DashboardTexts, OverviewTexts};
use crate::service::error::ServiceError;
use crate::service::state::AppState;
use crate::service::statistics::figures::{Comparison, CountingPlan, PeriodFigures, figures, plan};
use crate::stats::as_of::{AsOf, FilterAsOf};
use crate::stats::filter::{Filter, MAX_YEARS};
use crate::stats::period::DayRange;
use crate::stats::report::GroupBy;
use crate::store::callbacks::Callback;
use crate::web::error::Error;
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query;

/// The query parameter with which the welcome page reloads itself, so that the arrival of the first event is shown.
const WAITED: &str = "waited";

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct OverviewPage {
    context: PageContext,
    t: &'static OverviewTexts,
    d: &'static DashboardTexts,
    calls_t: &'static CallsTexts,
    bar: Bar,
    title: String,
    subtitle: Option<String>,
    is_company: bool,
    is_agent: bool,
    state: Option<CallerState>,
    days: Vec<DayView>,
    owed: Vec<OwedRow>,
    tiles: Vec<Tile>,
    compared: Option<String>,
    chart: Option<ChartView>,
    week: Option<WeekView>,
    outcomes: Vec<OutcomeRow>,
    accepted_rate: Option<String>,
    lines: Option<TableView>,
    agents: Option<TableView>,
    callers: Vec<Row>,
    callers_note: Option<String>,
    whole_callers: Option<(&'static str, String)>,
    rows: Vec<CallRow>,
    all_calls: String,
    notes: Vec<&'static str>,
    fresh: Option<NewCallsNotice>,
    stats_day: Option<NaiveDate>,
    quality: Option<String>,
    newest: Option<Newest>,
}

/// Whether a caller is to be called back.
struct CallerState {
    is_owed: bool,
    text: String,
    dial: Option<String>,
}

/// Handles `GET /`: shows the company's dashboard, or the welcome page before the first event.
pub async fn show(
    http: HttpRequest,
    request: CallsRequest,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let has_waited = query::parameter(&request.parameters, WAITED).is_some() && !context.is_limited();
    if has_waited || !state.intake.has_events().await? {
        let newest = newest(&state, &context).await?;
        return welcome(&http, context, &state, newest);
    }
    dashboard(&request, context, &state, Scope::Company).await
}

/// Handles `GET /lines/{number}`: shows the dashboard of a line.
pub async fn line(
    request: CallsRequest,
    context: PageContext,
    state: Data<AppState>,
    number: Path<String>,
) -> Result<HttpResponse, Error> {
    dashboard(&request, context, &state, Scope::Line(number.into_inner())).await
}

/// Handles `GET /agents/{peer}`: shows the dashboard of an agent.
pub async fn agent(
    request: CallsRequest,
    context: PageContext,
    state: Data<AppState>,
    peer: Path<String>,
) -> Result<HttpResponse, Error> {
    dashboard(&request, context, &state, Scope::Agent(peer.into_inner())).await
}

/// Handles `GET /callers/{party}`: shows the dashboard of a caller.
pub async fn caller(
    request: CallsRequest,
    context: PageContext,
    state: Data<AppState>,
    party: Path<String>,
) -> Result<HttpResponse, Error> {
    dashboard(&request, context, &state, Scope::Caller(party.into_inner())).await
}

async fn dashboard(
    request: &CallsRequest,
    mut context: PageContext,
    state: &AppState,
    scope: Scope,
) -> Result<HttpResponse, Error> {
    let own = own_words(&scope, &FilterQuery::read(&request.parameters), request.as_of);
    // A path that cannot be a number or a name is answered with 404.
    let own_pairs = own.iter().map(|(name, value)| (*name, value.as_str()));
    let own_filter = Filter::parse(own_pairs, request.as_of.today, &state.derivation.numbering);
    let own_filter = own_filter.map_err(|_| Error::NotFound)?;
    state.statistics.check_agents(&own_filter)?;
    let scope = normalised(scope, &own_filter);
    let options = ViewOptions::read(&request.parameters);
    let asked = PageFilter::within(request, &own, state, &context);
    let usual = own.iter().filter(|(name, _)| ["start", "end"].contains(name));
    let usual = usual.fold(FilterQuery::default(), |words, (name, value)| words.with(name, value.clone()));
    // A missed call has no agent, so the heat map of an agent cannot show missed calls only.
    let options = ViewOptions { missed_only: options.missed_only && asked.filter().peer.is_none(), ..options };
    let address = Address { scope, words: asked.words.clone(), usual, options };
    let is_caller = matches!(address.scope, Scope::Caller(_));
    let step = Some(step(asked.filter().days)).filter(|_| !is_caller);
    let plan = plan(&state.statistics, &asked.calls, step).await?;
    let compares = options.compares && !is_caller;
    let (counted, fetched) = tokio::try_join!(
        async { Ok::<_, Error>(counted(state, plan, &asked.calls, step, compares).await?) },
        fetch(state, plan, &asked, &address, &context)
    )?;
    let offered = offered(state, plan, asked.filter(), &counted).await?;
    context.has_found = counted.totals.calls > 0;
    page(&view(counted, fetched, offered, asked, address, state, context))
}

/// Returns the filter parameters that the page implies without being in its URL.
fn own_words(scope: &Scope, said: &FilterQuery, as_of: AsOf) -> Vec<(&'static str, String)> {
    let mut own: Vec<_> = scope.word().map(|(name, value)| (name, value.to_owned())).into_iter().collect();
    let says_when = ["start", "end", "period"].into_iter().any(|name| !said.get(name).is_empty());
    if matches!(scope, Scope::Caller(_)) && !says_when {
        // A caller who calls twice a year needs a longer default period than a month.
        let DayRange { start, end } = DayRange::years_ending(as_of.today, MAX_YEARS);
        own.push(("start", start.to_string()));
        own.push(("end", end.to_string()));
    }
    own
}

/// Returns the scope with its number normalised, so that all notations of a number lead to the same page.
fn normalised(scope: Scope, filter: &Filter) -> Scope {
    match scope {
        Scope::Company => Scope::Company,
        Scope::Line(number) => Scope::Line(filter.number.clone().unwrap_or(number)),
        Scope::Agent(peer) => Scope::Agent(filter.peer.clone().unwrap_or(peer)),
        Scope::Caller(party) => Scope::Caller(filter.party.clone().unwrap_or(party)),
    }
}

/// Counts the figures in steps, or without steps if the period is too long for them.
async fn counted(
    state: &AppState,
    plan: CountingPlan,
    asked: &FilterAsOf,
    step: Option<GroupBy>,
    compares: bool,
) -> Result<PeriodFigures, ServiceError> {
    match figures(&state.statistics, plan, asked, step, compares).await {
        Err(ServiceError::Filter(_)) => figures(&state.statistics, plan, asked, None, compares).await,
        counted => counted,
    }
}

fn view(
    figures: PeriodFigures,
    fetched: Fetched,
    offered: Offered,
    asked: PageFilter,
    address: Address,
    state: &AppState,
    context: PageContext,
) -> OverviewPage {
    let (t, d) = (&context.texts.overview, &context.texts.dashboard);
    let (filter, totals) = (asked.filter(), &figures.totals);
    let has_hours = state.config.business_hours.is_some();
    let is_line = filter.number.is_some();
    let is_agent = filter.peer.is_some();
    let is_caller = matches!(address.scope, Scope::Caller(_));
    let named = address.scope.named(&context);
    let tiles = Tiles {
        figures: &figures,
        filter,
        words: &asked.words,
        address: &address,
        has_hours,
        business: &state.derivation.business,
        context: &context,
    };
    let tiles = if is_agent { tiles.of_agent() } else { tiles.of_calls(fetched.owed.as_ref()) };
    let details = figures.details.as_ref().filter(|_| !is_caller && totals.calls > 0);
    let has_steps = figures.steps.is_some();
    let is_capped = callers_shown(address.options) <= LAST_CALLS && totals.inbound > NEWEST_COUNTED;
    let whole_callers = ViewOptions { whole: Some(address::Table::Callers), ..address.options };
    let mut notes = Vec::new();
    if !has_steps && !is_caller {
        notes.push(t.too_long);
    }
    if figures.details.is_none() {
        notes.push(d.too_many);
    }
    OverviewPage {
        t,
        d,
        calls_t: &context.texts.calls,
        subtitle: named.name.is_some().then(|| named.raw.clone()),
        title: title(&address.scope, named.short(), &context),
        is_company: address.scope == Scope::Company,
        is_agent,
        state: caller_state(&address.scope, fetched.owed_to.as_ref(), state, &context),
        days: fetched.days.map(|days| days.views(has_hours, &context)).unwrap_or_default(),
        owed: fetched.owed.as_ref().map(|owed| owed_rows(owed, state, &context)).unwrap_or_default(),
        compared: compared(&figures, &context),
        chart: figures
            .steps
            .as_deref()
            .and_then(|steps| chart(steps, step(filter.days), filter.days, &address, &context)),
        // For a single day, the chart already shows the hours.
        week: details.filter(|_| filter.days.len() > 1).and_then(|details| week(&details.heat, &address, &context)),
        outcomes: if is_caller { Vec::new() } else { tables::outcomes(totals, &asked.words, &address, &context) },
        accepted_rate: totals
            .accepted_rate
            .filter(|_| !is_agent && filter.outcomes.is_empty())
            .map(|_| accepted_rate(&figures, &context)),
        lines: details.filter(|_| !is_line).map(|details| tables::lines(&details.lines, is_agent, &address, &context)),
        agents: details
            .filter(|_| !is_agent && state.config.agent_figures)
            .map(|details| tables::agents(&details.agents, &address, &context)),
        callers: tables::callers(&fetched.callers, is_agent, &address, &context),
        callers_note: is_capped.then(|| (d.callers_among)(&context.format.number(NEWEST_COUNTED))),
        whole_callers: (is_capped || fetched.callers.len() == LAST_CALLS)
            .then(|| address.shown(whole_callers, address::Table::Callers.as_str()))
            .map(|href| (if is_capped { d.callers_whole } else { d.callers_more }, href)),
        rows: call_rows(&fetched.calls, state, &context),
        all_calls: address.calls(asked.words.clone()),
        newest: fetched.newest,
        fresh: NewCallsNotice::of(&asked, &context),
        stats_day: stats_day(&asked, &address),
        quality: quality(&asked, &address),
        bar: Bar::new(&asked, &address, offered, state, &context),
        tiles,
        notes,
        context,
    }
}

/// Returns today if the tiles show what the live stream updates: all calls of today.
fn stats_day(asked: &PageFilter, address: &Address) -> Option<NaiveDate> {
    let today = asked.calls.as_of.today;
    let is_today = asked.filter().days == DayRange::one(today) && asked.filter().is_of_all();
    (address.scope == Scope::Company && is_today).then_some(today)
}

/// Returns the link to the data quality of the same days and line, where it is available.
fn quality(asked: &PageFilter, address: &Address) -> Option<String> {
    let line = asked.filter().number.clone();
    let is_told = matches!(address.scope, Scope::Company | Scope::Line(_)) && asked.filter().lines.is_none();
    let when = asked.words.iter().filter(|(name, _)| ["start", "end", "period"].contains(name));
    let words = when.map(|(name, value)| (name, value.to_owned())).chain(line.map(|line| ("number", line)));
    is_told.then(|| words.fold(FilterQuery::default(), |words, (name, value)| words.with(name, value)).url("/quality"))
}

fn title(scope: &Scope, named: &str, context: &PageContext) -> String {
    let d = &context.texts.dashboard;
    match scope {
        Scope::Company => named.to_owned(),
        Scope::Line(_) => (d.of_line)(named),
        Scope::Agent(_) => (d.of_agent)(named),
        Scope::Caller(_) => (d.of_caller)(named),
    }
}

fn caller_state(
    scope: &Scope,
    owed: Option<&Callback>,
    state: &AppState,
    context: &PageContext,
) -> Option<CallerState> {
    let Scope::Caller(party) = scope else { return None };
    let (d, format) = (&context.texts.dashboard, &context.format);
    let tried = |callback: &Callback| {
        (d.tried)(
            callback.missed_calls,
            &format.number(callback.missed_calls),
            &open_callbacks::short_moment(callback.last_missed_ms, state, context),
        )
    };
    let can_be_dialled = party.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    Some(CallerState {
        is_owed: owed.is_some(),
        text: owed.map_or(d.not_owed.to_owned(), |callback| (d.is_owed)(&tried(callback))),
        dial: can_be_dialled.then(|| format!("tel:{party}")),
    })
}

fn compared(figures: &PeriodFigures, context: &PageContext) -> Option<String> {
    let (d, format) = (&context.texts.dashboard, &context.format);
    let before = match figures.before.as_ref()? {
        Comparison::With(before) => before,
        Comparison::Unknown(first) => return Some((d.not_compared)(&format.day(*first))),
    };
    let days = if before.days.start == before.days.end {
        format!("{}, {}", format.weekday(before.days.start), format.day(before.days.start))
    } else {
        format!("{} – {}", format.day(before.days.start), format.day(before.days.end))
    };
    Some((d.compared)(&days, before.is_cut))
}

fn accepted_rate(figures: &PeriodFigures, context: &PageContext) -> String {
    let totals = &figures.totals;
    (context.texts.dashboard.accepted_rate)(
        &context.format.share(totals.outcomes.get(Outcome::Accepted), totals.outcomes.decided()),
    )
}
