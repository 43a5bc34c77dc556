//! Index of routes by what they name: numbers, number prefixes, lists.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::candidates::{BloomMask, Candidate, NumberSide};
use crate::routing::index::Index;
use crate::routing::lists::Side;
use crate::routing::matching::Spellings;

/// A number or number prefix that routes name, with these routes.
#[derive(Debug, Default)]
pub(super) struct Key {
    /// The id of the key, unique within a table.
    id: u32,
    routes: ByWay,
}

/// The lookup result for one number of a call: the keys that match it, and the lists that hold it.
pub(super) struct Asked<'a> {
    pub(super) keys: SmallVec<[&'a Key; 8]>,
    pub(super) lists: Vec<usize>,
    /// The Bloom filter of both.
    pub(super) mask: BloomMask,
}

/// The ids of the keys of a side. A few, as most routes have, are stored inline, because deciding walks over many
/// routes.
pub(super) type KeyIds = SmallVec<[u32; 4]>;

/// The routes that are found by each of a call's numbers.
#[derive(Debug, Default)]
struct ByWay {
    to: Vec<Candidate>,
    from: Vec<Candidate>,
}

impl ByWay {
    fn of(&self, way: NumberSide) -> &[Candidate] {
        match way {
            NumberSide::To => &self.to,
            NumberSide::From => &self.from,
        }
    }

    fn file(&mut self, way: NumberSide, found: Candidate) {
        let all = match way {
            NumberSide::To => &mut self.to,
            NumberSide::From => &mut self.from,
        };
        // Two spellings of one route may be the same key.
        if all.last().is_none_or(|last| last.place != found.place) {
            all.push(found);
        }
    }
}

/// The index: all keys and named lists, with the routes to be found by them.
#[derive(Debug, Default)]
pub(super) struct Filed {
    keys: Index<Key>,
    /// The routes by place of the list.
    lists: HashMap<usize, ByWay>,
}

impl Filed {
    /// Creates the index with the keys of these sides and gives them their ids; no route is filed yet.
    pub(super) fn new<'a>(sides: impl Iterator<Item = &'a Side>) -> Self {
        let mut keys = Index::<Key>::default();
        sides.flat_map(|side| &side.patterns).for_each(|pattern| keys.file(pattern, |_| {}));
        keys.values_mut().zip(0..).for_each(|(key, id)| key.id = id);
        Self { keys, lists: HashMap::new() }
    }

    pub(super) fn file(&mut self, way: NumberSide, side: &Side, found: Candidate) {
        for list in &side.lists {
            self.lists.entry(*list).or_default().file(way, found);
        }
        for pattern in &side.patterns {
            self.keys.file(pattern, |key| key.routes.file(way, found));
        }
    }

    /// Returns the ids of the keys of a side, ascending and each once.
    pub(super) fn ids(&self, side: &Side) -> KeyIds {
        let mut ids: KeyIds =
            side.patterns.iter().flat_map(|pattern| self.keys.of(pattern)).map(|key| key.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// Returns the keys that match a number; there may be duplicates.
    pub(super) fn keys_of<'a>(&'a self, number: &Spellings) -> impl Iterator<Item = &'a Key> {
        self.keys.find(number)
    }

    /// Returns the routes that were filed under the keys and lists of a number.
    pub(super) fn find<'a>(&'a self, way: NumberSide, asked: &'a Asked<'_>) -> impl Iterator<Item = &'a [Candidate]> {
        let by_list = asked.lists.iter().filter_map(|list| self.lists.get(list));
        asked.keys.iter().map(|key| &key.routes).chain(by_list).map(move |routes| routes.of(way))
    }
}

impl Key {
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Returns whether the key is one of these, which are ascending.
    pub(super) fn is_in(&self, ids: &[u32]) -> bool {
        ids.binary_search(&self.id).is_ok()
    }
}

/// Counts of how many routes name each number and each list on one side (selectivity).
#[derive(Default)]
pub(super) struct Sharing {
    numbers: Index<usize>,
    lists: HashMap<usize, usize>,
}

impl Sharing {
    pub(super) fn count(&mut self, side: &Side) {
        side.patterns.iter().for_each(|pattern| self.numbers.file(pattern, |count| *count += 1));
        side.lists.iter().for_each(|list| *self.lists.entry(*list).or_default() += 1);
    }

    /// Returns the largest number of routes that a call for this side would have to look through.
    pub(super) fn most(&self, side: &Side) -> usize {
        let by_number = side.patterns.iter().flat_map(|pattern| self.numbers.of(pattern));
        let by_list = side.lists.iter().filter_map(|list| self.lists.get(list));
        by_number.chain(by_list).copied().max().unwrap_or_default()
    }
}
