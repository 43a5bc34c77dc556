//! The JSON of calls, which API, CSV file, live stream and `export` share.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::calls::receipts::{Receipt, Receipts};
use crate::clock::rfc3339;
use crate::placetel::event::{Direction, Event};
use crate::routing::table::Decision;
use crate::store::calls::find::StoredCall;

/// CALL: a call as clients see it. Instants are RFC 3339 UTC, durations whole seconds.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Call)]
pub struct CallJson {
    /// The PBX's name for it.
    call_id: String,
    /// `null` when no event tells.
    #[schema(value_type = Option<Direction>)]
    direction: Option<&'static str>,
    /// Calling number as received.
    from: Option<String>,
    /// Called number as received.
    to: Option<String>,
    /// The own line: E.164 if valid, else as received.
    number: Option<String>,
    /// The other side: E.164 if valid, else as received; `null` for anonymous.
    party: Option<String>,
    /// The SIP user that answered or, outgoing, that called.
    peer: Option<String>,
    /// An outgoing call is `ringing` until it ends: the PBX does not tell.
    #[schema(value_type = crate::calls::call::State)]
    state: &'static str,
    #[schema(value_type = crate::calls::outcome::Outcome)]
    outcome: &'static str,
    #[schema(format = DateTime)]
    started_at: String,
    #[schema(format = DateTime)]
    accepted_at: Option<String>,
    #[schema(format = DateTime)]
    ended_at: Option<String>,
    /// How long an inbound caller waited until somebody accepted.
    wait_seconds: Option<u32>,
    /// Only of accepted calls.
    talk_seconds: Option<u32>,
    /// How many distinct events it has.
    event_count: u32,
}

impl CallJson {
    /// The names of the JSON fields, in order.
    pub const FIELDS: [&str; 15] = [
        "call_id",
        "direction",
        "from",
        "to",
        "number",
        "party",
        "peer",
        "state",
        "outcome",
        "started_at",
        "accepted_at",
        "ended_at",
        "wait_seconds",
        "talk_seconds",
        "event_count",
    ];

    /// Returns the field values as texts, in the order of [`CallJson::FIELDS`]; what is not known is empty.
    pub fn into_texts(self) -> [String; Self::FIELDS.len()] {
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        [
            self.call_id,
            self.direction.unwrap_or_default().to_owned(),
            self.from.unwrap_or_default(),
            self.to.unwrap_or_default(),
            self.number.unwrap_or_default(),
            self.party.unwrap_or_default(),
            self.peer.unwrap_or_default(),
            self.state.to_owned(),
            self.outcome.to_owned(),
            self.started_at,
            self.accepted_at.unwrap_or_default(),
            self.ended_at.unwrap_or_default(),
            number(self.wait_seconds),
            number(self.talk_seconds),
            self.event_count.to_string(),
        ]
    }

    /// Builds the JSON of a call as it stands at `now_ms`.
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
