//! The integration tests, one binary: a file per subject.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod client;
mod database;
mod helpers;
mod sse;

mod access;
mod at_a_glance;
mod browser;
mod call_pages;
mod callback_pages;
mod callback_report;
mod callbacks;
mod calls_api;
mod contacts;
mod dashboard;
mod demo;
mod histories;
mod house;
mod laws;
mod live;
mod log_commands;
mod metrics;
mod openapi;
mod oracle;
mod quality;
mod routes_api;
mod serving;
mod settings;
mod shared_routing;
mod sources;
mod stats_api;
mod wire;
