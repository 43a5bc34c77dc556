//! fernamt: the call log, call statistics and call control of a Placetel telephone system.
//!
//! An event takes this way: [`web`] checks who sent it and hands it to [`placetel`], which reads it; an
//! incoming call is decided by [`routing`]; [`store`] writes it into the log, folds the call again
//! ([`calls`]) and corrects the cells it counts in ([`stats`]); pages and API read calls and cells.
//! `placetel`, `calls`, `contacts`, `routing` and `stats` know neither clock nor I/O. SQL lives in `store` alone,
//! HTTP in `web` and [`app`].

/// Who may come in: names, roles, passwords, secrets.
pub mod accounts;
/// Wires settings, database, routing table and server together.
pub mod app;
/// The domain, pure: what a call is and what became of it.
pub mod calls;
/// The command line.
pub mod cli;
/// Whether the clock may be believed.
pub mod clock;
/// What is summed up once it is over.
pub mod closing;
/// Every setting once: flag, environment, file, default.
pub mod config;
/// Names for outside numbers and the files they come in, pure.
pub mod contacts;
/// What has to be there when the power comes back.
pub mod durable;
/// Reading JSON strictly, with every wrong field named.
pub mod fields;
/// The languages that fernamt speaks.
pub mod lang;
/// What the log says once a minute, however often it happens.
pub mod log_throttle;
/// The wire, no I/O: form to event, reply to XML, signature.
pub mod placetel;
/// What goes every night, because it may be kept no longer.
pub mod retention;
/// Which answer an incoming call gets, pure.
pub mod routing;
/// A PBX that is none, for trying out and for load.
pub mod simulate;
/// Statistics, pure: calls to cells, cells to figures.
pub mod stats;
/// The database: all SQL and nothing but.
pub mod store;
/// TLS for those without a proxy.
pub mod tls;
/// HTTP: the PBX's endpoint, the JSON API, the pages.
pub mod web;
