use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::labels::{Counters, delivery, event};
use crate::calls::outcome::Outcome;
use crate::placetel::event::{Direction, Kind};
use crate::store::ingest::changes::{CallChange, Changes, StoredCall};

const DIRECTIONS: [&str; 4] = ["in", "out", "internal", "unknown"];
const TALK_SECONDS: [f64; 11] = [5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0];
const WAIT_SECONDS: [f64; 10] = [2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0, 120.0, 300.0];
const COMMIT_SECONDS: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
const COMMIT_EVENTS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0];

/// The metrics of commits.
pub struct Commits {
    calls: [[Counter; Outcome::ALL.len()]; DIRECTIONS.len()],
    talk: Histogram,
    wait: Histogram,
    abandoned: Histogram,
    stored: [Counter; Kind::ALL.len()],
    doubled: [Counter; Kind::ALL.len()],
    left_out: [Counter; Kind::ALL.len()],
    seconds: Histogram,
    events: Histogram,
}

impl Commits {
    /// Creates every series at the start, so that commits look nothing up and all series are there from the start.
    pub fn new(registry: &mut Registry, deliveries: &Counters<2>) -> Self {
        let calls = Counters::default();
        let seconds = |registry: &mut Registry, name: &str, help: &str, buckets: &[f64]| {
            let histogram = Histogram::new(buckets.iter().copied());
            registry.register_with_unit(name, help, Unit::Seconds, histogram.clone());
            histogram
        };
        let events = Histogram::new(COMMIT_EVENTS);
        let ended = |direction: &'static str| {
            Outcome::ALL.map(|outcome| {
                // No hangup has one of these two outcomes: nothing would ever be counted.
                let is_told = !matches!(outcome, Outcome::Unknown | Outcome::Open);
                let labels = [("direction", direction), ("outcome", outcome.as_str())];
                if is_told { calls.get_or_create_owned(&labels) } else { Counter::default() }
            })
        };
        let count = |result| Kind::ALL.map(|kind| deliveries.get_or_create_owned(&delivery(event(kind), result)));
        let commits = Self {
            calls: DIRECTIONS.map(ended),
            talk: seconds(registry, "fernamt_call_talk", "Talk time of calls whose hangup tells it", &TALK_SECONDS),
            wait: seconds(registry, "fernamt_call_wait", "How long accepted inbound callers waited", &WAIT_SECONDS),
            abandoned: seconds(
                registry,
                "fernamt_call_abandoned_wait",
                "How long inbound callers waited before they gave up",
                &WAIT_SECONDS,
            ),
            stored: count("stored"),
            doubled: count("doubled"),
            left_out: count("left_out"),
            seconds: seconds(registry, "fernamt_commit", "How long transactions of events took", &COMMIT_SECONDS),
            events: events.clone(),
        };
        registry.register("fernamt_commit_events", "How many events a transaction stored", events);
        registry.register("fernamt_calls", "Calls that were hung up, by direction and outcome", calls);
        commits
    }

    fn ended(&self, ended: &StoredCall, outcome: Outcome) {
        let call = &ended.call;
        let direction = match call.direction {
            Some(Direction::In) => 0,
            Some(Direction::Out) => 1,
            Some(Direction::Internal) => 2,
            None => 3,
        };
        self.calls[direction][usize::from(outcome.code())].inc();
        let observe = |histogram: &Histogram, seconds: Option<u32>| {
            seconds.into_iter().for_each(|seconds| histogram.observe(seconds.into()));
        };
        observe(&self.talk, call.talk_seconds);
        observe(&self.wait, call.wait_seconds());
        observe(&self.abandoned, call.abandoned_wait_seconds());
    }

    /// Counts what a transaction stored. A call counts once, when its first hangup is stored.
    pub fn committed(&self, changes: &Changes, took: Duration) {
        let Commits { stored, doubled, left_out, seconds, events, .. } = self;
        seconds.observe(took.as_secs_f64());
        let mut all = 0;
        let results = [(stored, &changes.stored), (doubled, &changes.doubled), (left_out, &changes.left_out)];
        for (counters, counts) in results {
            for (counter, count) in counters.iter().zip(counts).filter(|(_, count)| **count > 0) {
                counter.inc_by(u64::from(*count));
                all += count;
            }
        }
        events.observe(all.into());
        for CallChange { before, after } in &changes.calls {
            let had_ended = before.as_ref().is_some_and(|before| before.call.ending.is_some());
            if let (Some(outcome), false) = (after.call.ending, had_ended) {
                self.ended(after, outcome);
            }
        }
    }
}
