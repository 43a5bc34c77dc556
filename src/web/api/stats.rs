use actix_web::Responder;
use actix_web::web::{Data, Json};
use serde::Serialize;

use crate::service::state::AppState;
use crate::service::statistics::reports::report_from;
use crate::stats::filter::{FilterError, FilterProblem};
use crate::stats::period::DayRange;
use crate::stats::report::{Group, GroupBy, MAX_GROUPS, Source};
use crate::stats::totals::Totals;
use crate::web::error::Error;
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query::{FilterParams, Parameters, limit, parameter};

const DEFAULT_LIMIT: usize = 1_000;
const DAY_SECONDS: u32 = 24 * 60 * 60;

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Stats)]
struct StatsJson {
    period: PeriodJson,
    totals: Totals,
    /// Only with `group_by`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    groups: Option<Vec<Group>>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Period)]
pub(super) struct PeriodJson {
    #[schema(format = Date)]
    start: String,
    #[schema(format = Date)]
    end: String,
    time_zone: &'static str,
}

impl PeriodJson {
    pub(super) fn of(days: DayRange, state: &AppState) -> Self {
        Self {
            start: days.start.to_string(),
            end: days.end.to_string(),
            time_zone: state.derivation.business.time_zone().name(),
        }
    }
}

/// Figures of calls, in all and by groups
#[utoipa::path(
    get, path = "/api/v1/stats", tag = "Statistics",
    params(
        FilterParams,
        ("group_by" = Option<crate::stats::report::GroupBy>, Query, description = "Groups by this, too"),
        ("limit" = Option<usize>, Query, description = "At most so many groups; 1,000", minimum = 1, maximum = 10_000),
        ("within_seconds" = Option<u32>, Query, description = "Threshold of the service level for this question", maximum = 86_400)
    ),
    responses(
        (status = 200, description = "The figures", body = StatsJson),
        (status = 403, description = "Asks for figures by agent, which are switched off (`--agent-figures off`)", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn stats(request: CallsRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let (asked, parameters) = (request.filter(&state)?, &request.parameters);
    let wrong = FilterError { field: "group_by", problem: FilterProblem::GroupBy };
    let group_by = parameter(parameters, "group_by").map(|word| GroupBy::parse(word).ok_or(wrong)).transpose()?;
    if group_by == Some(GroupBy::Peer) && !state.config.agent_figures {
        return Err(FilterError { field: "group_by", problem: FilterProblem::AgentFigures }.into());
    }
    let limit = limit(parameters, DEFAULT_LIMIT, MAX_GROUPS)?;
    let within = within_seconds(parameters)?.unwrap_or(state.config.service_level_seconds);
    let source = Source::of(&asked.filter, group_by);
    let report = report_from(&state.statistics, source, &asked, group_by, limit, within).await?;
    Ok(Json(StatsJson {
        period: PeriodJson::of(asked.filter.days, &state),
        totals: report.totals,
        groups: report.groups,
    }))
}

/// Parses `within_seconds`: the threshold of the service level for this request alone, in seconds.
fn within_seconds(parameters: &Parameters) -> Result<Option<u32>, FilterError> {
    let wrong = FilterError { field: "within_seconds", problem: FilterProblem::Seconds };
    let read = |text: &str| text.parse().ok().filter(|seconds| *seconds <= DAY_SECONDS).ok_or(wrong);
    parameter(parameters, "within_seconds").map(read).transpose()
}
