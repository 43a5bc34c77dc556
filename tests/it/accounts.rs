//! Tests of accounts: the first one, logging in and out, sessions, tokens.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::helpers::{Answers, Database, Server, TestApp, form, hung_up};
use crate::signed_in::{GUARDED, PASSWORD, by, by_token, cookie_of, guarded, leads_to, log_in, try_login};

pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    for _ in 0..600 {
        if is_so() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("never: {what}");
}

fn code(database: &Database) -> String {
    database.rows("value", "from settings where name = 'setup_code'")[0].trim_matches(['(', ')']).to_owned()
}

fn set_up(app: &impl Answers, code: &str, name: &str, password: &str) -> crate::helpers::Answer {
    app.request("POST", "/setup").form(form(&[("code", code), ("name", name), ("password", password)])).send()
}

#[test]
fn the_first_account_is_made_with_the_code_that_the_log_tells_once() {
    let database = Database::create();
    let server = Server::start(&database, &GUARDED);
    leads_to(&server.get("/"), "/setup");
    leads_to(&server.get("/calls?direction=in"), "/setup");
    leads_to(&server.get("/login"), "/setup");
    let refused = server.get("/api/v1/stats");
    refused.problem(401);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"fernamt\""));
    assert_eq!(server.get("/setup").status, 200);
    let code = code(&database);
    for wrong in ["", "ABCD-EFGH-JKLM-NPQR", &code[..code.len() - 1]] {
        assert_eq!(set_up(&server, wrong, "anna", PASSWORD).status, 401, "{wrong}");
    }
    let short = set_up(&server, &code, "anna", "too short");
    assert_eq!(short.status, 400, "{short}");
    assert!(!short.text().contains("too short"), "a password is not sent back");
    assert_eq!(set_up(&server, &code, "<b>", PASSWORD).status, 400);
    assert_eq!(database.count("from users"), 0, "nothing is half-saved");
    let made = set_up(&server, &code.to_lowercase().replace('-', " "), "Anna", PASSWORD);
    leads_to(&made, "/");
    assert_eq!(by(&server, &cookie_of(&made), "GET", "/").send().status, 200, "whoever made it is logged in");
    leads_to(&set_up(&server, &code, "eve", PASSWORD), "/login");
    leads_to(&server.get("/setup"), "/login");
    assert_eq!((database.count("from users"), database.count("from settings where name = 'setup_code'")), (1, 0));
    server.terminate();
    let done = server.wait();
    assert_eq!(done.stderr.matches(&code).count(), 1, "{}", done.stderr);
    let secrets = [PASSWORD, cookie_of(&made).split_once('=').unwrap().1].map(|secret| done.stderr.contains(secret));
    assert_eq!(secrets, [false, false]);
}

#[test]
fn guessing_the_code_ends_after_ten_failures() {
    let app = TestApp::with(&GUARDED);
    for _ in 0..9 {
        assert_eq!(set_up(&app, "ABCD", "anna", PASSWORD).status, 401);
    }
    set_up(&app, "ABCD", "anna", PASSWORD);
    let code = code(&app.database);
    assert_eq!(set_up(&app, &code, "anna", PASSWORD).status, 429);
    assert_eq!(app.database.count("from users"), 0);
}

#[test]
fn the_code_is_the_same_on_every_node_and_after_a_restart() {
    let database = Arc::new(Database::create());
    let one = TestApp::on(database.clone(), &GUARDED);
    let first = code(&database);
    let other = TestApp::on(database.clone(), &GUARDED);
    assert_eq!(code(&database), first);
    leads_to(&set_up(&other, &first, "anna", PASSWORD), "/");
    wait_until("the other node knows the account", || one.get("/").header("location") == Some("/login"));
    log_in(&one, "anna");
}

#[test]
fn local_mode_ends_with_the_first_account() {
    let app = TestApp::start();
    app.get("/api/v1/stats").ok();
    for path in ["/settings/users", "/settings/account"] {
        leads_to(&app.get(path), "/setup");
    }
    leads_to(&app.get("/login"), "/");
    assert_eq!(set_up(&app, "", "eve", PASSWORD).status, 401);
    app.database.add_user("anna", "admin");
    wait_until("local mode is over", || app.get("/api/v1/stats").status == 401);
    leads_to(&app.get("/"), "/login");
    leads_to(&app.get("/calls?q=a&q=%20b"), "/login?next=%2Fcalls%3Fq%3Da%26q%3D%2520b");
    // Under any name now, and through proxies.
    leads_to(&app.request("GET", "/").host("fernamt.example").header("X-Forwarded-For", "192.0.2.1").send(), "/login");
    let cookie = log_in(&app, "anna");
    by(&app, &cookie, "GET", "/api/v1/stats").send().ok();
    // What proves nothing still has to come from this machine.
    app.request("POST", "/placetel").host("example.org").form(hung_up("a", "missed", 0)).send().problem(403);
    app.post_event(hung_up("a", "missed", 0)).xml();
}

#[test]
fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let app = guarded();
    let answer = try_login(&app, "anna", PASSWORD);
    leads_to(&answer, "/");
    let cookie = answer.header("set-cookie").unwrap().to_owned();
    let attributes: Vec<_> = cookie.split("; ").skip(1).collect();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=2592000"] {
        assert!(attributes.contains(&attribute), "{attribute}: {cookie}");
    }
    let value = cookie_of(&answer).split_once('=').unwrap().1.to_owned();
    assert_eq!(value.len(), 43, "256 random bits");
    let stored = app.database.rows("hash", "from sessions").concat();
    assert!(!stored.contains(&value) && !stored.contains(&hex::encode(&value)), "only its hash is stored");
}

#[test]
fn behind_a_named_proxy_the_cookie_is_for_tls_and_failures_count_by_client() {
    let database = Database::create();
    database.add_user("anna", "admin");
    let app = TestApp::on(Arc::new(database), &["--placetel-secret", "s", "--trusted-proxy", "127.0.0.1"]);
    let from = |client: &str, password: &str| {
        let request = app.request("POST", "/login").header("X-Forwarded-For", client);
        let request = request.header("X-Forwarded-Proto", "https").header("X-Forwarded-Host", "tel.example");
        let login = form(&[("name", "anna"), ("password", password)]);
        request.header("Origin", "https://tel.example").form(login).send()
    };
    let cookie = from("192.0.2.1", PASSWORD).header("set-cookie").unwrap().to_owned();
    assert!(cookie.split("; ").any(|attribute| attribute == "Secure"), "{cookie}");
    let statuses: Vec<_> = (0..10).map(|_| from("192.0.2.1", "wrong password").status).collect();
    assert_eq!((statuses[8], statuses[9]), (401, 429));
    // What the client itself claims stands before what the proxy adds.
    assert_eq!(from("198.51.100.7, 192.0.2.1", PASSWORD).status, 429);
    assert_eq!(from("192.0.2.2", PASSWORD).status, 303);
    let plain = try_login(&app, "anna", PASSWORD);
    assert!(!plain.header("set-cookie").unwrap().contains("Secure"), "{plain}");
}

#[test]
fn whoever_logs_in_comes_back_to_where_they_were_and_never_to_another_site() {
    let app = guarded();
    let to = |next: &str| {
        let login = form(&[("name", " ANNA "), ("password", PASSWORD), ("next", next)]);
        let answer = app.request("POST", "/login").form(login).send();
        assert_eq!(answer.status, 303, "{answer}");
        answer.header("location").unwrap().to_owned()
    };
    assert_eq!(to("/calls?q=1"), "/calls?q=1");
    for elsewhere in ["https://evil.example", "//evil.example", "/\\evil.example", "evil", ""] {
        assert_eq!(to(elsewhere), "/", "{elsewhere}");
    }
    let page = app.get("/login?next=//evil.example");
    assert!(page.status == 200 && !page.text().contains("name=\"next\""), "{page}");
    assert!(app.get("/login?next=/calls").text().contains("value=\"/calls\""));
}

#[test]
fn a_wrong_password_and_a_name_that_there_is_not_are_answered_alike() {
    let app = guarded();
    let answer = |name: &str, password: &str| {
        let answer = try_login(&app, name, password);
        assert_eq!(answer.status, 401, "{name}");
        assert_eq!(answer.header("set-cookie"), None);
        answer.text().replace(name, "NAME")
    };
    let wrong = answer("anna", "wrong password");
    assert_eq!(answer("nobody", PASSWORD), wrong);
    assert_eq!(answer("anna", ""), wrong);
    assert_eq!(answer("ben", &PASSWORD.to_uppercase()), wrong);
    assert_eq!(answer("anna", &"x".repeat(3_000)), wrong);
    for missing in ["", "name=anna", "password=x"] {
        assert_eq!(app.request("POST", "/login").form(missing).send().status, 401, "{missing}");
    }
    let json = app.request("POST", "/login").json(&json!({"name": "anna", "password": PASSWORD})).send();
    json.problem(415);
}

#[test]
fn the_tenth_failure_closes_for_this_name_and_this_address() {
    let app = guarded();
    for name in ["anna", "nobody"] {
        let statuses: Vec<_> = (0..12).map(|_| try_login(&app, name, "wrong password").status).collect();
        assert_eq!(statuses, [[401; 9].as_slice(), [429; 3].as_slice()].concat(), "{name}");
    }
    let closed = try_login(&app, "Anna", PASSWORD);
    assert_eq!((closed.status, closed.header("set-cookie")), (429, None), "the right password comes too late");
    let wait: u64 = closed.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&wait), "{wait}");
    // A header that anybody can write makes nobody somebody else.
    let login = form(&[("name", "anna"), ("password", PASSWORD)]);
    let forged = app.request("POST", "/login").header("X-Forwarded-For", "198.51.100.7").form(login).send();
    assert_eq!(forged.status, 429);
    log_in(&app, "ben");
}

#[test]
fn success_forgives_failures() {
    let app = guarded();
    for _ in 0..3 {
        for _ in 0..8 {
            assert_eq!(try_login(&app, "anna", "wrong password").status, 401);
        }
        log_in(&app, "anna");
    }
}

#[test]
fn logins_from_pages_of_other_sites_are_refused() {
    let app = guarded();
    let login = form(&[("name", "anna"), ("password", PASSWORD)]);
    for (name, value) in [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "cross-site")] {
        for path in ["/login", "/setup", "/logout", "/language"] {
            app.request("POST", path).header(name, value).form(login.clone()).send().problem(403);
        }
    }
    assert_eq!(app.database.count("from sessions"), 0);
}

#[test]
fn a_session_is_always_a_new_one_and_ends_with_the_log_out() {
    let app = guarded();
    let planted = "session=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let login = form(&[("name", "anna"), ("password", PASSWORD)]);
    let first = cookie_of(&by(&app, planted, "POST", "/login").form(login.clone()).send());
    assert_ne!(first, planted);
    leads_to(&by(&app, planted, "GET", "/").send(), "/login");
    assert_eq!(by(&app, &first, "GET", "/").send().status, 200);
    let second = cookie_of(&by(&app, &first, "POST", "/login").form(login).send());
    assert_ne!(second, first);
    leads_to(&by(&app, &first, "GET", "/").send(), "/login");
    let elsewhere = log_in(&app, "anna");
    let out = by(&app, &second, "POST", "/logout").form("").send();
    leads_to(&out, "/login");
    assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"), "{out}");
    leads_to(&by(&app, &second, "GET", "/").send(), "/login");
    by(&app, &second, "GET", "/api/v1/stats").send().problem(401);
    assert_eq!(by(&app, &elsewhere, "GET", "/").send().status, 200, "others stay in");
    // A link cannot log anybody out.
    assert_eq!(by(&app, &elsewhere, "GET", "/logout").send().status, 404);
    assert_eq!(app.database.count("from sessions"), 1);
}

#[test]
fn sessions_end_in_time_and_when_they_are_not_used() {
    let app = guarded();
    let sessions = [("anna", "created_ms"), ("ben", "seen_ms")].map(|way| (log_in(&app, way.0), way));
    for (cookie, (name, column)) in &sessions {
        by(&app, cookie, "GET", "/api/v1/stats").send().ok();
        app.database.execute(&format!(
            "update sessions set {column} = {column} - 2678400000 \
             where user_id = (select id from users where name = '{name}')"
        ));
    }
    for (cookie, (_, column)) in &sessions {
        wait_until(column, || by(&app, cookie, "GET", "/api/v1/stats").send().status == 401);
    }
    log_in(&app, "ben");
    assert_eq!(app.database.count("from sessions"), 1, "what is over goes");
}

#[test]
fn another_password_ends_all_sessions_on_every_node() {
    let database = Arc::new(Database::create());
    database.add_user("anna", "admin");
    database.add_user("ben", "viewer");
    let nodes = [(); 2].map(|()| TestApp::on(database.clone(), &GUARDED));
    let (anna, ben) = (log_in(&nodes[0], "anna"), log_in(&nodes[0], "ben"));
    for node in &nodes {
        by(node, &anna, "GET", "/api/v1/stats").send().ok();
        by(node, &ben, "GET", "/api/v1/stats").send().ok();
    }
    let done = database.run(&["user", "password", "Anna", "--password-stdin"], b"another long one\n");
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    for node in &nodes {
        wait_until("the session is over", || by(node, &anna, "GET", "/api/v1/stats").send().status == 401);
        by(node, &ben, "GET", "/api/v1/stats").send().ok();
    }
    assert_eq!(try_login(&nodes[1], "anna", PASSWORD).status, 401);
    assert_eq!(try_login(&nodes[1], "anna", "another long one").status, 303);
    database.run(&["user", "remove", "ben"], b"");
    for node in &nodes {
        wait_until("nobody of this name", || by(node, &ben, "GET", "/api/v1/stats").send().status == 401);
    }
    assert_eq!(try_login(&nodes[0], "ben", PASSWORD).status, 401);
}

#[test]
fn tokens_let_programs_in_by_their_role_until_they_are_removed() {
    let app = guarded();
    let (reader, writer) = (app.database.add_token("reader", "viewer"), app.database.add_token("writer", "admin"));
    assert!(reader.starts_with("fernamt_") && reader.len() == 51 && reader != writer);
    wait_until("tokens are known", || by_token(&app, &writer, "GET", "/metrics").send().status == 200);
    for path in ["/api/v1/stats", "/calls.csv", "/metrics", "/", "/docs"] {
        assert_eq!(by_token(&app, &reader, "GET", path).send().status, 200, "{path}");
    }
    let route = json!({"name": "x", "reply": {"action": "hangup"}});
    by_token(&app, &reader, "POST", "/api/v1/routes").json(&route).send().problem(403);
    assert_eq!(by_token(&app, &writer, "POST", "/api/v1/routes").json(&route).send().status, 201);
    let revision = by_token(&app, &reader, "GET", "/api/v1/routes/revisions").send().ok()["items"][0].clone();
    assert_eq!(revision["changed_by"], "writer (API)");
    let foreign = by_token(&app, &writer, "POST", "/api/v1/routes").header("Origin", "https://evil.example");
    foreign.json(&route).send().problem(403);
    for wrong in ["", "fernamt_", &writer[..50], &writer.to_uppercase(), "anna", PASSWORD] {
        let refused = by_token(&app, wrong, "GET", "/api/v1/stats").send();
        refused.problem(401);
        assert_eq!(refused.header("www-authenticate"), Some("Bearer realm=\"fernamt\""));
    }
    let basic = app.request("GET", "/api/v1/stats").header("Authorization", "Basic YW5uYTpjb3JyZWN0").send();
    basic.problem(401);
    let stored = app.database.rows("hash, name", "from tokens").concat();
    assert!(!stored.contains(&reader) && !stored.contains(&hex::encode(&reader)));
    app.database.run(&["token", "remove", "Writer"], b"");
    wait_until("it is gone", || by_token(&app, &writer, "GET", "/metrics").send().status == 401);
    by_token(&app, &reader, "GET", "/api/v1/stats").send().ok();
}

#[test]
fn the_stream_is_over_soon_after_the_session() {
    use std::io::{Read, Write};
    let app = guarded();
    let cookie = log_in(&app, "ben");
    let mut stream = std::net::TcpStream::connect(app.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let head = format!("GET /events HTTP/1.1\r\nHost: {}\r\nCookie: {cookie}\r\n\r\n", app.address());
    stream.write_all(head.as_bytes()).unwrap();
    let mut start = [0; 12];
    stream.read_exact(&mut start).unwrap();
    assert_eq!(&start, b"HTTP/1.1 200");
    by(&app, &cookie, "POST", "/logout").form("").send();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("it ends");
}
