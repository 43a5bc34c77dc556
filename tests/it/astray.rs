//! Tests of events that are sent to a wrong url, and of HEAD.

use crate::client::Answer;
use crate::helpers::{Answers, CALLER, LINE, TestApp, form, incoming};
use crate::signed_in::{by, guarded, log_in};

fn sent(app: &TestApp, path: &str) -> Answer {
    app.request("POST", path).form(incoming("astray", CALLER, LINE)).send()
}

fn refused(app: &TestApp) -> String {
    let metrics = app.get("/metrics");
    let line = metrics.text().lines().find(|line| line.contains("result=\"astray\"")).unwrap_or_default();
    line.rsplit(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn a_slash_at_the_end_loses_no_event() {
    let app = TestApp::start();
    sent(&app, "/placetel/").xml();
    assert_eq!(app.get("/api/v1/calls/astray").ok()["outcome"], "open");
    app.request("GET", "/placetel/").send().problem(405);
}

#[test]
fn an_event_for_another_url_is_refused_counted_and_told_with_the_right_url() {
    let app = TestApp::start();
    let paths = ["/", "/Placetel", "/PLACETEL", "/placetel/events", "/placetell", "/calls", "/api/v1/placetel", "/x/y"];
    for path in paths {
        let problem = sent(&app, path).problem(404);
        assert!(problem["detail"].as_str().unwrap().contains("/placetel"), "{path}: {problem}");
    }
    assert_eq!(refused(&app), paths.len().to_string());
    assert_eq!(app.get("/api/v1/calls").ok()["items"].as_array().unwrap().len(), 0);
    for page in ["/", "/settings"] {
        let page = app.request("GET", page).header("Accept-Language", "en").header("Accept", "text/html").send();
        assert!(page.text().contains("not for the address of events"), "{page}");
        assert!(page.text().contains(&format!("http://{}/placetel", app.address())), "{page}");
    }
    // An event that is taken shows that the url is right by now.
    sent(&app, "/placetel").xml();
    assert!(!app.get("/settings").text().contains("not for the address of events"));
}

#[test]
fn what_is_no_event_is_answered_as_ever() {
    let app = guarded();
    for path in ["/", "/nowhere", "/Placetel"] {
        let answer = app.request("POST", path).form(form(&[("name", "x")])).send();
        assert_eq!((answer.status, answer.header("location")), (303, Some("/login")), "{path}: {answer}");
    }
    let foreign = app.request("POST", "/").header("Origin", "http://evil.example").form(incoming("x", CALLER, LINE));
    foreign.send().problem(403);
    sent(&app, "/").problem(404);
    sent(&app, "/placetel").problem(401);
    // Where forms are taken, they are no events.
    assert_eq!(sent(&app, "/login").status, 401);
}

#[test]
fn head_answers_like_get_without_a_body() {
    let app = guarded();
    let anna = log_in(&app, "anna");
    let open = ["/healthz", "/readyz", "/login", "/assets/app.css"];
    let closed = ["/", "/calls", "/live", "/settings", "/api/v1/stats", "/api/v1/calls/none", "/calls.csv", "/events"];
    for path in open.into_iter().chain(closed) {
        let head = by(&app, &anna, "HEAD", path).send();
        assert!(head.body.is_empty(), "{path}: {head}");
        if path != "/events" {
            let get = by(&app, &anna, "GET", path).send();
            assert_eq!(head.status, get.status, "{path}: {head}");
            assert_eq!(head.header("content-type"), get.header("content-type"), "{path}: {head}");
        } else {
            assert_eq!((head.status, head.header("content-type")), (200, Some("text/event-stream")), "{head}");
        }
    }
    for path in closed {
        let stranger = app.request("HEAD", path).send();
        assert!([303, 401].contains(&stranger.status), "{path}: {stranger}");
    }
    app.request("DELETE", "/api/v1/stats").header("Cookie", &anna).send().problem(405);
}
