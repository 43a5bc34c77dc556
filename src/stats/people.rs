//! Counts per line and per agent, for their tables.

use std::collections::HashMap;

use super::rollup::Class;
use super::sums::Sums;
use crate::calls::forgetting::was_number;
use crate::calls::outcome::Outcome;
use crate::placetel::event::Direction;

/// The counts of one line or agent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GroupCounts {
    /// The number of calls, whatever their outcome.
    pub calls: i64,
    /// The number of inbound calls.
    pub inbound: i64,
    /// The number of inbound missed calls.
    pub missed: i64,
    /// The number of inbound calls that were accepted, missed or sent to voicemail.
    pub answerable: i64,
    /// The number of accepted calls, inbound and outgoing.
    pub accepted: i64,
    /// The talk time of the accepted calls, in seconds.
    pub talk_seconds: i64,
    /// The number of accepted calls whose talk time is known.
    pub talk_calls: i64,
}

impl GroupCounts {
    /// Adds calls.
    pub fn add(&mut self, class: Class, outcome: Outcome, sums: Sums) {
        let is_inbound = class.direction == Some(Direction::In);
        self.calls += sums.calls;
        if is_inbound {
            self.inbound += sums.calls;
        }
        if is_inbound && outcome == Outcome::Missed {
            self.missed += sums.calls;
        }
        if is_inbound && outcome.is_answerable() {
            self.answerable += sums.calls;
        }
        if outcome == Outcome::Accepted {
            self.accepted += sums.calls;
            self.talk_seconds += sums.talk_seconds;
            self.talk_calls += sums.talk_calls;
        }
    }
}

/// The counts by line or agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CountsByName {
    by_name: HashMap<String, GroupCounts>,
}

impl CountsByName {
    /// Adds calls of a line or agent; calls without one (empty name) are ignored.
    pub fn add(&mut self, name: &str, class: Class, outcome: Outcome, sums: Sums) {
        if name.is_empty() {
            return;
        }
        match self.by_name.get_mut(name) {
            Some(share) => share.add(class, outcome, sums),
            None => self.by_name.entry(name.to_owned()).or_default().add(class, outcome, sums),
        }
    }

    /// Returns the entries with calls, by the figure `of` descending, then by name.
    pub fn ranked(&self, of: impl Fn(&GroupCounts) -> i64) -> Vec<(&str, GroupCounts)> {
        let with_calls = self.by_name.iter().filter(|(_, share)| share.calls > 0);
        let mut ranked: Vec<_> = with_calls.map(|(name, share)| (name.as_str(), *share)).collect();
        ranked.sort_by(|a, b| of(&b.1).cmp(&of(&a.1)).then_with(|| a.0.cmp(b.0)));
        ranked
    }
}

/// Returns whether a SIP user stands where the number of a line or a party should, as in internal calls.
pub fn is_sip_user(subject: &str) -> bool {
    subject.bytes().any(|byte| byte.is_ascii_alphabetic()) && !was_number(subject)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::rollup::Progress;

    fn class(direction: Option<Direction>, outcome: Outcome) -> Class {
        Class { direction, in_hours: true, progress: Progress::Ended(outcome) }
    }

    #[test]
    fn sip_users_have_letters_and_numbers_have_none() {
        for subject in ["7777anna@fpbx.de", "7777anna", "7777@fpbx.de", "A"] {
            assert!(is_sip_user(subject), "{subject}");
        }
        for subject in ["forgotten-number-abc", "+4922129191999", "022129191999", "23", "*43#", "110", ""] {
            assert!(!is_sip_user(subject), "{subject}");
        }
    }

    #[test]
    fn misses_are_inbound_and_conversations_go_either_way() {
        let mut shares = CountsByName::default();
        let mut add = |name, direction, outcome, calls, talk_seconds| {
            let sums = Sums { calls, talk_calls: i64::from(talk_seconds > 0), talk_seconds };
            shares.add(name, class(direction, outcome), outcome, sums);
        };
        add("b", Some(Direction::In), Outcome::Missed, 3, 0);
        add("b", Some(Direction::In), Outcome::Voicemail, 2, 0);
        add("b", Some(Direction::In), Outcome::Accepted, 1, 60);
        add("b", Some(Direction::Out), Outcome::Accepted, 1, 30);
        add("b", None, Outcome::Missed, 1, 0);
        add("a", Some(Direction::Out), Outcome::Busy, 8, 0);
        add("", Some(Direction::In), Outcome::Missed, 9, 0);
        add("c", Some(Direction::In), Outcome::Open, 1, 0);
        add("c", Some(Direction::In), Outcome::Open, -1, 0);
        let b = GroupCounts {
            calls: 8,
            inbound: 6,
            missed: 3,
            answerable: 6,
            accepted: 2,
            talk_seconds: 90,
            talk_calls: 2,
        };
        let a = GroupCounts { calls: 8, ..GroupCounts::default() };
        assert_eq!(shares.ranked(|share| share.calls), [("a", a), ("b", b)]);
        assert_eq!(shares.ranked(|share| share.missed), [("b", b), ("a", a)]);
    }
}
