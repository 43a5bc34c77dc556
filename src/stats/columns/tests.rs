use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::Count;
use super::callers::Callers;
use super::fact::{Collector, Fact, Facts, Names};
use super::groups::{Groups, PartyCounts};
use super::number::normal;
use super::segment::{Subject, pack, read};
use crate::calls::call::Call;
use crate::stats::report::GroupBy;
use crate::stats::report::tests::berlin;
use crate::stats::rollup::tests::any_call;

fn any_calls() -> impl Strategy<Value = Vec<(Call, bool, Option<i64>)>> {
    let route = prop::option::of(prop::sample::select(vec![1_i64, 7, 90_000_000_000, -3]));
    prop::collection::vec((any_call(), any::<bool>(), route), 0..40)
}

fn facts(calls: &[(Call, bool, Option<i64>)]) -> Facts {
    let mut collector = Collector::default();
    for (key, (call, in_hours, route)) in (5_i64..).step_by(3).zip(calls) {
        collector.add(key, call, *in_hours, *route);
    }
    collector.finish()
}

fn count<C: Count>(facts: &Facts, mut counts: C) -> C {
    counts.begin(&facts.subjects, &facts.numbers);
    facts.facts.iter().for_each(|fact| counts.add(fact));
    counts.end(&facts.subjects, &facts.numbers);
    counts
}

proptest! {
    #[test]
    fn facts_are_what_the_calls_say(calls in any_calls()) {
        let facts = facts(&calls);
        let told = |fact: &Fact| {
            let text = |names: &Names, id| Some(names.get(id).to_owned()).filter(|name| !name.is_empty());
            let party = Some(normal(facts.numbers.get(fact.party)).to_owned()).filter(|name| !name.is_empty());
            let names = (text(&facts.subjects, fact.line), text(&facts.subjects, fact.peer), party);
            (fact.started_ms, fact.key, fact.class().map(|class| (class.direction, class.in_hours)), fact.talk_seconds, names, fact.route)
        };
        let mut expected: Vec<_> = (5_i64..).step_by(3).zip(&calls).map(|(key, (call, in_hours, route))| {
            let names = (call.number.clone(), call.peer.clone(), call.party.clone());
            (call.started_ms, key, Some((call.direction, *in_hours)), call.talk_seconds, names, *route)
        }).collect();
        expected.sort_by_key(|fact| (fact.0, fact.1));
        prop_assert_eq!(facts.facts.iter().map(told).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_packed_is_read_again(calls in any_calls()) {
        let Facts { facts, subjects, numbers } = facts(&calls);
        for names in [&subjects, &numbers] {
            prop_assert_eq!(Names::unpack(&names.pack()), Some(names.clone()));
            for (id, name) in names.iter() {
                prop_assert_eq!(names.find(name), Some(id));
            }
            prop_assert_eq!(names.find("nobody"), None);
        }
        for subject in [Subject::Line, Subject::Peer] {
            for (id, _) in subjects.iter() {
                let of_subject: Vec<Fact> = facts.iter().filter(|fact| subject.of(fact) == id).copied().collect();
                let packed = pack(subject, of_subject.iter());
                let mut found = Vec::new();
                prop_assert_eq!(read(&packed, subject, id, |fact| found.push(*fact)), Some(()));
                prop_assert_eq!(found, of_subject);
                if packed.len() > 1 {
                    prop_assert_eq!(read(&packed[..packed.len() - 1], subject, id, |_| ()), None);
                }
            }
        }
    }

    #[test]
    fn only_the_parties_with_most_calls_are_chosen(calls in any_calls(), limit in 0..4_usize) {
        let mut expected: HashMap<String, i64> = HashMap::new();
        for (call, in_hours, _) in &calls {
            if *in_hours {
                *expected.entry(call.party.clone().unwrap_or_default()).or_default() += 1;
            }
        }
        let mut ranked: Vec<(String, i64)> = expected.into_iter().collect();
        ranked.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| (a.0.is_empty(), &a.0).cmp(&(b.0.is_empty(), &b.0))));
        let expected: HashSet<String> = ranked.into_iter().take(limit).map(|(party, _)| party).collect();
        let facts = facts(&calls);
        let counts = count(&facts, PartyCounts::new(|class| class.in_hours));
        prop_assert_eq!(counts.most(limit, |party| party), expected.clone());
        let business = berlin();
        let groups = count(&facts, Groups::new(Some(GroupBy::Party), expected, &business));
        let calls_of: i64 = groups.finish().map(|(_, cell)| cell.iter().map(|(_, figures)| figures.calls).sum::<i64>()).sum();
        prop_assert_eq!(calls_of, calls.len() as i64);
    }

    #[test]
    fn callers_are_counted_among_the_newest_calls(calls in any_calls(), newest in 0..30_usize) {
        let facts = facts(&calls);
        let mut with_party: Vec<&Fact> = facts.facts.iter().filter(|fact| !normal(facts.numbers.get(fact.party)).is_empty()).collect();
        with_party.sort_by_key(|fact| (-fact.started_ms, -fact.key));
        let mut expected: HashMap<String, i64> = HashMap::new();
        for fact in with_party.into_iter().take(newest) {
            *expected.entry(normal(facts.numbers.get(fact.party)).to_owned()).or_default() += 1;
        }
        let counted = count(&facts, Callers::new(newest, |_: &Fact| true)).finish();
        let counted: HashMap<String, i64> = counted.into_iter().map(|(party, counts)| (party, counts.calls)).collect();
        prop_assert_eq!(counted, expected);
    }
}

#[test]
fn what_is_no_list_of_names_is_told() {
    for bytes in [&[1][..], &[2, 1, 1, b'a'], &[1, 1, 0xff], &[2, 1, 2, 0xc3, 0xa4, b'a'], &[0xff, 0xff]] {
        assert_eq!(Names::unpack(bytes), None, "{bytes:?}");
    }
}
