use actix_web::Responder;
use actix_web::web::{Data, Json};
use serde::Serialize;

use crate::clock::rfc3339;
use crate::routing::warnings::{Gap, RouteName, Warning, Warnings};
use crate::service::routing::trials::warnings_now;
use crate::service::state::AppState;
use crate::web::error::Error;

/// What is probably not meant in the routes.
#[derive(Serialize, utoipa::ToSchema)]
struct RouteWarnings {
    items: Vec<RouteWarning>,
    /// Kinds of warnings that were not looked for, because there are too many routes.
    unchecked: Vec<&'static str>,
}

/// Something that is probably not meant.
#[derive(Default, Serialize, utoipa::ToSchema)]
struct RouteWarning {
    /// `no_last_resort`: no route takes every call at all times. `never_matches`: an earlier route, `by`, takes all
    /// calls of `route`. `for_nobody`: the lists that `route` names are empty. `never_opens`: the hours of `route` do not open within a year. `uncovered`: just any caller
    /// finds no route on `numbers` in `gaps`.
    kind: &'static str,
    route: Option<RouteRef>,
    by: Option<RouteRef>,
    /// As routes have them; of `uncovered`, none is every number that no route names.
    numbers: Vec<String>,
    /// Within the next seven days.
    gaps: Vec<RouteGap>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct RouteRef {
    id: i64,
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
struct RouteGap {
    #[schema(format = DateTime)]
    start: String,
    /// `null` if later than in seven days.
    #[schema(format = DateTime)]
    end: Option<String>,
}

/// What is probably not meant in the routes
#[utoipa::path(
    get, path = "/api/v1/routes/warnings", tag = "Routes",
    responses((status = 200, description = "The warnings, worst first", body = RouteWarnings))
)]
pub async fn show(state: Data<AppState>) -> Result<impl Responder, Error> {
    let Warnings { items, unchecked } = warnings_now(&state).await?;
    let unchecked = unchecked.into_iter().map(|check| check.as_str()).collect();
    Ok(Json(RouteWarnings { items: items.into_iter().map(RouteWarning::from).collect(), unchecked }))
}

impl From<Warning> for RouteWarning {
    fn from(warning: Warning) -> Self {
        match warning {
            Warning::NoLastResort => Self { kind: "no_last_resort", ..Self::default() },
            Warning::NeverMatches { route, by } => {
                Self { kind: "never_matches", route: Some(route.into()), by: Some(by.into()), ..Self::default() }
            }
            Warning::ForNobody { route } => Self { kind: "for_nobody", route: Some(route.into()), ..Self::default() },
            Warning::NeverOpens { route } => Self { kind: "never_opens", route: Some(route.into()), ..Self::default() },
            Warning::Uncovered { numbers, gaps } => {
                let gaps = gaps.into_iter().map(RouteGap::from).collect();
                Self { kind: "uncovered", numbers, gaps, ..Self::default() }
            }
        }
    }
}

impl From<RouteName> for RouteRef {
    fn from(RouteName { id, name }: RouteName) -> Self {
        Self { id, name }
    }
}

impl From<Gap> for RouteGap {
    fn from(Gap { start_ms, end_ms }: Gap) -> Self {
        Self { start: rfc3339(start_ms), end: end_ms.map(rfc3339) }
    }
}
