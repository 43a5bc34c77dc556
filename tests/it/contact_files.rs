//! Tests of contacts as files: what a file brings, and that nothing is lost unsaid.

use serde_json::json;

use crate::client::Answer;
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

fn imported(app: &TestApp, media: &str, file: &Answer) -> serde_json::Value {
    let request = app.request("POST", "/api/v1/contacts/import").header("Content-Type", media);
    request.body(file.body.clone()).send().ok()
}

#[test]
fn all_contacts_are_a_file_that_comes_in_again_without_loss() {
    let app = TestApp::start();
    let anna = json!({"number": "+4922129191917", "name": "Anna \"A;\" Kern", "company": "Kern, Obst"});
    let bau = json!({"number": "+4922129191916", "name": "=1+1 Bau", "company": null});
    // More than are written at once.
    let more =
        (0..1_100).map(|n| json!({"number": format!("+49221291{n:05}"), "name": format!("Z{n:04}"), "company": null}));
    let all: Vec<_> = [anna, bau].into_iter().chain(more).collect();
    app.request("PUT", "/api/v1/contacts").json(&json!({"items": all})).send().ok();
    let csv = app.get("/contacts.csv");
    let head = "number,name,company\r\n+4922129191916,'=1+1 Bau,\r\n+4922129191917,\"Anna \"\"A;\"\" Kern\",\"Kern, Obst\"\r\n\
        +4922129100000,Z0000,\r\n";
    assert!(csv.text().starts_with(head), "{csv}");
    assert_eq!(csv.text().lines().count(), 1 + 2 + 1_100);
    assert_eq!(csv.header("content-type"), Some("text/csv; charset=utf-8"));
    assert_eq!(csv.header("content-disposition"), Some("attachment; filename=\"contacts.csv\""));
    let (excel, cards) = (app.get("/contacts.csv?dialect=excel-de"), app.get("/contacts.vcf"));
    assert!(
        excel.text().starts_with("\u{feff}Nummer;Name;Firma\r\n\"=\"\"+4922129191916\"\"\";'=1+1 Bau;\r\n"),
        "{excel}"
    );
    assert_eq!(cards.header("content-type"), Some("text/vcard; charset=utf-8"));
    assert_eq!(cards.text().matches("BEGIN:VCARD").count(), 1_102);
    for (media, file) in [("text/csv", &csv), ("text/csv", &excel), ("text/vcard", &cards)] {
        app.request("PUT", "/api/v1/contacts").json(&json!({"items": []})).send().ok();
        assert_eq!(imported(&app, media, file)["new"], 1_102);
        assert_eq!(app.get("/contacts.csv").text(), csv.text());
    }
    assert_eq!(app.get("/contacts.csv?dialect=x").wrong_fields(), ["dialect"]);
    app.request("PUT", "/api/v1/contacts").json(&json!({"items": []})).send().ok();
    assert_eq!((app.get("/contacts.csv").text(), app.get("/contacts.vcf").text()), ("number,name,company\r\n", ""));
}
