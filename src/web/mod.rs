//! The HTTP server: the PBX's endpoint, the JSON API, the pages. It queries [`crate::store`] and knows no SQL.

/// Authentication and authorisation of requests.
pub mod access;
/// The JSON API.
pub mod api;
/// The geometry of charts.
pub mod charts;
/// The call log as a CSV file for spreadsheets and scripts.
pub mod csv;
/// The error type of handlers, and its answer to clients.
pub mod error;
/// What requests hold: query string, body, client.
pub mod extract;
/// The security and caching headers of responses.
pub mod headers;
/// Health checks: liveness and readiness probes.
pub mod health;
/// The live stream of changes (server-sent events).
pub mod live;
/// Middleware that measures requests.
pub mod measure;
/// The scrape of metrics by Prometheus.
pub mod metrics;
/// The OpenAPI document of the API.
pub mod openapi;
/// The HTML pages.
pub mod pages;
/// Percent-encoding of path segments.
pub mod paths;
/// The endpoint of the PBX.
pub mod placetel;
/// Concurrency limits and time budgets of requests that read.
pub mod questions;
/// Redirects.
pub mod redirect;
/// The HTTP server: its listeners, and the limits of connections and slow clients.
pub mod server;

use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, ServiceConfig};

/// Registers all urls with their handlers (the routing table of HTTP).
pub fn configure(config: &mut ServiceConfig) {
    config
        // For urls that no scope knows.
        .default_service(web::to(error::not_found))
        .route("/healthz", web::get().to(health::healthz))
        .route("/readyz", web::get().to(health::readyz))
        .service(placetel::resource())
        .service(
            web::scope("/assets")
                .wrap(Compress::default())
                .route("/app.css", web::get().to(pages::assets::style))
                .route("/live.js", web::get().to(pages::assets::script))
                .route("/icon.svg", web::get().to(pages::assets::icon)),
        )
        .service(
            web::scope("")
                .wrap(from_fn(questions::ask))
                .wrap(from_fn(access::guard::guard))
                .wrap(from_fn(pages::failure::as_pages))
                .service(api::scope())
                .route("/calls.csv", web::get().to(csv::calls))
                .route("/events", web::get().to(live::events))
                .route("/metrics", web::get().to(metrics::show))
                .service(web::scope("").wrap(Compress::default()).configure(pages::configure)),
        );
}
