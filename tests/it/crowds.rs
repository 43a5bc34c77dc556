//! Tests of calls with very many events, and of calls of which another process has put more into the log than is
//! folded: forgetting, deleting, exporting and deriving again complete, and leave nothing out.

use std::time::{Duration, Instant};

use fernamt::calls::forgetting::Retention;
use fernamt::calls::receipts::{MOST_FOLDED, Receipt};
use fernamt::store::Db;
use fernamt::store::privacy::forgetting;

use crate::database::Database;
use crate::helpers::{CALLER, LINE, form, hung_up, incoming, times};
use crate::histories::{Delivery, log};

const BEGIN_MS: i64 = 1_790_000_000_000;
const DAY_MS: i64 = 86_400_000;
/// More than go in two transactions.
const MANY: usize = 1_500;
/// Somebody told of in fields that nobody knows.
const TOLD: &str = "01734567890";

fn note(id: &str, place: usize, told: &str) -> String {
    form(&[("call_id", id), ("event", "Note"), ("place", &place.to_string()), ("told", told)])
}

/// A call of so many events beyond those that are folded.
fn long_call(id: &str, beyond: usize) -> Vec<Delivery> {
    let notes = (1..MOST_FOLDED + beyond).map(|place| note(id, place, ""));
    let bodies = [incoming(id, CALLER, LINE)].into_iter().chain(notes);
    (0..).zip(bodies).map(|(place, body)| Delivery { at_ms: BEGIN_MS + place, body }).collect()
}

/// From now on each deletion of an event beyond those that are folded takes a while; with `FERNAMT_SOAK=5` one transaction
/// is too short for all of them.
fn delete_slowly(database: &Database) {
    database.execute(&if database.is_postgres() {
        format!(
            "create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep({}); return old; end $$; \
             create trigger slowly before delete on surplus_events for each row execute function slowly()",
            times(1) as f64 / 1_000.0
        )
    } else {
        format!(
            "create trigger slowly before delete on surplus_events begin select count(*) from (with recursive counted(n) as \
             (select 1 union all select n + 1 from counted where n < {}) select n from counted); end",
            times(2_000)
        )
    });
}

/// Does some work meanwhile; fails if the events beyond those that are folded went in one transaction, because then nobody
/// can see that some of them are gone.
#[track_caller]
fn in_several_transactions<T: Send>(database: &Database, work: impl FnOnce() -> T + Send) -> T {
    let (done, is_seen) = std::thread::scope(|scope| {
        let working = scope.spawn(work);
        let (some, mut is_seen) = (MOST_FOLDED as i64..MANY as i64, false);
        while !is_seen && !working.is_finished() {
            is_seen = some.contains(&database.count("from surplus_events"));
            std::thread::sleep(Duration::from_millis(5));
        }
        (working.join().unwrap(), is_seen)
    });
    assert!(is_seen, "all went at once");
    done
}

#[track_caller]
fn assert_clean(database: &Database) {
    let checked = database.run(&["check"], b"");
    assert_eq!(checked.status, 0, "{checked:?}");
}

#[test]
fn a_person_is_forgotten_however_many_events_a_call_has() {
    let database = Database::create();
    let mut deliveries = long_call("many", MANY);
    // The last ones tell of somebody else; so does nothing that is folded.
    deliveries
        .extend((0..3).map(|place| Delivery { at_ms: BEGIN_MS + DAY_MS, body: note("many", 77_000 + place, TOLD) }));
    deliveries.push(Delivery { at_ms: BEGIN_MS, body: incoming("other", "03012345678", LINE) });
    database.import(&log(&deliveries), &[]);
    let told = database.run(&["export", "--party", TOLD], b"");
    assert_eq!(told.status, 0, "{told:?}");
    let lines: Vec<serde_json::Value> = told.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["kind"], &lines[0]["surplus_events"]), (&"call".into(), &(MANY + 3).into()));
    let beyond = |line: &serde_json::Value| {
        assert_eq!((&line["kind"], &line["call_id"]), (&"surplus_events".into(), &"many".into()));
        line["events"].as_array().unwrap().len()
    };
    let all: Vec<_> = lines[1..].iter().map(beyond).collect();
    assert_eq!(all.iter().sum::<usize>(), MANY + 3);
    assert!(all.iter().all(|&count| count <= MOST_FOLDED), "some at a time");
    assert_eq!(told.stdout.matches(TOLD).count(), 3);
    delete_slowly(&database);
    let done = in_several_transactions(&database, || database.run(&["forget", "--party", TOLD], b""));
    assert_eq!((done.status, done.stderr.trim()), (0, "1 calls forgotten"), "{done:?}");
    assert_eq!(database.count("from surplus_events"), 0);
    assert!(!database.export(&[]).contains(TOLD));
    assert_eq!(database.count(&format!("from calls where event_count = {MOST_FOLDED}")), 1);
    assert_clean(&database);
}

#[test]
fn a_night_comes_to_its_end_however_many_events_a_call_has() {
    let database = Database::create();
    database.import(&log(&[long_call("many", MANY), long_call("few", 2)].concat()), &[]);
    delete_slowly(&database);
    let runtime = crate::database::runtime();
    let derivation = crate::helpers::config(&database, &[]).derivation().unwrap();
    let db = runtime.block_on(Db::open(database.url())).unwrap();
    let retention = Retention { numbers_days: None, events_days: Some(10) };
    let night = forgetting::apply(&db, &derivation, retention, BEGIN_MS + 30 * DAY_MS);
    let events = in_several_transactions(&database, || runtime.block_on(night).unwrap().events);
    assert_eq!(events, (MANY + 2 * MOST_FOLDED + 2) as i64);
    assert_eq!(database.count("from events") + database.count("from surplus_events"), 0);
    assert_clean(&database);
    runtime.block_on(db.close());
}

#[test]
fn numbers_of_long_ago_are_forgotten_however_many_events_a_call_has() {
    let database = Database::create();
    database.import(&log(&[long_call("many", MANY), long_call("few", 2)].concat()), &[]);
    delete_slowly(&database);
    let done = in_several_transactions(&database, || database.run(&["forget", "--before", "2026-09-30"], b""));
    assert_eq!((done.status, done.stderr.trim()), (0, "2 calls forgotten"), "{done:?}");
    assert_eq!((database.count("from events"), database.count("from surplus_events")), (2 * MOST_FOLDED as i64, 0));
    assert!(!database.export(&[]).contains(CALLER));
    assert_clean(&database);
}

/// Puts events of a call into the table of those that are folded, as an older node does.
fn crowd(database: &Database, id: &str, events: &[Delivery]) {
    // The newest one.
    let key = database.count_of("max(id)", "from calls");
    let literal = |bytes: &[u8]| {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        if database.is_postgres() { format!("'\\x{hex}'::bytea") } else { format!("x'{hex}'") }
    };
    let row = |Delivery { at_ms, body }: &Delivery| {
        let receipt = Receipt::new(*at_ms, body.clone().into_bytes()).unwrap();
        assert_eq!(receipt.event.call_id.to_string(), id);
        format!("({key}, {}, {at_ms}, 1, {})", literal(&receipt.digest()), literal(&receipt.body))
    };
    let (rows, count) = (events.iter().map(row).collect::<Vec<_>>().join(","), events.len());
    database.execute(&format!(
        "insert into events (call_key, digest, received_ms, deliveries, body) values {rows}; \
         update calls set event_count = event_count + {count} where id = {key}"
    ));
}

/// Two calls, one of them with so many events more, which tell of somebody, and with an end that comes too late to be folded.
fn crowded(count: usize) -> Database {
    let database = Database::create();
    for call in ["other", "many"] {
        database.import(&log(&[Delivery { at_ms: BEGIN_MS, body: incoming(call, CALLER, LINE) }]), &[]);
    }
    let notes = (0..count).map(|place| note("many", 10_000 + place, TOLD));
    let bodies = notes.chain([hung_up("many", "missed", 0)]);
    let events: Vec<_> = (1..).zip(bodies).map(|(place, body)| Delivery { at_ms: BEGIN_MS + place, body }).collect();
    crowd(&database, "many", &events);
    database
}

#[test]
fn of_a_crowded_call_nothing_is_left_of_who_is_forgotten() {
    // More than are forgotten in one transaction.
    let count = times(1_700).min(3_000);
    let [party, before] = [["forget", "--party", TOLD], ["forget", "--before", "2026-09-30"]];
    let ways = [(party, false), (before, true), (party, true), (before, false)];
    for (forget, is_told_before) in ways.into_iter().cycle().take(times(2)) {
        let database = crowded(count);
        if is_told_before {
            let told = database.run(&["export", "--party", TOLD], b"");
            assert_eq!(told.stdout.matches(TOLD).count(), count, "{forget:?}");
        }
        let done = database.run(&forget, b"");
        assert_eq!(done.status, 0, "{done:?}");
        assert!(!database.export(&[]).contains(TOLD), "{forget:?}");
        assert_eq!(database.count("from surplus_events"), 0);
        assert_clean(&database);
    }
}

#[test]
fn a_crowded_call_is_derived_from_those_of_its_events_that_are_folded() {
    let database = crowded(2_000);
    let copy = Database::create();
    copy.import(&database.export(&[]), &[]);
    let tables = |database: &Database| (database.count("from events"), database.count("from surplus_events"));
    assert_eq!((tables(&database), tables(&copy)), ((2_003, 0), (MOST_FOLDED as i64 + 1, 1_502)));
    assert_clean(&database);
    assert_eq!(tables(&database), (2_003, 0), "looking changes nothing");
    let done = database.run(&["rebuild"], b"");
    assert_eq!(done.status, 0, "{done:?}");
    assert_eq!(tables(&database), tables(&copy));
    let (here, there) = (database.contents(true), copy.contents(true));
    for (here, there) in here.iter().zip(&there) {
        let differs = here.iter().zip(there).find(|(here, there)| here != there);
        assert_eq!((here.len(), differs), (there.len(), None), "as if nobody had crowded it");
    }
    assert_clean(&database);
}

#[test]
fn deriving_again_takes_on_less_where_a_step_takes_too_long() {
    let database = Database::create();
    let calls: Vec<_> = (0..500).map(|number| hung_up(&format!("c{number}"), "missed", 0)).collect();
    database.import(&log(&calls.into_iter().map(|body| Delivery { at_ms: BEGIN_MS, body }).collect::<Vec<_>>()), &[]);
    let expected = database.contents(true);
    // Each call takes a while to be set right: all of them together longer than one transaction may, but not much.
    let slowly = if database.is_postgres() {
        "create function slowly() returns trigger language plpgsql as $$ begin perform pg_sleep(0.013); return new; end $$; \
         create trigger slowly before update on calls for each row execute function slowly()"
            .to_owned()
    } else {
        let counted = |steps: f64| {
            format!(
                "from (with recursive counted(n) as (select 1 union all select n + 1 from counted where n < {steps:.0}) \
                 select n from counted)"
            )
        };
        let began = Instant::now();
        database.count(&counted(1e6));
        let steps = 1e6 * 0.013 / began.elapsed().as_secs_f64();
        format!("create trigger slowly before update on calls begin select count(*) {}; end", counted(steps))
    };
    database.execute(&format!("update calls set from_number = 'wrong'; {slowly}"));
    let done = database.run(&["rebuild"], b"");
    assert_eq!(done.status, 0, "{done:?}");
    assert!(database.contents(true) == expected);
}
