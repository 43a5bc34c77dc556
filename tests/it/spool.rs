//! Tests of the spool: events that the database does not accept wait in a file and are stored afterwards, once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, SetAtTheEnd, TestApp, accepted, hung_up, incoming, times};

pub const HANGUP: &str = "<Response><Hangup/></Response>";

pub fn in_spool(app: &impl Answers) -> u64 {
    let metrics = app.get("/metrics");
    let line = metrics.text().lines().find_map(|line| line.strip_prefix("fernamt_spool_events "));
    line.unwrap().parse().unwrap()
}

pub fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        let waited = began.elapsed();
        assert!(waited < Duration::from_secs(60), "{what}");
        // Looking takes a processor from what is waited for: what takes long is looked at less often.
        std::thread::sleep((waited / 10).clamp(Duration::from_millis(20), Duration::from_millis(200)));
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

/// Every call is hung up on.
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

/// From now on the database rejects events whose body holds this word.
fn reject(database: &Database, word: &str) {
    database.execute(&if database.is_postgres() {
        format!(
            "create function poison() returns trigger language plpgsql as \
             $$ begin raise exception 'poison'; end $$; \
             create trigger poison before insert on events for each row \
             when (position('{word}'::bytea in new.body) > 0) execute function poison()"
        )
    } else {
        format!(
            "create trigger poison before insert on events when instr(cast(new.body as text), '{word}') > 0 \
             begin select raise(abort, 'poison'); end"
        )
    });
}

#[test]
fn what_the_database_rejects_for_good_holds_up_nothing_and_is_set_aside() {
    let app = TestApp::start();
    reject(&app.database, "arsenic");
    let lock = app.database.lock_writes();
    let mut bodies: Vec<_> = (0..5).map(|number| hung_up(&format!("c{number}"), "missed", 0)).collect();
    bodies.insert(3, hung_up("poisoned", "arsenic", 0));
    post_all(&app, &bodies);
    until("all are in the spool", || in_spool(&app) == 6);
    drop(lock);
    until("the spool is empty", || in_spool(&app) == 0 && app.get("/readyz").status == 200);
    assert_eq!(app.stats("").ok()["totals"]["outcomes"]["missed"], 5);
    assert_eq!(app.call("poisoned").status, 404);
    let aside = std::fs::read_to_string(app.database.spool().with_extension("rejected")).unwrap();
    assert_eq!(aside.lines().count(), 1);
    let entry: serde_json::Value = serde_json::from_str(&aside).unwrap();
    let body = STANDARD.decode(entry["body"].as_str().unwrap()).unwrap();
    assert_eq!(body, hung_up("poisoned", "arsenic", 0).into_bytes());
    // Without a spool between them the PBX hears it, and the others of its transaction do not.
    bodies.iter_mut().for_each(|body| *body = body.replace("call_id=", "call_id=again-"));
    std::thread::scope(|scope| {
        for body in &bodies {
            let wanted = if body.contains("arsenic") { 503 } else { 200 };
            let app = &app;
            scope.spawn(move || assert_eq!(app.post_event(body.clone()).status, wanted, "{body}"));
        }
    });
    assert_eq!(app.stats("").ok()["totals"]["outcomes"]["missed"], 10);
}

#[test]
fn the_spool_empties_while_more_comes() {
    let app = TestApp::start();
    let lock = app.database.lock_writes();
    let calls = |from: usize, to: usize| (from..to).map(|number| format!("c{number}")).collect::<Vec<_>>();
    let first: Vec<_> = calls(0, 16).iter().map(|call| incoming(call, CALLER, LINE)).collect();
    post_all(&app, &first);
    until("the trouble is known", || in_spool(&app) == 16);
    // More than is taken out at a time, each call's end among what comes when the database is back.
    for some in calls(16, 640).chunks(48) {
        post_all(&app, &some.iter().map(|call| incoming(call, CALLER, LINE)).collect::<Vec<_>>());
    }
    drop(lock);
    for some in calls(0, 640).chunks(16) {
        post_all(&app, &some.iter().map(|call| hung_up(call, "missed", 0)).collect::<Vec<_>>());
    }
    until("the spool is empty", || in_spool(&app) == 0 && app.get("/readyz").status == 200);
    let totals = &app.stats("").ok()["totals"];
    assert_eq!((&totals["calls"], &totals["outcomes"]["missed"]), (&json!(640), &json!(640)));
    assert_eq!(app.database.count("from events"), 1_280);
    assert_eq!(app.database.count("from events where deliveries > 1"), 0);
    let checked = app.database.run(&["check"], b"");
    assert_eq!(checked.status, 0, "{checked:?}");
}

#[test]
fn the_spool_becomes_empty_however_much_comes_meanwhile() {
    let app = TestApp::start();
    let lock = app.database.lock_writes();
    let is_enough = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _at_the_end = SetAtTheEnd(&is_enough);
        let (app, is_enough) = (&app, &is_enough);
        for sender in 0..16 {
            scope.spawn(move || {
                for number in 0.. {
                    if is_enough.load(Ordering::Relaxed) {
                        break;
                    }
                    assert_eq!(app.post_event(hung_up(&format!("s{sender}n{number}"), "missed", 0)).status, 200);
                }
            });
        }
        // More than are taken out in two goes.
        let many = times(1_100).min(2_000) as u64;
        until("many are in the spool", || in_spool(app) > many);
        drop(lock);
        // Each of them sends the next one as soon as it has its answer.
        until("the spool is empty", || in_spool(app) == 0);
        until("it is over", || app.get("/readyz").status == 200);
    });
    until("all is stored", || in_spool(&app) == 0);
    assert_eq!(std::fs::metadata(app.database.spool()).unwrap().len(), 0);
    assert_eq!(app.database.count("from events where deliveries > 1"), 0);
}

#[test]
fn a_spool_that_cannot_be_made_stops_the_start() {
    let database = Database::create();
    let done = database.run(&["--listen", "127.0.0.1:0", "--spool", "/no/such/folder/spool"], b"");
    assert_eq!(done.status, 2);
    let line = done.stderr.trim_end();
    assert!(line.contains("--spool: /no/such/folder/spool") && !line.contains('\n'), "{line}");
}
