//! A request for figures: which calls, grouped by what.

use super::calls_request::CallsRequest;
use super::query::{Parameters, limit, parameter};
use crate::service::error::ServiceError;
use crate::service::state::AppState;
use crate::service::statistics::reports::report_from;
use crate::stats::as_of::FilterAsOf;
use crate::stats::filter::{FilterError, FilterProblem};
use crate::stats::report::{GroupBy, MAX_GROUPS, Report, Source};
use crate::web::error::Error;

const DEFAULT_LIMIT: usize = 1_000;
const DAY_SECONDS: u32 = 24 * 60 * 60;

/// What a request for figures says: API and CSV alike.
pub struct StatsRequest {
    /// The calls.
    pub filter: FilterAsOf,
    /// What they are grouped by.
    pub group_by: Option<GroupBy>,
    limit: usize,
    within_seconds: u32,
}

impl StatsRequest {
    /// Parses the parameters.
    ///
    /// # Errors
    /// The first one that cannot be used, or figures by agent where these are switched off.
    pub fn of(request: &CallsRequest, state: &AppState) -> Result<Self, Error> {
        let (filter, parameters) = (request.filter(state)?, &request.parameters);
        let wrong = FilterError { field: "group_by", problem: FilterProblem::GroupBy };
        let group_by = parameter(parameters, "group_by").map(|word| GroupBy::parse(word).ok_or(wrong)).transpose()?;
        if group_by == Some(GroupBy::Peer) && !state.config.agent_figures {
            return Err(FilterError { field: "group_by", problem: FilterProblem::AgentFigures }.into());
        }
        let limit = limit(parameters, DEFAULT_LIMIT, MAX_GROUPS)?;
        let within_seconds = within_seconds(parameters)?.unwrap_or(state.config.service_level_seconds);
        Ok(Self { filter, group_by, limit, within_seconds })
    }

    /// Counts the figures.
    ///
    /// # Errors
    /// When there would be too many groups, or the database does not answer.
    pub async fn report(&self, state: &AppState) -> Result<Report, ServiceError> {
        let Self { filter, group_by, limit, within_seconds } = self;
        let source = Source::of(&filter.filter, *group_by);
        report_from(&state.statistics, source, filter, *group_by, *limit, *within_seconds).await
    }
}

/// Parses `within_seconds`: the threshold of the service level for this request alone, in seconds.
fn within_seconds(parameters: &Parameters) -> Result<Option<u32>, FilterError> {
    let wrong = FilterError { field: "within_seconds", problem: FilterProblem::Seconds };
    let read = |text: &str| text.parse().ok().filter(|seconds| *seconds <= DAY_SECONDS).ok_or(wrong);
    parameter(parameters, "within_seconds").map(read).transpose()
}
