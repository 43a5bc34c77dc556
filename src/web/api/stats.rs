use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, Responder};
use serde::Serialize;

use super::{filter, limit, parameter, parameters};
use crate::stats::filter::{FilterError, FilterProblem};
use crate::stats::report::{Group, GroupBy, MAX_GROUPS};
use crate::stats::totals::Totals;
use crate::web::error::Error;
use crate::web::reports::report;
use crate::web::state::State;

const DEFAULT_LIMIT: usize = 1_000;

#[derive(Serialize)]
struct StatsJson {
    period: PeriodJson,
    totals: Totals,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Group>>,
}

#[derive(Serialize)]
struct PeriodJson {
    start: String,
    end: String,
    time_zone: &'static str,
}

/// `GET /api/v1/stats`
pub async fn stats(request: HttpRequest, state: Data<State>) -> Result<impl Responder, Error> {
    let parameters = parameters(&request);
    let filter = filter(&parameters, &state)?;
    let wrong = FilterError { field: "group_by", problem: FilterProblem::GroupBy };
    let group_by = parameter(&parameters, "group_by").map(|word| GroupBy::parse(word).ok_or(wrong)).transpose()?;
    let limit = limit(&parameters, DEFAULT_LIMIT, MAX_GROUPS)?;
    let report = report(&state, &filter, group_by, limit).await?;
    Ok(Json(StatsJson {
        period: PeriodJson {
            start: filter.days.start.to_string(),
            end: filter.days.end.to_string(),
            time_zone: state.derivation.business.time_zone().name(),
        },
        totals: report.totals,
        groups: report.groups,
    }))
}
