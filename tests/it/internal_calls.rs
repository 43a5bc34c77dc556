//! Tests of calls between colleagues: they are neither inbound nor outbound, and nobody outside was missed in them.

use fernamt::placetel::event::Direction;
use fernamt::stats::rollup::{Cell, Class};
use serde_json::json;

use crate::helpers::{Answers, CALLER, Database, LINE, TestApp, accepted, form, hung_up, incoming, log_line};

fn outgoing(id: &str, from: &str, to: &str) -> String {
    form(&[
        ("call_id", id),
        ("direction", "out"),
        ("event", "OutgoingCall"),
        ("from", from),
        ("to", to),
        ("peer", from),
    ])
}

/// Two missed and one accepted call between colleagues, one that a colleague made, and one of each with somebody outside.
fn filled() -> TestApp {
    let app = TestApp::start();
    for event in [
        incoming("desk", "101@fpbx.de", "102@fpbx.de"),
        hung_up("desk", "missed", 0),
        incoming("extension", "101@fpbx.de", "23"),
        hung_up("extension", "missed", 0),
        incoming("talk", "24", "102@fpbx.de"),
        accepted("talk", "102@fpbx.de"),
        hung_up("talk", "accepted", 7),
        outgoing("made", "101@fpbx.de", "102@fpbx.de"),
        hung_up("made", "accepted", 5),
        incoming("outside", CALLER, LINE),
        hung_up("outside", "missed", 0),
        outgoing("emergency", "101@fpbx.de", "112"),
        hung_up("emergency", "accepted", 9),
    ] {
        app.post_event(event).xml();
    }
    app
}

/// Makes internal calls inbound, as an older version stored and counted them.
fn make_inbound(database: &Database) {
    database.execute("update calls set direction = 1 where direction = 3");
    let (hex, literal) = if database.is_postgres() { ("encode(figures, 'hex')", "\\x") } else { ("hex(figures)", "") };
    for row in database.rows(&format!("tier || '/' || bucket || '/' || subject || '/' || {hex}"), "from cells") {
        let row = row.trim_matches(['(', ')', '|', '"', '\'']);
        let [tier, bucket, subject, figures] = row.split('/').collect::<Vec<_>>().try_into().unwrap();
        let mut cell = Cell::default();
        for (class, figures) in Cell::unpack(&hex::decode(figures).unwrap()).unwrap().iter() {
            let direction = class.direction.map(|_| Direction::In);
            cell.add(Class { direction, ..class }, figures, 1);
        }
        let prefix = if literal.is_empty() { "x" } else { "" };
        let figures = format!("{prefix}'{literal}{}'", hex::encode(cell.pack()));
        let key = format!("tier = {tier} and bucket = {bucket} and subject = '{subject}'");
        database.execute(&format!("update cells set figures = {figures} where {key}"));
    }
}

#[test]
fn they_count_apart() {
    let app = filled();
    let totals = app.get("/api/v1/stats?period=today").ok()["totals"].clone();
    let of = |name: &str| totals[name].as_i64();
    assert_eq!((of("calls"), of("in"), of("out"), of("internal")), (Some(6), Some(1), Some(1), Some(4)), "{totals}");
    // Nobody outside waited for whoever took an internal call, and one missed is no caller lost.
    assert_eq!(totals["wait_seconds"]["calls"], 0);
    assert_eq!(totals["abandoned_wait_seconds"]["calls"], 1);
    assert_eq!(totals["service_level"]["rate"], 0.0);
    assert_eq!(totals["talk_seconds"]["total"], 7 + 5 + 9);
    let items = app.get("/api/v1/calls?direction=internal&period=today").ok()["items"].clone();
    let mut ids: Vec<_> = items.as_array().unwrap().iter().map(|call| call["call_id"].as_str().unwrap()).collect();
    ids.sort_unstable();
    assert_eq!(ids, ["desk", "extension", "made", "talk"]);
    assert!(
        items.as_array().unwrap().iter().all(|call| call["direction"] == "internal" && call["wait_seconds"].is_null())
    );
    let counted = |query: &str| app.get(&format!("/api/v1/stats?period=today&{query}")).ok()["totals"]["calls"].clone();
    assert_eq!((counted("direction=internal"), counted("direction=internal&outcome=missed")), (json!(4), json!(2)));
    assert_eq!(counted("direction=internal&peer=102%40fpbx.de"), 1);
    assert_eq!(app.get("/api/v1/stats?direction=inside").wrong_fields(), ["direction"]);
}

#[test]
fn no_page_calls_a_colleague_a_caller() {
    let app = filled();
    let dashboard = app.request("GET", "/?period=today").header("Accept-Language", "en").send();
    assert!(dashboard.text().contains("1 outbound, 4 internal, 6 in all"), "{dashboard}");
    assert!(!dashboard.text().contains("/lines/102"), "{dashboard}");
    assert_eq!(app.get("/api/v1/callbacks").ok()["items"].as_array().unwrap().len(), 1);
    let log = app.request("GET", "/calls?direction=internal").header("Accept-Language", "de").send();
    assert!(log.text().contains("Intern") && log.text().contains("102@fpbx.de"), "{log}");
}

#[test]
fn what_was_stored_before_they_were_told_apart_is_counted_again_at_the_start() {
    let app = TestApp::start();
    for id in ["desk", "chair"] {
        app.post_event(incoming(id, "101@fpbx.de", "23")).xml();
        app.post_event(hung_up(id, "missed", 0)).xml();
    }
    app.post_event(incoming("outside", CALLER, LINE)).xml();
    let figures = |app: &TestApp| app.get("/api/v1/stats?period=today&group_by=number").ok();
    let right = figures(&app);
    assert_eq!((right["totals"]["internal"].clone(), right["totals"]["in"].clone()), (json!(2), json!(1)));
    make_inbound(&app.database);
    app.database.execute("insert into settings (name, value) values ('fold-internal', 'yes')");
    let wrong = figures(&app);
    assert_eq!((wrong["totals"]["internal"].clone(), wrong["totals"]["in"].clone()), (json!(0), json!(3)));
    let app = app.restart(&[]);
    assert_eq!(figures(&app), right);
    assert_eq!(app.database.run(&["check"], b"").status, 0);
    assert_eq!(app.database.count("from settings where name = 'fold-internal'"), 0);
}

#[test]
fn forgetting_leaves_the_figures_as_they_are() {
    let app = TestApp::start();
    let old = "2020-03-02T09:00:00.000Z";
    let log: String = [incoming("desk", "101@fpbx.de", "23"), incoming("outside", CALLER, LINE)]
        .iter()
        .map(|body| log_line(old, body))
        .collect();
    assert_eq!(app.database.run(&["import", "-"], log.as_bytes()).status, 0);
    let stats = || app.get("/api/v1/stats?start=2020-03-02&end=2020-03-02&group_by=number").ok();
    let before = stats();
    assert_eq!(before["totals"]["internal"], 1);
    assert_eq!(app.database.run(&["forget", "--before", "2021-01-01"], b"").status, 0);
    assert_eq!(app.database.run(&["rebuild"], b"").status, 0);
    assert_eq!(stats(), before);
    let call = app.get("/api/v1/calls/desk").ok();
    assert_eq!((call["to"].clone(), call["direction"].clone()), (json!("23"), json!("internal")));
    assert!(call["from"].as_str().unwrap().starts_with("forgotten-"), "{call}");
}
