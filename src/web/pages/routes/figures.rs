//! The figures of each route's calls, and the latency of route decisions.

use std::collections::HashMap;
use std::sync::Arc;

use crate::calls::outcome::Outcome;
use crate::service::state::AppState;
use crate::service::statistics::reports::report;
use crate::stats::as_of::FilterAsOf;
use crate::stats::filter::Filter;
use crate::stats::period::Period;
use crate::stats::report::{GroupBy, MAX_GROUPS};
use crate::stats::totals::Totals;
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;

/// The outcomes that the figures of a route mention.
const OUTCOMES: [Outcome; 3] = [Outcome::Accepted, Outcome::Missed, Outcome::Voicemail];

/// The figures of all routes over the last 30 days, cached for a few seconds; `None` while they are unknown.
pub struct RouteFigures(Option<Arc<HashMap<String, Totals>>>);

impl RouteFigures {
    /// Reads the figures from the cache or counts them.
    pub async fn count(state: &AppState) -> Self {
        let count = async {
            let as_of = state.statistics.now();
            let asked = FilterAsOf { filter: Filter::all(Period::ThirtyDays.days(as_of.today)), as_of };
            let report = report(&state.statistics, &asked, Some(GroupBy::Route), MAX_GROUPS).await?;
            let groups = report.groups.into_iter().flatten();
            let of_routes = groups.filter_map(|group| Some((group.key?, group.totals)));
            Ok::<_, Error>(Arc::new(of_routes.collect()))
        };
        Self(state.questions.of_all(state.config.limits).ask(state.route_figures.get(count)).await)
    }

    /// Returns whether a route answered any calls.
    pub fn has(&self, route_id: i64) -> bool {
        self.0.as_ref().is_some_and(|known| known.contains_key(&route_id.to_string()))
    }

    /// Returns the figures of one route in words.
    pub fn of(&self, route_id: i64, context: &PageContext) -> String {
        let t = &context.texts.history;
        let Some(known) = &self.0 else { return t.nothing.to_owned() };
        known.get(&route_id.to_string()).map_or_else(|| t.no_calls.to_owned(), |totals| words(totals, context))
    }
}

fn words(totals: &Totals, context: &PageContext) -> String {
    let t = &context.texts.history;
    let mut words = (t.figures_of)(totals.calls, &context.format.number(totals.calls));
    for outcome in OUTCOMES {
        let count = totals.outcomes.get(outcome);
        if count > 0 {
            words.push_str(&format!(" · {}: {}", (context.texts.outcome)(outcome), context.format.number(count)));
        }
    }
    words
}

/// Describes the decision latency of this node since its start, as median and 99th percentile.
pub fn latency(state: &AppState, context: &PageContext) -> String {
    let t = &context.texts.history;
    let latency = state.metrics.latency();
    match (latency.quantile_us(0.5), latency.quantile_us(0.99)) {
        (Some(p50), Some(p99)) => {
            let micros = |us: u64| (t.micros)(&context.format.number(i64::try_from(us).unwrap_or(i64::MAX)));
            let count = context.format.number(i64::try_from(latency.count()).unwrap_or(i64::MAX));
            (t.latency_of)(&micros(p50), &micros(p99), &count)
        }
        _ => t.no_latency.to_owned(),
    }
}
