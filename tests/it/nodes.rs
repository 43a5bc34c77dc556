//! Tests of several nodes on one database: a node that stands still, versions that went back, the same call on two
//! nodes at once, and callers while the database is known to be unreachable.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, SetAtTheEnd, hung_up, incoming, signal, times};
use crate::signed_in::{GUARDED, by_token};
use crate::spool::{HANGUP, in_spool, route, until};

const BUSY: &str = "<Response><Reject reason=\"busy\"/></Response>";
/// Three seconds are promised; a machine with much else to do may take longer.
const HELD_UP_AT_MOST: Duration = Duration::from_secs(7);

/// Goes on with the value's end.
struct Stopped(u32);

impl Stopped {
    fn new(process: u32) -> Self {
        signal("-STOP", process);
        Self(process)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("-CONT", self.0);
    }
}

/// How many hold a lock of this kind in a database, or wait for it.
fn locks(database: &Database, kind: &str, granted: bool) -> i64 {
    let here = "(select oid from pg_database where datname = current_database())";
    database.count(&format!(
        "from pg_locks where database = {here} and locktype = '{kind}' and granted = {granted} and pid <> pg_backend_pid()"
    ))
}

/// Stops a node in the middle of a transaction, in which it alone may write.
fn stop_while_it_writes<'s>(
    scope: &'s std::thread::Scope<'s, '_>,
    node: &'s Server,
    database: &Database,
    round: usize,
) -> Option<Stopped> {
    let held = database.hold("begin; lock table calls in exclusive mode");
    scope.spawn(move || node.post_event(hung_up(&format!("stopped{round}"), "missed", 0)));
    until("it waits for the table", || locks(database, "relation", false) > 0);
    let stopped = Stopped::new(node.process());
    drop(held);
    until("it need not wait any more", || locks(database, "relation", false) == 0);
    // Where this took too long, it has given up.
    (locks(database, "advisory", true) == 1).then_some(stopped)
}

#[test]
fn a_node_that_stands_still_while_it_writes_does_not_keep_the_others_from_storing_for_long() {
    let database = Database::create();
    if !database.is_postgres() {
        return;
    }
    let nodes = [(); 3].map(|()| Server::start(&database, &[]));
    for (number, node) in nodes.iter().enumerate() {
        assert_eq!(node.post_event(hung_up(&format!("before{number}"), "missed", 0)).status, 200);
    }
    std::thread::scope(|scope| {
        let mut rounds = 0..10;
        let stopped = rounds.find_map(|round| stop_while_it_writes(scope, &nodes[0], &database, round));
        let (_stopped, began) = (stopped.expect("it is stopped while it writes"), Instant::now());
        for number in [1, 2] {
            assert_eq!(nodes[number].post_event(hung_up(&format!("after{number}"), "missed", 0)).status, 200);
        }
        until("what the others took is stored", || nodes.iter().skip(1).all(|node| in_spool(node) == 0));
        let took = began.elapsed();
        assert!(took < HELD_UP_AT_MOST, "{took:?}");
        let stored = "from events where position('call_id=after'::bytea in body) > 0";
        assert_eq!(database.count(stored), 2);
    });
    until("what it was about to store is there", || nodes[0].call("stopped0").status == 200);
    assert_eq!(database.run(&["check"], b"").status, 0);
}

/// Several where there can be several.
fn nodes(database: &Database) -> Vec<Server> {
    let count = if database.is_postgres() { 2 } else { 1 };
    (0..count).map(|_| Server::start(database, &[])).collect()
}

/// Until every node answers calls like this.
fn all_answer(nodes: &[Server], xml: &str, call: &str) {
    for node in nodes {
        let mut tries = 0;
        until("every node answers as it should", || {
            tries += 1;
            node.post_event(incoming(&format!("{call}-{tries}"), CALLER, LINE)).xml() == xml
        });
    }
}

fn first_route(position: i64, reply: serde_json::Value) -> serde_json::Value {
    json!({"name": format!("at {position}"), "position": position, "reply": reply})
}

#[test]
fn after_the_database_went_back_its_routes_answer_and_so_do_changes() {
    let database = Database::create();
    let nodes = nodes(&database);
    let version = || database.count_of("cast(value as bigint)", "from settings where name = 'routes_version'");
    nodes[0].create_route(&first_route(90, json!({"action": "reject", "reason": "busy"})));
    let backup = version();
    for position in [30, 20, 10] {
        nodes[0].create_route(&first_route(position, json!({"action": "hangup"})));
    }
    all_answer(&nodes, HANGUP, "before");
    // As after a failover to a standby that was behind.
    database.execute(&format!(
        "delete from routes where version > {backup}; delete from route_revisions where id > {backup}; \
         update settings set value = '{backup}' where name = 'routes_version'"
    ));
    all_answer(&nodes, BUSY, "back");
    assert_eq!(nodes[0].create_route(&first_route(10, json!({"action": "hangup"}))).status, 201);
    assert_eq!(version(), backup + 1);
    all_answer(&nodes, HANGUP, "changed");
    // What a start without the database would answer.
    let kept = || std::fs::read_to_string(database.routes_file()).unwrap();
    until("these routes are kept", || kept().contains("\"at 10\"") && !kept().contains("\"at 20\""));
}

#[test]
fn another_server_with_the_same_version_is_read_anew() {
    let database = Database::create();
    if !database.is_postgres() {
        return;
    }
    let nodes = nodes(&database);
    nodes[0].create_route(&first_route(90, json!({"action": "reject", "reason": "busy"})));
    nodes[0].create_route(&first_route(10, json!({"action": "hangup"})));
    all_answer(&nodes, HANGUP, "before");
    // Over there somebody else has made as many changes.
    database.execute(
        "update routes set enabled = false where position = 10; \
         select pg_terminate_backend(pid) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid()",
    );
    all_answer(&nodes, BUSY, "after");
}

#[test]
fn after_the_database_went_back_names_and_tokens_are_those_that_are_stored() {
    let database = Database::create();
    database.add_user("anna", "admin");
    let token = database.add_token("anna's", "admin");
    let app = Server::start(&database, &GUARDED);
    let put_name = |name: &str| {
        let names = json!({"lines": [{"number": LINE, "name": name}]});
        by_token(&app, &token, "PUT", "/api/v1/names").json(&names).send().ok();
    };
    database.import(&crate::helpers::log_line("2026-11-22T08:05:00.000Z", &incoming("a", CALLER, LINE)), &[]);
    let page = || by_token(&app, &token, "GET", "/calls/a").header("Accept", "text/html").send();
    put_name("Zentrale");
    put_name("Empfang");
    until("the name is shown", || page().text().contains("Empfang"));
    database
        .execute("update names set name = 'Zentrale'; update settings set value = '1' where name = 'names_version'");
    until("the name of before is shown", || page().text().contains("Zentrale"));
    database.execute("delete from tokens; update settings set value = '0' where name = 'accounts_version'");
    until("the token opens nothing", || page().status != 200);
}

#[test]
fn the_same_call_on_two_nodes_at_once_is_answered_alike_and_stored_once() {
    let database = Database::create();
    if !database.is_postgres() {
        return;
    }
    let [here, there] = [(); 2].map(|()| Server::start(&database, &["--answer-within", "60s"]));
    let id = here.create_route(&first_route(90, json!({"action": "hangup"}))).json()["id"].clone();
    for round in 0..12 {
        let reply =
            if round % 2 == 0 { json!({"action": "reject", "reason": "busy"}) } else { json!({"action": "hangup"}) };
        let (call, route) = (format!("c{round}"), first_route(90, reply));
        let event = || incoming(&call, CALLER, LINE);
        // The other node hears of it while both decide.
        here.put_route(&id, &route).ok();
        let (one, other) = std::thread::scope(|scope| {
            let one = scope.spawn(|| here.post_event(event()).xml().to_owned());
            let other = scope.spawn(|| there.post_event(event()).xml().to_owned());
            (one.join().unwrap(), other.join().unwrap())
        });
        assert_eq!(one, other, "{call}");
        let stored = there.call(&call).ok();
        assert_eq!((&stored["event_count"], &stored["events"][0]["deliveries"]), (&json!(1), &json!(2)));
        assert!(stored["decision"]["xml"].as_str().unwrap().ends_with(&one), "{stored}");
    }
}

#[test]
fn while_the_database_is_known_to_be_away_callers_are_answered_at_once() {
    let count = times(32).min(48);
    let database = Database::create();
    let app = Server::start(&database, &["--answer-within", "1500ms"]);
    route(&app);
    let lock = database.lock_writes();
    assert_eq!(app.post_event(hung_up("first", "missed", 0)).status, 200);
    until("it is known", || app.get("/readyz").status == 503);
    let call = |number: usize| {
        let began = Instant::now();
        assert_eq!(app.post_event(incoming(&format!("c{number}"), CALLER, LINE)).xml(), HANGUP);
        began.elapsed()
    };
    // For as long as it takes to try the database again, and to give up.
    let took: Vec<Duration> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..count)
            .map(|number| {
                std::thread::sleep(Duration::from_millis(150));
                scope.spawn(move || call(number))
            })
            .collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    // Without other things to do, all in a few milliseconds.
    let slow = took.iter().filter(|took| **took > Duration::from_millis(500)).count();
    assert!(slow < count / 10, "{took:?}");
    assert_eq!(app.post_event(incoming("c0", CALLER, LINE)).xml(), HANGUP, "the same call again");
    drop(lock);
    until("all are stored", || in_spool(&app) == 0 && app.get("/readyz").status == 200);
    for call in 0..count {
        let stored = app.call(&format!("c{call}")).ok();
        assert_eq!(stored["decision"]["route_name"], "All", "{stored}");
    }
}

#[test]
fn a_node_whose_spool_drains_is_ready_all_the_while() {
    let database = Database::create();
    let app = Server::start(&database, &[]);
    if database.is_postgres() {
        database.execute(
            "create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.3); return null; end $$; \
             create trigger slow before insert on events for each statement execute function slow()",
        );
    }
    let lock = database.lock_writes();
    assert_eq!(app.post_event(hung_up("first", "missed", 0)).status, 200);
    until("it is known", || app.get("/readyz").status == 503);
    drop(lock);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let send = |call: &usize| app.post_event(hung_up(&format!("c{call}"), "missed", 0)).status == 200;
            (0..).take_while(|call| !is_over.load(Ordering::Relaxed) && send(call)).for_each(drop);
        });
        let _end = SetAtTheEnd(&is_over);
        until("it is ready", || app.get("/readyz").status == 200);
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(2) {
            assert_eq!(app.get("/readyz").status, 200);
            assert!(app.get("/metrics").text().contains("fernamt_database_up 1"));
        }
    });
    until("the spool is empty", || in_spool(&app) == 0);
}

#[test]
fn what_the_spool_repeats_is_written_even_where_it_is_stored_already() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    let lock = database.lock_writes();
    assert_eq!(server.post_event(hung_up("a", "missed", 0)).status, 200);
    until("it is in the spool", || in_spool(&server) == 1);
    let spooled = std::fs::read(database.spool()).unwrap();
    drop(lock);
    until("it is stored", || in_spool(&server) == 0);
    server.terminate();
    assert_eq!(server.wait().status, 0);
    // A commit that wrote nothing would wait neither for the disk nor for a standby.
    let written = || database.rows("value", "from settings where name = 'repeated-batches'");
    let before = written();
    std::fs::write(database.spool(), spooled).unwrap();
    let server = Server::start(&database, &[]);
    until("it is stored again", || in_spool(&server) == 0);
    assert_ne!(written(), before);
    assert_eq!(server.call("a").ok()["events"][0]["deliveries"], 1);
    assert_eq!(database.run(&["check"], b"").status, 0);
}
