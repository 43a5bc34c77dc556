//! The HTTP server: the PBX's endpoint, the JSON API, the pages. It queries [`crate::store`] and knows no SQL.

/// Authentication and authorisation of requests.
pub mod access;
/// The JSON API.
pub mod api;
/// Events that were sent to a wrong url.
pub mod astray;
/// The geometry of charts.
pub mod charts;
/// All contacts as files: CSV and vCard.
pub mod contact_files;
/// The call log as a CSV file for spreadsheets and scripts.
pub mod csv;
/// Endpoints: what a url takes and who may ask it.
pub mod endpoint;
/// The error type of handlers, and its answer to clients.
pub mod error;
/// What requests hold: query string, body, client.
pub mod extract;
/// The method HEAD.
pub mod head;
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
/// The table of urls.
pub mod routes;
/// The HTTP server: its listeners, and the limits of connections and slow clients.
pub mod server;
