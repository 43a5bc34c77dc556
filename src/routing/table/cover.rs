//! Which routes leave nothing to others, and when a number is left without any.

use super::{CompiledRoute, Numbers, RoutingTable};
use crate::routing::index::Index;
use crate::routing::matching::Pattern;

/// How many comparisons one look at a table may take: with far fewer it is done for any table that people made.
const MAX_COMPARISONS: usize = 2_000_000;

/// More comparisons would be needed than one look may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::routing) struct TooMany;

/// Routes filed under their numbers, to find those whose numbers include all of another's.
#[derive(Default)]
struct Wider {
    any: Vec<usize>,
    some: Index<Vec<usize>>,
}

impl Wider {
    fn file(&mut self, numbers: &Numbers, place: usize) {
        if numbers.any {
            self.any.push(place);
        } else {
            self.some.file_keys(&numbers.meant, |places| places.push(place));
        }
    }

    /// Those that may include all of `numbers`; none is left out.
    fn than<'a>(&'a self, numbers: &'a Numbers) -> Vec<&'a [usize]> {
        let some = (!numbers.any).then(|| self.some.around(&numbers.meant));
        some.into_iter().flatten().chain([&self.any]).map(Vec::as_slice).collect()
    }
}

impl Numbers {
    fn include(&self, others: &Self) -> bool {
        self.any || !others.any && self.meant.covers(&others.meant)
    }
}

impl RoutingTable {
    /// The ids of the routes that take part, in order.
    pub(in crate::routing) fn ids(&self) -> impl Iterator<Item = i64> {
        self.routes.iter().map(|route| route.id)
    }

    /// Whether some route takes every call at all times.
    pub(in crate::routing) fn has_last_resort(&self) -> bool {
        self.routes.iter().any(|route| route.to.any && route.from.any && route.hours.is_none())
    }

    /// Whether some route is for any number and any caller, at some hours.
    pub(in crate::routing) fn has_any_number(&self) -> bool {
        self.routes.iter().any(|route| route.to.any && route.from.any)
    }

    /// Places of routes that can never match, each with the first earlier one that takes all their calls.
    /// `are_hours_included` says of two places whether the first is open whenever the second is.
    pub(in crate::routing) fn covered(
        &self,
        are_hours_included: impl Fn(usize, usize) -> bool,
    ) -> Result<Vec<(usize, usize)>, TooMany> {
        let (mut by_to, mut by_from, mut left) = (Wider::default(), Wider::default(), MAX_COMPARISONS);
        let mut covered = Vec::new();
        for (place, route) in self.routes.iter().enumerate() {
            let count = |lists: &[&[usize]]| lists.iter().map(|places| places.len()).sum::<usize>();
            let (wider_to, wider_from) = (by_to.than(&route.to), by_from.than(&route.from));
            let wider = if count(&wider_to) <= count(&wider_from) { wider_to } else { wider_from };
            left = left.checked_sub(count(&wider) + route.to.meant.len() + route.from.meant.len()).ok_or(TooMany)?;
            let covers = |earlier: &usize| {
                are_hours_included(*earlier, place)
                    && self.routes.get(*earlier).is_some_and(|earlier| earlier.takes_all_numbers_of(route))
            };
            let first = wider.into_iter().flatten().copied().filter(covers).min();
            covered.extend(first.map(|earlier| (place, earlier)));
            by_to.file(&route.to, place);
            by_from.file(&route.from, place);
        }
        Ok(covered)
    }

    /// For each pattern the places of all routes that take its calls from any caller while they are open.
    pub(in crate::routing) fn takers<'a>(
        &self,
        patterns: impl Iterator<Item = &'a Pattern>,
    ) -> Result<Vec<Vec<usize>>, TooMany> {
        let (mut by_to, mut left) = (Wider::default(), MAX_COMPARISONS);
        for (place, route) in self.routes.iter().enumerate().filter(|(_, route)| route.from.any) {
            by_to.file(&route.to, place);
        }
        let mut takers = Vec::new();
        for pattern in patterns {
            let numbers = Numbers::new(std::slice::from_ref(pattern));
            let wider: Vec<usize> = by_to.than(&numbers).into_iter().flatten().copied().collect();
            left = left.checked_sub(wider.len() + 1).ok_or(TooMany)?;
            let takes = |place: &usize| self.routes.get(*place).is_some_and(|route| route.to.include(&numbers));
            takers.push(wider.into_iter().filter(takes).collect());
        }
        Ok(takers)
    }

    /// Whether the route at a place is open at an instant.
    pub(in crate::routing) fn is_open(&self, place: usize, at_ms: i64) -> bool {
        self.routes.get(place).is_some_and(|route| route.is_open(at_ms))
    }

    /// Whether the route at a place is open at some time within so many days from an instant on.
    pub(in crate::routing) fn opens_within(&self, place: usize, at_ms: i64, days: u64) -> bool {
        self.routes.get(place).is_some_and(|route| {
            route.is_open(at_ms) || route.hours.as_ref().is_some_and(|hours| hours.opens_within(at_ms, days).is_some())
        })
    }
}

impl CompiledRoute {
    fn takes_all_numbers_of(&self, other: &Self) -> bool {
        self.to.include(&other.to) && self.from.include(&other.from)
    }
}
