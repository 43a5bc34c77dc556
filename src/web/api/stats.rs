use actix_web::Responder;
use actix_web::web::{Data, Json};
use serde::Serialize;

use crate::service::state::AppState;
use crate::stats::period::DayRange;
use crate::stats::report::Group;
use crate::stats::totals::Totals;
use crate::web::error::Error;
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query::FilterParams;
use crate::web::extract::stats_request::StatsRequest;

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
    let asked = StatsRequest::of(&request, &state)?;
    let report = asked.report(&state).await?;
    Ok(Json(StatsJson {
        period: PeriodJson::of(asked.filter.filter.days, &state),
        totals: report.totals,
        groups: report.groups,
    }))
}
