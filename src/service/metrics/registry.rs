//! All metrics, with their registry.

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::commits::Commits;
use super::durations::Requests;
use super::labels::{Counters, delivery, event, refusal};
use super::latency::Latency;
use super::moment::Moment;
use crate::placetel::event::Kind;
use crate::service::refusal::RefusalReason;
use crate::store::ingest::changes::Changes;

const DECISION_SECONDS: [f64; 8] = [0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.001, 0.01, 0.1];

/// Why a valid event was not acknowledged, or an incoming call answered without a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The write queue is full.
    QueueFull,
    /// It was not stored in time, or the database rejected it.
    NotStored,
}

/// All metrics, with their registry.
pub struct Metrics {
    pub(super) registry: Registry,
    commits: Commits,
    requests: Requests,
    deliveries: Counters<2>,
    decision: Histogram,
    latency: Latency,
    live_dropped: Counter,
    pub(super) moment: Moment,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::default();
        registry.register(
            "fernamt_build",
            "The program that runs",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        let deliveries = Counters::default();
        registry.register(
            "fernamt_deliveries",
            "Deliveries to /placetel, by what they tell of and what became of them",
            deliveries.clone(),
        );
        let decision = Histogram::new(DECISION_SECONDS);
        registry.register_with_unit(
            "fernamt_route_decision",
            "How long it took to find the answer to an incoming call, without storing it",
            Unit::Seconds,
            decision.clone(),
        );
        let live_dropped = Counter::default();
        registry.register(
            "fernamt_live_dropped_clients",
            "Clients of the live stream that were dropped because they read too slowly",
            live_dropped.clone(),
        );
        let commits = Commits::new(&mut registry, &deliveries);
        let requests = Requests::new(&mut registry);
        let moment = Moment::new(&mut registry);
        Self { registry, commits, requests, deliveries, decision, latency: Latency::default(), live_dropped, moment }
    }
}

impl Metrics {
    /// Records how long a request to `path` took that was answered with `status`; `pattern`, the pattern of its url, is
    /// only asked for where it counts.
    pub fn requested(&self, path: &str, pattern: impl FnOnce() -> Option<String>, status: u16, took: Duration) {
        self.requests.observe(path, pattern, status, took);
    }

    /// Counts a request to the PBX's endpoint that was turned away.
    pub fn refused(&self, reason: RefusalReason) {
        self.deliveries.get_or_create(&delivery("none", refusal(reason))).inc();
    }

    /// Counts an event that could not be stored.
    pub fn failed(&self, kind: Kind, failure: Failure) {
        let result = match failure {
            Failure::QueueFull => "queue_full",
            Failure::NotStored => "not_stored",
        };
        self.deliveries.get_or_create(&delivery(event(kind), result)).inc();
    }

    /// Counts what a transaction stored. A call counts once, when its first hangup is stored.
    pub fn committed(&self, changes: &Changes, took: Duration) {
        self.commits.committed(changes, took);
    }

    /// Notes how long it took to find the answer to a call.
    pub fn decided(&self, took: Duration) {
        self.decision.observe(took.as_secs_f64());
        self.latency.observe(took);
    }

    /// Returns the latency histogram of finding the answers to calls, since the start.
    pub fn latency(&self) -> &Latency {
        &self.latency
    }

    /// Counts clients of the live stream that read too slowly.
    pub fn dropped_live(&self, clients: usize) {
        self.live_dropped.inc_by(clients as u64);
    }
}
