//! One call, folded from the set of its events (commutative and idempotent): order, repetition and batching do not
//! matter.

use super::outcome::Outcome;
use super::phone::Numbering;
use super::receipts::{Receipt, Receipts};
use crate::placetel::event::{CallId, Direction, Event, Kind};

/// A call as its events tell it. Times are milliseconds since 1970 UTC, by receipt: the PBX sends none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The call's id at the PBX.
    pub call_id: CallId,
    /// The direction; `None` when no event tells and it is not internal.
    pub direction: Option<Direction>,
    /// Calling number as received.
    pub from: Option<String>,
    /// Called number as received.
    pub to: Option<String>,
    /// The own line: E.164 if valid, else as received.
    pub number: Option<String>,
    /// The other side: E.164 if valid, else as received; `None` when hidden or unknown.
    pub party: Option<String>,
    /// The SIP user that answered, or, outgoing, that called.
    pub peer: Option<String>,
    /// Whether its IncomingCall was received: without it there is no waiting time.
    pub has_incoming: bool,
    /// The earliest time at which the call is known to have existed.
    pub started_ms: i64,
    /// When it was picked up.
    pub accepted_ms: Option<i64>,
    /// When it was hung up.
    pub ended_ms: Option<i64>,
    /// The outcome that the HungUp told; `None` before it.
    pub ending: Option<Outcome>,
    /// Talk time in seconds; only for calls that ended accepted.
    pub talk_seconds: Option<u32>,
    /// The number of distinct events, including those that are not folded.
    pub event_count: u32,
}

/// Where a call stands at a given moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
pub enum State {
    /// Not picked up yet. An outgoing call rings until it ends: the PBX does not tell.
    Ringing,
    /// Picked up, not hung up.
    Talking,
    /// Over, or without news for so long that it must be.
    Ended,
}

impl State {
    /// Returns the API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::Talking => "talking",
            Self::Ended => "ended",
        }
    }
}

impl Call {
    /// Folds the events of one call; `None` when there are none.
    pub fn fold(receipts: &Receipts, numbering: &Numbering) -> Option<Self> {
        let first = receipts.iter().next()?;
        let hangup = receipts.iter().rfind(|receipt| receipt.event.kind == Kind::HungUp);
        let ending = hangup.map(|receipt| Outcome::from_hangup_type(receipt.event.hangup_type.as_deref()));
        let told = told_direction(receipts.iter());
        let from = first_field(receipts, |event| event.from.as_ref());
        let to = first_field(receipts, |event| event.to.as_ref());
        // Of an internal call, whoever is called counts as the own side, as the PBX tells it.
        let (own, outside) = match told {
            Some(Direction::In | Direction::Internal) => (&to, &from),
            Some(Direction::Out) => (&from, &to),
            None => (&None, &None),
        };
        let is_internal = [&from, &to].iter().all(|side| side.as_deref().is_some_and(|raw| numbering.is_internal(raw)));
        let number = own.as_deref().and_then(|raw| numbering.normalize(raw));
        let party = outside.as_deref().and_then(|raw| numbering.normalize(raw));
        let talk_seconds = hangup.and_then(|receipt| talk_seconds(&receipt.event, ending, told));
        Some(Self {
            call_id: first.event.call_id.clone(),
            direction: if is_internal { Some(Direction::Internal) } else { told },
            number,
            party,
            from,
            to,
            peer: peer(receipts, told),
            has_incoming: receipts.iter().any(|receipt| receipt.event.kind == Kind::IncomingCall),
            started_ms: started_ms(first, hangup),
            accepted_ms: accepted_ms(receipts, hangup, talk_seconds),
            ended_ms: hangup.map(|receipt| receipt.received_ms),
            ending,
            talk_seconds,
            event_count: u32::try_from(receipts.len()).unwrap_or(u32::MAX),
        })
    }

    /// Returns how many events the call has beyond the folded ones given; zero where its events are deleted.
    pub fn events_beyond(&self, folded: &Receipts) -> u32 {
        let count = u32::try_from(folded.len()).unwrap_or(u32::MAX);
        if folded.is_empty() { 0 } else { self.event_count.saturating_sub(count) }
    }

    /// Returns state and outcome at `now_ms`; a call without HungUp counts as over after `timeout_ms`.
    pub fn standing(&self, now_ms: i64, timeout_ms: i64) -> (State, Outcome) {
        let timed_out = self.started_ms <= now_ms.saturating_sub(timeout_ms);
        match self.ending {
            Some(outcome) => (State::Ended, outcome),
            None if timed_out && self.accepted_ms.is_some() => (State::Ended, Outcome::Accepted),
            None if timed_out => (State::Ended, Outcome::Unknown),
            None if self.accepted_ms.is_some() && self.direction != Some(Direction::Out) => {
                (State::Talking, Outcome::Open)
            }
            None => (State::Ringing, Outcome::Open),
        }
    }

    /// Returns how many seconds an inbound caller waited until somebody picked up; `None` when that is not known.
    pub fn wait_seconds(&self) -> Option<u32> {
        match self.ending {
            Some(Outcome::Accepted) | None => self.rang_until(self.accepted_ms),
            Some(_) => None,
        }
    }

    /// Returns how many seconds an inbound caller waited before giving up; `None` when not missed or not known.
    pub fn abandoned_wait_seconds(&self) -> Option<u32> {
        match self.ending {
            Some(Outcome::Missed) => self.rang_until(self.ended_ms),
            _ => None,
        }
    }

    fn rang_until(&self, end_ms: Option<i64>) -> Option<u32> {
        let inbound = self.direction == Some(Direction::In) && self.has_incoming;
        let seconds = (end_ms? - self.started_ms) / 1000;
        inbound.then(|| u32::try_from(seconds).ok()).flatten()
    }
}

fn first_field<'a>(receipts: &'a Receipts, field: impl Fn(&'a Event) -> Option<&'a String>) -> Option<String> {
    receipts.iter().find_map(|receipt| field(&receipt.event)).cloned()
}

/// Derives the direction that the PBX tells: the field if sent (since 2019-07), else the event's name, else the hangup
/// types that only outgoing calls have. CallAccepted counts as inbound: outgoing calls never send it.
pub(super) fn told_direction<'a>(receipts: impl Iterator<Item = &'a Receipt> + Clone) -> Option<Direction> {
    let by_name = |receipt: &Receipt| match receipt.event.kind {
        Kind::IncomingCall | Kind::CallAccepted => Some(Direction::In),
        Kind::OutgoingCall => Some(Direction::Out),
        Kind::Other | Kind::HungUp => None,
    };
    let hangup = || receipts.clone().filter(|receipt| receipt.event.kind == Kind::HungUp).last();
    let is_outbound =
        |hangup: &Receipt| Outcome::from_hangup_type(hangup.event.hangup_type.as_deref()).is_outbound_only();
    let mut by_field = receipts.clone().filter_map(|receipt| receipt.event.direction);
    by_field
        .next()
        .or_else(|| receipts.clone().find_map(by_name))
        .or_else(|| hangup().is_some_and(is_outbound).then_some(Direction::Out))
}

fn peer(receipts: &Receipts, direction: Option<Direction>) -> Option<String> {
    let of = |kind: Kind| {
        receipts.iter().filter(move |receipt| receipt.event.kind == kind).find_map(|receipt| receipt.event.peer.clone())
    };
    match direction {
        Some(Direction::Out) => of(Kind::OutgoingCall).or_else(|| of(Kind::CallAccepted)),
        _ => of(Kind::CallAccepted),
    }
}

/// Returns the talk time. `accepted` with no seconds, seen on an outgoing call of five minutes, is unknown, not zero.
fn talk_seconds(hangup: &Event, ending: Option<Outcome>, direction: Option<Direction>) -> Option<u32> {
    let seconds = hangup.duration_seconds.filter(|_| ending == Some(Outcome::Accepted))?;
    (seconds > 0 || direction != Some(Direction::Out)).then_some(seconds)
}

/// Returns the start: no later than hangup minus duration, so that a call keeps its length if first events are lost.
fn started_ms(first: &Receipt, hangup: Option<&Receipt>) -> i64 {
    let before_talk = hangup.map(|receipt| minus_seconds(receipt.received_ms, receipt.event.duration_seconds));
    first.received_ms.min(before_talk.unwrap_or(i64::MAX))
}

fn accepted_ms(receipts: &Receipts, hangup: Option<&Receipt>, talk_seconds: Option<u32>) -> Option<i64> {
    let told = receipts.iter().find(|receipt| receipt.event.kind == Kind::CallAccepted);
    match told {
        Some(receipt) => Some(receipt.received_ms),
        None => talk_seconds.and(hangup).map(|receipt| minus_seconds(receipt.received_ms, talk_seconds)),
    }
}

fn minus_seconds(at_ms: i64, seconds: Option<u32>) -> i64 {
    at_ms.saturating_sub(i64::from(seconds.unwrap_or(0)) * 1000)
}

#[cfg(test)]
mod tests;
