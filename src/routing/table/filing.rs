//! Routes by what they name: numbers, beginnings of numbers, lists.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::Asked;
use super::candidates::{Candidate, NumberSide};
use crate::routing::index::Index;
use crate::routing::lists::Side;
use crate::routing::matching::Spellings;

/// A number or the beginning of one that routes name.
#[derive(Debug, Default)]
pub(super) struct Key {
    /// Every key of a table has another.
    id: u32,
    routes: ByWay,
}

/// Few, as of most routes, stand beside the route: deciding walks over many.
pub(super) type KeyIds = SmallVec<[u32; 4]>;

/// The routes that are found on each side.
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
        // Two spellings of one route may be one key.
        if all.last().is_none_or(|last| last.place != found.place) {
            all.push(found);
        }
    }
}

/// All keys and named lists, with the routes to be found by them.
#[derive(Debug, Default)]
pub(super) struct Filed {
    keys: Index<Key>,
    /// By place of the list.
    lists: HashMap<usize, ByWay>,
}

impl Filed {
    /// Gives the keys of these sides their ids.
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

    /// The ids of the keys of a side, in order.
    pub(super) fn ids(&self, side: &Side) -> KeyIds {
        let mut ids: KeyIds =
            side.patterns.iter().flat_map(|pattern| self.keys.of(pattern)).map(|key| key.id).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The keys that a number has; one may come more than once.
    pub(super) fn keys_of<'a>(&'a self, number: &Spellings) -> impl Iterator<Item = &'a Key> {
        self.keys.find(number)
    }

    /// The routes that were filed under what is known of a number.
    pub(super) fn find<'a>(&'a self, way: NumberSide, asked: &'a Asked<'_>) -> impl Iterator<Item = &'a [Candidate]> {
        let by_list = asked.lists.iter().filter_map(|list| self.lists.get(list));
        asked.keys.iter().map(|key| &key.routes).chain(by_list).map(move |routes| routes.of(way))
    }
}

impl Key {
    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// Whether it is one of these, which are in order.
    pub(super) fn is_in(&self, ids: &[u32]) -> bool {
        ids.binary_search(&self.id).is_ok()
    }
}

/// How many routes name a number or a list on one side.
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

    /// The largest number of routes that a call for this side would have to look through.
    pub(super) fn most(&self, side: &Side) -> usize {
        let by_number = side.patterns.iter().flat_map(|pattern| self.numbers.of(pattern));
        let by_list = side.lists.iter().filter_map(|list| self.lists.get(list));
        by_number.chain(by_list).copied().max().unwrap_or_default()
    }
}
