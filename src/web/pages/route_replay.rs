//! The replay of past calls against an edited route before it is saved.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::context::PageContext;
use super::route_form::RouteForm;
use super::routes::{RoutePage, draft, found};
use super::{form_body, form_value, page, page_with};
use crate::routing::replay::{Change, Example};
use crate::routing::route::Route;
use crate::routing::trial::TriedRoute;
use crate::stats::period::Period;
use crate::web::error::Error;
use crate::web::names::Names;
use crate::web::route_trials::{Replayed, replay, table_with};
use crate::web::state::AppState;

/// The maximum number of calls to replay while a user waits for the page.
const MOST_CALLS: usize = 100_000;
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

/// Handles `POST /routes/replay`: replays past calls with a new route.
pub async fn new(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let form = RouteForm::read(&form_body(&request, payload).await?);
    tried(form, None, None, context, &state).await
}

/// Handles `POST /routes/{id}/replay`: replays past calls with a stored route as edited in the form.
pub async fn edited(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let sent = form_body(&request, payload).await?;
    let route = found(&state, &path).await?;
    // The form keeps the version on which it is based, so that saving it detects changes made meanwhile.
    let version = form_value(&sent, "version").to_owned();
    tried(RouteForm::read(&sent), Some(&route), Some(version), context, &state).await
}

async fn tried(
    mut form: RouteForm,
    route: Option<&Route>,
    version: Option<String>,
    context: PageContext,
    state: &AppState,
) -> Result<HttpResponse, Error> {
    let draft = draft(&mut form, route, &context, state).await?;
    let mut shown = RoutePage::new(context, route, form, state);
    shown.version = version;
    // The URL of this POST has no page of its own, so redirects must return to that of the form.
    shown.context.here = if route.is_some() { shown.path.clone() } else { format!("{}/new", shown.path) };
    let Some(draft) = draft else { return page_with(StatusCode::BAD_REQUEST, &shown) };
    let wanted = TriedRoute { id: route.map(|route| route.id), draft };
    shown.replay = Some(try_on_calls(wanted, &shown.context, state).await?);
    page(&shown)
}

/// Replays the calls of the last 30 days with an edited route.
async fn try_on_calls(wanted: TriedRoute, context: &PageContext, state: &AppState) -> Result<ReplayView, Error> {
    let trial = table_with(state, wanted).await?;
    let replayed = replay(state, trial, Period::ThirtyDays.days(state.today()), MOST_CALLS).await?;
    Ok(ReplayView::new(replayed, &state.names(), context, state))
}

impl ReplayView {
    fn new(Replayed { replay, has_more }: Replayed, names: &Names, context: &PageContext, state: &AppState) -> Self {
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
