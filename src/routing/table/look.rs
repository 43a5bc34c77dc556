//! Looking at every route for one call, which deciding does not do.

use super::{CompiledRoute, Mismatch, RoutingTable};
use crate::routing::matching::Spellings;

/// How a route stands to a call.
pub(in crate::routing) struct Fit<'a> {
    /// Which route.
    pub id: i64,
    /// The first condition that is not met; `None` if the route matches.
    pub mismatch: Option<Mismatch>,
    route: &'a CompiledRoute,
    at_ms: i64,
}

impl Fit<'_> {
    /// When the route's hours open next, epoch milliseconds; `None` if not soon.
    pub fn opens_ms(&self) -> Option<i64> {
        self.route.hours.as_ref().and_then(|hours| hours.opens_after(self.at_ms))
    }
}

impl RoutingTable {
    /// How the routes that take part stand to a call, in order.
    pub(in crate::routing) fn fits<'a>(
        &'a self,
        from: Option<&str>,
        to: Option<&str>,
        at_ms: i64,
    ) -> impl Iterator<Item = Fit<'a>> {
        let [from, to] = [from, to].map(|number| number.and_then(|number| Spellings::of(number, &self.numbering)));
        self.routes.iter().map(move |route| {
            let mismatch = route.mismatch(from.as_ref(), to.as_ref(), at_ms);
            Fit { id: route.id, mismatch, route, at_ms }
        })
    }
}
