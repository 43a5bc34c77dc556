//! Fingerprints of calls, to tell whether packed ones say what the calls say.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Count;
use super::fact::{Fact, Names};

/// The fingerprint of each call, by key.
#[derive(Default)]
pub struct Fingerprints {
    of_span: Vec<Fact>,
    /// The fingerprints of all calls.
    pub by_key: BTreeMap<i64, u64>,
}

impl Count for Fingerprints {
    const NEEDS_NUMBERS: bool = true;

    fn begin(&mut self, _: &Names, _: &Names) {}

    fn add(&mut self, fact: &Fact) {
        self.of_span.push(*fact);
    }

    fn end(&mut self, subjects: &Names, numbers: &Names) {
        for fact in self.of_span.drain(..) {
            let Fact { started_ms, key, class, talk_seconds, wait_seconds, line, peer, own, party, route } = fact;
            let mut hasher = DefaultHasher::new();
            (started_ms, class, talk_seconds, wait_seconds, route).hash(&mut hasher);
            (subjects.get(line), subjects.get(peer), numbers.get(own), numbers.get(party)).hash(&mut hasher);
            self.by_key.insert(key, hasher.finish());
        }
    }
}
