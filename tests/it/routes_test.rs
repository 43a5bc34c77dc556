//! Tests of the trial of one call, and of warnings about what is probably not meant in a table of routes.

use serde_json::{Value, json};

use crate::helpers::{Answer, Answers, CALLER, LINE, TestApp, incoming};

const EMPTY: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>";
/// Monday and Sunday, 11:00 in Berlin.
const MONDAY: &str = "2026-11-23T11:00:00+01:00";
const SUNDAY: &str = "2026-11-22T10:00:00Z";

fn route(name: &str, more: Value) -> Value {
    let mut route = json!({"name": name, "reply": {"action": "queue", "id": name}});
    route.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    route
}

fn test(app: &TestApp, body: &Value) -> Answer {
    app.request("POST", "/api/v1/routes/test").json(body).send()
}

fn page(app: &TestApp, query: &str, lang: &str) -> Answer {
    let request = app.request("GET", &format!("/routes/test?{query}")).header("Accept", "text/html");
    request.header("Accept-Language", lang).send()
}

/// Office hours for the line, a route that is off, one for another number, one for some callers, and the rest.
fn with_routes() -> (TestApp, Vec<Value>) {
    let app = TestApp::start();
    let routes = [
        route("off", json!({"enabled": false})),
        route("other", json!({"to": ["23"]})),
        route("berlin", json!({"from": ["030*"], "to": [LINE], "hours": "Sa"})),
        route("office", json!({"to": ["0221*"], "hours": "Mo-Fr 09:00-17:00; PH off"})),
        route("zurich", json!({"from": ["+41*"]})),
        route("rest", json!({"reply": {"action": "reject", "reason": "busy"}})),
    ];
    let ids = routes.iter().map(|route| app.create_route(route).json()["id"].clone()).collect();
    (app, ids)
}

#[test]
fn a_call_is_answered_as_it_would_be_and_nothing_is_stored() {
    let (app, ids) = with_routes();
    let monday = test(&app, &json!({"from": CALLER, "to": LINE, "at": MONDAY})).ok();
    assert_eq!((&monday["route_id"], &monday["route_name"]), (&ids[3], &json!("office")));
    let xml =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response><Queue queue_id=\"office\" id=\"office\"/></Response>";
    assert_eq!(monday["xml"], xml);
    assert_eq!(monday["at"], "2026-11-23T10:00:00.000Z");
    let why = |answer: &Value| -> Vec<(Value, String, Value)> {
        let passed = answer["why"].as_array().unwrap().iter();
        passed
            .map(|p| (p["route_id"].clone(), p["reason"].as_str().unwrap().to_owned(), p["opens_at"].clone()))
            .collect()
    };
    let reason = |place: usize, reason: &str| (ids[place].clone(), reason.to_owned(), Value::Null);
    let opens = |place: usize, at: &str| (ids[place].clone(), "hours".to_owned(), json!(at));
    // Saturday begins at midnight in Berlin.
    let saturday = opens(2, "2026-11-27T23:00:00.000Z");
    assert_eq!(why(&monday), [reason(0, "off"), reason(1, "to"), saturday]);

    let sunday = test(&app, &json!({"from": "0041442681800", "to": "+4922129191999", "at": SUNDAY})).ok();
    assert_eq!(sunday["route_name"], "zurich");
    let office = opens(3, "2026-11-23T08:00:00.000Z");
    assert_eq!(why(&sunday), [reason(0, "off"), reason(1, "to"), reason(2, "from"), office]);

    let rest = test(&app, &json!({"from": "anonymous", "to": "24", "at": MONDAY})).ok();
    assert_eq!(rest["route_name"], "rest");
    assert!(rest["xml"].as_str().unwrap().contains("<Reject reason=\"busy\"/>"));
    let all: Vec<_> = why(&rest).into_iter().map(|(_, reason, _)| reason).collect();
    assert_eq!(all, ["off", "to", "to", "to", "from"]);

    app.delete_route(&ids[5]);
    let none = test(&app, &json!({"from": "anonymous", "to": "24", "at": MONDAY})).ok();
    assert_eq!((&none["route_id"], &none["route_name"], &none["xml"]), (&Value::Null, &Value::Null, &json!(EMPTY)));
    assert_eq!(app.database.count("from calls") + app.database.count("from decisions"), 0);
}

#[test]
fn without_a_time_it_is_now_and_the_answer_is_that_to_a_call() {
    let (app, _) = with_routes();
    for (number, (from, to)) in [(CALLER, LINE), ("anonymous", LINE), ("+41442681800", "23")].into_iter().enumerate() {
        let tested = test(&app, &json!({"from": from, "to": to})).ok();
        let given = app.post_event(incoming(&format!("call-{number}"), from, to));
        assert_eq!(tested["xml"], given.text(), "{from} {to}");
    }
}

#[test]
fn a_table_that_is_not_saved_can_be_tested() {
    let (app, ids) = with_routes();
    let mut routes = app.routes().ok()["items"].clone();
    routes[3]["hours"] = json!("Su");
    let list = routes.as_array_mut().unwrap();
    list.push(route("new", json!({"position": 0})));
    let call = |routes: &Value| json!({"from": CALLER, "to": LINE, "at": SUNDAY, "routes": routes});
    let tested = test(&app, &call(&routes)).ok();
    assert_eq!((&tested["route_id"], &tested["route_name"], &tested["why"]), (&Value::Null, &json!("new"), &json!([])));
    routes.as_array_mut().unwrap().pop();
    let tested = test(&app, &call(&routes)).ok();
    assert_eq!((&tested["route_id"], &tested["route_name"]), (&ids[3], &json!("office")));
    assert_eq!(tested["why"][1]["route_id"], ids[1]);
    assert_eq!(test(&app, &call(&json!([]))).ok()["route_name"], Value::Null);
    assert_eq!(app.routes().ok()["items"].as_array().unwrap().len(), 6);
}

#[test]
fn every_wrong_field_of_a_test_is_named() {
    let app = TestApp::start();
    let good = json!({"name": "x", "reply": {"action": "hangup"}});
    for (body, expected) in [
        (json!({}), &["from", "to"][..]),
        (json!({"from": "", "to": 5}), &["from", "to"]),
        (json!({"from": "a\nb", "to": "x".repeat(1000)}), &["from", "to"]),
        (json!({"from": CALLER, "to": LINE, "at": "yesterday"}), &["at"]),
        (json!({"from": CALLER, "to": LINE, "at": 5}), &["at"]),
        (json!({"from": CALLER, "to": LINE, "At": MONDAY}), &["At"]),
        (json!({"from": CALLER, "to": LINE, "routes": 5}), &["routes"]),
        (json!({"from": CALLER, "to": LINE, "routes": vec![&good; 20_001]}), &["routes"]),
        (
            json!({"to": LINE, "at": "", "routes": [good, {"name": "", "hours": "Mon", "reply": {"action": "hangup"}}, 5]}),
            &["from", "at", "routes[1].name", "routes[1].hours", "routes[2]"],
        ),
    ] {
        assert_eq!(test(&app, &body).wrong_fields(), expected, "{body}");
    }
    test(&app, &json!({"from": CALLER, "to": LINE, "routes": vec![&good; 20_000]})).ok();
    test(&app, &json!([])).problem(400);
    app.request("POST", "/api/v1/routes/test").form("from=1&to=2").send().problem(415);
    app.get("/api/v1/routes/test").problem(405);
}

#[test]
fn the_page_says_who_answers_and_why_not_the_others() {
    let (app, _) = with_routes();
    let empty = page(&app, "", "de");
    assert_eq!(empty.status, 200);
    assert!(!empty.text().contains("class=\"reasons\""));
    let asked = format!("to={LINE}&from={CALLER}&at=2026-11-23T11:00");
    let german = page(&app, &asked, "de");
    assert_eq!(german.status, 200);
    for text in [
        "Es antwortet: office",
        "off</a> ist ausgeschaltet",
        "other</a> ist für andere angerufene Nummern",
        "berlin</a> ist dann geschlossen; öffnet wieder Sa 28.11.2026 00:00",
        "&#60;Queue queue_id=&#34;office&#34;",
        "value=\"2026-11-23T11:00\"",
    ] {
        assert!(german.text().contains(text), "{text}: {}", german.text());
    }
    let english = page(&app, &asked, "en");
    assert!(english.text().contains("is closed then; opens again Sat 2026-11-28 00:00"), "{}", english.text());
    // An empty time is now.
    assert_eq!(page(&app, &format!("to={LINE}&from={CALLER}&at="), "en").status, 200);
}

#[test]
fn bad_input_on_the_page_is_told_beside_its_field() {
    let (app, _) = with_routes();
    for (query, wrong) in [
        ("to=&from=&at=", &["to", "from"][..]),
        ("to=23&from=a%00b&at=", &["from"]),
        ("to=23&from=24&at=noon", &["at"]),
        ("to=23&from=24&at=99999-01-01T00:00", &["at"]),
    ] {
        let answer = page(&app, query, "de");
        assert_eq!(answer.status, 400, "{query}");
        for field in ["to", "from", "at"] {
            let is_told = answer.text().contains(&format!("id=\"{field}-wrong\""));
            assert_eq!(is_told, wrong.contains(&field), "{query} {field}");
        }
    }
}

fn kinds(app: &TestApp) -> Vec<String> {
    let warnings = app.get("/api/v1/routes/warnings").ok();
    assert_eq!(warnings["unchecked"], json!([]));
    warnings["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn warnings_come_and_go_with_the_table() {
    let app = TestApp::start();
    assert_eq!(kinds(&app), [""; 0]);
    // Its hours are long over.
    let line = app.create_route(&route("line", json!({"to": [LINE], "hours": "2009 Jan 1"}))).json();
    assert_eq!(kinds(&app), ["no_last_resort", "never_opens", "uncovered"]);
    let items = app.get("/api/v1/routes/warnings").ok()["items"].clone();
    assert_eq!(items[1]["route"], json!({"id": line["id"], "name": "line"}));
    assert_eq!(items[2]["numbers"], json!([LINE]));
    let gaps = items[2]["gaps"].as_array().unwrap();
    assert_eq!((gaps.len(), &gaps[0]["end"]), (1, &Value::Null));

    app.put_route(&line["id"], &route("line", json!({"to": [LINE]}))).ok();
    assert_eq!(kinds(&app), ["no_last_resort"]);
    let rest = app.create_route(&route("rest", json!({}))).json();
    assert_eq!(kinds(&app), [""; 0]);
    let late = app.create_route(&route("late", json!({"to": ["0221 29191999"]}))).json();
    assert_eq!(kinds(&app), ["never_matches"]);
    let items = app.get("/api/v1/routes/warnings").ok()["items"].clone();
    assert_eq!((&items[0]["route"]["id"], &items[0]["by"]["id"]), (&late["id"], &line["id"]));

    let list = app.request("GET", "/routes").header("Accept", "text/html").header("Accept-Language", "de").send();
    let link = |route: &Value| format!("<a href=\"/routes/{}\">{}</a>", route["id"], route["name"].as_str().unwrap());
    let sentence = format!("{} passt nie: Alle ihre Anrufe beantwortet schon {}.", link(&late), link(&line));
    assert!(list.text().contains(&sentence), "{}", list.text());
    // In the editor only what concerns the route.
    for (route, is_warned) in [(&late, true), (&line, false), (&rest, false)] {
        let page = app.request("GET", &format!("/routes/{}", route["id"])).header("Accept", "text/html").send();
        assert_eq!(page.text().contains("never matches"), is_warned, "{}", route["name"]);
    }
}
