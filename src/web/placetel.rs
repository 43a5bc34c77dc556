use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::{self, Data, Payload};
use actix_web::{HttpRequest, HttpResponse, Resource};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use subtle::ConstantTimeEq;
use tokio::sync::oneshot;

use super::access::guard;
use super::error::{Challenge, Error, WrongField, only};
use super::extract::budget::{Bodies, Held};
use crate::calls::receipts::Receipt;
use crate::config::{NoRoute, Secret};
use crate::log_throttle::throttled;
use crate::placetel::event::{EventError, Kind, MAX_BODY_BYTES};
use crate::placetel::reply::EMPTY_RESPONSE;
use crate::placetel::signature;
use crate::routing::table::Decision;
use crate::service::metrics::registry::Failure;
use crate::service::refusal::RefusalReason;
use crate::service::state::AppState;
use crate::store::ingest::record::{Delivery, Recorded, Source};
use crate::store::ingest::writer::WriteError;

/// Timeout for storing an event: what the database does not take within two seconds is in the spool by then, or
/// refused.
const PATIENCE: Duration = Duration::from_secs(5);
/// The channel that tells whether an event was stored.
type Stored = oneshot::Receiver<Result<Recorded, WriteError>>;
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// Returns the resource `/placetel`, also with a slash at its end.
pub fn resource() -> Resource {
    web::resource(["/placetel", "/placetel/"]).route(web::post().to(receive)).default_service(only("POST"))
}

/// Receives one event of the PBX: it is acknowledged once it is stored durably. An IncomingCall is answered in time,
/// whatever storage does: somebody is waiting on the line.
async fn receive(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
    bodies: Data<Bodies>,
) -> Result<HttpResponse, Error> {
    let received_ms = state.clock.now_ms();
    let checked = match read_event(&request, (payload, bodies.pbx()), &state, received_ms).await {
        Ok(receipt) => receipt,
        Err((reason, error)) => {
            state.intake.note_refusal(reason);
            throttled!(warn, error, "a request to /placetel was refused");
            return Err(error);
        }
    };
    state.intake.note_event(received_ms);
    if checked.event.kind == Kind::IncomingCall {
        Ok(answer_call(&state, checked).await)
    } else {
        let delivery = Delivery { receipt: checked.into(), source: Source::Pbx(None) };
        store(&state, delivery).await?;
        Ok(xml(EMPTY_RESPONSE.into()))
    }
}

async fn read_event(
    request: &HttpRequest,
    (payload, held): (Payload, Held),
    state: &AppState,
    received_ms: i64,
) -> Result<Receipt, (RefusalReason, Error)> {
    if state.config.is_unprotected() {
        guard::check_local(request).map_err(|error| (RefusalReason::NotLocal, error))?;
    }
    guard::check_origin(request).map_err(|error| (RefusalReason::ForeignOrigin, error))?;
    if !guard::has_content_type(request, FORM) {
        return Err((RefusalReason::ContentType, Error::ContentType(FORM)));
    }
    if let Some(basic) = &state.config.placetel_basic {
        check_basic(request, basic).map_err(|error| (RefusalReason::Basic, error))?;
    }
    let (body, _held) = read_body(payload, held).await?;
    check_signature(request, &state.config.placetel_secrets, &body)?;
    Receipt::new(received_ms, body).map_err(|error| match error.field() {
        None => too_large(),
        Some(field) => {
            let wrong = WrongField { field: field.into(), detail: error.to_string() };
            (RefusalReason::NoEvent, Error::Fields(vec![wrong]))
        }
    })
}

/// Reads the body of an event into a buffer that grows with it: the framework's own extractor sets 32 KiB aside for each.
pub(super) async fn read_body(mut payload: Payload, mut held: Held) -> Result<(Vec<u8>, Held), (RefusalReason, Error)> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let broken_off = |_| (RefusalReason::NoEvent, Error::BadRequest("the body broke off".into()));
        let chunk = chunk.map_err(broken_off)?;
        if body.len() + chunk.len() > MAX_BODY_BYTES {
            return Err(too_large());
        }
        held.grow(body.len() + chunk.len()).map_err(|error| (RefusalReason::NoRoom, error))?;
        body.extend_from_slice(&chunk);
    }
    Ok((body, held))
}

fn too_large() -> (RefusalReason, Error) {
    (RefusalReason::TooLarge, Error::TooLarge(EventError::TooLarge.to_string()))
}

fn check_basic(request: &HttpRequest, expected: &Secret) -> Result<(), Error> {
    let given = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let credentials = given
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, encoded)| STANDARD.decode(encoded.trim()).ok())
        .unwrap_or_default();
    let is_right = bool::from(credentials.ct_eq(expected.0.as_bytes()));
    let reason = "user or password is missing or wrong";
    is_right.then_some(()).ok_or(Error::Unauthorized { reason, challenge: Challenge::Basic })
}

fn check_signature(request: &HttpRequest, secrets: &[Secret], body: &[u8]) -> Result<(), (RefusalReason, Error)> {
    if secrets.is_empty() {
        return Ok(());
    }
    let refuse = |refusal, reason| Err((refusal, Error::Unauthorized { reason, challenge: Challenge::Other }));
    let Some(given) = request.headers().get(signature::HEADER).and_then(|value| value.to_str().ok()) else {
        return refuse(RefusalReason::SignatureMissing, "the signature (X-PLACETEL-SIGNATURE) is missing");
    };
    if signature::is_valid(secrets.iter().map(|secret| secret.0.as_str()), body, given) {
        Ok(())
    } else {
        refuse(
            RefusalReason::SignatureWrong,
            "the signature does not fit: is the shared secret the same on both sides?",
        )
    }
}

async fn answer_call(state: &AppState, receipt: Receipt) -> HttpResponse {
    let event = &receipt.event;
    let call_id = event.call_id.clone();
    let decision = state.routing.decide(&call_id, event.from.as_deref(), event.to.as_deref(), receipt.received_ms);
    let delivery = Delivery { receipt: receipt.into(), source: Source::Pbx(Some(decision.clone())) };
    let settled = match state.writer.submit(delivery, true) {
        Ok(stored) => settled_in_time(state, stored).await,
        Err(error) => {
            state.metrics.failed(Kind::IncomingCall, Failure::QueueFull);
            throttled!(error, error, "an incoming call was answered, but could not be recorded");
            None
        }
    };
    if let Some(settled) = &settled {
        state.routing.settle(&call_id, settled);
    }
    reply(state, settled.unwrap_or(decision))
}

/// Waits for the stored decision that holds for a call; `None` if the database does not tell in time, at once during an
/// outage.
async fn settled_in_time(state: &AppState, stored: Stored) -> Option<Decision> {
    let stored = tokio::select! {
        biased;
        stored = tokio::time::timeout(state.config.answer_within, stored) => stored.ok()?,
        () = state.writer.until_outage() => return None,
    };
    stored.ok()?.ok()?.decision
}

fn reply(state: &AppState, decision: Decision) -> HttpResponse {
    if decision.route_id.is_none() && state.config.no_route == NoRoute::Error {
        use actix_web::ResponseError;
        return Error::Unavailable("no route matches this call").error_response();
    }
    xml(decision.xml)
}

async fn store(state: &AppState, delivery: Delivery) -> Result<Recorded, Error> {
    let kind = delivery.receipt.event.kind;
    let stored = state.writer.submit(delivery, false).map_err(|_: WriteError| {
        state.metrics.failed(kind, Failure::QueueFull);
        Error::Unavailable("too much is waiting")
    })?;
    match tokio::time::timeout(PATIENCE, stored).await {
        Ok(Ok(Ok(recorded))) => Ok(recorded),
        _ => {
            state.metrics.failed(kind, Failure::NotStored);
            Err(Error::Unavailable("neither the database nor the spool takes events"))
        }
    }
}

fn xml(document: Arc<str>) -> HttpResponse {
    HttpResponse::Ok().content_type("application/xml").body(document.to_string())
}
