use actix_web::HttpResponse;
use actix_web::web::Data;

use super::error::Error;
use crate::service::metrics::scrape::scrape;
use crate::service::state::AppState;

const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Handler of `GET /metrics`.
pub async fn show(state: Data<AppState>) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().content_type(CONTENT_TYPE).body(scrape(&state).await?))
}
