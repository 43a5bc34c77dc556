//! The inputs of a decision besides the table: the call, and the history of earlier calls.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::calls::call::Call;
use crate::placetel::event::Direction;
use crate::placetel::reply::MAX_NUMBER_CHARS;

/// Maximum number of callers that are remembered: those who were answered last. They take about 5 MB.
pub const MAX_PARTIES: usize = 100_000;
/// Maximum number of peers that are remembered: those who were seen last.
const MAX_PEERS: usize = 10_000;
/// The days within which a peer must have been on the telephone to ring first: one who was not may have left, or be
/// on holiday.
pub const PEER_SEEN_WITHIN_DAYS: i64 = 14;
const DAY_MS: i64 = 86_400_000;

/// An incoming call that is to be decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incoming<'a> {
    /// The PBX's id of the call. It seeds all random draws, so that every node draws the same.
    pub call_id: &'a str,
    /// The calling number, as received.
    pub from: Option<&'a str>,
    /// The called number, as received.
    pub to: Option<&'a str>,
    /// The time of the call, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// The peer who accepted a call, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Accepted {
    peer: Arc<str>,
    at_ms: i64,
}

/// The history of earlier calls: who last accepted a call from whom, and when each peer was seen. It is bounded: a
/// forgotten caller was not answered for longer than [`MAX_PARTIES`] others, and is treated like a new one.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// The last accepted call by a keyed hash of the caller's number, which takes a third of the memory. The odds of a
    /// collision among so many callers are one in a billion.
    accepted: HashMap<u64, Accepted>,
    key: RandomState,
    seen_ms: HashMap<Arc<str>, i64>,
}

impl History {
    /// Updates the history from a call as it is now; `before` is the call as it was noted earlier. The order of updates
    /// does not matter.
    pub fn note(&mut self, before: Option<&Call>, call: &Call) {
        if let Some((party, wrong)) = before.and_then(accepted)
            && accepted(call) != Some((party, wrong.clone()))
            && self.accepted.get(&self.key_of(party)) == Some(&wrong)
        {
            self.accepted.remove(&self.key_of(party));
        }
        if let Some(peer) = &call.peer {
            self.learn(call.direction, call.party.as_deref(), peer, call.started_ms, call.accepted_ms);
        }
    }

    /// Records that `peer` made or accepted a call.
    pub fn learn(
        &mut self,
        direction: Option<Direction>,
        party: Option<&str>,
        peer: &str,
        started_ms: i64,
        accepted_ms: Option<i64>,
    ) {
        if !is_usable(peer) {
            return;
        }
        match (direction, party, accepted_ms) {
            (Some(Direction::In), Some(party), Some(at_ms)) => self.accept(party, peer, at_ms),
            _ => drop(self.see(peer, accepted_ms.unwrap_or(started_ms))),
        }
    }

    /// Records that `peer` accepted a call from `party` (as [`Call::party`] has it).
    pub fn accept(&mut self, party: &str, peer: &str, at_ms: i64) {
        let peer = self.see(peer, at_ms);
        let key = self.key_of(party);
        match self.accepted.get_mut(&key) {
            Some(last) if (last.at_ms, &last.peer) >= (at_ms, &peer) => {}
            Some(last) => *last = Accepted { peer, at_ms },
            None => {
                self.accepted.insert(key, Accepted { peer, at_ms });
                keep_newest(&mut self.accepted, MAX_PARTIES, |accepted| accepted.at_ms);
            }
        }
    }

    fn key_of(&self, party: &str) -> u64 {
        self.key.hash_one(party)
    }

    /// Records that a peer was on the telephone; returns its shared name.
    pub fn see(&mut self, peer: &str, at_ms: i64) -> Arc<str> {
        if let Some((known, _)) = self.seen_ms.get_key_value(peer) {
            let known = Arc::clone(known);
            self.seen_ms.entry(Arc::clone(&known)).and_modify(|last| *last = (*last).max(at_ms));
            return known;
        }
        let peer: Arc<str> = peer.into();
        self.seen_ms.insert(Arc::clone(&peer), at_ms);
        keep_newest(&mut self.seen_ms, MAX_PEERS, |at_ms| *at_ms);
        peer
    }

    /// Returns the peer who last accepted a call from `party` within so many days before `at_ms`, if that peer was seen
    /// (accepted or made any call) within the same days and [`PEER_SEEN_WITHIN_DAYS`].
    pub fn last_peer(&self, party: &str, within_days: u16, at_ms: i64) -> Option<&str> {
        let is_recent = |last_ms: i64, days: i64| at_ms.saturating_sub(last_ms) <= days.saturating_mul(DAY_MS);
        let last = self.accepted.get(&self.key_of(party)).filter(|last| is_recent(last.at_ms, within_days.into()))?;
        let seen_ms = self.seen_ms.get(&last.peer)?;
        is_recent(*seen_ms, PEER_SEEN_WITHIN_DAYS.min(within_days.into())).then_some(&*last.peer)
    }
}

fn accepted(call: &Call) -> Option<(&str, Accepted)> {
    let (party, at_ms, peer) = (call.party.as_deref()?, call.accepted_ms?, call.peer.as_deref()?);
    (call.direction == Some(Direction::In)).then(|| (party, Accepted { peer: peer.into(), at_ms }))
}

/// Returns whether a peer could be a target: peers come from outside, so they are validated.
fn is_usable(peer: &str) -> bool {
    let strange = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '\u{fffe}' | '\u{ffff}');
    !peer.is_empty() && peer.chars().count() <= MAX_NUMBER_CHARS && !peer.chars().any(strange)
}

/// Evicts the oldest entries once there are a tenth too many, so that the amortised cost is low. At a quarter, the
/// map of callers would have doubled its capacity before.
fn keep_newest<K: Eq + std::hash::Hash, V>(map: &mut HashMap<K, V>, most: usize, at_ms: fn(&V) -> i64) {
    if map.len() <= most + most / 10 {
        return;
    }
    let mut times: Vec<i64> = map.values().map(at_ms).collect();
    let oldest = times.len() - most;
    let (_, oldest_kept, _) = times.select_nth_unstable(oldest);
    let oldest_kept = *oldest_kept;
    map.retain(|_, value| at_ms(value) >= oldest_kept);
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = DAY_MS;

    #[test]
    fn the_peer_who_accepted_last_is_known_for_so_many_days() {
        let mut history = History::default();
        history.accept("+4930", "anna", 10 * DAY);
        history.accept("+4930", "ben", 9 * DAY);
        assert_eq!(history.last_peer("+4930", 7, 10 * DAY), Some("anna"));
        assert_eq!(history.last_peer("+4930", 7, 17 * DAY), Some("anna"));
        assert_eq!(history.last_peer("+4930", 7, 17 * DAY + 1), None);
        assert_eq!(history.last_peer("+4940", 7, 10 * DAY), None);
    }

    #[test]
    fn a_peer_who_was_not_seen_lately_does_not_ring_first() {
        let mut history = History::default();
        history.accept("+4930", "anna", 0);
        assert_eq!(history.last_peer("+4930", 30, 14 * DAY), Some("anna"));
        assert_eq!(history.last_peer("+4930", 30, 14 * DAY + 1), None);
        history.see("anna", 15 * DAY);
        assert_eq!(history.last_peer("+4930", 30, 29 * DAY), Some("anna"));
        assert_eq!(history.last_peer("+4930", 30, 30 * DAY + 1), None);
    }

    #[test]
    fn only_so_many_callers_are_remembered_and_the_last_ones() {
        let mut history = History::default();
        let parties = MAX_PARTIES + MAX_PARTIES / 10 + 1;
        for party in 0..parties {
            history.accept(&party.to_string(), "anna", party as i64);
        }
        assert_eq!(history.accepted.len(), MAX_PARTIES);
        assert_eq!(history.last_peer(&(parties - 1).to_string(), 1, parties as i64), Some("anna"));
        assert_eq!(history.last_peer("0", 1, parties as i64), None);
    }
}
