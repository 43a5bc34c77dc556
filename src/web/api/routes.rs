use std::collections::HashSet;

use actix_web::http::header;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use crate::fields::{Errors, FieldError, Object, Problem, read_listed};
use crate::routing::problem::RouteProblem;
use crate::routing::route::{Route, RouteContext, RouteDraft};
use crate::service::routing::tables::StoredTable;
use crate::service::state::AppState;
use crate::store::routes::find_route;
use crate::store::routes::table::RouteTable;
use crate::web::access::principal::author;
use crate::web::error::{Error, WrongField};
use crate::web::extract::body::{Read, json_list};

/// Maximum number of routes in a table that is sent at once.
const MAX_ROUTES: usize = 10_000;

#[derive(Serialize, utoipa::ToSchema)]
pub(super) struct RouteList {
    items: Vec<Route>,
}

/// All routes by position
#[utoipa::path(
    get, path = "/api/v1/routes", tag = "Routes",
    responses((status = 200, description = "The routes; the version of the table is the `ETag`", body = RouteList))
)]
pub async fn list(state: Data<AppState>) -> Result<HttpResponse, Error> {
    let StoredTable { version, routes, .. } = StoredTable::load(&state.db).await?;
    Ok(table(RouteTable { version, routes }))
}

/// Replaces the whole table in one change
///
/// A route with the `id` of a known one keeps it; without a `position` a route comes behind the one before it.
#[utoipa::path(
    put, path = "/api/v1/routes", tag = "Routes",
    params(("If-Match" = Option<String>, Header, description = "The version of the table that is replaced, in quotes")),
    request_body = RouteList,
    responses(
        (status = 200, description = "The routes; the version of the table is the `ETag`", body = RouteList),
        (status = 412, description = "Somebody changed a route meanwhile", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn replace_all(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let expected = if_match(&request)?;
    state.routing.refresh().await?;
    let reading = state.clone();
    let read = move |body: &[u8]| {
        read_table(body, &RouteContext::new(&reading.routing.hours, &reading.routing.table().shared))
    };
    let items = json_list(&request, payload, read).await?.checked()?;
    let (items, _hold) = items.into_parts();
    Ok(table(state.routing.replace_routes(items, expected, &author(&request)).await?))
}

/// Builds the answer with the whole table, and with its version as the `ETag`.
pub(super) fn table(RouteTable { version, routes }: RouteTable) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::ETAG, format!("\"{version}\""))).json(RouteList { items: routes })
}

/// Validated routes of a table that was sent, each with the `id` that it claims, if any.
type DraftTable = Vec<(Option<i64>, RouteDraft)>;

/// Reads and validates the routes of a table that was sent.
fn read_table(body: &[u8], context: &RouteContext<'_>) -> serde_json::Result<Result<DraftTable, Vec<FieldError>>> {
    let (mut errors, mut of_items) = (Errors::default(), Errors::default());
    let mut ids = HashSet::new();
    let mut items = Vec::new();
    let listed = read_listed(body, "items", MAX_ROUTES, |path, item| {
        let draft = RouteDraft::read(path, item, context, &mut of_items);
        let id = Object::read(path, item, &mut Errors::default())
            .and_then(|item| item.whole("id", i64::MIN..=i64::MAX, &mut of_items));
        if id.is_some_and(|id| !ids.insert(id)) {
            of_items.add(format!("{path}.id"), RouteProblem::DuplicateId);
        }
        items.extend(draft.map(|draft| (id, draft)));
    })?;
    if let Some(table) = Object::read("", &listed.object, &mut errors) {
        table.allow_only(&["items"], &[], &mut errors);
        table.required("items", &mut errors);
        table.items("items", 0..=0, &mut errors);
    }
    if listed.count > MAX_ROUTES {
        errors.add("items", Problem::Items(0, MAX_ROUTES));
    } else {
        errors.append(of_items);
    }
    Ok(errors.or(Some(items)))
}

/// Makes a route
#[utoipa::path(
    post, path = "/api/v1/routes", tag = "Routes",
    request_body = Route,
    responses((status = 201, description = "The new route", body = Route, headers(("Location" = String), ("ETag" = String))))
)]
pub async fn create(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let (draft, _hold) = read_draft(&request, payload, &state).await?.into_parts();
    let route = state.routing.add_route(draft, &author(&request)).await?;
    let location = format!("/api/v1/routes/{}", route.id);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).insert_header(etag(&route)).json(route))
}

async fn read_draft(
    request: &HttpRequest,
    payload: Payload,
    state: &Data<AppState>,
) -> Result<Read<RouteDraft>, Error> {
    state.routing.refresh().await?;
    let reading = state.clone();
    let read = move |body: &[u8]| {
        let context = RouteContext::new(&reading.routing.hours, &reading.routing.table().shared);
        Ok(RouteDraft::from_json(&serde_json::from_slice(body)?, &context))
    };
    json_list(request, payload, read).await?.checked()
}

/// One route
#[utoipa::path(
    get, path = "/api/v1/routes/{id}", tag = "Routes", params(("id" = i64, Path)),
    responses((status = 200, description = "The route; its version is the `ETag`", body = Route))
)]
pub async fn show(path: Path<String>, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let route = find_route(&state.db, route_id(&path)?).await?.ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok().insert_header(etag(&route)).json(route))
}

/// Replaces a route
#[utoipa::path(
    put, path = "/api/v1/routes/{id}", tag = "Routes",
    params(("id" = i64, Path), ("If-Match" = Option<String>, Header, description = "The version that is replaced, in quotes")),
    request_body = Route,
    responses(
        (status = 200, description = "The route; its version is the `ETag`", body = Route),
        (status = 412, description = "Somebody changed it meanwhile", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn replace(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let id = route_id(&path)?;
    let expected = if_match(&request)?;
    let (draft, _hold) = read_draft(&request, payload, &state).await?.into_parts();
    let route = state.routing.change_route(id, draft, expected, &author(&request)).await?;
    Ok(HttpResponse::Ok().insert_header(etag(&route)).json(route))
}

/// Deletes a route
#[utoipa::path(
    delete, path = "/api/v1/routes/{id}", tag = "Routes", params(("id" = i64, Path)),
    responses((status = 204, description = "Gone"))
)]
pub async fn remove(path: Path<String>, request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    state.routing.remove_route(route_id(&path)?, &author(&request)).await?;
    Ok(HttpResponse::NoContent().finish())
}

pub(super) fn route_id(path: &str) -> Result<i64, Error> {
    path.parse().map_err(|_| Error::NotFound)
}

fn etag(route: &Route) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"{}\"", route.version))
}

/// Reads the expected version from `If-Match: "version"` (optimistic concurrency); `None` (`*` or absent) is any.
pub(super) fn if_match(request: &HttpRequest) -> Result<Option<i64>, Error> {
    let Some(value) = request.headers().get(header::IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text == "*" {
        return Ok(None);
    }
    let version = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text).parse().ok();
    let detail = "If-Match: expected the version in quotes".to_owned();
    version.map(Some).ok_or(Error::Fields(vec![WrongField { field: "If-Match".into(), detail }]))
}
