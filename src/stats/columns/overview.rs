//! Everything that a dashboard shows of some calls, but for those that are still running.

use std::collections::{BTreeMap, HashMap};

use super::Count;
use super::buckets::Hours;
use super::fact::{Fact, NameId, Names};
use super::sample::Sample;
use crate::stats::business::BusinessTime;
use crate::stats::rollup::{Cell, Class, Measures};
use crate::stats::sums::Sums;

/// The number of codes that a class may have.
const CLASSES: usize = 128;

/// Counts calls with their durations, and how many there are by hour, line and SIP user.
pub struct Overview<'b> {
    hours_of: Hours<'b>,
    durations: HashMap<u8, (Sample, Sample)>,
    hour: i64,
    of_hour: [i64; CLASSES],
    hours: BTreeMap<(i64, u8), i64>,
    lines_of_span: BySubject,
    peers_of_span: BySubject,
    lines: HashMap<String, BTreeMap<Class, Sums>>,
    peers: HashMap<String, BTreeMap<Class, Sums>>,
}

/// The sums of few classes each, by the id of the subject.
type BySubject = Vec<Vec<(u8, Sums)>>;

impl<'b> Overview<'b> {
    /// Creates an overview of nothing.
    pub fn new(business: &'b BusinessTime) -> Self {
        Self {
            hours_of: Hours::new(business),
            durations: HashMap::new(),
            hour: i64::MIN,
            of_hour: [0; CLASSES],
            hours: BTreeMap::new(),
            lines_of_span: Vec::new(),
            peers_of_span: Vec::new(),
            lines: HashMap::new(),
            peers: HashMap::new(),
        }
    }

    fn end_hour(&mut self) {
        for (class, calls) in (0..).zip(&mut self.of_hour).filter(|(_, calls)| **calls > 0) {
            *self.hours.entry((self.hour, class)).or_default() += std::mem::take(calls);
        }
    }

    /// Returns all calls as one cell.
    pub fn cell(&self) -> Cell {
        let mut cell = Cell::default();
        for (class, (talk, wait)) in &self.durations {
            let calls = self.hours.iter().filter(|((_, of), _)| of == class).map(|(_, calls)| calls).sum();
            if let Some(class) = Class::from_code(*class) {
                cell.add(class, &Measures { calls, talk: talk.histogram(), wait: wait.histogram() }, 1);
            }
        }
        cell
    }

    /// Returns the number of calls of each class, by the first millisecond of the hour.
    pub fn hours(&self) -> impl Iterator<Item = (i64, Class, i64)> {
        self.hours.iter().filter_map(|(&(hour, class), &calls)| Some((hour, Class::from_code(class)?, calls)))
    }

    /// Returns the sums of each class, by own line; empty for calls without one.
    pub fn lines(&self) -> impl Iterator<Item = (&str, Class, Sums)> {
        each(&self.lines)
    }

    /// Returns the sums of each class, by SIP user; empty for calls without one.
    pub fn peers(&self) -> impl Iterator<Item = (&str, Class, Sums)> {
        each(&self.peers)
    }
}

impl Count for Overview<'_> {
    const NEEDS_NUMBERS: bool = false;

    fn begin(&mut self, subjects: &Names, _: &Names) {
        self.lines_of_span = vec![Vec::new(); subjects.len()];
        self.peers_of_span = vec![Vec::new(); subjects.len()];
    }

    fn add(&mut self, fact: &Fact) {
        let hour = self.hours_of.start_ms(fact.started_ms);
        if hour != self.hour {
            self.end_hour();
            self.hour = hour;
        }
        if let Some(calls) = self.of_hour.get_mut(usize::from(fact.class)) {
            *calls += 1;
        }
        let (talk, wait) = self.durations.entry(fact.class).or_default();
        talk.extend(fact.talk_seconds);
        wait.extend(fact.wait_seconds);
        let talk_seconds = fact.talk_seconds.map_or(0, i64::from);
        let sums = Sums { calls: 1, talk_calls: i64::from(fact.talk_seconds.is_some()), talk_seconds };
        add_sums(&mut self.lines_of_span, fact.line, fact.class, sums);
        add_sums(&mut self.peers_of_span, fact.peer, fact.class, sums);
    }

    fn end(&mut self, subjects: &Names, _: &Names) {
        self.end_hour();
        for (of_span, all) in [(&mut self.lines_of_span, &mut self.lines), (&mut self.peers_of_span, &mut self.peers)] {
            for ((_, name), classes) in
                subjects.iter().zip(of_span.drain(..)).filter(|(_, classes)| !classes.is_empty())
            {
                let of_name = all.entry(name.to_owned()).or_default();
                for (class, sums) in classes {
                    if let Some(class) = Class::from_code(class) {
                        of_name.entry(class).or_default().add(sums, 1);
                    }
                }
            }
        }
    }
}

fn add_sums(by_subject: &mut BySubject, subject: NameId, class: u8, sums: Sums) {
    let Some(classes) = by_subject.get_mut(subject.index()) else { return };
    match classes.iter_mut().find(|(of, _)| *of == class) {
        Some((_, all)) => all.add(sums, 1),
        None => classes.push((class, sums)),
    }
}

fn each(by_subject: &HashMap<String, BTreeMap<Class, Sums>>) -> impl Iterator<Item = (&str, Class, Sums)> {
    by_subject
        .iter()
        .flat_map(|(subject, by_class)| by_class.iter().map(|(&class, &sums)| (subject.as_str(), class, sums)))
}
