use std::time::Instant;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::web::Data;

use crate::service::state::AppState;
use crate::store::db::condition::Trouble;
use crate::web::error::Error;

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
        let pattern = || request.match_pattern();
        state.metrics.requested(request.path(), pattern, response.status().as_u16(), started.elapsed());
        if let Some(Error::Damaged(why)) = response.response().error().and_then(|error| error.as_error()) {
            state.db.condition().suffer(Trouble::Damaged, why);
        }
    }
    Ok(response)
}
