use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};

use super::error::Error;
use crate::service::state::AppState;
use crate::store::db::condition::Trouble;

/// Liveness probe: answers as long as the process runs.
pub async fn healthz() -> impl Responder {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// Readiness probe: answers 200 while the database answers, takes events, and is not known to be damaged; else 503.
pub async fn readyz(state: Data<AppState>) -> Result<HttpResponse, Error> {
    if state.health.is_ready().await {
        return Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"));
    }
    Err(Error::Unavailable(match state.db.condition().trouble() {
        Some(Trouble::Damaged) => "the file of the database is damaged",
        Some(Trouble::Missing) => "the file of the database is gone",
        Some(Trouble::ReadOnly) => "the database cannot be written",
        Some(Trouble::Full) => "the disk of the database is full",
        Some(Trouble::Rebuilding) => "calls and statistics are derived again",
        Some(Trouble::Refusing) => "the database refuses what is asked of it",
        Some(Trouble::Unreachable) | None => "the database does not answer",
    }))
}
