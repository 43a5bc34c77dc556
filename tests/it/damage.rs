//! A database that is damaged or taken away while a server runs: it is told of soon, and callers are answered meanwhile.

use std::fs;

use crate::database::Database;
use crate::helpers::{Answers, Server};
use crate::route_nodes::BUSY;
use crate::spool::until;
use crate::starts::{DAMAGED, Expected, Place, answers_until};

#[test]
fn damage_that_nobody_comes_across_is_told_of_within_a_minute() {
    if Database::create().is_postgres() {
        return;
    }
    let place = Place::new(true);
    let server = Server::at(&place.url(), &place.routes_file());
    until("it is well", || server.get("/readyz").status == 200);
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
    let place = Place::new(true);
    let server = Server::at(&place.url(), &place.routes_file());
    until("it is well", || server.get("/readyz").status == 200);
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
    let place = Place::new(true);
    let server = Server::at(&place.url(), &place.routes_file());
    until("it is well", || server.get("/readyz").status == 200);
    let away = place.folder.path().join("away");
    fs::rename(place.disk(), &away).unwrap();
    let expected =
        Expected { answer: BUSY, keeps: true, logged: "the database's file is gone", shown: "is the disk mounted?" };
    until("it is noticed", || server.get("/readyz").status == 503);
    answers_until(server, &expected, |_| fs::rename(&away, place.disk()).unwrap());
}
