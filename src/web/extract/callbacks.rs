//! The query parameters of lists of callbacks.

use super::query::{Parameters, parameter};
use crate::service::callbacks::DEFAULT_DAYS;
use crate::stats::filter::{FilterError, FilterProblem};
use crate::store::callbacks::CallbackCursor;
use crate::web::error::{Error, WrongField};

/// Maximum number of days back that can be asked for.
const MAX_DAYS: i64 = 3_660;

/// Parses `within_days`: how many days back missed calls are considered.
///
/// # Errors
/// When it is no usable number of days.
pub fn within_days(parameters: &Parameters) -> Result<i64, Error> {
    let Some(text) = parameter(parameters, "within_days") else { return Ok(DEFAULT_DAYS) };
    let days = text.parse().ok().filter(|days| (1..=MAX_DAYS).contains(days));
    days.ok_or_else(|| {
        let detail = format!("within_days: expected a number of days from 1 to {MAX_DAYS}");
        Error::Fields(vec![WrongField { field: "within_days".into(), detail }])
    })
}

/// Decodes the pagination cursor: where the page begins.
///
/// # Errors
/// When it is no valid cursor.
pub fn cursor(parameters: &Parameters) -> Result<Option<CallbackCursor>, FilterError> {
    let wrong = FilterError { field: "cursor", problem: FilterProblem::Cursor };
    parameter(parameters, "cursor").map(|text| CallbackCursor::decode(text).ok_or(wrong)).transpose()
}
