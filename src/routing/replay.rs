//! Replay: past calls are decided again, to see what another table would have answered.

use std::collections::HashMap;
use std::sync::Arc;

use super::incoming::{History, Incoming};
use super::table::{RoutingTable, Spelled};
use super::trial::TrialTable;
use crate::placetel::event::CallId;

/// Maximum number of examples of each change from one route to another.
const EXAMPLES_PER_CHANGE: usize = 5;
/// Maximum number of examples of all changes together.
const MAX_EXAMPLES: usize = 100;

/// A past incoming call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastCall {
    /// The id of the call.
    pub call_id: CallId,
    /// The calling number, as received.
    pub from: Option<String>,
    /// The called number, as received.
    pub to: Option<String>,
    /// The time of the call, in epoch milliseconds.
    pub at_ms: i64,
}

/// The comparison of what two tables answer to the same calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// The number of calls that were decided.
    pub calls: u64,
    /// The number of calls that get another answer.
    pub changed: u64,
    /// The calls that each route of the tried table answers, in its order; last, if there are any, those of no route.
    pub routes: Vec<Share>,
    /// The changes from one route to another, those with most calls first.
    pub changes: Vec<Change>,
    /// Some of the changed calls, in the order in which they were decided.
    pub examples: Vec<Example>,
}

/// The number of calls that one route answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The id of the route, if it is stored.
    pub route_id: Option<i64>,
    /// The name of the route; `None` is no route.
    pub route_name: Option<Arc<str>>,
    /// The number of calls.
    pub calls: u64,
}

/// Calls that go from one route, or none, to another, or to another answer of the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The route that answers today.
    pub from_route: Option<Arc<str>>,
    /// The route that would answer.
    pub to_route: Option<Arc<str>>,
    /// Whether both are the same stored route, with another answer.
    pub is_same_route: bool,
    /// The number of calls.
    pub calls: u64,
}

/// A call that gets another answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// The call.
    pub call: PastCall,
    /// The route that would answer today.
    pub before: Option<Arc<str>>,
    /// The route that would answer by the tried table.
    pub after: Option<Arc<str>>,
    /// As in [`Change`].
    pub is_same_route: bool,
}

/// Accumulator that decides calls by today's table and by one that is tried.
#[derive(Debug, Default)]
pub struct Comparison {
    calls: u64,
    changed: u64,
    by_route: HashMap<Option<i64>, u64>,
    changes: HashMap<(Option<i64>, Option<i64>), Change>,
    examples: Vec<Example>,
}

impl Comparison {
    /// Decides one more call by both tables. Draws by its id give what they gave then; the peer who knows the caller is
    /// the one in `history` for both.
    pub fn add(&mut self, call: PastCall, today: &RoutingTable, trial: &TrialTable, history: &History) {
        let incoming = Incoming {
            call_id: call.call_id.as_str(),
            from: call.from.as_deref(),
            to: call.to.as_deref(),
            at_ms: call.at_ms,
        };
        let spelled = Spelled::new(incoming.from, incoming.to, today.numbering());
        let [before, after] = [today, &trial.table].map(|table| table.decide_spelled(&incoming, &spelled, history));
        self.calls += 1;
        *self.by_route.entry(after.route_id).or_default() += 1;
        if before.xml == after.xml {
            return;
        }
        self.changed += 1;
        let change = self.changes.entry((before.route_id, after.route_id)).or_insert_with(|| Change {
            from_route: before.route_name.clone(),
            to_route: after.route_name.clone(),
            is_same_route: before.route_id.is_some()
                && before.route_id == after.route_id.and_then(|number| trial.stored_id(number)),
            calls: 0,
        });
        change.calls += 1;
        if change.calls <= EXAMPLES_PER_CHANGE as u64 && self.examples.len() < MAX_EXAMPLES {
            let is_same_route = change.is_same_route;
            self.examples.push(Example { call, before: before.route_name, after: after.route_name, is_same_route });
        }
    }

    /// Returns the result of the comparison.
    pub fn finish(self, trial: &TrialTable) -> Replay {
        let mut changes: Vec<_> = self.changes.into_iter().collect();
        changes.sort_by_key(|(routes, change)| (std::cmp::Reverse(change.calls), *routes));
        let share = |number: i64, name: &str| Share {
            route_id: trial.stored_id(number),
            route_name: Some(name.into()),
            calls: self.by_route.get(&Some(number)).copied().unwrap_or(0),
        };
        let mut routes: Vec<_> = trial.routes.iter().map(|route| share(route.id, &route.name)).collect();
        if let Some(&calls) = self.by_route.get(&None) {
            routes.push(Share { route_id: None, route_name: None, calls });
        }
        let changes = changes.into_iter().map(|(_, change)| change).collect();
        Replay { calls: self.calls, changed: self.changed, routes, changes, examples: self.examples }
    }
}

#[cfg(test)]
mod tests;
