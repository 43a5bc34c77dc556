//! One call as statistics count it, and the names that calls refer to.

use std::collections::BTreeMap;

use super::number::pair;
use crate::calls::call::Call;
use crate::placetel::event::Direction;
use crate::stats::rollup::{Class, Progress, push_number, take_number};

/// The id of a name among [`Names`]; [`NameId::NONE`] for none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameId(pub(super) u32);

impl NameId {
    /// The id of the empty name.
    pub const NONE: Self = Self(0);

    /// Returns the id as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Names, ascending, the empty one first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    text: String,
    /// Where each name ends in `text`.
    ends: Vec<u32>,
}

impl Names {
    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut sorted = Self { text: String::new(), ends: Vec::new() };
        names.for_each(|name| sorted.push(name));
        sorted
    }

    fn push(&mut self, name: &str) {
        self.text.push_str(name);
        self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
    }

    /// Returns the name with this id; empty for an unknown one.
    pub fn get(&self, id: NameId) -> &str {
        let end = |place: usize| self.ends.get(place).map(|end| *end as usize);
        let start = id.index().checked_sub(1).and_then(end).unwrap_or_default();
        end(id.index()).and_then(|end| self.text.get(start..end)).unwrap_or_default()
    }

    /// Returns how many names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Returns whether there is no name, not even the empty one.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Returns the text of all names, one after the other.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Returns the id of the name that has the byte at this place of [`Names::text`], and where the name ends.
    pub(super) fn at(&self, place: usize) -> Option<(NameId, usize)> {
        let id = self.ends.partition_point(|end| *end as usize <= place);
        let end = *self.ends.get(id)? as usize;
        Some((NameId(u32::try_from(id).ok()?), end))
    }

    /// Returns the ids of the names that begin like this, ascending.
    pub(super) fn beginning_with(&self, beginning: &str) -> impl Iterator<Item = NameId> {
        let first = self.partition_point(|name| name < beginning);
        (first..).map(NameId).take_while(move |id| id.index() < self.len() && self.get(*id).starts_with(beginning))
    }

    /// Returns the id of the first name that is not `is_before` (binary search).
    fn partition_point(&self, is_before: impl Fn(&str) -> bool) -> u32 {
        let (mut low, mut high) = (0, u32::try_from(self.len()).unwrap_or(u32::MAX));
        while low < high {
            let middle = low + (high - low) / 2;
            if is_before(self.get(NameId(middle))) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// Returns the names with their ids, ascending.
    pub fn iter(&self) -> impl Iterator<Item = (NameId, &str)> {
        (0..).map(NameId).take(self.len()).map(|id| (id, self.get(id)))
    }

    /// Returns the id of a name.
    pub fn find(&self, name: &str) -> Option<NameId> {
        let id = NameId(self.partition_point(|before| before < name));
        (id.index() < self.len() && self.get(id) == name).then_some(id)
    }

    /// Returns the stored form: how many, the length of each, then their text.
    pub fn pack(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.text.len() + self.ends.len() + 8);
        push_number(&mut bytes, self.ends.len() as i64);
        let mut start = 0;
        for &end in &self.ends {
            push_number(&mut bytes, i64::from(end - start));
            start = end;
        }
        bytes.extend(self.text.as_bytes());
        bytes
    }

    /// Parses what [`Names::pack`] wrote; `None` when it is malformed.
    pub fn unpack(bytes: &[u8]) -> Option<Self> {
        let rest = &mut &*bytes;
        let count = usize::try_from(take_number(rest)?).ok()?;
        let (mut ends, mut end) = (Vec::with_capacity(count.min(rest.len())), 0_u32);
        for _ in 0..count {
            end = end.checked_add(u32::try_from(take_number(rest)?).ok()?)?;
            ends.push(end);
        }
        let text = std::str::from_utf8(rest).ok()?;
        let are_within = text.len() == end as usize && ends.iter().all(|end| text.is_char_boundary(*end as usize));
        are_within.then(|| Self { text: text.to_owned(), ends })
    }
}

/// One call as statistics count it. Names are those of the [`Facts`] that it is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fact {
    /// When it began, milliseconds since 1970 UTC.
    pub started_ms: i64,
    /// Its key in the store.
    pub key: i64,
    /// The code of the [`Class`] in which it counts.
    pub(super) class: u8,
    /// The talk time, in seconds, if known.
    pub talk_seconds: Option<u32>,
    /// The ringing time until picked up or given up, in seconds, if known.
    pub wait_seconds: Option<u32>,
    /// The own line.
    pub line: NameId,
    /// The SIP user.
    pub peer: NameId,
    /// The own line among the numbers, as the PBX wrote it.
    pub own: NameId,
    /// The other side, among the numbers.
    pub party: NameId,
    /// The route that answered it.
    pub route: Option<i64>,
}

impl Fact {
    /// Returns the class in which it counts; `None` for a code that no class has.
    pub fn class(&self) -> Option<Class> {
        Class::from_code(self.class)
    }
}

/// The facts of some calls, ascending by start and key, with the names that they refer to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The facts.
    pub facts: Vec<Fact>,
    /// The names of lines and SIP users.
    pub subjects: Names,
    /// Numbers of both sides, normalised and as the PBX wrote them: see [`super::number`].
    pub numbers: Names,
}

/// Collects calls to [`Facts`].
#[derive(Default)]
pub struct Collector {
    facts: Vec<Fact>,
    subjects: Interned,
    numbers: Interned,
}

impl Collector {
    /// Adds a call, under its key, with the route that answered it.
    pub fn add(&mut self, key: i64, call: &Call, in_hours: bool, route: Option<i64>) {
        let class = Class {
            direction: call.direction,
            in_hours,
            progress: Progress::new(call.ending, call.accepted_ms.is_some()),
        };
        let (own, outside) = match call.direction {
            Some(Direction::Out) => (&call.from, &call.to),
            Some(Direction::In | Direction::Internal) | None => (&call.to, &call.from),
        };
        let number = |normal: &Option<String>, raw: &Option<String>| pair(normal.as_deref(), raw.as_deref());
        self.facts.push(Fact {
            started_ms: call.started_ms,
            key,
            class: class.code(),
            talk_seconds: call.talk_seconds,
            wait_seconds: call.wait_seconds().or(call.abandoned_wait_seconds()),
            line: self.subjects.intern(call.number.as_deref().unwrap_or_default()),
            peer: self.subjects.intern(call.peer.as_deref().unwrap_or_default()),
            own: self.numbers.intern(&number(&call.number, own)),
            party: self.numbers.intern(&number(&call.party, outside)),
            route,
        });
    }

    /// Returns how many calls were added.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Returns whether no call was added.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Returns the facts of all calls that were added.
    pub fn finish(self) -> Facts {
        let Self { mut facts, subjects, numbers } = self;
        let ((subjects, subject_ids), (numbers, number_ids)) = (subjects.finish(), numbers.finish());
        let id = |ids: &[NameId], place: NameId| ids.get(place.index()).copied().unwrap_or_default();
        for fact in &mut facts {
            fact.line = id(&subject_ids, fact.line);
            fact.peer = id(&subject_ids, fact.peer);
            fact.own = id(&number_ids, fact.own);
            fact.party = id(&number_ids, fact.party);
        }
        facts.sort_unstable();
        Facts { facts, subjects, numbers }
    }
}

/// Names in the order in which they were met, the empty one first.
struct Interned {
    places: BTreeMap<String, u32>,
}

impl Default for Interned {
    fn default() -> Self {
        Self { places: BTreeMap::from([(String::new(), 0)]) }
    }
}

impl Interned {
    fn intern(&mut self, name: &str) -> NameId {
        if let Some(&place) = self.places.get(name) {
            return NameId(place);
        }
        let place = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
        self.places.insert(name.to_owned(), place);
        NameId(place)
    }

    /// Returns the names ascending, and of each in the order of meeting its id.
    fn finish(self) -> (Names, Vec<NameId>) {
        let mut ids = vec![NameId::NONE; self.places.len()];
        for (id, &place) in (0..).zip(self.places.values()) {
            if let Some(slot) = ids.get_mut(place as usize) {
                *slot = NameId(id);
            }
        }
        (Names::of(self.places.keys().map(String::as_str)), ids)
    }
}
