//! The named lists of a table: each is compiled once and kept once, however many routes name it.

use std::collections::HashMap;

use super::index::Index;
use super::matching::{Pattern, Spellings};
use super::named::{Key, NumberList, Shared, list_reference};
use super::problem::RouteProblem;
use crate::calls::phone::Numbering;
use crate::fields::{FieldError, Problem};

/// The compiled lists of a table, with one inverted index that tells which of them hold a number.
#[derive(Debug, Default)]
pub(super) struct Lists {
    holding: Index<Vec<usize>>,
    /// All lists, by place.
    all: Vec<Listed>,
}

#[derive(Debug)]
struct Listed {
    name: String,
    /// Whether the list holds `*`.
    is_for_any: bool,
}

impl Lists {
    /// Returns the places of the lists that hold a number, ascending and each once.
    pub(super) fn holding(&self, number: Option<&Spellings>) -> Vec<usize> {
        let mut places: Vec<usize> =
            number.into_iter().flat_map(|number| self.holding.find(number)).flatten().copied().collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Returns whether a list holds every number.
    pub(super) fn is_for_any(&self, place: usize) -> bool {
        self.all.get(place).is_some_and(|list| list.is_for_any)
    }

    /// Returns the name of a list, as people write it.
    pub(super) fn name(&self, place: usize) -> Option<&str> {
        self.all.get(place).map(|list| list.name.as_str())
    }

    /// Returns the keys that each list holds, by place.
    pub(super) fn contents(&self) -> Vec<Index<()>> {
        self.holding.by_place(self.all.len())
    }

    /// Returns the places of the lists that hold every number of some key of `numbers`; there may be duplicates.
    pub(super) fn around<'a>(&'a self, numbers: &'a Index<()>) -> impl Iterator<Item = usize> {
        self.holding.around(numbers).flatten().copied()
    }

    fn add(&mut self, list: &NumberList, numbering: &Numbering) -> Result<usize, Problem> {
        let patterns: Vec<Pattern> =
            list.numbers.iter().map(|number| Pattern::parse(number, numbering)).collect::<Result<_, _>>()?;
        let place = self.all.len();
        for pattern in &patterns {
            self.holding.file(pattern, |places| {
                // A number may stand in a list in two notations.
                if places.last() != Some(&place) {
                    places.push(place);
                }
            });
        }
        self.all.push(Listed { name: list.name.clone(), is_for_any: patterns.contains(&Pattern::Any) });
        Ok(place)
    }
}

/// One side of a route, `to` or `from`, parsed into patterns and references to lists.
#[derive(Debug, Default)]
pub(super) struct Side {
    pub(super) patterns: Vec<Pattern>,
    /// The named lists, as places in [`Lists`].
    pub(super) lists: Vec<usize>,
}

impl Side {
    /// Returns whether the side matches every call, also one without a number.
    pub(super) fn is_any(&self, lists: &Lists) -> bool {
        (self.patterns.is_empty() && self.lists.is_empty())
            || self.patterns.contains(&Pattern::Any)
            || self.lists.iter().any(|list| lists.is_for_any(*list))
    }
}

/// Parser of the sides of routes; it compiles each named list on first use.
pub(super) struct SideReader<'a> {
    numbering: &'a Numbering,
    named: HashMap<Key, &'a NumberList>,
    known: HashMap<Key, Result<usize, Problem>>,
    lists: Lists,
}

impl<'a> SideReader<'a> {
    pub(super) fn new(numbering: &'a Numbering, shared: &'a Shared) -> Self {
        let keyed = |list: &'a NumberList| Some((Key::parse(&list.name)?, list));
        let named = shared.lists.iter().filter_map(keyed).collect();
        Self { numbering, named, known: HashMap::new(), lists: Lists::default() }
    }

    /// Reads the texts of `to` or `from`.
    pub(super) fn read(&mut self, field: &str, texts: &[String]) -> Result<Side, FieldError> {
        let mut side = Side::default();
        for (index, text) in texts.iter().enumerate() {
            let wrong = |problem| FieldError { field: format!("{field}[{index}]"), problem };
            match list_reference(text) {
                Some(key) => {
                    let place = key.and_then(|key| self.place(key)).map_err(wrong)?;
                    if !side.lists.contains(&place) {
                        side.lists.push(place);
                    }
                }
                None => side.patterns.push(Pattern::parse(text, self.numbering).map_err(wrong)?),
            }
        }
        Ok(side)
    }

    fn place(&mut self, key: Key) -> Result<usize, Problem> {
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let list = self.named.get(&key).copied();
        let place = list
            .ok_or_else(|| RouteProblem::UnknownList(key.clone()).into())
            .and_then(|list| self.lists.add(list, self.numbering));
        self.known.insert(key, place.clone());
        place
    }

    pub(super) fn into_lists(self) -> Lists {
        self.lists
    }
}
