//! Tests of `GET /api/v1/calls`, of one call, and of `GET /calls.csv`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::helpers::{Answers, TestApp, accepted, form, hung_up, incoming, log_line};

const SPAN: &str = "start=2026-11-01&end=2026-11-30";
const FIELDS: [&str; 15] = [
    "call_id",
    "direction",
    "from",
    "to",
    "number",
    "party",
    "peer",
    "state",
    "outcome",
    "started_at",
    "accepted_at",
    "ended_at",
    "wait_seconds",
    "talk_seconds",
    "event_count",
];

/// Six calls of one morning, from the contract's instant on.
fn morning() -> TestApp {
    let app = TestApp::start();
    let outgoing = form(&[
        ("call_id", "out"),
        ("direction", "out"),
        ("event", "OutgoingCall"),
        ("from", "022129191999"),
        ("peer", "7777bert@fpbx.de"),
        ("to", "01712345678"),
    ]);
    let strange = form(&[("call_id", "strange"), ("event", "CallParked"), ("from", "23"), ("to", "24")]);
    let log = [
        ("2026-11-22T08:05:00.000Z", incoming("talk", "03023125000", "022129191999")),
        ("2026-11-22T08:05:12.345Z", accepted("talk", "7777anna@fpbx.de")),
        ("2026-11-22T08:07:00.999Z", hung_up("talk", "accepted", 108)),
        ("2026-11-22T08:10:00.000Z", incoming("missed", "anonymous", "022129191999")),
        ("2026-11-22T08:10:44.999Z", hung_up("missed", "missed", 0)),
        ("2026-11-22T08:20:00.000Z", outgoing),
        ("2026-11-22T08:26:00.000Z", hung_up("out", "accepted", 0)),
        ("2026-11-22T08:30:00.000Z", hung_up("late", "accepted", 60)),
        ("2026-11-22T08:40:00.000Z", incoming("mailbox", "+41442681800", "23")),
        ("2026-11-22T08:40:30.000Z", hung_up("mailbox", "voicemail", 0)),
        ("2026-11-22T08:50:00.000Z", strange),
    ];
    let log: String = log.iter().map(|(at, body)| log_line(at, body)).collect();
    app.database.import(&log, &[]);
    app
}

fn ids(app: &TestApp, query: &str) -> Vec<String> {
    let list = app.calls(&format!("{SPAN}&{query}")).ok();
    list["items"].as_array().unwrap().iter().map(|call| call["call_id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_call_has_exactly_the_fields_of_the_contract() {
    let app = morning();
    let talk = json!({"call_id": "talk", "direction": "in", "from": "03023125000", "to": "022129191999",
        "number": "+4922129191999", "party": "+493023125000", "peer": "7777anna@fpbx.de", "state": "ended",
        "outcome": "accepted", "started_at": "2026-11-22T08:05:00.000Z", "accepted_at": "2026-11-22T08:05:12.345Z",
        "ended_at": "2026-11-22T08:07:00.999Z", "wait_seconds": 12, "talk_seconds": 108, "event_count": 3});
    let missed = json!({"call_id": "missed", "direction": "in", "from": "anonymous", "to": "022129191999",
        "number": "+4922129191999", "party": null, "peer": null, "state": "ended", "outcome": "missed",
        "started_at": "2026-11-22T08:10:00.000Z", "accepted_at": null, "ended_at": "2026-11-22T08:10:44.999Z",
        "wait_seconds": null, "talk_seconds": null, "event_count": 2});
    // Accepted without a talk time: for outgoing calls that is unknown, not zero.
    let out = json!({"call_id": "out", "direction": "out", "from": "022129191999", "to": "01712345678",
        "number": "+4922129191999", "party": "+491712345678", "peer": "7777bert@fpbx.de", "state": "ended",
        "outcome": "accepted", "started_at": "2026-11-22T08:20:00.000Z", "accepted_at": null,
        "ended_at": "2026-11-22T08:26:00.000Z", "wait_seconds": null, "talk_seconds": null, "event_count": 2});
    // A hangup alone: it began no later than its duration ago.
    let late = json!({"call_id": "late", "direction": null, "from": null, "to": null, "number": null, "party": null,
        "peer": null, "state": "ended", "outcome": "accepted", "started_at": "2026-11-22T08:29:00.000Z",
        "accepted_at": "2026-11-22T08:29:00.000Z", "ended_at": "2026-11-22T08:30:00.000Z", "wait_seconds": null,
        "talk_seconds": 60, "event_count": 1});
    let mailbox = json!({"call_id": "mailbox", "direction": "in", "from": "+41442681800", "to": "23", "number": "23",
        "party": "+41442681800", "peer": null, "state": "ended", "outcome": "voicemail",
        "started_at": "2026-11-22T08:40:00.000Z", "accepted_at": null, "ended_at": "2026-11-22T08:40:30.000Z",
        "wait_seconds": null, "talk_seconds": null, "event_count": 2});
    let list = app.calls(&format!("{SPAN}&outcome=accepted,missed,voicemail")).ok();
    assert_eq!(list, json!({"items": [mailbox, late, out, missed, talk], "next_cursor": null}));
    let names: Vec<_> = list["items"][0].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(names.into_iter().collect::<BTreeSet<_>>(), FIELDS.into_iter().collect());
}

#[test]
fn a_single_call_tells_its_events_and_its_decision() {
    let app = morning();
    let call = app.call("out").ok();
    assert_eq!(call["decision"], Value::Null);
    assert_eq!(
        call["events"],
        json!([
            {"event": "OutgoingCall", "received_at": "2026-11-22T08:20:00.000Z", "deliveries": 1, "fields": {
                "call_id": "out", "direction": "out", "event": "OutgoingCall", "from": "022129191999",
                "peer": "7777bert@fpbx.de", "to": "01712345678"}},
            {"event": "HungUp", "received_at": "2026-11-22T08:26:00.000Z", "deliveries": 1, "fields": {
                "call_id": "out", "duration": "0", "event": "HungUp", "type": "accepted"}},
        ])
    );
    let listed = app.calls(&format!("{SPAN}&direction=out")).ok()["items"][0].clone();
    let shown: BTreeSet<_> = call.as_object().unwrap().keys().cloned().collect();
    let expected: BTreeSet<_> = FIELDS.into_iter().chain(["events", "decision"]).map(str::to_owned).collect();
    assert_eq!(shown, expected);
    assert!(FIELDS.iter().all(|field| listed[field] == call[field]));
}

#[test]
fn a_decision_is_told_with_the_route_and_the_words() {
    let app = TestApp::start();
    let id = app.create_route(&json!({"name": "Out of office", "reply": {"action": "hangup"}})).json()["id"].clone();
    let answered = app.post_event(incoming("a", "03023125000", "022129191999"));
    let call = app.call("a").ok();
    let decision = call["decision"].as_object().unwrap();
    assert_eq!(
        decision.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        ["decided_at", "revision", "route_id", "route_name", "took_us", "xml"].into()
    );
    assert_eq!((&decision["route_id"], &decision["route_name"]), (&id, &json!("Out of office")));
    assert_eq!(decision["xml"], answered.text());
    assert_eq!(decision["decided_at"], call["started_at"]);
}

#[test]
fn an_unknown_call_is_404() {
    let app = morning();
    for id in ["nobody", "TALK", "talk%00", "a%20b", &"x".repeat(129), "%F0%9F%93%9E"] {
        app.call(id).problem(404);
    }
}

#[test]
fn every_filter_narrows_alone() {
    let app = morning();
    for (query, expected) in [
        ("", &["strange", "mailbox", "late", "out", "missed", "talk"][..]),
        ("direction=in", &["mailbox", "missed", "talk"]),
        ("direction=out", &["out"]),
        ("number=%2B49+221+29191999", &["out", "missed", "talk"]),
        ("number=23", &["mailbox"]),
        ("peer=7777bert@fpbx.de", &["out"]),
        ("peer=bert", &[]),
        ("outcome=voicemail", &["mailbox"]),
        ("outcome=missed,voicemail", &["mailbox", "missed"]),
        ("outcome=unknown", &["strange"]),
        ("outcome=open", &[]),
        ("party=0041+44+268+18+00", &["mailbox"]),
        ("party=%2B493023125000", &["talk"]),
        ("q=bert", &["out"]),
        ("q=0171", &["out"]),
        ("q=ANON", &["missed"]),
        ("hours=open", &["strange", "mailbox", "late", "out", "missed", "talk"]),
        ("hours=closed", &[]),
        ("direction=in&outcome=missed&number=022129191999", &["missed"]),
        ("direction=&outcome=&q=&number=&unknown=x", &["strange", "mailbox", "late", "out", "missed", "talk"]),
    ] {
        assert_eq!(ids(&app, query), expected, "{query}");
    }
    let of_day =
        |start: &str, end: &str| app.calls(&format!("start={start}&end={end}")).ok()["items"].as_array().unwrap().len();
    assert_eq!((of_day("2026-11-22", "2026-11-22"), of_day("2026-11-21", "2026-11-21")), (6, 0));
}

#[test]
fn text_is_found_as_text_and_not_as_a_pattern() {
    let app = TestApp::start();
    for (id, peer) in [("a", "Jörg_M%ller"), ("b", "JÖRG"), ("c", "joerg\\x"), ("d", "50!")] {
        app.post_event(accepted(id, peer)).xml();
    }
    let found = |text: &str| {
        let query = form(&[("q", text)]);
        let list = app.calls(&query).ok();
        let ids: BTreeSet<_> =
            list["items"].as_array().unwrap().iter().map(|call| call["call_id"].as_str().unwrap().to_owned()).collect();
        ids.into_iter().collect::<String>()
    };
    for (text, expected) in
        [("_", "a"), ("%", "a"), ("\\", "c"), ("!", "d"), ("Jörg", "a"), ("JÖRG", "b"), ("oerg", "c"), ("g_m%L", "a")]
    {
        let found = found(text);
        assert!(expected.chars().all(|id| found.contains(id)), "{text}: {found}");
        // Whether Ö is ö is the database's business.
        assert!(text.contains(['ö', 'Ö']) || found == expected, "{text}: {found}");
    }
}

#[test]
fn pages_give_every_call_once_newest_first() {
    let app = TestApp::start();
    // Many begin in the same millisecond.
    let lines: String = (0..230)
        .map(|number| {
            log_line(
                &format!("2026-11-22T08:05:{:02}.000Z", number / 50),
                &hung_up(&format!("call-{number}"), "missed", 0),
            )
        })
        .collect();
    app.database.import(&lines, &[]);
    for limit in [1, 7, 50, 229, 230, 231, 500] {
        let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = app.calls(&format!("{SPAN}&limit={limit}{cursor}")).ok();
            let items = page["items"].as_array().unwrap();
            assert!(!items.is_empty() && items.len() <= limit);
            seen.extend(
                items.iter().map(|call| (call["started_at"].as_str().unwrap().to_owned(), call["call_id"].to_string())),
            );
            pages += 1;
            assert!(pages <= 230, "the cursor leads on");
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!((seen.len(), pages), (230, 230_usize.div_ceil(limit)));
        assert!(seen.iter().rev().map(|(at, _)| at).is_sorted(), "newest first");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 230);
    }
    assert_eq!(app.calls(SPAN).ok()["items"].as_array().unwrap().len(), 50);
}

#[test]
fn a_page_stays_where_it_was_when_new_calls_come() {
    let app = morning();
    let first = app.calls(&format!("{SPAN}&limit=2")).ok();
    app.database.import(&log_line("2026-11-23T08:00:00.000Z", &hung_up("newer", "missed", 0)), &[]);
    let cursor = first["next_cursor"].as_str().unwrap();
    assert_eq!(ids(&app, &format!("cursor={cursor}")), ["late", "out", "missed", "talk"]);
    assert_eq!(ids(&app, &format!("cursor={cursor}&direction=in")), ["missed", "talk"]);
}

#[test]
fn an_unusable_parameter_is_named() {
    let app = TestApp::start();
    let long = format!("q={}", "x".repeat(201));
    for (query, field) in [
        ("start=2026-11-01", "end"),
        ("end=2026-11-01", "start"),
        ("start=2026-11-02&end=2026-11-01", "end"),
        ("start=2026-02-30&end=2026-03-01", "start"),
        ("start=2026-11-01&end=tomorrow", "end"),
        ("start=22.11.2026&end=2026-11-23", "start"),
        ("period=fortnight", "period"),
        ("direction=up", "direction"),
        ("direction=IN", "direction"),
        ("outcome=accepted,lost", "outcome"),
        ("hours=maybe", "hours"),
        ("number=1%002", "number"),
        ("party=%0A", "party"),
        ("peer=%00", "peer"),
        ("q=%00", "q"),
        (long.as_str(), "q"),
    ] {
        assert_eq!(app.calls(query).wrong_fields(), [field], "{query}");
        assert_eq!(app.stats(query).wrong_fields(), [field], "{query}");
        assert_eq!(app.csv(query).wrong_fields(), [field], "{query}");
    }
    for limit in ["0", "501", "-1", "x", "1e2", "99999999999999999999"] {
        assert_eq!(app.calls(&format!("limit={limit}")).wrong_fields(), ["limit"], "{limit}");
    }
    for cursor in ["x", "1", "1-1-1", "%00", "-", "zz-1"] {
        assert_eq!(app.calls(&format!("cursor={cursor}")).wrong_fields(), ["cursor"], "{cursor}");
    }
    assert_eq!(app.csv("dialect=excel").wrong_fields(), ["dialect"]);
}

fn records(text: &str, delimiter: u8) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).has_headers(false).from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

#[test]
fn the_file_has_all_calls_with_the_names_and_values_of_the_api() {
    let app = morning();
    let answer = app.csv(SPAN);
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("text/csv"));
    let lines: Vec<_> = answer.text().split("\r\n").collect();
    assert_eq!((lines[0], lines.len(), lines[7]), (FIELDS.join(",").as_str(), 8, ""));
    assert!(!answer.text().replace("\r\n", "").contains(['\r', '\n']));
    let records = records(answer.text(), b',');
    for (record, call) in records[1..].iter().zip(app.calls(SPAN).ok()["items"].as_array().unwrap()) {
        for (value, field) in record.iter().zip(FIELDS) {
            let expected = match &call[field] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            assert_eq!(*value, expected, "{field}");
        }
    }
    assert_eq!(app.csv(&format!("{SPAN}&direction=out")).text().lines().count(), 2);
    assert_eq!(app.csv("start=2026-01-01&end=2026-01-01").text(), format!("{}\r\n", FIELDS.join(",")));
}

#[test]
fn the_file_for_excel_has_a_mark_semicolons_german_headers_and_no_formulas() {
    let app = TestApp::start();
    let formulas = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\"quoted\";x", "+4922129191999", "harmless"];
    for (number, peer) in formulas.into_iter().enumerate() {
        app.post_event(accepted(&format!("call-{number}"), peer)).xml();
    }
    app.post_event(incoming("call-0", "+4930=x", "=B2")).xml();
    let answer = app.csv("dialect=excel-de");
    let text = answer.text().strip_prefix('\u{feff}').expect("a mark");
    let records = records(text, b';');
    assert_eq!(records[0].len(), FIELDS.len() + 3, "names follow");
    assert!(!records[0].iter().any(|name| FIELDS.contains(&name.as_str())), "{:?}", records[0]);
    assert!(records[0].contains(&"Ergebnis".to_owned()) && text.starts_with("Anruf-ID;Richtung;"), "{:?}", records[0]);
    assert_eq!(records.len(), 1 + formulas.len());
    let of = |id: &str| records.iter().find(|record| record[0] == id).unwrap();
    let peers: Vec<_> = (0..formulas.len()).map(|number| of(&format!("call-{number}"))[6].as_str()).collect();
    assert_eq!(
        peers,
        ["'=1+1", "'+cmd|' /C calc'!A0", "'-2+3", "'@SUM(A1)", "\"quoted\";x", "+4922129191999", "harmless"]
    );
    assert_eq!((of("call-0")[2].as_str(), of("call-0")[3].as_str()), ("'+4930=x", "'=B2"));
    // Scripts get what was sent.
    let plain = app.csv("");
    assert!(plain.text().starts_with("call_id,") && plain.text().contains(",=1+1,"), "{plain}");
}
