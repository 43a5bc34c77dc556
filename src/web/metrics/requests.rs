use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::durations::BUSIEST;
use crate::store::condition::Trouble;
use crate::web::error::Error;
use crate::web::state::AppState;

/// Middleware that measures a request until its answer begins; a stream may go on for long. If it failed on damage, the
/// database is marked as damaged.
///
/// # Errors
/// Those of the wrapped service.
pub async fn measure(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let started = Instant::now();
    let response = next.call(request).await?;
    let request = response.request();
    if let Some(state) = request.app_data::<Data<AppState>>() {
        let requests = &state.metrics.requests;
        let is_busiest = request.path() == BUSIEST;
        requests.observe(|| request.match_pattern(), is_busiest, response.status(), started.elapsed());
        if let Some(Error::Damaged(why)) = response.response().error().and_then(|error| error.as_error()) {
            state.db.condition().suffer(Trouble::Damaged, why);
        }
    }
    Ok(response)
}
