use std::collections::BTreeMap;

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, Responder};
use serde::Serialize;

use crate::calls::receipts::{Receipt, Receipts};
use crate::placetel::event::{CallId, Event};
use crate::routing::table::Decision;
use crate::store::calls::{Cursor, StoredCall, find_call, find_decision, list_calls};
use crate::store::events::events_of_call;
use crate::web::accounts::principal::Principal;
use crate::web::clock::{now_ms, rfc3339};
use crate::web::error::Error;
use crate::web::extract::query::{FilterParams, PageParams, cursor, filter, limit, parameters};
use crate::web::state::AppState;
use crate::web::wire::CallJson;

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;

#[derive(Serialize, utoipa::ToSchema)]
struct CallList {
    items: Vec<CallJson>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
}

/// A call with its events and what the PBX was told.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CallDetail {
    #[serde(flatten)]
    call: CallJson,
    /// The first 500; see `surplus_events`.
    events: Vec<EventJson>,
    /// How many more there are, if any: kept in the log, but the call is not made of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    surplus_events: Option<u32>,
    /// `null` if the PBX did not ask.
    decision: Option<DecisionJson>,
}

impl CallDetail {
    /// Builds the JSON of a call with its events and decision, as it stands at `now_ms`.
    pub fn new(call: StoredCall, events: &Receipts, decision: Option<Decision>, now_ms: i64, timeout_ms: i64) -> Self {
        Self {
            surplus_events: Some(call.call.events_beyond(events)).filter(|&count| count > 0),
            call: CallJson::new(call, now_ms, timeout_ms),
            events: all_of(events),
            decision: decision.map(DecisionJson::from),
        }
    }
}

/// Converts all events to JSON, first to last.
pub fn all_of(events: &Receipts) -> Vec<EventJson> {
    events.iter().map(EventJson::new).collect()
}

/// An event as it was sent.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CallEvent)]
pub struct EventJson {
    event: String,
    #[schema(format = DateTime)]
    received_at: String,
    /// How often it was delivered.
    deliveries: u32,
    /// As sent.
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

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Decision)]
struct DecisionJson {
    route_id: Option<i64>,
    route_name: Option<String>,
    /// What the PBX was told.
    xml: String,
    #[schema(format = DateTime)]
    decided_at: String,
    /// By which revision of the routes; see `/api/v1/routes/revisions/{id}`.
    revision: Option<i64>,
    /// How many microseconds it took to decide, without storing it.
    took_us: Option<i64>,
}

impl From<Decision> for DecisionJson {
    fn from(decision: Decision) -> Self {
        let Decision { route_id, route_name, xml, decided_ms, revision, took_us } = decision;
        let (route_name, xml) = (route_name.map(|name| name.to_string()), xml.to_string());
        Self { route_id, route_name, xml, decided_at: rfc3339(decided_ms), revision, took_us }
    }
}

/// Calls, newest first
#[utoipa::path(
    get, path = "/api/v1/calls", tag = "Calls", params(FilterParams, PageParams),
    responses(
        (status = 200, description = "A page of calls", body = CallList),
        (status = 403, description = "Asks for figures by agent, which are switched off (`--agent-figures off`)", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(request: HttpRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let parameters = parameters(&request);
    let filter = filter(&parameters, &state, Principal::lines_of(&request))?;
    let (cursor, limit) = (cursor(&parameters, "cursor")?, limit(&parameters, DEFAULT_LIMIT, MAX_LIMIT)?);
    let page = list_calls(&state.db, &state.query(&filter), cursor, limit).await?;
    let (now_ms, timeout_ms) = (now_ms(), state.hangup_timeout_ms());
    let items = page.calls.into_iter().map(|call| CallJson::new(call, now_ms, timeout_ms)).collect();
    Ok(Json(CallList { items, next_cursor: page.next.map(Cursor::encode) }))
}

/// One call with its events and what the PBX was told
#[utoipa::path(
    get, path = "/api/v1/calls/{call_id}", tag = "Calls", params(("call_id" = String, Path)),
    responses((status = 200, description = "The call", body = CallDetail))
)]
pub async fn show(path: Path<String>, request: HttpRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let call_id = CallId::parse(&path).ok_or(Error::NotFound)?;
    let call = find_call(&state.db, &call_id).await?;
    let call = call.filter(|call| Principal::may_see(&request, &call.call)).ok_or(Error::NotFound)?;
    let events = events_of_call(&state.db, &call_id).await?;
    let decision = find_decision(&state.db, &call_id).await?;
    Ok(Json(CallDetail::new(call, &events, decision, now_ms(), state.hangup_timeout_ms())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::call::Call;
    use crate::calls::phone::Numbering;

    #[test]
    fn texts_stand_in_the_order_of_the_json() {
        let body = "event=HungUp&call_id=c1&direction=in&from=01712345678&to=23&type=accepted&duration=7";
        let receipts: Receipts = [Receipt::new(1_795_334_400_000, body.into()).unwrap()].into_iter().collect();
        let call = Call::fold(&receipts, &Numbering::new("DE").unwrap()).unwrap();
        let json = || CallJson::new(StoredCall { key: 1, in_hours: true, call: call.clone() }, 0, 1);
        let text = serde_json::to_string(&json()).unwrap();
        let places: Vec<_> =
            CallJson::FIELDS.iter().map(|field| text.find(&format!("\"{field}\":")).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        let value = serde_json::to_value(json()).unwrap();
        for (field, text) in CallJson::FIELDS.iter().zip(json().into_texts()) {
            let expected = value[field].as_str().map_or_else(|| value[field].to_string(), str::to_owned);
            assert_eq!(text, if expected == "null" { String::new() } else { expected }, "{field}");
        }
    }
}
