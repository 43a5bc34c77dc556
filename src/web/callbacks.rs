//! Callbacks: the list of missed callers, who is marked as rung back, and the report.

use super::error::{Error, WrongField};
use super::extract::query::{Parameters, parameter};
use super::open_callbacks::DEFAULT_DAYS;
use super::route_trials::aside;
use super::state::AppState;
use crate::stats::callbacks::CallbackReport;
use crate::stats::filter::{Filter, FilterError, FilterProblem, Lines};
use crate::store::StoreError;
use crate::store::callback_report::missed_streaks;
use crate::store::callbacks::{CallbackCursor, CallbackPage, open_callbacks, open_callbacks_of_lines};
use crate::store::marks::{Mark, mark_done, undo_done};
use crate::store::revisions::Actor;

/// Maximum number of days back that can be asked for.
const MAX_DAYS: i64 = 3_660;

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

/// Builds the report on what became of the missed callers that a filter lets through.
///
/// # Errors
/// When the database does not answer.
pub async fn callback_report(state: &AppState, filter: &Filter) -> Result<CallbackReport, Error> {
    let streaks = missed_streaks(&state.db, &state.derivation.numbering, &state.query(filter)).await?;
    aside(move || CallbackReport::of(streaks)).await
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
