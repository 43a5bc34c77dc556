//! The integration tests, one binary: a file per subject.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod chromium;
mod client;
mod cluster;
mod database;
mod helpers;
mod sse;

mod access;
mod at_a_glance;
mod backup;
mod browser;
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
mod kills;
mod laws;
mod live;
mod log_commands;
mod metrics;
mod openapi;
mod oracle;
mod overload;
mod proxies;
mod quality;
mod revisions;
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
mod slow_clients;
mod sources;
mod spool;
mod stats_api;
mod storage;
mod tls;
mod wire;
