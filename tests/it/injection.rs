//! Injection tests: whatever text callers, Placetel's fields, imports and people supply stays text wherever it is
//! shown, searched or written.

use std::collections::{BTreeSet, VecDeque};

use rand::RngExt;
use serde_json::json;

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, TestApp, chance, form, hung_up, incoming, times};

/// Each tries to leave the place that it is put into: of markup, an attribute, a statement, a formula, a line.
const HOSTILE: [&str; 9] = [
    "<x-evil>a</x-evil>",
    "\" onx-evil=\"1",
    "' onx-evil='1",
    "javascript:x-evil",
    "</script><x-evil>",
    "'; drop table events; --",
    "\\%_\" or \"1\"=\"1",
    "=cmd|' /C calc'!A1",
    "{{7*7}}${7*7}\u{202e}\u{0}",
];

/// Calls, a route, a list, names and contacts that are called like that.
fn fill(app: &TestApp) {
    for (number, text) in HOSTILE.iter().enumerate() {
        let id = format!("c{number}");
        app.post_event(incoming(&id, text, LINE)).xml();
        app.post_event(form(&[("event", "CallAccepted"), ("call_id", &id), ("peer", text), (text, text)])).xml();
        app.post_event(form(&[("event", "HungUp"), ("call_id", &id), ("type", text), ("duration", text)])).xml();
        app.post_event(incoming(&format!("to-{id}"), CALLER, text)).xml();
        app.post_event(hung_up(&format!("to-{id}"), "missed", 0)).xml();
        let route = json!({"name": text, "callers": [CALLER], "reply": {"action": "reject", "reason": "busy"}});
        let created = app.create_route(&route);
        assert!([201, 400].contains(&created.status), "{created}");
        let contact = json!({"name": text, "company": text});
        let put = app.request("PUT", &format!("/api/v1/contacts/0302312{number:04}")).json(&contact).send();
        assert!([200, 201, 400].contains(&put.status), "{put}");
    }
    let names = json!({"lines": {LINE: HOSTILE[0]}, "peers": {HOSTILE[3]: HOSTILE[1]}});
    let named = app.request("PUT", "/api/v1/names").json(&names).send();
    assert!(named.status < 500, "{named}");
}

/// Inner links of a page.
fn links(html: &str) -> impl Iterator<Item = String> {
    html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()).filter(|link| link.starts_with('/')).map(
        |link| {
            link.replace("&#38;", "&").replace("&amp;", "&").replace("&#39;", "'").split('#').next().unwrap().to_owned()
        },
    )
}

#[test]
fn no_page_takes_a_name_for_anything_but_text() {
    let app = TestApp::start();
    fill(&app);
    let mut waiting: VecDeque<String> =
        ["/", "/calls", "/callbacks", "/routes", "/contacts", "/live", "/quality", "/settings"]
            .map(ToOwned::to_owned)
            .into();
    for text in HOSTILE {
        let asked =
            form(&[("q", text), ("number", text), ("peer", text), ("party", text), ("from", text), ("lang", text)]);
        waiting
            .extend(["/", "/calls", "/callbacks", "/contacts", "/routes/test"].map(|path| format!("{path}?{asked}")));
        let word = form(&[("", text)]).split_off(1).replace('+', "%20");
        waiting.extend(
            ["/lines/", "/agents/", "/callers/", "/calls/", "/contacts/", "/routes/lists/"]
                .map(|path| format!("{path}{word}")),
        );
    }
    let mut seen: BTreeSet<String> = waiting.iter().cloned().collect();
    let (first, most, mut looked_at, mut chance) = (waiting.len(), times(200), 0, chance());
    // All of these, and then any of those that they lead to.
    while looked_at < most && !waiting.is_empty() {
        let next = if looked_at < first { 0 } else { chance.random_range(0..waiting.len()) };
        let Some(path) = waiting.swap_remove_front(next) else { break };
        looked_at += 1;
        let page = app.request("GET", &path).header("Accept", "text/html").send();
        assert!(page.status < 500, "{path}: {page}");
        let is_page = page.header("content-type").is_some_and(|media| media.starts_with("text/html"));
        if !is_page {
            continue;
        }
        let html = page.text();
        for broken_out in
            ["<x-evil", "\" onx-evil", "' onx-evil", "href=\"javascript:", "action=\"javascript:", "src=\"javascript:"]
        {
            assert!(!html.contains(broken_out), "{path}: {broken_out} in {html}");
        }
        waiting.extend(links(html).filter(|link| seen.insert(link.clone())));
    }
    assert!(looked_at > 150, "{looked_at} pages");
    assert_eq!(app.database.count("from events"), 5 * HOSTILE.len() as i64);
}

#[test]
fn a_search_finds_what_it_says_and_no_statement() {
    let app = TestApp::start();
    fill(&app);
    for (number, text) in HOSTILE.iter().enumerate() {
        let peer = form(&[("peer", text)]);
        if text.contains('\0') {
            app.calls(&peer).problem(400);
            continue;
        }
        let found = app.calls(&peer).ok();
        let ids: Vec<_> = found["items"].as_array().unwrap().iter().map(|call| call["call_id"].clone()).collect();
        assert_eq!(ids, [json!(format!("c{number}"))], "{text}");
        assert!(app.stats(&peer).status < 500);
        assert!(app.calls(&form(&[("q", text)])).status < 500);
        for cursor in [*text, "%", "' or 1=1"] {
            app.calls(&form(&[("cursor", cursor)])).problem(400);
        }
    }
    assert_eq!(app.database.count("from events"), 5 * HOSTILE.len() as i64);
}

#[test]
fn a_spreadsheet_sees_no_formula() {
    let app = TestApp::start();
    fill(&app);
    for (number, start) in ["=1+1", "+1+cmd", "-1-cmd", "@SUM(1)", "\t=1", "\r=1", "+49221"].into_iter().enumerate() {
        app.post_event(form(&[
            ("event", "CallAccepted"),
            ("call_id", &format!("s{number}")),
            ("from", start),
            ("peer", start),
        ]))
        .xml();
    }
    let csv = app.csv("dialect=excel-de");
    let text = csv.text().trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new().delimiter(b';').from_reader(text.as_bytes());
    let mut cells = 0;
    for record in reader.records() {
        for cell in record.unwrap().iter() {
            cells += 1;
            // A number in international notation is a number.
            let is_number = cell.strip_prefix(['+', '-']).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
            assert!(is_number || !cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
        }
    }
    assert!(cells > 100, "{cells}");
}

#[test]
fn no_field_writes_a_line_of_the_log_or_to_the_terminal() {
    let forged = "a\n2026-01-01T00:00:00Z ERROR forged\r\u{1b}[31m{\"level\":\"ERROR\",\"message\":\"forged\"}\n";
    let hidden = "03023125999";
    for format in ["text", "json"] {
        let database = Database::create();
        let server = Server::start_with(&database, &["--log-format", format], &[("RUST_LOG", "debug")]);
        server.post_event(incoming("a", hidden, LINE)).xml();
        server.post_event(form(&[("event", "Other"), ("call_id", "a"), ("type", forged), (forged, forged)])).xml();
        server.post_event(form(&[("event", "HungUp"), ("call_id", "a"), ("type", forged), ("from", hidden)])).xml();
        server.post_event(incoming(forged, hidden, LINE)).problem(400);
        server.post_event(form(&[("event", forged), ("call_id", "a")])).problem(400);
        server.post_event(format!("event={}", "%0Aforged")).problem(400);
        let word = form(&[("", forged)]).split_off(1);
        for path in ["/calls/", "/lines/", "/nothing/", "/api/v1/calls?cursor=", "/calls?q="] {
            assert!(server.get(&format!("{path}{word}")).status < 500);
        }
        server.terminate();
        let log = server.wait().stderr;
        assert!(!log.contains(hidden), "{log}");
        assert!(!log.contains(|c: char| c.is_control() && c != '\n'), "{log:?}");
        for line in log.lines() {
            match format {
                "json" => assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}"),
                _ => assert!(line.starts_with("20") && !line.starts_with("2026-01-01"), "{line}"),
            }
        }
    }
}
