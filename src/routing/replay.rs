//! Past calls decided again: what another table would have answered.

use std::collections::HashMap;
use std::sync::Arc;

use super::incoming::{History, Incoming};
use super::table::{RoutingTable, Spelled};
use super::trial::TrialTable;
use crate::placetel::event::CallId;

/// Examples of each change from one route to another.
const EXAMPLES_PER_CHANGE: usize = 5;
/// Examples of all changes together.
const MAX_EXAMPLES: usize = 100;

/// A call that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastCall {
    /// Which call.
    pub call_id: CallId,
    /// Who called, as received.
    pub from: Option<String>,
    /// Who was called, as received.
    pub to: Option<String>,
    /// When, epoch milliseconds.
    pub at_ms: i64,
}

/// What two tables make of the same calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// How many calls were decided.
    pub calls: u64,
    /// How many of them get another answer.
    pub changed: u64,
    /// How many each route of the tried table answers, in its order; at last, if there are any, those that none does.
    pub routes: Vec<Share>,
    /// From which route to which the changed calls go, the most first.
    pub changes: Vec<Change>,
    /// Some of the changed calls, in the order in which they were decided.
    pub examples: Vec<Example>,
}

/// The calls of one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Its number, if it is stored.
    pub route_id: Option<i64>,
    /// Its name; `None` is no route.
    pub route_name: Option<Arc<str>>,
    /// How many calls.
    pub calls: u64,
}

/// Calls that go from one route, or none, to another, or to another answer of the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who answers today.
    pub from_route: Option<Arc<str>>,
    /// Who would answer.
    pub to_route: Option<Arc<str>>,
    /// Whether that is the same stored route, with another answer.
    pub is_same_route: bool,
    /// How many calls.
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
    /// As of its [`Change`].
    pub is_same_route: bool,
}

/// Decides calls by today's table and by one that is tried.
#[derive(Debug, Default)]
pub struct Comparison {
    calls: u64,
    changed: u64,
    by_route: HashMap<Option<i64>, u64>,
    changes: HashMap<(Option<i64>, Option<i64>), Change>,
    examples: Vec<Example>,
}

impl Comparison {
    /// Decides one more call. What is drawn by its id is drawn as it was then; who knows the caller is whoever does
    /// by `history`, in both tables.
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

    /// What came of it.
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
