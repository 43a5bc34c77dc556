use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

use super::{limit, parameter, parameters};
use crate::stats::filter::{FilterError, FilterProblem};
use crate::store::callbacks::{Callback, CallbackCursor, mark_done, open_callbacks};
use crate::web::clock::{now_ms, rfc3339};
use crate::web::error::{Error, WrongField};
use crate::web::state::State;

const DEFAULT_DAYS: i64 = 30;
const MAX_DAYS: i64 = 3_660;
const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;
const DAY_MS: i64 = 24 * 3600 * 1000;

#[derive(Serialize)]
struct CallbackJson {
    party: String,
    missed_calls: i64,
    first_missed_at: String,
    last_missed_at: String,
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

#[derive(Serialize)]
struct CallbackList {
    items: Vec<CallbackJson>,
    next_cursor: Option<String>,
}

/// `GET /api/v1/callbacks`
pub async fn list(request: HttpRequest, state: Data<State>) -> Result<impl Responder, Error> {
    let parameters = parameters(&request);
    let days = match parameter(&parameters, "within_days") {
        None => DEFAULT_DAYS,
        Some(text) => text.parse().ok().filter(|days| (1..=MAX_DAYS).contains(days)).ok_or_else(|| {
            let detail = format!("within_days: expected a number of days from 1 to {MAX_DAYS}");
            Error::Fields(vec![WrongField { field: "within_days".into(), detail }])
        })?,
    };
    let wrong = FilterError { field: "cursor", problem: FilterProblem::Cursor };
    let cursor = parameter(&parameters, "cursor").map(|text| CallbackCursor::decode(text).ok_or(wrong)).transpose()?;
    let limit = limit(&parameters, DEFAULT_LIMIT, MAX_LIMIT)?;
    let since_ms = now_ms() - days * DAY_MS;
    let page = open_callbacks(&state.db, &state.derivation.numbering, since_ms, cursor, limit).await?;
    let items = page.callbacks.into_iter().map(CallbackJson::from).collect();
    Ok(Json(CallbackList { items, next_cursor: page.next.map(|next| next.encode()) }))
}

/// `POST /api/v1/callbacks/{party}/done`
pub async fn done(path: Path<String>, state: Data<State>) -> Result<HttpResponse, Error> {
    let party = state.derivation.numbering.e164(&path).ok_or_else(|| {
        let detail = "party: expected a valid telephone number".to_owned();
        Error::Fields(vec![WrongField { field: "party".into(), detail }])
    })?;
    mark_done(&state.db, &party, now_ms()).await?;
    Ok(HttpResponse::NoContent().finish())
}
