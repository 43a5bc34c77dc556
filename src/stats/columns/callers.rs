//! Who calls most often, among the newest calls.

use std::collections::HashMap;

use super::Count;
use super::fact::{Fact, NameId, Names};
use super::number::normal;
use crate::calls::outcome::Outcome;
use crate::stats::rollup::Progress;

/// The calls of one caller.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CallerCounts {
    /// The number of calls.
    pub calls: i64,
    /// The number of those that nobody took.
    pub missed: i64,
}

/// Counts calls by party, among the newest of those that are wanted and have one.
pub struct Callers<W> {
    wants: W,
    newest: usize,
    of_span: Vec<Counted>,
    all: Vec<Counted>,
    places: HashMap<String, u32>,
}

/// A call: when it began, its key, its party, and whether nobody took it.
type Counted = (i64, i64, u32, bool);

impl<W: Fn(&Fact) -> bool> Callers<W> {
    /// Creates counts of the `newest` calls that are wanted.
    pub fn new(newest: usize, wants: W) -> Self {
        Self { wants, newest, of_span: Vec::new(), all: Vec::new(), places: HashMap::new() }
    }

    /// Returns the counts by party, in no particular order.
    pub fn finish(mut self) -> Vec<(String, CallerCounts)> {
        if self.newest < self.all.len() {
            self.all.select_nth_unstable_by(self.newest, |a, b| b.cmp(a));
            self.all.truncate(self.newest);
        }
        let mut counts = vec![CallerCounts::default(); self.places.len()];
        for (_, _, place, is_missed) in self.all {
            if let Some(counts) = counts.get_mut(place as usize) {
                counts.calls += 1;
                counts.missed += i64::from(is_missed);
            }
        }
        let counted = |(party, place): (String, u32)| Some((party, *counts.get(place as usize)?));
        self.places.into_iter().filter_map(counted).filter(|(_, counts)| counts.calls > 0).collect()
    }
}

impl<W: Fn(&Fact) -> bool> Count for Callers<W> {
    const NEEDS_NUMBERS: bool = true;

    fn begin(&mut self, _: &Names, _: &Names) {}

    fn add(&mut self, fact: &Fact) {
        if fact.party.0 != 0 && (self.wants)(fact) {
            let is_missed = fact.class().is_some_and(|class| class.progress == Progress::Ended(Outcome::Missed));
            self.of_span.push((fact.started_ms, fact.key, fact.party.0, is_missed));
        }
    }

    fn end(&mut self, _: &Names, numbers: &Names) {
        // Of each number its place, once it is looked up; `Some(None)` for a number that nobody can be known by.
        let mut places = vec![None; numbers.len()];
        for (started_ms, key, party, is_missed) in self.of_span.drain(..) {
            let Some(place) = places.get_mut(party as usize) else { continue };
            let place = *place.get_or_insert_with(|| {
                let party = normal(numbers.get(NameId(party)));
                let next = u32::try_from(self.places.len()).unwrap_or(u32::MAX);
                (!party.is_empty()).then(|| *self.places.entry(party.to_owned()).or_insert(next))
            });
            self.all.extend(place.map(|place| (started_ms, key, place, is_missed)));
        }
    }

    fn is_enough(&self) -> bool {
        self.all.len() >= self.newest
    }
}
