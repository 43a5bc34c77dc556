//! Places of routes by what they name: numbers, beginnings of numbers, lists.

use std::collections::HashMap;

use super::Asked;
use crate::routing::index::Index;
use crate::routing::lists::Side;

/// Places of routes.
#[derive(Debug, Default)]
pub(super) struct Filed {
    numbers: Index<Vec<usize>>,
    /// By place of the list.
    lists: HashMap<usize, Vec<usize>>,
}

impl Filed {
    pub(super) fn file(&mut self, side: &Side, place: usize) {
        for list in &side.lists {
            self.lists.entry(*list).or_default().push(place);
        }
        for pattern in &side.patterns {
            self.numbers.file(pattern, |places| {
                // Two spellings of one route may be one key.
                if places.last() != Some(&place) {
                    places.push(place);
                }
            });
        }
    }

    pub(super) fn find<'a>(&'a self, asked: &'a Asked) -> impl Iterator<Item = &'a [usize]> {
        let by_list = asked.lists.iter().filter_map(|list| self.lists.get(list));
        asked.number.iter().flat_map(|number| self.numbers.find(number)).chain(by_list).map(Vec::as_slice)
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
