//! Conversion of database rows to domain types and back.

use crate::calls::call::Call;
use crate::calls::outcome::Outcome;
use crate::placetel::event::{CallId, Direction};
use crate::routing::table::Decision;

use serde::{Deserialize, Deserializer};

use crate::store::db::error::StoreError;
use crate::store::db::from_row::from_row;

/// The key that an event is stored under: call and digest.
pub(in crate::store) type EventKey = (i64, Vec<u8>);

const TAG_HEX: u8 = 1;
const TAG_TEXT: u8 = 2;

/// Encodes a call id as it is stored: 64 lower-case hex digits as 32 bytes, anything else as it is, tagged.
pub(in crate::store) fn pack_call_id(id: &CallId) -> Vec<u8> {
    let text = id.as_str().as_bytes();
    let mut packed = vec![TAG_HEX; 33];
    let is_hex = text.len() == 64
        && packed[1..].iter_mut().zip(text.as_chunks().0).all(|(byte, [high, low])| {
            let (high, low) = (LOWER_HEX[usize::from(*high)], LOWER_HEX[usize::from(*low)]);
            *byte = high << 4 | low & 15;
            high | low != NO_DIGIT
        });
    if is_hex { packed } else { [&[TAG_TEXT], text].concat() }
}

/// The table's value for what is no lower-case hex digit; all bits are set, so that it shows in the bitwise or of two
/// values.
const NO_DIGIT: u8 = 0xff;
/// The lookup table of hex digits' values. Every id of every batch is decoded with it several times.
const LOWER_HEX: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let digits = b"0123456789abcdef";
    let mut value = 0;
    while value < digits.len() {
        values[digits[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Decodes what [`pack_call_id`] encoded.
pub(in crate::store) fn unpack_call_id(packed: &[u8]) -> Result<CallId, StoreError> {
    let text = match packed.split_first() {
        Some((&TAG_HEX, bytes)) => hex::encode(bytes),
        Some((&TAG_TEXT, bytes)) => String::from_utf8_lossy(bytes).into_owned(),
        _ => String::new(),
    };
    CallId::parse(&text).ok_or_else(|| StoreError::Damaged("a call id".into()))
}

pub(in crate::store) fn pack_direction(direction: Option<Direction>) -> Option<i16> {
    direction.map(|direction| match direction {
        Direction::In => 1,
        Direction::Out => 2,
        Direction::Internal => 3,
    })
}

pub(in crate::store) fn unpack_direction(code: Option<i16>) -> Option<Direction> {
    match code {
        Some(1) => Some(Direction::In),
        Some(2) => Some(Direction::Out),
        Some(3) => Some(Direction::Internal),
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
pub(in crate::store) use call_columns;

#[derive(Deserialize)]
pub(in crate::store) struct CallRow {
    pub(in crate::store) id: i64,
    #[serde(with = "hex::serde")]
    call_id: Vec<u8>,
    direction: Option<i16>,
    from_number: Option<String>,
    to_number: Option<String>,
    number: Option<String>,
    party: Option<String>,
    peer: Option<String>,
    #[serde(deserialize_with = "number_as_bool")]
    has_incoming: bool,
    #[serde(deserialize_with = "number_as_bool")]
    in_hours: bool,
    started_ms: i64,
    accepted_ms: Option<i64>,
    ended_ms: Option<i64>,
    ending: Option<i16>,
    talk_seconds: Option<i32>,
    event_count: i32,
}

from_row!(CallRow: id, call_id, direction, from_number, to_number, number, party, peer, has_incoming, in_hours,
    started_ms, accepted_ms, ended_ms, ending, talk_seconds, event_count);

/// A call with what the store keeps beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredCall {
    /// The integer key that events refer to.
    pub key: i64,
    /// Whether it started within the business hours.
    pub in_hours: bool,
    /// The call.
    pub call: Call,
}

impl StoredCall {
    /// Returns whether both are alike except for what changes as a call goes on: who answered, when, and the end.
    pub(in crate::store) fn began_like(&self, other: &Self) -> bool {
        fn beginning(StoredCall { in_hours, call, .. }: &StoredCall) -> impl PartialEq {
            let sides = (&call.from, &call.to, &call.number, &call.party);
            (*in_hours, call.direction, sides, call.has_incoming, call.started_ms)
        }
        beginning(self) == beginning(other)
    }
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

/// The columns that [`LoggedRow`] reads.
macro_rules! logged_columns {
    () => {
        concat!($crate::store::calls::rows::call_columns!(), ", received_ms, deliveries, coalesce(body, '') as body")
    };
}
pub(in crate::store) use logged_columns;

/// The [`logged_columns`] of all rows, aggregated by SQLite to one JSON text, and to one blob of the bodies.
macro_rules! logged_columns_in_json {
    () => {
        "json_group_array(json_array(json_array(calls.id, hex(call_id), direction, from_number, to_number, number, \
         party, peer, has_incoming, in_hours, started_ms, accepted_ms, ended_ms, ending, talk_seconds, event_count), \
         received_ms, deliveries, coalesce(length(body), 0))), cast(group_concat(body, '') as blob)"
    };
}
pub(in crate::store) use logged_columns_in_json;

/// A call joined with one of its events; of a call whose events are gone, the call alone.
#[derive(Deserialize)]
pub(in crate::store) struct LoggedRow {
    pub(in crate::store) call: CallRow,
    pub(in crate::store) received_ms: Option<i64>,
    pub(in crate::store) deliveries: Option<i32>,
    #[serde(deserialize_with = "room_of")]
    pub(in crate::store) body: Vec<u8>,
}

from_row!(LoggedRow: received_ms, deliveries, body, ..call);

/// A row with a column of bytes, of which JSON holds only the length.
pub(in crate::store) trait Bytes {
    /// Returns the bytes, or the buffer for them.
    fn bytes(&mut self) -> &mut [u8];
}

impl Bytes for LoggedRow {
    fn bytes(&mut self) -> &mut [u8] {
        &mut self.body
    }
}

impl Bytes for CellRow {
    fn bytes(&mut self) -> &mut [u8] {
        &mut self.figures
    }
}

/// Deserializes SQLite's `length` of a column to a zeroed buffer of that many bytes.
fn room_of<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    usize::deserialize(deserializer).map(|length| vec![0; length])
}

/// Deserializes a boolean, which SQLite stores as a number.
fn number_as_bool<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    u8::deserialize(deserializer).map(|number| number != 0)
}

/// A cell of the statistics, with its key.
#[derive(Deserialize)]
pub(in crate::store) struct CellRow {
    pub(in crate::store) tier: i16,
    pub(in crate::store) bucket: i64,
    pub(in crate::store) subject: String,
    #[serde(deserialize_with = "room_of")]
    pub(in crate::store) figures: Vec<u8>,
}

from_row!(CellRow: tier, bucket, subject, figures);

pub(in crate::store) struct DecisionRow {
    call_key: i64,
    route_id: Option<i64>,
    route_name: Option<String>,
    xml: String,
    decided_ms: i64,
    revision: Option<i64>,
    took_us: Option<i64>,
}

from_row!(DecisionRow: call_key, route_id, route_name, xml, decided_ms, revision, took_us);

impl DecisionRow {
    /// Returns the call's key and its decision.
    pub(in crate::store) fn into_pair(self) -> (i64, Decision) {
        let Self { call_key, route_id, route_name, xml, decided_ms, revision, took_us } = self;
        let (route_name, xml) = (route_name.map(Into::into), xml.into());
        (call_key, Decision { route_id, route_name, xml, decided_ms, revision, took_us })
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
