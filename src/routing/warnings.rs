//! Warnings about a table of routes (linting): what is probably not meant. Only certain findings are reported.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::matching::Pattern;
use super::named::list_reference;
use super::route::Route;
use super::table::cover::TooMany;
use super::table::{CompileContext, RoutingTable};

/// Maximum number of different hours that are checked in one table; checking one takes a tenth of a millisecond.
const MAX_DIFFERENT_HOURS: usize = 500;
/// The days within which hours must open, else they count as hours that never do.
const DAYS_UNTIL_NEVER: u64 = 366;
/// The step in which gaps are looked for, in milliseconds: five minutes.
const STEP_MS: i64 = 300_000;
/// The number of steps in a week.
const STEPS: usize = 7 * 24 * 12;

/// The warnings about a table, and the checks that were skipped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Warnings {
    /// The warnings, worst first.
    pub items: Vec<Warning>,
    /// The checks that were skipped because the table is too large.
    pub unchecked: Vec<Check>,
}

/// A warning: something that is probably not meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Warning {
    /// No route takes every call at all times.
    NoLastResort,
    /// An earlier route takes all calls of this one.
    NeverMatches {
        /// The route that never matches.
        route: RouteName,
        /// The earlier route.
        by: RouteName,
    },
    /// The lists that a route names are empty, so that it is for nobody.
    ForNobody {
        /// The route.
        route: RouteName,
    },
    /// The hours of a route do not open within a year.
    NeverOpens {
        /// The route.
        route: RouteName,
    },
    /// Callers that no route names get no answer when they call these numbers at these times.
    Uncovered {
        /// The numbers as routes have them; none is any other number.
        numbers: Vec<String>,
        /// The times without an answer, within the next seven days.
        gaps: Vec<Gap>,
    },
}

/// The id and the name of a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteName {
    /// The id of the route.
    pub id: i64,
    /// The name of the route.
    pub name: String,
}

/// A period without a route, in epoch milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Gap {
    /// The start of the period.
    pub start_ms: i64,
    /// The end of the period; `None` if it lies beyond the seven days that are looked ahead.
    pub end_ms: Option<i64>,
}

/// A kind of check, which may be skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// Whether every route can match.
    NeverMatches,
    /// Whether all hours open at some time.
    NeverOpens,
    /// Whether every number has a route at all times.
    Uncovered,
}

impl Check {
    /// Returns the one-word code of the check that the API uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NeverMatches => "never_matches",
            Self::NeverOpens => "never_opens",
            Self::Uncovered => "uncovered",
        }
    }
}

impl Warning {
    /// Returns the route that the warning is about, if it is about one.
    pub fn route(&self) -> Option<&RouteName> {
        match self {
            Self::NeverMatches { route, .. } | Self::ForNobody { route } | Self::NeverOpens { route } => Some(route),
            Self::NoLastResort | Self::Uncovered { .. } => None,
        }
    }
}

/// Checks `routes` and the table that was compiled from them with `compile_context`.
pub fn warnings(routes: &[Route], table: &RoutingTable, compile_context: CompileContext<'_>, now_ms: i64) -> Warnings {
    let by_id: HashMap<i64, &Route> = routes.iter().map(|route| (route.id, route)).collect();
    let in_order: Option<Vec<&Route>> = table.ids().map(|id| by_id.get(&id).copied()).collect();
    // Routes that were changed in this very moment do not fit the table; they are checked the next time.
    let Some(in_order) = in_order.filter(|_| !routes.is_empty()) else { return Warnings::default() };
    let look = Look { routes: in_order, table, now_ms };
    let mut found = Warnings::default();
    if !table.has_last_resort() {
        found.items.push(Warning::NoLastResort);
    }
    found.note(Check::NeverMatches, look.never_matching());
    found.items.extend(look.for_nobody());
    found.note(Check::NeverOpens, look.never_opening());
    if !table.has_last_resort() {
        found.note(Check::Uncovered, look.uncovered(compile_context));
    }
    found
}

impl Warnings {
    fn note(&mut self, check: Check, found: Result<Vec<Warning>, TooMany>) {
        match found {
            Ok(warnings) => self.items.extend(warnings),
            Err(TooMany) => self.unchecked.push(check),
        }
    }
}

/// The checks: a table with its routes in the same order.
struct Look<'a> {
    routes: Vec<&'a Route>,
    table: &'a RoutingTable,
    now_ms: i64,
}

/// For each step of the next seven days, whether a route is open.
type Week = Box<[bool]>;

impl Look<'_> {
    fn name(&self, place: usize) -> Option<RouteName> {
        self.routes.get(place).map(|route| RouteName { id: route.id, name: route.name.clone() })
    }

    fn never_matching(&self) -> Result<Vec<Warning>, TooMany> {
        let warning = |(place, by)| Some(Warning::NeverMatches { route: self.name(place)?, by: self.name(by)? });
        Ok(self.table.covered()?.into_iter().filter_map(warning).collect())
    }

    fn for_nobody(&self) -> impl Iterator<Item = Warning> {
        self.table.for_nobody().into_iter().filter_map(|place| Some(Warning::ForNobody { route: self.name(place)? }))
    }

    /// Returns the different hours, if they are not too many to check.
    fn different_hours(&self) -> Result<Range<usize>, TooMany> {
        let count = self.table.different_hours();
        if count > MAX_DIFFERENT_HOURS { Err(TooMany) } else { Ok(0..count) }
    }

    fn never_opening(&self) -> Result<Vec<Warning>, TooMany> {
        let opens = |hours| self.table.opens_within(hours, self.now_ms, DAYS_UNTIL_NEVER);
        let opens: Vec<bool> = self.different_hours()?.map(opens).collect();
        let never = |place: &usize| self.table.hours_of(*place).and_then(|hours| opens.get(hours)) == Some(&false);
        let places = (0..self.routes.len()).filter(never);
        Ok(places.filter_map(|place| Some(Warning::NeverOpens { route: self.name(place)? })).collect())
    }

    fn uncovered(&self, compile_context: CompileContext<'_>) -> Result<Vec<Warning>, TooMany> {
        let weeks: Vec<Week> = self.different_hours()?.map(|hours| self.week(hours)).collect();
        let lines = self.lines(compile_context);
        let takers = self.table.takers(lines.iter().map(|(_, pattern)| pattern))?;
        let mut order: Vec<(bool, Vec<Gap>)> = Vec::new();
        let mut numbers: HashMap<(bool, Vec<Gap>), Vec<String>> = HashMap::new();
        for ((number, _), takers) in lines.into_iter().zip(takers) {
            let alike = (number.is_some(), self.gaps(&takers, &weeks));
            if alike.1.is_empty() {
                continue;
            }
            if !numbers.contains_key(&alike) {
                order.push(alike.clone());
            }
            numbers.entry(alike).or_default().extend(number);
        }
        let warning = |alike| {
            let numbers = numbers.remove(&alike).unwrap_or_default();
            Warning::Uncovered { numbers, gaps: alike.1 }
        };
        Ok(order.into_iter().map(warning).collect())
    }

    /// Returns the numbers that routes name, each once, and last any other number, if a route is for any.
    fn lines(&self, CompileContext { numbering, shared, .. }: CompileContext<'_>) -> Vec<(Option<String>, Pattern)> {
        let mut seen = HashSet::new();
        let texts = self.routes.iter().flat_map(|route| &route.to).filter(|text| seen.insert(text.as_str()));
        let listed = |text| list_reference(text)?.ok().and_then(|key| shared.list(&key));
        let texts: Vec<&String> = texts
            .flat_map(|text| listed(text).map_or(std::slice::from_ref(text), |list| list.numbers.as_slice()))
            .collect();
        let mut seen = HashSet::new();
        let texts = texts.into_iter().filter(|text| seen.insert(text.as_str()));
        let parsed = texts.filter_map(|text| Some((Some(text.clone()), Pattern::parse(text, numbering).ok()?)));
        let mut lines: Vec<_> = parsed.filter(|(_, pattern)| *pattern != Pattern::Any).collect();
        if self.table.has_any_number() {
            lines.push((None, Pattern::Any));
        }
        lines
    }

    fn week(&self, hours: usize) -> Week {
        (0..STEPS).map(|step| self.table.is_open(hours, self.step_ms(step))).collect()
    }

    fn step_ms(&self, step: usize) -> i64 {
        let first = self.now_ms - self.now_ms.rem_euclid(STEP_MS);
        first + STEP_MS * i64::try_from(step).unwrap_or_default()
    }

    /// Returns the periods in which none of the routes at these places is open.
    fn gaps(&self, takers: &[usize], weeks: &[Week]) -> Vec<Gap> {
        let Some(hours) = takers.iter().map(|place| self.table.hours_of(*place)).collect::<Option<Vec<_>>>() else {
            return Vec::new();
        };
        let open: Vec<&Week> = hours.iter().filter_map(|hours| weeks.get(*hours)).collect();
        let is_open = |step: usize| open.iter().any(|week| week.get(step).copied().unwrap_or_default());
        let (mut gaps, mut began) = (Vec::new(), None);
        for step in 0..STEPS {
            match (is_open(step), began) {
                (false, None) => began = Some(self.step_ms(step)),
                (true, Some(start_ms)) => {
                    gaps.push(Gap { start_ms, end_ms: Some(self.step_ms(step)) });
                    began = None;
                }
                _ => {}
            }
        }
        gaps.extend(began.map(|start_ms| Gap { start_ms, end_ms: None }));
        gaps
    }
}

#[cfg(test)]
mod tests;
