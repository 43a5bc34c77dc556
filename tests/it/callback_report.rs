//! Tests of the callback report (how many missed callers were rung back), compared with an independent count.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::callbacks::miss;
use crate::helpers::{Answers, TestApp, accepted, form, hung_up, incoming, times};
use crate::histories::{Delivery, PEOPLE, SPANS, WORDS, combination, day, history, log};
use crate::laws::OFFICE;
use crate::oracle::{Call, Filter, Oracle, fold, rfc3339};

const TIMEOUT_MS: i64 = 4 * 3_600_000;

fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

fn oracle(log: &[Delivery]) -> Oracle {
    Oracle {
        zone: chrono_tz::Europe::Berlin,
        office_hours: true,
        timeout_ms: TIMEOUT_MS,
        service_level_seconds: 20,
        calls: fold(log),
        routes: HashMap::new(),
    }
}

/// Days of many people who call, are called, and are missed often.
fn busy_weeks(seed: u64, calls: usize, people: usize) -> Vec<Delivery> {
    let mut rng = StdRng::seed_from_u64(seed);
    let start = chrono::DateTime::parse_from_rfc3339("2026-10-12T06:00:00Z").unwrap().timestamp_millis();
    let call = |number: usize| {
        let id = format!("busy-{seed}-{number}");
        let at_ms = start + rng.random_range(0..14 * 24 * 3600) * 1000;
        let ends_ms = at_ms + rng.random_range(1..300_000);
        let party = &PEOPLE[rng.random_range(0..people)].0;
        let ending = ["accepted", "missed", "missed", "voicemail", "busy"][rng.random_range(0..5)];
        let begin = if rng.random_bool(0.75) {
            incoming(&id, party, "022129191999")
        } else {
            let fields = [("call_id", id.as_str()), ("event", "OutgoingCall"), ("from", "022129191999"), ("to", party)];
            form(&fields)
        };
        [Delivery { at_ms, body: begin }, Delivery { at_ms: ends_ms, body: hung_up(&id, ending, 0) }]
    };
    (0..calls).flat_map(call).collect()
}

fn is_missed(call: &Call, now_ms: i64) -> bool {
    let json = call.json(now_ms, TIMEOUT_MS);
    json["direction"] == "in" && ["missed", "voicemail"].iter().any(|word| json["outcome"] == *word)
}

fn is_contact(call: &Call, now_ms: i64) -> bool {
    let json = call.json(now_ms, TIMEOUT_MS);
    let is_accepted = json["outcome"] == "accepted" || (json["outcome"] == "open" && call.accepted_ms.is_some());
    call.direction.is_some() && is_accepted
}

/// Our own lines, which are owed nothing. No history is longer than a year.
fn ours(oracle: &Oracle) -> BTreeSet<&str> {
    oracle.calls.iter().filter_map(|call| call.number.as_deref()).collect()
}

/// Every number of the histories with a plus sign is a valid one.
fn expected(oracle: &Oracle, filter: &Filter, done: &BTreeSet<&str>) -> Value {
    let now_ms = now_ms();
    let (ours, mut missed) = (ours(oracle), BTreeMap::<&str, Vec<i64>>::new());
    for call in oracle.select(filter, now_ms).into_iter().filter(|call| is_missed(call, now_ms)) {
        if let Some(party) = call.party.as_deref().filter(|party| party.starts_with('+') && !ours.contains(party)) {
            missed.entry(party).or_default().push(call.started_ms);
        }
    }
    let (mut waits, mut still_owed) = (Vec::new(), 0);
    for (party, times) in &mut missed {
        times.sort_unstable();
        let last = *times.last().unwrap();
        let of_party = oracle.calls.iter().filter(|call| call.party.as_deref() == Some(party));
        let contacts: Vec<i64> = of_party.filter(|call| is_contact(call, now_ms)).map(|call| call.started_ms).collect();
        match contacts.iter().filter(|contact| **contact > last).min() {
            Some(reached) => {
                let answered = |at: i64| contacts.iter().any(|contact| (at + 1..=last).contains(contact));
                let waiting_since = times.iter().find(|at| !answered(**at)).unwrap();
                waits.push((reached - waiting_since) / 1000);
            }
            None if done.contains(party) => {}
            None => still_owed += 1,
        }
    }
    waits.sort_unstable();
    let nearest_rank = |tenths: usize| {
        let enough = |wait: &&i64| waits.iter().filter(|other| other <= wait).count() * 10 >= tenths * waits.len();
        waits.iter().find(enough)
    };
    json!({
        "missed_callers": missed.len(), "reached": waits.len(), "still_owed": still_owed,
        "reached_after_seconds": {"median": nearest_rank(5), "p90": nearest_rank(9)},
    })
}

#[track_caller]
fn compare(app: &TestApp, oracle: &Oracle, query: &str, filter: &Filter, done: &BTreeSet<&str>) -> Value {
    let given = app.get(&format!("/api/v1/callbacks/report?{query}")).ok();
    assert_eq!(given, expected(oracle, filter, done), "{query}");
    given
}

fn between(start: &str, end: &str) -> (String, Filter) {
    (format!("start={start}&end={end}"), Filter { start: day(start), end: day(end), ..Filter::default() })
}

#[test]
fn the_report_equals_a_second_count_under_every_filter() {
    let app = TestApp::with(&OFFICE);
    let deliveries = [history(60, 500), busy_weeks(60, 300, 40)].concat();
    app.database.import(&log(&deliveries), &OFFICE);
    let oracle = oracle(&deliveries);
    let mut rng = StdRng::seed_from_u64(60);
    let combinations: Vec<_> = (0..times(8)).map(|_| combination(&mut rng)).collect();
    let wanted = WORDS.iter().map(|word| vec![*word]).chain(combinations).chain([Vec::new()]);
    let mut seen = BTreeSet::new();
    for words in wanted {
        for (start, end) in [SPANS[0], SPANS[3]] {
            let (mut query, mut filter) = between(start, end);
            for (word, mean) in &words {
                query += &format!("&{word}");
                mean(&mut filter);
            }
            seen.insert(compare(&app, &oracle, &query, &filter, &BTreeSet::new()).to_string());
        }
    }
    assert!(seen.len() > 8, "the filters made a difference: {}", seen.len());
}

#[test]
fn reached_done_and_owed_are_everybody_and_the_owed_are_those_of_the_list() {
    for seed in (70..).take(times(1)) {
        let app = TestApp::with(&OFFICE);
        let deliveries = busy_weeks(seed, 500, 120);
        app.database.import(&log(&deliveries), &OFFICE);
        let oracle = oracle(&deliveries);
        let list = || app.get("/api/v1/callbacks?within_days=3660&limit=500").ok()["items"].as_array().unwrap().clone();
        let before = list();
        let done: BTreeSet<&str> = before.iter().step_by(3).map(|item| item["party"].as_str().unwrap()).collect();
        assert!(done.len() > 3);
        for party in &done {
            assert_eq!(app.request("POST", &format!("/api/v1/callbacks/{party}/done")).send().status, 204);
        }
        let (query, filter) = between("2026-10-01", "2026-11-15");
        let report = compare(&app, &oracle, &query, &filter, &done);
        assert_eq!(report["still_owed"], list().len(), "seed {seed}");
        let settled = report["reached"].as_u64().unwrap() + report["still_owed"].as_u64().unwrap() + done.len() as u64;
        assert_eq!(report["missed_callers"], settled, "seed {seed}");
        for days in ["2026-10-14", "2026-10-20", "2026-10-25"] {
            let (query, filter) = between(days, days);
            compare(&app, &oracle, &query, &filter, &done);
        }
    }
}

#[test]
fn the_list_equals_a_second_count() {
    let app = TestApp::with(&OFFICE);
    let deliveries = [history(61, 400), busy_weeks(61, 400, 120)].concat();
    app.database.import(&log(&deliveries), &OFFICE);
    let (oracle, now_ms) = (oracle(&deliveries), now_ms());
    let mut parties: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    let ours = ours(&oracle);
    for call in &oracle.calls {
        if let Some(party) = call.party.as_deref().filter(|party| party.starts_with('+') && !ours.contains(party)) {
            parties.entry(party).or_default().push(call);
        }
    }
    let mut expected = Vec::new();
    for (party, calls) in parties {
        let last_contact = calls.iter().filter(|call| is_contact(call, now_ms)).map(|call| call.started_ms).max();
        let open =
            |call: &&Call| is_missed(call, now_ms) && last_contact.is_none_or(|contact| contact <= call.started_ms);
        let open: Vec<&Call> = calls.into_iter().filter(open).collect();
        let Some(first) = open.iter().map(|call| call.started_ms).min() else { continue };
        let last = open.iter().map(|call| call.started_ms).max().unwrap();
        let numbers: BTreeSet<_> = open.iter().filter_map(|call| call.number.clone()).collect();
        let item = json!({
            "party": party, "missed_calls": open.len(), "first_missed_at": rfc3339(first),
            "last_missed_at": rfc3339(last), "numbers": numbers,
        });
        expected.push((first, party, item));
    }
    expected.sort_by_key(|(first, party, _)| (*first, *party));
    let expected: Vec<Value> = expected.into_iter().map(|(_, _, item)| item).collect();
    assert!(expected.len() > 50);
    let given = app.get("/api/v1/callbacks?within_days=3660&limit=500").ok();
    assert_eq!(given, json!({"items": expected, "next_cursor": null}));
}

#[test]
fn the_wait_begins_with_the_first_call_missed_since_the_last_contact() {
    let app = TestApp::start();
    let at = |second: i64| {
        chrono::DateTime::parse_from_rfc3339("2026-11-02T09:00:00Z").unwrap().timestamp_millis() + second * 1000
    };
    let call = |id: &str, second: i64, ending: &str| {
        [
            Delivery { at_ms: at(second), body: incoming(id, "01712345678", "022129191999") },
            Delivery { at_ms: at(second) + 500, body: hung_up(id, ending, 0) },
        ]
    };
    let calls = [
        call("a", 0, "missed"),
        call("b", 100, "accepted"),
        call("c", 200, "voicemail"),
        call("d", 260, "missed"),
        call("e", 1_200, "accepted"),
        call("f", 9_000, "accepted"),
    ];
    app.database.import(&log(&calls.concat()), &[]);
    let report = app.get("/api/v1/callbacks/report?start=2026-11-02&end=2026-11-02").ok();
    let wait = json!({"median": 1_000, "p90": 1_000});
    assert_eq!(report, json!({"missed_callers": 1, "reached": 1, "still_owed": 0, "reached_after_seconds": wait}));
    let voicemail = app.get("/api/v1/callbacks/report?start=2026-11-02&end=2026-11-02&outcome=missed").ok();
    assert_eq!(voicemail["reached_after_seconds"]["median"], 940, "only the calls asked for begin the wait");
}

#[test]
fn who_cannot_be_rung_back_or_was_turned_away_is_no_missed_caller() {
    let app = TestApp::start();
    let nobody = json!({"missed_callers": 0, "reached": 0, "still_owed": 0, "reached_after_seconds": {"median": null, "p90": null}});
    let report = || app.get("/api/v1/callbacks/report?period=today").ok();
    assert_eq!(report(), nobody);
    for (id, from) in [("c1", "anonymous"), ("c2", "23"), ("c3", "7777ben@fpbx.de"), ("c4", "+4911")] {
        miss(&app, id, from, "missed");
    }
    let reject = |from: &str, action: &str| json!({"name": action, "from": [from], "reply": {"action": action}});
    app.create_route(&reject("01712345678", "reject"));
    app.create_route(&reject("022198765432", "hangup"));
    miss(&app, "d1", "01712345678", "missed");
    miss(&app, "d2", "022198765432", "missed");
    assert_eq!(report(), nobody);
    miss(&app, "d3", "03023125000", "missed");
    app.post_event(incoming("d4", "03023125000", "022129191999"));
    assert_eq!((report()["missed_callers"].clone(), report()["still_owed"].clone()), (json!(1), json!(1)));
    app.post_event(accepted("d4", "7777anna@fpbx.de"));
    assert_eq!(report()["reached"], 1, "contact as soon as it is accepted");
}

#[test]
fn an_unusable_filter_of_the_report_is_named() {
    let app = TestApp::start();
    for (query, field) in
        [("period=x", "period"), ("start=2026-01-01", "end"), ("outcome=lost", "outcome"), ("hours=x", "hours")]
    {
        assert_eq!(app.get(&format!("/api/v1/callbacks/report?{query}")).wrong_fields(), [field], "{query}");
    }
}
