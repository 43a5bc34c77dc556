//! Events of the PBX that were sent to a wrong url: they are refused and counted, and the first page tells the right url.
//! A redirect to the login would lose them in silence, because the PBX follows it and takes its answer for a receipt.

use actix_web::body::MessageBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::middleware::Next;
use actix_web::web::{self, Data};
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use super::access::guard;
use super::endpoint::Endpoints;
use super::error::Error;
use super::extract::budget::Bodies;
use super::placetel::{FORM, read_body};
use crate::calls::receipts::Receipt;
use crate::log_throttle::throttled;
use crate::service::refusal::RefusalReason;
use crate::service::state::AppState;

/// Middleware that refuses what is an event and was sent to a url that takes no forms.
///
/// # Errors
/// Those of the wrapped service.
pub async fn refuse(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if may_be_event(request.request()) {
        let payload = request.take_payload();
        if is_event(request.request(), payload).await {
            if let Some(state) = request.app_data::<Data<AppState>>() {
                state.intake.note_refusal(RefusalReason::Astray);
            }
            throttled!(warn, "", "an event was sent to another url than /placetel, and is lost");
            return Ok(request.error_response(Error::Astray).map_into_right_body());
        }
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Returns whether nothing here takes the request, and an event could look like it.
fn may_be_event(request: &HttpRequest) -> bool {
    let is_taken = || request.app_data::<Data<Endpoints>>().is_none_or(|all| all.find(request).is_some());
    let is_closed = || {
        let state = request.app_data::<Data<AppState>>();
        state.is_none_or(|state| state.config.is_unprotected()) && guard::check_local(request).is_err()
    };
    request.method() == Method::POST
        && guard::has_content_type(request, FORM)
        && guard::check_origin(request).is_ok()
        && !is_taken()
        && !is_closed()
}

async fn is_event(request: &HttpRequest, mut payload: Payload) -> bool {
    let Some(bodies) = request.app_data::<Data<Bodies>>() else { return false };
    let Ok(payload) = web::Payload::from_request(request, &mut payload).await else { return false };
    read_body(payload, bodies.pbx()).await.is_ok_and(|(body, _held)| Receipt::new(0, body).is_ok())
}
