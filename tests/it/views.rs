//! Snapshots of pages as people read them: their texts, in both languages. What a page must say in a given case is
//! asserted where the case is tested; here is everything that it says. `INSTA_UPDATE=always` writes them anew; look at
//! the difference before you commit it.

use insta::assert_snapshot;
use serde_json::json;

use crate::helpers::{Answers, LINE, TestApp, accepted, form, hung_up, incoming, log_line};

/// Elements that begin a line of their own.
const BLOCKS: [&str; 26] = [
    "article", "button", "caption", "dd", "details", "div", "dl", "dt", "fieldset", "form", "h1", "h2", "h3", "label",
    "legend", "li", "nav", "option", "p", "pre", "section", "summary", "table", "tr", "ul", "input",
];
/// Elements whose content nobody reads.
const UNREAD: [&str; 4] = ["script", "style", "svg", "template"];
/// A week long ago, so that nothing on a page depends on today.
const WEEK: &str = "start=2024-11-04&end=2024-11-10";

/// The texts of the page's main part, a line for each block, cells of a table apart, and what its inputs hold.
fn shown(html: &str) -> String {
    let main = html.split_once("<main").and_then(|(_, rest)| rest.split_once("</main>")).expect("it has a main part").0;
    let (mut text, mut rest) = (String::new(), &main[main.find('>').unwrap() + 1..]);
    while let Some((before, after)) = rest.split_once('<') {
        text += &before.replace('\n', " ");
        let (tag, after) = after.split_once('>').expect("tags end");
        rest = after;
        let name = tag.trim_start_matches('/').split([' ', '\n', '/']).next().unwrap();
        if UNREAD.contains(&name) && !tag.starts_with('/') {
            rest = rest.split_once(&format!("</{name}>")).expect("it ends").1;
        } else if matches!(tag, "td" | "th") || tag.starts_with("td ") || tag.starts_with("th ") {
            text += " | ";
        } else if BLOCKS.contains(&name) {
            text.push('\n');
        } else if matches!(name, "a" | "span" | "time") {
            text.push(' ');
        }
        if name == "input" && !tag.contains("type=\"hidden\"") {
            let value = tag.split_once("value=\"").map_or("", |(_, value)| value.split('"').next().unwrap());
            let mark = if tag.contains(" checked") { "x" } else { "" };
            text += &format!("[{value}{mark}] ");
        }
    }
    text += rest;
    for (entity, character) in [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
        ("&nbsp;", " "),
        ("&#38;", "&"),
        ("&amp;", "&"),
    ] {
        text = text.replace(entity, character);
    }
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn view(app: &TestApp, path: &str, lang: &str) -> String {
    let answer = app.request("GET", path).header("Accept", "text/html").header("Accept-Language", lang).send();
    assert_eq!(answer.status, 200, "{path}: {answer}");
    shown(answer.text())
}

/// A company with names, a route, and the calls of one day.
fn company() -> TestApp {
    let app = TestApp::with(&["--business-hours", "Mo-Fr 09:00-17:00"]);
    let outgoing =
        |id, to| form(&[("call_id", id), ("event", "OutgoingCall"), ("from", LINE), ("peer", "ben"), ("to", to)]);
    let log = [
        ("2024-11-05T08:00:00.000Z", incoming("talk", "03023125000", LINE)),
        ("2024-11-05T08:00:15.000Z", accepted("talk", "anna")),
        ("2024-11-05T08:04:15.000Z", hung_up("talk", "accepted", 240)),
        ("2024-11-05T09:00:00.000Z", incoming("missed", "01715551234", LINE)),
        ("2024-11-05T09:00:31.000Z", hung_up("missed", "missed", 0)),
        ("2024-11-05T09:30:00.000Z", outgoing("back", "01715551234")),
        ("2024-11-05T09:32:10.000Z", hung_up("back", "accepted", 121)),
        ("2024-11-05T13:00:00.000Z", incoming("hidden", "anonymous", LINE)),
        ("2024-11-05T13:00:20.000Z", hung_up("hidden", "voicemail", 0)),
        ("2024-11-05T19:00:00.000Z", incoming("late", "03023125000", LINE)),
        ("2024-11-05T19:00:09.000Z", hung_up("late", "missed", 0)),
    ];
    app.database.import(
        &log.iter().map(|(at, body)| log_line(at, body)).collect::<String>(),
        &["--business-hours", "Mo-Fr 09:00-17:00"],
    );
    let contact = json!({"name": "Anna Kern", "company": "Kern GmbH"});
    let put = app.request("PUT", "/api/v1/contacts/+493023125000").json(&contact).send();
    assert!([200, 201].contains(&put.status), "{put}");
    let office = json!({"name": "Büro", "to": [LINE], "hours": "Mo-Fr 09:00-17:00",
        "reply": {"action": "forward", "targets": [{"ringtime": 30, "numbers": ["7777anna@fpbx.de"]}]}});
    assert_eq!(app.create_route(&office).status, 201);
    assert_eq!(app.create_route(&json!({"name": "Nachts", "reply": {"action": "hangup"}})).status, 201);
    app
}

#[test]
fn pages_say_what_they_said_when_somebody_looked_at_them() {
    let app = company();
    let views = [
        ("line", format!("/lines/%2B4922129191999?{WEEK}")),
        ("calls", format!("/calls?{WEEK}")),
        ("call", "/calls/talk".to_owned()),
        ("quality", format!("/quality?{WEEK}")),
        ("routes", "/routes".to_owned()),
        ("route", "/routes/1".to_owned()),
        ("contacts", "/contacts".to_owned()),
    ];
    for (name, path) in views {
        for lang in ["de", "en"] {
            assert_snapshot!(format!("{name}_{lang}"), view(&app, &path, lang));
        }
    }
}
