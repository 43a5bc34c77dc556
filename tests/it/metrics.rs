//! Tests of the Prometheus metrics.

use std::collections::BTreeMap;

use serde_json::json;

use crate::helpers::{Answers, CALLER, LINE, TestApp, accepted, hung_up, incoming};
use crate::spool::until;

const OTHER_CALLER: &str = "01712345678";

/// Every sample by its name with labels.
fn samples(app: &TestApp) -> BTreeMap<String, f64> {
    let answer = app.get("/metrics");
    assert_eq!(answer.status, 200);
    let media = answer.header("content-type").unwrap();
    assert_eq!(media, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(answer.text().ends_with("# EOF\n"));
    let lines = answer.text().lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.rsplit_once(' ').unwrap())
        .map(|(name, value)| (name.to_owned(), value.parse().unwrap()))
        .collect()
}

/// A handful of calls of every kind, one delivery doubled.
fn play(app: &TestApp) {
    for body in [
        incoming("c1", CALLER, LINE),
        accepted("c1", "7777anna@fpbx.de"),
        hung_up("c1", "accepted", 0),
        incoming("c2", CALLER, LINE),
        hung_up("c2", "missed", 0),
        hung_up("c2", "missed", 0),
        incoming("c3", OTHER_CALLER, LINE),
        incoming("c4", OTHER_CALLER, LINE),
        accepted("c4", "7777anna@fpbx.de"),
        format!("event=OutgoingCall&call_id=c5&direction=out&from={LINE}&to={OTHER_CALLER}&peer=7777anna%40fpbx.de"),
        format!("event=HungUp&call_id=c5&direction=out&from={LINE}&to={OTHER_CALLER}&type=busy"),
        "event=Sneezed&call_id=c6".to_owned(),
    ] {
        assert_eq!(app.post_event(body).status, 200);
    }
}

#[test]
fn what_is_counted_equals_what_was_sent() {
    let app = TestApp::start();
    play(&app);
    app.post_event("event=HungUp").problem(400);
    app.request("POST", "/placetel").body("x").send().problem(415);
    let found = samples(&app);
    for (name, expected) in [
        (r#"fernamt_calls_total{direction="in",outcome="accepted"}"#, 1.0),
        (r#"fernamt_calls_total{direction="in",outcome="missed"}"#, 1.0),
        (r#"fernamt_calls_total{direction="out",outcome="busy"}"#, 1.0),
        (r#"fernamt_calls_total{direction="in",outcome="voicemail"}"#, 0.0),
        (r#"fernamt_calls_active{state="ringing"}"#, 2.0),
        (r#"fernamt_calls_active{state="talking"}"#, 1.0),
        (r#"fernamt_deliveries_total{event="incoming_call",result="stored"}"#, 4.0),
        (r#"fernamt_deliveries_total{event="call_accepted",result="stored"}"#, 2.0),
        (r#"fernamt_deliveries_total{event="hung_up",result="stored"}"#, 3.0),
        (r#"fernamt_deliveries_total{event="hung_up",result="doubled"}"#, 1.0),
        (r#"fernamt_deliveries_total{event="outgoing_call",result="stored"}"#, 1.0),
        (r#"fernamt_deliveries_total{event="other",result="stored"}"#, 1.0),
        (r#"fernamt_deliveries_total{event="none",result="no_event"}"#, 1.0),
        (r#"fernamt_deliveries_total{event="none",result="content_type"}"#, 1.0),
        ("fernamt_call_talk_seconds_count", 1.0),
        ("fernamt_call_wait_seconds_count", 1.0),
        ("fernamt_call_abandoned_wait_seconds_count", 1.0),
        ("fernamt_commit_events_sum", 12.0),
        ("fernamt_route_decision_seconds_count", 4.0),
        (r#"fernamt_http_request_duration_seconds_count{route="/placetel",status="2xx"}"#, 12.0),
        (r#"fernamt_http_request_duration_seconds_count{route="/placetel",status="4xx"}"#, 2.0),
        ("fernamt_write_queue_events", 0.0),
        ("fernamt_database_up", 1.0),
        ("fernamt_live_clients", 0.0),
        (r#"fernamt_routes{state="usable"}"#, 0.0),
    ] {
        assert_eq!(found.get(name), Some(&expected), "{name}");
    }
    assert_eq!(found["fernamt_commit_seconds_count"], found["fernamt_commit_events_count"]);
    let started = found["process_start_time_seconds"];
    assert!((0.0..3600.0).contains(&(chrono::Utc::now().timestamp() as f64 - started)), "{started}");
}

#[test]
fn a_call_counts_once_however_often_its_end_is_told() {
    let app = TestApp::start();
    app.post_event(hung_up("c1", "missed", 0)).xml();
    app.post_event("event=HungUp&call_id=c1&direction=in&type=accepted&duration=3").xml();
    let found = samples(&app);
    let calls: f64 = found.iter().filter(|(name, _)| name.starts_with("fernamt_calls_total")).map(|(_, n)| n).sum();
    assert_eq!(calls, 1.0);
}

#[test]
fn no_number_and_no_name_shows_and_no_path_of_anybody() {
    let app = TestApp::start();
    app.create_route(&json!({"name": "Geheim", "to": [LINE], "reply": {"action": "hangup"}}));
    play(&app);
    app.call("c1").ok();
    app.get(&format!("/calls?party={CALLER}"));
    app.get(&format!("/calls/{CALLER}"));
    app.get(&format!("/{CALLER}"));
    app.get(&format!("/api/v1/{CALLER}"));
    app.request("POST", &format!("/api/v1/callbacks/{CALLER}/done")).send();
    let told = app.get("/metrics");
    for secret in [LINE, CALLER, OTHER_CALLER, "3023125000", "22129191999", "1712345678", "anna", "Geheim", "c1"] {
        assert!(!told.text().contains(secret), "{secret}: {told}");
    }
    let found = samples(&app);
    for route in ["/api/v1/calls/{call_id}", "/calls/{call_id}", "/calls", "none", "/api/v1/callbacks/{party}/done"] {
        let name =
            |class| format!("fernamt_http_request_duration_seconds_count{{route=\"{route}\",status=\"{class}\"}}");
        assert!(
            ["2xx", "4xx"].iter().any(|class| found.get(&name(class)).is_some_and(|n| *n > 0.0)),
            "{route}: {told}"
        );
    }
    assert_eq!(found[r#"fernamt_routes{state="usable"}"#], 1.0);
}

#[test]
fn every_metric_is_explained_and_named_by_the_rules() {
    let app = TestApp::start();
    play(&app);
    let told = app.get("/metrics");
    let mut kinds = BTreeMap::new();
    for line in told.text().lines() {
        let mut words = line.split(' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(name), Some(_)) => drop(kinds.insert(name.to_owned(), String::new())),
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                *kinds.get_mut(name).unwrap_or_else(|| panic!("no help for {name}")) = kind.to_owned();
            }
            _ => {}
        }
    }
    assert!(kinds.len() >= 15, "{kinds:?}");
    for name in samples(&app).keys() {
        let name = name.split('{').next().unwrap();
        let family = |suffix: &str| name.strip_suffix(suffix).and_then(|family| kinds.get(family)).map(String::as_str);
        let known = kinds.get(name).is_some_and(|kind| kind == "gauge")
            || family("_total") == Some("counter")
            || family("_info") == Some("info")
            || ["_sum", "_count", "_bucket"].iter().any(|suffix| family(suffix) == Some("histogram"));
        assert!(known, "{name}");
        assert!(name.starts_with("fernamt_") || name == "process_start_time_seconds", "{name}");
    }
}

#[test]
fn while_the_database_takes_nothing_that_is_told() {
    let app = TestApp::with(&["--spool", "/dev/full"]);
    app.post_event(hung_up("before", "missed", 0)).xml();
    let lock = app.database.lock_writes();
    app.post_event(hung_up("late", "missed", 0)).problem(503);
    let refused = samples(&app);
    assert_eq!(refused[r#"fernamt_deliveries_total{event="hung_up",result="not_stored"}"#], 1.0);
    drop(lock);
    until("it takes events again", || app.post_event(hung_up("after", "missed", 0)).status == 200);
    assert_eq!(samples(&app)["fernamt_database_up"], 1.0);
}
