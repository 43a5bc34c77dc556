//! Tests of the revisions of routes: every change can be seen and reverted.

use fernamt::accounts::action::{Actor, Entry, Subject, Verb};
use fernamt::store::{Db, routes};
use serde_json::{Value, json};

use crate::database::runtime;
use crate::helpers::{Answers, CALLER, LINE, TestApp, incoming, times};

fn rejecting(name: &str) -> Value {
    json!({"name": name, "reply": {"action": "reject", "reason": "busy"}})
}

fn hanging_up(name: &str) -> Value {
    json!({"name": name, "reply": {"action": "hangup"}})
}

fn revisions(app: &TestApp) -> Vec<Value> {
    app.get("/api/v1/routes/revisions").ok()["items"].as_array().unwrap().clone()
}

fn summaries(app: &TestApp) -> Vec<String> {
    revisions(app).iter().map(|revision| revision["summary"].as_str().unwrap().to_owned()).collect()
}

fn names(table: &Value) -> Vec<String> {
    table["items"].as_array().unwrap().iter().map(|route| route["name"].as_str().unwrap().to_owned()).collect()
}

fn answer(app: &TestApp, call_id: &str) -> String {
    app.post_event(incoming(call_id, CALLER, LINE)).xml().to_owned()
}

/// Six changes: the names of the table after each are `AFTER`.
fn six_changes(app: &TestApp) -> (Value, Value) {
    let a = app.create_route(&rejecting("A")).json()["id"].clone();
    let b = app.create_route(&hanging_up("B")).json()["id"].clone();
    app.request("POST", &format!("/routes/{b}/move")).form("way=up").send();
    app.request("POST", &format!("/routes/{a}/enabled")).form("enabled=false").send();
    app.put_route(&b, &json!({"name": "B2", "to": ["23"], "reply": {"action": "hangup"}})).ok();
    assert_eq!(app.delete_route(&a).status, 204);
    (a, b)
}

const SUMMARIES: [&str; 6] = ["removed A", "changed B2", "switched A off", "moved B up", "added B", "added A"];
const AFTER: [&[&str]; 6] = [&["A"], &["A", "B"], &["B", "A"], &["B", "A"], &["B2", "A"], &["B2"]];

#[test]
fn every_change_is_kept_with_the_table_that_it_made() {
    let app = TestApp::start();
    assert_eq!(revisions(&app), Vec::<Value>::new());
    let (a, b) = six_changes(&app);
    assert_eq!(summaries(&app), SUMMARIES);
    let mut found = revisions(&app);
    found.reverse();
    for (revision, after) in found.iter().zip(AFTER) {
        assert_eq!(revision["changed_by"], Value::Null);
        assert!(revision["changed_at"].as_str().unwrap().ends_with('Z'), "{revision}");
        assert_eq!(names(&app.revision(&revision["id"]).ok()), after, "{revision}");
    }
    let difference = |place: usize| app.revision(&found[place]["id"]).ok()["difference"].clone();
    assert_eq!(difference(0)["added"][0]["name"], "A");
    // Moving changes two positions, in what order whatever.
    assert_eq!(difference(2)["changed"].as_array().unwrap().len(), 2);
    assert_eq!(
        difference(3)["changed"],
        json!([{"id": a, "name": "A", "fields": {"enabled": {"before": true, "after": false}}}])
    );
    assert_eq!(
        difference(4)["changed"],
        json!([{"id": b, "name": "B2", "fields": {
            "name": {"before": "B", "after": "B2"}, "to": {"before": [], "after": ["23"]}}}])
    );
    let last = difference(5);
    assert_eq!((&last["removed"][0]["id"], &last["added"], &last["changed"]), (&a, &json!([]), &json!([])));
}

#[test]
fn the_history_comes_in_pages() {
    let app = TestApp::start();
    six_changes(&app);
    let (mut seen, mut query) = (Vec::new(), "limit=4".to_owned());
    loop {
        let page = app.get(&format!("/api/v1/routes/revisions?{query}")).ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["summary"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        query = format!("limit=4&cursor={cursor}");
    }
    assert_eq!(seen, SUMMARIES);
    assert_eq!(app.get("/api/v1/routes/revisions?limit=0").wrong_fields(), ["limit"]);
    assert_eq!(app.get("/api/v1/routes/revisions?cursor=x").wrong_fields(), ["cursor"]);
    app.get("/api/v1/routes/revisions/999").problem(404);
    app.get("/api/v1/routes/revisions/x").problem(404);
    app.restore(&json!(999)).problem(404);
}

#[test]
fn an_earlier_table_can_be_had_back_with_the_ids_of_its_routes() {
    let app = TestApp::start();
    let (a, b) = six_changes(&app);
    assert_eq!(answer(&app, "one"), "<Response/>");
    let second = revisions(&app)[4]["id"].clone();
    let restored = app.restore(&second);
    let etag = restored.header("etag").unwrap().to_owned();
    let then = restored.ok();
    assert_eq!(names(&then), ["A", "B"]);
    assert_eq!((&then["items"][0]["id"], &then["items"][1]["id"]), (&a, &b));
    assert_eq!(then, app.routes().ok());
    assert_eq!(app.routes().header("etag"), Some(etag.as_str()));
    assert_eq!(answer(&app, "two"), "<Response><Reject reason=\"busy\"/></Response>");
    let newest = revisions(&app)[0].clone();
    assert_eq!(newest["summary"], format!("restored revision {second}: 1 added, 1 changed"));
    assert_eq!(app.revision(&newest["id"]).ok()["items"], then["items"]);
    // The way back is a restore, too; new ids are new for good.
    app.restore(&revisions(&app)[1]["id"]).ok();
    assert_eq!(names(&app.routes().ok()), ["B2"]);
    let new = app.create_route(&rejecting("C")).json()["id"].clone();
    assert!(new != a && new != b, "{new}");
}

#[test]
fn what_changed_nothing_and_what_failed_is_no_revision() {
    let app = TestApp::start();
    let (a, b) = six_changes(&app);
    let before = summaries(&app);
    app.delete_route(&a).problem(404);
    app.put_route(&b, &json!({"name": ""})).problem(400);
    let old = app.request("PUT", &format!("/api/v1/routes/{b}")).header("If-Match", "\"1\"");
    old.json(&hanging_up("B")).send().problem(412);
    app.request("POST", &format!("/routes/{b}/move")).form("way=up").send();
    assert_eq!(app.request("POST", &format!("/routes/{a}/enabled")).form("enabled=true").send().status, 404);
    assert_eq!(summaries(&app), before);
}

#[test]
fn a_table_from_before_the_history_is_its_beginning() {
    let app = TestApp::start();
    six_changes(&app);
    app.database.execute("delete from route_revisions");
    app.create_route(&rejecting("C"));
    assert_eq!(summaries(&app), ["added C", "as it was when the history began"]);
    let began = app.revision(&revisions(&app)[1]["id"]).ok();
    assert_eq!(names(&began), ["B2"]);
    assert_eq!(began["difference"]["added"], json!([]));
    app.restore(&began["id"]).ok();
    assert_eq!(names(&app.routes().ok()), ["B2"]);
}

#[test]
fn the_history_of_a_large_table_stays_small() {
    let (count, changes) = (times(2_000).min(10_000), times(400).min(2_000));
    let app = TestApp::start();
    let items: Vec<Value> = (0..count)
        .map(|n| {
            json!({"name": format!("Extension {n} in the office"), "to": [format!("0221{:07}", n * 997)],
                "hours": "Mo-Fr 09:00-17:00; PH off",
                "reply": {"action": "forward", "targets": [{"ringtime": 20, "numbers": [format!("7777{n:05}@fpbx.de")]}]}})
        })
        .collect();
    let table = app.replace_routes(&json!(items)).ok();
    let ids: Vec<i64> = table["items"].as_array().unwrap().iter().map(|route| route["id"].as_i64().unwrap()).collect();
    let url = app.database.url().to_owned();
    runtime().block_on(async {
        let db = Db::open(&url).await.unwrap();
        for change in 0..changes {
            let by = Actor { name: Some("anna".into()), at_ms: change as i64 };
            let id = ids[change * 7 % count];
            let entry = Entry::new(&by, (Subject::Route, Verb::Changed));
            routes::enable_route(&db, id, change % 2 == 1, &entry).await.unwrap();
        }
        db.close().await;
    });
    let bytes = app.database.count_of("sum(length(content) + length(change) + 40)", "from route_revisions");
    let snapshots = app.database.count("from route_revisions where is_snapshot");
    assert!(snapshots >= 1, "{snapshots}");
    // With the whole table in every tenth revision it would be more than twice as much.
    assert!(bytes < 300 * count as i64, "{bytes} bytes, {snapshots} snapshots");
    let newest = revisions(&app)[0].clone();
    let last = table["items"][(changes - 1) * 7 % count]["name"].as_str().unwrap();
    assert_eq!((&newest["changed_by"], &newest["summary"]), (&json!("anna"), &json!(format!("switched {last} on"))));
    let then = app.revision(&newest["id"]).ok();
    assert_eq!(then["items"], app.routes().ok()["items"]);
}

#[test]
fn pages_tell_the_history_and_restore_with_one_click() {
    let app = TestApp::start();
    let page = |path: &str, lang: &str| {
        let answer = app.request("GET", path).header("Accept-Language", lang).send();
        assert_eq!(answer.status, 200, "{answer}");
        answer.text().to_owned()
    };
    assert!(page("/routes/history", "de").contains("Noch wurde nichts geändert"));
    let (_, b) = six_changes(&app);
    let list = page("/routes/history", "de");
    for told in ["„A“ gelöscht", "„A“ ausgeschaltet", "„B“ nach oben verschoben", "„B“ angelegt"] {
        assert!(list.contains(told), "{told}: {list}");
    }
    assert!(page("/routes", "en").contains("href=\"/routes/history\""));
    let changed = revisions(&app)[1]["id"].clone();
    let shown = page(&format!("/routes/history/{changed}"), "en");
    assert!(shown.contains("<del>any number</del>") && shown.contains("<ins>23</ins>"), "{shown}");
    let done = app.request("POST", &format!("/routes/history/{changed}/restore")).form("").send();
    assert_eq!((done.status, done.header("location")), (303, Some("/routes")));
    assert_eq!(names(&app.routes().ok()), ["B2", "A"]);
    assert_eq!(app.routes().ok()["items"][0]["id"], b);
    assert_eq!(app.get("/routes/history/999").status, 404);
    assert_eq!(app.get("/routes/history?cursor=x").status, 400);
    let foreign =
        app.request("POST", &format!("/routes/history/{changed}/restore")).header("Origin", "https://x.example");
    assert_eq!(foreign.form("").send().status, 403);
}

#[test]
fn a_call_tells_by_which_revision_it_was_decided_and_how_fast() {
    let app = TestApp::start();
    answer(&app, "before");
    assert_eq!(app.call("before").ok()["decision"]["revision"], Value::Null);
    let a = app.create_route(&rejecting("A")).json()["id"].clone();
    let first = revisions(&app)[0]["id"].clone();
    answer(&app, "during");
    app.delete_route(&a);
    answer(&app, "after");
    let decision = app.call("during").ok()["decision"].clone();
    assert_eq!((&decision["revision"], &decision["route_id"]), (&first, &a));
    let took_us = decision["took_us"].as_i64().unwrap();
    assert!((0..1_000_000).contains(&took_us), "{took_us}");
    assert_eq!(app.call("after").ok()["decision"]["revision"], revisions(&app)[0]["id"]);
    // A repeated question changes nothing of it.
    answer(&app, "during");
    assert_eq!(app.call("during").ok()["decision"], decision);
    let page = app.get("/calls/during");
    assert!(page.text().contains(&format!("href=\"/routes/history/{first}\"")), "{page}");
    assert!(page.text().contains(&format!("{took_us} µs")), "{page}");
}

#[test]
fn routes_tell_what_became_of_their_calls() {
    let app = TestApp::start();
    app.create_route(&rejecting("A"));
    for (call_id, ending) in [("a", Some("missed")), ("b", Some("accepted")), ("c", Some("accepted")), ("d", None)] {
        answer(&app, call_id);
        if let Some(ending) = ending {
            app.post_event(crate::helpers::hung_up(call_id, ending, 5));
        }
    }
    let page = app.get("/routes");
    assert!(page.text().contains("4 calls · Accepted: 2 · Missed: 1"), "{page}");
    assert!(page.text().contains("calls since the start: 4"), "{page}");
    let id = app.routes().ok()["items"][0]["id"].clone();
    let link = format!("href=\"/calls?period=30d&amp;route={id}\"");
    assert!(page.text().contains(&link), "{page}");
    assert_eq!(app.database.count("from decisions where took_us is not null and revision is not null"), 4);
    app.delete_route(&id);
    app.create_route(&rejecting("B"));
    answer(&app, "e");
    answered_by_a(&app, &id);
}

/// The four calls of the first route, in the log, in figures and in a file.
fn answered_by_a(app: &TestApp, id: &Value) {
    let calls = |query: &str| app.get(&format!("/api/v1/calls?{query}")).ok()["items"].as_array().unwrap().len();
    assert_eq!(calls(&format!("route={id}")), 4);
    assert_eq!(calls(&format!("route={id}&outcome=accepted")), 2);
    assert_eq!((calls(""), calls("route=999")), (5, 0));
    let totals = app.stats(&format!("route={id}&group_by=day")).ok()["totals"].clone();
    assert_eq!((&totals["calls"], &totals["outcomes"]["accepted"]), (&json!(4), &json!(2)));
    assert_eq!(app.get(&format!("/calls.csv?route={id}")).text().lines().count(), 5);
    assert_eq!(app.get("/api/v1/calls?route=A").wrong_fields(), ["route"]);
    let page = app.request("GET", &format!("/calls?route={id}&period=30d")).header("Accept-Language", "en").send();
    assert!(page.text().contains("/calls/a") && !page.text().contains("href=\"/calls/e\""), "{page}");
    // The filter keeps it, and says what it is.
    let hidden = format!("<input type=\"hidden\" name=\"route\" value=\"{id}\">");
    assert!(page.text().contains(&hidden), "{page}");
    assert_eq!(app.get("/?route=1").status, 200);
}
