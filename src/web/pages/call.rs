use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;

use super::call_rows::{DirectionView, OutcomeView, direction, number, outcome, party};
use super::page;
use super::visit::Visit;
use super::words::Words;
use crate::calls::call::{Call, State as Standing};
use crate::calls::outcome::Outcome;
use crate::calls::receipts::{Receipt, Receipts};
use crate::placetel::event::{CallId, Direction, Event, Kind};
use crate::routing::table::Decision;
use crate::store::calls::{find_call, find_decision};
use crate::store::events::events_of_call;
use crate::store::routes::find_route;
use crate::web::clock::now_ms;
use crate::web::error::Error;
use crate::web::i18n::CallTexts;
use crate::web::state::State;

#[derive(Template)]
#[template(path = "pages/call.html")]
struct CallPage {
    visit: Visit,
    t: &'static CallTexts,
    title: String,
    direction: DirectionView,
    outcome: OutcomeView,
    day: String,
    steps: Vec<Step>,
    ending: Option<&'static str>,
    decision: Option<DecisionView>,
    no_decision: &'static str,
    facts: Vec<(&'static str, String)>,
    calls_of_party: Option<String>,
    raw_count: String,
    raw: Vec<RawEvent>,
}

/// Something that happened.
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
    xml: String,
}

struct RawEvent {
    name: String,
    time: String,
    fields: Vec<(String, String)>,
}

/// `GET /calls/{call_id}`
pub async fn show(path: Path<String>, visit: Visit, state: Data<State>) -> Result<HttpResponse, Error> {
    let call_id = CallId::parse(&path).ok_or(Error::NotFound)?;
    let call = find_call(&state.db, &call_id).await?.ok_or(Error::NotFound)?.call;
    let events = events_of_call(&state.db, &call_id).await?;
    let decision = find_decision(&state.db, &call_id).await?;
    let (standing, became) = call.standing(now_ms(), state.hangup_timeout_ms());
    let t = &visit.texts.call;
    let of_party = |party: &String| Words::default().with("party", party.as_str()).with("period", "year").url("/calls");
    page(&CallPage {
        t,
        title: (t.title)(&party(&call, &visit)),
        direction: direction(call.direction, &visit),
        outcome: outcome(became, &visit),
        day: visit.format.moment(call.started_ms),
        steps: steps(&call, &events, decision.as_ref(), &visit),
        ending: match standing {
            Standing::Ended if call.ending.is_none() => Some(t.no_hangup),
            Standing::Ended => None,
            Standing::Ringing | Standing::Talking => Some(t.still_running),
        },
        decision: match decision {
            Some(decision) => Some(decision_view(decision, &state, &visit).await?),
            None => None,
        },
        no_decision: if call.direction == Some(Direction::Out) { t.no_decision_outbound } else { t.no_decision },
        facts: facts(&call, &visit),
        calls_of_party: call.party.as_ref().map(of_party),
        raw_count: (t.raw_count)(events.len()),
        raw: events.iter().map(|receipt| raw_event(receipt, &visit)).collect(),
        visit,
    })
}

fn steps(call: &Call, events: &Receipts, decision: Option<&Decision>, visit: &Visit) -> Vec<Step> {
    let t = &visit.texts.call;
    let step = |at_ms: i64, what: String, class: &'static str| Step {
        at_ms,
        time: visit.format.precise_time(at_ms),
        after: None,
        what,
        more: None,
        class,
    };
    let mut steps: Vec<_> = events
        .iter()
        .map(|receipt| Step {
            more: (receipt.deliveries > 1).then(|| (t.received_times)(receipt.deliveries)),
            ..step(receipt.received_ms, what_happened(receipt, call, visit), class(receipt.event.kind))
        })
        .collect();
    if let Some(decision) = decision {
        let what = match &decision.route_name {
            Some(name) => (t.answered_by)(name),
            None => t.answered_by_none.to_owned(),
        };
        // Right after the call came in, which it answers.
        let place = steps.iter().position(|step| step.at_ms > decision.decided_ms).unwrap_or(steps.len());
        let after_first = place.max(1).min(steps.len());
        steps.insert(after_first, step(decision.decided_ms, what, "decided"));
    }
    let begin_ms = steps.first().map_or(0, |first| first.at_ms);
    for step in &mut steps {
        let seconds = (step.at_ms - begin_ms) / 1000;
        step.after = (seconds > 0).then(|| (t.after)(&visit.format.duration(seconds)));
    }
    steps
}

fn what_happened(receipt: &Receipt, call: &Call, visit: &Visit) -> String {
    let (event, t) = (&receipt.event, &visit.texts.call);
    let side = |raw: Option<&String>| raw.map_or(t.unknown_value.to_owned(), |raw| number(raw, visit));
    let (from, to) = (side(event.from.as_ref().or(call.from.as_ref())), side(event.to.as_ref().or(call.to.as_ref())));
    match event.kind {
        Kind::IncomingCall => (t.incoming)(&from, &to),
        Kind::OutgoingCall => (t.outgoing)(&from, &to),
        Kind::CallAccepted => (t.accepted)(event.peer.as_deref()),
        Kind::HungUp => match (Outcome::from_hangup_type(event.hangup_type.as_deref()), call.talk_seconds) {
            (Outcome::Accepted, Some(seconds)) => (t.talked)(&visit.format.duration(seconds.into())),
            (outcome, _) => (t.hung_up)((visit.texts.outcome)(outcome)),
        },
        Kind::Other => (t.other_event)(&event_name(receipt)),
    }
}

fn class(kind: Kind) -> &'static str {
    match kind {
        Kind::IncomingCall | Kind::OutgoingCall => "began",
        Kind::CallAccepted => "accepted",
        Kind::HungUp => "ended",
        Kind::Other => "other",
    }
}

async fn decision_view(decision: Decision, state: &State, visit: &Visit) -> Result<DecisionView, Error> {
    let exists = match decision.route_id {
        Some(id) => find_route(&state.db, id).await?.is_some(),
        None => false,
    };
    Ok(DecisionView {
        is_deleted: decision.route_id.is_some() && !exists,
        href: decision.route_id.filter(|_| exists).map(|id| format!("/routes/{id}")),
        route: decision.route_name.as_deref().unwrap_or(visit.texts.call.answered_by_none).to_owned(),
        time: visit.format.precise_time(decision.decided_ms),
        xml: decision.xml.to_string(),
    })
}

fn facts(call: &Call, visit: &Visit) -> Vec<(&'static str, String)> {
    let (t, calls_t, format) = (&visit.texts.call, &visit.texts.calls, &visit.format);
    let side = |raw: &Option<String>| raw.as_ref().map(|raw| number(raw, visit));
    let when =
        |at_ms: Option<i64>| at_ms.map(|at_ms| format!("{} {}", format.day_of(at_ms), format.precise_time(at_ms)));
    let duration = |seconds: Option<u32>| seconds.map(|seconds| format.duration(seconds.into()));
    let facts = [
        (t.from, side(&call.from)),
        (t.to, side(&call.to)),
        (calls_t.number, call.number.clone()),
        (calls_t.party, call.party.clone()),
        (calls_t.peer, call.peer.clone()),
        (t.started, when(Some(call.started_ms))),
        (t.accepted_at, when(call.accepted_ms)),
        (t.ended, when(call.ended_ms)),
        (calls_t.wait, duration(call.wait_seconds().or(call.abandoned_wait_seconds()))),
        (calls_t.talk, duration(call.talk_seconds)),
        (t.call_id, Some(call.call_id.to_string())),
    ];
    facts.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

fn raw_event(receipt: &Receipt, visit: &Visit) -> RawEvent {
    RawEvent {
        name: event_name(receipt),
        time: visit.format.precise_time(receipt.received_ms),
        fields: Event::fields(&receipt.body),
    }
}

/// As sent: the event itself only knows the names that mean something to us.
fn event_name(receipt: &Receipt) -> String {
    let fields = Event::fields(&receipt.body);
    fields.into_iter().find(|(name, _)| name == "event").map_or(String::new(), |(_, value)| value)
}
