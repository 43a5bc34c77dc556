//! A text search: text is found in numbers and SIP users, digits in numbers as people write them, and what is named by
//! its name.

use std::collections::HashSet;

use memchr::memmem::Finder;

use super::fact::{Fact, NameId, Names};
use super::number::{PREFIXES, normal, raw};
use crate::contacts::block::beginning;

/// What is searched for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// The text, anywhere, in small letters.
    text: String,
    /// The digits, if the text is a part of a number.
    digits: Option<Digits>,
    /// The lines, SIP users and parties whose name was meant.
    named: HashSet<String>,
    /// What the numbers of blocks begin with whose name was meant.
    blocks: Vec<String>,
    /// Whether SIP users are searched, and calls from or to them found.
    searches_agents: bool,
}

/// A part of a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digits {
    /// The digits alone: any part of a number as the PBX wrote it.
    pub anywhere: String,
    /// How a number in E.164 begins, if the digits are the beginning of one.
    pub beginning: Option<String>,
}

impl Search {
    /// Creates a search for a text, which may be part of a number.
    pub fn new(text: &str, digits: Option<Digits>) -> Self {
        Self { text: text.to_lowercase(), digits, searches_agents: true, ..Self::default() }
    }

    /// Returns the same search, which also finds these numbers, blocks of numbers and SIP users.
    pub fn or_named(mut self, subjects: &[String]) -> Self {
        self.blocks = subjects.iter().filter_map(|subject| beginning(subject)).map(str::to_owned).collect();
        self.named = subjects.iter().cloned().collect();
        self
    }

    /// Returns the same search without SIP users, and without calls from or to one.
    pub fn without_agents(self) -> Self {
        Self { searches_agents: false, ..self }
    }

    /// Finds the ids of a span's names that match.
    pub fn within(&self, subjects: &Names, numbers: &Names) -> Found {
        let mut found = Found { searches_agents: self.searches_agents, ..Found::default() };
        if self.searches_agents {
            let is_found = |peer: &str| peer.to_lowercase().contains(&self.text) || self.named.contains(peer);
            found.peers = subjects.iter().filter(|(_, peer)| is_found(peer)).map(|(id, _)| id).collect();
        } else {
            found.lettered = numbers.iter().filter(|(_, number)| has_letters(&raw(number))).map(|(id, _)| id).collect();
        }
        for id in self.candidates(numbers) {
            let number = numbers.get(id);
            let is_named = self.named.contains(normal(number));
            if is_named || self.matches(normal(number), &raw(number)) {
                found.own.insert(id);
                found.parties.insert(id);
            } else if self.blocks.iter().any(|block| normal(number).starts_with(block)) {
                found.parties.insert(id);
            }
        }
        found
    }

    fn matches(&self, normal: &str, raw: &str) -> bool {
        let of_digits = |Digits { anywhere, beginning }: &Digits| {
            raw.contains(anywhere)
                || beginning.as_ref().map_or(normal.contains(anywhere), |beginning| normal.starts_with(beginning))
        };
        raw.to_lowercase().contains(&self.text)
            || normal.to_lowercase().contains(&self.text)
            || self.digits.as_ref().is_some_and(of_digits)
    }

    /// Returns the numbers that may match.
    fn candidates(&self, numbers: &Names) -> HashSet<NameId> {
        let mut found: HashSet<NameId> = self.blocks.iter().flat_map(|block| numbers.beginning_with(block)).collect();
        for named in &self.named {
            found.extend(numbers.beginning_with(named).filter(|id| normal(numbers.get(*id)) == named));
        }
        let has_letters = |text: &str| text.bytes().any(|byte| !byte.is_ascii() || byte.is_ascii_alphabetic());
        if has_letters(&self.text) {
            found.extend(numbers.iter().filter(|(_, number)| has_letters(number)).map(|(id, _)| id));
            return found;
        }
        let of_digits = self.digits.iter().flat_map(|digits| [Some(&digits.anywhere), digits.beginning.as_ref()]);
        let mut needles = HashSet::new();
        for needle in of_digits.flatten().chain([&self.text]) {
            // Where it begins within a trunk prefix, the rest of it follows elsewhere.
            let mut rest = needle.as_str();
            while !rest.is_empty() && needles.insert(rest) {
                rest = rest.strip_prefix(PREFIXES).unwrap_or_default();
            }
        }
        found.extend(needles.into_iter().flat_map(|needle| holding(numbers, needle)));
        found
    }
}

/// Returns the names that hold a text.
fn holding(names: &Names, text: &str) -> Vec<NameId> {
    let (finder, mut ids, mut from) = (Finder::new(text), Vec::new(), 0);
    while let Some(place) = names.text().as_bytes().get(from..).and_then(|rest| finder.find(rest)) {
        let Some((id, end)) = names.at(from + place) else { break };
        // The text may begin in one name and end in the next: whoever compares tells.
        ids.push(id);
        from = end;
    }
    ids
}

fn has_letters(raw: &str) -> bool {
    let lower = raw.to_lowercase().replace("anonymous", "");
    lower != lower.to_uppercase()
}

/// What of a span's names was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    own: HashSet<NameId>,
    parties: HashSet<NameId>,
    peers: HashSet<NameId>,
    lettered: HashSet<NameId>,
    searches_agents: bool,
}

impl Found {
    /// Returns whether no call can match.
    pub fn is_nothing(&self) -> bool {
        self.own.is_empty() && self.parties.is_empty() && self.peers.is_empty()
    }

    /// Returns whether a call matches.
    pub fn takes(&self, fact: &Fact) -> bool {
        let matches =
            self.parties.contains(&fact.party) || self.own.contains(&fact.own) || self.peers.contains(&fact.peer);
        matches && (self.searches_agents || !self.lettered.contains(&fact.own) && !self.lettered.contains(&fact.party))
    }
}
