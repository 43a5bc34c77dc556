//! Tests of the names of lines, agents and outside numbers: JSON, forms, files, and that they are shown with every
//! number.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Request};
use crate::helpers::{Answers, CALLER, LINE, TestApp, accepted, form, hung_up, incoming, times};

const PARTY: &str = "+493023125000";
const OWN: &str = "+4922129191999";
const PEER: &str = "7777anna@fpbx.de";

fn with_a_call() -> TestApp {
    let app = TestApp::start();
    for body in [incoming("c1", CALLER, LINE), accepted("c1", PEER), hung_up("c1", "accepted", 7)] {
        app.post_event(body).xml();
    }
    app
}

fn html(app: &TestApp, path: &str, lang: &str) -> String {
    let request = app.request("GET", path).header("Accept", "text/html").header("Accept-Language", lang);
    let answer = request.send();
    assert_eq!(answer.status, 200, "{path}: {answer}");
    answer.text().to_owned()
}

fn put(app: &TestApp, path: &str, value: &Value) -> Answer {
    app.request("PUT", path).json(value).send()
}

fn post(app: &TestApp, path: &str, fields: &[(&str, &str)]) -> Answer {
    app.request("POST", path).form(form(fields)).send()
}

/// As a browser sends a form with a file.
pub fn upload(request: Request, file: &[u8], text: &str) -> Answer {
    let head = "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"contacts.csv\"\r\n\
        Content-Type: application/octet-stream\r\n\r\n";
    let tail = format!("\r\n--edge\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n{text}\r\n--edge--\r\n");
    let request = request.header("Content-Type", "multipart/form-data; boundary=edge").header("Accept", "text/html");
    request.body([head.as_bytes(), file, tail.as_bytes()].concat()).send()
}

fn import(app: &TestApp, file: &[u8], text: &str) -> Answer {
    upload(app.request("POST", "/contacts/import"), file, text)
}

/// The figures of an import's report: new, changed, known, unusable, without a number.
fn figures(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{answer}");
    let list = answer.text().split("class=\"card facts counted\"").nth(1).unwrap().split("</dl>").next().unwrap();
    list.split("<dd>").skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

#[test]
fn contacts_are_kept_by_number_in_any_notation() {
    let app = TestApp::start();
    let anna = json!({"number": PARTY, "name": "Anna Kern", "company": "Kern GmbH"});
    assert_eq!(
        put(&app, "/api/v1/contacts/030%2023125000", &json!({"name": "Anna Kern", "company": "Kern GmbH"})).ok(),
        anna
    );
    for path in ["+493023125000", "0049%2030%2023125000", "(030)%2023125-000"] {
        assert_eq!(app.get(&format!("/api/v1/contacts/{path}")).ok(), anna, "{path}");
    }
    let list = json!({"items": [{"number": "0171 2345678", "name": "Bert"}, {"number": PARTY, "name": "Anna"}]});
    let changes = |new, changed, unchanged, removed| json!({"new": new, "changed": changed, "unchanged": unchanged, "removed": removed});
    let merged = app.request("POST", "/api/v1/contacts").json(&list).send();
    assert_eq!(merged.ok(), changes(1, 1, 0, 0));
    let only =
        json!({"items": [{"number": "0171 2345678", "name": "Bert"}, {"number": "+41442681800", "company": "Bau"}]});
    assert_eq!(put(&app, "/api/v1/contacts", &only).ok(), changes(1, 0, 1, 1));
    let bau = json!({"number": "+41442681800", "name": "Bau", "company": null});
    let bert = json!({"number": "+491712345678", "name": "Bert", "company": null});
    let listed = |query: &str| app.get(&format!("/api/v1/contacts?{query}")).ok();
    assert_eq!(listed(""), json!({"items": [bau, bert], "next_cursor": null}));
    let first = listed("limit=1");
    assert_eq!((&first["items"], &first["next_cursor"]), (&json!([bau]), &json!("41442681800")));
    assert_eq!(listed("limit=1&cursor=41442681800"), json!({"items": [bert], "next_cursor": null}));
    for (query, expected) in [("q=BERT", &[&bert][..]), ("q=0171", &[&bert]), ("q=44-268", &[&bau]), ("q=anna", &[])] {
        assert_eq!(listed(query)["items"], json!(expected), "{query}");
    }
    let app = app.restart(&[]);
    assert_eq!(app.request("DELETE", "/api/v1/contacts/+41442681800").send().status, 204);
    app.request("DELETE", "/api/v1/contacts/+41442681800").send().problem(404);
    app.get("/api/v1/contacts/+41442681800").problem(404);
    assert_eq!(app.get("/api/v1/contacts").ok()["items"], json!([bert]));
}

#[test]
fn unusable_json_changes_nothing_and_every_field_is_named() {
    let app = TestApp::start();
    put(&app, "/api/v1/contacts", &json!({"items": [{"number": PARTY, "name": "Anna"}]})).ok();
    let wrong = json!({"items": [{"number": "0171 2345678", "name": "Bert"}, {"number": "23", "name": ""}, 5]});
    for method in ["POST", "PUT"] {
        let answer = app.request(method, "/api/v1/contacts").json(&wrong).send();
        assert_eq!(answer.wrong_fields(), ["items[1].number", "items[1].name", "items[2]"]);
    }
    assert_eq!(put(&app, "/api/v1/contacts/23", &json!({"name": "x"})).wrong_fields(), ["number"]);
    assert_eq!(put(&app, "/api/v1/contacts/+493023125000", &json!({})).wrong_fields(), ["name"]);
    assert_eq!(put(&app, "/api/v1/names", &json!({"lines": [{"name": "x"}]})).wrong_fields(), ["lines[0].number"]);
    for (query, field) in [("limit=0", "limit"), ("cursor=x", "cursor"), ("cursor=%2B49", "cursor")] {
        assert_eq!(app.get(&format!("/api/v1/contacts?{query}")).wrong_fields(), [field], "{query}");
    }
    app.request("POST", "/api/v1/contacts").form("items=1").send().problem(415);
    app.request("PATCH", "/api/v1/contacts").send().problem(405);
    assert_eq!(app.get("/api/v1/contacts").ok()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn names_stand_wherever_a_number_stands_and_files_for_scripts_stay_as_they_are() {
    let app = with_a_call();
    let (call, csv) = (app.call("c1").ok(), app.csv("").text().to_owned());
    for path in ["/", "/calls", "/calls/c1"] {
        assert!(!html(&app, path, "de").contains("Anna Berg"), "{path}");
    }
    let names = json!({"lines": [{"number": "0221 29191999", "name": "Zentrale & Empfang"}],
        "agents": [{"peer": PEER, "name": "Anna Berg"}]});
    let shown = json!({"lines": [{"number": OWN, "name": "Zentrale & Empfang"}], "agents": names["agents"]});
    assert_eq!(put(&app, "/api/v1/names", &names).ok(), shown);
    put(&app, "/api/v1/contacts/+493023125000", &json!({"name": "<b>Kern", "company": "Obst"})).ok();
    for lang in ["de", "en"] {
        for path in ["/", "/calls", "/calls/c1", "/calls?q=obst", "/calls?q=EMPFANG", "/calls?q=berg"] {
            let text = html(&app, path, lang);
            for name in ["Zentrale &#38; Empfang", "Anna Berg", "&#60;b&#62;Kern, Obst", PARTY] {
                assert!(text.contains(name), "{path} has no {name}: {text}");
            }
            assert!(!text.contains("<b>Kern"), "{path}");
        }
    }
    assert!(!html(&app, "/calls?q=nobody", "de").contains("Anna Berg"));
    let filtered = html(&app, "/calls?party=%2B493023125000&number=%2B4922129191999&peer=7777anna@fpbx.de", "de");
    for chip in ["<b>Zentrale &#38; Empfang</b>", "<b>Anna Berg</b>", "<b>&#60;b&#62;Kern, Obst</b>"] {
        assert!(filtered.contains(chip), "{chip}: {filtered}");
    }
    let route = json!({"name": "x", "to": [LINE], "from": [CALLER, "0221*"], "reply": {"action": "forward",
        "targets": [{"ringtime": 30, "numbers": [PEER, "23"]}]}});
    assert_eq!(app.create_route(&route).status, 201);
    let routes = html(&app, "/routes", "de");
    let told = "Anrufe an Zentrale &#38; Empfang von &#60;b&#62;Kern, Obst und 0221*, jederzeit: 30 s bei Anna Berg und 23 klingeln";
    assert!(routes.contains(told), "{routes}");
    assert_eq!((app.call("c1").ok(), app.csv("").text()), (call, csv.as_str()));
    assert_eq!(app.csv("q=obst").text(), csv);
    assert_eq!(app.calls("q=obst&direction=out").ok()["items"], json!([]));
    assert_eq!(app.stats("q=obst").ok()["totals"]["calls"], 1);
    assert_eq!(put(&app, "/api/v1/names", &json!({})).ok(), json!({"lines": [], "agents": []}));
    assert!(!html(&app, "/calls", "de").contains("Anna Berg"));
}

#[test]
fn a_name_given_on_one_node_shows_on_the_others() {
    let first = with_a_call();
    let second = TestApp::on(first.database.clone(), &[]);
    assert!(!html(&second, "/calls", "de").contains("Kern"));
    put(&first, "/api/v1/contacts/+493023125000", &json!({"name": "Kern"})).ok();
    let begun = Instant::now();
    while !html(&second, "/calls", "de").contains("Kern") {
        assert!(begun.elapsed() < Duration::from_secs(20), "the other node never hears of it");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn lines_and_agents_are_named_by_one_form() {
    let app = with_a_call();
    let page = html(&app, "/settings/names", "de");
    for part in ["Eigene Nummern", "SIP-Nutzer", OWN, PEER] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(html(&app, "/settings/names", "en").contains("Own numbers"));
    let send = |line: &str, agent: &str| {
        post(&app, "/settings/names", &[("line", OWN), ("line_name", line), ("agent", PEER), ("agent_name", agent)])
    };
    let saved = send(" Zentrale ", "Anna");
    assert_eq!((saved.status, saved.header("location")), (303, Some("/settings/names?saved=1")), "{saved}");
    assert!(html(&app, "/settings/names?saved=1", "de").contains("Gespeichert"));
    assert!(html(&app, "/calls", "de").contains("Zentrale"));
    let long = "x".repeat(101);
    let wrong = send(&long, "Bert");
    assert_eq!(wrong.status, 400);
    for kept in ["line-1-wrong", &long, "value=\"Bert\""] {
        assert!(wrong.text().contains(kept), "{kept}: {wrong}");
    }
    let names = app.get("/api/v1/names").ok();
    assert_eq!(names["agents"], json!([{"peer": PEER, "name": "Anna"}]), "nothing is half-saved");
    assert_eq!(send("", "").status, 303);
    assert_eq!(app.get("/api/v1/names").ok(), json!({"lines": [], "agents": []}));
    assert!(html(&app, "/settings/names", "de").contains(OWN), "a line without a name can get one again");
    for unreadable in
        [&[("line", OWN)][..], &[("agent", PEER), ("line_name", "x")], &[("line", ""), ("line_name", "x")]]
    {
        assert_eq!(post(&app, "/settings/names", unreadable).status, 400, "{unreadable:?}");
    }
}

#[test]
fn one_contact_is_added_changed_and_deleted_by_forms() {
    let app = with_a_call();
    assert!(html(&app, "/contacts", "de").contains("Noch keine Kontakte"));
    assert!(html(&app, "/calls/c1", "de").contains("/contacts/new?number=%2B493023125000"));
    assert!(html(&app, "/contacts/new?number=%2B493023125000", "en").contains("value=\"+493023125000\""));
    let contact = [("number", "030 / 23125000"), ("name", "Anna Kern"), ("company", "")];
    assert_eq!(post(&app, "/contacts", &contact).status, 303);
    let wrong = post(&app, "/contacts", &[("number", "030 / 23125000"), ("name", ""), ("company", " ")]);
    assert_eq!(wrong.status, 400);
    assert!(wrong.text().contains("already belongs to Anna Kern") && wrong.text().contains("name-wrong"), "{wrong}");
    assert!(post(&app, "/contacts", &[("number", "12"), ("name", "x")]).text().contains("no valid telephone number"));
    let page = html(&app, "/contacts?q=KERN", "de");
    assert!(page.contains("1 Kontakt") && page.contains("href=\"tel:+493023125000\""), "{page}");
    assert!(html(&app, "/contacts?q=nobody", "de").contains("Kein Kontakt passt"));
    assert!(html(&app, "/calls/c1", "de").contains("href=\"/contacts/+493023125000\""));
    let moved = [("number", "0171 2345678"), ("name", "Anna"), ("company", "Kern")];
    assert_eq!(post(&app, "/contacts/+493023125000", &moved).status, 303);
    let expected = json!([{"number": "+491712345678", "name": "Anna", "company": "Kern"}]);
    assert_eq!(app.get("/api/v1/contacts").ok()["items"], expected);
    assert_eq!(post(&app, "/contacts/+493023125000", &moved).status, 404);
    assert_eq!(post(&app, "/contacts/+491712345678/delete", &[]).status, 303);
    assert_eq!(app.get("/api/v1/contacts").ok()["items"], json!([]));
    for path in ["/contacts/+491712345678", "/contacts/%00", "/contacts/x"] {
        assert_eq!(app.get(path).status, 404, "{path}");
    }
}

#[test]
fn many_contacts_come_in_pages() {
    let app = TestApp::start();
    let contact =
        |number: i32| json!({"number": format!("+4930231250{number:02}"), "name": format!("Kunde {number:02}")});
    put(&app, "/api/v1/contacts", &json!({"items": (0..60).map(contact).collect::<Vec<_>>()})).ok();
    let names = |path: &str| {
        let page = html(&app, path, "de");
        (0..60).filter(|number| page.contains(&format!(">Kunde {number:02}<"))).collect::<Vec<_>>()
    };
    assert_eq!(names("/contacts"), (0..50).collect::<Vec<_>>());
    assert_eq!(names("/contacts?page=2"), (50..60).collect::<Vec<_>>());
    assert_eq!(names("/contacts?page=99"), (50..60).collect::<Vec<_>>());
    assert_eq!(names("/contacts?page=x&q=kunde"), (0..50).collect::<Vec<_>>());
    assert!(html(&app, "/contacts?q=kunde", "de").contains("href=\"/contacts?q=kunde&#38;page=2\""));
}

const FILE: &str = "Vorname;Nachname;Firma;Telefon;Mobil\r\nAnna;Kern;Obst;030 23125000;0171 2345678\r\n\
    ;;Bau;+41 44 268 18 00;110\r\nOhne;Nummer;;;\r\n;;;0221 9998560;\r\nKarl;Kern;;030 23125000;\r\n";

#[test]
fn a_file_is_imported_whole_and_the_report_says_what_was_not_usable() {
    let app = TestApp::start();
    let first = import(&app, FILE.as_bytes(), "ignored");
    assert_eq!(figures(&first), ["3", "0", "0", "3", "1"]);
    let rows: Vec<_> = first.text().split("<tr><td class=\"figure\">").skip(1).collect();
    for (row, (line, value, reason)) in rows.iter().zip([
        ("3", "110", "no valid telephone number"),
        ("5", "0221 9998560", "neither name nor company"),
        ("6", "030 23125000", "in line 2"),
    ]) {
        assert!(row.starts_with(line) && row.contains(value) && row.contains(reason), "{row}");
    }
    assert_eq!(rows.len(), 3);
    let numbers: Vec<_> = app.get("/api/v1/contacts").ok()["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|contact| (contact["number"].as_str().unwrap().to_owned(), contact["name"].as_str().unwrap().to_owned()))
        .collect();
    let expected = [("+41442681800", "Bau"), ("+491712345678", "Anna Kern"), (PARTY, "Anna Kern")];
    assert_eq!(numbers, expected.map(|(number, name)| (number.to_owned(), name.to_owned())));
    assert_eq!(figures(&import(&app, FILE.as_bytes(), "")), ["0", "0", "3", "3", "1"]);
    // Pasted, and by another program.
    let card = "BEGIN:VCARD\nVERSION:3.0\nFN:Anna K.\nTEL:+493023125000\nTEL:0221 9998560\nEND:VCARD\n";
    assert_eq!(figures(&import(&app, b"", card)), ["1", "1", "0", "0", "0"]);
}

#[test]
fn a_file_that_cannot_be_used_is_told_why_and_changes_nothing() {
    let app = TestApp::start();
    let of_size = |size: usize| [b"Name;Mail\nAnna;a@b\n".as_slice(), &vec![b'\n'; size - 19]].concat();
    let (largest, too_large) = (of_size(5_000_000), of_size(5_000_001));
    for (file, status, reason) in [
        (b"".as_slice(), 400, "choose a file"),
        (b"  \r\n", 400, "nothing in it"),
        (b"PK\x03\x04...", 400, "no text file"),
        (b"Name;Mail\nAnna;a@b\n", 400, "Name | Mail"),
        (&largest, 400, "Name | Mail"),
        (&too_large, 413, "more than 5 MB"),
    ] {
        let answer = import(&app, file, "");
        assert_eq!(answer.status, status, "{reason}");
        assert!(answer.text().contains("file-wrong") && answer.text().contains(reason), "{reason}: {answer}");
    }
    let with_fields = |count: usize| {
        let field = "--edge\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n".repeat(count);
        let request = app.request("POST", "/contacts/import");
        request.header("Content-Type", "multipart/form-data; boundary=edge").body(field + "--edge--\r\n").send().status
    };
    assert_eq!((with_fields(100), with_fields(101)), (400, 413));
    let foreign = app.request("POST", "/contacts/import").header("Origin", "http://evil.example");
    assert_eq!(upload(foreign, FILE.as_bytes(), "").status, 403);
    assert_eq!(post(&app, "/contacts/import", &[("text", FILE)]).status, 415);
    let broken = app.request("POST", "/contacts/import").header("Content-Type", "multipart/form-data; boundary=edge");
    assert_eq!(broken.body("--edge\r\nno form").send().status, 400);
    let nameless = app.request("POST", "/contacts/import").header("Content-Type", "multipart/form-data");
    assert_eq!(nameless.body("x").send().status, 400);
    assert_eq!(app.get("/api/v1/contacts").ok()["items"], json!([]));
}

#[test]
fn tens_of_thousands_of_contacts_are_no_trouble() {
    let app = with_a_call();
    let thousands = times(10).min(50);
    let lines: String =
        (0..thousands * 1_000).map(|number| format!("Kunde {number},030 {}\n", 23_120_000 + number)).collect();
    let answer = import(&app, format!("Name,Telefon\n{lines}").as_bytes(), "");
    assert_eq!(figures(&answer), [&*format!("{thousands},000"), "0", "0", "0", "0"]);
    assert!(html(&app, "/calls", "de").contains("Kunde 5000"), "030 23125000 has a name");
    assert!(html(&app, "/contacts?q=kunde+9999", "de").contains("+493023129999"));
    assert_eq!(app.database.count("from contacts"), thousands as i64 * 1_000);
}

#[test]
fn the_command_imports_the_same_files() {
    let app = with_a_call();
    let done = app.database.run(&["contacts", "import", "-"], FILE.as_bytes());
    assert_eq!((done.status, done.stdout.as_str()), (1, ""));
    for part in [
        "line 3: 110: no valid",
        "line 6: 030 23125000: the same",
        "3 new, 0 changed, 0 unchanged, 3 unusable, 1 without",
    ] {
        assert!(done.stderr.contains(part), "{part}: {}", done.stderr);
    }
    let good = app.database.run(&["contacts", "import", "-"], b"Name,Telefon\nAnna,030 23125000\n");
    assert_eq!(
        (good.status, good.stderr.as_str()),
        (0, "0 new, 1 changed, 0 unchanged, 0 unusable, 0 without a number\n")
    );
    let bad = app.database.run(&["contacts", "import", "-"], b"Anna\n");
    assert_eq!((bad.status, bad.stderr.lines().count()), (1, 1), "{}", bad.stderr);
    assert_eq!(app.database.run(&["contacts", "import", "/nowhere/at/all"], b"").status, 1);
}

#[test]
fn rebuild_keeps_names_and_contacts() {
    let app = with_a_call();
    put(&app, "/api/v1/names", &json!({"lines": [{"number": OWN, "name": "Zentrale"}]})).ok();
    put(&app, "/api/v1/contacts/+493023125000", &json!({"name": "Kern"})).ok();
    let stored =
        || [app.database.rows("kind, subject, name", "from names"), app.database.rows("number, name", "from contacts")];
    let before = stored();
    assert_eq!(app.database.run(&["rebuild"], b"").status, 0);
    assert_eq!(stored(), before);
    assert!(before.iter().all(|table| table.len() == 1));
}
