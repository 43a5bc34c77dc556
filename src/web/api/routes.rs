use actix_web::http::header;
use actix_web::web::{Data, Json, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

use super::json_body;
use crate::routing::route::{Route, RouteDraft};
use crate::store::routes::{delete_route, find_route, insert_route, list_routes, update_route};
use crate::web::error::{Error, WrongField};
use crate::web::state::State;

#[derive(Serialize, utoipa::ToSchema)]
struct RouteList {
    items: Vec<Route>,
}

/// All routes by position
#[utoipa::path(
    get, path = "/api/v1/routes", tag = "Routes",
    responses((status = 200, description = "The routes", body = RouteList))
)]
pub async fn list(state: Data<State>) -> Result<impl Responder, Error> {
    Ok(Json(RouteList { items: list_routes(&state.db).await? }))
}

/// Makes a route
#[utoipa::path(
    post, path = "/api/v1/routes", tag = "Routes",
    request_body = Route,
    responses((status = 201, description = "The new route", body = Route, headers(("Location" = String), ("ETag" = String))))
)]
pub async fn create(request: HttpRequest, payload: Payload, state: Data<State>) -> Result<HttpResponse, Error> {
    let body = json_body(&request, payload).await?;
    let draft = RouteDraft::from_json(&body, &state.route_context().await?)?;
    let route = insert_route(&state.db, draft).await?;
    state.refresh_routes().await?;
    let location = format!("/api/v1/routes/{}", route.id);
    Ok(HttpResponse::Created().insert_header((header::LOCATION, location)).insert_header(etag(&route)).json(route))
}

/// One route
#[utoipa::path(
    get, path = "/api/v1/routes/{id}", tag = "Routes", params(("id" = i64, Path)),
    responses((status = 200, description = "The route; its version is the `ETag`", body = Route))
)]
pub async fn show(path: Path<String>, state: Data<State>) -> Result<HttpResponse, Error> {
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
    state: Data<State>,
) -> Result<HttpResponse, Error> {
    let id = route_id(&path)?;
    let expected = if_match(&request)?;
    let body = json_body(&request, payload).await?;
    let draft = RouteDraft::from_json(&body, &state.route_context().await?)?;
    let route = update_route(&state.db, id, draft, expected).await?;
    state.refresh_routes().await?;
    Ok(HttpResponse::Ok().insert_header(etag(&route)).json(route))
}

/// Deletes a route
#[utoipa::path(
    delete, path = "/api/v1/routes/{id}", tag = "Routes", params(("id" = i64, Path)),
    responses((status = 204, description = "Gone"))
)]
pub async fn remove(path: Path<String>, state: Data<State>) -> Result<HttpResponse, Error> {
    delete_route(&state.db, route_id(&path)?).await?;
    state.refresh_routes().await?;
    Ok(HttpResponse::NoContent().finish())
}

fn route_id(path: &str) -> Result<i64, Error> {
    path.parse().map_err(|_| Error::NotFound)
}

fn etag(route: &Route) -> (header::HeaderName, String) {
    (header::ETAG, format!("\"{}\"", route.version))
}

/// `If-Match: "version"`; `*` is any version.
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
