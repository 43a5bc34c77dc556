use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

use crate::clock::rfc3339;
use crate::service::state::AppState;
use crate::store::callbacks::Callback;
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::callbacks::{cursor, within_days};
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query::{FilterParams, PageParams, limit};

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;

/// Somebody to ring back; the counts are since the last contact.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Callback)]
struct CallbackJson {
    party: String,
    missed_calls: i64,
    #[schema(format = DateTime)]
    first_missed_at: String,
    #[schema(format = DateTime)]
    last_missed_at: String,
    /// The own lines that were called.
    numbers: Vec<String>,
}

impl From<Callback> for CallbackJson {
    fn from(callback: Callback) -> Self {
        Self {
            party: callback.party,
            missed_calls: callback.missed_calls,
            first_missed_at: rfc3339(callback.first_missed_ms),
            last_missed_at: rfc3339(callback.last_missed_ms),
            numbers: callback.numbers,
        }
    }
}

#[derive(Serialize, utoipa::ToSchema)]
struct CallbackList {
    items: Vec<CallbackJson>,
    next_cursor: Option<String>,
}

/// What became of the callers missed in a period.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CallbackReport)]
struct ReportJson {
    /// Different valid outside numbers.
    missed_callers: i64,
    /// Contact began after the last of their missed calls.
    reached: i64,
    /// No contact since, nor marked as done.
    still_owed: i64,
    reached_after_seconds: WaitJson,
}

/// From the first missed call to the contact.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = CallbackWait)]
struct WaitJson {
    median: Option<i64>,
    p90: Option<i64>,
}

/// People to ring back, who has waited longest first
#[utoipa::path(
    get, path = "/api/v1/callbacks", tag = "Callbacks",
    params(("within_days" = Option<i64>, Query, description = "Missed within so many days; 30", minimum = 1, maximum = 3_660), PageParams),
    responses((status = 200, description = "A page of callbacks", body = CallbackList))
)]
pub async fn list(request: CallsRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let CallsRequest { parameters, lines, as_of } = &request;
    let since_ms = as_of.days_ago_ms(within_days(parameters)?);
    let cursor = cursor(parameters)?;
    let limit = limit(parameters, DEFAULT_LIMIT, MAX_LIMIT)?;
    let page = state.callbacks.page(lines, since_ms, cursor, limit).await?;
    let items = page.callbacks.into_iter().map(CallbackJson::from).collect();
    Ok(Json(CallbackList { items, next_cursor: page.next.map(|next| next.encode()) }))
}

/// What became of the callers missed in a period
#[utoipa::path(
    get, path = "/api/v1/callbacks/report", tag = "Callbacks",
    params(FilterParams),
    responses(
        (status = 200, description = "The report", body = ReportJson),
        (status = 403, description = "Asks for figures by agent, which are switched off (`--agent-figures off`)", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn report(request: CallsRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let report = state.callbacks.report(&request.filter(&state)?).await?;
    Ok(Json(ReportJson {
        missed_callers: report.missed_callers,
        reached: report.reached,
        still_owed: report.still_owed,
        reached_after_seconds: WaitJson { median: report.median_seconds, p90: report.p90_seconds },
    }))
}

/// Marks a number as rung back, until it is missed again
#[utoipa::path(
    post, path = "/api/v1/callbacks/{party}/done", tag = "Callbacks",
    params(("party" = String, Path, description = "A valid number in any notation")),
    responses((status = 204, description = "Off the list"))
)]
pub async fn done(path: Path<String>, request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    state.callbacks.mark(&path, &author(&request)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes the last mark of a number back
#[utoipa::path(
    delete, path = "/api/v1/callbacks/{party}/done", tag = "Callbacks",
    params(("party" = String, Path, description = "A valid number in any notation")),
    responses((status = 204, description = "As before the mark"), (status = 404, description = "There is no mark", body = crate::web::error::Problem, content_type = "application/problem+json"))
)]
pub async fn undo(path: Path<String>, request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    match state.callbacks.unmark(&path, &author(&request)).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Error::NotFound),
    }
}
