//! The wire types that API, CSV file and live stream share.

use serde::Serialize;

use super::clock::rfc3339;
use crate::placetel::event::Direction;
use crate::store::calls::StoredCall;

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
