//! Tests of the OpenAPI document: that it is complete and true.

use std::collections::BTreeMap;

use fernamt::web::routes::FOR_PROGRAMS;
use serde_json::{Value, json};

use crate::helpers::{Answer, Answers, CALLER, LINE, TestApp, accepted, hung_up, incoming};

const METHODS: [&str; 4] = ["get", "post", "put", "delete"];

fn document(app: &TestApp) -> Value {
    app.get("/api/v1/openapi.json").ok()
}

/// Paths and the methods that they have.
fn documented(document: &Value) -> BTreeMap<String, Vec<String>> {
    let paths = document["paths"].as_object().unwrap();
    let methods = |item: &Value| {
        let item = item.as_object().unwrap();
        METHODS.iter().filter(|method| item.contains_key(**method)).map(|method| method.to_uppercase()).collect()
    };
    paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
}

/// The urls of the API with their methods, as the table of urls says.
fn registered() -> BTreeMap<String, Vec<String>> {
    let mut urls: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for endpoint in FOR_PROGRAMS.iter().filter(|endpoint| endpoint.path.starts_with("/api/")) {
        urls.entry(endpoint.path.to_owned()).or_default().push(endpoint.method.to_string());
    }
    urls
}

#[test]
fn every_url_of_the_api_is_described_with_all_its_methods_and_no_other() {
    let mut described = documented(&document(&TestApp::start()));
    described.retain(|path, _| path.starts_with("/api/"));
    assert_eq!(described, registered());
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = document(&TestApp::start());
    let items = document["paths"].as_object().unwrap().values();
    let operations = items.flat_map(|item| item.as_object().unwrap().values());
    let mut seen = std::collections::BTreeSet::new();
    for operation in operations {
        let name = operation["operationId"].as_str().unwrap();
        assert!(seen.insert(name), "{name} twice");
    }
    for name in ["get_calls", "get_calls_call_id", "put_contacts_number", "delete_callbacks_party_done"] {
        assert!(seen.contains(name), "{seen:?}");
    }
}

#[test]
fn what_is_described_is_there() {
    let app = TestApp::start();
    for (path, methods) in documented(&document(&app)) {
        let url = path
            .replace("{id}", "1")
            .replace("{call_id}", "c1")
            .replace("{party}", "+4930123")
            .replace("{number}", "+4930123")
            .replace("{name}", "n1");
        let allowed = app.request("PATCH", &url).send();
        if path.starts_with("/api/") || path == "/placetel" {
            allowed.problem(405);
            let head = if methods.iter().any(|method| method == "GET") { ", HEAD" } else { "" };
            assert_eq!(allowed.header("allow"), Some(format!("{}{head}", methods.join(", ")).as_str()), "{path}");
        } else if path != "/events" {
            assert_eq!(app.get(&url).status, 200, "{path}");
        }
    }
}

/// The schemas of the document, made strict: what is not described must not be there.
struct Schemas(Value);

impl Schemas {
    fn of(app: &TestApp) -> Self {
        let mut document = document(app);
        let mut parts = Vec::new();
        shared(&document, &mut parts);
        let schemas = document["components"]["schemas"].as_object_mut().unwrap();
        for (name, schema) in schemas {
            if schema.get("properties").is_some() && !parts.contains(name) {
                schema["additionalProperties"] = json!(false);
            }
        }
        Self(document)
    }

    /// The schema of an answer, by path, method and status.
    fn answer(&self, path: &str, method: &str, status: u16) -> &Value {
        let responses = &self.0["paths"][path][method]["responses"];
        let status = status.to_string();
        let response = responses.get(&status).unwrap_or(&responses["default"]);
        let content = response["content"].as_object().unwrap_or_else(|| panic!("{method} {path} {status}"));
        &content.values().next().unwrap()["schema"]
    }

    fn errors(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut schema = schema.clone();
        schema["components"] = self.0["components"].clone();
        let validator = jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap();
        validator.iter_errors(value).map(|error| format!("{} {error}", error.instance_path())).collect()
    }

    /// The schema of what is sent.
    fn sent(&self, path: &str, method: &str) -> &Value {
        &self.0["paths"][path][method]["requestBody"]["content"]["application/json"]["schema"]
    }

    /// Checks an answer that may be empty; its status.
    #[track_caller]
    fn check_status(&self, path: &str, method: &str, answer: &Answer) -> u16 {
        let method = method.to_lowercase();
        if answer.status != 204 {
            self.check(path, &method, answer);
        } else {
            let described = &self.0["paths"][path][&method]["responses"]["204"];
            assert!(described.is_object() && described["content"].is_null(), "{method} {path}");
            assert_eq!(answer.text(), "");
        }
        answer.status
    }

    #[track_caller]
    fn check(&self, path: &str, method: &str, answer: &Answer) {
        let errors = self.errors(self.answer(path, method, answer.status), &answer.json());
        assert!(errors.is_empty(), "{method} {path}: {errors:#?}\n{answer}");
    }
}

/// Names of schemas that are parts of others, which add to them.
fn shared(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                names.extend(part["$ref"].as_str().and_then(|target| target.rsplit('/').next()).map(str::to_owned));
            }
            object.values().for_each(|value| shared(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| shared(item, names)),
        _ => {}
    }
}

fn routes() -> [Value; 7] {
    let forward = json!({"action": "forward", "music_on_hold": true, "voicemail": true, "voicemail_announcement": "4",
        "voicemail_as_attachment": false, "forward_announcement": "7684",
        "targets": [{"ringtime": 30, "numbers": ["7777abcdefg@fpbx.de", "022129191999"]}]});
    let route = |name: &str, reply: Value| json!({"name": name, "reply": reply});
    [
        json!({"id": 7, "name": "Office hours", "enabled": true, "position": 10, "to": ["0221*"], "from": [],
            "hours": "Mo-Fr 09:00-17:00", "reply": forward}),
        route("reject", json!({"action": "reject", "reason": "busy"})),
        route("hangup", json!({"action": "hangup"})),
        route("queue", json!({"action": "queue", "id": "123"})),
        route("prompt", json!({"action": "prompt", "id": "123"})),
        route("group", json!({"action": "group", "id": "123", "ringtime": 40})),
        route("plan", json!({"action": "routing_plan", "id": "1", "fallback": {"targets": [{"numbers": ["23"]}]}})),
    ]
}

#[test]
fn answers_are_as_they_are_described() {
    let app = TestApp::start();
    let schemas = Schemas::of(&app);
    let draft = schemas.sent("/api/v1/routes", "post");
    for route in routes() {
        assert_eq!(schemas.errors(draft, &route), [""; 0], "{route}");
        let created = app.create_route(&route);
        schemas.check("/api/v1/routes", "post", &created);
        assert_eq!(schemas.errors(draft, &created.json()), [""; 0], "what is shown may be sent back");
        schemas.check("/api/v1/routes/{id}", "get", &app.route(&created.json()["id"]));
        schemas.check("/api/v1/routes/{id}", "put", &app.put_route(&created.json()["id"], &route));
    }
    schemas.check("/api/v1/routes", "get", &app.routes());
    for body in [
        incoming("c1", CALLER, LINE),
        accepted("c1", "7777anna@fpbx.de"),
        hung_up("c1", "accepted", 0),
        incoming("c2", "anonymous", LINE),
        incoming("c3", "03023125001", LINE),
        hung_up("c3", "missed", 0),
        "event=Sneezed&call_id=c4".to_owned(),
    ] {
        assert_eq!(app.post_event(body).status, 200);
    }
    for call in ["c1", "c2", "c3", "c4"] {
        schemas.check("/api/v1/calls/{call_id}", "get", &app.call(call));
    }
    schemas.check("/api/v1/calls", "get", &app.calls(""));
    schemas.check("/api/v1/calls", "get", &app.calls("limit=1"));
    schemas.check("/api/v1/callbacks", "get", &app.get("/api/v1/callbacks"));
    schemas.check("/api/v1/stats", "get", &app.stats(""));
    for group in ["hour", "day", "week", "month", "weekday_hour", "number", "peer", "party", "route"] {
        schemas.check("/api/v1/stats", "get", &app.stats(&format!("period=today&group_by={group}")));
    }
}

#[test]
fn answers_about_tried_routes_are_as_they_are_described() {
    let app = TestApp::start();
    let schemas = Schemas::of(&app);
    assert_eq!(app.post_event(incoming("c1", CALLER, LINE)).status, 200);
    for route in routes() {
        app.create_route(&route);
    }
    let (test, replay) = ("/api/v1/routes/test", "/api/v1/routes/replay");
    let days = |routes: Value| json!({"start": "2026-01-01", "end": "2027-12-31", "routes": routes});
    for (path, body) in [
        (test, json!({"from": CALLER, "to": "23"})),
        (test, json!({"from": CALLER, "to": "23", "at": "2026-11-22T10:00:00Z", "routes": routes()})),
        (test, json!({"from": CALLER, "to": LINE, "routes": []})),
        (replay, days(json!([]))),
        (replay, days(json!(routes()))),
    ] {
        assert_eq!(schemas.errors(schemas.sent(path, "post"), &body), [""; 0], "{path} {body}");
        let answer = app.request("POST", path).json(&body).send();
        assert_eq!(schemas.check_status(path, "post", &answer), 200, "{path} {body}");
    }
    schemas.check("/api/v1/routes/warnings", "get", &app.get("/api/v1/routes/warnings"));
    for path in [test, replay] {
        let wrong = json!({"routes": [{"name": "x"}]});
        assert_ne!(schemas.errors(schemas.sent(path, "post"), &wrong), [""; 0]);
        let answer = app.request("POST", path).json(&wrong).send();
        assert_eq!(schemas.check_status(path, "post", &answer), 400);
    }
}

#[test]
fn answers_about_callbacks_and_quality_are_as_they_are_described() {
    let app = TestApp::start();
    let schemas = Schemas::of(&app);
    let check_lists = || {
        schemas.check("/api/v1/callbacks", "get", &app.get("/api/v1/callbacks?limit=1"));
        schemas.check("/api/v1/callbacks/report", "get", &app.get("/api/v1/callbacks/report?period=today"));
        schemas.check("/api/v1/quality", "get", &app.get("/api/v1/quality?period=today"));
        schemas.check("/api/v1/quality", "get", &app.get("/api/v1/quality?number=0221%2029191999"));
    };
    check_lists();
    for (call, caller) in [("c1", CALLER), ("c2", "01712345678")] {
        for body in [incoming(call, caller, LINE), hung_up(call, "missed", 0)] {
            assert_eq!(app.post_event(body).status, 200);
        }
    }
    // A call of which nobody knows the line.
    assert_eq!(app.post_event("event=HungUp&call_id=c3&type=missed").status, 200);
    check_lists();
    let done = "/api/v1/callbacks/{party}/done";
    let url = done.replace("{party}", "01712345678");
    let send = |method: &str| app.request(method, &url).send();
    for (method, status) in [("POST", 204), ("DELETE", 204), ("DELETE", 404)] {
        assert_eq!(schemas.check_status(done, method, &send(method)), status, "{method}");
    }
    let wrong = app.get("/api/v1/quality?peer=anna");
    assert_eq!(schemas.check_status("/api/v1/quality", "get", &wrong), 400);
}

#[test]
fn contacts_and_names_are_as_they_are_described() {
    let app = TestApp::start();
    let schemas = Schemas::of(&app);
    let anna = json!({"number": "030 23125000", "name": "Anna Kern", "company": "Kern GmbH"});
    let bau = json!({"number": "+41442681800", "company": "Bau"});
    let contacts = json!({"items": [anna, bau]});
    for method in ["post", "put"] {
        assert_eq!(schemas.errors(schemas.sent("/api/v1/contacts", method), &contacts), [""; 0]);
        let answer = app.request(&method.to_uppercase(), "/api/v1/contacts").json(&contacts).send();
        assert_eq!(schemas.check_status("/api/v1/contacts", method, &answer), 200);
    }
    for query in ["", "limit=1", "q=kern"] {
        schemas.check("/api/v1/contacts", "get", &app.get(&format!("/api/v1/contacts?{query}")));
    }
    let one = "/api/v1/contacts/{number}";
    let url = one.replace("{number}", "+493023125000");
    for body in [json!({"name": "Anna"}), json!({"company": "Kern", "name": null}), app.get(&url).ok()] {
        assert_eq!(schemas.errors(schemas.sent(one, "put"), &body), [""; 0]);
        assert_eq!(schemas.check_status(one, "put", &app.request("PUT", &url).json(&body).send()), 200);
    }
    schemas.check(one, "get", &app.get(&url));
    for status in [204, 404] {
        assert_eq!(schemas.check_status(one, "delete", &app.request("DELETE", &url).send()), status);
    }
    let lines = json!([{"number": "0221 29191999", "name": "Zentrale"}, {"number": "23", "name": "Lager"}]);
    for names in [json!({}), json!({"lines": lines, "agents": [{"peer": "7777anna@fpbx.de", "name": "Anna"}]})] {
        assert_eq!(schemas.errors(schemas.sent("/api/v1/names", "put"), &names), [""; 0]);
        let answer = app.request("PUT", "/api/v1/names").json(&names).send();
        assert_eq!(schemas.check_status("/api/v1/names", "put", &answer), 200);
        schemas.check("/api/v1/names", "get", &app.get("/api/v1/names"));
    }
}

#[test]
fn what_is_described_as_unusable_is_not_taken() {
    let app = TestApp::start();
    let schemas = Schemas::of(&app);
    let name = |chars: usize| json!({"number": "030 23125000", "name": "x".repeat(chars)});
    let lines = |item: Value| json!({"lines": [item]});
    for (path, body) in [
        ("/api/v1/contacts", json!({})),
        ("/api/v1/contacts", json!({"items": [{"name": "Anna"}]})),
        ("/api/v1/contacts", json!({"items": [name(0)]})),
        ("/api/v1/contacts", json!({"items": [name(201)]})),
        ("/api/v1/contacts", json!({"items": [], "more": 1})),
        ("/api/v1/names", lines(json!({"number": "23"}))),
        ("/api/v1/names", lines(name(101))),
        ("/api/v1/names", json!({"agents": [{"number": "23", "name": "Anna"}]})),
    ] {
        assert_ne!(schemas.errors(schemas.sent(path, "put"), &body), [""; 0], "{path} {body}");
        let answer = app.request("PUT", path).json(&body).send();
        assert_eq!(schemas.check_status(path, "put", &answer), 400, "{path} {body}");
    }
    let longest = json!({"items": [name(200)]});
    assert_eq!(schemas.errors(schemas.sent("/api/v1/contacts", "put"), &longest), [""; 0]);
    app.request("PUT", "/api/v1/contacts").json(&longest).send().ok();
}

#[test]
fn errors_are_as_they_are_described() {
    let app = TestApp::start();
    let schemas = Schemas::of(&app);
    schemas.check("/api/v1/stats", "get", &app.stats("period=never"));
    schemas.check("/api/v1/calls/{call_id}", "get", &app.call("nobody"));
    schemas.check("/api/v1/routes", "post", &app.create_route(&json!({"name": 1, "reply": {}})));
    schemas.check("/api/v1/routes", "post", &app.request("POST", "/api/v1/routes").form("a=b").send());
    schemas.check("/placetel", "post", &app.post_event("event=HungUp"));
    let id = app.create_route(&routes()[2]).json()["id"].clone();
    let conflict = app.request("PUT", &format!("/api/v1/routes/{id}")).header("If-Match", "\"99\"").json(&routes()[2]);
    let conflict = conflict.send();
    assert_eq!(conflict.status, 412);
    schemas.check("/api/v1/routes/{id}", "put", &conflict);
}

#[test]
fn the_schemas_are_strict_enough_to_see_a_lie() {
    let app = TestApp::start();
    let schemas = Schemas::of(&app);
    let created = app.create_route(&routes()[0]).json();
    let schema = schemas.answer("/api/v1/routes", "post", 201);
    assert_eq!(schemas.errors(schema, &created), [""; 0]);
    for (field, value) in
        [("name", json!(null)), ("position", json!("1")), ("surprise", json!(1)), ("reply", json!({}))]
    {
        let mut lie = created.clone();
        lie[field] = value;
        assert!(!schemas.errors(schema, &lie).is_empty(), "{field}");
    }
    let mut lack = created.clone();
    lack.as_object_mut().unwrap().remove("to");
    assert!(!schemas.errors(schema, &lack).is_empty());
}

/// Every `$ref`.
fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Object(object) => {
            object.get("$ref").and_then(Value::as_str).into_iter().chain(object.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

#[test]
fn every_type_that_is_named_is_described() {
    let document = document(&TestApp::start());
    let references = references(&document);
    assert!(references.len() > 20);
    for reference in references {
        assert!(document.pointer(reference.trim_start_matches('#')).is_some_and(Value::is_object), "{reference}");
    }
}

#[test]
fn the_filter_words_are_those_that_are_read() {
    let app = TestApp::start();
    let document = document(&app);
    for path in ["/api/v1/stats", "/api/v1/calls", "/api/v1/callbacks/report", "/calls.csv"] {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap();
        let names: Vec<&str> = parameters.iter().map(|parameter| parameter["name"].as_str().unwrap()).collect();
        for word in ["start", "end", "period", "direction", "number", "peer", "outcome", "party", "q", "hours", "route"]
        {
            assert!(names.contains(&word), "{path} {word}");
        }
    }
    let schemas = &document["components"]["schemas"];
    for period in schemas["PeriodName"]["enum"].as_array().unwrap() {
        app.stats(&format!("period={}", period.as_str().unwrap())).ok();
    }
    for outcome in schemas["Outcome"]["enum"].as_array().unwrap() {
        app.stats(&format!("outcome={}", outcome.as_str().unwrap())).ok();
    }
    assert_eq!(schemas["PeriodName"]["enum"].as_array().unwrap().len(), 9);
    assert_eq!(schemas["Outcome"]["enum"].as_array().unwrap().len(), 11);
}

#[test]
fn the_page_shows_every_url_and_loads_nothing_from_elsewhere() {
    let app = TestApp::start();
    let page = app.request("GET", "/docs").header("Accept", "text/html").send();
    assert_eq!(page.status, 200);
    for path in documented(&document(&app)).keys() {
        assert!(page.text().contains(&format!("<code>{path}</code>")), "{path}");
    }
    let elsewhere = page.text().lines().filter(|line| line.contains("://")).collect::<Vec<_>>();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
}
