//! The integration tests, one binary: a file per subject.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod client;
mod database;
mod helpers;

mod access;
mod browser;
mod callbacks;
mod calls_api;
mod histories;
mod house;
mod laws;
mod log_commands;
mod oracle;
mod routes_api;
mod serving;
mod settings;
mod stats_api;
mod wire;
