//! The script of a small company's calls: who calls whom, for how long, and how it ends. Pure: takes a seed and habits,
//! returns calls; times are offsets from the start of the call.

use std::collections::VecDeque;

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng};

use super::events::{Ending, Happening, ScriptedCall, Way, Writer};
use super::habits::Habits;
use super::numbers;

/// The SIP users of the simulated company.
pub const PEERS: [&str; 6] = [
    "7777annette@fpbx.de",
    "7777bernard@fpbx.de",
    "7777claudia@fpbx.de",
    "7777dominik@fpbx.de",
    "7777friedel@fpbx.de",
    "7777giselaw@fpbx.de",
];
/// Maximum number of missed callers who may be rung back.
const REMEMBERED_MISSED: usize = 20;

/// An endless sequence of calls. The same seed and habits give the same calls, call ids included.
#[derive(Debug)]
pub struct Script {
    /// The calling behaviour; may be changed between calls (nights, weekends, busy weeks).
    pub habits: Habits,
    rng: StdRng,
    outsiders: Vec<String>,
    missed: VecDeque<String>,
}

impl Script {
    /// Creates a script with `habits.outsiders` outside numbers.
    pub fn new(habits: Habits, seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let outsiders = (0..habits.outsiders.max(1)).map(|_| outsider(&habits, &mut rng)).collect();
        Self { habits, rng, outsiders, missed: VecDeque::new() }
    }

    /// Returns the outside numbers, most frequent caller first.
    pub fn outsiders(&self) -> &[String] {
        &self.outsiders
    }

    /// Generates the next call.
    pub fn next_call(&mut self) -> ScriptedCall {
        let call_id = hex::encode(self.rng.random::<[u8; 32]>());
        if self.rng.random_bool(share(self.habits.inbound)) { self.inbound(call_id) } else { self.outgoing(call_id) }
    }

    fn inbound(&mut self, call_id: String) -> ScriptedCall {
        let ending = weighted(&self.habits.inbound_endings, &mut self.rng).unwrap_or(Ending::Missed);
        let from = if self.rng.random_bool(share(self.habits.anonymous)) {
            "anonymous".to_owned()
        } else {
            self.outsiders[skewed(self.outsiders.len(), &mut self.rng)].clone()
        };
        let to = numbers::OWN_LINES[skewed(numbers::OWN_LINES.len(), &mut self.rng)].to_owned();
        self.remember(ending, &from);
        let mut call = Writer::new(call_id, Way::In, ending, from, to);
        call.push(0, Happening::Incoming, None);
        let over_ms = match ending {
            Ending::Accepted => {
                let answered_ms = self.ring_ms();
                let peer = PEERS[skewed(PEERS.len(), &mut self.rng)];
                call.push(answered_ms, Happening::Accepted, Some(peer));
                let talk_ms = self.talk_ms();
                call.hang_up(answered_ms + talk_ms, whole_seconds(talk_ms));
                return call.done;
            }
            Ending::Blocked => self.rng.random_range(50..300),
            Ending::Voicemail => self.ring_ms() + self.rng.random_range(3_000..20_000),
            _ => self.ring_ms(),
        };
        call.hang_up(over_ms, 0);
        call.done
    }

    fn outgoing(&mut self, call_id: String) -> ScriptedCall {
        let ending = weighted(&self.habits.outgoing_endings, &mut self.rng).unwrap_or(Ending::Canceled);
        let from = numbers::OWN_LINES[skewed(numbers::OWN_LINES.len(), &mut self.rng)].to_owned();
        let rings_back = self.rng.random_bool(share(self.habits.call_back));
        let to = match if rings_back { self.missed.pop_front() } else { None } {
            Some(missed) => missed,
            None => self.outsiders[skewed(self.outsiders.len(), &mut self.rng)].clone(),
        };
        let peer = PEERS[skewed(PEERS.len(), &mut self.rng)];
        let mut call = Writer::new(call_id, Way::Out, ending, from, to);
        call.push(0, Happening::Outgoing, Some(peer));
        let (over_ms, duration) = match ending {
            Ending::Accepted => {
                let talk_ms = self.talk_ms();
                let told = !self.rng.random_bool(share(self.habits.talk_untold));
                (self.ring_ms() + talk_ms, if told { whole_seconds(talk_ms) } else { 0 })
            }
            Ending::Busy => (self.rng.random_range(1_000..5_000), 0),
            Ending::Unavailable => (self.rng.random_range(1_000..8_000), 0),
            Ending::Congestion => (self.rng.random_range(200..1_500), 0),
            _ => (self.ring_ms(), 0),
        };
        call.hang_up(over_ms, duration);
        call.done
    }

    fn remember(&mut self, ending: Ending, from: &str) {
        if matches!(ending, Ending::Missed | Ending::Voicemail) && from != "anonymous" {
            self.missed.push_back(from.to_owned());
            if self.missed.len() > REMEMBERED_MISSED {
                self.missed.pop_front();
            }
        }
    }

    fn ring_ms(&mut self) -> u64 {
        let (shortest, longest) = self.habits.ring_seconds;
        let part: f64 = self.rng.random();
        millis(shortest + (longest - shortest).max(0.0) * part)
    }

    fn talk_ms(&mut self) -> u64 {
        let part: f64 = self.rng.random();
        let seconds = -self.habits.talk_mean_seconds * (1.0 - part).ln();
        millis(seconds.clamp(0.3, self.habits.talk_max_seconds.max(0.3)))
    }
}

fn outsider(habits: &Habits, rng: &mut StdRng) -> String {
    let place: f64 = rng.random();
    if place < habits.foreign {
        numbers::foreign(rng)
    } else if place < habits.foreign + habits.mobile {
        numbers::mobile(rng)
    } else {
        numbers::landline(rng)
    }
}

/// Draws an index below `len`, low ones far more often: some people call again and again, most only once.
fn skewed(len: usize, rng: &mut impl Rng) -> usize {
    let part: f64 = rng.random();
    ((len as f64 * part.powf(2.5)) as usize).min(len - 1)
}

fn weighted(endings: &[(Ending, f64)], rng: &mut impl Rng) -> Option<Ending> {
    let total: f64 = endings.iter().map(|(_, weight)| weight.max(0.0)).sum();
    let mut left = rng.random::<f64>() * total;
    for (ending, weight) in endings {
        left -= weight.max(0.0);
        if left < 0.0 {
            return Some(*ending);
        }
    }
    endings.last().map(|(ending, _)| *ending)
}

fn share(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}

fn millis(seconds: f64) -> u64 {
    (seconds * 1000.0) as u64
}

fn whole_seconds(ms: u64) -> u32 {
    u32::try_from(ms / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::phone::Numbering;
    use crate::placetel::event::{Direction, Event, Kind};
    use std::collections::{HashMap, HashSet};

    fn calls(count: usize) -> Vec<ScriptedCall> {
        let mut script = Script::new(Habits::default(), 7);
        (0..count).map(|_| script.next_call()).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_calls() {
        assert_eq!(calls(50), calls(50));
        assert_ne!(Script::new(Habits::default(), 8).next_call(), calls(1)[0]);
    }

    #[test]
    fn every_body_is_an_event_of_its_call_with_sorted_keys() {
        for call in calls(500) {
            assert_eq!(call.call_id.len(), 64);
            for step in &call.steps {
                let event = Event::parse(step.body.as_bytes()).unwrap();
                assert_eq!(event.call_id.as_str(), call.call_id);
                assert_eq!(event.direction == Some(Direction::In), call.way == Way::In);
                let keys: Vec<_> = Event::fields(step.body.as_bytes()).into_iter().map(|(key, _)| key).collect();
                assert!(keys.is_sorted(), "{}", step.body);
            }
        }
    }

    #[test]
    fn inbound_calls_ring_are_accepted_with_a_peer_and_hung_up() {
        let call = calls(50).into_iter().find(|c| c.way == Way::In && c.ending == Ending::Accepted).unwrap();
        let events: Vec<_> = call.steps.iter().map(|step| Event::parse(step.body.as_bytes()).unwrap()).collect();
        let kinds: Vec<_> = events.iter().map(|event| event.kind).collect();
        assert_eq!(kinds, [Kind::IncomingCall, Kind::CallAccepted, Kind::HungUp]);
        assert!(events[1].peer.as_deref().unwrap().ends_with("@fpbx.de"));
        assert_eq!(events[2].hangup_type.as_deref(), Some("accepted"));
    }

    #[test]
    fn outgoing_calls_never_send_call_accepted() {
        for call in calls(500).into_iter().filter(|call| call.way == Way::Out) {
            assert_eq!(call.steps.len(), 2);
            assert!(Event::parse(call.steps[0].body.as_bytes()).unwrap().peer.is_some());
        }
    }

    #[test]
    fn the_talk_time_told_is_the_time_between_acceptance_and_hangup() {
        for call in calls(500) {
            assert!(call.steps.is_sorted_by_key(|step| step.offset_ms));
            let over = call.steps.last().unwrap();
            let Happening::HungUp { duration_seconds, .. } = over.happening else { panic!("no hangup") };
            let answered = call.steps.iter().find(|step| step.happening == Happening::Accepted);
            if let Some(answered) = answered {
                assert_eq!(u64::from(duration_seconds), (over.offset_ms - answered.offset_ms) / 1000);
            } else {
                assert!(u64::from(duration_seconds) * 1000 <= over.offset_ms);
            }
            assert!(over.offset_ms <= 75_000);
        }
    }

    #[test]
    fn the_parties_are_valid_numbers_and_some_call_again_and_again() {
        let german = Numbering::new("DE").unwrap();
        let mut callers = HashMap::<String, u32>::new();
        for call in calls(2000).into_iter().filter(|call| call.way == Way::In) {
            let event = Event::parse(call.steps[0].body.as_bytes()).unwrap();
            assert!(german.e164(event.to.as_deref().unwrap()).is_some());
            let from = event.from.unwrap();
            assert!(from == "anonymous" || german.e164(&from).is_some(), "{from}");
            *callers.entry(from).or_default() += 1;
        }
        assert!(callers.len() > 100 && callers["anonymous"] > 20);
        assert!(callers.values().filter(|count| **count > 20).count() > 3);
    }

    #[test]
    fn every_ending_occurs_and_only_where_it_can() {
        let outbound_only = [Ending::Busy, Ending::Canceled, Ending::Unavailable, Ending::Congestion];
        let seen: HashSet<_> = calls(2000).iter().map(|call| (call.way, call.ending)).collect();
        assert_eq!(seen.len(), 9);
        assert!(seen.iter().all(|(way, ending)| *way == Way::Out || !outbound_only.contains(ending)));
    }
}
