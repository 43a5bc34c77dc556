//! Tests of admission: accounts that are known at once, limits of strangers' connections and logins, and what they log.

use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::accounts::wait_until;
use crate::client::read_some;
use crate::helpers::{Answers, Database, Server, SetAtTheEnd, TestApp, form, hung_up, signal};
use crate::signed_in::{GUARDED, PASSWORD, by, by_token, guarded, leads_to, log_in};

/// Longer than anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_token_is_known_from_when_it_is_made_until_it_is_removed() {
    let database = Arc::new(Database::create());
    database.add_user("anna", "admin");
    let nodes = [(); 2].map(|()| TestApp::on(database.clone(), &GUARDED));
    // Several times: one could fall on the moment at which a node looks by itself.
    for round in 0..4 {
        let name = format!("token {round}");
        let token = database.add_token(&name, "viewer");
        for node in &nodes {
            by_token(node, &token, "GET", "/api/v1/stats").send().ok();
        }
        assert_eq!(database.run(&["token", "remove", &name], b"").status, 0);
        for node in &nodes {
            by_token(node, &token, "GET", "/api/v1/stats").send().problem(401);
        }
    }
}

#[test]
fn an_account_is_known_from_when_it_is_made_and_what_it_may_holds_at_once() {
    let app = guarded();
    let route = json!({"name": "x", "reply": {"action": "hangup"}});
    for _ in 0..3 {
        app.database.add_user("carl", "admin");
        let carl = log_in(&app, "carl");
        by(&app, &carl, "GET", "/settings/users").send();
        assert_eq!(by(&app, &carl, "POST", "/api/v1/routes").json(&route).send().status, 201);
        assert_eq!(app.database.run(&["user", "role", "carl", "viewer"], b"").status, 0);
        by(&app, &carl, "POST", "/api/v1/routes").json(&route).send().problem(403);
        assert_eq!(app.database.run(&["user", "remove", "carl"], b"").status, 0);
        by(&app, &carl, "GET", "/api/v1/stats").send().problem(401);
        leads_to(&by(&app, &carl, "GET", "/").send(), "/login");
    }
}

#[test]
fn local_mode_is_over_with_the_first_account_at_once() {
    let app = TestApp::start();
    app.get("/api/v1/stats").ok();
    app.database.add_user("anna", "admin");
    app.get("/api/v1/stats").problem(401);
}

#[test]
fn accounts_of_a_restored_database_hold_although_their_version_is_older() {
    let app = guarded();
    let token = app.database.add_token("reader", "viewer");
    by_token(&app, &token, "GET", "/api/v1/stats").send().ok();
    app.database.execute("delete from tokens");
    app.database.execute("update settings set value = '1' where name = 'accounts_version'");
    by_token(&app, &token, "GET", "/api/v1/stats").send().problem(401);
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5)).expect("there is room");
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Whether a connection is served: it answers a question, or is closed.
fn is_served(mut stream: &TcpStream) -> bool {
    let _ = stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let (mut answer, mut byte) = (Vec::new(), [0]);
    while !answer.ends_with(b"\r\n\r\nok\n") {
        match read_some(&mut stream, &mut byte) {
            Ok(1) => answer.push(byte[0]),
            _ => return false,
        }
    }
    answer.starts_with(b"HTTP/1.1 200 ")
}

#[test]
fn an_address_has_so_many_connections_and_a_named_proxy_any_number() {
    let limited = |flags: &[&str], counts_loopback| {
        TestApp::changed(Arc::new(Database::create()), flags, |config| {
            config.limits.connections_of_address = 5;
            config.limits.counts_loopback = counts_loopback;
        })
    };
    let app = limited(&[], true);
    let mut there: Vec<_> = (0..5).map(|_| connect(app.address())).collect();
    assert!(there.iter().all(is_served));
    assert!(!is_served(&connect(app.address())), "one too many");
    assert!(there.iter().all(is_served), "those who are there go on");
    there.pop();
    wait_until("there is room for one again", || is_served(&connect(app.address())));
    for app in [limited(&["--trusted-proxy", "127.0.0.1"], true), limited(&[], false)] {
        let there: Vec<_> = (0..20).map(|_| connect(app.address())).collect();
        assert!(there.iter().all(is_served));
    }
}

#[test]
fn a_crowd_waits_to_be_taken_in_instead_of_being_sent_away() {
    let most = std::fs::read_to_string("/proc/sys/net/core/somaxconn").ok().and_then(|most| most.trim().parse().ok());
    let crowd = 300.min(most.unwrap_or(300));
    let server = Server::start(&Database::create(), &[]);
    // Nobody takes anybody in: all of them wait with the system.
    signal("-STOP", server.process());
    let waiting: Vec<_> =
        (0..crowd).map(|_| TcpStream::connect_timeout(&server.address(), Duration::from_secs(5))).collect();
    signal("-CONT", server.process());
    let turned_away = waiting.iter().filter(|stream| stream.is_err()).count();
    assert_eq!(turned_away, 0, "of {crowd}");
    let last = waiting.last().unwrap().as_ref().unwrap();
    last.set_read_timeout(Some(PATIENCE)).unwrap();
    assert!(is_served(last));
}

/// A try to log in from an address, through a named proxy.
fn try_from(app: &TestApp, address: &str, name: &str, password: &str) -> u16 {
    let request = app.request("POST", "/login").header("X-Forwarded-For", address);
    request.form(form(&[("name", name), ("password", password)])).send().status
}

#[test]
fn whoever_tries_many_names_closes_itself_out_and_keeps_nobody_waiting() {
    let database = Database::create();
    database.add_user("anna", "admin");
    let app = TestApp::on(Arc::new(database), &["--placetel-secret", "s", "--trusted-proxy", "127.0.0.1"]);
    let (is_over, failures, tries) = (AtomicBool::new(false), AtomicUsize::new(0), AtomicUsize::new(0));
    let in_time = std::thread::scope(|scope| {
        let _end = SetAtTheEnd(&is_over);
        for thread in 0..24 {
            let (app, is_over, failures, tries) = (&app, &is_over, &failures, &tries);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let number = tries.fetch_add(1, Ordering::Relaxed);
                    let address = format!("2001:db8::{thread:x}:{number:x}");
                    match try_from(app, &address, &format!("name {number}"), "wrong password") {
                        401 => drop(failures.fetch_add(1, Ordering::Relaxed)),
                        429 => return,
                        status => assert_eq!(status, 503),
                    }
                }
            });
        }
        while failures.load(Ordering::Relaxed) < 5 {
            std::thread::sleep(Duration::from_millis(10));
        }
        (0..6).filter(|_| try_from(&app, "192.0.2.1", "anna", PASSWORD) == 303).count()
    });
    // A machine on which hashing one password takes most of a second may miss one.
    assert!(in_time >= 5, "{in_time} of 6 logins were answered in time");
    while try_from(&app, "2001:db8::1", "anna", "wrong password") != 429 {
        failures.fetch_add(1, Ordering::Relaxed);
    }
    let failures = failures.load(Ordering::Relaxed);
    assert!(failures <= 110, "{failures} passwords were tried from one network");
    assert_eq!(try_from(&app, "2001:db8::2", "anna", PASSWORD), 429, "the network is closed for every name");
    assert_eq!(try_from(&app, "192.0.2.1", "anna", PASSWORD), 303, "and no other is");
}

#[test]
fn refusals_are_counted_and_do_not_fill_the_log() {
    let database = Database::create();
    database.add_user("anna", "admin");
    let token = database.add_token("reader", "admin");
    let server = Server::start(&database, &GUARDED);
    database.execute("alter table audit rename column who to whom");
    for round in 0..100 {
        server.request("POST", "/placetel").form(hung_up(&format!("a{round}"), "missed", 0)).send().problem(401);
        assert_eq!(by_token(&server, &token, "GET", "/settings/audit").send().status, 500);
        by_token(&server, &format!("wrong {round}"), "GET", "/api/v1/stats").send().problem(401);
    }
    let metrics = by_token(&server, &token, "GET", "/metrics").send();
    let counted = "fernamt_deliveries_total{event=\"none\",result=\"signature_missing\"} 100";
    assert!(metrics.text().contains(counted), "{metrics}");
    server.terminate();
    let log = server.wait().stderr;
    for (what, most) in [("a request to /placetel was refused", 2), ("a request failed", 4)] {
        let said = log.matches(what).count();
        assert!((1..=most).contains(&said), "{what}: {said} times in {log}");
    }
    assert!(log.lines().count() < 30, "{log}");
}

#[test]
fn nothing_about_calls_or_people_is_kept_by_caches() {
    let app = TestApp::start();
    app.post_event(hung_up("a", "missed", 0)).xml();
    for path in [
        "/",
        "/calls",
        "/calls/a",
        "/callbacks",
        "/live",
        "/routes",
        "/contacts",
        "/settings",
        "/setup",
        "/calls.csv",
        "/calls.csv?dialect=excel-de",
        "/metrics",
        "/docs",
        "/nothing-like-that",
        "/api/v1/stats",
        "/api/v1/stats?group_by=party",
        "/api/v1/calls",
        "/api/v1/calls/a",
        "/api/v1/calls/unknown",
        "/api/v1/callbacks",
        "/api/v1/callbacks/report",
        "/api/v1/routes",
        "/api/v1/routes/revisions",
        "/api/v1/contacts",
        "/api/v1/names",
        "/api/v1/quality",
        "/api/v1/openapi.json",
        "/healthz",
        "/readyz",
    ] {
        assert_eq!(app.get(path).header("cache-control"), Some("no-store"), "{path}");
    }
    assert_eq!(app.post_event(hung_up("b", "missed", 0)).header("cache-control"), Some("no-store"));
    let page = app.get("/");
    let style = page.text().split('"').find(|text| text.starts_with("/assets/app.css")).unwrap();
    assert_eq!(app.get(style).header("cache-control"), Some("public, max-age=31536000, immutable"));
    // Of those who are not known, nothing either.
    let app = guarded();
    for path in ["/", "/login", "/calls.csv", "/api/v1/stats"] {
        assert_eq!(app.get(path).header("cache-control"), Some("no-store"), "{path}");
    }
}
