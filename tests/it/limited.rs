//! Tests of viewers limited to some lines: they get what somebody would get who has only these lines' calls.

use std::sync::Arc;

use chrono::{Duration, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::helpers::{Database, TestApp, accepted, form, hung_up, incoming, log_line};
use crate::signed_in::{GUARDED, PASSWORD, by, log_in};

const OWN: &str = "022129191999";
const ALSO_OWN: &str = "022129191900";
const OTHER: &str = "03044444444";
/// Whatever only the other line's calls hold.
const SECRETS: [&str; 7] =
    ["44444444", "17655555555", "17666666666", "other-agent", "secret-call", "Verschlossen", "Geheime Leitung"];

fn outgoing(id: &str, from: &str, to: &str, peer: &str) -> String {
    let pairs = [("call_id", id), ("direction", "out"), ("event", "OutgoingCall"), ("from", from), ("to", to)];
    form(&[&pairs[..], &[("peer", peer)]].concat())
}

/// A log of the last days: the lines' own calls, and those of the other line.
fn logs() -> (String, String) {
    let at = |hours: i64| (Utc::now() - Duration::hours(hours)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let (mut own, mut other) = (String::new(), String::new());
    let add = |log: &mut String, hours: i64, bodies: &[String]| {
        for body in bodies {
            *log += &log_line(&at(hours), body);
        }
    };
    for day in 0..5 {
        let (hours, id) = (day * 24 + 2, format!("own-{day}"));
        let talk = [incoming(&id, "01711111111", OWN), accepted(&id, "anna@fpbx.de"), hung_up(&id, "accepted", 60)];
        add(&mut own, hours, &talk);
        let id = format!("own-missed-{day}");
        add(&mut own, hours, &[incoming(&id, "01722222222", ALSO_OWN), hung_up(&id, "missed", 0)]);
        let id = format!("secret-call-{day}");
        let talk = [incoming(&id, "017655555555", OTHER), accepted(&id, "other-agent@fpbx.de")];
        add(&mut other, hours, &talk);
        add(&mut other, hours, &[hung_up(&id, "accepted", 600)]);
        let id = format!("secret-call-missed-{day}");
        add(&mut other, hours, &[incoming(&id, "017666666666", OTHER), hung_up(&id, "missed", 0)]);
        // Whoever was missed on an own line was missed on the other one, too, before and after.
        let id = format!("secret-call-both-{day}");
        add(&mut other, hours + 1, &[incoming(&id, "01722222222", OTHER), hung_up(&id, "missed", 0)]);
    }
    add(&mut own, 3, &[outgoing("own-out", OWN, "01733333333", "anna@fpbx.de"), hung_up("own-out", "accepted", 30)]);
    add(&mut own, 1, &[incoming("own-running", "01711111111", OWN)]);
    add(&mut other, 1, &[incoming("secret-call-running", "017666666666", OTHER)]);
    add(&mut own, 2, &[incoming("own-anonymous", "anonymous", OWN), hung_up("own-anonymous", "voicemail", 0)]);
    (own, other)
}

/// With both logs and the viewer ben, who sees the own lines; and with the own log alone.
fn both() -> (TestApp, TestApp) {
    let (own, other) = logs();
    let [all, alone] = [own.clone() + &other, own].map(|log| {
        let database = Database::create();
        database.import(&log, &[]);
        database.add_user("anna", "admin");
        database.add_user_with("ben", "viewer", &["--line", OWN, "--line", "+49 221 29191900"]);
        TestApp::on(Arc::new(database), &GUARDED)
    });
    let anna = log_in(&all, "anna");
    let put = |path: &str, body: Value| by(&all, &anna, "PUT", path).json(&body).send().status;
    assert_eq!(
        put("/api/v1/names", json!({"lines": [{"number": OTHER, "name": "Geheime Leitung"}], "agents": []})),
        200
    );
    assert_eq!(put("/api/v1/contacts/+4917666666666", json!({"name": "Verschlossen"})), 200);
    (all, alone)
}

#[test]
fn every_figure_list_and_file_is_that_of_their_lines_alone() {
    let (all, alone) = both();
    let (ben, anna) = (log_in(&all, "ben"), log_in(&alone, "anna"));
    let mut paths: Vec<String> = ["hour", "day", "week", "month", "weekday_hour", "number", "peer", "party", "route"]
        .map(|group| format!("/api/v1/stats?period=7d&group_by={group}"))
        .into();
    for filter in [
        "",
        "period=today",
        "period=year",
        "direction=in",
        "outcome=missed,voicemail",
        "number=022129191999",
        "number=%2B493044444444",
        "peer=anna@fpbx.de",
        "peer=other-agent@fpbx.de",
        "party=01722222222",
        "party=017666666666",
        "q=017",
        "q=Verschlossen",
        "q=other",
        "hours=open",
    ] {
        for path in ["/api/v1/stats", "/api/v1/calls", "/calls.csv", "/api/v1/callbacks/report"] {
            paths.push(format!("{path}?{filter}"));
        }
    }
    paths.extend(["/api/v1/callbacks".into(), "/api/v1/callbacks?within_days=1".into()]);
    paths.extend(["own-0", "own-running", "own-out"].map(|id| format!("/api/v1/calls/{id}")));
    for path in paths {
        let [limited, expected] = [(&all, &ben), (&alone, &anna)].map(|(app, who)| by(app, who, "GET", &path).send());
        assert_eq!((limited.status, expected.status), (200, 200), "{path}: {limited}");
        assert_eq!(limited.text(), expected.text(), "{path}");
    }
    let everything = by(&all, &log_in(&all, "anna"), "GET", "/calls.csv").send();
    assert!(everything.text().contains("secret-call-running"), "the other line's calls are there: {everything}");
}

#[test]
fn callbacks_page_through_as_of_their_lines_alone() {
    let (all, alone) = both();
    let (ben, anna) = (log_in(&all, "ben"), log_in(&alone, "anna"));
    let mut cursor = String::new();
    for page in 0..2 {
        let path = format!("/api/v1/callbacks?limit=1{cursor}");
        let limited = by(&all, &ben, "GET", &path).send().ok();
        assert_eq!(limited, by(&alone, &anna, "GET", &path).send().ok(), "page {page}");
        let Some(next) = limited["next_cursor"].as_str() else { return };
        cursor = format!("&cursor={}", next.replace('+', "%2B"));
    }
}

#[test]
fn no_page_tells_of_another_line() {
    let (all, _) = both();
    let ben = log_in(&all, "ben");
    for path in [
        "/",
        "/?period=today",
        "/?period=year&compare=1&all=lines",
        "/?all=callers",
        "/?waited=1",
        "/calls",
        "/calls?period=year",
        "/calls?q=017",
        "/calls?outcome=missed",
        "/calls?outcome=busy",
        "/calls/own-0",
        "/calls/own-missed-0",
        "/calls/own-running",
        "/callbacks",
        "/callbacks?within_days=365&period=year",
        "/lines/+4922129191999",
        "/agents/anna@fpbx.de",
        "/callers/+491722222222",
        "/callers/+491711111111",
        "/settings/account",
        "/docs",
    ] {
        let answer = by(&all, &ben, "GET", path).header("Accept", "text/html").send();
        assert_eq!(answer.status, 200, "{path}");
        for secret in SECRETS {
            assert!(!answer.text().contains(secret), "{path} tells {secret}: {answer}");
        }
        assert!(!answer.text().contains("data-events"), "{path}: there is no stream for them");
    }
}

#[test]
fn calls_of_other_lines_are_not_there_and_what_cannot_be_limited_is_closed() {
    let (all, _) = both();
    let ben = log_in(&all, "ben");
    let get = |path: &str| by(&all, &ben, "GET", path).send();
    let known = get("/api/v1/calls/secret-call-0");
    let unknown = get("/api/v1/calls/no-such-call");
    assert_eq!((known.status, known.text()), (404, unknown.text()));
    assert_eq!(get("/calls/secret-call-0").status, 404);
    for path in [
        "/events",
        "/live",
        "/metrics",
        "/quality",
        "/routes",
        "/routes/1",
        "/routes/history",
        "/routes/test",
        "/contacts",
        "/settings",
        "/settings/names",
        "/settings/users",
        "/settings/audit",
        "/api/v1/quality",
        "/api/v1/routes",
        "/api/v1/routes/revisions",
        "/api/v1/routes/warnings",
        "/api/v1/contacts",
        "/api/v1/contacts/+4917666666666",
        "/api/v1/names",
        "/api/v1/lists",
        "/api/v1/schedules",
        "/api/v1/closed",
        "/api/v1/nothing",
    ] {
        assert_eq!(get(path).status, 403, "{path}");
    }
    let post = |path: &str| by(&all, &ben, "POST", path).json(&json!({"from": "1", "to": OTHER})).send().status;
    for path in ["/api/v1/routes/test", "/api/v1/routes/replay", "/routes/replay", "/callbacks/done", "/calls"] {
        assert_eq!(post(path), 403, "{path}");
    }
}

#[test]
fn lines_are_an_admins_to_choose_and_hold_whatever_the_role_was_meanwhile() {
    let (all, _) = both();
    let (anna, ben) = (log_in(&all, "anna"), log_in(&all, "ben"));
    let calls = || by(&all, &ben, "GET", "/calls.csv").send().text().to_owned();
    let post = |path: &str, fields: &[(&str, &str)]| by(&all, &anna, "POST", path).form(form(fields)).send();
    assert!(!calls().contains("secret-call"));
    assert_eq!(post("/settings/users/role", &[("name", "ben"), ("role", "admin")]).status, 303);
    assert!(calls().contains("secret-call"));
    assert_eq!(post("/settings/users/role", &[("name", "ben"), ("role", "viewer")]).status, 303);
    assert!(!calls().contains("secret-call"));
    let add = |name, role, lines| {
        post("/settings/users", &[("name", name), ("password", PASSWORD), ("role", role), ("lines", lines)])
    };
    assert_eq!(add("carl", "admin", "030 44444444").status, 400);
    assert_eq!(add("carl", "viewer", ",").status, 400, "nothing but a comma is no list of lines");
    assert_eq!(add("carl", "viewer", "030 44444444, 0221 29191999").status, 303);
    let carl = log_in(&all, "carl");
    let seen = by(&all, &carl, "GET", "/calls.csv").send().text().to_owned();
    assert!(seen.contains("secret-call-0") && seen.contains("own-0") && !seen.contains("own-missed"), "{seen}");
    assert!(by(&all, &anna, "GET", "/settings/users").send().text().contains("only +493044444444, +4922129191999"));
    let list = all.database.run(&["user", "list"], b"").stdout;
    assert!(list.contains("ben\tviewer\t+4922129191999\t+4922129191900\n"), "{list}");
    let add = ["user", "add", "dora", "--role", "admin", "--line", OWN, "--password-stdin"];
    let refused = all.database.run(&add, PASSWORD.as_bytes());
    assert!(refused.status == 1 && refused.stderr.contains("--line"), "{refused:?}");
    let add = ["user", "add", "dora", "--role", "viewer", "--line", " ", "--password-stdin"];
    let refused = all.database.run(&add, PASSWORD.as_bytes());
    assert!(refused.status == 1 && refused.stderr.contains("--line"), "{refused:?}");
}
