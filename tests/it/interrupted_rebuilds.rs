//! Tests of a rebuild that was killed half-way: the next start finishes it, and callers are answered meanwhile.

use std::fs;

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, hung_up, incoming, times};
use crate::route_nodes::{BUSY, busy};
use crate::spool::{in_spool, until};

/// As a rebuild that was killed leaves it: `name` says what it was for.
pub fn interrupt_rebuild(database: &Database, name: &str) {
    database.execute(&format!("insert into settings (name, value) values ('rebuilding', '{name}')"));
}

#[test]
fn a_rebuild_that_was_killed_is_brought_to_its_end_by_the_next_start() {
    let same = "[[\"time-zone\",\"Europe/Berlin\"],[\"country\",\"DE\"],[\"business-hours\",\"\"]]";
    let ways = [(same, true), ("yes", false), (same, false), ("yes", true)];
    for (name, is_known) in ways.into_iter().cycle().take(times(2)) {
        let database = Database::create();
        let server = Server::start(&database, &[]);
        server.create_route(&busy());
        for number in 0..30 {
            server.post_event(hung_up(&format!("c{number}"), "missed", 0)).xml();
        }
        server.terminate();
        server.wait();
        if !is_known {
            fs::remove_file(database.routes_file()).unwrap();
        }
        let whole = database.contents(true);
        interrupt_rebuild(&database, name);
        // Half of it is done: cells are gone and not counted again yet.
        database.execute("delete from cells");
        let server = Server::start(&database, &[]);
        assert_eq!(server.post_event(incoming("caller", CALLER, LINE)).xml(), BUSY);
        assert_eq!(server.post_event(hung_up("c0", "missed", 0)).status, 200);
        until("it is brought to its end", || database.count("from settings where name = 'rebuilding'") == 0);
        until("it is well", || server.get("/readyz").status == 200 && in_spool(&server) == 0);
        until("all is stored", || server.call("caller").status == 200);
        assert_eq!(server.stats("").ok()["totals"]["outcomes"]["missed"], 30);
        server.terminate();
        let done = server.wait();
        assert!(done.status == 0 && done.stderr.contains("a rebuild was interrupted"), "{done:?}");
        let checked = database.run(&["check"], b"");
        assert_eq!(checked.status, 0, "{checked:?}");
        assert_eq!(database.contents(true)[0].len(), whole[0].len() + 1);
    }
}

#[test]
fn a_rebuild_that_is_killed_stops_no_server() {
    let database = Database::create();
    let history = crate::histories::history(71, times(700).min(2_000));
    database.import(&crate::histories::log(&history), &[]);
    let whole = database.contents(true);
    let begun = "from settings where name = 'rebuilding'";
    let mut rebuilding = crate::helpers::fernamt().args(["rebuild", "--database-url", database.url()]).spawn().unwrap();
    until("it has begun", || database.count(begun) == 1 || rebuilding.try_wait().unwrap().is_some());
    rebuilding.kill().unwrap();
    rebuilding.wait().unwrap();
    let server = Server::start(&database, &[]);
    until("it is brought to its end", || database.count(begun) == 0 && server.get("/readyz").status == 200);
    drop(server);
    assert_eq!(database.contents(true), whole);
    assert_eq!(database.run(&["check"], b"").status, 0);
}

#[test]
fn a_rebuild_ends_when_one_with_other_settings_begins() {
    let database = Database::create();
    database.import(&crate::histories::log(&crate::histories::history(72, 20)), &[]);
    // As if somebody else began right after it.
    database.execute(if database.is_postgres() {
        "create function another() returns trigger language plpgsql as $$ begin new.value = 'another'; return new; end $$; \
         create trigger another before insert on settings for each row when (new.name = 'rebuilding') execute function another()"
    } else {
        "create trigger another after insert on settings when new.name = 'rebuilding' \
         begin update settings set value = 'another' where name = 'rebuilding'; end"
    });
    let rebuilding = database.run(&["rebuild", "--time-zone", "Asia/Tokyo"], b"");
    assert_eq!(rebuilding.status, 1, "{rebuilding:?}");
    assert!(rebuilding.stderr.contains("another rebuild"), "{rebuilding:?}");
    assert_eq!(database.count("from settings where name = 'time-zone' and value = 'Europe/Berlin'"), 1);
}
