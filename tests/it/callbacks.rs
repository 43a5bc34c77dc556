//! Who is still to be rung back.

use serde_json::json;

use crate::client::Answers;
use crate::helpers::{TestApp, accepted, hung_up, incoming};

fn miss(app: &TestApp, id: &str, from: &str, hangup_type: &str) {
    assert_eq!(app.post_event(incoming(id, from, "022129191999")).status, 200);
    assert_eq!(app.post_event(hung_up(id, hangup_type, 0)).status, 200);
}

fn owed(app: &TestApp) -> Vec<(String, i64)> {
    let list = app.get("/api/v1/callbacks").ok();
    let item =
        |item: &serde_json::Value| (item["party"].as_str().unwrap().to_owned(), item["missed_calls"].as_i64().unwrap());
    list["items"].as_array().unwrap().iter().map(item).collect()
}

#[test]
fn missed_callers_are_owed_a_callback_until_there_was_contact() {
    let app = TestApp::start();
    miss(&app, "a1", "01712345678", "missed");
    miss(&app, "a2", "+49 171 2345678", "voicemail");
    miss(&app, "b1", "022198765432", "missed");
    assert_eq!(owed(&app), [("+491712345678".to_owned(), 2), ("+4922198765432".to_owned(), 1)]);
    let numbers = app.get("/api/v1/callbacks").ok()["items"][0]["numbers"].clone();
    assert_eq!(numbers, json!(["+4922129191999"]));
    // Contact counts as soon as it is accepted.
    app.post_event(incoming("a3", "004917123456 78", "022129191999"));
    app.post_event(accepted("a3", "7777anna@fpbx.de"));
    assert_eq!(owed(&app), [("+4922198765432".to_owned(), 1)]);
    miss(&app, "a4", "01712345678", "missed");
    assert_eq!(owed(&app), [("+4922198765432".to_owned(), 1), ("+491712345678".to_owned(), 1)]);
}

#[test]
fn who_cannot_be_rung_back_or_was_turned_away_by_a_route_is_not_owed_one() {
    let app = TestApp::start();
    for (id, from) in [("c1", "anonymous"), ("c2", "23"), ("c3", "7777ben@fpbx.de")] {
        miss(&app, id, from, "missed");
    }
    let route = json!({"name": "blocked", "from": ["01712345678"], "reply": {"action": "reject"}});
    assert_eq!(app.create_route(&route).status, 201);
    miss(&app, "c4", "01712345678", "missed");
    assert_eq!(owed(&app), []);
}

#[test]
fn done_by_hand_is_off_the_list_until_missed_again() {
    let app = TestApp::start();
    miss(&app, "d1", "01712345678", "missed");
    let done = |party: &str| app.request("POST", &format!("/api/v1/callbacks/{party}/done")).send();
    assert_eq!(done("+491712345678").status, 204);
    assert_eq!(owed(&app), []);
    miss(&app, "d2", "01712345678", "missed");
    assert_eq!(owed(&app), [("+491712345678".to_owned(), 1)]);
    assert_eq!(done("nobody").problem(400)["errors"][0]["field"], "party");
}

#[test]
fn pages_of_the_list_give_everybody_once_who_waits_longest_first() {
    let app = TestApp::start();
    let all: Vec<String> = (10..15).map(|n| format!("+49221987654{n}")).collect();
    for (n, party) in all.iter().enumerate() {
        miss(&app, &format!("e{n}"), party, "missed");
    }
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/api/v1/callbacks?limit=2&cursor={}", cursor.replace('+', "%2B"))).ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["party"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen, all);
    for query in ["within_days=0", "within_days=x", "limit=0", "cursor=x"] {
        app.get(&format!("/api/v1/callbacks?{query}")).problem(400);
    }
}
