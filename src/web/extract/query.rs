//! The query string: parameters, and the words that narrow calls down.

use actix_web::HttpRequest;
use utoipa::IntoParams;

use crate::calls::outcome::Outcome;
use crate::placetel::event::Direction;
use crate::service::state::AppState;
use crate::stats::as_of::{AsOf, FilterAsOf};
use crate::stats::filter::{Filter, FilterError, FilterProblem, Lines};
use crate::stats::period::Period;
use crate::store::calls::find::Cursor;

/// The query parameters of a request, in order.
pub type Parameters = Vec<(String, String)>;

/// Maximum number of query parameters that are read; further ones are ignored.
const MOST_PARAMETERS: usize = 100;

/// Reads the query string as name-value pairs; it never fails, whatever the query holds.
pub fn parameters(request: &HttpRequest) -> Parameters {
    form_urlencoded::parse(request.query_string().as_bytes()).into_owned().take(MOST_PARAMETERS).collect()
}

/// Returns the value of the first parameter with this name that is not empty.
pub fn parameter<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
    parameters.iter().find(|(n, value)| n == name && !value.is_empty()).map(|(_, value)| value.as_str())
}

/// Parses the filter parameters, and restricts the filter to `lines`, those that the requester may see.
///
/// # Errors
/// The first parameter that cannot be used.
pub fn filter(parameters: &Parameters, lines: Lines, as_of: AsOf, state: &AppState) -> Result<FilterAsOf, FilterError> {
    let pairs = parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let filter = Filter::parse(pairs, as_of.today, &state.derivation.numbering)?;
    state.statistics.check_agents(&filter)?;
    Ok(FilterAsOf { filter: Filter { lines, ..filter }, as_of })
}

/// Parses `limit`, a number from 1 to `most`; returns `default` if it is absent.
///
/// # Errors
/// When it is no such number.
pub fn limit(parameters: &Parameters, default: usize, most: usize) -> Result<usize, FilterError> {
    let Some(text) = parameter(parameters, "limit") else { return Ok(default) };
    let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or(FilterError { field: "limit", problem: FilterProblem::Limit })
}

/// Decodes the pagination cursor in the parameter of this name.
///
/// # Errors
/// When it is no valid cursor.
pub fn cursor(parameters: &Parameters, name: &str) -> Result<Option<Cursor>, FilterError> {
    let wrong = FilterError { field: "cursor", problem: FilterProblem::Cursor };
    parameter(parameters, name).map(|text| Cursor::decode(text).ok_or(wrong)).transpose()
}

/// The words that narrow down: the same for API, CSV and pages.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only says what there is")]
pub struct FilterParams {
    /// First day, in the business time zone; together with `end`.
    #[param(value_type = Option<String>, format = Date)]
    start: Option<String>,
    /// Last day, inclusive.
    #[param(value_type = Option<String>, format = Date)]
    end: Option<String>,
    /// Instead of days; `30d` if nothing is said.
    period: Option<Period>,
    /// Which way.
    direction: Option<Direction>,
    /// The own line, in any notation.
    number: Option<String>,
    /// The SIP user; 403 where figures by agent are switched off.
    peer: Option<String>,
    /// What became of them: one or several, separated by commas.
    #[param(style = Form, explode = false)]
    outcome: Option<Vec<Outcome>>,
    /// The other side, in any notation.
    party: Option<String>,
    /// Digits or text, anywhere in numbers or peer; not in peer where figures by agent are switched off.
    q: Option<String>,
    /// Calls while open or while closed, by `--business-hours`.
    #[param(inline)]
    hours: Option<Hours>,
    /// Calls that this route answered.
    route: Option<i64>,
}

/// Whether a call began within the business hours.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[allow(dead_code, reason = "only says what there is")]
enum Hours {
    Open,
    Closed,
}

/// Which page of a list.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only says what there is")]
pub struct PageParams {
    /// At most so many items; 50.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}
