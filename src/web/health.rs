use std::time::Duration;

use actix_web::web::Data;
use actix_web::{HttpResponse, Responder};

use super::error::Error;
use super::state::State;

/// How long the database may take to say that it is there.
const PATIENCE: Duration = Duration::from_secs(1);

/// The process runs.
pub async fn healthz() -> impl Responder {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// The database answers; before its tables were brought up to date, no connection to it gets through.
pub async fn readyz(state: Data<State>) -> Result<HttpResponse, Error> {
    let answered = tokio::time::timeout(PATIENCE, state.db.ping()).await;
    let is_ready = matches!(answered, Ok(Ok(()))) && !state.writer.is_database_away();
    if is_ready {
        Ok(HttpResponse::Ok().content_type("text/plain").body("ready\n"))
    } else {
        Err(Error::Unavailable("the database does not answer"))
    }
}
