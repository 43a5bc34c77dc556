use actix_web::Responder;
use actix_web::web::{Data, Json};
use serde::Serialize;
use utoipa::IntoParams;

use super::stats::PeriodJson;
use crate::service::state::AppState;
use crate::service::statistics::quality::{LineQuality, quality};
use crate::web::error::{Error, WrongField};
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query::parameter;

/// The filter parameters that cannot be used here, because neither cells nor log know about them.
const NARROWER: [&str; 7] = ["direction", "peer", "outcome", "party", "q", "hours", "route"];

/// Which calls; the other filter words cannot be used here.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "only says what there is")]
pub struct QualityParams {
    /// First day, in the business time zone; together with `end`.
    #[param(value_type = Option<String>, format = Date)]
    start: Option<String>,
    /// Last day, inclusive.
    #[param(value_type = Option<String>, format = Date)]
    end: Option<String>,
    /// Instead of days; `30d` if nothing is said.
    period: Option<crate::stats::period::Period>,
    /// The own line, in any notation.
    number: Option<String>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Quality)]
struct QualityJson {
    period: PeriodJson,
    totals: FiguresJson,
    /// Those with most calls first.
    lines: Vec<LineJson>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LineQuality)]
struct LineJson {
    /// `null` for calls whose line is not known.
    number: Option<String>,
    #[serde(flatten)]
    figures: FiguresJson,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = QualityFigures)]
struct FiguresJson {
    /// Calls that are over.
    calls: i64,
    /// Of them those whose HungUp never came.
    without_hangup: i64,
    /// Outgoing calls that were accepted.
    accepted_out: i64,
    /// Of them those whose talk time is unknown.
    talk_unknown: i64,
    events: EventsJson,
}

/// How events came; looked at are those of the newest 20,000 calls.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = EventQuality)]
struct EventsJson {
    /// The calls looked at.
    calls: i64,
    /// Their distinct events.
    count: i64,
    /// Those that came more than once.
    doubled: i64,
    /// Those that came after the last HungUp of their call.
    late: i64,
    /// Further events, if any, beyond the first 500 of a call: kept in the log, but the call is not made of them. The other
    /// figures leave them out.
    #[serde(skip_serializing_if = "Option::is_none")]
    surplus: Option<i64>,
}

impl From<&LineQuality> for FiguresJson {
    fn from(LineQuality { gaps, arrivals, .. }: &LineQuality) -> Self {
        Self {
            calls: gaps.calls,
            without_hangup: gaps.without_hangup,
            accepted_out: gaps.accepted_out,
            talk_unknown: gaps.talk_unknown,
            events: EventsJson {
                calls: arrivals.calls,
                count: arrivals.events,
                doubled: arrivals.doubled,
                late: arrivals.late,
                surplus: Some(arrivals.surplus).filter(|&count| count > 0),
            },
        }
    }
}

/// How complete the events were that the figures rest on
#[utoipa::path(
    get, path = "/api/v1/quality", tag = "Statistics", params(QualityParams),
    responses(
        (status = 200, description = "What is missing, doubled or late", body = QualityJson),
        (status = 403, description = "Asks for figures by agent, which are switched off (`--agent-figures off`)", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn show(request: CallsRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let asked = request.filter(&state)?;
    let unusable =
        NARROWER.into_iter().filter(|name| parameter(&request.parameters, name).is_some()).map(|name| WrongField {
            field: name.into(),
            detail: format!("{name} cannot narrow this down: expected start and end, period, number"),
        });
    let unusable: Vec<_> = unusable.collect();
    if !unusable.is_empty() {
        return Err(Error::Fields(unusable));
    }
    let found = quality(&state.statistics, &asked).await?;
    let line = |line: &LineQuality| LineJson { number: line.number.clone(), figures: line.into() };
    Ok(Json(QualityJson {
        period: PeriodJson::of(asked.filter.days, &state),
        totals: (&found.totals).into(),
        lines: found.lines.iter().map(line).collect(),
    }))
}
