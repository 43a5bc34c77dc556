use actix_web::http::header;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use chrono::DateTime;
use serde::Serialize;

use super::routes::if_match;
use crate::accounts::action::Verb;
use crate::clock::{now_ms, rfc3339};
use crate::fields::{Errors, FieldError, Object};
use crate::routing::named::{ClosedSwitch, Key, NumberList, Schedule, closed_until};
use crate::routing::problem::RouteProblem;
use crate::service::state::AppState;
use crate::store::routes::shared::{Named, Versioned, closed_switch, find_named, list_named};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::body::json as json_body;

/// A list of numbers that routes name as `@name`.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = List)]
struct ListJson {
    #[serde(flatten)]
    list: NumberList,
    /// Counts the changes of routes and of what they share.
    version: i64,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Lists {
    items: Vec<ListJson>,
}

/// A list as it is sent.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only says what there is")]
struct ListDraft {
    /// As in the address, if at all.
    name: Option<String>,
    /// Numbers in any notation, `*` at the end = prefix, `anonymous`; none = nobody.
    #[schema(max_items = 10_000)]
    numbers: Vec<String>,
    /// Ignored.
    version: Option<i64>,
}

/// Opening hours that routes name as `@name` or `not @name`.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = NamedSchedule)]
struct ScheduleJson {
    #[serde(flatten)]
    schedule: Schedule,
    /// Counts the changes of routes and of what they share.
    version: i64,
}

#[derive(Serialize, utoipa::ToSchema)]
struct Schedules {
    items: Vec<ScheduleJson>,
}

/// A schedule as it is sent.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only says what there is")]
struct ScheduleDraft {
    /// As in the address, if at all.
    name: Option<String>,
    /// OpenStreetMap opening hours in the business time zone; left out: always.
    hours: Option<String>,
    /// When it is closed whatever the hours say.
    #[schema(max_items = 1_000)]
    closed: Option<Vec<ClosedDaysDraft>>,
    /// Ignored.
    version: Option<i64>,
}

/// Days on which nothing is open.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only says what there is")]
struct ClosedDaysDraft {
    /// The first day.
    #[schema(format = Date)]
    start: String,
    /// The last day; left out: the first.
    #[schema(format = Date)]
    end: Option<String>,
    /// Why.
    #[schema(min_length = 1, max_length = 100)]
    name: Option<String>,
}

/// The switch "closed until".
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Closed)]
struct ClosedJson {
    /// Until then no opening hours are open; `null` = the switch is off.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Since when.
    #[schema(format = DateTime)]
    since: Option<String>,
}

/// The switch as it is set.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only says what there is")]
struct ClosedDraft {
    /// Within the next 366 days.
    #[schema(format = DateTime)]
    until: String,
}

/// All named lists
#[utoipa::path(
    get, path = "/api/v1/lists", tag = "Routes",
    responses((status = 200, description = "The lists, by name", body = Lists))
)]
pub async fn lists(state: Data<AppState>) -> Result<HttpResponse, Error> {
    let items = list_named(&state.db).await?.into_iter().map(ListJson::from).collect();
    Ok(HttpResponse::Ok().json(Lists { items }))
}

/// One named list
#[utoipa::path(
    get, path = "/api/v1/lists/{name}", tag = "Routes", params(("name" = String, Path)),
    responses((status = 200, description = "The list; its version is the `ETag`", body = ListJson))
)]
pub async fn list(path: Path<String>, state: Data<AppState>) -> Result<HttpResponse, Error> {
    Ok(shown::<NumberList, ListJson>(&mut HttpResponse::Ok(), found(&state, &path).await?))
}

/// Makes or replaces a named list
#[utoipa::path(
    put, path = "/api/v1/lists/{name}", tag = "Routes",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header, description = "The version that is replaced, in quotes")),
    request_body = ListDraft,
    responses(
        (status = 200, description = "The list, replaced", body = ListJson),
        (status = 201, description = "The list, new", body = ListJson),
        (status = 412, description = "Somebody changed it meanwhile", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn put_list(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let body = json_body(&request, payload).await?;
    let list = NumberList::from_json(&path, &body, &state.derivation.numbering)?;
    save::<_, ListJson>(&state, &request, &list).await
}

/// Deletes a named list that no route names
#[utoipa::path(
    delete, path = "/api/v1/lists/{name}", tag = "Routes", params(("name" = String, Path)),
    responses(
        (status = 204, description = "Gone"),
        (status = 409, description = "Routes name it", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn delete_list(
    path: Path<String>,
    request: HttpRequest,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    remove::<NumberList>(&state, &request, &path).await
}

/// All named schedules
#[utoipa::path(
    get, path = "/api/v1/schedules", tag = "Routes",
    responses((status = 200, description = "The schedules, by name", body = Schedules))
)]
pub async fn schedules(state: Data<AppState>) -> Result<HttpResponse, Error> {
    let items = list_named(&state.db).await?.into_iter().map(ScheduleJson::from).collect();
    Ok(HttpResponse::Ok().json(Schedules { items }))
}

/// One named schedule
#[utoipa::path(
    get, path = "/api/v1/schedules/{name}", tag = "Routes", params(("name" = String, Path)),
    responses((status = 200, description = "The schedule; its version is the `ETag`", body = ScheduleJson))
)]
pub async fn schedule(path: Path<String>, state: Data<AppState>) -> Result<HttpResponse, Error> {
    Ok(shown::<Schedule, ScheduleJson>(&mut HttpResponse::Ok(), found(&state, &path).await?))
}

/// Makes or replaces a named schedule
#[utoipa::path(
    put, path = "/api/v1/schedules/{name}", tag = "Routes",
    params(("name" = String, Path), ("If-Match" = Option<String>, Header, description = "The version that is replaced, in quotes")),
    request_body = ScheduleDraft,
    responses(
        (status = 200, description = "The schedule, replaced", body = ScheduleJson),
        (status = 201, description = "The schedule, new", body = ScheduleJson),
        (status = 412, description = "Somebody changed it meanwhile", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn put_schedule(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let body = json_body(&request, payload).await?;
    let schedule = Schedule::from_json(&path, &body, &state.routing.hours)?;
    save::<_, ScheduleJson>(&state, &request, &schedule).await
}

/// Deletes a named schedule that no route names
#[utoipa::path(
    delete, path = "/api/v1/schedules/{name}", tag = "Routes", params(("name" = String, Path)),
    responses(
        (status = 204, description = "Gone"),
        (status = 409, description = "Routes name it", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn delete_schedule(
    path: Path<String>,
    request: HttpRequest,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    remove::<Schedule>(&state, &request, &path).await
}

/// The switch "closed until"
#[utoipa::path(
    get, path = "/api/v1/closed", tag = "Routes",
    responses((status = 200, description = "Until when no opening hours are open", body = ClosedJson))
)]
pub async fn closed(state: Data<AppState>) -> Result<HttpResponse, Error> {
    let closed = closed_switch(&state.db).await?.filter(|closed| closed.holds(now_ms()));
    Ok(HttpResponse::Ok().json(ClosedJson::from(closed)))
}

/// Closes now, until a time
#[utoipa::path(
    put, path = "/api/v1/closed", tag = "Routes", request_body = ClosedDraft,
    responses((status = 200, description = "Until when no opening hours are open", body = ClosedJson))
)]
pub async fn close(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let now_ms = now_ms();
    let closed = read_closed(&*json_body(&request, payload).await?, now_ms)?;
    state.routing.close(closed, &author(&request)).await?;
    Ok(HttpResponse::Ok().json(ClosedJson::from(Some(closed))))
}

/// Opens again
#[utoipa::path(
    delete, path = "/api/v1/closed", tag = "Routes",
    responses((status = 204, description = "The switch is off"))
)]
pub async fn open(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    state.routing.open(&author(&request)).await?;
    Ok(HttpResponse::NoContent().finish())
}

impl From<Versioned<NumberList>> for ListJson {
    fn from(Versioned { item, version }: Versioned<NumberList>) -> Self {
        Self { list: item, version }
    }
}

impl From<Versioned<Schedule>> for ScheduleJson {
    fn from(Versioned { item, version }: Versioned<Schedule>) -> Self {
        Self { schedule: item, version }
    }
}

impl From<Option<ClosedSwitch>> for ClosedJson {
    fn from(closed: Option<ClosedSwitch>) -> Self {
        Self {
            until: closed.map(|closed| rfc3339(closed.until_ms)),
            since: closed.map(|closed| rfc3339(closed.since_ms)),
        }
    }
}

fn read_closed(value: &serde_json::Value, now_ms: i64) -> Result<ClosedSwitch, Vec<FieldError>> {
    let mut errors = Errors::default();
    let closed = Object::read("", value, &mut errors).and_then(|object| {
        object.allow_only(&["until"], &["since"], &mut errors);
        let until = object.required("until", &mut errors)?;
        let until = until.as_str().and_then(|text| DateTime::parse_from_rfc3339(text.trim()).ok());
        let closed = until
            .ok_or(RouteProblem::NotClosedUntil.into())
            .and_then(|until| closed_until(until.timestamp_millis(), now_ms));
        closed.map_err(|problem| errors.add("until", problem)).ok()
    });
    errors.or(closed)
}

async fn found<T: Named>(state: &AppState, path: &str) -> Result<Versioned<T>, Error> {
    let key = Key::parse(path).ok_or(Error::NotFound)?;
    find_named(&state.db, &key).await?.ok_or(Error::NotFound)
}

fn shown<T, Json: From<Versioned<T>> + Serialize>(
    response: &mut actix_web::HttpResponseBuilder,
    stored: Versioned<T>,
) -> HttpResponse {
    let etag = (header::ETAG, format!("\"{}\"", stored.version));
    response.insert_header(etag).json(Json::from(stored))
}

async fn save<T: Named, Json: From<Versioned<T>> + Serialize>(
    state: &AppState,
    request: &HttpRequest,
    item: &T,
) -> Result<HttpResponse, Error> {
    let saved = state.routing.save_named(item, if_match(request)?, Verb::Set, &author(request)).await?;
    let (stored, is_new) = saved;
    let mut response = if is_new { HttpResponse::Created() } else { HttpResponse::Ok() };
    Ok(shown::<T, Json>(&mut response, stored))
}

async fn remove<T: Named>(state: &AppState, request: &HttpRequest, name: &str) -> Result<HttpResponse, Error> {
    state.routing.remove_named::<T>(name, &author(request)).await?;
    Ok(HttpResponse::NoContent().finish())
}
