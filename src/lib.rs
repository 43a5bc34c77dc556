//! fernamt: the call log, call statistics and call control of a Placetel telephone system.
//!
//! The data flow of an event: [`web`] authenticates the sender and hands the event to [`placetel`], which parses it; an
//! incoming call is decided by [`routing`]; [`store`] appends it to the event log, folds the call again ([`calls`]) and
//! corrects the rollup cells it counts in ([`stats`]). Pages, API, commands and jobs ask [`service`], which asks `store`.
//!
//! Who may import whom: `placetel`, `calls`, `contacts`, `routing` and `stats` know neither clock nor I/O nor a
//! language (what they find wrong is a code, whose text is in `i18n`); SQL lives in `store` alone, HTTP in `web` and
//! [`app`]; `service` knows neither; nobody but `app` imports `web`. Every url is in [`web::routes`].

/// Authentication and authorisation data: names, roles, passwords, secrets.
pub mod accounts;
/// Wires settings, database, routing table and server together.
pub mod app;
/// The domain model, pure: what a call is and what became of it.
pub mod calls;
/// The command line.
pub mod cli;
/// The system clock and its plausibility.
pub mod clock;
/// All settings, each defined once: flag, environment, file, default.
pub mod config;
/// Names for outside numbers and the files they come in, pure.
pub mod contacts;
/// Durable files that survive a power loss (fsync).
pub mod durable;
/// Strict parsing of JSON, with every wrong field reported.
pub mod fields;
/// The texts of the user interface, in German and English.
mod i18n;
/// The languages of the user interface.
pub mod lang;
/// Rate limiting of repeated log messages: at most once a minute each.
pub mod log_throttle;
/// The wire protocol of the PBX, no I/O: form to event, reply to XML, signature.
pub mod placetel;
/// Call routing, pure: which answer an incoming call gets.
pub mod routing;
/// The application's services, for pages, API, commands and jobs alike: no HTTP and no SQL.
pub mod service;
/// A simulated PBX, for trying out and for load tests.
pub mod simulate;
/// Statistics, pure: calls to cells, cells to figures.
pub mod stats;
/// The database layer: all SQL and nothing but.
pub mod store;
/// TLS termination for servers without a proxy.
pub mod tls;
/// HTTP: the PBX's endpoint, the JSON API, the pages.
pub mod web;
/// The JSON of calls, the same for API, CSV file, live stream and export.
pub mod wire;
