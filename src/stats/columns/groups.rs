//! Calls by group, with durations, but for those that are still running.

use std::collections::{HashMap, HashSet};

use super::Count;
use super::buckets::{Days, Hours};
use super::fact::{Fact, NameId, Names};
use super::number::normal;
use super::sample::Sample;
use crate::stats::business::BusinessTime;
use crate::stats::report::GroupBy;
use crate::stats::rollup::{Cell, Class, Measures, Tier};

/// What the calls of a group have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// All of them.
    All,
    /// The bucket of a tier of time in which they began.
    Time(Tier, i64),
    /// The name of their line, SIP user or party; empty for none.
    Name(String),
    /// The route that answered them.
    Route(Option<i64>),
    /// Their parties are none of those that were chosen.
    Rest,
}

/// Counts calls by group.
pub struct Groups<'b> {
    group_by: Option<GroupBy>,
    /// The parties that have groups of their own.
    chosen: HashSet<String>,
    are_chosen: Vec<bool>,
    hours: Hours<'b>,
    days: Days<'b>,
    of_span: HashMap<(i64, u8), Counted>,
    groups: HashMap<Group, Cell>,
}

/// The calls of one group and class, in one span.
#[derive(Default)]
struct Counted {
    calls: i64,
    talk: Sample,
    wait: Sample,
}

/// The key of all parties that are not chosen.
const REST: i64 = -1;

impl<'b> Groups<'b> {
    /// Creates groups without calls. By party, only those `chosen` get groups of their own.
    pub fn new(group_by: Option<GroupBy>, chosen: HashSet<String>, business: &'b BusinessTime) -> Self {
        Self {
            group_by,
            chosen,
            are_chosen: Vec::new(),
            hours: Hours::new(business),
            days: Days::new(business),
            of_span: HashMap::new(),
            groups: HashMap::new(),
        }
    }

    /// Returns the groups that have calls.
    pub fn finish(self) -> impl Iterator<Item = (Group, Cell)> {
        self.groups.into_iter()
    }

    fn key(&mut self, fact: &Fact) -> i64 {
        match self.group_by {
            None => 0,
            Some(GroupBy::Hour | GroupBy::WeekdayHour) => self.hours.start_ms(fact.started_ms),
            Some(GroupBy::Day | GroupBy::Week | GroupBy::Month) => self.days.number(fact.started_ms),
            Some(GroupBy::Number) => i64::from(fact.line.0),
            Some(GroupBy::Peer) => i64::from(fact.peer.0),
            Some(GroupBy::Party) if self.are_chosen.get(fact.party.index()) == Some(&true) => i64::from(fact.party.0),
            Some(GroupBy::Party) => REST,
            Some(GroupBy::Route) => fact.route.unwrap_or_default(),
        }
    }
}

impl Count for Groups<'_> {
    const NEEDS_NUMBERS: bool = true;

    fn begin(&mut self, _: &Names, numbers: &Names) {
        if self.group_by == Some(GroupBy::Party) {
            self.are_chosen = numbers.iter().map(|(_, number)| self.chosen.contains(normal(number))).collect();
        }
    }

    fn add(&mut self, fact: &Fact) {
        let key = self.key(fact);
        let counted = self.of_span.entry((key, fact.class)).or_default();
        counted.calls += 1;
        counted.talk.extend(fact.talk_seconds);
        counted.wait.extend(fact.wait_seconds);
    }

    fn end(&mut self, subjects: &Names, numbers: &Names) {
        let name = |names: &Names, key: i64| {
            let id = u32::try_from(key).map(NameId).unwrap_or_default();
            Group::Name(normal(names.get(id)).to_owned())
        };
        for ((key, class), counted) in self.of_span.drain() {
            let group = match self.group_by {
                None => Group::All,
                Some(GroupBy::Hour | GroupBy::WeekdayHour) => Group::Time(Tier::Hour, key),
                Some(GroupBy::Day | GroupBy::Week | GroupBy::Month) => Group::Time(Tier::Day, key),
                Some(GroupBy::Number | GroupBy::Peer) => name(subjects, key),
                Some(GroupBy::Party) if key == REST => Group::Rest,
                Some(GroupBy::Party) => name(numbers, key),
                Some(GroupBy::Route) => Group::Route(Some(key).filter(|route| *route != 0)),
            };
            let Some(class) = Class::from_code(class) else { continue };
            let figures =
                Measures { calls: counted.calls, talk: counted.talk.histogram(), wait: counted.wait.histogram() };
            self.groups.entry(group).or_default().add(class, &figures, 1);
        }
    }
}

/// Counts how many calls each party has, to choose those that get groups of their own.
pub struct PartyCounts<W> {
    wants: W,
    of_span: Vec<i64>,
    calls: HashMap<String, i64>,
}

impl<W: Fn(Class) -> bool> PartyCounts<W> {
    /// Creates counts of the calls whose class is wanted.
    pub fn new(wants: W) -> Self {
        Self { wants, of_span: Vec::new(), calls: HashMap::new() }
    }

    /// Corrects the count of a party, for calls that are still running.
    pub fn correct(&mut self, party: &str, calls: i64) {
        *self.calls.entry(party.to_owned()).or_default() += calls;
    }

    /// Returns the parties with most calls under the name that `named` gives them; of equally many, those without a
    /// name last, others ascending.
    pub fn most<'s>(&'s self, limit: usize, named: impl Fn(&'s str) -> &'s str) -> HashSet<String> {
        let mut by_name: HashMap<&str, i64> = HashMap::new();
        self.calls.iter().for_each(|(party, calls)| *by_name.entry(named(party)).or_default() += calls);
        let mut most: Vec<(&str, i64)> = by_name.into_iter().filter(|(_, calls)| *calls > 0).collect();
        let rank = |&(name, calls): &(&'s str, i64)| (-calls, name.is_empty(), name);
        if limit < most.len() {
            most.select_nth_unstable_by(limit, |a, b| rank(a).cmp(&rank(b)));
            most.truncate(limit);
        }
        let most: HashSet<&str> = most.into_iter().map(|(name, _)| name).collect();
        self.calls.keys().filter(|party| most.contains(named(party))).cloned().collect()
    }
}

impl<W: Fn(Class) -> bool> Count for PartyCounts<W> {
    const NEEDS_NUMBERS: bool = true;

    fn begin(&mut self, _: &Names, numbers: &Names) {
        self.of_span = vec![0; numbers.len()];
    }

    fn add(&mut self, fact: &Fact) {
        let is_wanted = fact.class().is_some_and(&self.wants);
        if let Some(calls) = self.of_span.get_mut(fact.party.index()).filter(|_| is_wanted) {
            *calls += 1;
        }
    }

    fn end(&mut self, _: &Names, numbers: &Names) {
        for ((_, number), calls) in numbers.iter().zip(self.of_span.drain(..)).filter(|(_, calls)| *calls > 0) {
            let party = normal(number);
            match self.calls.get_mut(party) {
                Some(all) => *all += calls,
                None => drop(self.calls.insert(party.to_owned(), calls)),
            }
        }
    }
}
