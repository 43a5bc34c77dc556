//! Tests of shared lists and schedules wherever the table of routes is used: history, test box, replay, warnings.

use serde_json::{Value, json};

use crate::helpers::{Answer, Answers, CALLER, LINE, TestApp, form, incoming};

fn put(app: &TestApp, path: &str, body: &Value) -> Answer {
    app.request("PUT", &format!("/api/v1/{path}")).json(body).send()
}

fn delete(app: &TestApp, path: &str) -> Answer {
    app.request("DELETE", &format!("/api/v1/{path}")).send()
}

/// One route that names a list and a schedule, both there.
fn with_route(app: &TestApp) -> Value {
    put(app, "lists/VIP", &json!({"numbers": [CALLER]})).created();
    put(app, "schedules/office", &json!({"hours": "24/7"})).created();
    let route = json!({"name": "VIP", "from": ["@vip"], "hours": "@office", "reply": {"action": "queue", "id": "1"}});
    app.create_route(&route).json()["id"].clone()
}

trait Created {
    fn created(self) -> Value;
}

impl Created for Answer {
    #[track_caller]
    fn created(self) -> Value {
        assert_eq!(self.status, 201, "{self}");
        self.json()
    }
}

fn newest_revision(app: &TestApp) -> Value {
    app.get("/api/v1/routes/revisions").ok()["items"][0]["id"].clone()
}

fn is_answered(app: &TestApp, call: &str, from: &str) -> bool {
    app.post_event(incoming(call, from, LINE)).xml().contains("Queue")
}

#[test]
fn an_earlier_table_comes_back_only_with_what_it_names() {
    let app = TestApp::start();
    let id = with_route(&app);
    let then = newest_revision(&app);
    app.delete_route(&id);
    assert_eq!((delete(&app, "lists/vip").status, delete(&app, "schedules/office").status), (204, 204));
    let before = newest_revision(&app);

    let refused = app.restore(&then);
    refused.problem(409);
    for named in ["@vip", "@office"] {
        assert!(refused.text().contains(named), "{refused}");
    }
    let path = format!("/routes/history/{then}/restore");
    for (lang, said) in [("en", "Not restored"), ("de", "Nicht wiederhergestellt")] {
        let shown = app.request("POST", &path).header("Accept-Language", lang).form("").send();
        assert_eq!(shown.status, 409);
        assert!(shown.text().contains(said) && shown.text().contains("@office"), "{shown}");
    }
    // Nothing was changed by that.
    assert_eq!((newest_revision(&app), app.routes().ok()), (before, json!({"items": []})));

    // Made again, they are as they are now: what a table says is who is meant, a list says who that is.
    put(&app, "lists/vip", &json!({"numbers": ["040123456"]})).created();
    app.restore(&then).problem(409);
    put(&app, "schedules/Office", &json!({})).created();
    let restored = app.restore(&then).ok();
    assert_eq!(restored["items"][0]["id"], id);
    assert!(!is_answered(&app, "c1", CALLER) && is_answered(&app, "c2", "040123456"));
    delete(&app, "lists/vip").problem(409);
}

#[test]
fn a_change_of_a_list_is_none_of_the_routes_and_their_revisions_stay() {
    let app = TestApp::start();
    let id = with_route(&app);
    let revision = newest_revision(&app);
    put(&app, "lists/vip", &json!({"numbers": ["040123456"]})).ok();
    assert!(is_answered(&app, "c1", "040123456"));
    assert_eq!(newest_revision(&app), revision);
    assert_eq!(app.call("c1").ok()["decision"]["revision"], revision);
    // The route is the same one, but the table is another: whoever sends the whole of it is told.
    let routes = app.routes();
    let (etag, items) = (routes.header("etag").unwrap().to_owned(), routes.ok());
    put(&app, "lists/vip", &json!({"numbers": []})).ok();
    let table = app.request("PUT", "/api/v1/routes").header("If-Match", &etag).json(&items).send();
    table.problem(412);
    let version = items["items"][0]["version"].to_string();
    let route = app.request("PUT", &format!("/api/v1/routes/{id}")).header("If-Match", &version);
    assert_eq!(route.json(&items["items"][0]).send().status, 200);
}

#[test]
fn a_table_that_names_what_there_is_not_is_not_taken() {
    let app = TestApp::start();
    with_route(&app);
    let mut items = app.routes().ok();
    items["items"][0]["to"] = json!(["@gone"]);
    let refused = put(&app, "routes", &items);
    assert_eq!(refused.wrong_fields(), ["items[0].to[0]"]);
    let body = json!({"from": CALLER, "to": LINE, "routes": items["items"]});
    let tested = app.request("POST", "/api/v1/routes/test").json(&body).send();
    assert_eq!(tested.wrong_fields(), ["routes[0].to[0]"]);
    let posted = app.request("POST", "/routes").form(form(&[
        ("name", "x"),
        ("from", "23\n@gone"),
        ("action", "hangup"),
        ("hours.kind", "schedule"),
        ("hours.schedule", "gone"),
    ]));
    let posted = posted.send();
    assert_eq!(posted.status, 400);
    assert!(posted.text().contains("href=\"#from\"") && posted.text().contains("href=\"#hours.schedule\""), "{posted}");
}

#[test]
fn the_test_box_says_on_which_list_a_caller_is_not_and_until_when_it_is_closed() {
    let app = TestApp::start();
    with_route(&app);
    let test = |body: Value| app.request("POST", "/api/v1/routes/test").json(&body).send().ok();
    let tested = test(json!({"from": "040123456", "to": LINE}));
    assert_eq!((&tested["route_id"], &tested["why"][0]["reason"]), (&Value::Null, &json!("from")));
    assert_eq!(tested["why"][0]["detail"], "is for other callers: this one is not on list VIP");
    let page = format!("/routes/test?to={LINE}&from=040123456&at=");
    let page = app.request("GET", &page).header("Accept-Language", "de").send();
    assert!(page.text().contains("dieser steht nicht auf der Liste VIP"), "{page}");

    let until = (chrono::Utc::now() + chrono::Duration::hours(2)).timestamp_millis();
    let until = chrono::DateTime::from_timestamp_millis(until).unwrap();
    let told = put(&app, "closed", &json!({"until": until.to_rfc3339()})).ok()["until"].clone();
    let why = test(json!({"from": CALLER, "to": LINE}))["why"][0].clone();
    assert_eq!((&why["reason"], &why["opens_at"]), (&json!("closed"), &told));
    // At a time after it, and for a table that is tried, it counts, too.
    let later = (until + chrono::Duration::minutes(1)).to_rfc3339();
    assert_eq!(test(json!({"from": CALLER, "to": LINE, "at": later}))["route_name"], "VIP");
    let shut = json!([{"name": "Shut", "hours": "not @office", "reply": {"action": "hangup"}}]);
    assert_eq!(test(json!({"from": CALLER, "to": LINE, "routes": shut}))["route_name"], "Shut");
}

#[test]
fn past_calls_are_decided_again_by_lists() {
    let app = TestApp::start();
    with_route(&app);
    for (call, from) in [("c1", CALLER), ("c2", "040123456"), ("c3", "040123456")] {
        app.post_event(incoming(call, from, LINE)).xml();
    }
    let now = chrono::Utc::now().date_naive();
    let (start, end) = (now - chrono::Days::new(1), now + chrono::Days::new(1));
    let replayed = |from: Value| {
        let routes =
            json!([{"name": "VIP", "from": from, "hours": "@office", "reply": {"action": "queue", "id": "1"}}]);
        let body = json!({"start": start, "end": end, "routes": routes});
        app.request("POST", "/api/v1/routes/replay").json(&body).send().ok()["changed"].clone()
    };
    assert_eq!(replayed(json!(["@Vip"])), 0);
    assert_eq!(replayed(json!([])), 2);
    put(&app, "lists/all", &json!({"numbers": ["040*", CALLER]})).created();
    assert_eq!(replayed(json!(["@all"])), 2);
}

#[test]
fn warnings_know_lists_schedules_and_the_switch() {
    let app = TestApp::start();
    with_route(&app);
    let kinds = || {
        let items = app.get("/api/v1/routes/warnings").ok()["items"].clone();
        let kinds = items.as_array().unwrap().iter().map(|warning| warning["kind"].as_str().unwrap().to_owned());
        kinds.collect::<Vec<_>>()
    };
    assert_eq!(kinds(), ["no_last_resort"]);
    put(&app, "lists/vip", &json!({"numbers": []})).ok();
    assert_eq!(kinds(), ["no_last_resort", "for_nobody"]);
    put(&app, "lists/vip", &json!({"numbers": ["*"]})).ok();
    assert_eq!(kinds(), ["no_last_resort"]);
    let until = (chrono::Utc::now() + chrono::Duration::hours(2)).to_rfc3339();
    put(&app, "closed", &json!({"until": until})).ok();
    assert_eq!(kinds(), ["no_last_resort", "uncovered"]);
    app.create_route(&json!({"name": "Else", "hours": "not @office", "reply": {"action": "hangup"}}));
    assert_eq!(kinds(), Vec::<String>::new());
    put(&app, "lists/vip", &json!({"numbers": []})).ok();
    let page = app.request("GET", "/routes").header("Accept-Language", "en").send();
    assert!(page.text().contains("the lists that it names are empty"), "{page}");
}
