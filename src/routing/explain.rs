//! Explains a decision: which route answers a call, and why each earlier route did not.

use std::collections::HashMap;

use super::incoming::{History, Incoming};
use super::route::Route;
use super::table::look::Fit;
use super::table::{Decision, Mismatch, RoutingTable, Unusable};
use crate::fields::FieldError;

/// The decision for a call, with its explanation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The decision.
    pub decision: Decision,
    /// The routes before the one that answers, or all if none does, in order.
    pub passed: Vec<Passed>,
}

/// A route that did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Passed {
    /// The id of the route.
    pub route_id: i64,
    /// The name of the route.
    pub route_name: String,
    /// The reason why it did not answer.
    pub reason: Reason,
}

/// The reason why a route did not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The route is switched off.
    Off,
    /// The route cannot be used.
    Unusable(FieldError),
    /// The route is for other called numbers.
    To {
        /// The lists that it names, none of which holds this one.
        lists: Vec<String>,
    },
    /// The route is for other callers.
    From {
        /// The lists that it names, on none of which this one stands.
        lists: Vec<String>,
    },
    /// The hours of the route are closed at that time.
    Closed {
        /// When they open next, epoch milliseconds; `None` if not within two weeks.
        opens_ms: Option<i64>,
    },
    /// The route is for when a schedule is closed, which is open at that time.
    Open {
        /// When the schedule closes next, epoch milliseconds; `None` if not within two weeks.
        closes_ms: Option<i64>,
    },
    /// The hours of the route would be open, but the company is closed by the switch.
    Switched {
        /// Until when, epoch milliseconds.
        until_ms: i64,
        /// When the hours open next after that; `None` if not within two weeks.
        opens_ms: Option<i64>,
    },
}

impl Reason {
    /// Returns the one-word code of the reason that the API uses.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Unusable(_) => "unusable",
            Self::To { .. } => "to",
            Self::From { .. } => "from",
            Self::Closed { .. } | Self::Open { .. } => "hours",
            Self::Switched { .. } => "closed",
        }
    }

    /// Returns when the route takes part next, in epoch milliseconds, if that is a matter of time and soon.
    pub fn opens_ms(&self) -> Option<i64> {
        match self {
            Self::Closed { opens_ms } | Self::Switched { opens_ms, .. } => *opens_ms,
            Self::Open { closes_ms } => *closes_ms,
            Self::Off | Self::Unusable(_) | Self::To { .. } | Self::From { .. } => None,
        }
    }
}

/// Decides a call and explains the decision; `table` and `unusable` are what was compiled from `routes`.
pub fn explain(
    routes: &[Route],
    (table, unusable): (&RoutingTable, &[Unusable]),
    call: &Incoming<'_>,
    history: &History,
) -> Explanation {
    let decision = table.decide(call, history);
    let fits: HashMap<i64, Fit<'_>> = table.fits(call.from, call.to, call.at_ms).map(|fit| (fit.id, fit)).collect();
    let unusable: HashMap<i64, &FieldError> = unusable.iter().map(|route| (route.route_id, &route.error)).collect();
    let mut in_order: Vec<&Route> = routes.iter().collect();
    in_order.sort_by_key(|route| (route.position, route.id));
    let before = in_order.into_iter().take_while(|route| Some(route.id) != decision.route_id);
    let passed = before.filter_map(|route| {
        let reason = match (route.enabled, unusable.get(&route.id), fits.get(&route.id)) {
            (false, _, _) => Reason::Off,
            (true, Some(&error), _) => Reason::Unusable(error.clone()),
            (true, None, fit) => fit.and_then(reason)?,
        };
        Some(Passed { route_id: route.id, route_name: route.name.clone(), reason })
    });
    Explanation { passed: passed.collect(), decision }
}

fn reason(fit: &Fit<'_>) -> Option<Reason> {
    fit.mismatch.map(|mismatch| match mismatch {
        Mismatch::To => Reason::To { lists: fit.lists_of_called() },
        Mismatch::From => Reason::From { lists: fit.lists_of_callers() },
        Mismatch::Hours if fit.is_for_closed() => Reason::Open { closes_ms: fit.opens_ms() },
        Mismatch::Hours => match fit.closed_until_ms() {
            Some(until_ms) => Reason::Switched { until_ms, opens_ms: fit.opens_ms() },
            None => Reason::Closed { opens_ms: fit.opens_ms() },
        },
    })
}

#[cfg(test)]
mod tests;
