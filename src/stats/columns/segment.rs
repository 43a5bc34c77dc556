//! A segment: calls of one line or of one SIP user in columns, ascending by start, each number in base 128 (varint).

use super::fact::{Fact, NameId};
use crate::stats::rollup::{push_number, take_number};

/// What the calls of a segment have in common. The numbers are stored; never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Subject {
    /// The own line.
    Line = 1,
    /// The SIP user.
    Peer = 2,
}

impl Subject {
    /// Returns the subject of a call.
    pub fn of(self, fact: &Fact) -> NameId {
        match self {
            Self::Line => fact.line,
            Self::Peer => fact.peer,
        }
    }

    fn other(self, fact: &Fact) -> NameId {
        match self {
            Self::Line => fact.peer,
            Self::Peer => fact.line,
        }
    }
}

/// The number of columns of varints; classes, of a byte each, come before them.
const COLUMNS: usize = 8;

/// Packs the facts of one subject, which ascend by start: how many there are, their classes, then each column with its
/// length in bytes.
pub fn pack<'f>(subject: Subject, facts: impl Iterator<Item = &'f Fact> + Clone) -> Vec<u8> {
    let mut columns: [Vec<u8>; COLUMNS] = Default::default();
    let (mut started_ms, mut key, mut count) = (0, 0, 0);
    for fact in facts.clone() {
        let [starts, keys, talks, waits, others, owns, parties, routes] = &mut columns;
        push_signed(starts, fact.started_ms.wrapping_sub(started_ms));
        push_signed(keys, fact.key.wrapping_sub(key));
        push_number(talks, fact.talk_seconds.map_or(0, |seconds| i64::from(seconds) + 1));
        push_number(waits, fact.wait_seconds.map_or(0, |seconds| i64::from(seconds) + 1));
        push_number(others, i64::from(subject.other(fact).0));
        push_number(owns, i64::from(fact.own.0));
        push_number(parties, i64::from(fact.party.0));
        push_signed(routes, fact.route.unwrap_or_default());
        (started_ms, key, count) = (fact.started_ms, fact.key, count + 1);
    }
    let mut bytes = Vec::new();
    push_number(&mut bytes, count);
    bytes.extend(facts.map(|fact| fact.class));
    for column in &columns {
        push_number(&mut bytes, column.len() as i64);
        bytes.extend(column);
    }
    bytes
}

/// Passes every fact of a packed segment of this subject to `take`; `None` when it is malformed.
pub fn read(bytes: &[u8], subject: Subject, name: NameId, mut take: impl FnMut(&Fact)) -> Option<()> {
    let mut rest = bytes;
    let count = usize::try_from(take_number(&mut rest)?).ok()?;
    let (classes, mut rest) = rest.split_at_checked(count)?;
    let mut columns: [&[u8]; COLUMNS] = Default::default();
    for column in &mut columns {
        let length = usize::try_from(take_number(&mut rest)?).ok()?;
        (*column, rest) = rest.split_at_checked(length)?;
    }
    let [mut starts, mut keys, mut talks, mut waits, mut others, mut owns, mut parties, mut routes] = columns;
    let (mut started_ms, mut key) = (0_i64, 0_i64);
    for &class in classes {
        started_ms = started_ms.wrapping_add(take_signed(&mut starts)?);
        key = key.wrapping_add(take_signed(&mut keys)?);
        let other = take_id(&mut others)?;
        let (line, peer) = match subject {
            Subject::Line => (name, other),
            Subject::Peer => (other, name),
        };
        take(&Fact {
            started_ms,
            key,
            class,
            talk_seconds: take_seconds(&mut talks)?,
            wait_seconds: take_seconds(&mut waits)?,
            line,
            peer,
            own: take_id(&mut owns)?,
            party: take_id(&mut parties)?,
            route: Some(take_signed(&mut routes)?).filter(|route| *route != 0),
        });
    }
    Some(())
}

fn take_id(column: &mut &[u8]) -> Option<NameId> {
    u32::try_from(take_number(column)?).ok().map(NameId)
}

fn take_seconds(column: &mut &[u8]) -> Option<Option<u32>> {
    match take_number(column)? {
        0 => Some(None),
        seconds => u32::try_from(seconds - 1).ok().map(Some),
    }
}

/// Appends a signed number in zigzag form: small ones stay small, whatever their sign.
fn push_signed(bytes: &mut Vec<u8>, number: i64) {
    let mut rest = (number << 1 ^ number >> 63).cast_unsigned();
    while rest >= 128 {
        bytes.push(rest as u8 | 128);
        rest >>= 7;
    }
    bytes.push(rest as u8);
}

fn take_signed(bytes: &mut &[u8]) -> Option<i64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.split_off_first()?;
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            return Some((number >> 1).cast_signed() ^ -(number & 1).cast_signed());
        }
    }
    None
}
