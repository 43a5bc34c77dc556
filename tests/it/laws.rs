//! Property tests of the fold: order, repetition and batching do not matter, and `rebuild` gives what increments gave.

use std::collections::BTreeSet;

use fernamt::calls::receipts::Receipt;
use fernamt::stats::derivation::Derivation;
use fernamt::store::Db;
use fernamt::store::ingest::record::{Delivery as Recording, Source, record};
use rand::seq::{IndexedRandom, SliceRandom};
use rand::{RngExt, SeedableRng, rngs::StdRng};

use crate::database::{Database, runtime};
use crate::helpers::{Answers, Server, TestApp, config, times};
use crate::histories::{Delivery, SPANS, history, log};

pub const OFFICE: [&str; 2] = ["--business-hours", "Mo-Fr 09:00-17:00"];

fn derivation(database: &Database) -> Derivation {
    config(database, &OFFICE).derivation().unwrap()
}

/// Stores deliveries in this order and these batches, as a server would.
pub fn store(database: &Database, batches: &[&[Delivery]]) {
    let derivation = derivation(database);
    runtime().block_on(async {
        let db = Db::open(database.url()).await.unwrap();
        for batch in batches {
            let receive = |delivery: &Delivery| Recording {
                receipt: Receipt::new(delivery.at_ms, delivery.body.clone().into_bytes()).unwrap().into(),
                source: Source::Pbx(None),
            };
            let batch: Vec<_> = batch.iter().map(receive).collect();
            let recorded = record(&db, &derivation, &batch).await.unwrap();
            assert_eq!(recorded.len(), batch.len());
        }
        db.close().await;
    });
}

fn clear(database: &Database) {
    database.execute(
        "delete from cells; delete from decisions; delete from events; delete from surplus_events; delete from calls",
    );
}

/// In pieces of random length.
fn batches<'a>(mut deliveries: &'a [Delivery], longest: usize, rng: &mut StdRng) -> Vec<&'a [Delivery]> {
    let mut batches = Vec::new();
    while !deliveries.is_empty() {
        let (batch, rest) = deliveries.split_at(rng.random_range(1..=longest.min(deliveries.len())));
        batches.push(batch);
        deliveries = rest;
    }
    batches
}

#[test]
fn order_and_batches_do_not_matter() {
    let database = Database::create();
    for seed in (10..).take(times(1)) {
        let mut deliveries = history(seed, 60);
        store(&database, &[&deliveries]);
        let expected = database.contents(true);
        assert!(expected.iter().all(|table| !table.is_empty()));
        for longest in [1, 7, 1000] {
            clear(&database);
            let mut rng = StdRng::seed_from_u64(seed);
            deliveries.shuffle(&mut rng);
            store(&database, &batches(&deliveries, longest, &mut rng));
            assert_eq!(database.contents(true), expected, "seed {seed}, batches of at most {longest}");
        }
        clear(&database);
    }
}

#[test]
fn in_order_of_time_and_against_it_give_the_same() {
    let database = Database::create();
    let mut deliveries = history(20, 60);
    deliveries.sort();
    store(&database, &deliveries.chunks(1).collect::<Vec<_>>());
    let expected = database.contents(true);
    clear(&database);
    deliveries.reverse();
    store(&database, &deliveries.chunks(1).collect::<Vec<_>>());
    assert_eq!(database.contents(true), expected);
}

#[test]
fn repetition_does_not_matter() {
    let database = Database::create();
    for seed in 30..33 {
        let deliveries = history(seed, 60);
        store(&database, &[&deliveries]);
        let [calls, cells, events] = database.contents(false);
        let mut rng = StdRng::seed_from_u64(seed);
        // Later repetitions of anything, after everything and in between.
        let mut repeat = || {
            let Delivery { at_ms, body } = deliveries.choose(&mut rng).unwrap().clone();
            Delivery { at_ms: at_ms + rng.random_range(3_000..1_000_000), body }
        };
        let again: Vec<_> = (0..100).map(|_| repeat()).collect();
        store(&database, &batches(&again, 9, &mut rng));
        assert_eq!(database.contents(false), [calls.clone(), cells.clone(), events.clone()], "seed {seed}");
        clear(&database);
        let mut all = [deliveries, again].concat();
        all.shuffle(&mut rng);
        store(&database, &batches(&all, 50, &mut rng));
        assert_eq!(database.contents(false), [calls, cells, events], "seed {seed}");
        clear(&database);
    }
}

#[test]
fn importing_again_changes_nothing_at_all() {
    let database = Database::create();
    let deliveries = history(40, 100);
    database.import(&log(&deliveries), &OFFICE);
    let expected = database.contents(true);
    let mut again = deliveries;
    again.shuffle(&mut StdRng::seed_from_u64(40));
    database.import(&log(&again), &OFFICE);
    assert_eq!(database.contents(true), expected);
}

#[test]
fn what_was_imported_is_what_would_have_been_delivered() {
    let database = Database::create();
    let deliveries = history(41, 100);
    database.import(&log(&deliveries), &OFFICE);
    let imported = database.contents(false);
    clear(&database);
    store(&database, &[&deliveries]);
    assert_eq!(database.contents(false), imported);
}

#[track_caller]
fn rebuild(database: &Database, flags: &[&str]) {
    let done = database.run(&[&["rebuild"], flags].concat(), b"");
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
}

#[test]
fn rebuild_changes_nothing() {
    let database = Database::create();
    let deliveries = history(50, 700);
    store(&database, &deliveries.chunks(37).collect::<Vec<_>>());
    let expected = database.contents(true);
    let keys = database.rows("id, call_id", "from calls order by id");
    rebuild(&database, &OFFICE);
    assert_eq!(database.contents(true), expected);
    assert_eq!(database.rows("id, call_id", "from calls order by id"), keys);
}

#[test]
fn rebuild_mends_calls_and_cells_and_keeps_decisions_and_routes() {
    let app = TestApp::with(&OFFICE);
    app.create_route(&serde_json::json!({"name": "All", "reply": {"action": "hangup"}}));
    app.post_event(crate::helpers::incoming("decided", "03023125000", "022129191999")).xml();
    let database = app.database.clone();
    drop(app);
    database.import(&log(&history(51, times(60).min(200))), &OFFICE);
    let expected = database.contents(true);
    let decisions = database.rows("call_key, route_id, route_name, xml, decided_ms", "from decisions");
    let routes = database.rows("id, version, position, enabled, name, definition", "from routes");
    assert_eq!((decisions.len(), routes.len()), (1, 1));
    for damage in [
        "delete from cells",
        "delete from cells where tier in (1, 3)",
        "update cells set figures = (select figures from cells where tier = 0 order by bucket limit 1)",
        "update cells set bucket = bucket + 100000000, subject = 'somebody' || subject where tier = 2",
        "update calls set direction = null, number = 'x', party = 'y', peer = null, in_hours = not in_hours",
        "update calls set started_ms = started_ms + 86400000, accepted_ms = null, ended_ms = null, ending = 1",
        "update calls set talk_seconds = 7, event_count = 99, has_incoming = not has_incoming, from_number = to_number",
        "update calls set started_ms = 0; delete from cells",
    ] {
        database.execute(damage);
        let damaged = database.contents(true);
        assert_ne!(damaged, expected, "{damage}");
        let checked = database.run(&["check", OFFICE[0], OFFICE[1]], b"");
        assert_eq!(checked.status, 1, "{damage}: {checked:?}");
        assert!(checked.stdout.contains("`fernamt rebuild` mends them"), "{damage}: {checked:?}");
        assert_eq!(database.contents(true), damaged, "looking changes nothing");
        rebuild(&database, &OFFICE);
        assert_eq!(database.contents(true), expected, "{damage}");
        let checked = database.run(&["check", OFFICE[0], OFFICE[1]], b"");
        assert_eq!((checked.status, checked.stderr.as_str()), (0, ""), "{damage}: {checked:?}");
    }
    assert_eq!(database.rows("call_key, route_id, route_name, xml, decided_ms", "from decisions"), decisions);
    assert_eq!(database.rows("id, version, position, enabled, name, definition", "from routes"), routes);
}

#[test]
fn settings_that_figures_depend_on_want_a_rebuild_which_gives_what_an_import_gives() {
    let log = log(&history(52, times(60).min(200)));
    let database = Database::create();
    database.import(&log, &[]);
    let exported = database.export(&[]);
    let mut seen = BTreeSet::new();
    let settings = [
        ("--time-zone", "America/New_York"),
        ("--time-zone", "Asia/Kathmandu"),
        ("--business-hours", "Mo-Fr 09:00-17:00"),
        ("--country", "AT"),
        ("--country", "DE-NW"),
    ];
    for (place, (flag, value)) in settings.into_iter().enumerate() {
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["import", "-"]] {
            let done = database.run(&[command, &[flag, value]].concat(), b"");
            let lines: Vec<_> = done.stderr.lines().filter(|line| line.contains(flag)).collect();
            assert_eq!(
                (done.status, lines.len(), done.stdout.as_str()),
                (2, 1, ""),
                "{command:?} {flag}: {}",
                done.stderr
            );
            assert!(lines[0].contains("rebuild"), "{}", lines[0]);
        }
        // The log is what it is.
        assert_eq!(database.export(&[flag, value]), exported);
        rebuild(&database, &[flag, value]);
        let fresh = Database::create();
        fresh.import(&log, &[flag, value]);
        let contents = database.contents(true);
        assert_eq!(contents, fresh.contents(true), "{flag} {value}");
        seen.insert(contents);
        let stats = |database: &Database| {
            let query = format!("start={}&end={}&group_by=weekday_hour", SPANS[0].0, SPANS[0].1);
            Server::start(database, &[flag, value]).stats(&query).ok()
        };
        assert_eq!(stats(&database), stats(&fresh), "{flag} {value}");
        // Another value of the same flag is another one anyway.
        if settings.get(place + 1).is_some_and(|(next, _)| *next != flag) {
            rebuild(&database, &[]);
        }
    }
    assert!(seen.len() >= 4, "the settings made a difference");
}

#[test]
fn an_interrupted_rebuild_is_asked_for_again() {
    let database = Database::create();
    database.import(&log(&history(53, 20)), &[]);
    database.execute("insert into settings (name, value) values ('rebuilding', 'yes')");
    // A server brings it to its end by itself: see `starts`.
    for command in [&["import", "-"][..], &["check"], &["forget", "--before", "2026-11-01"]] {
        let done = database.run(command, b"");
        assert_eq!((done.status, done.stdout.as_str()), (2, ""));
        assert!(done.stderr.contains("fernamt rebuild"), "{}", done.stderr);
    }
    rebuild(&database, &[]);
    assert_ne!(database.export(&[]), "");
}
