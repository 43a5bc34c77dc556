//! How the result of a replay is shown: how many calls would get another answer, and which.

use std::sync::Arc;

use crate::routing::replay::{Change, Example};
use crate::service::directory::names::Names;
use crate::service::routing::trials::Replayed;
use crate::service::state::AppState;
use crate::web::pages::layout::context::PageContext;

/// The maximum number of changes to show.
const MOST_CHANGES: usize = 20;
/// The maximum number of example calls to show.
const MOST_EXAMPLES: usize = 20;

/// The result of a replay.
pub struct ReplayView {
    /// The sentence that says how many calls would get another answer.
    pub summary: String,
    /// The notice that only the newest calls were replayed.
    pub newest: Option<String>,
    /// The pairs of current and new route, with the number of calls that would change.
    pub changes: Vec<ChangeView>,
    /// Some of the calls that would change.
    pub examples: Vec<ExampleView>,
    /// Whether there are more changes than are shown.
    pub has_more: bool,
}

/// The calls that would move from one route to another.
pub struct ChangeView {
    /// The current route.
    pub before: String,
    /// The route that would answer.
    pub after: String,
    /// The number of calls.
    pub calls: String,
}

/// A call that would get another answer.
pub struct ExampleView {
    /// The URL of its page.
    pub href: String,
    /// The time at which it began.
    pub time: String,
    /// The caller.
    pub caller: String,
    /// The called number.
    pub called: String,
    /// The current route.
    pub before: String,
    /// The route that would answer.
    pub after: String,
}

impl ReplayView {
    /// Builds the view.
    pub fn new(
        Replayed { replay, has_more }: Replayed,
        names: &Names,
        context: &PageContext,
        state: &AppState,
    ) -> Self {
        let t = &context.texts.route_trial;
        let number = |n: u64| context.format.number(i64::try_from(n).unwrap_or(i64::MAX));
        let summary = match (replay.calls, replay.changed) {
            (0, _) => t.replay_none.to_owned(),
            (calls, 0) => (t.replay_same)(calls, &number(calls)),
            (calls, changed) => (t.replay_changed)(changed, &number(changed), &number(calls)),
        };
        let route = |name: &Option<Arc<str>>| name.as_ref().map_or(t.no_route.to_owned(), ToString::to_string);
        let change = |change: &Change| ChangeView {
            before: route(&change.from_route),
            after: if change.is_same_route { t.same_route.to_owned() } else { route(&change.to_route) },
            calls: number(change.calls),
        };
        let named = |raw: &Option<String>| match raw {
            Some(raw) => names.any(raw, &state.derivation.numbering).map_or(raw.clone(), |name| name.to_string()),
            None => context.texts.call.unknown_value.to_owned(),
        };
        let example = |Example { call, before, after, is_same_route }: &Example| ExampleView {
            href: format!("/calls/{}", call.call_id.as_str()),
            time: context.format.moment(call.at_ms),
            caller: named(&call.from),
            called: named(&call.to),
            before: route(before),
            after: if *is_same_route { t.same_route.to_owned() } else { route(after) },
        };
        Self {
            summary,
            newest: has_more.then(|| (t.replay_newest)(&number(replay.calls))),
            changes: replay.changes.iter().take(MOST_CHANGES).map(change).collect(),
            examples: replay.examples.iter().take(MOST_EXAMPLES).map(example).collect(),
            has_more: replay.changes.len() > MOST_CHANGES,
        }
    }
}
