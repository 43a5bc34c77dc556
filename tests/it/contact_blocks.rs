//! Tests of blocks of numbers: one contact for all that begin alike.

use serde_json::json;

use crate::client::Answers;
use crate::helpers::{LINE, TestApp, form, hung_up, incoming};

fn page(app: &TestApp, path: &str) -> String {
    let answer = app.request("GET", path).header("Accept", "text/html").header("Accept-Language", "de").send();
    assert_eq!(answer.status, 200, "{path}: {answer}");
    answer.text().to_owned()
}

#[test]
fn a_block_names_whoever_calls_from_it_and_is_found_by_its_name() {
    let app = TestApp::start();
    for (id, from) in [("b1", "02212919125"), ("b2", "02212919126"), ("o1", "030 23125000")] {
        app.post_event(incoming(id, from, LINE)).xml();
        app.post_event(hung_up(id, "missed", 0)).xml();
    }
    let items =
        json!({"items": [{"number": "0221 29191*", "name": "Firma X"}, {"number": "0221 2919126", "name": "Eva"}]});
    app.request("POST", "/api/v1/contacts").json(&items).send().ok();
    let calls = page(&app, "/calls");
    assert!(calls.contains("Firma X") && calls.contains("Eva"), "{calls}");
    assert!(page(&app, "/callbacks").contains("Firma X"));
    let ids = |query: &str| {
        let list = app.calls(query).ok()["items"].clone();
        list.as_array().unwrap().iter().map(|call| call["call_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids("q=firma"), ["b2", "b1"]);
    assert_eq!(ids("q=eva"), ["b2"]);
    assert_eq!(app.stats("q=firma").ok()["totals"]["calls"], 2);
}

#[test]
fn a_block_is_kept_changed_and_removed_like_any_contact() {
    let app = TestApp::start();
    let firm = json!({"number": "+4922129191*", "name": "Firma X", "company": null});
    let put = app.request("PUT", "/api/v1/contacts/0221%2029191*").json(&json!({"name": "Firma X"})).send();
    assert_eq!(put.ok(), firm);
    app.request("PUT", "/api/v1/contacts/+4922129191999").json(&json!({"name": "Anna"})).send().ok();
    let first = app.get("/api/v1/contacts?limit=1").ok();
    assert_eq!((&first["items"], &first["next_cursor"]), (&json!([firm]), &json!("4922129191*")));
    assert_eq!(app.get("/api/v1/contacts?limit=1&cursor=4922129191*").ok()["items"][0]["name"], "Anna");
    assert_eq!(app.get("/api/v1/contacts?cursor=**").wrong_fields(), ["cursor"]);
    let list = page(&app, "/contacts?q=firma");
    assert!(
        list.contains("href=\"/calls?q=%2B4922129191&#38;period=year\"") || list.contains("q=%2B4922129191"),
        "{list}"
    );
    assert!(!list.contains("tel:+4922129191*"), "{list}");
    let changed = [("number", "0221 29192 *"), ("name", "Firma Y")];
    assert_eq!(app.request("POST", "/contacts/+4922129191*").form(form(&changed)).send().status, 303);
    assert_eq!(app.get("/api/v1/contacts/+4922129192*").ok()["name"], "Firma Y");
    let town = json!({"items": [{"number": "0221*", "name": "Stadt"}]});
    assert_eq!(app.request("POST", "/api/v1/contacts").json(&town).send().wrong_fields(), ["items[0].number"]);
    assert_eq!(app.request("DELETE", "/api/v1/contacts/+4922129192*").send().status, 204);
    assert_eq!(app.get("/contacts.csv").text(), "number,name,company\r\n+4922129191999,Anna,\r\n");
}
