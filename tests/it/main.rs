//! The integration tests, one binary: a file per subject.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod chromium;
mod client;
mod database;
mod helpers;
mod signed_in;
mod sse;

mod access;
mod account_commands;
mod account_pages;
mod accounts;
mod at_a_glance;
mod audit;
mod backup;
mod browser;
mod browser_accounts;
mod browser_routes;
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
mod limited;
mod live;
mod log_commands;
mod metrics;
mod openapi;
mod oracle;
mod quality;
mod revisions;
mod roles;
mod route_editor;
mod route_nodes;
mod route_table;
mod routes_api;
mod routes_replay;
mod routes_test;
mod serving;
mod settings;
mod shared_elsewhere;
mod shared_routing;
mod sources;
mod spool;
mod stats_api;
mod storage;
mod wire;
