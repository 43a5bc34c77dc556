//! The dashboard: of everything, or of one line, agent or caller.

mod address;
mod bar;
mod change;
mod chart;
mod columns;
mod morning;
mod owed;
mod tables;
mod tiles;
mod week;
mod welcome;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use chrono::NaiveDate;

pub use self::address::Scope;
use self::address::{Address, Manner};
use self::bar::{Bar, Offered};
use self::chart::{ChartView, chart};
use self::columns::step;
pub use self::morning::told;
use self::morning::{DayView, LastDays, OwedRow, last_days, owed_rows};
use self::owed::{Owed, owed, owed_to};
use self::tables::{OutcomeRow, Row, TableView, callers_shown};
use self::tiles::{Tile, Tiles};
pub use self::tiles::{answerable, beside};
use self::week::{WeekView, week};
use self::welcome::{Newest, newest, welcome};
use super::asked::Asked;
use super::call_rows::{CallRow, call_rows};
use super::fresh::Fresh;
use super::page;
use super::visit::Visit;
use super::words::Words;
use crate::calls::outcome::Outcome;
use crate::stats::business::{day_number, next_day};
use crate::stats::filter::Filter;
use crate::stats::period::DayRange;
use crate::stats::report::GroupBy;
use crate::store::callbacks::Callback;
use crate::store::calls::{StoredCall, TopCaller, lines_and_peers, list_calls, top_callers};
use crate::store::events::has_events;
use crate::web::api;
use crate::web::error::Error;
use crate::web::figures::{Comparison, Figures, Way, figures, way};
use crate::web::i18n::{CallsTexts, DashboardTexts, OverviewTexts};
use crate::web::state::State;

const LAST_CALLS: usize = 8;
const CALLS_OF_CALLER: usize = 50;
/// Whoever calls most often is looked for among so many calls: counting all calls of a year takes a second.
const NEWEST_COUNTED: i64 = 2_000;
/// Whoever waits for the first event comes back with this parameter, so that its arrival can be told.
const WAITED: &str = "waited";

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct OverviewPage {
    visit: Visit,
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
    fresh: Option<Fresh>,
    stats_day: Option<NaiveDate>,
    quality: Option<String>,
    newest: Option<Newest>,
}

/// Whether a caller is owed a call.
struct CallerState {
    is_owed: bool,
    text: String,
    dial: Option<String>,
}

/// `GET /`
pub async fn show(request: HttpRequest, visit: Visit, state: Data<State>) -> Result<HttpResponse, Error> {
    let has_waited = api::parameter(&api::parameters(&request), WAITED).is_some() && !visit.is_limited();
    if has_waited || !has_events(&state.db).await? {
        let newest = newest(&state, &visit).await?;
        return welcome(&request, visit, &state, newest);
    }
    dashboard(&request, visit, &state, Scope::Company).await
}

/// `GET /lines/{number}`
pub async fn line(
    request: HttpRequest,
    visit: Visit,
    state: Data<State>,
    number: Path<String>,
) -> Result<HttpResponse, Error> {
    dashboard(&request, visit, &state, Scope::Line(number.into_inner())).await
}

/// `GET /agents/{peer}`
pub async fn agent(
    request: HttpRequest,
    visit: Visit,
    state: Data<State>,
    peer: Path<String>,
) -> Result<HttpResponse, Error> {
    dashboard(&request, visit, &state, Scope::Agent(peer.into_inner())).await
}

/// `GET /callers/{party}`
pub async fn caller(
    request: HttpRequest,
    visit: Visit,
    state: Data<State>,
    party: Path<String>,
) -> Result<HttpResponse, Error> {
    dashboard(&request, visit, &state, Scope::Caller(party.into_inner())).await
}

/// What a dashboard fetches beside its figures.
struct Fetched {
    calls: Vec<StoredCall>,
    owed: Option<Owed>,
    owed_to: Option<Callback>,
    days: Option<LastDays>,
    callers: Vec<TopCaller>,
    newest: Option<Newest>,
}

async fn dashboard(request: &HttpRequest, visit: Visit, state: &State, scope: Scope) -> Result<HttpResponse, Error> {
    let parameters = api::parameters(request);
    let own = own_words(&scope, &Words::read(&parameters), state);
    // What cannot be a number or a name is nobody's page.
    let own_pairs = own.iter().map(|(name, value)| (*name, value.as_str()));
    let own_filter = Filter::parse(own_pairs, state.today(), &state.derivation.numbering);
    let own_filter = own_filter.map_err(|_| Error::NotFound)?;
    state.check_agents(&own_filter)?;
    let scope = normalised(scope, &own_filter);
    let manner = Manner::read(&parameters);
    let asked = Asked::within(parameters, &own, state, &visit);
    let usual = own.iter().filter(|(name, _)| ["start", "end"].contains(name));
    let usual = usual.fold(Words::default(), |words, (name, value)| words.with(name, value.clone()));
    // What was missed is nobody's.
    let manner = Manner { missed_only: manner.missed_only && asked.filter.peer.is_none(), ..manner };
    let address = Address { scope, words: asked.words.clone(), usual, manner };
    let is_caller = matches!(address.scope, Scope::Caller(_));
    let step = Some(step(asked.filter.days)).filter(|_| !is_caller);
    let way = way(state, &asked.filter, step).await?;
    let compares = manner.compares && !is_caller;
    let (counted, fetched) = tokio::try_join!(
        counted(state, way, &asked.filter, step, compares),
        fetch(state, way, &asked, &address, &visit)
    )?;
    let offered = offered(state, way, &asked.filter, &counted).await?;
    page(&view(counted, fetched, offered, asked, address, state, visit))
}

/// The words that a page has without being told.
fn own_words(scope: &Scope, said: &Words, state: &State) -> Vec<(&'static str, String)> {
    let mut own: Vec<_> = scope.word().map(|(name, value)| (name, value.to_owned())).into_iter().collect();
    let says_when = ["start", "end", "period"].into_iter().any(|name| !said.get(name).is_empty());
    if matches!(scope, Scope::Caller(_)) && !says_when {
        // Somebody who calls twice a year has no month.
        own.push(("start", NaiveDate::default().to_string()));
        own.push(("end", state.today().to_string()));
    }
    own
}

/// In whatever notation a number stands in a url, its page is one.
fn normalised(scope: Scope, filter: &Filter) -> Scope {
    match scope {
        Scope::Company => Scope::Company,
        Scope::Line(number) => Scope::Line(filter.number.clone().unwrap_or(number)),
        Scope::Agent(peer) => Scope::Agent(filter.peer.clone().unwrap_or(peer)),
        Scope::Caller(party) => Scope::Caller(filter.party.clone().unwrap_or(party)),
    }
}

/// In steps, if the period is not too long for any.
async fn counted(
    state: &State,
    way: Way,
    filter: &Filter,
    step: Option<GroupBy>,
    compares: bool,
) -> Result<Figures, Error> {
    match figures(state, way, filter, step, compares).await {
        Err(Error::Fields(_)) => figures(state, way, filter, None, compares).await,
        counted => counted,
    }
}

async fn fetch(state: &State, way: Way, asked: &Asked, address: &Address, visit: &Visit) -> Result<Fetched, Error> {
    let (filter, query) = (&asked.filter, state.query(&asked.filter));
    let is_company = address.scope == Scope::Company;
    let limit = if matches!(address.scope, Scope::Caller(_)) { CALLS_OF_CALLER } else { LAST_CALLS };
    let counted = if callers_shown(address.manner) > LAST_CALLS { i64::MAX } else { NEWEST_COUNTED };
    let callers = async {
        if filter.party.is_some() || way == Way::Subject {
            return Ok(Vec::new());
        }
        let mut callers = top_callers(&state.db, &query, counted, callers_shown(address.manner)).await?;
        callers.retain(|caller| state.may_count(&caller.party));
        Ok::<_, Error>(callers)
    };
    let lines = visit.lines();
    let owed = async { if is_company { owed(state, &lines).await.map(Some) } else { Ok(None) } };
    let owed_to = async {
        match &address.scope {
            Scope::Caller(party) => owed_to(state, &lines, party).await,
            _ => Ok(None),
        }
    };
    let days = async { if is_company { last_days(state, &lines).await.map(Some) } else { Ok(None) } };
    let newest = async { if is_company && lines.is_none() { newest(state, visit).await } else { Ok(None) } };
    let calls = async { Ok::<_, Error>(list_calls(&state.db, &query, None, limit).await?.calls) };
    let (calls, owed, owed_to, days, callers, newest) = tokio::try_join!(calls, owed, owed_to, days, callers, newest)?;
    Ok(Fetched { calls, owed, owed_to, days, callers, newest })
}

/// The lines and agents of the period, to choose from.
async fn offered(state: &State, way: Way, filter: &Filter, figures: &Figures) -> Result<Offered, Error> {
    if let (true, Some(details)) = (way == Way::Cells || filter.lines.is_some(), &figures.details) {
        let names = |shares: &crate::stats::people::Shares| {
            let mut names: Vec<_> = shares.ranked(|share| share.calls).into_iter().map(|(n, _)| n.to_owned()).collect();
            names.sort();
            names
        };
        return Ok(Offered { lines: names(&details.lines), agents: names(&details.agents) });
    }
    let days = day_number(filter.days.start)..day_number(next_day(filter.days.end));
    let (mut lines, agents) = lines_and_peers(&state.db, days).await?;
    lines.retain(|line| state.may_count(line));
    Ok(Offered { lines, agents })
}

fn view(
    figures: Figures,
    fetched: Fetched,
    offered: Offered,
    asked: Asked,
    address: Address,
    state: &State,
    visit: Visit,
) -> OverviewPage {
    let (t, d) = (&visit.texts.overview, &visit.texts.dashboard);
    let (filter, totals) = (&asked.filter, &figures.totals);
    let has_hours = state.config.business_hours.is_some();
    let is_line = filter.number.is_some();
    let is_agent = filter.peer.is_some();
    let is_caller = matches!(address.scope, Scope::Caller(_));
    let named = address.scope.named(&visit);
    let tiles = Tiles {
        figures: &figures,
        filter,
        words: &asked.words,
        address: &address,
        has_hours,
        business: &state.derivation.business,
        visit: &visit,
    };
    let tiles = if is_agent { tiles.of_agent() } else { tiles.of_calls(fetched.owed.as_ref()) };
    let details = figures.details.as_ref().filter(|_| !is_caller && totals.calls > 0);
    let has_steps = figures.steps.is_some();
    let is_capped = callers_shown(address.manner) <= LAST_CALLS && totals.inbound > NEWEST_COUNTED;
    let whole_callers = Manner { whole: Some(address::Table::Callers), ..address.manner };
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
        calls_t: &visit.texts.calls,
        subtitle: named.name.is_some().then(|| named.raw.clone()),
        title: title(&address.scope, named.short(), &visit),
        is_company: address.scope == Scope::Company,
        is_agent,
        state: caller_state(&address.scope, fetched.owed_to.as_ref(), state, &visit),
        days: fetched.days.map(|days| days.views(has_hours, &visit)).unwrap_or_default(),
        owed: fetched.owed.as_ref().map(|owed| owed_rows(owed, state, &visit)).unwrap_or_default(),
        compared: compared(&figures, &visit),
        chart: figures
            .steps
            .as_deref()
            .and_then(|steps| chart(steps, step(filter.days), filter.days, &address, &visit)),
        // One day's hours are the chart's.
        week: details.filter(|_| filter.days.len() > 1).and_then(|details| week(&details.heat, &address, &visit)),
        outcomes: if is_caller { Vec::new() } else { tables::outcomes(totals, &asked.words, &address, &visit) },
        accepted_rate: totals
            .accepted_rate
            .filter(|_| !is_agent && filter.outcomes.is_empty())
            .map(|_| accepted_rate(&figures, &visit)),
        lines: details.filter(|_| !is_line).map(|details| tables::lines(&details.lines, is_agent, &address, &visit)),
        agents: details
            .filter(|_| !is_agent && state.config.agent_figures)
            .map(|details| tables::agents(&details.agents, &address, &visit)),
        callers: tables::callers(&fetched.callers, is_agent, &address, &visit),
        callers_note: is_capped.then(|| (d.callers_among)(&visit.format.number(NEWEST_COUNTED))),
        whole_callers: (is_capped || fetched.callers.len() == LAST_CALLS)
            .then(|| address.shown(whole_callers, address::Table::Callers.as_str()))
            .map(|href| (if is_capped { d.callers_whole } else { d.callers_more }, href)),
        rows: call_rows(&fetched.calls, state, &visit),
        all_calls: address.calls(asked.words.clone()),
        newest: fetched.newest,
        fresh: Fresh::of(&asked, state, &visit),
        stats_day: stats_day(&asked, &address, state),
        quality: quality(&asked, &address),
        bar: Bar::new(&asked, &address, offered, state, &visit),
        tiles,
        notes,
        visit,
    }
}

/// Today, if the tiles show what the live stream tells: all calls of today.
fn stats_day(asked: &Asked, address: &Address, state: &State) -> Option<NaiveDate> {
    let today = state.today();
    let is_all = address.scope == Scope::Company
        && asked.filter == Filter { period: asked.filter.period, ..Filter::all(DayRange::one(today)) };
    is_all.then_some(today)
}

/// How good the data are of the same days and the same line, where that can be told.
fn quality(asked: &Asked, address: &Address) -> Option<String> {
    let line = asked.filter.number.clone();
    let is_told = matches!(address.scope, Scope::Company | Scope::Line(_)) && asked.filter.lines.is_none();
    let when = asked.words.iter().filter(|(name, _)| ["start", "end", "period"].contains(name));
    let words = when.map(|(name, value)| (name, value.to_owned())).chain(line.map(|line| ("number", line)));
    is_told.then(|| words.fold(Words::default(), |words, (name, value)| words.with(name, value)).url("/quality"))
}

fn title(scope: &Scope, named: &str, visit: &Visit) -> String {
    let d = &visit.texts.dashboard;
    match scope {
        Scope::Company => named.to_owned(),
        Scope::Line(_) => (d.of_line)(named),
        Scope::Agent(_) => (d.of_agent)(named),
        Scope::Caller(_) => (d.of_caller)(named),
    }
}

fn caller_state(scope: &Scope, owed: Option<&Callback>, state: &State, visit: &Visit) -> Option<CallerState> {
    let Scope::Caller(party) = scope else { return None };
    let (d, format) = (&visit.texts.dashboard, &visit.format);
    let tried = |callback: &Callback| {
        (d.tried)(
            callback.missed_calls,
            &format.number(callback.missed_calls),
            &owed::short_moment(callback.last_missed_ms, state, visit),
        )
    };
    let can_be_dialled = party.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    Some(CallerState {
        is_owed: owed.is_some(),
        text: owed.map_or(d.not_owed.to_owned(), |callback| (d.is_owed)(&tried(callback))),
        dial: can_be_dialled.then(|| format!("tel:{party}")),
    })
}

fn compared(figures: &Figures, visit: &Visit) -> Option<String> {
    let (d, format) = (&visit.texts.dashboard, &visit.format);
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

fn accepted_rate(figures: &Figures, visit: &Visit) -> String {
    let totals = &figures.totals;
    let beyond_us = [Outcome::Blocked, Outcome::Unknown, Outcome::Open].map(|outcome| totals.outcomes.get(outcome));
    let judged = totals.calls - beyond_us.iter().sum::<i64>();
    (visit.texts.dashboard.accepted_rate)(&visit.format.share(totals.outcomes.get(Outcome::Accepted), judged))
}
