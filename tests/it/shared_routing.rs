//! Tests of what routes share: lists, schedules, the switch; and what depends on the call: rotation, last peer.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::helpers::{Answer, Answers, CALLER, LINE, TestApp, accepted, form, hung_up, incoming, log_line};

fn put(app: &TestApp, path: &str, body: &Value) -> Answer {
    app.request("PUT", &format!("/api/v1/{path}")).json(body).send()
}

fn delete(app: &TestApp, path: &str) -> Answer {
    app.request("DELETE", &format!("/api/v1/{path}")).send()
}

fn queue(id: &str, more: Value) -> Value {
    let mut route = json!({"name": format!("Route {id}"), "reply": {"action": "queue", "id": id}});
    route.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    route
}

/// The queue that a call is answered with, or nothing.
fn answer(app: &TestApp, call: &str, from: &str) -> String {
    let answer = app.post_event(incoming(call, from, LINE));
    let xml = answer.xml().to_owned();
    xml.split("queue_id=\"").nth(1).map_or(String::new(), |rest| rest.split('"').next().unwrap().to_owned())
}

#[test]
fn a_list_is_kept_once_and_counts_in_every_route_from_the_next_call_on() {
    let app = TestApp::start();
    let numbers = json!({"numbers": ["030 23125000", "0171*", "anonymous"]});
    assert_eq!(put(&app, "lists/Gesperrt", &numbers).status, 201);
    assert_eq!(app.create_route(&queue("1", json!({"from": ["@gesperrt"]}))).status, 201);
    assert_eq!(app.create_route(&queue("2", json!({}))).status, 201);
    for (call, from, expected) in
        [("c1", CALLER, "1"), ("c2", "+491712345678", "1"), ("c3", "anonymous", "1"), ("c4", "040123456", "2")]
    {
        assert_eq!(answer(&app, call, from), expected, "{from}");
    }
    let changed = put(&app, "lists/gesperrt", &json!({"name": "GESPERRT", "numbers": ["040123456"]}));
    assert_eq!(changed.status, 200);
    assert_eq!(answer(&app, "c5", "040123456"), "1");
    assert_eq!(answer(&app, "c6", CALLER), "2");
    let shown = app.get("/api/v1/lists/Gesperrt").ok();
    assert_eq!((&shown["name"], &shown["numbers"]), (&json!("GESPERRT"), &json!(["040123456"])));
    assert_eq!(app.get("/api/v1/lists").ok()["items"].as_array().unwrap().len(), 1);
    // The same call gets the same answer.
    assert_eq!(answer(&app, "c1", CALLER), "1");
}

#[test]
fn a_list_that_routes_use_stays() {
    let app = TestApp::start();
    put(&app, "lists/vip", &json!({"numbers": []}));
    let route = app.create_route(&queue("1", json!({"to": ["@VIP"]}))).json();
    let refused = delete(&app, "lists/vip");
    refused.problem(409);
    assert!(refused.text().contains("Route 1"), "{refused}");
    assert_eq!(app.request("DELETE", &format!("/api/v1/routes/{}", route["id"])).send().status, 204);
    assert_eq!(delete(&app, "lists/Vip").status, 204);
    delete(&app, "lists/vip").problem(404);
    app.get("/api/v1/lists/vip").problem(404);
}

#[test]
fn what_cannot_be_used_is_named_and_nothing_is_saved() {
    let app = TestApp::start();
    for (path, body, expected) in [
        (
            "lists/a",
            json!({"numbers": ["23", "0*1", "hello world", "@b", 5]}),
            vec!["numbers[1]", "numbers[2]", "numbers[3]", "numbers[4]"],
        ),
        ("lists/a", json!({"numbrs": []}), vec!["numbrs", "numbers"]),
        ("lists/a", json!({"numbers": vec!["23"; 10_001]}), vec!["numbers"]),
        ("lists/a", json!({"name": "b", "numbers": []}), vec!["name"]),
        ("lists/a%20b", json!({"numbers": []}), vec!["name"]),
        ("schedules/a", json!({"hours": "Mo-Fr 9-17"}), vec!["hours"]),
        ("schedules/a", json!({"hours": "@b"}), vec!["hours"]),
        (
            "schedules/a",
            json!({"closed": [{"start": "2026-12-24", "end": "2026-12-23"}, {"end": "2026-12-24"}, {"start": "24.12.2026"}]}),
            vec!["closed[0].end", "closed[1].start", "closed[2].start"],
        ),
        ("closed", json!({"until": "tomorrow"}), vec!["until"]),
        ("closed", json!({"until": "2020-01-01T08:00:00Z"}), vec!["until"]),
        ("closed", json!({"until": "2999-01-01T08:00:00Z"}), vec!["until"]),
        ("closed", json!({}), vec!["until"]),
    ] {
        let refused = put(&app, path, &body);
        assert_eq!(refused.status, 400, "{refused}");
        assert_eq!(refused.wrong_fields(), expected, "{path} {refused}");
    }
    for (field, more) in [
        ("to[1]", json!({"to": ["23", "@nobody"]})),
        ("from[0]", json!({"from": ["@nobody"]})),
        ("hours", json!({"hours": "not @never"})),
    ] {
        let refused = app.create_route(&queue("1", more));
        assert_eq!(refused.wrong_fields(), [field]);
    }
    assert_eq!(app.get("/api/v1/lists").ok(), json!({"items": []}));
    assert_eq!(app.get("/api/v1/schedules").ok(), json!({"items": []}));
    assert_eq!(app.routes().ok(), json!({"items": []}));
}

#[test]
fn of_two_who_change_a_list_the_second_is_told() {
    let app = TestApp::start();
    let version = put(&app, "lists/a", &json!({"numbers": []})).json()["version"].clone();
    let change = |version: &str| {
        let request = app.request("PUT", "/api/v1/lists/a").header("If-Match", version);
        request.json(&json!({"numbers": ["23"]})).send().status
    };
    let version = format!("\"{version}\"");
    assert_eq!((change(&version), change(&version)), (200, 412));
}

#[test]
fn a_schedule_and_the_switch_decide_together() {
    let app = TestApp::start();
    let schedule = json!({"hours": "24/7", "closed": [{"start": "2001-01-01", "name": "Lange her"}]});
    let made = put(&app, "schedules/B%C3%BCro", &schedule);
    assert_eq!(made.status, 201, "{made}");
    assert_eq!(made.json()["closed"], json!([{"start": "2001-01-01", "end": "2001-01-01", "name": "Lange her"}]));
    app.create_route(&queue("open", json!({"hours": "@büro"})));
    app.create_route(&queue("shut", json!({"hours": "not @Büro"})));
    assert_eq!(answer(&app, "c1", CALLER), "open");
    let until = chrono::Utc::now() + chrono::Duration::hours(1);
    let closed = put(&app, "closed", &json!({"until": until.to_rfc3339()}));
    assert_eq!(closed.status, 200, "{closed}");
    assert_eq!(answer(&app, "c2", CALLER), "shut");
    assert_eq!(app.get("/api/v1/closed").ok()["until"], closed.json()["until"]);
    for path in ["/", "/calls", "/routes", "/routes/lists", "/settings"] {
        let page = app.request("GET", path).header("Accept", "text/html").send();
        assert!(page.text().contains("action=\"/routes/open\""), "{path}");
    }
    // It survives a restart.
    let app = app.restart(&[]);
    assert_eq!(answer(&app, "c3", CALLER), "shut");
    assert_eq!(delete(&app, "closed").status, 204);
    assert_eq!(answer(&app, "c4", CALLER), "open");
    assert_eq!(app.get("/api/v1/closed").ok(), json!({"since": null, "until": null}));
    let today = chrono::Utc::now().date_naive();
    let (start, end) = (today - chrono::Days::new(1), today + chrono::Days::new(1));
    put(&app, "schedules/Büro".replace('ü', "%C3%BC").as_str(), &json!({"closed": [{"start": start, "end": end}]}));
    assert_eq!(answer(&app, "c5", CALLER), "shut");
    delete(&app, "schedules/b%C3%BCro").problem(409);
}

#[test]
fn the_switch_ends_by_itself_and_holds_on_every_node() {
    let app = TestApp::start();
    let other = TestApp::on(app.database.clone(), &[]);
    app.create_route(&queue("open", json!({"hours": "24/7"})));
    let close = |until: chrono::DateTime<chrono::Utc>| put(&app, "closed", &json!({"until": until.to_rfc3339()}));
    assert_eq!(close(chrono::Utc::now() + chrono::Duration::hours(1)).status, 200);
    assert_eq!(answer(&app, "c0", CALLER), "");
    eventually(|call| answer(&other, &format!("a{call}"), CALLER).is_empty());
    assert_eq!(delete(&app, "closed").status, 204);
    assert_eq!(answer(&app, "c1", CALLER), "open");
    eventually(|call| answer(&other, &format!("b{call}"), CALLER) == "open");
    let until = chrono::Utc::now() + chrono::Duration::seconds(2);
    assert_eq!(close(until).status, 200);
    eventually(|call| answer(&app, &format!("d{call}"), CALLER) == "open");
    assert!(chrono::Utc::now() >= until);
}

/// Sooner or later; `is_so` gets another number each time.
#[track_caller]
fn eventually(mut is_so: impl FnMut(usize) -> bool) {
    let begin = Instant::now();
    for attempt in 0.. {
        if is_so(attempt) {
            return;
        }
        assert!(begin.elapsed() < Duration::from_secs(60), "not within a minute");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Who rings, in order.
fn rings(app: &TestApp, call: &str, from: &str) -> String {
    let xml = app.post_event(incoming(call, from, LINE)).xml().to_owned();
    xml.split("<Number>").skip(1).map(|rest| rest.split('<').next().unwrap()).collect::<Vec<_>>().join(" ")
}

fn forward(more: Value) -> Value {
    let mut reply = json!({"action": "forward", "targets": [{"numbers": ["a"], "weight": 3}, {"numbers": ["b"]}, {"numbers": ["c"]}]});
    reply.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({"name": "Ring", "reply": reply})
}

#[test]
fn whoever_accepted_the_last_call_rings_first() {
    let app = TestApp::start();
    let other = TestApp::on(app.database.clone(), &[]);
    let route = app.create_route(&forward(json!({"last_peer": {"ringtime": 12, "within_days": 30}})));
    assert_eq!(route.json()["reply"]["last_peer"], json!({"ringtime": 12, "within_days": 30}));
    assert_eq!(rings(&app, "c1", CALLER), "a b c");
    for body in [accepted("c1", "b"), hung_up("c1", "accepted", 60)] {
        assert_eq!(app.post_event(body).status, 200);
    }
    let xml = app.post_event(incoming("c2", "+49 30 23125000", LINE)).xml().to_owned();
    assert!(xml.contains("<Target ringtime=\"12\"><Number>b</Number></Target><Target><Number>a</Number>"), "{xml}");
    // The first call keeps its answer, others have nobody who knows them.
    assert_eq!(rings(&app, "c1", CALLER), "a b c");
    assert_eq!(rings(&app, "c3", "040123456"), "a b c");
    eventually(|call| rings(&other, &format!("o{call}"), CALLER) == "b a c");
    let app = app.restart(&[]);
    assert_eq!(rings(&app, "c4", CALLER), "b a c");
}

#[test]
fn calls_of_before_the_route_are_known() {
    let app = TestApp::start();
    let days_ago = |days: i64, ms: i64| {
        (chrono::Utc::now() - chrono::Duration::days(days) + chrono::Duration::milliseconds(ms)).to_rfc3339()
    };
    let mut log = String::new();
    for (call, from, days, peer) in
        [("l1", CALLER, 3, "c"), ("l2", "040123456", 20, "c"), ("l3", "0891234567", 40, "c")]
    {
        log += &log_line(&days_ago(days, 0), &incoming(call, from, LINE));
        log += &log_line(&days_ago(days, 5_000), &accepted(call, peer));
    }
    app.database.import(&log, &[]);
    app.create_route(&forward(json!({"last_peer": {"within_days": 30}})));
    eventually(|call| rings(&app, &format!("c{call}"), CALLER) == "c a b");
    // Seen three days ago, too, so still there.
    assert_eq!(rings(&app, "d1", "040123456"), "c a b");
    assert_eq!(rings(&app, "d2", "0891234567"), "a b c");
}

#[test]
fn turns_are_drawn_by_the_call_alike_on_every_node() {
    let app = TestApp::start();
    // It knows nothing of what the first one answered.
    let other = TestApp::start();
    for distribution in ["rotate", "weighted"] {
        let ids = [&app, &other]
            .map(|app| app.create_route(&forward(json!({"distribution": distribution}))).json()["id"].clone());
        let mut seen = std::collections::BTreeSet::new();
        for call in 0..30 {
            let call = format!("{distribution}-{call}");
            let rung = rings(&app, &call, CALLER);
            assert_eq!(rings(&other, &call, CALLER), rung);
            seen.insert(rung);
        }
        assert!(seen.len() >= 3, "{seen:?}");
        [&app, &other].into_iter().zip(&ids).for_each(|(app, id)| assert_eq!(app.delete_route(id).status, 204));
    }
}

#[test]
fn lists_are_pasted_and_schedules_filled_in_by_forms() {
    let app = TestApp::start();
    let post = |path: &str, fields: &[(&str, &str)]| app.request("POST", path).form(form(fields)).send();
    let wrong = post("/routes/lists", &[("name", "a b"), ("numbers", "23\nhello world\n")]);
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("Line 2") || wrong.text().contains("Zeile 2"), "{wrong}");
    let made = post("/routes/lists", &[("name", "Kunden"), ("numbers", "030 23125000;Kern\n+493023125000\n0171*\n")]);
    assert_eq!((made.status, made.header("location")), (303, Some("/routes/lists/Kunden?saved=2&doubled=1")));
    assert_eq!(app.get("/api/v1/lists/kunden").ok()["numbers"], json!(["030 23125000", "0171*"]));
    assert_eq!(post("/routes/lists", &[("name", "kunden"), ("numbers", "")]).status, 409);
    let stale = post("/routes/lists/kunden", &[("version", "0"), ("numbers", "23")]);
    assert_eq!(stale.status, 409);
    let insisting = post("/routes/lists/kunden", &[("version", "0"), ("overwrite", "on"), ("numbers", "23")]);
    assert_eq!(insisting.status, 303);
    let row = [("name", "Ferien"), ("hours", "Mo-Fr"), ("closed[2].start", "2026-12-24"), ("closed[2].name", "Fest")];
    assert_eq!(post("/routes/schedules", &row).status, 303);
    let stored = app.get("/api/v1/schedules/ferien").ok();
    assert_eq!(stored["closed"], json!([{"start": "2026-12-24", "end": "2026-12-24", "name": "Fest"}]));
    let wrong = post("/routes/schedules", &[("name", "x"), ("closed[0].end", "2026-12-24")]);
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("href=\"#closed[0].start\""), "{wrong}");
    for path in [
        "/routes/lists",
        "/routes/lists/Kunden",
        "/routes/new-list",
        "/routes/schedules/ferien",
        "/routes/new-schedule",
    ] {
        assert_eq!(app.get(path).status, 200, "{path}");
    }
    assert_eq!(post("/routes/lists/kunden/delete", &[]).status, 303);
    app.get("/api/v1/lists/kunden").problem(404);
    assert_eq!(post("/routes/closed", &[("until", "soon")]).status, 400);
    assert_eq!(post("/routes/closed", &[("when", "tomorrow")]).status, 303);
    assert!(app.get("/api/v1/closed").ok()["until"].is_string());
    let opened = post("/routes/open", &[("back", "/calls?q=1")]);
    assert_eq!((opened.status, opened.header("location")), (303, Some("/calls?q=1")));
    assert!(app.get("/api/v1/closed").ok()["until"].is_null());
}
