use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::difference::{RouteChange, Telling};
use crate::i18n::{HistoryTexts, problems, revisions};
use crate::routing::route::Route;
use crate::service::state::AppState;
use crate::stats::filter::{FilterError, FilterProblem};
use crate::store::routes::RouteError;
use crate::store::routes::revisions::revision_page;
use crate::store::routes::revisions::{Revision, RevisionTables, find_revision, newest_revision};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::query::{parameter, parameters};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::{form_body, page, page_with, see_other};

const HISTORY: &str = "/routes/history";
const PER_PAGE: usize = 50;
/// The maximum number of changed routes to show; further ones are only counted.
const MOST_CHANGES: usize = 50;
const MOST_ROUTES: usize = 100;

#[derive(Template)]
#[template(path = "pages/route_history.html")]
struct HistoryPage {
    context: PageContext,
    t: &'static HistoryTexts,
    rows: Vec<Row>,
    is_first_page: bool,
    older: Option<String>,
}

/// A revision in the list.
struct Row {
    id: i64,
    label: String,
    restore: String,
    when: String,
    who: String,
    what: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "pages/route_revision.html")]
struct RevisionPage {
    context: PageContext,
    t: &'static HistoryTexts,
    row: Row,
    refused: Option<String>,
    changes: Vec<RouteChange>,
    more_changes: Option<String>,
    routes: Vec<Then>,
    count: String,
    more_routes: Option<String>,
}

/// A route at the time of the revision.
struct Then {
    name: String,
    is_enabled: bool,
    what: String,
}

/// Handles `GET /routes/history`: lists the revisions.
pub async fn list(request: HttpRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let parameters = parameters(&request);
    let wrong = FilterError { field: "cursor", problem: FilterProblem::Cursor };
    let before = parameter(&parameters, "cursor").map(|text| text.parse().map_err(|_| wrong)).transpose()?;
    let (revisions, next) = revision_page(&state.db, before, PER_PAGE).await?;
    let newest = newest_revision(&state.db).await?;
    page(&HistoryPage {
        t: &context.texts.history,
        rows: revisions.into_iter().map(|revision| row(revision, newest, &context)).collect(),
        is_first_page: before.is_none(),
        older: next.map(|next| format!("{HISTORY}?cursor={next}")),
        context,
    })
}

/// Handles `GET /routes/history/{id}`: shows one revision.
pub async fn show(path: Path<String>, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    show_with(StatusCode::OK, revision_id(&path)?, None, context, &state).await
}

/// Shows a revision, with the reason if it could not be restored.
async fn show_with(
    status: StatusCode,
    id: i64,
    refused: Option<String>,
    context: PageContext,
    state: &AppState,
) -> Result<HttpResponse, Error> {
    let found = find_revision(&state.db, id).await?.ok_or(Error::NotFound)?;
    let newest = newest_revision(&state.db).await?;
    let RevisionTables { revision, before, after } = found;
    let named =
        |raw: &String| context.names.any(raw, &state.derivation.numbering).map_or(raw.clone(), |name| name.to_string());
    let telling = Telling { texts: context.texts, named: &named };
    let mut changes = telling.changes(&before, &after);
    let more_changes = more(changes.len(), MOST_CHANGES, &context);
    changes.truncate(MOST_CHANGES);
    let then = |route: &Route| Then {
        name: route.name.clone(),
        is_enabled: route.enabled,
        what: super::words::answer(&route.reply, &named, &context.texts.routes, &context.texts.hours),
    };
    let routes = after.iter().take(MOST_ROUTES).map(then).collect();
    let shown = RevisionPage {
        t: &context.texts.history,
        row: row(revision, newest, &context),
        refused,
        changes,
        more_changes,
        routes,
        count: (context.texts.history.table_count)(after.len()),
        more_routes: more(after.len(), MOST_ROUTES, &context),
        context,
    };
    page_with(status, &shown)
}

/// Handles `POST /routes/history/{id}/restore`: restores the routes of a revision.
pub async fn restore(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    mut context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    form_body(&request, payload).await?;
    let id = revision_id(&path)?;
    match state.routing.restore_routes(id, &author(&request)).await {
        Ok(_) => Ok(see_other("/routes")),
        Err(RouteError::Missing(missing)) => {
            let refused = (context.texts.history.not_restored)(&problems::missing(&missing, context.lang));
            context.here = format!("{HISTORY}/{id}");
            show_with(StatusCode::CONFLICT, id, Some(refused), context, &state).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Returns the text that says how many items are not shown, if any.
fn more(count: usize, shown: usize, context: &PageContext) -> Option<String> {
    let more = count.checked_sub(shown).filter(|more| *more > 0);
    more.map(context.texts.history.and_more)
}

fn row(Revision { id, by, change }: Revision, newest: Option<i64>, context: &PageContext) -> Row {
    Row {
        id,
        label: (context.texts.history.revision)(id),
        restore: (context.texts.history.restore_this)(id),
        when: format!("{} {}", context.format.day_of(by.at_ms), context.format.precise_time(by.at_ms)),
        who: by.name.unwrap_or_else(|| context.texts.history.nobody.to_owned()),
        what: super::words::capitalised(&revisions::text(&change, context.lang)),
        is_current: newest == Some(id),
    }
}

fn revision_id(path: &str) -> Result<i64, Error> {
    path.parse().map_err(|_| Error::NotFound)
}
