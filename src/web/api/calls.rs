use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, Responder};
use serde::Serialize;

use crate::clock::now_ms;
use crate::placetel::event::CallId;
use crate::service::state::AppState;
use crate::store::calls::events::events_of_call;
use crate::store::calls::find::{Cursor, find_call, find_decision};
use crate::store::stats::spans::list::list_calls;
use crate::web::access::principal::Principal;
use crate::web::error::Error;
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query::{FilterParams, PageParams, cursor, limit};
use crate::wire::{CallDetail, CallJson};

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;

#[derive(Serialize, utoipa::ToSchema)]
struct CallList {
    items: Vec<CallJson>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
}

/// Calls, newest first
#[utoipa::path(
    get, path = "/api/v1/calls", tag = "Calls", params(FilterParams, PageParams),
    responses(
        (status = 200, description = "A page of calls", body = CallList),
        (status = 403, description = "Asks for figures by agent, which are switched off (`--agent-figures off`)", body = crate::web::error::Problem, content_type = "application/problem+json")
    )
)]
pub async fn list(request: CallsRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let (asked, parameters) = (request.filter(&state)?, &request.parameters);
    let (cursor, limit) = (cursor(parameters, "cursor")?, limit(parameters, DEFAULT_LIMIT, MAX_LIMIT)?);
    let page = list_calls(&state.db, &state.statistics.query(&asked), cursor, limit).await?;
    let (now_ms, timeout_ms) = (asked.as_of.now_ms, state.statistics.hangup_timeout_ms());
    let items = page.calls.into_iter().map(|call| CallJson::new(call, now_ms, timeout_ms)).collect();
    Ok(Json(CallList { items, next_cursor: page.next.map(Cursor::encode) }))
}

/// One call with its events and what the PBX was told
#[utoipa::path(
    get, path = "/api/v1/calls/{call_id}", tag = "Calls", params(("call_id" = String, Path)),
    responses((status = 200, description = "The call", body = CallDetail))
)]
pub async fn show(path: Path<String>, request: HttpRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let call_id = CallId::parse(&path).ok_or(Error::NotFound)?;
    let call = find_call(&state.db, &call_id).await?;
    let call = call.filter(|call| Principal::may_see(&request, &call.call)).ok_or(Error::NotFound)?;
    let events = events_of_call(&state.db, &call_id).await?;
    let decision = find_decision(&state.db, &call_id).await?;
    Ok(Json(CallDetail::new(call, &events, decision, now_ms(), state.statistics.hangup_timeout_ms())))
}
