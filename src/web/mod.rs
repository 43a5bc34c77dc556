//! HTTP: the PBX's endpoint, the JSON API, the pages. Asks [`crate::store`]; knows no SQL.

/// Who may come in.
pub mod access;
/// The JSON API.
pub mod api;
/// The clock: the one place that reads it.
pub mod clock;
/// The call log as a file for spreadsheets and scripts.
pub mod csv;
/// What every error looks like to clients.
pub mod error;
/// Whether the process and its database are well.
pub mod health;
/// The endpoint of the PBX.
pub mod placetel;
/// The figures behind API and pages.
pub mod reports;
/// What handlers share.
pub mod state;

use actix_web::http::header;
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{self, ServiceConfig};

/// Nothing from elsewhere, nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What every response carries.
pub fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
        .add((header::REFERRER_POLICY, "no-referrer"))
}

/// The table of urls.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/healthz", web::get().to(health::healthz))
        .route("/readyz", web::get().to(health::readyz))
        .service(placetel::resource())
        .service(
            web::scope("")
                .wrap(actix_web::middleware::from_fn(access::guard))
                .service(api::scope())
                .route("/calls.csv", web::get().to(csv::calls))
                .default_service(web::to(error::not_found)),
        );
}
