//! Making the outside party of a call unrecognisable in its events. What they fold to stays the same but for the party:
//! the log remains the truth, and nothing in it leads back to a number.
//!
//! The body of a forgotten event holds what is known to be harmless, and a mark with its place among the events of its
//! call, which keeps their order where they came at the same time and keeps apart what differed in the party alone.

use std::collections::BTreeSet;

use form_urlencoded::Serializer;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::call::Call;
use super::outcome::Outcome;
use super::phone::{Numbering, is_anonymous};
use super::receipts::{Receipt, Receipts};
use crate::placetel::event::{CallId, Direction, Event, EventError, Kind};

/// The field that only forgotten events have.
pub const MARK: &str = "forgotten";
/// The fields of which it is known what they hold.
const KNOWN: [&str; 8] = ["call_id", "direction", "duration", "event", "from", "peer", "to", "type"];
/// What a pseudonym begins with, of what was no valid number.
const OTHER: &str = "forgotten-";
/// What a pseudonym begins with, of a valid number.
const NUMBER: &str = "forgotten-number-";
/// Half-bytes that tell pseudonyms apart.
const LETTERS: usize = 20;
/// A number shorter than this occurs in other texts by chance.
const MIN_DIGITS: usize = 6;
/// No value that means anything is longer, in bytes; written anew, longer ones might make an event too long for one.
const LONGEST_VALUE: usize = 500;

/// What pseudonyms are made with. Whoever has it can try all numbers there are, so it is destroyed as soon as nobody who
/// is still to be forgotten has to be known again.
pub type Key = [u8; 64];

/// What stands for `party`. The same one under the same key, another one under any other key; without the key nothing
/// leads from it to the party.
pub fn pseudonym(key: &Key, party: &str, numbering: &Numbering) -> String {
    let mut mac = Hmac::<Sha256>::new(key.into());
    mac.update(party.as_bytes());
    let bytes = mac.finalize().into_bytes();
    // Letters only: nobody searches for a number and finds this.
    let letters = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|half| char::from(b'a' + half));
    let kind = if numbering.e164(party).as_deref() == Some(party) { NUMBER } else { OTHER };
    kind.chars().chain(letters.take(LETTERS)).collect()
}

/// Whether this stands for somebody forgotten.
pub fn is_pseudonym(party: &str) -> bool {
    party.starts_with(OTHER)
}

/// Whether this stands for somebody forgotten who had a valid number.
pub fn was_number(party: &str) -> bool {
    party.starts_with(NUMBER)
}

/// Whether an event was written anew, with what is known to be harmless; or looks so.
pub fn is_marked(body: &[u8]) -> bool {
    body.strip_prefix(MARK.as_bytes()).is_some_and(|rest| rest.starts_with(b"="))
}

/// Somebody outside who is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What calls may have as party: the number in E.164 (what is no valid number as it is), pseudonyms of it.
    pub parties: BTreeSet<String>,
    /// What every notation of the number holds; `None` if it is none.
    pub digits: Option<String>,
    calling_code: String,
}

impl Person {
    /// Whoever has this number, and is known as `parties`.
    pub fn new(number: &str, parties: BTreeSet<String>, numbering: &Numbering) -> Self {
        let digits = numbering.e164(number).map(|number| {
            let digits = number.trim_start_matches('+');
            digits.strip_prefix(numbering.calling_code()).unwrap_or(digits).to_owned()
        });
        let digits = digits.filter(|digits| digits.len() >= MIN_DIGITS);
        Self { parties, digits, calling_code: numbering.calling_code().to_owned() }
    }

    /// Whether a call is one with this person, or tells of them.
    pub fn is_in_call(&self, call: &Call, receipts: &Receipts, numbering: &Numbering) -> bool {
        self.is_party_of(call, receipts, numbering) || self.is_told_of(receipts, numbering)
    }

    /// Whether events of a call in this direction say that it is one with this person, or tell of them.
    pub fn is_in(&self, receipts: &Receipts, direction: Option<Direction>, numbering: &Numbering) -> bool {
        self.is_outside(receipts, direction, numbering) || self.is_told_of(receipts, numbering)
    }

    /// Whether a call is one with this person.
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

    /// Whether events tell of the person in a field that nobody knows.
    pub fn is_told_of(&self, receipts: &Receipts, numbering: &Numbering) -> bool {
        let is_in = |body: &[u8]| {
            let mut unknown = form_urlencoded::parse(body).filter(|(name, _)| !KNOWN.contains(&&**name));
            unknown.any(|(name, value)| self.is_mentioned(&name, numbering) || self.is_mentioned(&value, numbering))
        };
        receipts.iter().any(|receipt| is_in(&receipt.body))
    }

    /// Whether a text is this number in any notation, or holds it written without anything between its digits.
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

/// Whether a call is forgotten, by its events: nothing in them leads to a person.
pub fn are_forgotten(receipts: &Receipts, direction: Option<Direction>) -> bool {
    let is_known = |name: &str| name == MARK || KNOWN.contains(&name);
    let is_harmless = |body: &[u8]| is_marked(body) && form_urlencoded::parse(body).all(|(name, _)| is_known(&name));
    !receipts.is_empty()
        && receipts.iter().all(|receipt| is_harmless(&receipt.body))
        && outsiders(receipts, direction).all(is_pseudonym)
}

/// Everything that the events of a call tell about who was outside, as sent.
pub fn outsiders(receipts: &Receipts, direction: Option<Direction>) -> impl Iterator<Item = &str> {
    let sides = Sides::of(receipts.iter(), direction);
    receipts.iter().flat_map(move |Receipt { event: Event { from, to, .. }, .. }| {
        let outside = |side, raw: &Option<String>| raw.as_deref().is_some_and(|raw| sides.is_outside(side, raw));
        let (is_from, is_to) = (outside(Direction::In, from), outside(Direction::Out, to));
        from.iter().filter(move |_| is_from).chain(to.iter().filter(move |_| is_to)).map(String::as_str)
    })
}

/// Which numbers of a call are somebody's outside: those of the one side, of unknown direction those of either. Where
/// events disagree about the direction that is either side, too, but for what figures count as the own line.
#[derive(Clone, Copy)]
struct Sides<'a> {
    direction: Option<Direction>,
    is_disputed: bool,
    own: Option<&'a str>,
}

impl<'a> Sides<'a> {
    fn of(receipts: impl Iterator<Item = &'a Receipt> + Clone, direction: Option<Direction>) -> Self {
        let told = receipts.clone().filter_map(|receipt| told_direction(&receipt.event));
        let is_disputed = told.into_iter().any(|told| direction.is_some_and(|direction| direction != told));
        let own = match direction {
            Some(Direction::In) => receipts.into_iter().find_map(|receipt| receipt.event.to.as_deref()),
            Some(Direction::Out) => receipts.into_iter().find_map(|receipt| receipt.event.from.as_deref()),
            None => None,
        };
        Self { direction, is_disputed, own }
    }

    /// `side` is the direction of calls of which this number is outside.
    fn is_outside(&self, side: Direction, raw: &str) -> bool {
        let is_own = || self.own.is_some_and(|own| shortened(own) == shortened(raw));
        let may_be = self.direction.is_none_or(|direction| direction == side) || self.is_disputed && !is_own();
        may_be && !is_anonymous(raw)
    }
}

/// What an event by itself tells of its call's direction.
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

/// The events of a call with `pseudonym` for whoever was outside. Of a call of unknown direction that is either side.
///
/// # Errors
/// When one is no event.
pub fn pseudonymise(
    receipts: &Receipts,
    direction: Option<Direction>,
    pseudonym: &str,
) -> Result<Receipts, EventError> {
    let sides = Sides::of(receipts.iter(), direction);
    write_anew(receipts, |receipt| harmless(receipt, &hiding(sides, pseudonym)))
}

/// The events of a call without what is not known to be harmless, but with both numbers.
///
/// # Errors
/// When one is no event.
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

/// The same with a call whose events are gone.
pub fn pseudonymise_bare(call: &mut Call, pseudonym: &str) {
    let is_side = |side| call.direction.is_none_or(|direction| direction == side);
    let sides =
        [(is_side(Direction::In), &mut call.from), (is_side(Direction::Out), &mut call.to), (true, &mut call.party)];
    for (is_outside, value) in sides {
        if is_outside && value.as_deref().is_some_and(|raw| !is_anonymous(raw)) {
            *value = Some(pseudonym.to_owned());
        }
    }
}

/// An event of a call with events that were written anew, or one that was itself, as the log may hold it: the one that it
/// repeats, or a new one, which is forgotten if the call is.
///
/// # Errors
/// When it is no event.
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

/// What stands for a number of one side.
fn hiding(sides: Sides<'_>, outside: &str) -> impl Fn(Direction, &str) -> String {
    move |side, raw| if sides.is_outside(side, raw) { outside.to_owned() } else { raw.to_owned() }
}

fn shortened(value: &str) -> &str {
    &value[..value.floor_char_boundary(LONGEST_VALUE)]
}

/// What is known to be harmless of an event, with what `number` leaves of the numbers of both sides. Fields that nobody
/// knows may hold anything.
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

/// The event's name as sent, unless it could be anything.
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

/// `text` with `pseudonym` for every way to write one of `numbers` in it; `None` if there is none.
pub fn blank<'a>(
    text: &str,
    numbers: impl Iterator<Item = &'a str>,
    numbering: &Numbering,
    pseudonym: &str,
) -> Option<String> {
    let mut ways: Vec<String> = numbers.flat_map(|number| notations(number, numbering)).collect();
    // A longer one may hold a shorter one.
    ways.sort_unstable_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
    ways.dedup();
    let blanked = ways.iter().fold(text.to_owned(), |text, way| text.replace(way.as_str(), pseudonym));
    (blanked != text).then_some(blanked)
}

/// The usual ways to write a number without anything between its digits, and as it is.
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
