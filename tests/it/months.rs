//! Tests of closed months: they are summed up once, and reopened by what a late event changes.

use std::collections::BTreeSet;

use fernamt::store::Db;
use fernamt::store::stats::months;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::client::Answers;
use crate::database::{Database, runtime};
use crate::helpers::{Server, config};
use crate::histories::{Delivery, history, log};
use crate::laws::{OFFICE, store};
use crate::spool::until;

/// How many months were open, as a server with these flags closes them at the end of 2026.
pub fn close_months(database: &Database, flags: &[&str]) -> usize {
    let derivation = config(database, flags).derivation().unwrap();
    runtime().block_on(async {
        let db = Db::open(database.url()).await.unwrap();
        let closed = months::close_months(&db, &derivation.business, "2026-12-31".parse().unwrap()).await.unwrap();
        db.close().await;
        closed
    })
}

fn closed(database: &Database) -> Vec<String> {
    database.rows("first_day, sums, calls", "from closed_months order by first_day")
}

fn checked(database: &Database) -> String {
    database.run(&["check", OFFICE[0], OFFICE[1]], b"").stdout
}

#[test]
fn months_closed_in_between_are_those_closed_at_the_end() {
    let database = Database::create();
    for seed in 70..73 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut deliveries = history(seed, 150);
        deliveries.shuffle(&mut rng);
        let mut opened = 0;
        for batch in deliveries.chunks(40) {
            store(&database, &[batch]);
            if rng.random_bool(0.5) {
                opened += close_months(&database, &OFFICE);
            }
        }
        close_months(&database, &OFFICE);
        let in_between = closed(&database);
        assert!(in_between.len() == 4 && opened > in_between.len(), "some were opened again");
        assert!(checked(&database).contains("is sound"));
        database.execute("delete from closed_months");
        assert_eq!(close_months(&database, &OFFICE), in_between.len());
        assert_eq!(closed(&database), in_between, "seed {seed}");
        database.execute(
            "delete from closed_months; delete from cells; delete from decisions; delete from events; delete from calls",
        );
    }
}

#[test]
fn a_late_event_opens_its_month_and_no_other() {
    let database = Database::create();
    let deliveries = history(74, 300);
    store(&database, &[&deliveries]);
    close_months(&database, &OFFICE);
    assert_eq!(close_months(&database, &OFFICE), 0, "all are closed");
    let before: BTreeSet<String> = closed(&database).into_iter().collect();
    let first_of = |date: &str| (date.parse::<chrono::NaiveDate>().unwrap() - chrono::NaiveDate::default()).num_days();
    // Half past midnight in Berlin: in UTC it is still March.
    let at_ms = 1_774_996_200_000;
    let body = "event=IncomingCall&call_id=late&from=03023125000&to=022129191999&direction=in".to_owned();
    store(&database, &[&[Delivery { at_ms, body: body.clone() }]]);
    let opened: Vec<String> = before.difference(&closed(&database).into_iter().collect()).cloned().collect();
    assert_eq!(opened.len(), 1);
    assert!(opened[0].contains(&first_of("2026-04-01").to_string()), "{opened:?}");
    assert_eq!(close_months(&database, &OFFICE), 1);
    let after = closed(&database);
    assert_eq!(after.len(), before.len());
    assert!(after.iter().any(|month| !before.contains(month)), "the call is counted");
    // What changes nothing opens nothing.
    store(&database, &[&[Delivery { at_ms: at_ms + 60_000, body }]]);
    assert_eq!(closed(&database), after);
}

#[test]
fn a_month_that_is_not_what_its_cells_say_is_found_and_mended() {
    let database = Database::create();
    database.import(&log(&history(75, 200)), &OFFICE);
    close_months(&database, &OFFICE);
    let sound = closed(&database);
    for damage in [
        "update closed_months set sums = (select sums from closed_months order by first_day limit 1) \
         where first_day = (select max(first_day) from closed_months)",
        "update closed_months set calls = (select calls from closed_months order by first_day limit 1) \
         where first_day = (select max(first_day) from closed_months)",
        "update closed_months set first_day = first_day + 36525",
    ] {
        database.execute(damage);
        let told = checked(&database);
        assert!(told.contains("cells of the statistics are not what the event log says"), "{damage}: {told}");
        let rebuilt = database.run(&["rebuild", OFFICE[0], OFFICE[1]], b"");
        assert_eq!((rebuilt.status, rebuilt.stderr.as_str()), (0, ""));
        assert!(checked(&database).contains("is sound"), "{damage}");
        close_months(&database, &OFFICE);
        assert_eq!(closed(&database), sound, "{damage}");
    }
}

#[test]
fn a_server_closes_months_when_it_starts() {
    let database = Database::create();
    database.import(&log(&history(76, 100)), &OFFICE);
    let server = Server::start(&database, &OFFICE);
    until("months are closed", || !closed(&database).is_empty());
    assert_eq!(server.request("GET", "/?start=2026-03-01&end=2026-11-30").send().status, 200);
}
