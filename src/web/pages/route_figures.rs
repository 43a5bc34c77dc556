//! What became of the calls of each route, and how fast calls are decided.

use std::collections::HashMap;
use std::sync::Arc;

use super::context::PageContext;
use crate::calls::outcome::Outcome;
use crate::stats::report::{GroupBy, MAX_GROUPS};
use crate::stats::totals::Totals;
use crate::web::api::filter;
use crate::web::error::Error;
use crate::web::reports::report;
use crate::web::state::AppState;

/// What a route's calls can end with that is worth a word.
const OUTCOMES: [Outcome; 3] = [Outcome::Accepted, Outcome::Missed, Outcome::Voicemail];

/// The figures of all routes over the last 30 days, at most a few seconds old; `None` while they are not known.
pub struct RouteFigures(Option<Arc<HashMap<String, Totals>>>);

impl RouteFigures {
    /// Counts them.
    pub async fn count(state: &AppState) -> Self {
        let count = async {
            let filter = filter(&vec![("period".to_owned(), "30d".to_owned())], state, None)?;
            let report = report(state, &filter, Some(GroupBy::Route), MAX_GROUPS).await?;
            let groups = report.groups.into_iter().flatten();
            let of_routes = groups.filter_map(|group| Some((group.key?, group.totals)));
            Ok::<_, Error>(Arc::new(of_routes.collect()))
        };
        Self(state.questions.of_all(state.config.limits).ask(state.route_figures.get(count)).await)
    }

    /// Whether a route answered some.
    pub fn has(&self, route_id: i64) -> bool {
        self.0.as_ref().is_some_and(|known| known.contains_key(&route_id.to_string()))
    }

    /// Those of one route.
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

/// How fast this node decided since its start.
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
