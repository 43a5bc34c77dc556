//! Tests of viewers limited to some lines who ask for other lines' data: neither name nor existence is told.

use std::sync::Arc;

use chrono::{Duration, SecondsFormat, Utc};
use serde_json::json;

use crate::helpers::{Database, TestApp, accepted, hung_up, incoming, log_line};
use crate::signed_in::{GUARDED, by, log_in};

const OWN: &str = "022129191999";
const NAMES: [&str; 4] = ["Geheime Leitung", "Verschlossen", "Otto Fremd", "Nachtweg"];

/// Calls of a closed and of an own line, with names for everything; the admin anna and ben, who sees the own line.
fn app() -> TestApp {
    let database = Database::create();
    let at = |hours: i64| (Utc::now() - Duration::hours(hours)).to_rfc3339_opts(SecondsFormat::Millis, true);
    let mut log = String::new();
    for day in 0..3 {
        let calls =
            [("own", OWN, "01711111111", "anna@fpbx.de"), ("closed", "03044444444", "017666666666", "other@fpbx.de")];
        for (kind, line, caller, agent) in calls {
            let id = format!("{kind}-{day}");
            for body in [incoming(&id, caller, line), accepted(&id, agent), hung_up(&id, "accepted", 60)] {
                log += &log_line(&at(day * 24 + 2), &body);
            }
        }
    }
    database.import(&log, &[]);
    database.add_user("anna", "admin");
    database.add_user_with("ben", "viewer", &["--line", OWN]);
    let app = TestApp::on(Arc::new(database), &GUARDED);
    let anna = log_in(&app, "anna");
    let change = |method: &str, path: &str, body| by(&app, &anna, method, path).json(&body).send().status;
    let names = json!({
        "lines": [{"number": "03044444444", "name": NAMES[0]}, {"number": OWN, "name": "Zentrale"}],
        "agents": [{"peer": "other@fpbx.de", "name": NAMES[2]}, {"peer": "anna@fpbx.de", "name": "Anna Kern"}],
    });
    assert_eq!(change("PUT", "/api/v1/names", names), 200);
    assert_eq!(change("PUT", "/api/v1/contacts/+4917666666666", json!({"name": NAMES[1]})), 200);
    assert_eq!(change("PUT", "/api/v1/contacts/+491711111111", json!({"name": "Bäckerei Blum"})), 200);
    let route = json!({"name": NAMES[3], "to": ["03044444444"], "reply": {"action": "hangup"}});
    assert_eq!(change("POST", "/api/v1/routes", route), 201);
    app
}

#[test]
fn what_they_may_not_see_looks_like_what_there_is_not() {
    let app = app();
    let ben = log_in(&app, "ben");
    let page = |path: &str| {
        let answer = by(&app, &ben, "GET", path).header("Accept", "text/html").send();
        assert_eq!(answer.status, 200, "{path}");
        answer.text().to_owned()
    };
    // What is there but closed, and the same of which there is nothing, written alike.
    let same = [
        ("4444444", "4444445"),
        ("4917666666666", "4917666666667"),
        ("017666666666", "017666666667"),
        ("other", "ohter"),
        ("route=1", "route=9"),
        ("value=\"1\"", "value=\"9\""),
        ("Route: 1", "Route: 9"),
        (">1<", ">9<"),
    ];
    for path in [
        "/lines/+493044444444",
        "/lines/03044444444?period=today",
        "/agents/other@fpbx.de",
        "/agents/other%40fpbx.de?period=year",
        "/callers/+4917666666666",
        "/callers/017666666666?period=7d",
        "/?number=%2B493044444444",
        "/?peer=other@fpbx.de",
        "/?party=017666666666",
        "/?route=1",
        "/calls?number=03044444444",
        "/calls?peer=other@fpbx.de",
        "/calls?party=%2B4917666666666",
        "/calls?route=1",
        "/calls?number=022129191999&peer=other@fpbx.de",
        "/callbacks?number=03044444444",
        "/callbacks?party=017666666666&done=%2B4917666666666",
    ] {
        let closed = page(path);
        for name in NAMES {
            assert!(!closed.contains(name), "{path} tells {name}");
        }
        let written_otherwise =
            |text: &str| same.iter().fold(text.to_owned(), |text, (there, not)| text.replace(there, not));
        let missing = page(&written_otherwise(path));
        assert_eq!(written_otherwise(&closed), written_otherwise(&missing), "{path}");
    }
}

#[test]
fn what_is_on_their_lines_has_its_name() {
    let app = app();
    let (anna, ben) = (log_in(&app, "anna"), log_in(&app, "ben"));
    for (path, name) in [
        ("/lines/+4922129191999", "Zentrale"),
        ("/lines/+4922129191999?period=last_month&direction=out", "Zentrale"),
        ("/agents/anna@fpbx.de", "Anna Kern"),
        ("/callers/+491711111111", "Bäckerei Blum"),
        ("/calls?party=01711111111", "Bäckerei Blum"),
        ("/calls?peer=anna@fpbx.de", "Anna Kern"),
    ] {
        let page = by(&app, &ben, "GET", path).header("Accept", "text/html").send();
        assert!(page.text().contains(name), "{path}: {page}");
    }
    for (path, name) in [
        ("/lines/+493044444444?period=last_month", NAMES[0]),
        ("/agents/other@fpbx.de?period=last_month", NAMES[2]),
        ("/calls?period=last_month&party=%2B4917666666666", NAMES[1]),
        ("/calls?period=last_month&route=1", NAMES[3]),
    ] {
        let page = by(&app, &anna, "GET", path).header("Accept", "text/html").send();
        assert!(page.text().contains(name), "nothing is withheld from others: {path}: {page}");
    }
}
