//! The figures of a set of calls, as people read them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::histogram::{Accumulator, Histogram};
use super::rollup::Measures;
use crate::calls::outcome::Outcome;
use crate::placetel::event::Direction;

/// Durations of calls, in seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Durations {
    /// Sum.
    pub total: i64,
    /// Mean.
    pub average: Option<f64>,
    /// Half of the calls took no longer.
    pub median: Option<u32>,
    /// Nine of ten calls took no longer.
    pub p90: Option<u32>,
    /// The longest.
    pub max: Option<u32>,
    /// How many calls these figures are over.
    pub calls: i64,
}

impl Durations {
    fn of(histogram: &Histogram) -> Self {
        let (total, calls) = (histogram.total(), histogram.count());
        Self {
            total,
            average: ratio(total, calls),
            median: histogram.percentile(50),
            p90: histogram.percentile(90),
            max: histogram.max(),
            calls,
        }
    }
}

/// The number of calls by outcome, in the order of [`Outcome::ALL`].
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutcomeCounts([i64; Outcome::ALL.len()]);

impl OutcomeCounts {
    /// Returns the number of calls with this outcome.
    pub fn get(&self, outcome: Outcome) -> i64 {
        self.0[usize::from(outcome.code())]
    }

    /// Adds calls with this outcome.
    pub(super) fn add(&mut self, outcome: Outcome, calls: i64) {
        self.0[usize::from(outcome.code())] += calls;
    }

    /// Returns the number of all calls.
    pub fn total(&self) -> i64 {
        self.0.iter().sum()
    }

    /// Returns the number of calls whose outcome is not [undecided](Outcome::is_undecided): the basis of rates.
    pub fn decided(&self) -> i64 {
        Outcome::ALL.into_iter().filter(|outcome| !outcome.is_undecided()).map(|outcome| self.get(outcome)).sum()
    }
}

impl Serialize for OutcomeCounts {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(Outcome::ALL.into_iter().map(|outcome| (outcome.as_str(), self.get(outcome))))
    }
}

/// The share of callers who were answered in time.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct ServiceLevel {
    /// The threshold.
    pub within_seconds: u32,
    /// Inbound calls accepted in time / inbound calls accepted, missed or sent to voicemail.
    pub rate: Option<f64>,
    /// What is above the line: of few calls, a share says less than both numbers.
    #[serde(skip)]
    pub in_time: i64,
    /// What is below the line.
    #[serde(skip)]
    pub answerable: i64,
}

/// The figures of some calls.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Totals {
    /// Whatever became of them.
    pub calls: i64,
    /// Inbound.
    #[serde(rename = "in")]
    pub inbound: i64,
    /// Outbound.
    #[serde(rename = "out")]
    pub outbound: i64,
    /// Between colleagues.
    pub internal: i64,
    /// Inbound, and nobody took them.
    #[serde(skip)]
    pub inbound_missed: i64,
    /// By outcome; every outcome is there.
    #[schema(value_type = std::collections::BTreeMap<String, i64>)]
    pub outcomes: OutcomeCounts,
    /// Accepted / all but blocked, unknown and open.
    pub accepted_rate: Option<f64>,
    /// Over accepted calls whose talk time is known.
    pub talk_seconds: Durations,
    /// Over accepted inbound calls whose start and acceptance are known.
    pub wait_seconds: Durations,
    /// Over missed inbound calls whose start is known.
    pub abandoned_wait_seconds: Durations,
    /// `None` where nobody is to blame: in groups by peer.
    pub service_level: Option<ServiceLevel>,
}

impl Totals {
    /// Returns the number of inbound calls that somebody could have answered; 0 in groups by peer, which have no
    /// service level.
    pub fn answerable(&self) -> i64 {
        self.service_level.as_ref().map_or(0, |level| level.answerable)
    }
}

/// The figures of calls with the same direction and outcome.
#[derive(Clone, Debug, Default)]
struct Count {
    calls: i64,
    talk: Accumulator,
    wait: Accumulator,
}

/// Figures by direction and outcome.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    counts: BTreeMap<(Option<Direction>, Outcome), Count>,
}

impl Tally {
    pub(super) fn add(&mut self, direction: Option<Direction>, outcome: Outcome, figures: &Measures, times: i64) {
        let count = self.counts.entry((direction, outcome)).or_default();
        count.calls += figures.calls * times;
        count.talk.add(&figures.talk, times);
        count.wait.add(&figures.wait, times);
    }

    /// Adds all figures of another tally.
    pub(super) fn merge(&mut self, other: &Self) {
        for (&(direction, outcome), count) in &other.counts {
            let figures = Measures { calls: count.calls, talk: count.talk.sum(), wait: count.wait.sum() };
            self.add(direction, outcome, &figures, 1);
        }
    }

    pub(super) fn totals(&self, service_level_seconds: u32) -> Totals {
        let mut outcomes = OutcomeCounts::default();
        let (mut inbound, mut outbound, mut internal) = (0, 0, 0);
        let (mut talk, mut wait, mut abandoned) = <(Histogram, Histogram, Histogram)>::default();
        let (mut answerable, mut inbound_missed) = (0, 0);
        for (&(direction, outcome), count) in &self.counts {
            outcomes.add(outcome, count.calls);
            match direction {
                Some(Direction::In) => inbound += count.calls,
                Some(Direction::Out) => outbound += count.calls,
                Some(Direction::Internal) => internal += count.calls,
                None => {}
            }
            match outcome {
                Outcome::Accepted => {
                    talk.add(&count.talk.sum(), 1);
                    wait.add(&count.wait.sum(), 1);
                }
                Outcome::Missed => abandoned.add(&count.wait.sum(), 1),
                _ => {}
            }
            if direction == Some(Direction::In) && outcome.is_answerable() {
                answerable += count.calls;
            }
            if (direction, outcome) == (Some(Direction::In), Outcome::Missed) {
                inbound_missed += count.calls;
            }
        }
        let calls = outcomes.total();
        let in_time = wait.count_within(service_level_seconds);
        Totals {
            calls,
            inbound,
            outbound,
            internal,
            inbound_missed,
            accepted_rate: ratio(outcomes.get(Outcome::Accepted), outcomes.decided()),
            outcomes,
            talk_seconds: Durations::of(&talk),
            wait_seconds: Durations::of(&wait),
            abandoned_wait_seconds: Durations::of(&abandoned),
            service_level: Some(ServiceLevel {
                within_seconds: service_level_seconds,
                rate: ratio(in_time, answerable),
                in_time,
                answerable,
            }),
        }
    }
}

fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
