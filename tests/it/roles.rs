//! Tests of authorisation: who may do what, for every url of the table and every role.

use fernamt::web::routes::{FOR_PEOPLE, FOR_PROGRAMS};

use crate::accounts::wait_until;
use crate::helpers::{Answer, Answers, form};
use crate::signed_in::{by, by_token, guarded, log_in};

/// Urls that need no login.
const OPEN: [(&str, &str); 6] = [
    ("GET", "/login"),
    ("POST", "/login"),
    ("GET", "/setup"),
    ("POST", "/setup"),
    ("POST", "/language"),
    ("GET", "/healthz"),
];
/// What viewers may send although it is no GET: their own account, and what is only tried.
const OWN: [&str; 7] = [
    "/logout",
    "/settings/account/password",
    "/settings/account/sessions",
    "/api/v1/routes/test",
    "/api/v1/routes/replay",
    "/routes/replay",
    "/routes/1/replay",
];
const MACHINES: [&str; 7] =
    ["/metrics", "/events", "/calls.csv", "/stats.csv", "/callbacks.csv", "/contacts.csv", "/contacts.vcf"];

fn filled(path: &str) -> String {
    let (mut url, mut rest) = (String::new(), path);
    while let Some((before, after)) = rest.split_once('{') {
        url += before;
        url += "1";
        rest = after.split_once('}').unwrap().1;
    }
    url + rest
}

/// Every url with its method, as the table of urls says.
pub fn urls() -> Vec<(String, String)> {
    let endpoints = FOR_PEOPLE.iter().chain(&FOR_PROGRAMS);
    endpoints.map(|endpoint| (endpoint.method.to_string(), filled(endpoint.path))).collect()
}

fn is_open(method: &str, path: &str) -> bool {
    OPEN.contains(&(method, path))
}

fn is_machine(path: &str) -> bool {
    path.starts_with("/api/") || MACHINES.contains(&path)
}

#[test]
fn nobody_gets_in_without_logging_in() {
    let app = guarded();
    for (method, path) in urls().iter().filter(|(method, path)| !is_open(method, path)) {
        let answer = app.request(method, path).send();
        let what = format!("{method} {path}: {answer}");
        if is_machine(path) {
            answer.problem(401);
            assert!(answer.header("www-authenticate").is_some(), "{what}");
        } else {
            assert_eq!(answer.status, 303, "{what}");
            assert!(answer.header("location").is_some_and(|to| to.starts_with("/login")), "{what}");
        }
        let with_wrong = by_token(&app, "fernamt_wrong", method, path).send();
        assert_eq!(with_wrong.status, 401, "{method} {path}");
    }
    for (method, path) in OPEN {
        let answer = app.request(method, path).send();
        let is_led = answer.header("location").is_some_and(|to| to.contains("next="));
        assert!(answer.status != 403 && !is_led, "{method} {path}: {answer}");
    }
}

#[test]
fn viewers_see_everything_but_accounts_and_change_nothing() {
    let app = guarded();
    let (mut cookie, token) = (log_in(&app, "ben"), app.database.add_token("t", "viewer"));
    wait_until("the token is known", || by_token(&app, &token, "GET", "/metrics").send().status == 200);
    for (method, path) in urls().iter().filter(|(method, path)| !is_open(method, path) && path != "/events") {
        let answer = by(&app, &cookie, method, path).send();
        let is_allowed = match method.as_str() {
            "GET" => !path.starts_with("/settings/users") && !path.starts_with("/settings/audit"),
            _ => OWN.contains(&path.as_str()),
        };
        let what = format!("{method} {path}: {answer}");
        assert_eq!(answer.status == 403, !is_allowed, "{what}");
        assert_ne!(answer.status, 401, "{what}");
        if path == "/logout" {
            cookie = log_in(&app, "ben");
        }
        if !is_allowed {
            assert_eq!(by_token(&app, &token, method, path).send().status, 403, "{method} {path}");
        }
    }
    let refused = by(&app, &cookie, "POST", "/routes").header("Accept", "text/html").form("").send();
    assert_eq!(refused.status, 403);
    assert!(refused.text().contains("Your account may not do this"), "{refused}");
}

/// A new url is closed to them until it is made to tell of their lines only.
#[test]
fn whoever_sees_some_lines_only_gets_nowhere_else() {
    const OF_LINES: [&str; 17] = [
        "/",
        "/lines/1",
        "/agents/1",
        "/callers/1",
        "/calls",
        "/calls/1",
        "/calls.csv",
        "/stats.csv",
        "/callbacks.csv",
        "/callbacks",
        "/docs",
        "/api/v1/openapi.json",
        "/api/v1/stats",
        "/api/v1/calls",
        "/api/v1/calls/1",
        "/api/v1/callbacks",
        "/api/v1/callbacks/report",
    ];
    let app = guarded();
    app.database.add_user_with("carl", "viewer", &["--line", "022129191999"]);
    let mut cookie = log_in(&app, "carl");
    for (method, path) in urls().iter().filter(|(method, path)| !is_open(method, path)) {
        let is_own = path.starts_with("/settings/account") || path == "/logout";
        let is_allowed = is_own || method == "GET" && OF_LINES.contains(&path.as_str());
        let answer = by(&app, &cookie, method, path).send();
        assert_eq!(answer.status == 403, !is_allowed, "{method} {path}: {answer}");
        if path == "/logout" {
            cookie = log_in(&app, "carl");
        }
    }
}

#[test]
fn admins_get_everywhere() {
    let app = guarded();
    let cookie = log_in(&app, "anna");
    for (method, path) in urls().iter().filter(|(_, path)| path != "/events" && path != "/logout") {
        let answer = by(&app, &cookie, method, path).send();
        assert!(![401, 403].contains(&answer.status), "{method} {path}: {answer}");
        let is_led_away = answer.header("location").is_some_and(|to| to.starts_with("/login?next"));
        assert!(!is_led_away, "{method} {path}: {answer}");
    }
}

#[test]
fn an_address_that_is_written_otherwise_is_still_what_it_is() {
    let app = guarded();
    let cookie = log_in(&app, "ben");
    for path in ["/settings/%75sers", "/%73ettings/users", "/settings/users?x", "//settings/users", "/settings/./users"]
    {
        let answer = by(&app, &cookie, "GET", path).send();
        assert!([403, 404].contains(&answer.status), "{path}: {answer}");
        assert!(!answer.text().contains("anna"), "{path}");
    }
    for path in ["/routes/1/delete/../../replay", "/routes/1%2Fdelete/replay", "/logout/../routes"] {
        assert!([403, 404, 415].contains(&by(&app, &cookie, "POST", path).send().status), "{path}");
    }
}

#[test]
fn roles_change_at_once() {
    let app = guarded();
    let (anna, ben) = (log_in(&app, "anna"), log_in(&app, "ben"));
    let status = |path: &str| by(&app, &ben, "GET", path).send().status;
    assert_eq!(status("/settings/users"), 403);
    let change = |name: &str, role: &str| {
        let change = form(&[("name", name), ("role", role)]);
        by(&app, &anna, "POST", "/settings/users/role").form(change).send().status
    };
    assert_eq!(change("ben", "admin"), 303);
    assert_eq!(status("/settings/users"), 200);
    assert_eq!(change("ben", "viewer"), 303);
    assert_eq!(status("/settings/users"), 403);
    assert_eq!(change("anna", "viewer"), 409, "the last admin stays one");
    assert_eq!(change("nobody", "viewer"), 404);
    assert_eq!(change("ben", "root"), 400);
}

#[test]
fn pages_show_who_is_in_and_nothing_to_those_who_are_not() {
    let app = guarded();
    let anna = log_in(&app, "anna");
    let page = |answer: Answer| answer.text().to_owned();
    let inside = page(by(&app, &anna, "GET", "/settings").send());
    assert!(inside.contains("action=\"/logout\"") && inside.contains(">anna</a>"), "{inside}");
    let outside = page(app.get("/login"));
    assert!(!outside.contains("<nav") && !outside.contains("/logout") && !outside.contains("owed"), "{outside}");
}

#[test]
fn viewers_are_shown_no_buttons_that_they_may_not_use() {
    let app = guarded();
    let (anna, ben) = (log_in(&app, "anna"), log_in(&app, "ben"));
    let put = |path: &str, body: serde_json::Value| by(&app, &anna, "PUT", path).json(&body).send().status;
    let route = serde_json::json!({"name": "x", "reply": {"action": "hangup"}});
    assert_eq!(by(&app, &anna, "POST", "/api/v1/routes").json(&route).send().status, 201);
    assert_eq!(put("/api/v1/routes/1", serde_json::json!({"name": "y", "reply": {"action": "hangup"}})), 200);
    assert_eq!(put("/api/v1/lists/VIP", serde_json::json!({"numbers": []})), 201);
    assert_eq!(put("/api/v1/schedules/office", serde_json::json!({"hours": "24/7"})), 201);
    assert_eq!(put("/api/v1/contacts/+491712345678", serde_json::json!({"name": "Otto"})), 200);
    let until = (chrono::Utc::now() + chrono::Duration::hours(1)).to_rfc3339();
    assert_eq!(put("/api/v1/closed", serde_json::json!({"until": until})), 200);
    app.database.import(&crate::helpers::log_line(&chrono::Utc::now().to_rfc3339(), &hung_up_missed()), &[]);
    let buttons = |cookie: &str, path: &str| {
        let page = by(&app, cookie, "GET", path).send();
        assert_eq!(page.status, 200, "{path}");
        let text = page.text().to_owned();
        let used = ["button class=\"primary\"", "class=\"danger\"", "value=\"up\"", "/enabled\"", "/restore\"", "/new"];
        let find = "<form class=\"find\"";
        used.into_iter().filter(|what| text.replace(find, "").contains(what)).count()
            + text.matches("/routes/open").count()
    };
    for path in [
        "/routes",
        "/routes/1",
        "/routes/history",
        "/routes/history/1",
        "/routes/lists",
        "/routes/lists/VIP",
        "/routes/schedules",
        "/routes/schedules/office",
        "/contacts",
        "/contacts/+491712345678",
        "/settings/names",
        "/callbacks",
    ] {
        assert!(buttons(&anna, path) > 0, "{path} has buttons for admins");
        assert_eq!(buttons(&ben, path), 0, "{path}: {}", by(&app, &ben, "GET", path).send());
    }
}

fn hung_up_missed() -> String {
    let call =
        [("call_id", "m"), ("direction", "in"), ("event", "HungUp"), ("type", "missed"), ("from", "03023125000")];
    form(&[&call[..], &[("to", "022129191999")]].concat())
}
