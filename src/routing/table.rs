//! The routing table: all routes, compiled for deciding, in memory, and swapped as a whole when routes change.

use std::cmp::Reverse;
use std::sync::Arc;

use smallvec::SmallVec;

use self::candidates::{BloomMask, Candidate, Candidates, NumberSide, merged};
use self::filing::{Asked, Filed, Key, KeyIds, Sharing};
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

mod candidates;
pub(super) mod cover;
mod filing;
pub(super) mod look;

/// The decision for a call: the answer, and the route that gave it. That no route matched is a decision, too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The route that matched; `None` when none did.
    pub route_id: Option<i64>,
    /// The name of the route at that time.
    pub route_name: Option<Arc<str>>,
    /// The XML document for the PBX, verbatim.
    pub xml: Arc<str>,
    /// The time of the decision, in milliseconds since 1970 UTC.
    pub decided_ms: i64,
    /// The revision of the routes that decided, where that is known.
    pub revision: Option<i64>,
    /// The time that the decision took, in microseconds, where that was measured.
    pub took_us: Option<i64>,
}

/// A stored route that cannot be used (any more); it matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The id of the route.
    pub route_id: i64,
    /// The name of the route.
    pub route_name: String,
    /// What is wrong with it.
    pub error: FieldError,
}

/// The context in which routes are compiled.
#[derive(Clone, Copy, Debug)]
pub struct CompileContext<'a> {
    /// The numbering plan by which numbers are read.
    pub numbering: &'a Arc<Numbering>,
    /// The locale of the business: time zone and public holidays.
    pub hours: &'a HoursContext,
    /// The lists and schedules that the routes may name, and the closed switch.
    pub shared: &'a Shared,
}

/// All enabled routes in order, with the indexes that find those that may match.
#[derive(Debug)]
pub struct RoutingTable {
    numbering: Arc<Numbering>,
    routes: Vec<CompiledRoute>,
    lists: Lists,
    openings: Vec<Opening>,
    closed: Option<ClosedSwitch>,
    /// The index of routes, as places in `routes`, by numbers and lists; every route is indexed on one side only.
    filed: Filed,
    for_any: Vec<Candidate>,
    no_route: Arc<str>,
}

#[derive(Debug)]
struct CompiledRoute {
    id: i64,
    name: Arc<str>,
    to: CompiledSide,
    from: CompiledSide,
    /// A place in `openings`; `None` = always.
    opening: Option<usize>,
    answer: Answer,
}

/// The numbers of `to` or `from`.
#[derive(Debug)]
struct Numbers {
    any: bool,
    /// The keys of the patterns, boxed because deciding walks over many routes and does not look at them.
    meant: Box<Index<()>>,
    /// Places in [`Lists`].
    lists: Vec<usize>,
}

/// One compiled side of a route, `to` or `from`: matching is as fast with ten thousand patterns as with one.
#[derive(Debug)]
struct CompiledSide {
    numbers: Numbers,
    /// The ids of its [`Key`]s in order.
    keys: KeyIds,
}

/// The numbers of a call, normalised once for lookups in tables.
#[derive(Clone, Debug)]
pub(super) struct Spelled {
    from: Option<Spellings>,
    to: Option<Spellings>,
}

impl Spelled {
    pub(super) fn new(from: Option<&str>, to: Option<&str>, numbering: &Numbering) -> Self {
        let spell = |number: Option<&str>| number.and_then(|number| Spellings::of(number, numbering));
        Self { from: spell(from), to: spell(to) }
    }
}

impl CompiledSide {
    fn new(side: Side, table: &RoutingTable) -> Self {
        let keys = table.filed.ids(&side);
        let mut meant = Box::<Index<()>>::default();
        side.patterns.iter().for_each(|pattern| meant.file(pattern, |()| {}));
        Self { numbers: Numbers { any: side.is_any(&table.lists), meant, lists: side.lists }, keys }
    }

    fn matches(&self, asked: &Asked<'_>) -> bool {
        self.numbers.any
            || asked.keys.iter().any(|key| key.is_in(&self.keys))
            || self.numbers.lists.iter().any(|list| asked.lists.contains(list))
    }
}

/// A parsed route that is not compiled yet.
struct Parsed<'a> {
    route: &'a Route,
    to: Side,
    from: Side,
    opening: Option<usize>,
}

impl RoutingTable {
    /// Compiles the enabled routes, in whatever order they come; those that cannot be used are left out and
    /// returned.
    pub fn compile(routes: &[Route], compile_context: CompileContext<'_>) -> (Self, Vec<Unusable>) {
        let CompileContext { numbering, hours, shared } = compile_context;
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
            filed: Filed::new(parsed.iter().flat_map(|parsed| [&parsed.to, &parsed.from])),
            for_any: Vec::new(),
            no_route: EMPTY_RESPONSE.into(),
        };
        table.file(&parsed);
        table.routes = parsed.into_iter().map(|parsed| CompiledRoute::new(parsed, &table)).collect();
        (table, unusable)
    }

    /// Indexes each route on its more selective side, whose numbers it shares with fewer others: a thousand callers
    /// blocked on the main line are found by the caller.
    fn file(&mut self, parsed: &[Parsed<'_>]) {
        let mut sharing = (Sharing::default(), Sharing::default());
        for Parsed { to, from, .. } in parsed {
            sharing.0.count(to);
            sharing.1.count(from);
        }
        for (place, Parsed { to, from, .. }) in parsed.iter().enumerate() {
            let most = |sharing: &Sharing, side: &Side| (!side.is_any(&self.lists)).then(|| sharing.most(side));
            let (by_to, by_from) = (most(&sharing.0, to), most(&sharing.1, from));
            let found = |other: &Side| Candidate { place, other: self.mask(other) };
            match (by_to.map(Reverse), by_from.map(Reverse)) {
                (None, None) => self.for_any.push(found(from)),
                (by_to, by_from) if by_to >= by_from => self.filed.file(NumberSide::To, to, found(from)),
                _ => self.filed.file(NumberSide::From, from, found(to)),
            }
        }
    }

    fn mask(&self, side: &Side) -> BloomMask {
        if side.is_any(&self.lists) {
            BloomMask::ANY
        } else {
            BloomMask::of(self.filed.ids(side).into_iter(), &side.lists)
        }
    }

    /// Decides a call: the first route that matches answers, else the answer is the empty response. Deterministic: the
    /// same call, table and history give the same answer.
    pub fn decide(&self, call: &Incoming<'_>, history: &History) -> Decision {
        self.decide_spelled(call, &Spelled::new(call.from, call.to, &self.numbering), history)
    }

    /// Decides like [`Self::decide`], for a call whose numbers are normalised already.
    pub(super) fn decide_spelled(&self, call: &Incoming<'_>, spelled: &Spelled, history: &History) -> Decision {
        let (from, to) = (self.asked(spelled.from.as_ref()), self.asked(spelled.to.as_ref()));
        let matching = self.candidates(&from, &to).find(|(route, found)| {
            // The side by which the route was found matches already: only the other one is checked.
            let other_matches = match found {
                None => true,
                Some(NumberSide::To) => route.from.matches(&from),
                Some(NumberSide::From) => route.to.matches(&to),
            };
            other_matches && self.takes_part(route, call.at_ms)
        });
        let matching = matching.map(|(route, _)| route);
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

    fn asked(&self, number: Option<&Spellings>) -> Asked<'_> {
        let keys: SmallVec<[&Key; 8]> = number.into_iter().flat_map(|number| self.filed.keys_of(number)).collect();
        let lists = self.lists.holding(number);
        let mask = BloomMask::of(keys.iter().map(|key| key.id()), &lists).with(BloomMask::ANY);
        Asked { keys, lists, mask }
    }

    /// Returns the numbering plan by which the numbers of calls are read.
    pub(super) fn numbering(&self) -> &Numbering {
        &self.numbering
    }

    /// Returns the routes that may match, in order, each once, and by which number each was found; `None` if it is for
    /// any.
    fn candidates<'a>(
        &'a self,
        from: &'a Asked<'_>,
        to: &'a Asked<'_>,
    ) -> impl Iterator<Item = (&'a CompiledRoute, Option<NumberSide>)> {
        let by_to = self
            .filed
            .find(NumberSide::To, to)
            .filter_map(|found| Candidates::new(found, from.mask, Some(NumberSide::To)));
        let by_from = self
            .filed
            .find(NumberSide::From, from)
            .filter_map(|found| Candidates::new(found, to.mask, Some(NumberSide::From)));
        let for_any = Candidates::new(&self.for_any, BloomMask::ANY, None);
        let all = by_to.chain(by_from).chain(for_any).collect();
        merged(all).filter_map(|(place, way)| Some((self.routes.get(place)?, way)))
    }

    /// Returns the first condition of a route that a call does not meet; `None` if it matches.
    fn mismatch(&self, route: &CompiledRoute, from: &Asked<'_>, to: &Asked<'_>, at_ms: i64) -> Option<Mismatch> {
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

    /// Returns for how many days back decisions ask who accepted a caller's last call; `None` if they do not ask.
    pub fn last_peer_days(&self) -> Option<u16> {
        self.routes.iter().filter_map(|route| route.answer.last_peer_days()).max()
    }

    /// Returns the name of a route that takes part.
    pub fn name_of(&self, id: i64) -> Option<&str> {
        self.routes.iter().find(|route| route.id == id).map(|route| &*route.name)
    }

    /// Returns how many routes take part.
    pub fn len(&self) -> usize {
        self.routes.len()
    }

    /// Returns whether no route takes part.
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
    fn new(Parsed { route, to, from, opening }: Parsed<'_>, table: &RoutingTable) -> Self {
        Self {
            id: route.id,
            name: route.name.as_str().into(),
            to: CompiledSide::new(to, table),
            from: CompiledSide::new(from, table),
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
