//! HTTP: the PBX's endpoint, the JSON API, the pages. Asks [`crate::store`]; knows no SQL.

/// Who may come in.
pub mod access;
/// Accounts in memory.
pub mod accounts;
/// Figures by agent, where they are switched off.
mod agent_figures;
/// The JSON API.
pub mod api;
/// Who changed what.
pub mod audit;
/// How large bodies may be.
pub mod bodies;
/// Who knows which caller.
pub mod callers;
/// The geometry of charts.
pub mod charts;
/// Who asks, as far as it can be believed.
pub mod client;
/// The clock: the one place that reads it.
pub mod clock;
/// The call log as a file for spreadsheets and scripts.
pub mod csv;
/// How many connections an address may have.
pub mod doors;
/// What every error looks like to clients.
pub mod error;
/// The figures of the dashboard.
pub mod figures;
/// Whether the process and its database are well.
pub mod health;
/// The routes that answer while the database is away at the start.
pub mod last_good;
/// From connections to requests.
pub mod listen;
/// What changes, as it changes.
pub mod live;
/// Looks at the database that many share.
pub mod looks;
/// Figures for Prometheus.
pub mod metrics;
/// What people call numbers and agents.
pub mod names;
/// How many callbacks are owed.
pub mod open_callbacks;
/// The pages.
pub mod pages;
/// Texts as parts of paths.
pub mod paths;
/// Who may do what.
pub mod permissions;
/// The endpoint of the PBX.
pub mod placetel;
/// How complete the events were that the figures rest on.
pub mod quality;
/// Who may ask how much at once, and for how long.
pub mod questions;
/// Why requests to the PBX's endpoint were turned away.
pub mod refusal;
/// The figures behind API and pages.
pub mod reports;
/// Routes tried out, on one call and on past ones.
pub mod route_trials;
/// What is in memory at the start.
mod starting;
/// What handlers share.
pub mod state;
/// The routes with what they share.
pub mod tables;
/// Clients that are too slow.
pub mod timeouts;
/// Whose turn it is to read what is kept in memory.
pub mod turns;

mod i18n;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{Compress, DefaultHeaders, Next, from_fn};
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
        // Pages say "same-origin" of themselves, which counts there: browsers would send their forms with `Origin: null`,
        // like those of another site.
        .add((header::REFERRER_POLICY, "no-referrer"))
}

/// Who has come by TLS once shall not come without it, for a year.
///
/// # Errors
/// Those of the inner one.
pub async fn hsts(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_https = client::is_https(request.request());
    let mut response = next.call(request).await?;
    if is_https {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    Ok(response)
}

/// What is about calls and people stays out of caches, on disks of browsers and in proxies; only what looks the same for
/// everybody may be kept.
///
/// # Errors
/// Those of the inner one.
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

/// The table of urls.
pub fn configure(config: &mut ServiceConfig) {
    config
        // What scopes have no url for.
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
                .route("/events", web::get().to(live::events))
                .route("/metrics", web::get().to(metrics::show))
                .service(web::scope("").wrap(Compress::default()).configure(pages::configure)),
        );
}
