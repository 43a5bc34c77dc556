//! Rows to domain types and back.

use crate::calls::call::Call;
use crate::calls::outcome::Outcome;
use crate::placetel::event::{CallId, Direction};
use crate::routing::table::Decision;

use super::StoreError;

const TAG_HEX: u8 = 1;
const TAG_TEXT: u8 = 2;

/// How a call id is stored: 64 lower-case hex digits as 32 bytes, anything else as it is, tagged.
pub(super) fn pack_call_id(id: &CallId) -> Vec<u8> {
    let text = id.as_str();
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let hex = text.len() == 64 && text.bytes().all(|byte| digit(byte).is_some());
    if !hex {
        return [&[TAG_TEXT], text.as_bytes()].concat();
    }
    let nibbles: Vec<u8> = text.bytes().filter_map(digit).collect();
    std::iter::once(TAG_HEX).chain(nibbles.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1])).collect()
}

/// Reads what [`pack_call_id`] wrote.
pub(super) fn unpack_call_id(packed: &[u8]) -> Result<CallId, StoreError> {
    let text = match packed.split_first() {
        Some((&TAG_HEX, bytes)) => bytes.iter().flat_map(|byte| [hex_digit(byte >> 4), hex_digit(byte & 15)]).collect(),
        Some((&TAG_TEXT, bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    CallId::parse(&text).ok_or_else(|| StoreError::Damaged("a call id".into()))
}

fn hex_digit(nibble: u8) -> char {
    char::from_digit(nibble.into(), 16).unwrap_or_default()
}

pub(super) fn pack_direction(direction: Option<Direction>) -> Option<i16> {
    direction.map(|direction| match direction {
        Direction::In => 1,
        Direction::Out => 2,
    })
}

pub(super) fn unpack_direction(code: Option<i16>) -> Option<Direction> {
    match code {
        Some(1) => Some(Direction::In),
        Some(2) => Some(Direction::Out),
        _ => None,
    }
}

pub(super) fn unpack_outcome(code: Option<i16>) -> Option<Outcome> {
    code.and_then(|code| u8::try_from(code).ok()).and_then(Outcome::from_code)
}

/// The columns of `calls` that [`CallRow`] reads.
macro_rules! call_columns {
    () => {
        "calls.id, call_id, direction, from_number, to_number, number, party, peer, has_incoming, in_hours, \
         started_ms, accepted_ms, ended_ms, ending, talk_seconds, event_count"
    };
}
pub(super) use call_columns;

#[derive(sqlx::FromRow)]
pub(super) struct CallRow {
    id: i64,
    call_id: Vec<u8>,
    direction: Option<i16>,
    from_number: Option<String>,
    to_number: Option<String>,
    number: Option<String>,
    party: Option<String>,
    peer: Option<String>,
    has_incoming: bool,
    in_hours: bool,
    started_ms: i64,
    accepted_ms: Option<i64>,
    ended_ms: Option<i64>,
    ending: Option<i16>,
    talk_seconds: Option<i32>,
    event_count: i32,
}

/// A call with what the store keeps beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCall {
    /// The integer that events refer to.
    pub key: i64,
    /// Whether it started within the business hours.
    pub in_hours: bool,
    /// The call.
    pub call: Call,
}

impl TryFrom<CallRow> for StoredCall {
    type Error = StoreError;

    fn try_from(row: CallRow) -> Result<Self, StoreError> {
        Ok(Self {
            key: row.id,
            in_hours: row.in_hours,
            call: Call {
                call_id: unpack_call_id(&row.call_id)?,
                direction: unpack_direction(row.direction),
                from: row.from_number,
                to: row.to_number,
                number: row.number,
                party: row.party,
                peer: row.peer,
                has_incoming: row.has_incoming,
                started_ms: row.started_ms,
                accepted_ms: row.accepted_ms,
                ended_ms: row.ended_ms,
                ending: unpack_outcome(row.ending),
                talk_seconds: row.talk_seconds.and_then(|seconds| u32::try_from(seconds).ok()),
                event_count: u32::try_from(row.event_count).unwrap_or_default(),
            },
        })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct DecisionRow {
    call_key: i64,
    route_id: Option<i64>,
    route_name: Option<String>,
    xml: String,
    decided_ms: i64,
}

impl DecisionRow {
    /// The call's key and its decision.
    pub(super) fn into_pair(self) -> (i64, Decision) {
        let Self { call_key, route_id, route_name, xml, decided_ms } = self;
        (call_key, Decision { route_id, route_name: route_name.map(Into::into), xml: xml.into(), decided_ms })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn call_ids_of_any_kind_lead_back_and_never_collide() {
        let hex = "4a4cbb39578170aed9a2761a7bec8c7e704a541f52291ef603d6f5f152980c3c";
        let ids = [hex.to_owned(), hex.to_uppercase(), "1234567890-1".into(), "x".repeat(31), "x".repeat(32)];
        let packed: Vec<_> = ids.iter().map(|id| pack_call_id(&CallId::parse(id).unwrap())).collect();
        for (id, packed) in ids.iter().zip(&packed) {
            assert_eq!(unpack_call_id(packed).unwrap().as_str(), id);
        }
        assert_eq!(packed[0].len(), 33);
        assert_eq!(packed.iter().collect::<std::collections::HashSet<_>>().len(), ids.len());
    }
}
