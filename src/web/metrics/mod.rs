//! Metrics for Prometheus. What happens often only adds to counters that were looked up beforehand.

/// Metrics of commits.
mod commits;
/// The latency histogram of routing decisions, for people.
mod latency;
/// Durations of requests.
mod requests;
/// The handler of `GET /metrics`.
mod scrape;

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use self::commits::Commits;
use self::latency::Latency;
use self::requests::Requests;
pub use self::requests::measure;
use self::scrape::Moment;
pub use self::scrape::show;
use super::refusal::RefusalReason;
use crate::placetel::event::Kind;

/// The labels of a metric, names and values fixed at build time, so that no client can add any.
type Labels<const N: usize> = [(&'static str, &'static str); N];
type Counters<const N: usize> = Family<Labels<N>, Counter>;
type Gauges<const N: usize> = Family<Labels<N>, Gauge>;

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
    registry: Registry,
    commits: Commits,
    requests: Requests,
    deliveries: Counters<2>,
    decision: Histogram,
    latency: Latency,
    live_dropped: Counter,
    moment: Moment,
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

fn delivery(event: &'static str, result: &'static str) -> Labels<2> {
    [("event", event), ("result", result)]
}

fn event(kind: Kind) -> &'static str {
    match kind {
        Kind::IncomingCall => "incoming_call",
        Kind::OutgoingCall => "outgoing_call",
        Kind::CallAccepted => "call_accepted",
        Kind::Other => "other",
        Kind::HungUp => "hung_up",
    }
}

fn refusal(reason: RefusalReason) -> &'static str {
    match reason {
        RefusalReason::SignatureMissing => "signature_missing",
        RefusalReason::SignatureWrong => "signature_wrong",
        RefusalReason::Basic => "basic",
        RefusalReason::NotLocal => "not_local",
        RefusalReason::ForeignOrigin => "foreign_origin",
        RefusalReason::ContentType => "content_type",
        RefusalReason::TooLarge => "too_large",
        RefusalReason::NoRoom => "no_room",
        RefusalReason::NoEvent => "no_event",
    }
}
