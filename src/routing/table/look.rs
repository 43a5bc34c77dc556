//! Full scan: matches one call against every route, which deciding does not do.

use super::{CompiledRoute, CompiledSide, Mismatch, RoutingTable, Spelled};
use crate::routing::opening::Opening;

/// The number of days ahead within which the next opening is looked for.
const DAYS_AHEAD: u64 = 14;

/// The result of matching a route against a call.
pub(in crate::routing) struct Fit<'a> {
    /// The id of the route.
    pub id: i64,
    /// The first condition that is not met; `None` if the route matches.
    pub mismatch: Option<Mismatch>,
    route: &'a CompiledRoute,
    table: &'a RoutingTable,
    at_ms: i64,
}

impl Fit<'_> {
    /// Returns the names of the lists that the route's called numbers name.
    pub fn lists_of_called(&self) -> Vec<String> {
        self.named(&self.route.to)
    }

    /// Returns the names of the lists that the route's callers name.
    pub fn lists_of_callers(&self) -> Vec<String> {
        self.named(&self.route.from)
    }

    fn named(&self, side: &CompiledSide) -> Vec<String> {
        side.numbers.lists.iter().filter_map(|list| self.table.lists.name(*list)).map(ToOwned::to_owned).collect()
    }

    /// Returns whether the route is for when its schedule is closed.
    pub fn is_for_closed(&self) -> bool {
        self.opening().is_some_and(|opening| !opening.is_for_open())
    }

    /// Returns until when the closed switch alone keeps the route from taking part, in epoch milliseconds.
    pub fn closed_until_ms(&self) -> Option<i64> {
        let closed = self.table.closed.filter(|closed| closed.holds(self.at_ms))?;
        self.opening().filter(|opening| opening.takes_part(self.at_ms, false)).map(|_| closed.until_ms)
    }

    /// Returns when the route takes part next, in epoch milliseconds; `None` if not within two weeks.
    pub fn opens_ms(&self) -> Option<i64> {
        self.opening()?.takes_part_after(self.at_ms, DAYS_AHEAD, self.table.closed)
    }

    fn opening(&self) -> Option<&Opening> {
        self.table.openings.get(self.route.opening?)
    }
}

impl RoutingTable {
    /// Matches a call against each route that takes part, in order.
    pub(in crate::routing) fn fits<'a>(
        &'a self,
        from: Option<&str>,
        to: Option<&str>,
        at_ms: i64,
    ) -> impl Iterator<Item = Fit<'a>> {
        let Spelled { from, to } = Spelled::new(from, to, &self.numbering);
        let (from, to) = (self.asked(from.as_ref()), self.asked(to.as_ref()));
        self.routes.iter().map(move |route| {
            let mismatch = self.mismatch(route, &from, &to, at_ms);
            Fit { id: route.id, mismatch, route, table: self, at_ms }
        })
    }
}
