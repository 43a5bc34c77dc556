//! The replay of past calls against an edited route before it is saved.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::form::RouteForm;
use super::list::{RoutePage, draft, found};
use super::replay_view::ReplayView;
use crate::routing::route::Route;
use crate::routing::trial::TriedRoute;
use crate::service::routing::trials::{replay, table_with};
use crate::service::state::AppState;
use crate::stats::period::Period;
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::{form_body, form_value, page, page_with};

/// The maximum number of calls to replay while a user waits for the page.
const MOST_CALLS: usize = 100_000;
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
    let replayed = replay(state, trial, Period::ThirtyDays.days(state.statistics.today()), MOST_CALLS).await?;
    Ok(ReplayView::new(replayed, &state.directory.names(), context, state))
}
