//! The integration tests, one binary: a file per subject.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod database;
mod helpers;

mod access;
mod histories;
mod house;
mod laws;
mod oracle;
mod stats_api;
mod wire;
