use std::convert::Infallible;
use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream::unfold;
use tokio::time::MissedTickBehavior;

use super::access::principal::Principal;
use crate::service::live::NoPlace;
use crate::service::shares::Asker;
use crate::service::state::AppState;
use crate::web::error::Error;
use crate::web::extract::query::{parameter, parameters};

/// How often it is checked whether whoever reads the stream still may.
const CHECK: Duration = Duration::from_secs(2);

/// Handler of `GET /events`: sends calls and figures as they change, as server-sent events. What came after the event
/// named by `Last-Event-ID`, or by the parameter `since` at the first time, is sent first.
pub async fn events(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let place = state.questions.stream(Asker::of(&request), state.config.limits)?;
    let parameters = parameters(&request);
    let last = request.headers().get("last-event-id").and_then(|id| id.to_str().ok());
    let since = last.or(parameter(&parameters, "since"));
    let events = state.live.subscribe(since).map_err(|no_place| {
        Error::Unavailable(match no_place {
            NoPlace::Full => "as many as may be read the live stream already",
            NoPlace::Stopping => "the service is stopping",
        })
    })?;
    let mut checks = tokio::time::interval(CHECK);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stream =
        unfold((events, checks, request, state, place), |(mut events, mut checks, request, state, place)| async move {
            loop {
                tokio::select! {
                    bytes = events.next() => {
                        return bytes.map(|bytes| (Ok::<_, Infallible>(bytes), (events, checks, request, state, place)));
                    }
                    _ = checks.tick() => if !Principal::still_may(&request, &state).await { return None },
                }
            }
        });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(("X-Accel-Buffering", "no"))
        .force_close()
        .streaming(stream))
}
