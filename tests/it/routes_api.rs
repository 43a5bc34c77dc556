//! Tests of the routes API: routes take effect from the next call on.

use serde_json::{Value, json};

use crate::helpers::{Answers, CALLER, LINE, TestApp, incoming};

fn office_hours() -> Value {
    json!({"name": "Office hours", "enabled": true, "position": 10,
        "to": ["022129191999", "0221*"], "from": [], "hours": "Mo-Fr 09:00-17:00; PH off",
        "reply": {"action": "forward", "music_on_hold": true, "voicemail": true, "voicemail_announcement": "4",
            "voicemail_as_attachment": false, "forward_announcement": "7684",
            "targets": [{"ringtime": 30, "numbers": ["7777abcdefg@fpbx.de", "022129191999"]}]}})
}

fn hangup(name: &str) -> Value {
    json!({"name": name, "reply": {"action": "hangup"}})
}

/// A route that answers with its number.
fn queue(number: usize, more: Value) -> Value {
    let mut route = json!({"name": format!("Route {number}"), "reply": {"action": "queue", "id": number.to_string()}});
    route.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    route
}

/// Whether every field of `expected` is in `given`.
#[track_caller]
fn assert_holds(given: &Value, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&given[name], value, "{name}: {given}");
    }
}

/// What a call is answered: the queue's number, `hangup`, or nothing.
fn answer(app: &TestApp, id: &str, from: &str, to: &str) -> String {
    let answer = app.post_event(incoming(id, from, to));
    let xml = answer.xml();
    match xml.split("queue_id=\"").nth(1) {
        Some(rest) => rest.split('"').next().unwrap().to_owned(),
        None if xml.contains("<Hangup/>") => "hangup".to_owned(),
        None => {
            assert_eq!(xml, "<Response/>");
            String::new()
        }
    }
}

#[test]
fn a_route_is_created_shown_changed_and_removed() {
    let app = TestApp::start();
    assert_eq!(app.routes().ok(), json!({"items": []}));
    let created = app.create_route(&office_hours());
    assert_eq!(created.status, 201, "{created}");
    let route = created.json();
    assert_holds(&route, &office_hours());
    let location = created.header("location").unwrap();
    assert_eq!(location, format!("/api/v1/routes/{}", route["id"]));
    assert_eq!(app.get(location).ok(), route);
    assert_eq!(app.routes().ok(), json!({"items": [route]}));

    // What is read back can be sent back.
    let mut changed = route.clone();
    changed["name"] = json!("Sunday");
    changed["hours"] = Value::Null;
    let put = app.put_route(&route["id"], &changed).ok();
    assert_eq!((&put["id"], &put["name"], &put["hours"]), (&route["id"], &json!("Sunday"), &Value::Null));
    assert_eq!(app.route(&route["id"]).ok(), put);

    let gone = app.delete_route(&route["id"]);
    assert_eq!((gone.status, gone.text()), (204, ""));
    app.route(&route["id"]).problem(404);
    app.delete_route(&route["id"]).problem(404);
    app.put_route(&route["id"], &changed).problem(404);
    for path in ["/api/v1/routes/0", "/api/v1/routes/-1", "/api/v1/routes/x", "/api/v1/routes/99999999999999999999"] {
        app.get(path).problem(404);
    }
    assert_eq!(app.routes().ok(), json!({"items": []}));
}

#[test]
fn only_name_and_reply_are_required_and_the_rest_takes_the_defaults() {
    let app = TestApp::start();
    let route = app
        .create_route(&json!({"name": "x", "reply": {"action": "forward", "targets": [{"numbers": ["23"]}]}}))
        .json();
    assert_holds(
        &route,
        &json!({"name": "x", "enabled": true, "to": [], "from": [], "hours": null, "reply": {"action": "forward",
            "music_on_hold": false, "voicemail": true, "voicemail_as_attachment": false,
            "targets": [{"ringtime": 60, "numbers": ["23"]}]}}),
    );
    assert!(route["position"].is_i64() && route["id"].is_i64());
    assert_eq!(
        app.post_event(incoming("a", CALLER, LINE)).xml(),
        "<Response><Forward><Target><Number>23</Number></Target></Forward></Response>"
    );
    let replies = [
        (json!({"action": "reject", "reason": "busy"}), "<Reject reason=\"busy\"/>"),
        (json!({"action": "reject"}), "<Reject/>"),
        (json!({"action": "hangup"}), "<Hangup/>"),
        (json!({"action": "queue", "id": "123"}), "<Queue queue_id=\"123\" id=\"123\"/>"),
        (json!({"action": "prompt", "id": "123"}), "<Prompt id=\"123\"/>"),
        (json!({"action": "group", "id": "123", "ringtime": 40}), "<Group id=\"123\"/>"),
        (json!({"action": "group", "id": "123", "ringtime": 20}), "<Group id=\"123\" ringtime=\"20\"/>"),
        (
            json!({"action": "routing_plan", "id": "1", "fallback": {"targets": [{"ringtime": 5, "numbers": ["7777a@fpbx.de"]}]}}),
            "<RoutingPlan id=\"1\"><Forward><Target ringtime=\"5\"><Number>7777a@fpbx.de</Number></Target></Forward></RoutingPlan>",
        ),
        (
            json!({"action": "forward", "voicemail_announcement": "<\"&'>"}),
            "<Forward voicemail_announcement=\"&lt;&quot;&amp;'&gt;\"/>",
        ),
    ];
    for (number, (reply, xml)) in replies.into_iter().enumerate() {
        app.put_route(&route["id"], &json!({"name": "x", "reply": reply})).ok();
        let given = app.post_event(incoming(&format!("call-{number}"), CALLER, LINE));
        assert_eq!(given.xml(), format!("<Response>{xml}</Response>"));
    }
}

#[test]
fn a_change_of_what_somebody_else_has_changed_is_a_conflict_if_asked_for() {
    let app = TestApp::start();
    let id = app.create_route(&hangup("First")).json()["id"].clone();
    let tag = app.route(&id).header("etag").unwrap().to_owned();
    let put = |if_match: &str, name: &str| {
        let request = app.request("PUT", &format!("/api/v1/routes/{id}")).header("If-Match", if_match);
        request.json(&hangup(name)).send()
    };
    let changed = put(&tag, "Second");
    assert_eq!(changed.ok()["name"], "Second");
    put(&tag, "Third").problem(412);
    assert_eq!(app.route(&id).ok()["name"], "Second");
    assert_eq!(put(changed.header("etag").unwrap(), "Third").ok()["name"], "Third");
    assert_eq!(put("*", "Fourth").ok()["name"], "Fourth");
    assert_eq!(app.put_route(&id, &hangup("Fifth")).ok()["name"], "Fifth");
    // The version is in the route, too.
    let version = app.route(&id).ok()["version"].clone();
    assert_eq!(put(&format!("\"{version}\""), "Sixth").ok()["name"], "Sixth");
    assert_eq!(put("\"x\"", "Seventh").wrong_fields(), ["If-Match"]);
}

#[test]
fn every_wrong_field_is_named_and_nothing_is_stored() {
    let app = TestApp::start();
    let id = app.create_route(&hangup("Good")).json()["id"].clone();
    for (route, expected) in [
        (json!({}), &["name", "reply"][..]),
        (json!({"name": "", "reply": {"action": "sing"}}), &["name", "reply.action"]),
        (json!({"name": "x", "reply": {}}), &["reply.action"]),
        (
            json!({"name": "a\u{7}b", "enabled": "yes", "position": 1.5, "to": "23", "from": ["0*1", ""],
                "hours": "Mon-Fri 9-17", "reply": {"action": "hangup"}}),
            &["enabled", "from[0]", "from[1]", "hours", "name", "position", "to"],
        ),
        (
            json!({"name": "x", "reply": {"action": "forward", "targets": [{"ringtime": 0, "numbers": []}, {"numbers": ["a\nb"]}]}}),
            &["reply.targets[0].numbers", "reply.targets[0].ringtime", "reply.targets[1].numbers[0]"],
        ),
        (json!({"name": "x", "reply": {"action": "group", "id": "1", "ringtime": 61}}), &["reply.ringtime"]),
        (json!({"name": "x", "reply": {"action": "group", "id": "1", "ringtime": 9}}), &["reply.ringtime"]),
        (json!({"name": "x", "reply": {"action": "queue"}}), &["reply.id"]),
        (json!({"name": "x", "reply": {"action": "prompt"}}), &["reply.id"]),
        (json!({"name": "x", "reply": {"action": "reject", "reason": "rude"}}), &["reply.reason"]),
        (json!({"name": "x", "replies": 1, "reply": {"action": "hangup"}}), &["replies"]),
        (json!({"name": "x", "hours": "sunrise-sunset", "reply": {"action": "hangup"}}), &["hours"]),
        (
            json!({"name": "x", "reply": {"action": "routing_plan", "id": "1", "fallback": {"targets": [{}]}}}),
            &["reply.fallback.targets[0].numbers"],
        ),
    ] {
        for answer in [app.create_route(&route), app.put_route(&id, &route)] {
            let mut wrong = answer.wrong_fields();
            wrong.sort();
            assert_eq!(wrong, expected, "{route}");
        }
    }
    for body in ["", "{", "[1,2", "nonsense", "\u{0}"] {
        let request = app.request("POST", "/api/v1/routes").header("Content-Type", "application/json");
        request.body(body).send().problem(400);
    }
    app.create_route(&json!([])).problem(400);
    assert_eq!(app.routes().ok()["items"].as_array().unwrap().len(), 1);
    assert_eq!(app.route(&id).ok()["name"], "Good");
}

#[test]
fn the_lowest_position_comes_first_and_a_change_works_from_the_next_call_on() {
    let app = TestApp::start();
    let create =
        |number, position| app.create_route(&queue(number, json!({"position": position}))).json()["id"].clone();
    let (third, first, second) = (create(3, 30), create(1, -5), create(2, 20));
    let names = |app: &TestApp| -> Vec<Value> {
        app.routes().ok()["items"].as_array().unwrap().iter().map(|route| route["id"].clone()).collect()
    };
    assert_eq!(names(&app), [first.clone(), second.clone(), third.clone()]);
    assert_eq!(answer(&app, "a", CALLER, LINE), "1");
    app.put_route(&first, &queue(1, json!({"position": -5, "enabled": false}))).ok();
    assert_eq!(answer(&app, "b", CALLER, LINE), "2");
    app.put_route(&third, &queue(3, json!({"position": 1}))).ok();
    assert_eq!(names(&app), [first.clone(), third.clone(), second.clone()]);
    assert_eq!(answer(&app, "c", CALLER, LINE), "3");
    app.delete_route(&third);
    assert_eq!(answer(&app, "d", CALLER, LINE), "2");
    app.put_route(&first, &queue(1, json!({}))).ok();
    assert_eq!(answer(&app, "e", CALLER, LINE), "1");
    // Left out, a new route comes last and a known one stays where it is.
    create(4, 40);
    let last = app.create_route(&queue(5, json!({}))).json();
    assert_eq!(names(&app).last(), Some(&last["id"]));
    assert_eq!(app.put_route(&second, &queue(2, json!({}))).ok()["position"], 20);
    let app = app.restart(&[]);
    assert_eq!(answer(&app, "f", CALLER, LINE), "1");
}

#[test]
fn numbers_match_in_any_notation_and_beginnings_as_beginnings() {
    let app = TestApp::start();
    let routes = [
        json!({"to": ["+4922129191999"], "from": ["anonymous"]}),
        json!({"to": ["0221/29191999"]}),
        json!({"to": ["0049 221 99*"], "from": ["+49 (0)30*", "0171*"]}),
        json!({"to": ["+4922199*"]}),
        json!({"to": ["23"]}),
        json!({"to": ["4*"]}),
        json!({"to": ["7777ABC@fpbx.de"]}),
        json!({"from": ["+41*"]}),
    ];
    for (number, route) in routes.into_iter().enumerate() {
        assert_eq!(app.create_route(&queue(number, route)).status, 201);
    }
    for (number, (from, to, expected)) in [
        ("anonymous", "022129191999", "0"),
        ("Anonymous", "4922129191999", "0"),
        (CALLER, "022129191999", "1"),
        (CALLER, "+4922129191999", "1"),
        (CALLER, "004922129191999", "1"),
        ("03023125000", "022199998560", "2"),
        ("+493023125000", "+4922199998560", "2"),
        ("00491712345678", "004922199998560", "2"),
        ("0041442681800", "022199998560", "3"),
        (CALLER, "23", "4"),
        (CALLER, "230", ""),
        (CALLER, "42", "5"),
        (CALLER, "7777abc@FPBX.de", "6"),
        ("0041442681800", "24", "7"),
        ("+41442681800", "24", "7"),
        ("0442681800", "24", ""),
        ("anonymous", "24", ""),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(answer(&app, &format!("call-{number}"), from, to), expected, "{from} calls {to}");
    }
    // Without numbers only a route for any number is meant.
    assert_eq!(app.post_event("event=IncomingCall&call_id=bare").xml(), "<Response/>");
    app.create_route(&hangup("Rest"));
    assert_eq!(app.post_event("event=IncomingCall&call_id=bare-2").xml(), "<Response><Hangup/></Response>");
}

#[test]
fn a_raw_plus_in_a_form_is_a_plus() {
    let app = TestApp::start();
    app.create_route(&queue(1, json!({"to": ["+4922129191999"], "from": ["+41*"]})));
    let body = "event=IncomingCall&call_id=a&from=+41442681800&to=+4922129191999";
    assert!(app.post_event(body).xml().contains("queue_id=\"1\""));
    assert_eq!(app.call("a").ok()["from"], "+41442681800");
}

#[test]
fn hours_decide_whether_a_route_takes_part() {
    let app = TestApp::start();
    // No moment is within the first, every one within the second.
    app.create_route(&queue(1, json!({"hours": "2009 Jan 01 00:00-24:00"})));
    app.create_route(&queue(2, json!({"hours": "Mo-Su 00:00-24:00", "to": [LINE]})));
    app.create_route(&queue(3, json!({"hours": null})));
    assert_eq!(answer(&app, "a", CALLER, LINE), "2");
    assert_eq!(answer(&app, "b", CALLER, "23"), "3");
}

#[test]
fn with_ten_thousand_routes_each_call_finds_its_own() {
    let app = TestApp::start();
    let first = app.create_route(&queue(0, json!({"to": ["0221100000"]})));
    assert_eq!(first.status, 201);
    // As many clones of it as a large customer has numbers, put there as an import would.
    let like_it = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9999) \
        insert into routes (version, position, enabled, name, definition) \
        select 1, 10 + i, true, 'Route ' || i, replace(replace((select definition from routes), '0221100000', '0221' || (100000 + i)), '\"id\":\"0\"', '\"id\":\"' || i || '\"') from n";
    app.database.execute(like_it);
    let app = app.restart(&[]);
    let routes = app.routes().ok();
    assert_eq!(routes["items"].as_array().unwrap().len(), 10_000);
    for number in [0, 1, 17, 4_999, 9_998, 9_999] {
        let to = format!("+49221{}", 100_000 + number);
        assert_eq!(answer(&app, &format!("call-{number}"), CALLER, &to), number.to_string());
    }
    assert_eq!(answer(&app, "none", CALLER, "+49221110000"), "");
    let last = app.create_route(&queue(10_000, json!({"to": ["0221110000"]})));
    assert_eq!(last.status, 201);
    assert_eq!(answer(&app, "new", CALLER, "+49221110000"), "10000");
}
