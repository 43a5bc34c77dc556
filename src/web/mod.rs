//! The HTTP server: the PBX's endpoint, the JSON API, the pages. It queries [`crate::store`] and knows no SQL.

/// Authentication and authorisation of requests.
pub mod access;
/// Accounts, tokens and sessions, cached in memory.
pub mod accounts;
/// The setting that switches off figures by agent.
mod agent_figures;
/// The JSON API.
pub mod api;
/// The audit log: who changed what.
pub mod audit;
/// Callbacks: the list of missed callers, their marks and the report.
pub mod callbacks;
/// Call history by caller, cached in memory.
pub mod callers;
/// The geometry of charts.
pub mod charts;
/// The clock: the one place that reads it.
pub mod clock;
/// The session cookie.
pub mod cookies;
/// The call log as a CSV file for spreadsheets and scripts.
pub mod csv;
/// The limit of connections per client address.
pub mod doors;
/// The error type of handlers, and its answer to clients.
pub mod error;
/// What requests hold: query string, body, client.
pub mod extract;
/// The figures of the dashboard.
pub mod figures;
/// Health checks: liveness and readiness probes.
pub mod health;
/// The snapshot of the routing table for a start without the database.
pub mod last_good;
/// The HTTP server on its listeners.
pub mod listen;
/// The live stream of changes (server-sent events).
pub mod live;
/// Coalesces concurrent reads of the same data into few queries, one at a time.
pub mod looks;
/// Metrics for Prometheus.
pub mod metrics;
/// Names of numbers and agents, cached in memory.
pub mod names;
/// Addresses as limits count them.
pub mod network;
/// The number of open callbacks, cached in memory.
pub mod open_callbacks;
/// The OpenAPI document of the API.
pub mod openapi;
/// The HTML pages.
pub mod pages;
/// Percent-encoding of path segments.
pub mod paths;
/// Permissions by url and role.
pub mod permissions;
/// The endpoint of the PBX.
pub mod placetel;
/// Data quality: how complete the events were that the figures rest on.
pub mod quality;
/// Concurrency limits and time budgets of requests that read.
pub mod questions;
/// Redirects.
pub mod redirect;
/// Reasons why requests to the PBX's endpoint were refused.
pub mod refusal;
/// The figures behind API and pages.
pub mod reports;
/// Dry runs of routes, on one call and on past ones.
pub mod route_trials;
/// The share of each client in what can be asked at the same time.
pub mod shares;
/// Initial loading of the application state.
mod starting;
/// The application state that all handlers share.
pub mod state;
/// The routing table with what its routes share.
pub mod tables;
/// Timeouts for slow clients.
pub mod timeouts;
/// Serialises the reads that refresh a cache.
pub mod turns;
/// The wire types that API, CSV file and live stream share.
pub mod wire;

mod i18n;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{Compress, DefaultHeaders, Next, from_fn};
use actix_web::web::{self, ServiceConfig};

/// The content security policy: nothing from other origins, nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Middleware that adds the security headers of every response.
pub fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
        // Pages override it with "same-origin" in a `meta` element: otherwise browsers would send their forms with
        // `Origin: null`, like those of another site.
        .add((header::REFERRER_POLICY, "no-referrer"))
}

/// Middleware that adds HSTS for a year to answers of requests that came over TLS.
///
/// # Errors
/// Those of the wrapped service.
pub async fn hsts(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_https = extract::client::is_https(request.request());
    let mut response = next.call(request).await?;
    if is_https {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    Ok(response)
}

/// Middleware that forbids caching (`no-store`), so that data on calls and people stays off disks of browsers and out
/// of proxies; only assets, which look the same for everybody, may be cached.
///
/// # Errors
/// Those of the wrapped service.
pub async fn keep_out_of_caches(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_public = request.path().starts_with("/assets/");
    let mut response = next.call(request).await?;
    if !is_public {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}

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
                .wrap(from_fn(access::guard))
                .wrap(from_fn(pages::failure::as_pages))
                .service(api::scope())
                .route("/calls.csv", web::get().to(csv::calls))
                .route("/events", web::get().to(live::endpoint::events))
                .route("/metrics", web::get().to(metrics::scrape::show))
                .service(web::scope("").wrap(Compress::default()).configure(pages::configure)),
        );
}
