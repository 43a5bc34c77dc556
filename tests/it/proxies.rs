//! Tests of reverse proxies: forwarded headers count only if the proxy is configured as trusted.

use crate::helpers::{Answers, TestApp, hung_up};

const YEAR: Option<&str> = Some("max-age=31536000");

#[test]
fn only_a_configured_proxy_says_that_the_client_speaks_tls() {
    let hsts = |app: &TestApp, name: &str, value: &str| {
        let answer = app.request("GET", "/healthz").header(name, value).send();
        answer.header("strict-transport-security").map(ToOwned::to_owned)
    };
    let trusting = TestApp::with(&["--trusted-proxy", "192.0.2.0/24, 127.0.0.1"]);
    for (name, value) in [("X-Forwarded-Proto", "https"), ("Forwarded", "for=192.0.2.1;proto=https")] {
        assert_eq!(hsts(&trusting, name, value).as_deref(), YEAR, "{name}");
    }
    assert_eq!(hsts(&trusting, "X-Forwarded-Proto", "http"), None);
    assert_eq!(hsts(&trusting, "X-Forwarded-For", "192.0.2.1"), None);
    for flags in [&[][..], &["--trusted-proxy", "192.0.2.0/24"]] {
        assert_eq!(hsts(&TestApp::with(flags), "X-Forwarded-Proto", "https"), None, "{flags:?}");
    }
}

#[test]
fn refusals_say_it_too() {
    let app = TestApp::with(&["--trusted-proxy", "127.0.0.1", "--placetel-secret", "s"]);
    for path in ["/nothing", "/api/v1/stats", "/placetel"] {
        let answer = app.request("GET", path).header("X-Forwarded-Proto", "https").send();
        assert!(answer.status >= 300, "{path}");
        assert_eq!(answer.header("strict-transport-security"), YEAR, "{path}");
    }
}

#[test]
fn forms_behind_a_proxy_are_our_own_under_the_name_that_the_browser_knows() {
    let post = |app: &TestApp, headers: &[(&str, &str)]| {
        let request = app.request("POST", "/placetel").host("10.0.0.5:8080").header("Authorization", "Basic dTpw");
        let request = request.header("Origin", "https://tel.example");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        request.form(hung_up("a", "missed", 0)).send().status
    };
    let trusting = TestApp::with(&["--placetel-basic", "u:p", "--trusted-proxy", "127.0.0.1"]);
    assert_eq!(post(&trusting, &[("X-Forwarded-Host", "tel.example")]), 200);
    assert_eq!(post(&trusting, &[("Forwarded", "for=192.0.2.1;host=tel.example")]), 200);
    assert_eq!(post(&trusting, &[("X-Forwarded-Host", "other.example")]), 403);
    assert_eq!(post(&trusting, &[]), 403);
    let wary = TestApp::with(&["--placetel-basic", "u:p"]);
    assert_eq!(post(&wary, &[("X-Forwarded-Host", "tel.example")]), 403);
}

#[test]
fn local_mode_refuses_a_configured_proxy_like_any_other() {
    let app = TestApp::with(&["--trusted-proxy", "127.0.0.1"]);
    for (name, value) in [("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-Host", "localhost"), ("Forwarded", "for=_a")]
    {
        app.request("GET", "/api/v1/stats").header(name, value).send().problem(403);
        app.request("POST", "/placetel").header(name, value).form(hung_up("a", "missed", 0)).send().problem(403);
    }
}
