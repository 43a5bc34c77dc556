//! Tests of replacing the whole table of routes in one request.

use serde_json::{Value, json};

use crate::helpers::{Answers, CALLER, LINE, TestApp, incoming, times};

fn hanging_up(name: &str) -> Value {
    json!({"name": name, "reply": {"action": "hangup"}})
}

fn put(app: &TestApp, version: &str, items: &Value) -> crate::helpers::Answer {
    app.request("PUT", "/api/v1/routes").header("If-Match", version).json(&json!({"items": items})).send()
}

fn version(app: &TestApp) -> String {
    app.routes().header("etag").unwrap().to_owned()
}

#[test]
fn known_routes_keep_their_ids_and_all_else_is_replaced() {
    let app = TestApp::start();
    let [a, b, c] = ["A", "B", "C"].map(|name| app.create_route(&hanging_up(name)).json());
    let mut first = c.clone();
    first["position"] = json!(5);
    let busy = json!({"id": 4711, "name": "new", "position": 1, "reply": {"action": "reject", "reason": "busy"}});
    let replaced = app.replace_routes(&json!([busy, first, a]));
    let etag = replaced.header("etag").unwrap().to_owned();
    let table = replaced.ok();
    let items = table["items"].as_array().unwrap();
    assert_eq!(items.iter().map(|route| route["name"].as_str().unwrap()).collect::<Vec<_>>(), ["new", "C", "A"]);
    assert_eq!((&items[1]["id"], &items[2]["id"]), (&c["id"], &a["id"]));
    let new = &items[0]["id"];
    assert!(new != &json!(4711) && ![&a["id"], &b["id"], &c["id"]].contains(&new), "{new}");
    // What stays as it is keeps its version, so that nobody who edits it is told of a conflict.
    assert_eq!(items[2], a);
    assert!(items[1]["version"].as_i64() > c["version"].as_i64(), "{table}");
    assert_eq!(app.routes().ok(), table);
    assert_eq!(version(&app), etag);
    app.route(&b["id"]).problem(404);
    let given = app.post_event(incoming("one", CALLER, LINE));
    assert_eq!(given.xml(), "<Response><Reject reason=\"busy\"/></Response>");
    let revisions = app.get("/api/v1/routes/revisions").ok();
    assert_eq!(revisions["items"][0]["summary"], "replaced all routes: 1 added, 1 changed, 1 removed");
    assert_eq!(app.replace_routes(&json!([])).ok(), json!({"items": []}));
}

#[test]
fn without_positions_the_order_of_the_list_counts() {
    let app = TestApp::start();
    let late = json!({"name": "late", "position": 100, "reply": {"action": "hangup"}});
    let table = app.replace_routes(&json!([hanging_up("B"), hanging_up("A"), late, hanging_up("last")])).ok();
    let items = table["items"].as_array().unwrap();
    let order: Vec<_> =
        items.iter().map(|route| (route["name"].as_str().unwrap(), route["position"].clone())).collect();
    assert_eq!(order, [("B", json!(10)), ("A", json!(20)), ("late", json!(100)), ("last", json!(110))]);
    // Sent back as shown, nothing changes.
    assert_eq!(app.replace_routes(&table["items"]).ok(), table);
}

#[test]
fn whoever_has_seen_an_older_table_is_told() {
    let app = TestApp::start();
    app.create_route(&hanging_up("A"));
    let seen = version(&app);
    app.create_route(&hanging_up("B"));
    put(&app, &seen, &json!([])).problem(412);
    assert_eq!(app.routes().ok()["items"].as_array().unwrap().len(), 2);
    assert_eq!(put(&app, "x", &json!([])).wrong_fields(), ["If-Match"]);
    let now = version(&app);
    let replaced = put(&app, &now, &json!([hanging_up("C")]));
    assert_eq!(replaced.status, 200, "{replaced}");
    put(&app, &now, &json!([hanging_up("C")])).problem(412);
    assert_eq!(put(&app, "*", &json!([])).status, 200);
}

#[test]
fn every_wrong_field_is_named_and_nothing_is_half_saved() {
    let app = TestApp::start();
    let a = app.create_route(&hanging_up("A")).json();
    let before = (app.routes().ok(), version(&app));
    let mut bad_hours = hanging_up("x");
    bad_hours["hours"] = json!("Mo-Fr 9-17");
    let bad_id = json!({"id": "x", "name": "y", "reply": {"action": "hangup"}});
    let wrong = app.replace_routes(&json!([a, hanging_up(""), 5, bad_hours, a, bad_id]));
    assert_eq!(wrong.wrong_fields(), ["items[1].name", "items[2]", "items[3].hours", "items[4].id", "items[5].id"]);
    let body = |value: Value| app.request("PUT", "/api/v1/routes").json(&value).send().wrong_fields();
    assert_eq!(body(json!({})), ["items"]);
    assert_eq!(body(json!({"items": {}, "x": 1})), ["x", "items"]);
    assert_eq!(body(json!([])), [""]);
    let many: Vec<_> = (0..10_001).map(|n| hanging_up(&n.to_string())).collect();
    assert_eq!(body(json!({"items": many})), ["items"]);
    assert_eq!(app.request("PUT", "/api/v1/routes").form("x=1").send().status, 415);
    assert_eq!((app.routes().ok(), version(&app)), before);
}

#[test]
fn ten_thousand_routes_are_replaced_at_once() {
    let app = TestApp::start();
    let most: Vec<_> = (0..10_000).map(|n| hanging_up(&n.to_string())).collect();
    assert_eq!(app.replace_routes(&json!(most)).status, 200);
    // More than one statement can change.
    let count = times(2_000).min(10_000);
    let items: Vec<_> = (0..count)
        .map(|n| json!({"name": n.to_string(), "to": [format!("0221{n:06}")], "reply": {"action": "hangup"}}))
        .collect();
    let mut table = app.replace_routes(&json!(items)).ok();
    let list = table["items"].as_array_mut().unwrap();
    assert!((0..).zip(list.iter()).all(|(n, route)| route["name"] == json!(n.to_string())));
    let ids: std::collections::BTreeSet<i64> = list.iter().map(|route| route["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), count);
    list.reverse();
    (1..).zip(list.iter_mut()).for_each(|(place, route)| route["position"] = json!(place));
    let reversed = app.replace_routes(&table["items"]).ok();
    let last = count - 1;
    assert_eq!(
        (&reversed["items"][0]["name"], &reversed["items"][last]["name"]),
        (&json!(last.to_string()), &json!("0"))
    );
    let revisions = app.get("/api/v1/routes/revisions").ok();
    assert_eq!(revisions["items"][0]["summary"], format!("replaced all routes: {count} changed"));
    app.restore(&revisions["items"][1]["id"]).ok();
    assert_eq!(app.routes().ok()["items"][0]["name"], "0");
}
