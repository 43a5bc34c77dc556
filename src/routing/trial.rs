//! Trial tables: a table of routes is tried out before it is saved.

use serde_json::Value;

use super::route::{Route, RouteContext, RouteDraft};
use super::table::{CompileContext, RoutingTable, Unusable};
use crate::fields::{Errors, FieldError, Object};

/// Maximum number of routes in a table that is tried out.
pub const MAX_ROUTES: usize = 20_000;
/// The step between positions, as where routes are stored.
const STEP: i64 = 10;

/// A route of a trial table: a stored one, or a new draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TriedRoute {
    /// The id of the route, if it is stored.
    pub id: Option<i64>,
    /// The content of the route; without a position it comes last.
    pub draft: RouteDraft,
}

impl TriedRoute {
    /// Reads a ROUTE that stands at a path of a larger value; `None` if it is wrong, then `errors` says why.
    pub fn read(path: &str, value: &Value, context: &RouteContext<'_>, errors: &mut Errors) -> Option<Self> {
        let draft = RouteDraft::read(path, value, context, errors)?;
        Some(Self { id: value["id"].as_i64(), draft })
    }
}

impl From<Route> for TriedRoute {
    fn from(route: Route) -> Self {
        let Route { id, name, enabled, position, to, from, hours, reply, version: _ } = route;
        Self { id: Some(id), draft: RouteDraft { name, enabled, position: Some(position), to, from, hours, reply } }
    }
}

/// A table that decides like any other. Its routes are numbered by their order, from 0, because not all of them are
/// stored.
#[derive(Debug)]
pub struct TrialTable {
    /// All routes in order, also those that take no part.
    pub routes: Vec<Route>,
    /// The compiled table, which decides.
    pub table: RoutingTable,
    /// Routes that cannot be used.
    pub unusable: Vec<Unusable>,
    stored: Vec<Option<i64>>,
}

impl TrialTable {
    /// Compiles these routes, in whatever order they come.
    pub fn new(tried: Vec<TriedRoute>, compile_context: CompileContext<'_>) -> Self {
        Self::numbered(tried, compile_context).0
    }

    /// Reads and compiles the list of ROUTEs in a field of `object`.
    ///
    /// # Errors
    /// Every wrong field, those that were found before among them.
    pub fn read(
        object: &Object<'_>,
        field: &str,
        compile_context: CompileContext<'_>,
        mut errors: Errors,
    ) -> Result<Self, Vec<FieldError>> {
        let context = RouteContext::new(compile_context.hours, compile_context.shared);
        let items = object.items(field, 0..=MAX_ROUTES, &mut errors);
        let read = |(path, value): &(String, &Value)| TriedRoute::read(path, value, &context, &mut errors);
        let tried: Vec<_> = items.iter().filter_map(read).collect();
        Self::of(errors.or(Some(tried))?, field, compile_context)
    }

    /// Compiles these routes, which were read from a field.
    ///
    /// # Errors
    /// Those that cannot be used, by their place in the field.
    pub fn of(
        tried: Vec<TriedRoute>,
        field: &str,
        compile_context: CompileContext<'_>,
    ) -> Result<Self, Vec<FieldError>> {
        let (trial, places) = Self::numbered(tried, compile_context);
        let mut errors = Errors::default();
        for Unusable { route_id, error, .. } in &trial.unusable {
            let place = usize::try_from(*route_id).ok().and_then(|number| places.get(number)).copied();
            errors.add(format!("{field}[{}].{}", place.unwrap_or_default(), error.field), error.problem.clone());
        }
        errors.or(Some(trial))
    }

    /// Compiles the routes; returns the table, and the place where each of its routes stood.
    fn numbered(mut tried: Vec<TriedRoute>, compile_context: CompileContext<'_>) -> (Self, Vec<usize>) {
        let mut last = tried.iter().filter_map(|route| route.draft.position).max().unwrap_or(0);
        for draft in tried.iter_mut().map(|route| &mut route.draft) {
            if draft.position.is_none() {
                last = last.saturating_add(STEP);
                draft.position = Some(last);
            }
        }
        let mut in_order: Vec<_> = tried.into_iter().enumerate().collect();
        in_order.sort_by_key(|(place, route)| (route.draft.position, route.id.unwrap_or(i64::MAX), *place));
        let (mut routes, mut stored, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (place, TriedRoute { id, draft })) in (0..).zip(in_order) {
            let position = draft.position.unwrap_or(last);
            routes.push(draft.into_route(number, position, 0));
            stored.push(id);
            places.push(place);
        }
        let (table, unusable) = RoutingTable::compile(&routes, compile_context);
        (Self { routes, table, unusable, stored }, places)
    }

    /// Returns the id under which a route of this table is stored, if it is.
    pub fn stored_id(&self, number: i64) -> Option<i64> {
        usize::try_from(number).ok().and_then(|number| self.stored.get(number)).copied().flatten()
    }
}

#[cfg(test)]
mod tests;
