//! Tests of a database that is damaged or taken away while a server runs: it is reported soon, and callers are
//! answered.

use std::fs;

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, incoming, run};
use crate::route_nodes::{BUSY, busy};
use crate::spool::until;
use crate::starts::{DAMAGED, Expected, Place, answers_until, new_call};

/// A server that has a route and is ready, and its files.
fn well() -> (Place, Server) {
    let place = Place::new(true);
    let server = Server::at(&place.url(), &place.routes_file());
    until("it is well", || server.get("/readyz").status == 200);
    (place, server)
}

#[test]
fn damage_that_nobody_comes_across_is_told_of_within_a_minute() {
    if Database::create().is_postgres() {
        return;
    }
    let (place, server) = well();
    // What nothing reads while it runs.
    place.damage(&["forgotten_callers"]);
    until("it is told of", || server.get("/readyz").status == 503);
    assert!(server.get("/readyz").text().contains("damaged"));
    answers_until(server, &DAMAGED, |_| place.restore());
}

#[test]
fn damage_that_a_page_comes_across_is_told_of_at_once() {
    if Database::create().is_postgres() {
        return;
    }
    let (place, server) = well();
    // Until it has looked once: the next time is in some seconds.
    std::thread::sleep(std::time::Duration::from_millis(2_500));
    place.damage(&["audit"]);
    for _ in 0..30 {
        assert_eq!(server.get("/settings/audit").status, 503);
    }
    assert_eq!(server.get("/readyz").status, 503);
    server.terminate();
    let done = server.wait();
    assert_eq!(done.stderr.matches("malformed").count(), 1, "{done:?}");
}

#[test]
fn a_database_that_is_taken_away_while_a_server_runs_gets_no_more_events_until_it_is_back() {
    if Database::create().is_postgres() {
        return;
    }
    let (place, server) = well();
    let away = place.folder.path().join("away");
    fs::rename(place.disk(), &away).unwrap();
    let expected =
        Expected { answer: BUSY, keeps: true, logged: "the database's file is gone", shown: "is the disk mounted?" };
    until("it is noticed", || server.get("/readyz").status == 503);
    answers_until(server, &expected, |_| fs::rename(&away, place.disk()).unwrap());
}

#[test]
fn an_empty_file_in_place_of_the_database_is_no_new_one_while_a_server_runs() {
    if Database::create().is_postgres() {
        return;
    }
    let (place, server) = well();
    let away = place.folder.path().join("away");
    fs::create_dir(&away).unwrap();
    for name in ["fernamt.db", "fernamt.db-wal", "fernamt.db-shm"] {
        let _ = fs::rename(place.disk().join(name), away.join(name));
    }
    // As somebody leaves it who copies with what writes into the file itself.
    fs::write(place.file(), "").unwrap();
    until("it is found to be none", || server.get("/readyz").text().contains("damaged"));
    let shown = "Its file is damaged";
    let expected = Expected { answer: BUSY, keeps: true, logged: "the database's file is gone", shown };
    answers_until(server, &expected, |_| {
        assert_eq!(fs::metadata(place.file()).unwrap().len(), 0);
        assert!(fs::read_to_string(place.routes_file()).unwrap().contains("Busy"), "the good routes are there still");
        place.restore();
    });
}

#[test]
fn a_copy_with_the_same_versions_that_takes_the_place_of_the_database_is_used_with_its_routes() {
    if Database::create().is_postgres() {
        return;
    }
    let place = Place::new(true);
    let server = Server::at(&place.url(), &place.routes_file());
    let copy = place.folder.path().join("other.db");
    let url = format!("sqlite:{}", copy.display());
    let done = run(&["backup", copy.to_str().unwrap(), "--database-url", &place.url()], b"");
    assert_eq!(done.status, 0, "{done:?}");
    // Each is changed once, and so comes to the same version.
    let change = |server: &Server, reply: serde_json::Value| {
        let route = server.routes().ok()["items"][0].clone();
        let mut changed = busy();
        changed["reply"] = reply;
        changed["version"] = route["version"].clone();
        let done = server.put_route(&route["id"], &changed);
        assert_eq!(done.status, 200, "{done}");
        done.ok()["version"].clone()
    };
    let elsewhere = Server::at(&url, place.folder.path().join("other-routes.json").to_str().unwrap());
    let there = change(&elsewhere, serde_json::json!({"action": "hangup"}));
    elsewhere.terminate();
    elsewhere.wait();
    let here = change(&server, serde_json::json!({"action": "reject"}));
    assert_eq!(here, there);
    let answer = |server: &Server| server.post_event(incoming(&new_call(), CALLER, LINE)).xml().to_owned();
    until("its own routes answer", || answer(&server).contains("Reject"));
    let aside = place.folder.path().join("set-aside");
    fs::create_dir(&aside).unwrap();
    for name in ["fernamt.db", "fernamt.db-wal", "fernamt.db-shm"] {
        let _ = fs::rename(place.disk().join(name), aside.join(name));
    }
    fs::rename(copy, place.file()).unwrap();
    until("the routes of the copy answer", || answer(&server) == crate::spool::HANGUP);
}
