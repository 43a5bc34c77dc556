//! All routes, compiled for deciding: in memory, swapped whole when routes change.

use std::cmp::Reverse;
use std::sync::Arc;

use self::filing::{Filed, Sharing};
use super::answer::Answer;
use super::hours::HoursContext;
use super::incoming::{History, Incoming};
use super::index::Index;
use super::lists::{Lists, Side, SideReader};
use super::matching::Spellings;
use super::named::{ClosedSwitch, Shared};
use super::opening::{Opening, Openings};
use super::route::Route;
use crate::calls::phone::Numbering;
use crate::fields::FieldError;
use crate::placetel::reply::EMPTY_RESPONSE;

pub(super) mod cover;
mod filing;
pub(super) mod look;

/// What a call is answered, and why. That no route matched is a decision, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The route that matched; `None` when none did.
    pub route_id: Option<i64>,
    /// Its name at that time.
    pub route_name: Option<Arc<str>>,
    /// The document for the PBX, word for word.
    pub xml: Arc<str>,
    /// When it was decided, milliseconds since 1970 UTC.
    pub decided_ms: i64,
    /// By which revision of the routes, where that is known.
    pub revision: Option<i64>,
    /// How many microseconds it took, where that was measured.
    pub took_us: Option<i64>,
}

/// A stored route that cannot be used (any more); it matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// Which route.
    pub route_id: i64,
    /// Its name.
    pub route_name: String,
    /// What is wrong with it.
    pub error: FieldError,
}

/// What routes are compiled with.
#[derive(Clone, Copy, Debug)]
pub struct Surroundings<'a> {
    /// How numbers are read.
    pub numbering: &'a Arc<Numbering>,
    /// Where the business is.
    pub hours: &'a HoursContext,
    /// What the routes may name.
    pub shared: &'a Shared,
}

/// All enabled routes in order, and the ways to those that may match.
#[derive(Debug)]
pub struct RoutingTable {
    numbering: Arc<Numbering>,
    routes: Vec<CompiledRoute>,
    lists: Lists,
    openings: Vec<Opening>,
    closed: Option<ClosedSwitch>,
    /// Every route is filed in exactly one of these three, by its place in `routes`.
    by_to: Filed,
    by_from: Filed,
    for_any: Vec<usize>,
    no_route: Arc<str>,
}

#[derive(Debug)]
struct CompiledRoute {
    id: i64,
    name: Arc<str>,
    to: Numbers,
    from: Numbers,
    /// A place in `openings`; `None` = always.
    opening: Option<usize>,
    answer: Answer,
}

/// The numbers of `to` or `from`: as fast to ask with ten thousand patterns as with one.
#[derive(Debug)]
struct Numbers {
    any: bool,
    meant: Index<()>,
    /// Places in [`Lists`].
    lists: Vec<usize>,
}

/// A number of the call, and the lists that hold it.
struct Asked {
    number: Option<Spellings>,
    lists: Vec<usize>,
}

impl Numbers {
    fn new(side: Side, lists: &Lists) -> Self {
        let mut meant = Index::default();
        for pattern in &side.patterns {
            meant.file(pattern, |()| {});
        }
        Self { any: side.is_any(lists), meant, lists: side.lists }
    }

    fn matches(&self, asked: &Asked) -> bool {
        self.any
            || self.lists.iter().any(|list| asked.lists.contains(list))
            || asked.number.as_ref().is_some_and(|number| self.meant.find(number).next().is_some())
    }
}

/// A route on its way into the table.
struct Parsed<'a> {
    route: &'a Route,
    to: Side,
    from: Side,
    opening: Option<usize>,
}

impl RoutingTable {
    /// Compiles the enabled routes, in whatever order they come; those that cannot be used are left out and
    /// handed back.
    pub fn compile(routes: &[Route], surroundings: Surroundings<'_>) -> (Self, Vec<Unusable>) {
        let Surroundings { numbering, hours, shared } = surroundings;
        let mut unusable = Vec::new();
        let mut parsed = Vec::new();
        let (mut sides, mut openings) = (SideReader::new(numbering, shared), Openings::new(hours, shared));
        for route in routes.iter().filter(|route| route.enabled) {
            match parse(route, &mut sides, &mut openings) {
                Ok(usable) => parsed.push(usable),
                Err(error) => {
                    unusable.push(Unusable { route_id: route.id, route_name: route.name.clone(), error });
                }
            }
        }
        parsed.sort_by_key(|parsed| (parsed.route.position, parsed.route.id));
        let mut table = Self {
            numbering: Arc::clone(numbering),
            routes: Vec::with_capacity(parsed.len()),
            lists: sides.into_lists(),
            openings: openings.into_all(),
            closed: shared.closed,
            by_to: Filed::default(),
            by_from: Filed::default(),
            for_any: Vec::new(),
            no_route: EMPTY_RESPONSE.into(),
        };
        table.file(&parsed);
        table.routes = parsed.into_iter().map(|parsed| CompiledRoute::new(parsed, &table.lists)).collect();
        (table, unusable)
    }

    /// Files each route on the side whose numbers it shares with fewer others: a thousand callers blocked on
    /// the main line are found by the caller.
    fn file(&mut self, parsed: &[Parsed<'_>]) {
        let mut sharing = (Sharing::default(), Sharing::default());
        for Parsed { to, from, .. } in parsed {
            sharing.0.count(to);
            sharing.1.count(from);
        }
        for (place, Parsed { to, from, .. }) in parsed.iter().enumerate() {
            let most = |sharing: &Sharing, side: &Side| (!side.is_any(&self.lists)).then(|| sharing.most(side));
            let (by_to, by_from) = (most(&sharing.0, to), most(&sharing.1, from));
            match (by_to.map(Reverse), by_from.map(Reverse)) {
                (None, None) => self.for_any.push(place),
                (by_to, by_from) if by_to >= by_from => self.by_to.file(to, place),
                _ => self.by_from.file(from, place),
            }
        }
    }

    /// What a call gets: the first route that matches, else the empty response. The same call, table and history
    /// give the same answer.
    pub fn decide(&self, call: &Incoming<'_>, history: &History) -> Decision {
        let (from, to) = (self.asked(call.from), self.asked(call.to));
        let matching = self.candidates(&from, &to).find(|route| self.mismatch(route, &from, &to, call.at_ms).is_none());
        Decision {
            route_id: matching.map(|route| route.id),
            route_name: matching.map(|route| Arc::clone(&route.name)),
            xml: matching
                .map_or_else(|| Arc::clone(&self.no_route), |route| route.answer.xml(call, &self.numbering, history)),
            decided_ms: call.at_ms,
            revision: None,
            took_us: None,
        }
    }

    fn asked(&self, number: Option<&str>) -> Asked {
        let number = number.and_then(|number| Spellings::of(number, &self.numbering));
        Asked { lists: self.lists.holding(number.as_ref()), number }
    }

    /// The routes that may match, in order, each once.
    fn candidates<'a>(&'a self, from: &'a Asked, to: &'a Asked) -> impl Iterator<Item = &'a CompiledRoute> {
        let found = self.by_to.find(to).chain(self.by_from.find(from)).chain([self.for_any.as_slice()]);
        let mut lists: Vec<&[usize]> = found.filter(|places| !places.is_empty()).collect();
        std::iter::from_fn(move || {
            let next = *lists.iter().filter_map(|places| places.first()).min()?;
            for places in &mut lists {
                if let [first, rest @ ..] = places
                    && *first == next
                {
                    *places = rest;
                }
            }
            self.routes.get(next)
        })
    }

    /// What keeps a route from answering a call; `None` if it matches.
    fn mismatch(&self, route: &CompiledRoute, from: &Asked, to: &Asked, at_ms: i64) -> Option<Mismatch> {
        if !route.to.matches(to) {
            Some(Mismatch::To)
        } else if !route.from.matches(from) {
            Some(Mismatch::From)
        } else {
            (!self.takes_part(route, at_ms)).then_some(Mismatch::Hours)
        }
    }

    fn takes_part(&self, route: &CompiledRoute, at_ms: i64) -> bool {
        route.opening.is_none_or(|place| {
            let is_closed = self.closed.is_some_and(|closed| closed.holds(at_ms));
            self.openings.get(place).is_some_and(|opening| opening.takes_part(at_ms, is_closed))
        })
    }

    /// For how many days back decisions ask who accepted a caller's last call; `None`: they do not.
    pub fn last_peer_days(&self) -> Option<u16> {
        self.routes.iter().filter_map(|route| route.answer.last_peer_days()).max()
    }

    /// The name of a route that takes part.
    pub fn name_of(&self, id: i64) -> Option<&str> {
        self.routes.iter().find(|route| route.id == id).map(|route| &*route.name)
    }

    /// How many routes take part.
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// Whether no route takes part.
    pub fn is_empty(&self) -> bool {
        self.routes.is_empty()
    }
}

/// The first condition of a route that a call does not meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    To,
    From,
    Hours,
}

impl CompiledRoute {
    fn new(Parsed { route, to, from, opening }: Parsed<'_>, lists: &Lists) -> Self {
        Self {
            id: route.id,
            name: route.name.as_str().into(),
            to: Numbers::new(to, lists),
            from: Numbers::new(from, lists),
            opening,
            answer: Answer::new(&route.reply),
        }
    }
}

fn parse<'a>(
    route: &'a Route,
    sides: &mut SideReader<'_>,
    openings: &mut Openings<'a>,
) -> Result<Parsed<'a>, FieldError> {
    let to = sides.read("to", &route.to)?;
    let from = sides.read("from", &route.from)?;
    let opening = route.hours.as_deref().map(|hours| openings.place(hours)).transpose();
    let opening = opening.map_err(|problem| FieldError { field: "hours".into(), problem })?;
    Ok(Parsed { route, to, from, opening })
}

#[cfg(test)]
mod tests;
