//! Tests of `GET /api/v1/stats`, compared with an independent count.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Datelike, Days, NaiveDate, Utc};
use rand::seq::IndexedRandom;
use rand::{SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::helpers::{Answers, CALLER, LINE, TestApp, accepted, hung_up, incoming, times};
use crate::histories::{Delivery, SPANS, WORDS, Word, combination, day, history, log, read_log};
use crate::oracle::{Filter, OUTCOMES, Oracle, assert_same, fold};

const GROUPS: [&str; 9] = ["hour", "day", "week", "month", "weekday_hour", "number", "peer", "party", "route"];
const OFFICE: [&str; 2] = ["--business-hours", "Mo-Fr 09:00-17:00"];
const LIMIT: usize = 1_000;

fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}

fn oracle(log: &[Delivery], office_hours: bool) -> Oracle {
    Oracle {
        zone: chrono_tz::Europe::Berlin,
        office_hours,
        timeout_ms: 4 * 3_600_000,
        service_level_seconds: 20,
        calls: fold(log),
        routes: HashMap::new(),
    }
}

/// Asks both and compares.
#[track_caller]
fn compare(app: &TestApp, oracle: &Oracle, span: (&str, &str), words: &[Word], group_by: Option<&str>) {
    let mut filter = Filter { start: day(span.0), end: day(span.1), ..Filter::default() };
    let mut query = format!("start={}&end={}", span.0, span.1);
    for (word, mean) in words {
        query += &format!("&{word}");
        mean(&mut filter);
    }
    if let Some(group_by) = group_by {
        query += &format!("&group_by={group_by}");
    }
    let mut given = app.stats(&query).ok();
    let period = given.as_object_mut().unwrap().remove("period").unwrap();
    assert_eq!(period, json!({"start": span.0, "end": span.1, "time_zone": oracle.zone.name()}));
    assert_same(&given, &oracle.stats(&filter, group_by, LIMIT, now_ms()), &query);
}

fn compare_everything(seed: u64, office_hours: bool) {
    let flags: &[&str] = if office_hours { &OFFICE } else { &[] };
    let app = TestApp::with(flags);
    let deliveries = history(seed, 400);
    app.database.import(&log(&deliveries), flags);
    let oracle = oracle(&deliveries, office_hours);
    let all: Vec<_> = GROUPS.into_iter().map(Some).chain([None]).collect();
    for span in SPANS {
        for group_by in &all {
            compare(&app, &oracle, span, &[], *group_by);
        }
    }
    let mut rng = StdRng::seed_from_u64(seed);
    for word in WORDS {
        for group_by in all.sample(&mut rng, times(2)) {
            compare(&app, &oracle, SPANS[2], &[word], *group_by);
        }
        compare(
            &app,
            &oracle,
            SPANS[0],
            &[word],
            *["number", "peer", "party", "month"].map(Some).choose(&mut rng).unwrap(),
        );
    }
    for _ in 0..times(20) {
        let group_by = *all.choose(&mut rng).unwrap();
        compare(&app, &oracle, *SPANS[..4].choose(&mut rng).unwrap(), &combination(&mut rng), group_by);
    }
}

#[test]
fn every_figure_equals_a_second_count() {
    compare_everything(1, false);
}

#[test]
fn every_figure_equals_a_second_count_with_office_hours() {
    compare_everything(2, true);
}

#[test]
fn every_figure_equals_a_second_count_in_zones_of_other_kinds() {
    // Other groups than those by time know a zone only by the days that are asked for.
    let groups = GROUPS.iter().take(if times(1) > 1 { GROUPS.len() } else { 5 });
    // One whose midnight is missing once a year, one with an odd offset, one far behind.
    for zone in [chrono_tz::Asia::Beirut, chrono_tz::Asia::Kathmandu, chrono_tz::America::St_Johns] {
        let flags = ["--time-zone", zone.name(), "--business-hours", "Mo-Fr 09:00-17:00"];
        let app = TestApp::with(&flags);
        let deliveries = history(4, 200);
        app.database.import(&log(&deliveries), &flags);
        let oracle = Oracle { zone, ..oracle(&deliveries, true) };
        for span in SPANS {
            for group_by in groups.clone() {
                compare(&app, &oracle, span, &[WORDS[0]], Some(*group_by));
            }
            compare(&app, &oracle, span, &[("hours=open", |filter| filter.hours = Some("open"))], None);
        }
    }
}

#[test]
fn the_longest_period_there_is_can_be_asked_for() {
    let app = TestApp::start();
    app.post_event(incoming("a", CALLER, LINE)).xml();
    let year: i32 = chrono::Utc::now().format("%Y").to_string().parse().unwrap();
    let ever = format!("start={}-01-01&end={}-12-31", year - 19, year);
    for query in ["", "&group_by=party", "&group_by=weekday_hour", "&direction=in&q=1"] {
        assert_eq!(app.stats(&format!("{ever}{query}")).ok()["totals"]["calls"], 1, "{query}");
    }
    assert_eq!(app.stats(&format!("{ever}&group_by=hour")).wrong_fields(), ["group_by"]);
    for group_by in ["day", "week", "month"] {
        assert_eq!(app.stats(&format!("{ever}&group_by={group_by}")).ok()["totals"]["calls"], 1);
    }
    assert_eq!(app.calls(&ever).ok()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn calls_are_listed_as_a_second_fold_sees_them() {
    let app = TestApp::with(&OFFICE);
    let deliveries = history(3, 400);
    app.database.import(&log(&deliveries), &OFFICE);
    let oracle = oracle(&deliveries, true);
    let mut rng = StdRng::seed_from_u64(3);
    let alone = WORDS.into_iter().map(|word| vec![word]);
    let combined: Vec<_> = (0..30).map(|_| combination(&mut rng)).collect();
    for words in alone.chain(combined).chain([Vec::new()]) {
        let mut filter = Filter { start: day(SPANS[0].0), end: day(SPANS[0].1), ..Filter::default() };
        words.iter().for_each(|(_, mean)| mean(&mut filter));
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        let query = format!("start={}&end={}&limit=500&{}", SPANS[0].0, SPANS[0].1, words.join("&"));
        let now_ms = now_ms();
        let given = app.calls(&query).ok();
        let expected = oracle.select(&filter, now_ms);
        let by_id = |calls: Vec<Value>| -> BTreeMap<String, Value> {
            calls.into_iter().map(|call| (call["call_id"].as_str().unwrap().to_owned(), call)).collect()
        };
        let items = given["items"].as_array().unwrap().clone();
        let starts: Vec<_> = items.iter().map(|call| call["started_at"].as_str().unwrap()).collect();
        assert!(starts.iter().rev().is_sorted(), "{query}: newest first");
        let expected = by_id(expected.into_iter().map(|call| call.json(now_ms, oracle.timeout_ms)).collect());
        assert_same(&json!(by_id(items)), &json!(expected), &query);
        assert_eq!(given["next_cursor"], Value::Null);
    }
}

#[test]
fn groups_by_route_name_the_routes_that_answered() {
    let app = TestApp::start();
    for (name, to) in [("Cologne", "0221*"), ("Berlin", "030*")] {
        app.create_route(&json!({"name": name, "to": [to], "reply": {"action": "hangup"}}));
    }
    for number in 0..7 {
        let to = ["022129191999", "03023125000", "0041442681800"][number % 3];
        let id = format!("call-{number}");
        app.post_event(incoming(&id, "01712345678", to)).xml();
        if number < 5 {
            app.post_event(hung_up(&id, OUTCOMES[number], 0)).xml();
        }
    }
    app.post_event(hung_up("never-asked", "accepted", 5)).xml();
    let mut oracle = oracle(&read_log(&app.database.export(&[])), false);
    for call in &oracle.calls {
        let decision = app.call(&call.id).ok()["decision"].clone();
        if let Some(id) = decision["route_id"].as_i64() {
            oracle.routes.insert(call.id.clone(), (id, decision["route_name"].as_str().unwrap().to_owned()));
        }
    }
    assert_eq!(oracle.routes.len(), 5);
    let today = Utc::now().with_timezone(&oracle.zone).date_naive();
    let days = (today - Days::new(1)).to_string()..(today + Days::new(1)).to_string();
    for words in [&[][..], &WORDS[..1], &WORDS[12..13], &WORDS[2..3]] {
        compare(&app, &oracle, (&days.start, &days.end), words, Some("route"));
    }
    let groups = app.stats("group_by=route").ok()["groups"].clone();
    let seen: Vec<_> =
        groups.as_array().unwrap().iter().map(|group| (group["name"].clone(), group["calls"].clone())).collect();
    let expected = [(json!("Cologne"), json!(3)), (Value::Null, json!(3)), (json!("Berlin"), json!(2))];
    assert_eq!(seen, expected);
}

#[test]
fn without_calls_counts_are_zero_and_rates_are_null() {
    let app = TestApp::with(&["--service-level", "30s"]);
    let none = json!({"total": 0, "average": null, "median": null, "p90": null, "max": null, "calls": 0});
    let outcomes: BTreeMap<_, _> = OUTCOMES.into_iter().map(|outcome| (outcome, 0)).collect();
    let totals = json!({"calls": 0, "in": 0, "out": 0, "internal": 0, "outcomes": outcomes, "accepted_rate": null, "talk_seconds": none,
        "wait_seconds": none, "abandoned_wait_seconds": none, "service_level": {"within_seconds": 30, "rate": null}});
    let period = json!({"start": "2026-02-01", "end": "2026-02-02", "time_zone": "Europe/Berlin"});
    let given = app.stats("start=2026-02-01&end=2026-02-02").ok();
    assert_eq!(given, json!({"period": period, "totals": totals}));
    let given = app.stats("start=2026-02-01&end=2026-02-02&group_by=day").ok();
    let mut groups = [totals.clone(), totals.clone()];
    (groups[0]["key"], groups[1]["key"]) = (json!("2026-02-01"), json!("2026-02-02"));
    assert_eq!(given, json!({"period": period, "totals": totals, "groups": groups}));
    assert_eq!(app.stats("group_by=party").ok()["groups"], json!([]));
}

#[test]
fn a_call_is_open_until_the_hangup_timeout_is_over() {
    let app = TestApp::start();
    app.post_event(incoming("ringing", CALLER, LINE)).xml();
    app.post_event(incoming("talking", CALLER, LINE)).xml();
    app.post_event(accepted("talking", "anna@fpbx.de")).xml();
    let totals = app.stats("").ok()["totals"].clone();
    assert_eq!(
        (&totals["calls"], &totals["outcomes"]["open"], &totals["accepted_rate"]),
        (&json!(2), &json!(2), &Value::Null)
    );
    assert_eq!(totals["wait_seconds"]["calls"], 0);
    assert_eq!(app.call("ringing").ok()["state"], "ringing");
    assert_eq!(app.call("talking").ok()["state"], "talking");
    let app = app.restart(&["--hangup-timeout", "1ms"]);
    let totals = app.stats("group_by=number").ok()["totals"].clone();
    let outcomes = &totals["outcomes"];
    assert_eq!((&outcomes["open"], &outcomes["unknown"], &outcomes["accepted"]), (&json!(0), &json!(1), &json!(1)));
    assert_eq!((&totals["talk_seconds"]["calls"], &totals["wait_seconds"]["calls"]), (&json!(0), &json!(1)));
    assert_eq!(totals["accepted_rate"], 1.0);
    for (id, outcome) in [("ringing", "unknown"), ("talking", "accepted")] {
        let call = app.call(id).ok();
        assert_eq!(
            (&call["state"], &call["outcome"], &call["talk_seconds"]),
            (&json!("ended"), &json!(outcome), &Value::Null)
        );
    }
}

#[test]
fn largest_groups_come_first_and_only_as_many_as_asked_for() {
    let app = TestApp::start();
    for (number, party) in
        ["01712345678", "03023125000", "03023125000", "0041442681800", "anonymous"].into_iter().enumerate()
    {
        app.post_event(incoming(&format!("call-{number}"), party, LINE)).xml();
    }
    let keys = |query: &str| -> Vec<Value> {
        let groups = app.stats(&format!("group_by=party{query}")).ok()["groups"].clone();
        groups.as_array().unwrap().iter().map(|group| group["key"].clone()).collect()
    };
    let all = [json!("+493023125000"), json!("+41442681800"), json!("+491712345678"), Value::Null];
    assert_eq!(keys(""), all);
    assert_eq!(keys("&limit=2"), all[..2]);
    assert_eq!(app.stats("group_by=party&limit=1").ok()["totals"]["calls"], 5);
    for limit in ["0", "10001", "-1", "x", "1.5"] {
        assert_eq!(app.stats(&format!("group_by=party&limit={limit}")).wrong_fields(), ["limit"]);
    }
    assert_eq!(keys("&limit=10000"), all);
}

#[test]
fn the_threshold_of_the_service_level_can_be_asked_for() {
    let app = TestApp::start();
    let deliveries = history(5, 300);
    app.database.import(&log(&deliveries), &[]);
    let filter = Filter { start: day(SPANS[0].0), end: day(SPANS[0].1), ..Filter::default() };
    let ask = |more: &str| app.stats(&format!("start={}&end={}{more}", SPANS[0].0, SPANS[0].1));
    let mut rates = Vec::new();
    for (more, seconds) in
        [("", 20), ("&within_seconds=0", 0), ("&within_seconds=45", 45), ("&within_seconds=86400", 86_400)]
    {
        let oracle = Oracle { service_level_seconds: seconds, ..oracle(&deliveries, false) };
        for group_by in [None, Some("number"), Some("party")] {
            let query = group_by.map_or(String::new(), |group_by| format!("&group_by={group_by}"));
            let mut given = ask(&format!("{more}{query}")).ok();
            given.as_object_mut().unwrap().remove("period");
            assert_same(&given, &oracle.stats(&filter, group_by, LIMIT, now_ms()), more);
        }
        rates.push(ask(more).ok()["totals"]["service_level"]["rate"].as_f64().unwrap());
    }
    assert!(rates[1] < rates[0] && rates[0] < rates[2] && rates[2] < rates[3], "{rates:?}");
    for wrong in ["-1", "86401", "1.5", "x"] {
        assert_eq!(ask(&format!("&within_seconds={wrong}")).wrong_fields(), ["within_seconds"]);
    }
}

#[test]
fn an_unusable_grouping_is_named_and_so_are_too_many_groups() {
    let app = TestApp::start();
    assert_eq!(app.stats("group_by=mood").wrong_fields(), ["group_by"]);
    assert_eq!(app.stats("start=2024-01-01&end=2025-12-31&group_by=hour").wrong_fields(), ["group_by"]);
    let year = app.stats("start=2025-01-01&end=2025-12-31&group_by=hour").ok();
    assert_eq!(year["groups"].as_array().unwrap().len(), 8760);
    let long = app.stats("start=2007-01-01&end=2026-12-31&group_by=month").ok();
    assert_eq!(long["groups"].as_array().unwrap().len(), 20 * 12);
}

#[test]
fn named_periods_are_those_of_the_business_calendar() {
    // A zone where today is another day than in UTC for most of the day.
    let app = TestApp::with(&["--time-zone", "Pacific/Kiritimati"]);
    let today = || Utc::now().with_timezone(&chrono_tz::Pacific::Kiritimati).date_naive();
    for (word, days) in [
        ("", (|today| (today - Days::new(29), today)) as fn(NaiveDate) -> (NaiveDate, NaiveDate)),
        ("period=30d", |today| (today - Days::new(29), today)),
        ("period=7d", |today| (today - Days::new(6), today)),
        ("period=today", |today| (today, today)),
        ("period=yesterday", |today| (today - Days::new(1), today - Days::new(1))),
        ("period=week", |today| (monday(today), today)),
        ("period=last_week", |today| (monday(today) - Days::new(7), monday(today) - Days::new(1))),
        ("period=month", |today| (today.with_day(1).unwrap(), today)),
        ("period=last_month", |today| {
            let end = today.with_day(1).unwrap() - Days::new(1);
            (end.with_day(1).unwrap(), end)
        }),
        ("period=year", |today| (today.with_ordinal(1).unwrap(), today)),
        ("period=today&start=2026-01-01&end=2026-01-31", |_| (day("2026-01-01"), day("2026-01-31"))),
    ] {
        let before = today();
        let period = app.stats(word).ok()["period"].clone();
        let shown = |(start, end): (NaiveDate, NaiveDate)| json!({"start": start.to_string(), "end": end.to_string(), "time_zone": "Pacific/Kiritimati"});
        // Midnight may pass in between.
        assert!([shown(days(before)), shown(days(today()))].contains(&period), "{word}: {period}");
    }
}

fn monday(day: NaiveDate) -> NaiveDate {
    day - Days::new(day.weekday().num_days_from_monday().into())
}

#[test]
fn the_hour_that_comes_twice_is_two_groups() {
    let app = TestApp::start();
    let call = |at: &str| {
        let at_ms = DateTime::parse_from_rfc3339(at).unwrap().timestamp_millis();
        Delivery { at_ms, body: hung_up(&at.replace(['+', 'T'], "-"), "missed", 0) }
    };
    let calls = ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T02:59:59+01:00"].map(call);
    app.database.import(&log(&calls), &[]);
    let groups = app.stats("start=2026-10-25&end=2026-10-25&group_by=hour").ok()["groups"].clone();
    let seen: Vec<_> = groups
        .as_array()
        .unwrap()
        .iter()
        .map(|group| (group["key"].as_str().unwrap(), group["calls"].as_i64().unwrap()))
        .collect();
    assert_eq!(seen.len(), 25);
    assert_eq!(
        seen[2..5],
        [("2026-10-25T02:00+02:00", 1), ("2026-10-25T02:00+01:00", 2), ("2026-10-25T03:00+01:00", 0)]
    );
    let weekday_hours = app.stats("start=2026-10-25&end=2026-10-25&group_by=weekday_hour").ok()["groups"].clone();
    let two = weekday_hours.as_array().unwrap().iter().find(|group| group["key"] == "7-02").unwrap().clone();
    assert_eq!(two["calls"], 3);
}
