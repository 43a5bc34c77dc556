use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::route_difference::{RouteChange, Telling};
use super::visit::Visit;
use super::{form_body, page, page_with, see_other};
use crate::routing::route::Route;
use crate::stats::filter::{FilterError, FilterProblem};
use crate::store::revisions::{Revision, RevisionTables, find_revision, newest_revision};
use crate::store::route_table::restore_routes;
use crate::store::routes::RouteError;
use crate::web::accounts::who::author;
use crate::web::api::revisions::revision_page;
use crate::web::api::{parameter, parameters};
use crate::web::error::Error;
use crate::web::i18n::HistoryTexts;
use crate::web::state::State;

const HISTORY: &str = "/routes/history";
const PER_PAGE: usize = 50;
/// More routes than this are only counted.
const MOST_CHANGES: usize = 50;
const MOST_ROUTES: usize = 100;

#[derive(Template)]
#[template(path = "pages/route_history.html")]
struct HistoryPage {
    visit: Visit,
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
    visit: Visit,
    t: &'static HistoryTexts,
    row: Row,
    refused: Option<String>,
    changes: Vec<RouteChange>,
    more_changes: Option<String>,
    routes: Vec<Then>,
    count: String,
    more_routes: Option<String>,
}

/// A route as it was.
struct Then {
    name: String,
    is_enabled: bool,
    what: String,
}

/// `GET /routes/history`
pub async fn list(request: HttpRequest, visit: Visit, state: Data<State>) -> Result<HttpResponse, Error> {
    let parameters = parameters(&request);
    let wrong = FilterError { field: "cursor", problem: FilterProblem::Cursor };
    let before = parameter(&parameters, "cursor").map(|text| text.parse().map_err(|_| wrong)).transpose()?;
    let (revisions, next) = revision_page(&state, before, PER_PAGE).await?;
    let newest = newest_revision(&state.db).await?;
    page(&HistoryPage {
        t: &visit.texts.history,
        rows: revisions.into_iter().map(|revision| row(revision, newest, &visit)).collect(),
        is_first_page: before.is_none(),
        older: next.map(|next| format!("{HISTORY}?cursor={next}")),
        visit,
    })
}

/// `GET /routes/history/{id}`
pub async fn show(path: Path<String>, visit: Visit, state: Data<State>) -> Result<HttpResponse, Error> {
    show_with(StatusCode::OK, revision_id(&path)?, None, visit, &state).await
}

/// A revision, with why it was not restored.
async fn show_with(
    status: StatusCode,
    id: i64,
    refused: Option<String>,
    visit: Visit,
    state: &State,
) -> Result<HttpResponse, Error> {
    let found = find_revision(&state.db, id).await?.ok_or(Error::NotFound)?;
    let newest = newest_revision(&state.db).await?;
    let RevisionTables { revision, before, after } = found;
    let named =
        |raw: &String| visit.names.any(raw, &state.derivation.numbering).map_or(raw.clone(), |name| name.to_string());
    let telling = Telling { texts: visit.texts, named: &named };
    let mut changes = telling.changes(&before, &after);
    let more_changes = more(changes.len(), MOST_CHANGES, &visit);
    changes.truncate(MOST_CHANGES);
    let then = |route: &Route| Then {
        name: route.name.clone(),
        is_enabled: route.enabled,
        what: super::route_words::answer(&route.reply, &named, &visit.texts.routes, &visit.texts.hours),
    };
    let routes = after.iter().take(MOST_ROUTES).map(then).collect();
    let shown = RevisionPage {
        t: &visit.texts.history,
        row: row(revision, newest, &visit),
        refused,
        changes,
        more_changes,
        routes,
        count: (visit.texts.history.table_count)(after.len()),
        more_routes: more(after.len(), MOST_ROUTES, &visit),
        visit,
    };
    page_with(status, &shown)
}

/// `POST /routes/history/{id}/restore`
pub async fn restore(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    mut visit: Visit,
    state: Data<State>,
) -> Result<HttpResponse, Error> {
    form_body(&request, payload).await?;
    let id = revision_id(&path)?;
    match restore_routes(&state.db, id, &author(&request)).await {
        Ok(_) => {
            state.refresh_routes().await?;
            Ok(see_other("/routes"))
        }
        Err(RouteError::Missing(missing)) => {
            let refused = (visit.texts.history.not_restored)(&missing.missing().text(visit.lang));
            visit.here = format!("{HISTORY}/{id}");
            show_with(StatusCode::CONFLICT, id, Some(refused), visit, &state).await
        }
        Err(error) => Err(error.into()),
    }
}

/// How many are not shown, if any.
fn more(count: usize, shown: usize, visit: &Visit) -> Option<String> {
    let more = count.checked_sub(shown).filter(|more| *more > 0);
    more.map(visit.texts.history.and_more)
}

fn row(Revision { id, by, change }: Revision, newest: Option<i64>, visit: &Visit) -> Row {
    Row {
        id,
        label: (visit.texts.history.revision)(id),
        restore: (visit.texts.history.restore_this)(id),
        when: format!("{} {}", visit.format.day_of(by.at_ms), visit.format.precise_time(by.at_ms)),
        who: by.name.unwrap_or_else(|| visit.texts.history.nobody.to_owned()),
        what: super::route_words::capitalised(&change.text(visit.lang)),
        is_current: newest == Some(id),
    }
}

fn revision_id(path: &str) -> Result<i64, Error> {
    path.parse().map_err(|_| Error::NotFound)
}
