//! Counts what was sent and what was answered, while it happens and at the end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::endpoint::Failure;
use super::events::{Happening, Way};
use super::latency::{Latencies, LatencyMs};
use super::tally::{Tally, Totals};

/// The counters of a running simulation.
#[derive(Debug)]
pub struct Ledger {
    started: Instant,
    tally: Tally,
    latencies: Latencies,
    deliveries: Deliveries,
    calls_started: u64,
    calls_finished: u64,
    failed: u64,
    last_failure: Option<Failure>,
}

/// The reason for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// An event has just happened.
    Timely,
    /// An event happened some seconds ago.
    Late,
    /// An event is delivered a second time on purpose.
    Double,
    /// The last request of the event failed.
    Retry,
}

/// Counts of events and of the requests that carried them: deliveries = events + doubled + retried.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Deliveries {
    /// Events that happened.
    pub events: u64,
    /// Events acknowledged at least once. The others are lost, as far as a PBX can tell.
    pub acknowledged: u64,
    /// Requests sent.
    pub deliveries: u64,
    /// Events delivered twice on purpose.
    pub doubled: u64,
    /// Events held back on purpose, so that they come out of order.
    pub late: u64,
    /// Requests that repeated a refused or unanswered IncomingCall.
    pub retried: u64,
    /// Requests answered otherwise than with 2xx, by status.
    pub refused: BTreeMap<u16, u64>,
    /// Requests without an answer: the server may have taken the event.
    pub unanswered: u64,
}

/// The throughput and latency of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Speed {
    /// The duration from the first call's start to the last one's end, in seconds.
    pub seconds: f64,
    /// Acknowledged requests a second.
    pub events_per_second: f64,
    /// The latency of acknowledged requests.
    pub latency_ms: LatencyMs,
}

/// The outcome of a simulation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What the server's statistics must show for these calls.
    pub totals: Totals,
    /// Counts of events and requests.
    pub deliveries: Deliveries,
    /// Throughput and latency.
    pub speed: Speed,
    /// The reason of the last failed request.
    pub last_failure: Option<String>,
}

/// The progress of a running simulation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Calls begun so far.
    pub calls_started: u64,
    /// Calls that are under way.
    pub running: u64,
    /// Events acknowledged so far.
    pub acknowledged: u64,
    /// Requests refused or unanswered so far, and the reason of the last one.
    pub failures: (u64, Option<String>),
}

impl Ledger {
    /// Creates empty counters; time counts from now.
    pub fn open() -> Self {
        Self {
            started: Instant::now(),
            tally: Tally::default(),
            latencies: Latencies::default(),
            deliveries: Deliveries::default(),
            calls_started: 0,
            calls_finished: 0,
            failed: 0,
            last_failure: None,
        }
    }

    /// Counts a new call, and returns its number.
    pub fn call_started(&mut self) -> u64 {
        self.calls_started += 1;
        self.calls_started
    }

    /// Counts a call of which all events have been sent.
    pub fn call_finished(&mut self, call: u64) {
        self.calls_finished += 1;
        self.tally.finished(call);
    }

    /// Counts a request that is sent.
    pub fn request(&mut self, kind: Request) {
        self.deliveries.deliveries += 1;
        match kind {
            Request::Timely => self.deliveries.events += 1,
            Request::Late => {
                self.deliveries.events += 1;
                self.deliveries.late += 1;
            }
            Request::Double => self.deliveries.doubled += 1,
            Request::Retry => self.deliveries.retried += 1,
        }
    }

    /// Counts the answer to an event of the call with this number.
    pub fn answer(&mut self, call: u64, way: Way, happening: Happening, answer: Result<Duration, Failure>) {
        match answer {
            Ok(took) => {
                self.latencies.add(took);
                let new = self.tally.acknowledged(call, way, happening);
                self.deliveries.acknowledged += u64::from(new);
            }
            Err(failure) => {
                self.failed += 1;
                if let Failure::Refused(status) = failure {
                    *self.deliveries.refused.entry(status).or_default() += 1;
                }
                self.last_failure = Some(failure);
            }
        }
    }

    /// Returns how many calls have begun.
    pub fn calls_started(&self) -> u64 {
        self.calls_started
    }

    /// Returns the progress so far.
    pub fn progress(&self) -> Progress {
        Progress {
            calls_started: self.calls_started,
            running: self.calls_started - self.calls_finished,
            acknowledged: self.deliveries.acknowledged,
            failures: (self.failed, self.failure_text()),
        }
    }

    /// Returns the final report.
    pub fn report(&self) -> Report {
        let seconds = self.started.elapsed().as_secs_f64();
        let acknowledged = self.latencies.count();
        let refused: u64 = self.deliveries.refused.values().sum();
        // Requests cut off in flight are among the unanswered.
        let unanswered = self.deliveries.deliveries - acknowledged - refused;
        Report {
            totals: self.tally.totals(),
            deliveries: Deliveries { unanswered, ..self.deliveries.clone() },
            speed: Speed {
                seconds,
                events_per_second: acknowledged as f64 / seconds.max(0.001),
                latency_ms: self.latencies.summary(),
            },
            last_failure: self.failure_text(),
        }
    }

    fn failure_text(&self) -> Option<String> {
        self.last_failure.as_ref().map(ToString::to_string)
    }
}

impl Deliveries {
    /// Returns the number of events that were never acknowledged.
    pub fn lost(&self) -> u64 {
        self.events - self.acknowledged
    }
}
