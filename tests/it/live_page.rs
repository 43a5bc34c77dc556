//! Tests of the page of running calls, and of the notices of new ones on other pages.

use crate::helpers::{Answers, CALLER, LINE, TestApp, accepted, hung_up, incoming, log_line};
use crate::live::ago;

/// The rows of one of the two lists of the page, as the ids of their calls.
fn rows(page: &str, list: &str) -> Vec<String> {
    let list = page.split(&format!("data-rows=\"{list}\">")).nth(1).unwrap().split("<template>").next().unwrap();
    list.split("data-call=\"").skip(1).map(|row| row.split('"').next().unwrap().to_owned()).collect()
}

#[test]
fn the_page_shows_what_is_running_newest_on_top_and_hides_what_nobody_hears_of() {
    let app = TestApp::start();
    let outgoing = |id: &str| format!("event=OutgoingCall&call_id={id}&direction=out&from={LINE}&to={CALLER}");
    let log = [
        (590, incoming("ringing", CALLER, LINE)),
        (610, incoming("forsaken", CALLER, LINE)),
        (3000, incoming("talking", CALLER, LINE)),
        (2990, accepted("talking", "7777anna@fpbx.de")),
        (2000, outgoing("outgoing")),
        (5 * 3600, incoming("lost", CALLER, LINE)),
        (5 * 3600 - 9, accepted("lost", "7777anna@fpbx.de")),
        (100, incoming("ended", "anonymous", LINE)),
        (90, hung_up("ended", "missed", 0)),
    ];
    let log: String = log.iter().map(|(seconds, body)| log_line(&ago(*seconds), body)).collect();
    app.database.import(&log, &[]);
    let german = app.request("GET", "/live").header("Accept-Language", "de").send();
    assert_eq!(german.status, 200);
    assert_eq!(rows(german.text(), "running"), ["ringing", "outgoing", "talking"]);
    assert_eq!(rows(german.text(), "ended"), ["ended", "lost"]);
    for text in ["Klingelt", "Im Gespräch", "Ausgehend", "Verpasst", "49:5", "anonym"] {
        assert!(german.text().contains(text), "{text}: {}", german.text());
    }
    // Without JavaScript it looks again by itself, and by a link.
    assert!(german.text().contains("<noscript><meta http-equiv=\"refresh\""));
    assert!(german.text().contains("href=\"/live\">Aktualisieren</a>"));
    let english = app.request("GET", "/live").header("Accept-Language", "en").send();
    assert!(english.text().contains("Ringing") && english.text().contains("Talking"));
}

#[test]
fn the_calls_that_ended_last_come_first_however_long_ago_they_began() {
    let app = TestApp::start();
    let mut log = String::new();
    for number in 0..25 {
        log += &log_line(&ago(1000 - number), &hung_up(&format!("short-{number}"), "missed", 0));
    }
    log += &log_line(&ago(3000), &incoming("long", CALLER, LINE));
    log += &log_line(&ago(5), &hung_up("long", "accepted", 2900));
    app.database.import(&log, &[]);
    let ended = rows(app.get("/live").text(), "ended");
    let mut expected = vec!["long".to_owned()];
    expected.extend((6..25).rev().map(|number| format!("short-{number}")));
    assert_eq!(ended, expected);
}

#[test]
fn a_list_tells_of_new_calls_only_where_they_would_show() {
    let app = TestApp::start();
    let is_told = |path: &str| app.get(path).text().contains("data-fresh");
    for path in ["/calls", "/calls?period=today", "/calls?direction=in&period=week"] {
        assert!(is_told(path), "{path}");
    }
    for path in ["/calls?period=yesterday", "/calls?outcome=missed", "/calls?q=0221"] {
        assert!(!is_told(path), "{path}");
    }
    let log: String =
        (0..=50).map(|number| log_line(&ago(60 - number), &hung_up(&format!("c{number}"), "missed", 0))).collect();
    app.database.import(&log, &[]);
    let last = app.calls("limit=50").ok()["next_cursor"].as_str().unwrap().to_owned();
    let older = format!("/calls?cursor={last}");
    assert!(app.get(&older).text().contains("/calls/c0"), "{older}");
    assert!(is_told("/calls") && !is_told(&older), "{older}");
    let page = app.get("/calls?direction=in&party=03023125000");
    assert!(page.text().contains("data-direction=\"in\"") && page.text().contains("data-party=\"+493023125000\""));
}

#[test]
fn scripts_and_styles_are_small_and_only_ours() {
    let app = TestApp::start();
    let page = app.get("/live");
    let script = page.text().split("<script defer src=\"").nth(1).unwrap().split('"').next().unwrap();
    let packed = app.request("GET", script).header("Accept-Encoding", "gzip").send();
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < 8 * 1024, "{}", packed.body.len());
    assert_eq!(packed.header("content-type"), Some("text/javascript; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self'") && policy.contains("connect-src 'self'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let html = app.request("GET", "/live").header("Accept-Encoding", "gzip").send();
    assert!(html.body.len() < 15 * 1024, "{}", html.body.len());
    let source = app.get(script);
    for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
        assert!(!source.text().contains(way), "{way}: what callers send must not become markup");
    }
}
