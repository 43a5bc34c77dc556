//! Tests of access control: who may come in.

use serde_json::json;

use crate::helpers::{Answers, CALLER, LINE, TestApp, hung_up, incoming};

const CLOSED: [&str; 5] = ["/api/v1/stats", "/api/v1/calls", "/api/v1/routes", "/calls.csv", "/api/v1/calls/a"];

fn reason(answer: &crate::helpers::Answer) -> String {
    answer.problem(403)["detail"].as_str().unwrap().to_owned()
}

#[test]
fn local_mode_is_open_to_this_machine_under_each_of_its_names() {
    let app = TestApp::start();
    let port = app.address().port();
    for host in ["localhost", "127.0.0.1", "[::1]"] {
        for host in [host.to_owned(), format!("{host}:{port}"), format!("{host}:1")] {
            app.request("GET", "/api/v1/stats").host(&host).send().ok();
            app.request("POST", "/placetel").host(&host).form(hung_up("a", "missed", 0)).send().xml();
        }
    }
}

#[test]
fn local_mode_is_closed_to_requests_for_other_hosts() {
    let app = TestApp::start();
    for host in
        ["example.org", "localhost.example.org", "127.0.0.1.nip.io", "127.0.0.2", "localhost:", "192.168.1.1:8080"]
    {
        for path in CLOSED {
            let said = reason(&app.request("GET", path).host(host).send());
            assert!(said.contains("host"), "{host} {path}: {said}");
        }
        reason(&app.request("POST", "/placetel").host(host).form(hung_up("a", "missed", 0)).send());
    }
    assert_eq!(app.database.count("from events"), 0);
}

#[test]
fn local_mode_is_closed_to_what_comes_through_a_proxy() {
    let app = TestApp::start();
    for (name, value) in [
        ("Forwarded", "for=192.0.2.1"),
        ("X-Forwarded-For", "192.0.2.1"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "localhost"),
        ("x-forwarded-anything", "x"),
        ("X-Real-IP", "192.0.2.1"),
        ("Via", "1.1 proxy"),
    ] {
        for path in CLOSED {
            let said = reason(&app.request("GET", path).header(name, value).send());
            assert!(said.contains("proxy"), "{name} {path}: {said}");
        }
        let posted = app.request("POST", "/placetel").header(name, value).form(hung_up("a", "missed", 0)).send();
        assert!(reason(&posted).contains("proxy"), "{name}");
        let created = app.request("POST", "/api/v1/routes").header(name, value);
        reason(&created.json(&json!({"name": "x", "reply": {"action": "hangup"}})).send());
    }
    assert_eq!(app.database.count("from events") + app.database.count("from routes"), 0);
}

#[test]
fn local_mode_is_closed_to_http_1_0() {
    let app = TestApp::start();
    for path in CLOSED {
        let said = reason(&app.request("GET", path).http_1_0().send());
        assert!(said.contains("HTTP/1.1"), "{path}: {said}");
    }
    reason(&app.request("POST", "/placetel").http_1_0().form(hung_up("a", "missed", 0)).send());
    assert_eq!(app.database.count("from events"), 0);
}

#[test]
fn whether_it_lives_is_told_to_everybody() {
    for flags in [&[][..], &["--placetel-secret", "s"], &["--placetel-basic", "u:p"]] {
        let app = TestApp::with(flags);
        for path in ["/healthz", "/readyz"] {
            let asked = app.request("GET", path).host("example.org").header("X-Forwarded-For", "192.0.2.1").http_1_0();
            assert_eq!(asked.send().status, 200, "{path} {flags:?}");
        }
    }
}

#[test]
fn with_a_guard_the_events_come_in_from_anywhere_and_nothing_else() {
    let app = TestApp::with(&["--placetel-basic", "u:p"]);
    let event = app.request("POST", "/placetel").host("fernamt.example.org").header("X-Forwarded-For", "192.0.2.1");
    event.header("Authorization", "Basic dTpw").form(incoming("a", CALLER, LINE)).send().xml();
    for path in CLOSED {
        for host in ["localhost", "fernamt.example.org"] {
            let answer = app.request("GET", path).host(host).header("Authorization", "Basic dTpw").send();
            assert!([401, 403].contains(&answer.status), "{path}: {answer}");
            assert!(!answer.text().contains(LINE), "{path}: {answer}");
        }
    }
    let route = json!({"name": "x", "reply": {"action": "hangup"}});
    assert!([401, 403].contains(&app.create_route(&route).status));
    assert_eq!(app.database.count("from routes"), 0);
}

#[test]
fn pages_of_other_sites_cannot_change_anything() {
    let app = TestApp::start();
    let route = json!({"name": "x", "reply": {"action": "hangup"}});
    let id = app.create_route(&route).json()["id"].clone();
    let port = app.address().port();
    let elsewhere = format!("http://localhost:{}", port.wrapping_add(1));
    let foreign = [
        ("Origin", "https://evil.example"),
        ("Origin", "null"),
        ("Origin", elsewhere.as_str()),
        ("Sec-Fetch-Site", "cross-site"),
    ];
    for (name, value) in foreign {
        let request = |method: &str, path: &str| app.request(method, path).header(name, value);
        request("POST", "/api/v1/routes").json(&route).send().problem(403);
        request("PUT", &format!("/api/v1/routes/{id}")).json(&route).send().problem(403);
        request("DELETE", &format!("/api/v1/routes/{id}")).send().problem(403);
        request("POST", "/placetel").form(hung_up("a", "missed", 0)).send().problem(403);
        request("GET", "/api/v1/routes").send().ok();
    }
    assert_eq!((app.database.count("from routes"), app.database.count("from events")), (1, 0));
    let own = format!("http://{}", app.address());
    let request = |method: &str, path: &str| app.request(method, path).header("Origin", &own);
    assert_eq!(request("POST", "/api/v1/routes").json(&route).send().status, 201);
    request("POST", "/placetel").header("Sec-Fetch-Site", "same-origin").form(hung_up("a", "missed", 0)).send().xml();
}

#[test]
fn with_a_guard_events_from_pages_of_other_sites_are_refused_too() {
    let app = TestApp::with(&["--placetel-basic", "u:p"]);
    let request = app.request("POST", "/placetel").header("Authorization", "Basic dTpw");
    request.header("Origin", "https://evil.example").form(hung_up("a", "missed", 0)).send().problem(403);
    assert_eq!(app.database.count("from events"), 0);
}

#[test]
fn json_endpoints_take_json_only() {
    let app = TestApp::start();
    let route = json!({"name": "x", "reply": {"action": "hangup"}});
    let id = app.create_route(&route).json()["id"].clone();
    let send = |method: &str, path: &str, media: Option<&str>| {
        let request = app.request(method, path).body(route.to_string());
        match media {
            Some(media) => request.header("Content-Type", media).send(),
            None => request.send(),
        }
    };
    let one = format!("/api/v1/routes/{id}");
    for media in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonx")] {
        send("POST", "/api/v1/routes", media).problem(415);
        send("PUT", &one, media).problem(415);
    }
    assert_eq!(send("POST", "/api/v1/routes", Some("application/json; charset=utf-8")).status, 201);
    send("PUT", &one, Some("Application/JSON")).ok();
}

#[test]
fn what_does_not_exist_is_a_problem_and_so_is_a_wrong_method() {
    let app = TestApp::start();
    for path in ["/api/v1/nothing", "/api/v2/stats", "/api/v1/calls/%FF", "/api/v1/routes/abc", "/api/"] {
        app.get(path).problem(404);
    }
    for (method, path) in [
        ("POST", "/api/v1/stats"),
        ("DELETE", "/api/v1/calls"),
        ("PUT", "/api/v1/calls/a"),
        ("DELETE", "/api/v1/routes"),
        ("POST", "/api/v1/routes/1"),
    ] {
        let answer = app.request(method, path).send();
        answer.problem(405);
        assert!(answer.header("allow").is_some_and(|allowed| allowed.contains("GET")), "{method} {path}: {answer}");
    }
}

#[test]
fn every_answer_forbids_scripts_from_elsewhere() {
    let app = TestApp::start();
    for path in ["/healthz", "/api/v1/stats", "/api/v1/nothing", "/calls.csv"] {
        let answer = app.get(path);
        let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{path}: {answer}"));
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("x-frame-options"), Some("DENY"), "{path}");
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"), "{path}");
    }
}
