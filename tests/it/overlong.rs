//! Tests of calls with excessively many events: each costs the same, nothing is lost, and no other call waits.

use std::time::{Duration, Instant};

use fernamt::calls::receipts::MOST_FOLDED;
use rand::seq::SliceRandom;
use rand::{SeedableRng, rngs::StdRng};

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, TestApp, form, hung_up, incoming, times};
use crate::histories::{Delivery, log};
use crate::laws::store;
use crate::spool::{in_spool, until};

/// An event of a call that means nothing.
fn note(id: &str, place: usize) -> String {
    form(&[("call_id", id), ("event", "Note"), ("from", CALLER), ("place", &place.to_string()), ("to", LINE)])
}

/// A call that begins, has so many notes, one each second, and ends.
fn overlong(id: &str, notes: usize) -> Vec<Delivery> {
    const BEGIN_MS: i64 = 1_790_000_000_000;
    let bodies = [incoming(id, CALLER, LINE)].into_iter().chain((0..notes).map(|place| note(id, place)));
    let bodies = bodies.chain([hung_up(id, "missed", 0)]);
    (0..).zip(bodies).map(|(place, body)| Delivery { at_ms: BEGIN_MS + place * 1_000, body }).collect()
}

#[track_caller]
fn assert_clean(database: &Database) {
    let checked = database.run(&["check"], b"");
    assert_eq!(checked.status, 0, "{checked:?}");
}

fn tables(database: &Database) -> (i64, i64) {
    (database.count("from events"), database.count("from surplus_events"))
}

#[test]
fn order_and_batches_do_not_matter_however_many_events_a_call_has() {
    let database = Database::create();
    // Of the one call the hangup is folded, of the other it came too late for that.
    let mut deliveries = [overlong("some", MOST_FOLDED - 2), overlong("many", MOST_FOLDED + 150)].concat();
    // Told once more later.
    let again = |delivery: &Delivery| Delivery { at_ms: delivery.at_ms + 7_777_777, ..delivery.clone() };
    deliveries.extend(deliveries.iter().step_by(40).map(again).collect::<Vec<_>>());
    store(&database, &[&deliveries]);
    assert_eq!(tables(&database), (2 * MOST_FOLDED as i64, 152));
    assert_clean(&database);
    let expected = database.contents(true);
    let outcome = |id: &str| database.rows("ending", &format!("from calls where event_count = {id}"));
    for longest in [60, 1_000] {
        database.execute("delete from cells; delete from surplus_events; delete from events; delete from calls");
        deliveries.shuffle(&mut StdRng::seed_from_u64(longest));
        store(&database, &deliveries.chunks(longest as usize).collect::<Vec<_>>());
        assert!(database.contents(true) == expected, "in batches of {longest}");
    }
    assert_eq!(outcome(&MOST_FOLDED.to_string()), outcome("500"));
    assert_ne!(outcome("500"), outcome("652"), "the late hangup does not count");
    // The log is whole, and leads to the same.
    let exported = database.export(&[]);
    assert_eq!(exported.lines().count(), 2 * MOST_FOLDED + 152);
    let copy = Database::create();
    copy.import(&exported, &[]);
    assert!(copy.contents(true) == expected, "a copy of the log is as good");
    let done = database.run(&["rebuild"], b"");
    assert_eq!(done.status, 0, "{done:?}");
    assert!(database.contents(true) == expected, "rebuild changes nothing");
}

#[test]
fn a_call_of_many_events_is_shown_as_such_and_takes_one_more() {
    let app = TestApp::start();
    app.database.import(&log(&overlong("many", MOST_FOLDED + 30)), &[]);
    assert_eq!(app.post_event(note("many", 77_777)).status, 200);
    assert_eq!(app.post_event(note("many", 77_777)).status, 200);
    assert_eq!(app.post_event(hung_up("other", "missed", 0)).status, 200);
    let call = app.call("many").ok();
    assert_eq!(call["event_count"], MOST_FOLDED + 33);
    assert_eq!(call["surplus_events"], 33);
    assert_eq!(call["events"].as_array().unwrap().len(), MOST_FOLDED);
    assert_eq!(app.database.count_of("max(deliveries)", "from surplus_events"), 2);
    assert!(app.call("other").ok().get("surplus_events").is_none());
    let quality = app.get("/api/v1/quality?start=2026-09-01&end=2026-12-31").ok();
    assert_eq!(quality["totals"]["events"]["surplus"], 33, "{quality}");
    for page in ["/calls/many", "/quality?start=2026-09-01&end=2026-12-31"] {
        assert!(app.get(page).text().contains("33"), "{page}");
    }
    assert_clean(&app.database);
}

#[test]
fn forgetting_leaves_nothing_of_what_is_not_folded() {
    let database = Database::create();
    let deliveries = [overlong("many", MOST_FOLDED + 40), overlong("few", 3)].concat();
    database.import(&log(&deliveries), &[]);
    let kept = database.run(&["export", "--party", CALLER], b"").stdout;
    assert!(
        kept.contains(&note("many", MOST_FOLDED + 39).replace('&', "\",\"")) || kept.contains("539"),
        "all is told"
    );
    let done = database.run(&["forget", "--party", CALLER], b"");
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!(tables(&database), (MOST_FOLDED as i64 + 5, 0));
    assert!(!database.export(&[]).contains(CALLER));
    assert_clean(&database);
    // Told again, nobody comes back.
    let again = database.run(&["import", "-"], log(&deliveries).as_bytes());
    assert_eq!(again.status, 0, "{again:?}");
    assert!(!database.export(&[]).contains(CALLER));
    assert_clean(&database);
}

#[test]
fn a_database_of_before_is_brought_to_the_bound() {
    let database = Database::create();
    database.import(&log(&overlong("many", MOST_FOLDED + 150)), &[]);
    let expected = database.contents(true);
    // As it was: all in one table, and a call that was folded from all of them.
    database.execute(
        "insert into events select * from surplus_events; drop table surplus_events; drop index lines_by_number; \
         drop table spans; drop table segments; drop table changed_calls; \
         delete from _sqlx_migrations where version >= 11; update calls set from_number = 'as it was'",
    );
    let server = Server::start(&database, &[]);
    assert_eq!(server.get("/readyz").status, 200);
    assert_eq!(tables(&database), (MOST_FOLDED as i64, 152));
    assert!(database.contents(true) == expected, "as if it had been so from the beginning");
    assert_clean(&database);
}

/// From now on the database never comes to an end with events whose body holds this word.
fn make_endless(database: &Database, word: &str) {
    database.execute(&if database.is_postgres() {
        format!(
            "create function endless() returns trigger language plpgsql as \
             $$ begin if position('{word}'::bytea in new.body) > 0 then perform pg_sleep(3600); end if; return new; end $$; \
             create trigger endless before insert on events for each row execute function endless()"
        )
    } else {
        format!(
            "create trigger endless before insert on events when instr(new.body, cast('{word}' as blob)) > 0 begin \
             select count(*) from (with recursive counted(n) as (select 1 union all select n + 1 from counted where n < 1e12) \
             select n from counted); end"
        )
    });
}

#[test]
fn a_poisonous_event_is_alone_soon_and_all_others_are_stored() {
    let app = TestApp::start();
    assert_eq!(app.post_event(hung_up("before", "missed", 0)).status, 200);
    make_endless(&app.database, "endless");
    let others: Vec<_> = (0..times(8)).map(|number| format!("other{number}")).collect();
    let began = Instant::now();
    std::thread::scope(|scope| {
        let (app, poison) = (&app, form(&[("call_id", "poison"), ("event", "Note"), ("note", "endless")]));
        scope.spawn(move || assert_eq!(app.post_event(poison).status, 200));
        for id in &others {
            scope.spawn(move || assert_eq!(app.post_event(hung_up(id, "missed", 0)).status, 200));
        }
    });
    assert!(began.elapsed() < Duration::from_secs(10), "nobody waits for the poison: {:?}", began.elapsed());
    until("all others are stored, and the poison keeps nobody waiting", || {
        let stored = app.database.count("from events") == others.len() as i64 + 1;
        stored && in_spool(&app) == 0 && app.get("/readyz").status == 200
    });
    // It is not lost.
    let mut aside = app.database.spool().into_os_string();
    aside.push(".rejected");
    assert_eq!(std::fs::read_to_string(aside).unwrap().lines().count(), 1);
    assert_clean(&app.database);
}

#[test]
fn a_log_that_somebody_else_has_crowded_is_set_right_by_the_next_event() {
    let app = TestApp::start();
    assert_eq!(app.post_event(note("many", 0)).status, 200);
    let body = if app.database.is_postgres() {
        "convert_to('call_id=many&event=Note&crowd=' || n, 'UTF8')"
    } else {
        "cast('call_id=many&event=Note&crowd=' || n as blob)"
    };
    app.database.execute(&format!(
        "insert into events (call_key, digest, received_ms, deliveries, body) with recursive counted(n) as \
         (select 1 union all select n + 1 from counted where n < 30000) select calls.id, {body}, 1795000000000 + n, 1, {body} \
         from counted, calls"
    ));
    assert_eq!(app.post_event(note("many", 1)).status, 200);
    assert_eq!(app.post_event(hung_up("other", "missed", 0)).status, 200);
    until("all is stored", || in_spool(&app) == 0 && app.call("many").ok()["event_count"] == 30_002);
    assert_eq!(tables(&app.database), (MOST_FOLDED as i64 + 1, 30_002 - MOST_FOLDED as i64));
    assert_eq!(app.database.count("from events where received_ms > 1795000000500"), 1, "the first are folded");
}
