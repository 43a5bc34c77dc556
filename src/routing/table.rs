//! All routes, compiled for deciding: in memory, swapped whole when routes change, the XML ready.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::Arc;

use super::hours::{Hours, HoursContext, HoursError};
use super::index::Index;
use super::matching::{Pattern, Spellings};
use super::route::Route;
use crate::calls::phone::Numbering;
use crate::fields::FieldError;
use crate::placetel::reply::EMPTY_RESPONSE;

pub(super) mod cover;
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

/// All enabled routes in order, and the ways to those that may match.
#[derive(Debug)]
pub struct RoutingTable {
    numbering: Arc<Numbering>,
    routes: Vec<CompiledRoute>,
    /// Every route is filed in exactly one of these three, by its place in `routes`.
    by_to: Index<Vec<usize>>,
    by_from: Index<Vec<usize>>,
    for_any: Vec<usize>,
    no_route: Arc<str>,
}

#[derive(Debug)]
struct CompiledRoute {
    id: i64,
    name: Arc<str>,
    to: Numbers,
    from: Numbers,
    hours: Option<Hours>,
    xml: Arc<str>,
}

/// The numbers of `to` or `from`: as fast to ask with ten thousand patterns as with one.
#[derive(Debug)]
struct Numbers {
    any: bool,
    meant: Index<()>,
}

impl Numbers {
    fn new(patterns: &[Pattern]) -> Self {
        let mut meant = Index::default();
        for pattern in patterns {
            meant.file(pattern, |()| {});
        }
        Self { any: is_any(patterns), meant }
    }

    fn matches(&self, number: Option<&Spellings>) -> bool {
        self.any || number.is_some_and(|number| self.meant.find(number).next().is_some())
    }
}

fn is_any(patterns: &[Pattern]) -> bool {
    patterns.is_empty() || patterns.contains(&Pattern::Any)
}

/// A route on its way into the table.
struct Parsed<'a> {
    route: &'a Route,
    to: Vec<Pattern>,
    from: Vec<Pattern>,
    hours: Option<Hours>,
}

impl RoutingTable {
    /// Compiles the enabled routes, in whatever order they come; those that cannot be used are left out and
    /// handed back.
    pub fn compile(routes: &[Route], numbering: &Arc<Numbering>, context: &HoursContext) -> (Self, Vec<Unusable>) {
        let mut unusable = Vec::new();
        let mut parsed = Vec::new();
        let mut known_hours = HashMap::new();
        for route in routes.iter().filter(|route| route.enabled) {
            match parse(route, numbering, context, &mut known_hours) {
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
            by_to: Index::default(),
            by_from: Index::default(),
            for_any: Vec::new(),
            no_route: EMPTY_RESPONSE.into(),
        };
        table.file(&parsed);
        table.routes.extend(parsed.into_iter().map(CompiledRoute::from));
        (table, unusable)
    }

    /// Files each route on the side whose numbers it shares with fewer others: a thousand callers blocked on
    /// the main line are found by the caller.
    fn file(&mut self, parsed: &[Parsed<'_>]) {
        let mut sharing = (Index::<usize>::default(), Index::<usize>::default());
        for Parsed { to, from, .. } in parsed {
            to.iter().for_each(|pattern| sharing.0.file(pattern, |count| *count += 1));
            from.iter().for_each(|pattern| sharing.1.file(pattern, |count| *count += 1));
        }
        let shared = |patterns: &[Pattern], sharing: &Index<usize>| {
            let most = patterns.iter().flat_map(|pattern| sharing.of(pattern)).max();
            most.copied().filter(|_| !is_any(patterns))
        };
        for (place, Parsed { to, from, .. }) in parsed.iter().enumerate() {
            let (by_to, by_from) = (shared(to, &sharing.0), shared(from, &sharing.1));
            let (patterns, index) = match (by_to.map(Reverse), by_from.map(Reverse)) {
                (None, None) => {
                    self.for_any.push(place);
                    continue;
                }
                (by_to, by_from) if by_to >= by_from => (to, &mut self.by_to),
                _ => (from, &mut self.by_from),
            };
            for pattern in patterns {
                index.file(pattern, |places| {
                    // Two spellings of one route may be one key.
                    if places.last() != Some(&place) {
                        places.push(place);
                    }
                });
            }
        }
    }

    /// What a call gets: the first route that matches, else the empty response. `from` and `to` as received,
    /// `at_ms` in epoch milliseconds.
    pub fn decide(&self, from: Option<&str>, to: Option<&str>, at_ms: i64) -> Decision {
        let from = from.and_then(|number| Spellings::of(number, &self.numbering));
        let to = to.and_then(|number| Spellings::of(number, &self.numbering));
        self.decide_spelled(from.as_ref(), to.as_ref(), at_ms)
    }

    fn decide_spelled(&self, from: Option<&Spellings>, to: Option<&Spellings>, at_ms: i64) -> Decision {
        let matching = self.candidates(from, to).find(|route| route.mismatch(from, to, at_ms).is_none());
        match matching {
            Some(route) => Decision {
                route_id: Some(route.id),
                route_name: Some(Arc::clone(&route.name)),
                xml: Arc::clone(&route.xml),
                decided_ms: at_ms,
                revision: None,
                took_us: None,
            },
            None => Decision {
                route_id: None,
                route_name: None,
                xml: Arc::clone(&self.no_route),
                decided_ms: at_ms,
                revision: None,
                took_us: None,
            },
        }
    }

    /// The routes that may match, in order, each once.
    fn candidates<'a>(
        &'a self,
        from: Option<&'a Spellings>,
        to: Option<&'a Spellings>,
    ) -> impl Iterator<Item = &'a CompiledRoute> {
        let found_to = to.into_iter().flat_map(|number| self.by_to.find(number));
        let found_from = from.into_iter().flat_map(|number| self.by_from.find(number));
        let mut lists: Vec<&[usize]> =
            found_to.chain(found_from).chain([&self.for_any]).map(Vec::as_slice).filter(|l| !l.is_empty()).collect();
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
    /// What keeps it from answering a call; `None` if it matches.
    fn mismatch(&self, from: Option<&Spellings>, to: Option<&Spellings>, at_ms: i64) -> Option<Mismatch> {
        if !self.to.matches(to) {
            Some(Mismatch::To)
        } else if !self.from.matches(from) {
            Some(Mismatch::From)
        } else {
            (!self.is_open(at_ms)).then_some(Mismatch::Hours)
        }
    }

    fn is_open(&self, at_ms: i64) -> bool {
        self.hours.as_ref().is_none_or(|hours| hours.is_open(at_ms))
    }
}

impl From<Parsed<'_>> for CompiledRoute {
    fn from(Parsed { route, to, from, hours }: Parsed<'_>) -> Self {
        Self {
            id: route.id,
            name: route.name.as_str().into(),
            to: Numbers::new(&to),
            from: Numbers::new(&from),
            hours,
            xml: route.reply.to_xml().into(),
        }
    }
}

/// `known_hours` remembers what was read: many routes keep the same hours.
fn parse<'a>(
    route: &'a Route,
    numbering: &Numbering,
    context: &HoursContext,
    known_hours: &mut HashMap<&'a str, Result<Hours, HoursError>>,
) -> Result<Parsed<'a>, FieldError> {
    let patterns = |field: &str, texts: &[String]| -> Result<Vec<_>, FieldError> {
        let parsed = texts.iter().enumerate().map(|(index, text)| {
            Pattern::parse(text, numbering)
                .map_err(|problem| FieldError { field: format!("{field}[{index}]"), problem })
        });
        parsed.collect()
    };
    let hours = route.hours.as_deref().map(|text| {
        let hours = known_hours.entry(text).or_insert_with(|| Hours::parse(text, context));
        hours.clone().map_err(|error| FieldError { field: "hours".into(), problem: error.problem() })
    });
    Ok(Parsed {
        route,
        to: patterns("to", &route.to)?,
        from: patterns("from", &route.from)?,
        hours: hours.transpose()?,
    })
}

#[cfg(test)]
mod tests;
