use std::collections::BTreeMap;

use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use serde_json::{Map, Value};

use super::routes::{RouteList, route_id, table};
use crate::clock::rfc3339;
use crate::i18n::revisions;
use crate::lang::Lang;
use crate::routing::revision::Change;
use crate::routing::route::Route;
use crate::service::state::AppState;
use crate::stats::filter::{FilterError, FilterProblem};
use crate::store::routes::revisions::{Revision, RevisionTables, find_revision, revision_page};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::query::{PageParams, limit, parameter, parameters};

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;
/// The field that counts changes; differences leave it out, because it is no content of a route.
const VERSION: &str = "version";

/// A change of the routes
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Revision)]
struct RevisionJson {
    id: i64,
    #[schema(format = DateTime)]
    changed_at: String,
    /// `null` where nobody has signed in.
    changed_by: Option<String>,
    /// What was changed, in a few words.
    summary: String,
    /// The same for programs.
    change: Change,
}

impl From<Revision> for RevisionJson {
    fn from(Revision { id, by, change }: Revision) -> Self {
        Self {
            id,
            changed_at: rfc3339(by.at_ms),
            changed_by: by.name,
            summary: revisions::text(&change, Lang::En),
            change,
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct RevisionList {
    items: Vec<RevisionJson>,
    next_cursor: Option<String>,
}

/// A change of the routes with the table that it made
#[derive(Serialize, utoipa::ToSchema)]
struct RevisionDetails {
    #[serde(flatten)]
    revision: RevisionJson,
    /// The whole table after the change.
    items: Vec<Route>,
    /// What the change changed.
    difference: TableDifference,
}

/// The routes that differ from the table before
#[derive(Serialize, utoipa::ToSchema)]
struct TableDifference {
    added: Vec<Route>,
    /// As they were.
    removed: Vec<Route>,
    changed: Vec<RouteDifference>,
}

/// A route that differs from the one before
#[derive(Serialize, utoipa::ToSchema)]
struct RouteDifference {
    id: i64,
    name: String,
    /// The fields that differ, by name.
    fields: BTreeMap<String, FieldDifference>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct FieldDifference {
    before: Value,
    after: Value,
}

/// Every change of the routes, newest first
#[utoipa::path(
    get, path = "/api/v1/routes/revisions", tag = "Routes", params(PageParams),
    responses((status = 200, description = "A page of changes", body = RevisionList))
)]
pub async fn list(request: HttpRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let parameters = parameters(&request);
    let limit = limit(&parameters, DEFAULT_LIMIT, MAX_LIMIT)?;
    let before =
        parameter(&parameters, "cursor").map(|text| text.parse().ok().filter(|id| *id >= 0).ok_or(wrong_cursor()));
    let (revisions, next) = revision_page(&state.db, before.transpose()?, limit).await?;
    let items = revisions.into_iter().map(RevisionJson::from).collect();
    Ok(Json(RevisionList { items, next_cursor: next.map(|next| next.to_string()) }))
}

fn wrong_cursor() -> FilterError {
    FilterError { field: "cursor", problem: FilterProblem::Cursor }
}

/// One change: the table that it made, and what it changed
#[utoipa::path(
    get, path = "/api/v1/routes/revisions/{id}", tag = "Routes", params(("id" = i64, Path)),
    responses((status = 200, description = "The change", body = RevisionDetails))
)]
pub async fn show(path: Path<String>, state: Data<AppState>) -> Result<impl Responder, Error> {
    let RevisionTables { revision, before, after } =
        find_revision(&state.db, route_id(&path)?).await?.ok_or(Error::NotFound)?;
    let difference = TableDifference::between(&before, &after);
    Ok(Json(RevisionDetails { revision: revision.into(), items: after, difference }))
}

/// Makes an earlier table the table again
///
/// Its routes have the ids that they had. The restored table is a new revision. Lists and schedules are no part of a
/// revision: its routes name those that there are now.
#[utoipa::path(
    post, path = "/api/v1/routes/revisions/{id}/restore", tag = "Routes", params(("id" = i64, Path)),
    responses(
        (status = 200, description = "The routes; the version of the table is the `ETag`", body = RouteList),
        (status = 409, description = "It names lists or schedules that there are not any more", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn restore(path: Path<String>, request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    Ok(table(state.routing.restore_routes(route_id(&path)?, &author(&request)).await?))
}

impl TableDifference {
    fn between(before: &[Route], after: &[Route]) -> Self {
        let old: BTreeMap<i64, &Route> = before.iter().map(|route| (route.id, route)).collect();
        let new: BTreeMap<i64, &Route> = after.iter().map(|route| (route.id, route)).collect();
        let changed = after.iter().filter_map(|route| {
            let before = old.get(&route.id).filter(|before| **before != route)?;
            Some(RouteDifference { id: route.id, name: route.name.clone(), fields: differing(before, route) })
        });
        Self {
            added: after.iter().filter(|route| !old.contains_key(&route.id)).cloned().collect(),
            removed: before.iter().filter(|route| !new.contains_key(&route.id)).cloned().collect(),
            changed: changed.filter(|changed| !changed.fields.is_empty()).collect(),
        }
    }
}

fn differing(before: &Route, after: &Route) -> BTreeMap<String, FieldDifference> {
    let mut before = fields(before);
    let differing = fields(after).into_iter().filter_map(|(name, after)| {
        let before = before.remove(&name).unwrap_or_default();
        (before != after && name != VERSION).then_some((name, FieldDifference { before, after }))
    });
    differing.collect()
}

fn fields(route: &Route) -> Map<String, Value> {
    match serde_json::to_value(route) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}
