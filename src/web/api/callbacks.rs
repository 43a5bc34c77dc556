use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

use super::openapi::{FilterParams, PageParams};
use super::{Parameters, filter, limit, parameter, parameters};
use crate::stats::callbacks::CallbackReport;
use crate::stats::filter::{Filter, FilterError, FilterProblem, Lines};
use crate::store::StoreError;
use crate::store::callback_report::missed_streaks;
use crate::store::callbacks::{Callback, CallbackCursor, CallbackPage, open_callbacks, open_callbacks_of_lines};
use crate::store::marks::{Mark, mark_done, undo_done};
use crate::store::revisions::Actor;
use crate::web::accounts::principal::{Principal, author};
use crate::web::clock::rfc3339;
use crate::web::error::{Error, WrongField};
use crate::web::open_callbacks::{DEFAULT_DAYS, days_ago_ms};
use crate::web::route_trials::aside;
use crate::web::state::AppState;

const MAX_DAYS: i64 = 3_660;
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
pub async fn list(request: HttpRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let parameters = parameters(&request);
    let since_ms = days_ago_ms(within_days(&parameters)?);
    let cursor = cursor(&parameters)?;
    let limit = limit(&parameters, DEFAULT_LIMIT, MAX_LIMIT)?;
    let page = callbacks_for(&state, &Principal::lines_of(&request), since_ms, cursor, limit).await?;
    let items = page.callbacks.into_iter().map(CallbackJson::from).collect();
    Ok(Json(CallbackList { items, next_cursor: page.next.map(|next| next.encode()) }))
}

/// Returns a page of the open callbacks, restricted to `lines`, those that the requester may see.
///
/// # Errors
/// When the database does not answer.
pub async fn callbacks_for(
    state: &AppState,
    lines: &Lines,
    since_ms: i64,
    cursor: Option<CallbackCursor>,
    limit: usize,
) -> Result<CallbackPage, StoreError> {
    let numbering = &state.derivation.numbering;
    match lines {
        None => open_callbacks(&state.db, numbering, since_ms, cursor, limit).await,
        Some(lines) => {
            Ok(CallbackPage::of(open_callbacks_of_lines(&state.db, numbering, since_ms, lines).await?, cursor, limit))
        }
    }
}

/// Parses `within_days`: how many days back missed calls are considered.
///
/// # Errors
/// When it is no usable number of days.
pub fn within_days(parameters: &Parameters) -> Result<i64, Error> {
    let Some(text) = parameter(parameters, "within_days") else { return Ok(DEFAULT_DAYS) };
    let days = text.parse().ok().filter(|days| (1..=MAX_DAYS).contains(days));
    days.ok_or_else(|| wrong("within_days", format!("expected a number of days from 1 to {MAX_DAYS}")))
}

/// Decodes the pagination cursor: where the page begins.
///
/// # Errors
/// When it is no valid cursor.
pub fn cursor(parameters: &Parameters) -> Result<Option<CallbackCursor>, FilterError> {
    let wrong = FilterError { field: "cursor", problem: FilterProblem::Cursor };
    parameter(parameters, "cursor").map(|text| CallbackCursor::decode(text).ok_or(wrong)).transpose()
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
pub async fn report(request: HttpRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let report =
        callback_report(&state, &filter(&parameters(&request), &state, Principal::lines_of(&request))?).await?;
    Ok(Json(ReportJson {
        missed_callers: report.missed_callers,
        reached: report.reached,
        still_owed: report.still_owed,
        reached_after_seconds: WaitJson { median: report.median_seconds, p90: report.p90_seconds },
    }))
}

/// Builds the report on what became of the missed callers that a filter lets through.
///
/// # Errors
/// When the database does not answer.
pub async fn callback_report(state: &AppState, filter: &Filter) -> Result<CallbackReport, Error> {
    let streaks = missed_streaks(&state.db, &state.derivation.numbering, &state.query(filter)).await?;
    aside(move || CallbackReport::of(streaks)).await
}

/// Marks a number as rung back, until it is missed again
#[utoipa::path(
    post, path = "/api/v1/callbacks/{party}/done", tag = "Callbacks",
    params(("party" = String, Path, description = "A valid number in any notation")),
    responses((status = 204, description = "Off the list"))
)]
pub async fn done(path: Path<String>, request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    mark(&state, &path, author(&request)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Takes the last mark of a number back
#[utoipa::path(
    delete, path = "/api/v1/callbacks/{party}/done", tag = "Callbacks",
    params(("party" = String, Path, description = "A valid number in any notation")),
    responses((status = 204, description = "As before the mark"), (status = 404, description = "There is no mark", body = crate::web::error::Problem, content_type = "application/problem+json"))
)]
pub async fn undo(path: Path<String>, state: Data<AppState>) -> Result<HttpResponse, Error> {
    if unmark(&state, &path).await? { Ok(HttpResponse::NoContent().finish()) } else { Err(Error::NotFound) }
}

/// Marks a number, in any notation, as rung back; returns the number in E.164.
///
/// # Errors
/// When it is no valid number, or the database does not answer.
pub async fn mark(state: &AppState, party: &str, by: Actor) -> Result<String, Error> {
    let party = valid(state, party)?;
    mark_done(&state.db, &Mark { party: party.clone(), done_ms: by.at_ms, done_by: by.name }).await?;
    state.open_callbacks.forget().await;
    Ok(party)
}

/// Removes the last mark of a number; returns whether there was one.
///
/// # Errors
/// When it is no valid number, or the database does not answer.
pub async fn unmark(state: &AppState, party: &str) -> Result<bool, Error> {
    let undone = undo_done(&state.db, &valid(state, party)?).await?;
    state.open_callbacks.forget().await;
    Ok(undone)
}

fn valid(state: &AppState, party: &str) -> Result<String, Error> {
    let number = state.derivation.numbering.e164(party);
    number.ok_or_else(|| wrong("party", "expected a valid telephone number".into()))
}

fn wrong(field: &str, what: String) -> Error {
    Error::Fields(vec![WrongField { field: field.into(), detail: format!("{field}: {what}") }])
}
