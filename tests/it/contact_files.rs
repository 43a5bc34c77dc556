//! Tests of contacts as files: what a file brings, and that nothing is lost unsaid.

use serde_json::json;

use crate::contacts::upload;
use crate::helpers::{Answers, TestApp};

const WITH_UNUSED: &str =
    "Name;Telefon;Erreichbar <b>;Ort\nEva;0221 29191917;0170 2345606;Köln\nMax;23;0170 2345607;\n";

#[test]
fn a_column_that_is_not_used_is_named_on_the_page_and_in_the_api() {
    let app = TestApp::start();
    let sent = |media: &str, body: &str| {
        app.request("POST", "/api/v1/contacts/import").header("Content-Type", media).body(body).send()
    };
    let unusable = json!([{"line": 3, "value": "23", "reason": "no valid telephone number"}]);
    let expected = json!({"new": 1, "changed": 0, "unchanged": 0, "removed": 0, "without_number": 0,
        "unusable": unusable, "unused_columns": ["Erreichbar <b>"]});
    assert_eq!(sent("text/csv; charset=utf-8", WITH_UNUSED).ok(), expected);
    let eva = json!([{"number": "+4922129191917", "name": "Eva", "company": null}]);
    assert_eq!(app.get("/api/v1/contacts").ok()["items"], eva);
    sent("application/json", "{}").problem(415);
    assert!(sent("text/csv", "Name;Ort\n").problem(400)["detail"].as_str().unwrap().contains("Name | Ort"));
    for (lang, told) in [("de", "Nicht verwendete Spalten"), ("en", "Columns not used")] {
        let request = app.request("POST", "/contacts/import").header("Accept-Language", lang);
        let page = upload(request, WITH_UNUSED.as_bytes(), "");
        assert!(page.text().contains(told) && page.text().contains("Erreichbar &#60;b&#62;"), "{page}");
        let request = app.request("POST", "/contacts/import").header("Accept-Language", lang);
        let page = upload(request, b"Name;Telefon;Ort\nEva;0221 29191917;K\n", "");
        assert!(!page.text().contains(told), "{page}");
    }
}
