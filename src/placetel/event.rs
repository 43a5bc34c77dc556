//! Parses one notification of the PBX from its `application/x-www-form-urlencoded` body.
//!
//! Parsing is lenient: an event is refused only when its name or its call cannot be told, because the PBX never sends a
//! notification twice. Everything else is kept as sent and judged later.

use std::fmt;
use std::sync::Arc;

/// Maximum size of a body, in bytes; a larger one is refused.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// Maximum number of fields of a body; one with more is refused.
pub const MAX_FIELDS: usize = 100;
/// Maximum talk time, in seconds; a longer one is kept as sent but read as unknown.
pub const MAX_DURATION_SECONDS: u32 = 24 * 60 * 60;

const MAX_NAME_CHARS: usize = 128;

/// The PBX's id of a call: 1 to 128 of `A-Z a-z 0-9 . _ : -`, in practice a SHA-256 in hex.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallId(Arc<str>);

impl CallId {
    /// Parses a call id; `None` when `raw` is empty, too long or has a character that no call id has.
    pub fn parse(raw: &str) -> Option<Self> {
        let usable =
            (1..=128).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:-".contains(&b));
        usable.then(|| Self(raw.into()))
    }

    /// Returns the id as the PBX sent it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The kind of a notification. The order of the variants is the order within one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Somebody calls in; the answer decides what they hear.
    IncomingCall,
    /// Somebody of the company calls out (newer PBX versions).
    OutgoingCall,
    /// An inbound call was picked up. Outgoing calls never send this (seen in the field).
    CallAccepted,
    /// An unknown event name: stored, answered and counted like any other.
    Other,
    /// The call is over; carries type and duration.
    HungUp,
}

impl Kind {
    /// Every kind, in order.
    pub const ALL: [Self; 5] = [Self::IncomingCall, Self::OutgoingCall, Self::CallAccepted, Self::Other, Self::HungUp];

    fn from_name(name: &str) -> Self {
        match name {
            "IncomingCall" => Self::IncomingCall,
            "OutgoingCall" => Self::OutgoingCall,
            "CallAccepted" => Self::CallAccepted,
            "HungUp" => Self::HungUp,
            _ => Self::Other,
        }
    }

    /// Returns the rank among events of the same instant: the calls first, the hangup last.
    pub fn rank(self) -> u8 {
        match self {
            Self::IncomingCall | Self::OutgoingCall => 0,
            Self::CallAccepted => 1,
            Self::Other => 2,
            Self::HungUp => 3,
        }
    }
}

/// Which way a call goes, seen from the company.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum Direction {
    /// From outside to one of the own lines.
    In,
    /// From an own line to somebody outside.
    Out,
    /// Between colleagues: both sides are SIP users or extensions. The PBX tells these as inbound or outbound.
    Internal,
}

impl Direction {
    /// Parses the PBX's word, `in` or `out`; anything else is no direction.
    fn parse(word: &str) -> Option<Self> {
        match word {
            "in" => Some(Self::In),
            "out" => Some(Self::Out),
            _ => None,
        }
    }

    /// Returns the word of the API and, but for internal calls, of the PBX.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::In => "in",
            Self::Out => "out",
            Self::Internal => "internal",
        }
    }
}

/// One notification. Empty fields count as absent; if a field occurs twice, the first counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What happened.
    pub kind: Kind,
    /// The call it belongs to.
    pub call_id: CallId,
    /// Calling number as sent, `anonymous`, or a SIP id.
    pub from: Option<String>,
    /// Called number as sent, an extension, or a SIP id.
    pub to: Option<String>,
    /// The direction as sent; missing before 2019-07.
    pub direction: Option<Direction>,
    /// The SIP user that answered (CallAccepted) or calls (OutgoingCall).
    pub peer: Option<String>,
    /// HungUp's `type` as sent.
    pub hangup_type: Option<String>,
    /// HungUp's talk time in seconds; `None` when missing, no whole number, or absurd.
    pub duration_seconds: Option<u32>,
}

/// Why a body is not a valid event. Everything else is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// The body is larger than [`MAX_BODY_BYTES`] or has more fields than [`MAX_FIELDS`].
    #[error("the body is too large: at most 64 KiB and 100 fields")]
    TooLarge,
    /// The `event` field is missing or empty.
    #[error("the field `event` is missing")]
    EventMissing,
    /// The `event` field is too long or contains control characters.
    #[error("the field `event` is unusable: at most 128 characters, no control characters")]
    EventUnusable,
    /// The `call_id` field is missing or empty.
    #[error("the field `call_id` is missing")]
    CallIdMissing,
    /// The `call_id` field is too long or contains characters that no call id has.
    #[error("the field `call_id` is unusable: 1 to 128 of A-Z a-z 0-9 . _ : -")]
    CallIdUnusable,
}

impl EventError {
    /// Returns the form field at fault, if there is one.
    pub fn field(self) -> Option<&'static str> {
        match self {
            Self::TooLarge => None,
            Self::EventMissing | Self::EventUnusable => Some("event"),
            Self::CallIdMissing | Self::CallIdUnusable => Some("call_id"),
        }
    }
}

impl Event {
    /// Parses a form body as the PBX sends it.
    ///
    /// # Errors
    /// Only when the body is too large or `event` or `call_id` is missing or unusable.
    pub fn parse(body: &[u8]) -> Result<Self, EventError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(EventError::TooLarge);
        }
        let mut form = Form::default();
        for (count, (name, value)) in form_urlencoded::parse(body).enumerate() {
            if count == MAX_FIELDS {
                return Err(EventError::TooLarge);
            }
            if let Some(slot) = form.slot(&name)
                && slot.is_none()
            {
                *slot = Some(value.into_owned());
            }
        }
        form.into_event()
    }

    /// Returns every field of a body in the order sent, doubled ones included, as the call's page shows them.
    pub fn fields(body: &[u8]) -> Vec<(String, String)> {
        form_urlencoded::parse(body).into_owned().collect()
    }
}

#[derive(Default)]
struct Form {
    event: Option<String>,
    call_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    direction: Option<String>,
    peer: Option<String>,
    hangup_type: Option<String>,
    duration: Option<String>,
}

impl Form {
    fn slot(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "event" => &mut self.event,
            "call_id" => &mut self.call_id,
            "from" => &mut self.from,
            "to" => &mut self.to,
            "direction" => &mut self.direction,
            "peer" => &mut self.peer,
            "type" => &mut self.hangup_type,
            "duration" => &mut self.duration,
            _ => return None,
        })
    }

    fn into_event(self) -> Result<Event, EventError> {
        let name = present(self.event).ok_or(EventError::EventMissing)?;
        if name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
            return Err(EventError::EventUnusable);
        }
        let call_id = present(self.call_id).ok_or(EventError::CallIdMissing)?;
        Ok(Event {
            kind: Kind::from_name(&name),
            call_id: CallId::parse(&call_id).ok_or(EventError::CallIdUnusable)?,
            from: present(self.from).map(number_as_sent),
            to: present(self.to).map(number_as_sent),
            direction: self.direction.as_deref().and_then(Direction::parse),
            peer: present(self.peer).map(printable),
            hangup_type: present(self.hangup_type),
            duration_seconds: self.duration.as_deref().and_then(parse_duration),
        })
    }
}

fn present(field: Option<String>) -> Option<String> {
    field.filter(|value| !value.is_empty())
}

/// Restores a leading plus sign: a raw `+` decodes to a space, so `from=+49221…` arrives with one.
fn number_as_sent(raw: String) -> String {
    match raw.strip_prefix(' ') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => printable(format!("+{rest}")),
        _ => printable(raw),
    }
}

/// Replaces control characters: PostgreSQL rejects NUL in a text, and no page or log wants the others.
fn printable(raw: String) -> String {
    if raw.chars().any(char::is_control) { raw.replace(char::is_control, "\u{fffd}") } else { raw }
}

fn parse_duration(raw: &str) -> Option<u32> {
    let digits = raw.bytes().all(|b| b.is_ascii_digit());
    let seconds = if digits { raw.parse().ok()? } else { return None };
    (seconds <= MAX_DURATION_SECONDS).then_some(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "4a4cbb39578170aed9a2761a7bec8c7e704a541f52291ef603d6f5f152980c3c";

    fn parse(body: &str) -> Result<Event, EventError> {
        Event::parse(body.as_bytes())
    }

    #[test]
    fn the_vendors_example_is_read() {
        let event = parse(&format!("call_id={ID}&event=CallAccepted&from=0123456789&to=0987654321")).unwrap();
        assert_eq!(event.kind, Kind::CallAccepted);
        assert_eq!(event.call_id.as_str(), ID);
        assert_eq!(event.from.as_deref(), Some("0123456789"));
        assert_eq!(event.to.as_deref(), Some("0987654321"));
        assert_eq!((event.direction, event.peer, event.duration_seconds), (None, None, None));
    }

    #[test]
    fn a_hangup_without_numbers_and_with_a_short_id_is_read() {
        let event = parse("event=HungUp&call_id=1234567890-1&type=missed&duration=0&user=voicemail").unwrap();
        assert_eq!(event.kind, Kind::HungUp);
        assert_eq!((event.from, event.to), (None, None));
        assert_eq!((event.hangup_type.as_deref(), event.duration_seconds), (Some("missed"), Some(0)));
    }

    #[test]
    fn a_plus_that_became_a_space_is_a_plus_again() {
        let event = parse("event=IncomingCall&call_id=a&from=+4922129191999&to=%2B4922198765432").unwrap();
        assert_eq!(event.from.as_deref(), Some("+4922129191999"));
        assert_eq!(event.to.as_deref(), Some("+4922198765432"));
    }

    #[test]
    fn an_unknown_event_is_an_event() {
        assert_eq!(parse("event=CallParked&call_id=a").unwrap().kind, Kind::Other);
    }

    #[test]
    fn the_first_of_a_doubled_field_counts() {
        let event = parse("event=HungUp&call_id=a&type=missed&type=accepted").unwrap();
        assert_eq!(event.hangup_type.as_deref(), Some("missed"));
    }

    #[test]
    fn durations_that_are_none_are_unknown() {
        for raw in ["-5", "1.5", "abc", "", "86401", "99999999999999999999", "+3", "0x10"] {
            let event = parse(&format!("event=HungUp&call_id=a&duration={raw}")).unwrap();
            assert_eq!(event.duration_seconds, None, "{raw}");
        }
    }

    #[test]
    fn only_a_body_without_name_or_call_is_refused() {
        let long_id = format!("event=HungUp&call_id={}", "x".repeat(129));
        let long_name = format!("event={}&call_id=a", "x".repeat(129));
        for (body, error) in [
            ("", EventError::EventMissing),
            ("event=&call_id=a", EventError::EventMissing),
            ("{\"event\":\"HungUp\"}", EventError::EventMissing),
            ("event=Hung%0AUp&call_id=a", EventError::EventUnusable),
            (&long_name, EventError::EventUnusable),
            ("event=HungUp", EventError::CallIdMissing),
            ("event=HungUp&call_id=", EventError::CallIdMissing),
            ("event=HungUp&call_id=a/b", EventError::CallIdUnusable),
            ("event=HungUp&call_id=%C3%A4", EventError::CallIdUnusable),
            (&long_id, EventError::CallIdUnusable),
        ] {
            assert_eq!(parse(body), Err(error), "{body}");
        }
    }

    #[test]
    fn too_many_fields_or_bytes_are_refused() {
        let with_fields = |extra: usize| format!("event=HungUp&call_id=a{}", "&x=1".repeat(extra));
        assert!(parse(&with_fields(MAX_FIELDS - 2)).is_ok());
        assert_eq!(parse(&with_fields(MAX_FIELDS - 1)), Err(EventError::TooLarge));
        assert_eq!(Event::parse(&vec![b'a'; MAX_BODY_BYTES + 1]), Err(EventError::TooLarge));
    }

    #[test]
    fn control_characters_do_not_get_in() {
        let event = parse("event=IncomingCall&call_id=a&from=01%002&peer=a%0Ab").unwrap();
        assert_eq!(event.from.as_deref(), Some("01\u{fffd}2"));
        assert_eq!(event.peer.as_deref(), Some("a\u{fffd}b"));
    }
}
