//! What the database does not take waits in a file and is stored afterwards, once.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, TestApp, accepted, hung_up, incoming};

pub const HANGUP: &str = "<Response><Hangup/></Response>";

pub fn in_spool(app: &impl Answers) -> u64 {
    let metrics = app.get("/metrics");
    let line = metrics.text().lines().find_map(|line| line.strip_prefix("fernamt_spool_events "));
    line.unwrap().parse().unwrap()
}

pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Sends all of them at the same time, each of which must be taken.
fn post_all(app: &(impl Answers + Sync), bodies: &[String]) {
    std::thread::scope(|scope| {
        for body in bodies {
            scope.spawn(move || assert_eq!(app.post_event(body.clone()).status, 200, "{body}"));
        }
    });
}

/// A route that hangs up.
pub fn route(app: &impl Answers) {
    let route = json!({"name": "All", "reply": {"action": "hangup"}});
    assert_eq!(app.request("POST", "/api/v1/routes").json(&route).send().status, 201);
}

#[test]
fn what_the_database_does_not_take_in_time_is_taken_all_the_same_and_stored_once() {
    let app = TestApp::start();
    let lock = app.database.lock_writes();
    let calls: Vec<String> = (0..30).map(|number| format!("c{number}")).collect();
    let bodies: Vec<_> = calls.iter().map(|call| hung_up(call, "missed", 0)).collect();
    post_all(&app, &bodies);
    // Sent again, as a PBX does that did not hear the first answer.
    post_all(&app, &bodies[..3]);
    // Now that the trouble is known nobody waits for the database any more.
    until("all are in the spool", || in_spool(&app) >= 33);
    assert_eq!(app.get("/readyz").status, 503);
    assert_eq!(app.database.count("from events"), 0);
    drop(lock);
    until("the spool is empty", || in_spool(&app) == 0 && app.get("/readyz").status == 200);
    assert_eq!(app.stats("").ok()["totals"]["calls"], 30);
    assert_eq!(app.database.count("from events"), 30);
    assert_eq!(app.call("c1").ok()["events"][0]["deliveries"], 2);
    assert_eq!(app.call("c9").ok()["events"][0]["deliveries"], 1);
    assert_eq!(std::fs::metadata(app.database.spool()).unwrap().len(), 0);
    assert_eq!(app.post_event(accepted("c1", "7777anna@fpbx.de")).status, 200);
    assert_eq!(app.call("c1").ok()["event_count"], 2);
}

#[test]
fn what_is_in_the_spool_survives_a_kill_and_so_does_what_the_caller_was_told() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    route(&server);
    let lock = database.lock_writes();
    assert_eq!(server.post_event(incoming("c1", CALLER, LINE)).xml(), HANGUP);
    assert_eq!(server.post_event(hung_up("c1", "missed", 0)).status, 200);
    until("both are in the spool", || in_spool(&server) == 2);
    // Without a word, as when the power fails.
    drop(server);
    drop(lock);
    let server = Server::start(&database, &[]);
    until("the call is there", || server.call("c1").status == 200);
    let call = server.call("c1").ok();
    assert_eq!((&call["outcome"], &call["event_count"]), (&json!("missed"), &json!(2)));
    assert_eq!(call["decision"]["route_name"], "All");
    until("the spool is empty", || in_spool(&server) == 0);
    assert_eq!(database.count("from events"), 2);
}

#[test]
fn a_stop_while_the_database_is_away_loses_nothing() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    route(&server);
    let lock = database.lock_writes();
    assert_eq!(server.post_event(incoming("c1", CALLER, LINE)).xml(), HANGUP);
    let began = Instant::now();
    server.terminate();
    let done = server.wait();
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(began.elapsed() < Duration::from_secs(10) && !done.stderr.contains("panic"), "{}", done.stderr);
    drop(lock);
    let server = Server::start(&database, &[]);
    until("the call is there", || server.call("c1").status == 200);
    assert_eq!(server.call("c1").ok()["decision"]["route_name"], "All");
}

#[test]
fn a_spool_that_cannot_be_made_stops_the_start() {
    let database = Database::create();
    let done = database.run(&["--listen", "127.0.0.1:0", "--spool", "/no/such/folder/spool"], b"");
    assert_eq!(done.status, 2);
    let line = done.stderr.trim_end();
    assert!(line.contains("--spool: /no/such/folder/spool") && !line.contains('\n'), "{line}");
}
