//! Coverage analysis: which routes are shadowed by earlier ones, and which numbers are left without a route.

use std::collections::{HashMap, HashSet};

use super::{CompiledRoute, Numbers, RoutingTable};
use crate::routing::index::Index;
use crate::routing::lists::Lists;
use crate::routing::matching::Pattern;
use crate::routing::named::Key;

/// Maximum number of comparisons in one analysis of a table; any table that people made needs far fewer.
const MAX_COMPARISONS: usize = 2_000_000;

/// The error that an analysis would exceed its work budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::routing) struct TooMany;

/// Index of routes by their numbers, to find those whose numbers include all of another's.
struct Wider<'a> {
    lists: &'a Lists,
    contents: &'a [Index<()>],
    any: Vec<usize>,
    some: Index<Vec<usize>>,
    by_list: HashMap<usize, Vec<usize>>,
}

impl<'a> Wider<'a> {
    fn new(lists: &'a Lists, contents: &'a [Index<()>]) -> Self {
        Self { lists, contents, any: Vec::new(), some: Index::default(), by_list: HashMap::new() }
    }

    fn file(&mut self, numbers: &Numbers, place: usize) {
        if numbers.any {
            self.any.push(place);
            return;
        }
        self.some.file_keys(&numbers.meant, |places| places.push(place));
        for list in &numbers.lists {
            self.by_list.entry(*list).or_default().push(place);
        }
    }

    /// Returns candidates, the places of routes that may include all of `numbers`; none is left out.
    fn than<'b>(&'b self, numbers: &'b Numbers) -> Vec<&'b [usize]> {
        let mut wider = vec![self.any.as_slice()];
        // A route that includes all numbers includes those of any one part, so it is enough to look for one part.
        if let Some(part) = numbers.parts(self.contents).find(|part| part.len() > 0).filter(|_| !numbers.any) {
            wider.extend(self.some.around(part).map(Vec::as_slice));
            let by_list = self.lists.around(part).filter_map(|list| self.by_list.get(&list));
            wider.extend(by_list.map(Vec::as_slice));
        }
        wider
    }
}

impl Numbers {
    fn parts<'a>(&'a self, contents: &'a [Index<()>]) -> impl Iterator<Item = &'a Index<()>> {
        std::iter::once(&*self.meant).chain(self.lists.iter().filter_map(|list| contents.get(*list)))
    }

    /// Returns whether no number at all is meant, because the lists are empty.
    fn is_nobody(&self, contents: &[Index<()>]) -> bool {
        !self.any && self.parts(contents).all(|part| part.len() == 0)
    }

    fn include(&self, others: &Self, contents: &[Index<()>]) -> bool {
        if self.any || others.any {
            return self.any;
        }
        let mine: Vec<&Index<()>> = self.parts(contents).collect();
        let lists = others.lists.iter().filter(|list| !self.lists.contains(list));
        Index::cover(&mine, &others.meant)
            && lists.filter_map(|list| contents.get(*list)).all(|list| Index::cover(&mine, list))
    }

    /// Returns how many keys of lists [`Self::include`] looks at, at most.
    fn cost(&self, others: &Self, contents: &[Index<()>]) -> usize {
        let lists = others.lists.iter().filter(|list| !self.any && !self.lists.contains(list));
        lists.filter_map(|list| contents.get(*list)).map(Index::len).sum::<usize>()
    }
}

impl RoutingTable {
    /// Returns the ids of the routes that take part, in order.
    pub(in crate::routing) fn ids(&self) -> impl Iterator<Item = i64> {
        self.routes.iter().map(|route| route.id)
    }

    /// Returns whether some route takes every call at all times, or two do together: one while a schedule is open, one
    /// while it is closed.
    pub(in crate::routing) fn has_last_resort(&self) -> bool {
        let schedules: HashSet<(&Key, bool)> = self.for_everybody().filter_map(|route| self.schedule(route)).collect();
        self.for_everybody().any(|route| route.opening.is_none())
            || schedules.iter().any(|(key, when_open)| schedules.contains(&(*key, !when_open)))
    }

    fn schedule(&self, route: &CompiledRoute) -> Option<(&Key, bool)> {
        self.openings.get(route.opening?)?.schedule()
    }

    /// Returns whether some route is for any number and any caller, at some hours.
    pub(in crate::routing) fn has_any_number(&self) -> bool {
        self.for_everybody().next().is_some()
    }

    fn for_everybody(&self) -> impl Iterator<Item = &CompiledRoute> {
        self.routes.iter().filter(|route| route.to.numbers.any && route.from.numbers.any)
    }

    /// Returns the places of routes that are for nobody, because the lists that they name are empty.
    pub(in crate::routing) fn for_nobody(&self) -> Vec<usize> {
        let contents = self.lists.contents();
        let places = self.routes.iter().enumerate().filter(|(_, route)| route.is_for_nobody(&contents));
        places.map(|(place, _)| place).collect()
    }

    /// Returns the places of shadowed routes, which can never match, each with the first earlier one that takes all its
    /// calls.
    pub(in crate::routing) fn covered(&self) -> Result<Vec<(usize, usize)>, TooMany> {
        let contents = self.lists.contents();
        let (mut by_to, mut by_from) = (Wider::new(&self.lists, &contents), Wider::new(&self.lists, &contents));
        let (mut left, mut covered) = (MAX_COMPARISONS, Vec::new());
        for (place, route) in self.routes.iter().enumerate().filter(|(_, route)| !route.is_for_nobody(&contents)) {
            let count = |lists: &[&[usize]]| lists.iter().map(|places| places.len()).sum::<usize>();
            let (wider_to, wider_from) = (by_to.than(&route.to.numbers), by_from.than(&route.from.numbers));
            let wider = if count(&wider_to) <= count(&wider_from) { wider_to } else { wider_from };
            let looks = count(&wider) + route.to.numbers.meant.len() + route.from.numbers.meant.len();
            let earlier = wider.into_iter().flatten().filter_map(|place| Some((*place, self.routes.get(*place)?)));
            let earlier: Vec<_> = earlier.filter(|(_, earlier)| earlier.is_open_with(route)).collect();
            let cost = |(_, earlier): &(usize, &CompiledRoute)| earlier.cost(route, &contents);
            left = left.checked_sub(looks + earlier.iter().map(cost).sum::<usize>()).ok_or(TooMany)?;
            let covers = |(place, earlier): (usize, &CompiledRoute)| {
                earlier.takes_all_numbers_of(route, &contents).then_some(place)
            };
            covered.extend(earlier.into_iter().filter_map(covers).min().map(|earlier| (place, earlier)));
            by_to.file(&route.to.numbers, place);
            by_from.file(&route.from.numbers, place);
        }
        Ok(covered)
    }

    /// Returns for each pattern the places of all routes that take its calls from any caller while they are open.
    pub(in crate::routing) fn takers<'a>(
        &self,
        patterns: impl Iterator<Item = &'a Pattern>,
    ) -> Result<Vec<Vec<usize>>, TooMany> {
        let contents = self.lists.contents();
        let (mut by_to, mut left) = (Wider::new(&self.lists, &contents), MAX_COMPARISONS);
        for (place, route) in self.routes.iter().enumerate().filter(|(_, route)| route.from.numbers.any) {
            by_to.file(&route.to.numbers, place);
        }
        let mut takers = Vec::new();
        for pattern in patterns {
            let numbers = Numbers::of(pattern);
            let wider: Vec<usize> = by_to.than(&numbers).into_iter().flatten().copied().collect();
            left = left.checked_sub(wider.len() + 1).ok_or(TooMany)?;
            let takes = |place: &usize| {
                self.routes.get(*place).is_some_and(|route| route.to.numbers.include(&numbers, &contents))
            };
            takers.push(wider.into_iter().filter(takes).collect());
        }
        Ok(takers)
    }

    /// Returns how many different hours routes have.
    pub(in crate::routing) fn different_hours(&self) -> usize {
        self.openings.len()
    }

    /// Returns which of the different hours the route at a place has; `None` = always.
    pub(in crate::routing) fn hours_of(&self, place: usize) -> Option<usize> {
        self.routes.get(place)?.opening
    }

    /// Returns whether routes with these hours take part at an instant.
    pub(in crate::routing) fn is_open(&self, hours: usize, at_ms: i64) -> bool {
        let is_closed = self.closed.is_some_and(|closed| closed.holds(at_ms));
        self.openings.get(hours).is_some_and(|opening| opening.takes_part(at_ms, is_closed))
    }

    /// Returns whether routes with these hours take part at some time within so many days from an instant on. Those for
    /// when a schedule is closed do whenever somebody closes by the switch.
    pub(in crate::routing) fn opens_within(&self, hours: usize, at_ms: i64, days: u64) -> bool {
        self.openings.get(hours).is_some_and(|opening| {
            !opening.is_for_open()
                || opening.takes_part(at_ms, false)
                || opening.takes_part_after(at_ms, days, None).is_some()
        })
    }
}

impl Numbers {
    fn of(pattern: &Pattern) -> Self {
        let mut meant = Box::<Index<()>>::default();
        meant.file(pattern, |()| {});
        Self { any: *pattern == Pattern::Any, meant, lists: Vec::new() }
    }
}

impl CompiledRoute {
    fn is_for_nobody(&self, contents: &[Index<()>]) -> bool {
        self.to.numbers.is_nobody(contents) || self.from.numbers.is_nobody(contents)
    }

    /// Returns whether the route certainly takes part whenever the other does.
    fn is_open_with(&self, other: &Self) -> bool {
        self.opening.is_none() || self.opening == other.opening
    }

    fn takes_all_numbers_of(&self, other: &Self, contents: &[Index<()>]) -> bool {
        self.to.numbers.include(&other.to.numbers, contents) && self.from.numbers.include(&other.from.numbers, contents)
    }

    fn cost(&self, other: &Self, contents: &[Index<()>]) -> usize {
        let to = self.to.numbers.cost(&other.to.numbers, contents);
        to.max(self.from.numbers.cost(&other.from.numbers, contents))
    }
}
