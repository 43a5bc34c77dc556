//! Pseudonymisation of the outside party of a call in its events. They fold to the same call but for the party: the log
//! remains the source of truth, and nothing in it leads back to a number.
//!
//! The body of a forgotten event holds only fields known to be harmless, and a mark with its position among the events
//! of its call. The mark keeps the order of events received at the same time, and keeps apart events that differed in
//! the party alone.

use std::collections::BTreeSet;

use form_urlencoded::Serializer;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::call::{self, Call};
use super::outcome::Outcome;
use super::phone::{Numbering, is_anonymous};
use super::receipts::{Receipt, Receipts};
use crate::placetel::event::{CallId, Direction, Event, EventError, Kind};

/// The retention settings: how long data is kept. `None`: for ever.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// The number of days until outside numbers are pseudonymised.
    pub numbers_days: Option<u32>,
    /// The number of days until events are deleted from the log; not before the numbers.
    pub events_days: Option<u32>,
}

/// The field that only forgotten events have: the mark.
pub const MARK: &str = "forgotten";
/// The fields whose content is known.
const KNOWN: [&str; 8] = ["call_id", "direction", "duration", "event", "from", "peer", "to", "type"];
/// The prefix of a pseudonym of what was no valid number.
const OTHER: &str = "forgotten-";
/// The prefix of a pseudonym of a valid number.
const NUMBER: &str = "forgotten-number-";
/// The ending of a pseudonym of a SIP user or an extension, which makes it look like one: an internal call remains one.
const INTERNAL: &str = "@internal";
/// The number of half-bytes of the MAC that make a pseudonym, one letter each.
const LETTERS: usize = 20;
/// Minimum number of digits that are searched for in other texts: a shorter number occurs there by chance.
const MIN_DIGITS: usize = 6;
/// Maximum length of a value, in bytes: no meaningful value is longer, and a rewritten event must not be too long.
const LONGEST_VALUE: usize = 500;

/// The secret HMAC key of pseudonyms. Whoever has it can try all numbers there are, so it is destroyed as soon as
/// nobody who is still to be forgotten has to be recognised.
pub type Key = [u8; 64];

/// Returns the pseudonym of `party`, a keyed hash (HMAC-SHA256): the same under the same key, another one under any
/// other key; without the key nothing leads from it to the party.
pub fn pseudonym(key: &Key, party: &str, numbering: &Numbering) -> String {
    let mut mac = Hmac::<Sha256>::new(key.into());
    mac.update(party.as_bytes());
    let bytes = mac.finalize().into_bytes();
    // Letters only, so that a search for a number never finds a pseudonym.
    let letters = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'a' + half));
    let kind = if numbering.e164(party).as_deref() == Some(party) { NUMBER } else { OTHER };
    let ending = if numbering.is_internal(party) { INTERNAL } else { "" };
    kind.chars().chain(letters.take(LETTERS)).chain(ending.chars()).collect()
}

/// Returns whether this is a pseudonym of somebody forgotten.
pub fn is_pseudonym(party: &str) -> bool {
    party.starts_with(OTHER)
}

/// Returns whether this is a pseudonym of somebody who had a valid number.
pub fn was_number(party: &str) -> bool {
    party.starts_with(NUMBER)
}

/// Returns whether an event was rewritten with harmless fields only, or looks so.
pub fn is_marked(body: &[u8]) -> bool {
    body.strip_prefix(MARK.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

/// An outside person whose traces are searched for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The values that calls may have as party: the number in E.164 (an invalid one as it is), and its pseudonyms.
    pub parties: BTreeSet<String>,
    /// The digits that every notation of the number contains; `None` if it is no valid number or too short.
    pub digits: Option<String>,
    calling_code: String,
}

impl Person {
    /// Creates the person with this number, known as `parties`.
    pub fn new(number: &str, parties: BTreeSet<String>, numbering: &Numbering) -> Self {
        let digits = numbering.e164(number).map(|number| {
            let digits = number.trim_start_matches('+');
            digits.strip_prefix(numbering.calling_code()).unwrap_or(digits).to_owned()
        });
        let digits = digits.filter(|digits| digits.len() >= MIN_DIGITS);
        Self { parties, digits, calling_code: numbering.calling_code().to_owned() }
    }

    /// Returns whether a call is one with this person, or mentions them.
    pub fn is_in_call(&self, call: &Call, receipts: &Receipts, numbering: &Numbering) -> bool {
        self.is_party_of(call, receipts, numbering) || self.is_told_of(receipts, numbering)
    }

    /// Returns whether the events of a call in this direction are of a call with this person, or mention them.
    pub fn is_in(&self, receipts: &Receipts, direction: Option<Direction>, numbering: &Numbering) -> bool {
        self.is_outside(receipts, direction, numbering) || self.is_told_of(receipts, numbering)
    }

    /// Returns whether a call is one with this person.
    pub fn is_party_of(&self, call: &Call, receipts: &Receipts, numbering: &Numbering) -> bool {
        call.party.as_deref().is_some_and(|party| self.is_it(party, numbering))
            || self.is_outside(receipts, call.direction, numbering)
    }

    fn is_outside(&self, receipts: &Receipts, direction: Option<Direction>, numbering: &Numbering) -> bool {
        outsiders(receipts, direction).any(|raw| self.is_it(raw, numbering))
    }

    fn is_it(&self, raw: &str, numbering: &Numbering) -> bool {
        numbering.normalize(raw).is_some_and(|party| self.parties.contains(&party))
    }

    /// Returns whether events mention the person in a field of unknown meaning.
    pub fn is_told_of(&self, receipts: &Receipts, numbering: &Numbering) -> bool {
        let is_in = |body: &[u8]| {
            let mut unknown = form_urlencoded::parse(body).filter(|(name, _)| !KNOWN.contains(&&**name));
            unknown.any(|(name, value)| self.is_mentioned(&name, numbering) || self.is_mentioned(&value, numbering))
        };
        receipts.iter().any(|receipt| is_in(&receipt.body))
    }

    /// Returns whether a text is this number in any notation, or contains it written without separators.
    pub fn is_mentioned(&self, text: &str, numbering: &Numbering) -> bool {
        let mut runs = text.split(|c: char| !c.is_ascii_digit());
        numbering.normalize(text).is_some_and(|party| self.parties.contains(&party))
            || runs.any(|run| self.is_dialled(run))
    }

    fn is_dialled(&self, run: &str) -> bool {
        let prefix = self.digits.as_ref().and_then(|digits| run.strip_suffix(digits.as_str()));
        prefix.is_some_and(|prefix| {
            ["", "0", "00"].contains(&prefix) || prefix.trim_start_matches("00") == self.calling_code
        })
    }
}

/// Returns whether a call is forgotten, by its events: nothing in them leads to a person.
pub fn are_forgotten(receipts: &Receipts, direction: Option<Direction>) -> bool {
    let is_known = |name: &str| name == MARK || KNOWN.contains(&name);
    let is_harmless = |body: &[u8]| is_marked(body) && form_urlencoded::parse(body).all(|(name, _)| is_known(&name));
    !receipts.is_empty()
        && receipts.iter().all(|receipt| is_harmless(&receipt.body))
        && outsiders(receipts, direction).all(is_pseudonym)
}

/// Returns all outside numbers that the events of a call name, as sent.
pub fn outsiders(receipts: &Receipts, direction: Option<Direction>) -> impl Iterator<Item = &str> {
    let sides = Sides::of(receipts.iter(), direction);
    receipts.iter().flat_map(move |Receipt { event: Event { from, to, .. }, .. }| {
        let outside = |side, raw: &Option<String>| raw.as_deref().is_some_and(|raw| sides.is_outside(side, raw));
        let (is_from, is_to) = (outside(Direction::In, from), outside(Direction::Out, to));
        from.iter().filter(move |_| is_from).chain(to.iter().filter(move |_| is_to)).map(String::as_str)
    })
}

/// Decides which numbers of a call are outside: those of one side, of unknown direction those of both, of an internal
/// call those of the side that the PBX tells to be outside. Where events
/// disagree about the direction also those of both sides, except the one that the figures count as the own line.
#[derive(Clone, Copy)]
struct Sides<'a> {
    direction: Option<Direction>,
    is_disputed: bool,
    own: Option<&'a str>,
}

impl<'a> Sides<'a> {
    fn of(receipts: impl Iterator<Item = &'a Receipt> + Clone, direction: Option<Direction>) -> Self {
        // Of an internal call, too, one side is the other: that of whoever called or was called.
        let direction = match direction {
            Some(Direction::Internal) => call::told_direction(receipts.clone()),
            other => other,
        };
        let told = receipts.clone().filter_map(|receipt| told_direction(&receipt.event));
        let is_disputed = told.into_iter().any(|told| direction.is_some_and(|direction| direction != told));
        let own = match direction {
            Some(Direction::In) => receipts.into_iter().find_map(|receipt| receipt.event.to.as_deref()),
            Some(Direction::Out) => receipts.into_iter().find_map(|receipt| receipt.event.from.as_deref()),
            Some(Direction::Internal) | None => None,
        };
        Self { direction, is_disputed, own }
    }

    /// Returns whether `raw` is outside. `side` is the direction of calls in which its field is the outside party.
    fn is_outside(&self, side: Direction, raw: &str) -> bool {
        let is_own = || self.own.is_some_and(|own| shortened(own) == shortened(raw));
        let may_be = self.direction.is_none_or(|direction| direction == side) || self.is_disputed && !is_own();
        may_be && !is_anonymous(raw)
    }
}

/// Returns the direction of the call that an event tells by itself.
fn told_direction(event: &Event) -> Option<Direction> {
    let by_name = match event.kind {
        Kind::IncomingCall | Kind::CallAccepted => Some(Direction::In),
        Kind::OutgoingCall => Some(Direction::Out),
        Kind::HungUp => {
            let outcome = Outcome::from_hangup_type(event.hangup_type.as_deref());
            outcome.is_outbound_only().then_some(Direction::Out)
        }
        Kind::Other => None,
    };
    event.direction.or(by_name)
}

/// Rewrites the events of a call with `pseudonym` in place of the outside party; of unknown direction both sides are.
///
/// # Errors
/// When one is not a valid event.
pub fn pseudonymise(
    receipts: &Receipts,
    direction: Option<Direction>,
    pseudonym: &str,
) -> Result<Receipts, EventError> {
    let (sides, pseudonym) = (Sides::of(receipts.iter(), direction), pseudonym_in(direction, pseudonym));
    write_anew(receipts, |receipt| harmless(receipt, &hiding(sides, &pseudonym)))
}

/// Returns a pseudonym as it stands in a call of this direction, so that only an internal call looks like one. Of unknown
/// direction both sides get the same.
fn pseudonym_in(direction: Option<Direction>, pseudonym: &str) -> String {
    let plain = pseudonym.strip_suffix(INTERNAL).unwrap_or(pseudonym);
    match direction {
        Some(Direction::In | Direction::Out) => pseudonym.to_owned(),
        Some(Direction::Internal) => format!("{plain}{INTERNAL}"),
        None => plain.to_owned(),
    }
}

/// Rewrites the events of a call without fields of unknown meaning, but with both numbers.
///
/// # Errors
/// When one is not a valid event.
pub fn scrub(receipts: &Receipts) -> Result<Receipts, EventError> {
    write_anew(receipts, |receipt| harmless(receipt, &|_, raw| raw.to_owned()))
}

fn write_anew(receipts: &Receipts, harmless: impl Fn(&Receipt) -> String) -> Result<Receipts, EventError> {
    let written = |(place, receipt): (usize, &Receipt)| {
        let body = marked(place, &harmless(receipt));
        Ok(Receipt { deliveries: receipt.deliveries, ..Receipt::new(receipt.received_ms, body)? })
    };
    receipts.iter().enumerate().map(written).collect()
}

/// Pseudonymises a call whose events were deleted.
pub fn pseudonymise_bare(call: &mut Call, pseudonym: &str) {
    let (pseudonym, party) = (pseudonym_in(call.direction, pseudonym), call.party.clone());
    let is_side = |side, raw: &Option<String>| match call.direction {
        Some(Direction::Internal) => *raw == party,
        direction => direction.is_none_or(|direction| direction == side),
    };
    let (is_from, is_to) = (is_side(Direction::In, &call.from), is_side(Direction::Out, &call.to));
    let sides = [(is_from, &mut call.from), (is_to, &mut call.to), (true, &mut call.party)];
    for (is_outside, value) in sides {
        if is_outside && value.as_deref().is_some_and(|raw| !is_anonymous(raw)) {
            *value = Some(pseudonym.clone());
        }
    }
}

/// Rewrites an incoming event of a call whose events were rewritten, or an event that is itself the original of one, so
/// that the log may hold it: as the known event that it repeats, or as a new one, which is pseudonymised if the call
/// is.
///
/// # Errors
/// When it is not a valid event.
pub fn admit(receipt: &Receipt, known: &Receipts, direction: Option<Direction>) -> Result<Receipt, EventError> {
    let sides = Sides::of(known.iter().chain([receipt]), direction);
    let shape = |receipt: &Receipt| harmless(receipt, &hiding(sides, MARK));
    let wanted = shape(receipt);
    let repeated = known.find(&receipt.body).or_else(|| known.iter().find(|other| shape(other) == wanted));
    let body = match repeated {
        Some(other) => other.body.clone(),
        None if are_forgotten(known, direction) => {
            let outside = outsiders(known, direction).next().unwrap_or(OTHER);
            marked(known.len(), &harmless(receipt, &hiding(sides, outside)))
        }
        None => receipt.body.clone(),
    };
    Ok(Receipt { deliveries: receipt.deliveries, ..Receipt::new(receipt.received_ms, body)? })
}

/// Returns a function that replaces outside numbers by `outside`.
fn hiding(sides: Sides<'_>, outside: &str) -> impl Fn(Direction, &str) -> String {
    move |side, raw| if sides.is_outside(side, raw) { outside.to_owned() } else { raw.to_owned() }
}

fn shortened(value: &str) -> &str {
    &value[..value.floor_char_boundary(LONGEST_VALUE)]
}

/// Serialises the fields of an event that are known to be harmless; `number` replaces the numbers of both sides. Fields
/// of unknown meaning may hold anything and are dropped.
fn harmless(Receipt { body, event, .. }: &Receipt, number: &impl Fn(Direction, &str) -> String) -> String {
    let Event { kind, call_id, from, to, direction: told, peer, hangup_type, duration_seconds } = event;
    let fields = [
        ("call_id", Some(CallId::as_str(call_id).to_owned())),
        ("direction", told.map(|told| told.as_str().to_owned())),
        ("duration", duration_seconds.map(|seconds| seconds.to_string())),
        ("event", Some(name(body, *kind))),
        ("from", from.as_deref().map(|raw| number(Direction::In, raw))),
        ("peer", peer.clone()),
        ("to", to.as_deref().map(|raw| number(Direction::Out, raw))),
        ("type", hangup_type.as_deref().map(|word| if is_word(word) { word } else { "other" }.to_owned())),
    ];
    let mut form = Serializer::new(String::new());
    for (name, value) in fields.into_iter().filter_map(|(name, value)| Some((name, value?))) {
        form.append_pair(name, shortened(&value));
    }
    form.finish()
}

fn marked(place: usize, body: &str) -> Vec<u8> {
    format!("{MARK}={place:06}&{body}").into_bytes()
}

/// Returns the event's name as sent, unless it could contain anything.
fn name(body: &[u8], kind: Kind) -> String {
    let sent = form_urlencoded::parse(body).find(|(name, _)| name == "event").map(|(_, value)| value.into_owned());
    match kind {
        Kind::IncomingCall => "IncomingCall".to_owned(),
        Kind::OutgoingCall => "OutgoingCall".to_owned(),
        Kind::CallAccepted => "CallAccepted".to_owned(),
        Kind::HungUp => "HungUp".to_owned(),
        Kind::Other => sent.filter(|name| is_word(name)).unwrap_or_else(|| "Other".to_owned()),
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_-".contains(&byte))
}

/// Replaces every notation of `numbers` in `text` by `pseudonym`; `None` if it contains none.
pub fn blank<'a>(
    text: &str,
    numbers: impl Iterator<Item = &'a str>,
    numbering: &Numbering,
    pseudonym: &str,
) -> Option<String> {
    let mut ways: Vec<String> = numbers.flat_map(|number| notations(number, numbering)).collect();
    // Longest first, because a longer one may contain a shorter one.
    ways.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    ways.dedup();
    let blanked = ways.iter().fold(text.to_owned(), |text, way| text.replace(way.as_str(), pseudonym));
    (blanked != text).then_some(blanked)
}

/// Returns the usual notations of a number without separators, and the number as it is.
pub fn notations(raw: &str, numbering: &Numbering) -> Vec<String> {
    let mut ways = vec![raw.to_owned()];
    if let Some(number) = numbering.e164(raw) {
        let digits = number.trim_start_matches('+');
        ways.extend([number.clone(), format!("00{digits}"), digits.to_owned()]);
        ways.extend(digits.strip_prefix(numbering.calling_code()).map(|national| format!("0{national}")));
    }
    ways.retain(|way| way.chars().filter(char::is_ascii_digit).count() >= MIN_DIGITS);
    ways
}

#[cfg(test)]
mod tests;
