use std::collections::BTreeMap;

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, Responder};
use serde::Serialize;

use super::{filter, limit, parameter, parameters};
use crate::calls::receipts::Receipt;
use crate::placetel::event::{CallId, Direction, Event};
use crate::routing::table::Decision;
use crate::stats::filter::{FilterError, FilterProblem};
use crate::store::calls::{Cursor, StoredCall, find_call, find_decision, list_calls};
use crate::store::events::events_of_call;
use crate::web::clock::{now_ms, rfc3339};
use crate::web::error::Error;
use crate::web::state::State;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;

/// CALL: a call as clients see it. Instants are RFC 3339 UTC, durations whole seconds.
#[derive(Debug, Serialize)]
pub struct CallJson {
    call_id: String,
    direction: Option<&'static str>,
    from: Option<String>,
    to: Option<String>,
    number: Option<String>,
    party: Option<String>,
    peer: Option<String>,
    state: &'static str,
    outcome: &'static str,
    started_at: String,
    accepted_at: Option<String>,
    ended_at: Option<String>,
    wait_seconds: Option<u32>,
    talk_seconds: Option<u32>,
    event_count: u32,
}

impl CallJson {
    /// As it stands at `now_ms`.
    pub fn new(stored: StoredCall, now_ms: i64, timeout_ms: i64) -> Self {
        let call = stored.call;
        let (state, outcome) = call.standing(now_ms, timeout_ms);
        Self {
            direction: call.direction.map(Direction::as_str),
            state: state.as_str(),
            outcome: outcome.as_str(),
            started_at: rfc3339(call.started_ms),
            accepted_at: call.accepted_ms.map(rfc3339),
            ended_at: call.ended_ms.map(rfc3339),
            wait_seconds: call.wait_seconds(),
            talk_seconds: call.talk_seconds,
            event_count: call.event_count,
            call_id: call.call_id.to_string(),
            from: call.from,
            to: call.to,
            number: call.number,
            party: call.party,
            peer: call.peer,
        }
    }
}

#[derive(Serialize)]
struct CallList {
    items: Vec<CallJson>,
    next_cursor: Option<String>,
}

#[derive(Serialize)]
struct CallDetail {
    #[serde(flatten)]
    call: CallJson,
    events: Vec<EventJson>,
    decision: Option<DecisionJson>,
}

#[derive(Serialize)]
struct EventJson {
    event: String,
    received_at: String,
    deliveries: u32,
    fields: BTreeMap<String, String>,
}

impl EventJson {
    fn new(receipt: &Receipt) -> Self {
        let mut fields = BTreeMap::new();
        for (name, value) in Event::fields(&receipt.body) {
            fields.entry(name).or_insert(value);
        }
        Self {
            event: fields.get("event").cloned().unwrap_or_default(),
            received_at: rfc3339(receipt.received_ms),
            deliveries: receipt.deliveries,
            fields,
        }
    }
}

#[derive(Serialize)]
struct DecisionJson {
    route_id: Option<i64>,
    route_name: Option<String>,
    xml: String,
    decided_at: String,
}

impl From<Decision> for DecisionJson {
    fn from(decision: Decision) -> Self {
        let Decision { route_id, route_name, xml, decided_ms } = decision;
        let (route_name, xml) = (route_name.map(|name| name.to_string()), xml.to_string());
        Self { route_id, route_name, xml, decided_at: rfc3339(decided_ms) }
    }
}

/// The cursor among the parameters.
///
/// # Errors
/// When it is not one of ours.
pub fn cursor(parameters: &super::Parameters) -> Result<Option<Cursor>, FilterError> {
    let wrong = FilterError { field: "cursor", problem: FilterProblem::Cursor };
    parameter(parameters, "cursor").map(|text| Cursor::decode(text).ok_or(wrong)).transpose()
}

/// `GET /api/v1/calls`
pub async fn list(request: HttpRequest, state: Data<State>) -> Result<impl Responder, Error> {
    let parameters = parameters(&request);
    let filter = filter(&parameters, &state)?;
    let (cursor, limit) = (cursor(&parameters)?, limit(&parameters, DEFAULT_LIMIT, MAX_LIMIT)?);
    let page = list_calls(&state.db, &state.query(&filter), cursor, limit).await?;
    let (now_ms, timeout_ms) = (now_ms(), state.hangup_timeout_ms());
    let items = page.calls.into_iter().map(|call| CallJson::new(call, now_ms, timeout_ms)).collect();
    Ok(Json(CallList { items, next_cursor: page.next.map(Cursor::encode) }))
}

/// `GET /api/v1/calls/{call_id}`
pub async fn show(path: Path<String>, state: Data<State>) -> Result<impl Responder, Error> {
    let call_id = CallId::parse(&path).ok_or(Error::NotFound)?;
    let call = find_call(&state.db, &call_id).await?.ok_or(Error::NotFound)?;
    let events = events_of_call(&state.db, &call_id).await?;
    let decision = find_decision(&state.db, &call_id).await?;
    Ok(Json(CallDetail {
        call: CallJson::new(call, now_ms(), state.hangup_timeout_ms()),
        events: events.iter().map(EventJson::new).collect(),
        decision: decision.map(DecisionJson::from),
    }))
}
