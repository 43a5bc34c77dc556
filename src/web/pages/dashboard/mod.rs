//! The dashboard of the company, or of one line, agent or caller. It consists of boxes: each is a file with what the box
//! fetches and a template of its own, which a page shows as `{{ name }}`.

mod address;
mod agents;
mod bar;
mod breakdown;
mod caller_state;
mod callers;
mod change;
mod chart;
mod columns;
mod headline;
mod last_calls;
mod lines;
mod morning;
mod newest;
mod open_callbacks;
mod outcomes;
mod table;
mod tile;
mod tiles;
mod week;
mod welcome;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

pub use self::address::Scope;
use self::address::{Address, ViewOptions};
use self::bar::{Bar, Offered};
use self::breakdown::Breakdown;
use self::caller_state::CallerState;
use self::chart::Chart;
use self::columns::step;
use self::headline::Headline;
use self::last_calls::LastCalls;
use self::morning::Morning;
use self::newest::Newest;
use self::tiles::Tiles;
use self::week::Week;
use self::welcome::welcome;
use super::layout::context::PageContext;
use super::layout::filter::PageFilter;
use super::layout::filter_query::FilterQuery;
use super::layout::new_calls::NewCallsNotice;
use super::page;
use crate::i18n::DashboardTexts;
use crate::service::error::ServiceError;
use crate::service::state::AppState;
use crate::service::statistics::figures::{CountingPlan, PeriodFigures, figures};
use crate::stats::as_of::{AsOf, FilterAsOf};
use crate::stats::filter::{Filter, MAX_YEARS};
use crate::stats::period::DayRange;
use crate::stats::report::GroupBy;
use crate::web::error::Error;
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query;

/// The query parameter with which the welcome page reloads itself, so that the arrival of the first event is shown.
const WAITED: &str = "waited";

#[derive(Template)]
#[template(path = "pages/dashboard.html")]
struct OverviewPage {
    context: PageContext,
    d: &'static DashboardTexts,
    headline: Headline,
    caller_state: Option<CallerState>,
    morning: Option<Morning>,
    bar: Bar,
    fresh: Option<NewCallsNotice>,
    tiles: Tiles,
    note: Option<&'static str>,
    chart: Option<Chart>,
    week: Option<Week>,
    breakdown: Option<Breakdown>,
    last_calls: Option<LastCalls>,
    quality: Option<String>,
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
        let newest = Newest::fetch(&state, &context).await?;
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
    let plan = CountingPlan::of(asked.filter(), step);
    let compares = options.compares && !is_caller;
    let (figures, (last_calls, newest), morning, caller_state, callers) = tokio::try_join!(
        async { Ok::<_, Error>(counted(state, plan, &asked.calls, step, compares).await?) },
        LastCalls::fetch(&asked, &address, state, &context),
        Morning::fetch(&address.scope, state, &context),
        CallerState::fetch(&address.scope, state, &context),
        callers::fetch(plan, &asked, &address, state)
    )?;
    let offered = Offered::fetch(plan, asked.filter(), &figures, state).await?;
    // What names the subject of the dashboard is made from here on.
    context.has_found = figures.totals.calls > 0;
    let owed = morning.as_ref().map(|morning| &morning.owed);
    let details = Some(&figures.details).filter(|_| !is_caller && figures.totals.calls > 0);
    let (days, is_agent) = (asked.filter().days, asked.filter().peer.is_some());
    page(&OverviewPage {
        d: &context.texts.dashboard,
        headline: Headline::new(&address.scope, newest, &context),
        bar: Bar::new(&asked, &address, offered, state, &context),
        fresh: NewCallsNotice::of(&asked, &context),
        tiles: Tiles::new(&figures, owed, &asked, &address, state, &context),
        note: (figures.steps.is_none() && !is_caller).then_some(context.texts.overview.too_long),
        chart: (figures.steps.as_deref())
            .and_then(|steps| Chart::new(steps, columns::step(days), days, &address, &context)),
        // For a single day, the chart already shows the hours.
        week: (details.filter(|_| days.len() > 1))
            .and_then(|details| Week::new(&details.heat, is_agent, &address, &context)),
        breakdown: Breakdown::new(&figures, details, &callers, &asked, &address, state, &context),
        quality: quality(&asked, &address),
        caller_state,
        morning,
        last_calls,
        context,
    })
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

/// Returns the link to the data quality of the same days and line, where it is available.
fn quality(asked: &PageFilter, address: &Address) -> Option<String> {
    let line = asked.filter().number.clone();
    let is_told = matches!(address.scope, Scope::Company | Scope::Line(_)) && asked.filter().lines.is_none();
    let when = asked.words.iter().filter(|(name, _)| ["start", "end", "period"].contains(name));
    let words = when.map(|(name, value)| (name, value.to_owned())).chain(line.map(|line| ("number", line)));
    is_told.then(|| words.fold(FilterQuery::default(), |words, (name, value)| words.with(name, value)).url("/quality"))
}
