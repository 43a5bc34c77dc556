//! Tests of the replay: past calls are decided by edited routes before those are saved.

use serde_json::{Value, json};

use crate::helpers::{Answer, Answers, CALLER, LINE, TestApp, form, incoming, log_line};

fn queue(name: &str, more: Value) -> Value {
    let mut route = json!({"name": name, "reply": {"action": "queue", "id": name}});
    route.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    route
}

fn replay(app: &TestApp, body: &Value) -> Answer {
    app.request("POST", "/api/v1/routes/replay").json(body).send()
}

/// Week of Monday, 2026-11-16: what came when, in Berlin.
const CALLS: [(&str, &str, &str, &str); 8] = [
    ("c1", "2026-11-15T22:59:59.999Z", CALLER, LINE),
    ("c2", "2026-11-15T23:00:00.000Z", CALLER, LINE),
    ("c3", "2026-11-16T08:00:00.000Z", CALLER, LINE),
    ("c4", "2026-11-16T16:00:00.000Z", "anonymous", LINE),
    ("c5", "2026-11-17T12:00:00.000Z", "01712345678", LINE),
    ("c6", "2026-11-17T12:00:00.000Z", "01712345678", "23"),
    ("c7", "2026-11-21T22:59:59.999Z", CALLER, LINE),
    ("c8", "2026-11-21T23:00:00.000Z", CALLER, LINE),
];

fn with_calls() -> TestApp {
    let app = TestApp::start();
    let mut log: String = CALLS.iter().map(|(id, at, from, to)| log_line(at, &incoming(id, from, to))).collect();
    // An outgoing call is nothing for routes.
    let out = [("call_id", "out"), ("direction", "out"), ("event", "OutgoingCall"), ("from", "23"), ("to", LINE)];
    log += &log_line("2026-11-17T12:00:00.000Z", &form(&out));
    app.database.import(&log, &[]);
    app
}

/// Monday to Saturday of that week, by routes.
fn that_week(routes: Value) -> Value {
    json!({"start": "2026-11-16", "end": "2026-11-21", "routes": routes})
}

fn shares(answer: &Value) -> Vec<(Value, u64)> {
    let routes = answer["routes"].as_array().unwrap().iter();
    routes.map(|share| (share["route_name"].clone(), share["calls"].as_u64().unwrap())).collect()
}

#[test]
fn the_calls_of_those_days_are_decided_and_compared_with_todays_routes() {
    let app = with_calls();
    let office = queue("office", json!({"to": [LINE], "hours": "Mo-Fr 09:00-17:00"}));
    assert_eq!(app.create_route(&office).status, 201);
    assert_eq!(app.create_route(&queue("rest", json!({}))).status, 201);
    let today = app.routes().ok()["items"].clone();

    // c2 to c7; c3 (09:00) and c5 are in office hours, c4 (17:00) no more, c2 and c7 are at night.
    let same = replay(&app, &that_week(today.clone())).ok();
    assert_eq!((&same["calls"], &same["changed"]), (&json!(6), &json!(0)));
    assert_eq!(shares(&same), [(json!("office"), 2), (json!("rest"), 4)]);
    assert_eq!((&same["changes"], &same["examples"]), (&json!([]), &json!([])));

    // An hour longer, and a new route for anonymous callers before it.
    let mut longer = today.clone();
    longer[0]["hours"] = json!("Mo-Sa 09:00-18:00");
    longer.as_array_mut().unwrap().push(queue("hidden", json!({"from": ["anonymous"], "position": -5})));
    let replayed = replay(&app, &that_week(longer.clone())).ok();
    assert_eq!((&replayed["calls"], &replayed["changed"]), (&json!(6), &json!(1)));
    assert_eq!(shares(&replayed), [(json!("hidden"), 1), (json!("office"), 2), (json!("rest"), 3)]);
    assert_eq!(replayed["changes"], json!([{"from_route": "rest", "to_route": "hidden", "calls": 1}]));
    let example = json!({"call_id": "c4", "at": "2026-11-16T16:00:00.000Z", "from": "anonymous", "to": LINE,
        "before": "rest", "after": "hidden"});
    assert_eq!(replayed["examples"], json!([example]));

    // Without the last route c2, c6 and c7 get nothing, and c4 goes to the office.
    let mut rest_off = today;
    rest_off[0]["hours"] = json!("Mo-Sa 09:00-18:00");
    rest_off[1]["enabled"] = json!(false);
    let replayed = replay(&app, &that_week(rest_off)).ok();
    assert_eq!(replayed["changed"], 4);
    assert_eq!(shares(&replayed), [(json!("office"), 3), (json!("rest"), 0), (Value::Null, 3)]);
    let changes = json!([{"from_route": "rest", "to_route": null, "calls": 3},
        {"from_route": "rest", "to_route": "office", "calls": 1}]);
    assert_eq!(replayed["changes"], changes);
    let ids: Vec<&str> =
        replayed["examples"].as_array().unwrap().iter().map(|example| example["call_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["c7", "c6", "c4", "c2"]);
    // Nothing was stored.
    assert_eq!(app.routes().ok()["items"][0]["hours"], "Mo-Fr 09:00-17:00");
    assert_eq!(app.database.count("from decisions"), 0);
}

#[test]
fn without_routes_or_calls_there_is_an_answer_too() {
    let app = with_calls();
    let none = replay(&app, &that_week(json!([]))).ok();
    assert_eq!((&none["calls"], &none["changed"], shares(&none)), (&json!(6), &json!(0), vec![(Value::Null, 6)]));
    let all = replay(&app, &that_week(json!([queue("all", json!({}))]))).ok();
    assert_eq!((&all["changed"], shares(&all)), (&json!(6), vec![(json!("all"), 6)]));
    let long_ago = json!({"start": "2024-01-01", "end": "2025-12-31", "routes": [queue("all", json!({}))]});
    let long_ago = replay(&app, &long_ago).ok();
    assert_eq!((&long_ago["calls"], shares(&long_ago)), (&json!(0), vec![(json!("all"), 0)]));
}

#[test]
fn every_wrong_field_of_a_replay_is_named() {
    let app = TestApp::start();
    let bad = json!({"name": "x", "hours": "Mon-Fri 9-17", "reply": {"action": "forward", "targets": [{}]}});
    let good = queue("good", json!({}));
    for (body, expected) in [
        (json!({}), &["routes", "start", "end"][..]),
        (json!({"start": "2026-11-16", "end": "2026-11-15", "routes": []}), &["end"]),
        (json!({"start": "2024-11-16", "end": "2026-11-17", "routes": []}), &["end"]),
        (json!({"start": "16.11.2026", "end": 5, "routes": []}), &["start", "end"]),
        (json!({"start": "2026-02-29", "end": "+2026-3-1", "routes": []}), &["start", "end"]),
        (json!({"start": "2026-11-16", "end": "2026-11-16", "routes": {}}), &["routes"]),
        (json!({"start": "2026-11-16", "end": "2026-11-16", "routes": [], "days": 5}), &["days"]),
        (
            json!({"start": "2026-11-16", "end": "x", "routes": [good, good, bad, good, bad]}),
            &[
                "end",
                "routes[2].hours",
                "routes[2].reply.targets[0].numbers",
                "routes[4].hours",
                "routes[4].reply.targets[0].numbers",
            ],
        ),
    ] {
        assert_eq!(replay(&app, &body).wrong_fields(), expected, "{body}");
    }
    replay(&app, &json!("x")).problem(400);
    app.get("/api/v1/routes/replay").problem(405);
}

#[test]
fn ten_thousand_routes_and_twenty_thousand_calls_fit() {
    let app = TestApp::start();
    let call_id = if app.database.is_postgres() {
        "decode('02', 'hex') || convert_to('c' || i, 'UTF8')"
    } else {
        "cast(char(2) || 'c' || i as blob)"
    };
    // As if they had come, one a minute from the first of November on.
    app.database.execute(&format!(
        "insert into calls (id, call_id, direction, from_number, to_number, has_incoming, in_hours, started_ms, event_count) \
         with recursive n(i) as (select 1000000 union all select i + 1 from n where i < 1019999) \
         select i, {call_id}, 1, '0171' || i, '{LINE}', true, true, 1793500000000 + cast(i - 1000000 as bigint) * 60000, 1 from n"
    ));
    // Each for one caller; and one for all others.
    let mut routes: Vec<Value> = (0..9_999)
        .map(|number| queue("caller", json!({"from": [format!("0171{}", 1_000_000 + number)], "hours": "24/7"})))
        .collect();
    routes.push(queue("rest", json!({})));
    let answer = replay(&app, &json!({"start": "2026-11-01", "end": "2026-11-30", "routes": routes})).ok();
    assert_eq!((&answer["calls"], &answer["changed"]), (&json!(20_000), &json!(20_000)));
    let shares = shares(&answer);
    assert_eq!((shares.len(), &shares[0], &shares[9_999]), (10_000, &(json!("caller"), 1), &(json!("rest"), 10_001)));
}

/// Sends the form of a route to be tried.
fn try_form(app: &TestApp, path: &str, inputs: &[(&str, &str)], lang: &str) -> Answer {
    let request = app.request("POST", path).header("Accept", "text/html").header("Accept-Language", lang);
    request.form(form(inputs)).send()
}

#[test]
fn an_edited_route_is_tried_on_the_last_calls_and_stays_in_the_form() {
    let app = TestApp::start();
    let id = app.create_route(&queue("rest", json!({}))).json()["id"].clone();
    for (call, from) in [("c1", CALLER), ("c2", "anonymous"), ("c3", "anonymous")] {
        app.post_event(incoming(call, from, LINE)).xml();
    }
    // A new route comes last and changes nothing; at the top it does.
    let mut inputs = vec![("name", "Niemand"), ("enabled", "on"), ("action", "reject"), ("from", "anonymous")];
    let last = try_form(&app, "/routes/replay", &inputs, "de");
    assert_eq!(last.status, 200);
    assert!(last.text().contains("Alle 3 Anrufe bekämen dieselbe Antwort"), "{}", last.text());
    inputs.push(("position", "-1"));
    let first = try_form(&app, "/routes/replay", &inputs, "de");
    for text in [
        "2 von 3 Anrufen bekämen eine andere Antwort",
        "<td>rest</td><td>Niemand</td><td class=\"figure\">2</td>",
        "href=\"/calls/c3\"",
        "href=\"/calls/c2\"",
        "value=\"Niemand\"",
        "action=\"/routes\"",
        "Noch ist nichts gespeichert.",
    ] {
        assert!(first.text().contains(text), "{text}: {}", first.text());
    }
    assert!(!first.text().contains("href=\"/calls/c1\""));

    // A stored one, with the version that the form began with.
    let path = format!("/routes/{id}/replay");
    let edited = [("version", "1"), ("name", "rest"), ("enabled", "on"), ("action", "queue"), ("queue.id", "other")];
    let answer = try_form(&app, &path, &edited, "en");
    assert_eq!(answer.status, 200);
    for text in [
        "3 of 3 calls would get another answer",
        "<td>rest</td><td>the same route, another answer</td><td class=\"figure\">3</td>",
        "name=\"version\" value=\"1\"",
        "value=\"other\"",
        &format!("action=\"/routes/{id}\""),
    ] {
        assert!(answer.text().contains(text), "{text}: {}", answer.text());
    }
    // Switched off.
    let off = try_form(&app, &path, &[("name", "rest"), ("action", "queue"), ("queue.id", "rest")], "en");
    assert!(off.text().contains("<td>rest</td><td>no route</td><td class=\"figure\">3</td>"), "{}", off.text());
    let stored = app.routes().ok();
    assert_eq!(stored["items"].as_array().unwrap().len(), 1);
    assert_eq!((&stored["items"][0]["enabled"], &stored["items"][0]["reply"]["id"]), (&json!(true), &json!("rest")));
}

#[test]
fn a_form_that_cannot_be_used_is_not_tried() {
    let app = TestApp::start();
    let wrong = try_form(&app, "/routes/replay", &[("name", ""), ("action", "queue")], "de");
    assert_eq!(wrong.status, 400);
    for field in ["name-wrong", "queue.id-wrong"] {
        assert!(wrong.text().contains(&format!("id=\"{field}\"")), "{field}: {}", wrong.text());
    }
    assert!(!wrong.text().contains("class=\"card replay\""));
    let good = [("name", "x"), ("action", "hangup")];
    assert_eq!(try_form(&app, "/routes/99/replay", &good, "de").status, 404);
    let none = try_form(&app, "/routes/replay", &good, "en");
    assert!(none.text().contains("No call came in within the last 30 days."), "{}", none.text());
}
