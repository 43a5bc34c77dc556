use std::convert::Infallible;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::poll_fn;

use super::NoPlace;
use crate::web::api::{parameter, parameters};
use crate::web::error::Error;
use crate::web::state::State;

/// `GET /events`: calls and figures as they change, as server-sent events. What came after the event named by
/// `Last-Event-ID`, or by the parameter `since` at the first time, is sent first.
pub async fn events(request: HttpRequest, state: Data<State>) -> Result<HttpResponse, Error> {
    let parameters = parameters(&request);
    let last = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
    let since = last.or(parameter(&parameters, "since"));
    let mut events = state.live.subscribe(since).map_err(|no_place| {
        Error::Unavailable(match no_place {
            NoPlace::Full => "as many as may be read the live stream already",
            NoPlace::Stopping => "the service is stopping",
        })
    })?;
    let stream = poll_fn(move |context| events.poll_recv(context).map(|bytes| bytes.map(Ok::<_, Infallible>)));
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header(("X-Accel-Buffering", "no"))
        .force_close()
        .streaming(stream))
}
