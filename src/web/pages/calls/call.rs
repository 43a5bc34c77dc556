use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::lane::{Lane, lane};
use super::rows::{CallRow, DirectionView, OutcomeView, call_rows, direction, named_party, number, outcome};
use crate::calls::call::{Call, State as Standing};
use crate::calls::outcome::Outcome;
use crate::calls::receipts::{Receipt, Receipts};
use crate::i18n::{CallLogTexts, CallTexts, CallsTexts, HistoryTexts};
use crate::placetel::event::{CallId, Direction, Event, Kind};
use crate::placetel::reply::indented;
use crate::routing::table::Decision;
use crate::service::directory::names::Names;
use crate::service::state::AppState;
use crate::stats::as_of::FilterAsOf;
use crate::stats::filter::Filter;
use crate::stats::period::DayRange;
use crate::store::calls::events::events_of_call;
use crate::store::calls::find::{find_call, find_decision};
use crate::store::routes::find_route;
use crate::store::stats::spans::list::list_calls;
use crate::web::access::principal::Principal;
use crate::web::error::Error;
use crate::web::pages::dashboard::Scope;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter_query::FilterQuery;
use crate::web::pages::layout::named::Named;
use crate::web::pages::page;

/// The maximum number of other calls of the same party to show.
const OTHERS: usize = 10;

#[derive(Template)]
#[template(path = "pages/call.html")]
struct CallPage {
    context: PageContext,
    t: &'static CallTexts,
    title: String,
    direction: DirectionView,
    outcome: OutcomeView,
    day: String,
    log_t: &'static CallLogTexts,
    history_t: &'static HistoryTexts,
    calls_t: &'static CallsTexts,
    lane: Option<Lane>,
    steps: Vec<Step>,
    ending: Option<&'static str>,
    decision: Option<DecisionView>,
    no_decision: &'static str,
    facts: Vec<(&'static str, Named)>,
    contact: Option<(&'static str, String)>,
    calls_of_party: Option<String>,
    rows: Vec<CallRow>,
    raw_count: String,
    surplus: Option<String>,
    raw: Vec<RawEvent>,
}

/// One step in the timeline of a call.
struct Step {
    at_ms: i64,
    time: String,
    after: Option<String>,
    what: String,
    more: Option<String>,
    class: &'static str,
}

struct DecisionView {
    route: String,
    href: Option<String>,
    is_deleted: bool,
    time: String,
    took: Option<String>,
    revision: Option<i64>,
    xml: String,
}

struct RawEvent {
    name: String,
    time: String,
    fields: Vec<(String, String)>,
}

/// Handles `GET /calls/{call_id}`: shows one call.
pub async fn show(
    path: Path<String>,
    request: HttpRequest,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let call_id = CallId::parse(&path).ok_or(Error::NotFound)?;
    let call = find_call(&state.db, &call_id).await?.map(|stored| stored.call);
    let call = call.filter(|call| Principal::may_see(&request, call)).ok_or(Error::NotFound)?;
    let events = events_of_call(&state.db, &call_id).await?;
    let decision = find_decision(&state.db, &call_id).await?;
    let now_ms = context.now_ms;
    let (standing, became) = call.standing(now_ms, state.statistics.hangup_timeout_ms());
    let (t, names) = (&context.texts.call, state.directory.names());
    page(&CallPage {
        t,
        log_t: &context.texts.call_log,
        history_t: &context.texts.history,
        calls_t: &context.texts.calls,
        title: (t.title)(named_party(&call, &context).short()),
        direction: direction(call.direction, &context),
        outcome: outcome(became, &context),
        day: context.format.moment(call.started_ms),
        lane: lane(&call, standing, now_ms, &context),
        steps: steps(&call, &events, decision.as_ref(), &names, &context),
        ending: match standing {
            Standing::Ended if call.ending.is_none() => Some(t.no_hangup),
            Standing::Ended => None,
            Standing::Ringing | Standing::Talking => Some(t.still_running),
        },
        decision: match decision {
            Some(decision) => Some(decision_view(decision, &state, &context).await?),
            None => None,
        },
        no_decision: if call.direction == Some(Direction::Out) { t.no_decision_outbound } else { t.no_decision },
        facts: facts(&call, &names, &state, &context),
        contact: contact(&call, &state, &names, &context),
        calls_of_party: call
            .party
            .as_ref()
            .filter(|party| state.statistics.may_count(party))
            .map(|party| calls_of(party)),
        rows: others(&call, &state, &context).await?,
        raw_count: (t.raw_count)(call.event_count as usize),
        surplus: Some(call.events_beyond(&events)).filter(|&count| count > 0).map(|count| (t.surplus)(count as usize)),
        raw: events.iter().map(|receipt| raw_event(receipt, &context)).collect(),
        context,
    })
}

fn calls_of(party: &str) -> String {
    FilterQuery::default().with("party", party).with("period", "year").url("/calls")
}

/// Returns the link that names the other party or changes its name, as text and URL.
fn contact(call: &Call, state: &AppState, names: &Names, context: &PageContext) -> Option<(&'static str, String)> {
    if !context.may_change() {
        return None;
    }
    let party = call.party.as_ref().filter(|party| state.derivation.numbering.e164(party).as_ref() == Some(party))?;
    if names.stored(party).is_some() {
        return Some((context.texts.call_log.change_name, format!("/contacts/{party}")));
    }
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("number", party).finish();
    names.line(party).is_none().then(|| (context.texts.call_log.name_it, format!("/contacts/new?{query}")))
}

/// Returns the newest other calls with the same party.
async fn others(call: &Call, state: &AppState, context: &PageContext) -> Result<Vec<CallRow>, Error> {
    let Some(party) = call.party.clone() else { return Ok(Vec::new()) };
    let ever = DayRange { start: chrono::NaiveDate::default(), end: context.today };
    let filter = Filter { party: Some(party), lines: context.lines(), ..Filter::all(ever) };
    let query = state.statistics.query(&FilterAsOf { filter, as_of: context.as_of() });
    let mut calls = list_calls(&state.db, &query, None, OTHERS + 1).await?.calls;
    calls.retain(|other| other.call.call_id != call.call_id);
    calls.truncate(OTHERS);
    Ok(call_rows(&calls, state, context))
}

fn steps(
    call: &Call,
    events: &Receipts,
    decision: Option<&Decision>,
    names: &Names,
    context: &PageContext,
) -> Vec<Step> {
    let t = &context.texts.call;
    let step = |at_ms: i64, what: String, class: &'static str| Step {
        at_ms,
        time: context.format.precise_time(at_ms),
        after: None,
        what,
        more: None,
        class,
    };
    let mut steps: Vec<_> = events
        .iter()
        .map(|receipt| Step {
            more: (receipt.deliveries > 1).then(|| (t.received_times)(receipt.deliveries)),
            ..step(receipt.received_ms, what_happened(receipt, call, names, context), class(receipt.event.kind))
        })
        .collect();
    if let Some(decision) = decision {
        let what = match &decision.route_name {
            Some(name) => (t.answered_by)(name),
            None => t.answered_by_none.to_owned(),
        };
        // The decision answers the incoming call, so it comes right after the first event.
        let place = steps.iter().position(|step| step.at_ms > decision.decided_ms).unwrap_or(steps.len());
        let after_first = place.max(1).min(steps.len());
        steps.insert(after_first, step(decision.decided_ms, what, "decided"));
    }
    let begin_ms = steps.first().map_or(0, |first| first.at_ms);
    for step in &mut steps {
        let seconds = (step.at_ms - begin_ms) / 1000;
        step.after = (seconds > 0).then(|| (t.after)(&context.format.duration(seconds)));
    }
    steps
}

fn what_happened(receipt: &Receipt, call: &Call, names: &Names, context: &PageContext) -> String {
    let (event, t) = (&receipt.event, &context.texts.call);
    let (from, to) = sides(call, event, names, context);
    match event.kind {
        Kind::IncomingCall => (t.incoming)(&from, &to),
        Kind::OutgoingCall => (t.outgoing)(&from, &to),
        Kind::CallAccepted => {
            let peer = event.peer.as_deref();
            (t.accepted)(peer.and_then(|peer| names.agent(peer)).as_deref().or(peer))
        }
        Kind::HungUp => match (Outcome::from_hangup_type(event.hangup_type.as_deref()), call.talk_seconds) {
            (Outcome::Accepted, Some(seconds)) => (t.talked)(&context.format.duration(seconds.into())),
            (outcome, _) => (t.hung_up)((context.texts.outcome)(outcome)),
        },
        Kind::Other => (t.other_event)(&event_name(receipt)),
    }
}

/// Returns the caller and the called party of an event, by name where there is one.
fn sides(call: &Call, event: &Event, names: &Names, context: &PageContext) -> (String, String) {
    let own = call.number.as_deref().and_then(|number| names.line(number));
    let outside = call.party.as_deref().and_then(|party| names.contact(party));
    let (from_name, to_name) = match call.direction {
        Some(Direction::In) => (outside, own),
        Some(Direction::Out) => (own, outside),
        Some(Direction::Internal) | None => (None, None),
    };
    let side = |name: Option<std::sync::Arc<str>>, raw: Option<&String>| match (name, raw) {
        (Some(name), _) => name.to_string(),
        (None, Some(raw)) => number(raw, context),
        (None, None) => context.texts.call.unknown_value.to_owned(),
    };
    (side(from_name, event.from.as_ref().or(call.from.as_ref())), side(to_name, event.to.as_ref().or(call.to.as_ref())))
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::IncomingCall | Kind::OutgoingCall => "began",
        Kind::CallAccepted => "accepted",
        Kind::HungUp => "ended",
        Kind::Other => "other",
    }
}

async fn decision_view(decision: Decision, state: &AppState, context: &PageContext) -> Result<DecisionView, Error> {
    let exists = match decision.route_id {
        Some(id) => find_route(&state.db, id).await?.is_some(),
        None => false,
    };
    Ok(DecisionView {
        is_deleted: decision.route_id.is_some() && !exists,
        href: decision.route_id.filter(|_| exists).map(|id| format!("/routes/{id}")),
        route: decision.route_name.as_deref().unwrap_or(context.texts.call.answered_by_none).to_owned(),
        time: context.format.precise_time(decision.decided_ms),
        took: decision.took_us.map(|us| (context.texts.history.micros)(&context.format.number(us))),
        revision: decision.revision,
        xml: indented(&decision.xml),
    })
}

fn facts(call: &Call, names: &Names, state: &AppState, context: &PageContext) -> Vec<(&'static str, Named)> {
    let (t, calls_t, format) = (&context.texts.call, &context.texts.calls, &context.format);
    let side = |raw: &Option<String>| raw.as_ref().map(|raw| Named::plain(number(raw, context)));
    let when = |at_ms: Option<i64>| {
        at_ms.map(|at_ms| Named::plain(format!("{} {}", format.day_of(at_ms), format.precise_time(at_ms))))
    };
    let duration = |seconds: Option<u32>| seconds.map(|seconds| Named::plain(format.duration(seconds.into())));
    let line = call.number.as_ref().map(|number| Scope::Line(number.clone()).link(Named::line(number, names), state));
    let party = call.party.as_ref().map(|party| Scope::Caller(party.clone()).link(Named::party(party, context), state));
    let peer = call.peer.as_ref().map(|peer| Scope::Agent(peer.clone()).link(Named::agent(peer, names), state));
    let facts = [
        (calls_t.party, party),
        (calls_t.number, line),
        (calls_t.peer, peer),
        (t.from, side(&call.from)),
        (t.to, side(&call.to)),
        (t.started, when(Some(call.started_ms))),
        (t.accepted_at, when(call.accepted_ms)),
        (t.ended, when(call.ended_ms)),
        (calls_t.wait, duration(call.wait_seconds().or(call.abandoned_wait_seconds()))),
        (calls_t.talk, duration(call.talk_seconds)),
        (t.call_id, Some(Named::plain(call.call_id.to_string()))),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn raw_event(receipt: &Receipt, context: &PageContext) -> RawEvent {
    RawEvent {
        name: event_name(receipt),
        time: context.format.precise_time(receipt.received_ms),
        fields: Event::fields(&receipt.body),
    }
}

/// Returns the event name as sent: a parsed event only knows the names that the service handles.
fn event_name(receipt: &Receipt) -> String {
    let fields = Event::fields(&receipt.body);
    fields.into_iter().find(|(name, _)| name == "event").map_or(String::new(), |(_, value)| value)
}
