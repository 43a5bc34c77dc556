//! Tests of the commands `import`, `export`, `rebuild` and `simulate`, run as the program.

use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::helpers::{
    Answers, CALLER, Database, Done, LINE, Server, TestApp, end_of, hung_up, incoming, log_line, run, signal, times,
};
use crate::histories::{Delivery, SPANS, history, log, read_log};

#[track_caller]
fn assert_fine(done: &Done) {
    assert_eq!((done.status, done.stderr.as_str()), (0, ""), "{}", done.stdout);
}

fn line(second: u32, body: &str) -> String {
    log_line(&format!("2026-11-22T08:05:{second:02}.000Z"), body)
}

#[test]
fn bad_lines_are_named_with_their_reasons_and_the_rest_is_imported() {
    let database = Database::create();
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut log = line(1, &hung_up("a", "missed", 0)).into_bytes();
    for bad in [
        "nonsense\n".to_owned(),
        "{\"received_at\":\"yesterday\",\"body\":\"call_id=b&event=HungUp\"}\n".into(),
        "{\"received_at\":\"2026-11-22T08:05:00.000Z\"}\n".into(),
        "[]\n".into(),
        line(2, "call_id=b"),
        line(3, "event=HungUp&call_id=b/c"),
        line(4, &format!("event=HungUp&call_id=b&x={}", "x".repeat(65_536))),
        line(5, &format!("event=HungUp&call_id=b&x={}", "x".repeat(2_000_000))),
    ] {
        log.extend(bad.into_bytes());
    }
    log.extend(b"\xff\xfe\n");
    log.extend(line(6, &hung_up("c", "missed", 0)).trim_end().as_bytes());
    std::fs::write(file.path(), log).unwrap();
    let done = database.run(&["import", file.path().to_str().unwrap()], b"");
    assert_eq!(done.status, 1, "{}", done.stderr);
    let lines: Vec<_> = done.stderr.lines().collect();
    assert_eq!(lines.len(), 9, "{}", done.stderr);
    for (number, told) in (2..).zip(lines) {
        let reason = told.strip_prefix(&format!("line {number}: ")).unwrap_or_else(|| panic!("line {number}: {told}"));
        assert!(!reason.is_empty() && told.len() < 300, "{told}");
    }
    let calls: Vec<_> = read_log(&database.export(&[])).into_iter().map(|delivery| delivery.body).collect();
    assert_eq!(calls, [hung_up("a", "missed", 0), hung_up("c", "missed", 0)]);
}

#[test]
fn an_event_already_there_is_not_counted_again_and_the_earliest_time_stays() {
    let app = TestApp::start();
    let body = hung_up("a", "missed", 0);
    app.database.import(&line(10, &body), &[]);
    app.database.import(&line(20, &body), &[]);
    let told = |app: &TestApp| {
        let event = app.call("a").ok()["events"][0].clone();
        (event["received_at"].as_str().unwrap().to_owned(), event["deliveries"].clone())
    };
    assert_eq!(told(&app), ("2026-11-22T08:05:10.000Z".into(), json!(1)));
    app.database.import(&(line(5, &body) + &line(7, &body)), &[]);
    assert_eq!(told(&app), ("2026-11-22T08:05:05.000Z".into(), json!(1)));
    assert_eq!(app.stats("start=2026-11-22&end=2026-11-22").ok()["totals"]["calls"], 1);
}

#[test]
fn times_of_other_zones_and_any_precision_are_instants() {
    let database = Database::create();
    let times = [
        ("2026-11-22T09:05:00.000+01:00", "2026-11-22T08:05:00.000Z"),
        ("2026-11-22T08:05:00Z", "2026-11-22T08:05:00.000Z"),
        ("2026-11-22T08:05:00.123999Z", "2026-11-22T08:05:00.123Z"),
    ];
    for (number, (given, _)) in times.iter().enumerate() {
        database.import(&log_line(given, &hung_up(&format!("call-{number}"), "missed", 0)), &[]);
    }
    for line in database.export(&[]).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
        let number = times
            .iter()
            .enumerate()
            .position(|(number, _)| line["body"] == hung_up(&format!("call-{number}"), "missed", 0));
        assert_eq!(line["received_at"], times[number.unwrap()].1);
    }
}

#[test]
fn times_at_the_ends_of_what_can_be_written_do_no_harm() {
    let database = Database::create();
    let log = log_line("1970-01-01T00:00:01.000Z", &hung_up("first", "accepted", 86_400))
        + &log_line("9999-12-31T22:59:59.999Z", &incoming("last", CALLER, LINE));
    database.import(&log, &[]);
    let before = database.contents(true);
    assert_fine(&database.run(&["rebuild"], b""));
    assert_eq!((database.contents(true), database.export(&[]).lines().count()), (before, 2));
    let server = Server::start(&database, &[]);
    assert_eq!(server.call("first").ok()["started_at"], "1969-12-31T00:00:01.000Z");
    assert_eq!(server.call("last").ok()["started_at"], "9999-12-31T22:59:59.999Z");
    assert_eq!(server.calls("start=9980-01-01&end=9999-12-31").ok()["items"].as_array().unwrap().len(), 1);
    let too_early =
        database.run(&["import", "-"], log_line("1969-12-31T23:59:59.999Z", &hung_up("b", "missed", 0)).as_bytes());
    assert_eq!(too_early.status, 1);
}

#[test]
fn nothing_at_all_is_imported_without_complaint_and_a_missing_file_is_not() {
    let database = Database::create();
    assert_fine(&database.run(&["import", "-"], b""));
    assert_eq!(database.export(&[]), "");
    let done = database.run(&["import", "/does/not/exist.jsonl"], b"");
    assert_ne!(done.status, 0);
    assert!(done.stderr.contains("/does/not/exist.jsonl"), "{}", done.stderr);
}

#[test]
fn an_export_is_in_order_of_receipt_and_imported_elsewhere_gives_the_same() {
    let here = Database::create();
    here.import(&log(&history(60, times(150).min(300))), &[]);
    let exported = here.export(&[]);
    let received: Vec<_> = read_log(&exported).iter().map(|delivery| delivery.at_ms).collect();
    assert!(received.is_sorted() && received.len() > 250);
    let there = Database::create();
    there.import(&exported, &[]);
    // Again, and into itself.
    there.import(&exported, &[]);
    here.import(&exported, &[]);
    assert_eq!(there.contents(true), here.contents(true));
    assert_eq!(sorted(&there.export(&[])), sorted(&exported));
    let (here, there) = (Server::start(&here, &[]), Server::start(&there, &[]));
    for group_by in ["day", "hour", "party", "peer", "number"] {
        // The hours of all months would be very many.
        let span = if group_by == "hour" && times(1) == 1 { SPANS[2] } else { SPANS[0] };
        let query = format!("start={}&end={}&group_by={group_by}", span.0, span.1);
        assert_eq!(here.stats(&query).ok(), there.stats(&query).ok());
    }
}

fn sorted(log: &str) -> Vec<&str> {
    let mut lines: Vec<_> = log.lines().collect();
    lines.sort_unstable();
    lines
}

#[test]
fn bodies_come_through_export_and_import_byte_for_byte() {
    let app = TestApp::start();
    for body in [
        b"event=HungUp&call_id=a&x=%00%ff&y=\"\\\t'".to_vec(),
        "event=HungUp&call_id=a&x=Jörg 📞\u{2028}".into(),
        b"event=HungUp&call_id=a&x=\xfc\xff".to_vec(),
        b"event=HungUp&call_id=a&x=\xfd\xff".to_vec(),
        b"&&event=HungUp&call_id=a&&".to_vec(),
    ] {
        app.post_event(body).xml();
    }
    let exported = app.database.export(&[]);
    assert_eq!(exported.lines().count(), 5);
    let before = app.database.contents(true);
    app.database.import(&exported, &[]);
    assert_eq!(app.database.contents(true), before);
    let there = Database::create();
    there.import(&exported, &[]);
    assert_eq!(there.contents(true), before);
}

#[test]
fn how_often_an_event_came_is_exported_too() {
    let app = TestApp::start();
    for _ in 0..3 {
        app.post_event(hung_up("a", "missed", 0)).xml();
    }
    let there = Database::create();
    there.import(&app.database.export(&[]), &[]);
    assert_eq!(there.contents(true), app.database.contents(true));
}

#[test]
fn commands_work_beside_a_running_server() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    let log = log(&history(61, 200));
    let post = |number: u32| assert_eq!(server.post_event(hung_up(&format!("live-{number}"), "missed", 0)).status, 200);
    std::thread::scope(|scope| {
        let importing = scope.spawn(|| database.import(&log, &[]));
        let posting = scope.spawn(|| (0..100).for_each(post));
        importing.join().unwrap();
        posting.join().unwrap();
        scope.spawn(|| assert_fine(&database.run(&["rebuild"], b"")));
        (100..150).for_each(post);
    });
    let before = database.contents(true);
    let live = read_log(&database.export(&[])).into_iter().filter(|Delivery { body, .. }| body.contains("live-"));
    assert_eq!(live.count(), 150);
    assert_fine(&database.run(&["rebuild"], b""));
    assert_eq!(database.contents(true), before);
    server.stats("").ok();
}

#[test]
fn decisions_stay_with_rebuild_and_are_left_out_of_exports() {
    let app = TestApp::start();
    app.create_route(&json!({"name": "All", "reply": {"action": "hangup"}}));
    app.post_event(incoming("a", CALLER, LINE)).xml();
    let decision = app.call("a").ok()["decision"].clone();
    assert_fine(&app.database.run(&["rebuild"], b""));
    assert_eq!(app.call("a").ok()["decision"], decision);
    let there = TestApp::start();
    there.database.import(&app.database.export(&[]), &[]);
    assert_eq!(there.call("a").ok()["decision"], Value::Null);
}

/// Whether the figures that the simulator kept are those of the server.
fn assert_tally(server: &impl Answers, tally: &Value) {
    let totals = server.stats("").ok()["totals"].clone();
    let expected = &tally["totals"];
    for field in ["calls", "in", "out", "outcomes", "accepted_rate", "talk_seconds"] {
        assert_eq!(totals[field], expected[field], "{field}");
    }
}

fn simulate(server: &impl Answers, flags: &[&str]) -> Value {
    let url = format!("http://{}", server.address());
    let done = run(&[&["simulate", &url, "--json"], flags].concat(), b"");
    assert_fine(&done);
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn a_flood_of_simulated_calls_is_counted_as_the_simulator_counts() {
    let database = Database::create();
    let flags = ["--placetel-secret", "s", "--placetel-basic", "u:p:q"];
    let server = Server::start(&database, &flags);
    let calls = times(150).min(400).to_string();
    let flood =
        ["--flood", "--connections", "16", "--calls", &calls, "--doubled", "0.3", "--late", "0.3", "--seed", "5"];
    let tally = simulate(&server, &[&flood[..], &["--secret", "s,other", "--basic", "u:p:q"]].concat());
    assert_eq!((tally["totals"]["calls"].to_string(), &tally["deliveries"]["refused"]), (calls.clone(), &json!({})));
    assert!(tally["deliveries"]["doubled"].as_u64() > Some(40), "{tally}");
    assert_eq!(tally["deliveries"]["acknowledged"], tally["deliveries"]["events"]);
    drop(server);
    let app = Server::start(&database, &[]);
    assert_tally(&app, &tally);
    // The same seed is the same calls.
    simulate(&app, &flood);
    assert_tally(&app, &tally);
}

/// Simulated calls in their own time, cut short: what is running stays open.
fn simulate_briefly(server: &impl Answers) -> Value {
    let mut simulating = crate::helpers::fernamt()
        .args(["simulate", &format!("http://{}", server.address()), "--json", "--rate", "20"])
        .args(["--doubled", "0.5", "--late", "0.2"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while server.stats("").ok()["totals"]["outcomes"]["missed"].as_u64() < Some(3) {
        std::thread::sleep(Duration::from_millis(50));
    }
    // Once: no new calls. Twice: at once.
    for _ in 0..2 {
        signal("-TERM", simulating.id());
        std::thread::sleep(Duration::from_millis(300));
    }
    let mut text = String::new();
    simulating.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(end_of(&mut simulating).success());
    serde_json::from_str(&text).unwrap()
}

#[test]
fn simulated_calls_in_their_own_time_are_counted_as_the_simulator_counts() {
    loop {
        let app = TestApp::start();
        let tally = simulate_briefly(&app);
        // Of a request that was cut off nobody knows whether it was taken.
        if tally["deliveries"]["unanswered"] == 0 {
            return assert_tally(&app, &tally);
        }
    }
}
