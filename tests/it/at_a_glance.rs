//! Tests of names wherever a number or a person is shown, and of dashboards that change while somebody looks.

use chrono::{Days, Utc};
use serde_json::json;

use crate::client::Answers;
use crate::dashboard::{Site, between, page, rows, section};
use crate::helpers::{CALLER, LINE, TestApp, accepted, hung_up, incoming};
use crate::live::{app, open, told_only};

/// Gives names to +49 30 23125000, to a line and to a person.
fn name(app: &TestApp, contact: &str) {
    let put = |path: &str, names| assert_eq!(app.request("PUT", path).json(&names).send().status / 100, 2, "{path}");
    put("/api/v1/contacts/+493023125000", json!({"name": contact}));
    let lines = json!([{"number": "+4922129191999", "name": "Zentrale"}]);
    put("/api/v1/names", json!({"lines": lines, "agents": [{"peer": "7777anna@fpbx.de", "name": "Ben"}]}));
}

#[test]
fn only_all_calls_of_today_are_live() {
    let site = Site::new(5);
    let today = Utc::now().with_timezone(&chrono_tz::Europe::Berlin).date_naive();
    let live = |path: &str| page(&site.app, path).contains("<dl class=\"tiles\" data-stats-day=");
    let (now, before) = (format!("start={today}&end={today}"), today - Days::new(1));
    for path in ["/?period=today", &format!("/?{now}"), "/?period=today&compare=off"] {
        assert!(live(path), "{path}");
    }
    for path in [
        "/",
        "/?period=yesterday",
        &format!("/?start={before}&end={today}"),
        &format!("/?{now}&direction=in"),
        &format!("/?{now}&hours=open"),
        &format!("/?{now}&q=1"),
        "/lines/%2B4922129191999?period=today",
        "/agents/7777anna@fpbx.de?period=today",
    ] {
        assert!(!live(path), "{path}");
    }
    assert!(
        page(&site.app, "/").contains("data-fresh") && !page(&site.app, "/?period=yesterday").contains("data-fresh")
    );
    assert!(page(&site.app, "/?period=7d&direction=in").contains("<a href=\"/quality?period=7d\">"));
}

#[test]
fn whoever_has_a_name_is_called_by_it() {
    let app = TestApp::start();
    name(&app, "Kern <b>");
    app.post_event(incoming("n1", "03023125000", "022129191999"));
    app.post_event(hung_up("n1", "missed", 0));
    app.post_event(incoming("n2", "01712345678", "022129191999"));
    app.post_event(accepted("n2", "7777anna@fpbx.de"));
    app.post_event(hung_up("n2", "accepted", 30));
    let kern = "<span class=\"named\">Kern &#60;b&#62; <small>+493023125000</small></span>";
    let html = page(&app, "/");
    let first = |title: &str| rows(section(&html, title))[0][0].clone();
    assert_eq!((first("Lines"), first("People")), ("Zentrale +4922129191999".into(), "Ben 7777anna@fpbx.de".into()));
    assert!(
        section(&html, "Who calls most often").contains(kern)
            && between(&html, "class=\"morning\"", "</section>").contains(kern)
    );
    assert!(html.contains("<option value=\"+4922129191999\">Zentrale +4922129191999</option>"), "{html}");
    assert!(page(&app, "/callbacks").contains(kern));
    assert!(page(&app, "/quality").contains("<a href=\"/lines/%2B4922129191999\"><span class=\"named\">Zentrale"));
    let call = page(&app, "/calls/n2");
    for path in ["/lines/%2B4922129191999", "/agents/7777anna%40fpbx.de", "/callers/%2B491712345678"] {
        assert!(call.contains(&format!("<dd><a href=\"{path}\">")), "{path}: {call}");
    }
    let line = page(&app, "/lines/%2B4922129191999");
    assert!(line.contains("<h1>Line Zentrale <span class=\"period\">+4922129191999</span></h1>"), "{line}");
}

#[test]
fn callbacks_owed_are_told_as_well_when_no_call_changes() {
    let app = app(told_only());
    let mut stream = open(&app);
    app.post_event(incoming("c1", CALLER, LINE)).xml();
    app.post_event(hung_up("c1", "missed", 0)).xml();
    let mut told = json!({});
    // The calls are counted first: the callback may be there already when the missed call was not yet.
    while told["callbacks_owed"] != 1 || told["totals"]["outcomes"]["missed"] != 1 {
        told = stream.next("stats").json();
    }
    let shown = &told["shown"]["en"];
    assert_eq!((&shown["owed"], &shown["owed_what"]), (&json!("1"), &json!("1 callback owed")));
    assert_eq!((&shown["today_in"], &shown["today_missed"]), (&json!("1 inbound call"), &json!("1 missed")));
    let party = app.get("/api/v1/callbacks").ok()["items"][0]["party"].as_str().unwrap().to_owned();
    assert_eq!(app.request("POST", &format!("/api/v1/callbacks/{party}/done")).send().status, 204);
    while told["callbacks_owed"] != 0 {
        told = stream.next("stats").json();
    }
    assert_eq!(told["totals"]["calls"], 1);
}

#[test]
fn calls_are_told_with_the_names_that_people_gave() {
    let app = app(told_only());
    let mut stream = open(&app);
    app.post_event(incoming("c1", "03023125000", "022129191999")).xml();
    let call = stream.next("call").json();
    assert!(["party_name", "number_name", "peer_name"].iter().all(|name| call.get(name).is_none()), "{call}");
    name(&app, "Anna Kern");
    app.post_event(accepted("c1", "7777anna@fpbx.de")).xml();
    let call = stream.next("call").json();
    assert_eq!((&call["party"], &call["party_name"]), (&json!("+493023125000"), &json!("Anna Kern")));
    assert_eq!((&call["number_name"], &call["peer_name"]), (&json!("Zentrale"), &json!("Ben")));
    let page = app.get("/live");
    for (place, text) in [("party", "Anna Kern"), ("number", "Zentrale"), ("peer", "Ben")] {
        assert!(page.text().contains(&format!("data-f=\"{place}\">{text}<")), "{place}: {page}");
    }
}
