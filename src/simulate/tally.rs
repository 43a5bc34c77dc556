//! An independent count of the acknowledged calls: the figures that the server's statistics must show.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::events::{Ending, Happening, Way};

/// Counts calls by their acknowledged events. A call without any acknowledged event does not exist; one whose hangup
/// was not acknowledged is still open.
#[derive(Debug, Default)]
pub struct Tally {
    running: HashMap<u64, Heard>,
    counted: Counts,
}

#[derive(Debug)]
struct Heard {
    way: Way,
    happenings: Vec<Happening>,
}

#[derive(Clone, Debug, Default)]
struct Counts {
    inbound: u64,
    outgoing: u64,
    outcomes: Outcomes,
    talk_seconds: BTreeMap<u32, u64>,
}

/// The shape of `totals` in the server's statistics, as far as a PBX can know it: waiting times are measured by the
/// receiver's clock.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Totals {
    /// The number of all calls.
    pub calls: u64,
    /// The number of inbound calls.
    #[serde(rename = "in")]
    pub inbound: u64,
    /// The number of outgoing calls.
    #[serde(rename = "out")]
    pub outgoing: u64,
    /// The number of calls by outcome.
    pub outcomes: Outcomes,
    /// The share of accepted calls among all but blocked, unknown and open; `None` when there are none.
    pub accepted_rate: Option<f64>,
    /// Talk times of accepted calls whose talk time was told.
    pub talk_seconds: Seconds,
}

/// The number of calls by outcome.
#[expect(missing_docs, reason = "the words of the wire")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    pub accepted: u64,
    pub missed: u64,
    pub voicemail: u64,
    pub blocked: u64,
    pub busy: u64,
    pub canceled: u64,
    pub unavailable: u64,
    pub congestion: u64,
    pub other: u64,
    pub unknown: u64,
    pub open: u64,
}

/// Duration figures in whole seconds; percentiles by nearest rank; `None` when there are no calls.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Seconds {
    /// The sum.
    pub total: u64,
    /// The mean, unrounded.
    pub average: Option<f64>,
    /// The median: half of the calls took at most this long.
    pub median: Option<u32>,
    /// The 90th percentile.
    pub p90: Option<u32>,
    /// The maximum.
    pub max: Option<u32>,
    /// The number of calls that these figures are about.
    pub calls: u64,
}

impl Tally {
    /// Counts an acknowledged event of the call with this number; returns whether it was not acknowledged before.
    pub fn acknowledged(&mut self, call: u64, way: Way, happening: Happening) -> bool {
        let heard = self.running.entry(call).or_insert_with(|| Heard { way, happenings: Vec::with_capacity(3) });
        let new = !heard.happenings.contains(&happening);
        if new {
            heard.happenings.push(happening);
        }
        new
    }

    /// Marks a call as finished: nothing more of it will be acknowledged.
    pub fn finished(&mut self, call: u64) {
        if let Some(heard) = self.running.remove(&call) {
            self.counted.count(&heard);
        }
    }

    /// Returns the figures so far, running calls included.
    pub fn totals(&self) -> Totals {
        let mut counts = self.counted.clone();
        for heard in self.running.values() {
            counts.count(heard);
        }
        counts.totals()
    }
}

impl Counts {
    fn count(&mut self, heard: &Heard) {
        match heard.way {
            Way::In => self.inbound += 1,
            Way::Out => self.outgoing += 1,
        }
        let hangup = heard.happenings.iter().find_map(|happening| match happening {
            Happening::HungUp { ending, duration_seconds } => Some((*ending, *duration_seconds)),
            _ => None,
        });
        let Some((ending, duration)) = hangup else {
            self.outcomes.open += 1;
            return;
        };
        let told = heard.way == Way::In || duration > 0;
        if ending == Ending::Accepted && told {
            *self.talk_seconds.entry(duration).or_default() += 1;
        }
        *self.outcomes.of(ending) += 1;
    }

    fn totals(self) -> Totals {
        let calls = self.inbound + self.outgoing;
        let out = &self.outcomes;
        let judged = calls - out.blocked - out.unknown - out.open;
        Totals {
            calls,
            inbound: self.inbound,
            outgoing: self.outgoing,
            accepted_rate: (judged > 0).then(|| out.accepted as f64 / judged as f64),
            talk_seconds: Seconds::of(&self.talk_seconds),
            outcomes: self.outcomes,
        }
    }
}

impl Outcomes {
    fn of(&mut self, ending: Ending) -> &mut u64 {
        match ending {
            Ending::Accepted => &mut self.accepted,
            Ending::Missed => &mut self.missed,
            Ending::Voicemail => &mut self.voicemail,
            Ending::Blocked => &mut self.blocked,
            Ending::Busy => &mut self.busy,
            Ending::Canceled => &mut self.canceled,
            Ending::Unavailable => &mut self.unavailable,
            Ending::Congestion => &mut self.congestion,
        }
    }

    /// Returns every outcome with its name, in the order of the statistics.
    pub fn named(&self) -> [(&'static str, u64); 11] {
        [
            ("accepted", self.accepted),
            ("missed", self.missed),
            ("voicemail", self.voicemail),
            ("blocked", self.blocked),
            ("busy", self.busy),
            ("canceled", self.canceled),
            ("unavailable", self.unavailable),
            ("congestion", self.congestion),
            ("other", self.other),
            ("unknown", self.unknown),
            ("open", self.open),
        ]
    }
}

impl Seconds {
    fn of(counts: &BTreeMap<u32, u64>) -> Self {
        let sorted: Vec<u32> = counts.iter().flat_map(|(seconds, count)| (0..*count).map(move |_| *seconds)).collect();
        let total: u64 = sorted.iter().map(|seconds| u64::from(*seconds)).sum();
        let calls = sorted.len() as u64;
        let at_rank = |percent: usize| (sorted.len() * percent).div_ceil(100).checked_sub(1).map(|rank| sorted[rank]);
        Self {
            total,
            average: (calls > 0).then(|| total as f64 / calls as f64),
            median: at_rank(50),
            p90: at_rank(90),
            max: sorted.last().copied(),
            calls,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hung_up(ending: Ending, duration_seconds: u32) -> Happening {
        Happening::HungUp { ending, duration_seconds }
    }

    /// Returns the totals of calls, each given by its acknowledged events.
    fn totals(calls: &[(Way, &[Happening])]) -> Totals {
        let mut tally = Tally::default();
        for (call, (way, happenings)) in (0..).zip(calls) {
            for happening in *happenings {
                tally.acknowledged(call, *way, *happening);
            }
            tally.finished(call);
        }
        tally.totals()
    }

    #[test]
    fn a_call_without_an_acknowledged_hangup_is_open() {
        let totals = totals(&[(Way::In, &[Happening::Incoming, Happening::Accepted])]);
        assert_eq!((totals.calls, totals.outcomes.open, totals.accepted_rate), (1, 1, None));
        assert_eq!(totals.talk_seconds, Seconds::default());
    }

    #[test]
    fn a_hangup_alone_tells_what_became_of_the_call() {
        let totals = totals(&[(Way::In, &[hung_up(Ending::Accepted, 7)])]);
        assert_eq!((totals.inbound, totals.outcomes.accepted, totals.talk_seconds.total), (1, 1, 7));
    }

    #[test]
    fn a_call_of_which_nothing_was_acknowledged_does_not_exist() {
        let mut tally = Tally::default();
        tally.finished(0);
        assert_eq!(tally.totals().calls, 0);
    }

    #[test]
    fn an_event_acknowledged_twice_counts_once() {
        let mut tally = Tally::default();
        assert!(tally.acknowledged(0, Way::In, hung_up(Ending::Missed, 0)));
        assert!(!tally.acknowledged(0, Way::In, hung_up(Ending::Missed, 0)));
        assert_eq!(tally.totals().outcomes.missed, 1);
    }

    #[test]
    fn talk_time_zero_is_unknown_for_outgoing_calls_only() {
        let totals = totals(&[(Way::Out, &[hung_up(Ending::Accepted, 0)]), (Way::In, &[hung_up(Ending::Accepted, 0)])]);
        assert_eq!((totals.outcomes.accepted, totals.talk_seconds.calls), (2, 1));
        assert_eq!(totals.talk_seconds.average, Some(0.0));
    }

    #[test]
    fn blocked_and_open_calls_are_not_in_the_accepted_rate() {
        let totals = totals(&[
            (Way::In, &[hung_up(Ending::Accepted, 1)]),
            (Way::In, &[hung_up(Ending::Missed, 0)]),
            (Way::In, &[hung_up(Ending::Blocked, 0)]),
            (Way::Out, &[Happening::Outgoing]),
        ]);
        assert_eq!(totals.accepted_rate, Some(0.5));
    }

    #[test]
    fn percentiles_are_the_smallest_value_that_enough_calls_do_not_exceed() {
        let talks: Vec<_> = (1..=10).map(|seconds| [hung_up(Ending::Accepted, seconds)]).collect();
        let calls: Vec<_> = talks.iter().map(|talk| (Way::In, &talk[..])).collect();
        let seconds = totals(&calls).talk_seconds;
        assert_eq!((seconds.median, seconds.p90, seconds.max), (Some(5), Some(9), Some(10)));
        assert_eq!((seconds.total, seconds.average, seconds.calls), (55, Some(5.5), 10));
    }

    #[test]
    fn the_json_is_that_of_the_statistics() {
        let json = serde_json::to_value(totals(&[(Way::In, &[hung_up(Ending::Busy, 0)])])).unwrap();
        let keys: Vec<_> = json.as_object().unwrap().keys().map(String::as_str).collect();
        for key in ["calls", "in", "out", "outcomes", "accepted_rate", "talk_seconds"] {
            assert!(keys.contains(&key), "{key}");
        }
        assert_eq!(json["outcomes"].as_object().unwrap().len(), 11);
        assert_eq!(json["talk_seconds"]["median"], serde_json::Value::Null);
    }
}
