//! Tests of wrong clocks: nothing irreversible is done by them, and nothing received meanwhile is lost.

use std::sync::Arc;

use chrono::Utc;
use fernamt::accounts::action::{Actor, Entry, Subject, Verb};
use fernamt::calls::forgetting::Retention;
use fernamt::calls::receipts::Receipt;
use fernamt::clock::Clock;
use fernamt::store::db::clock as stored_clock;
use fernamt::store::ingest::record::{Delivery as Recording, Source, record_changes};
use fernamt::store::privacy::forgetting;
use fernamt::store::{Db, WRITE_TIMEOUT};

use crate::database::{Database, runtime};
use crate::helpers::{Answers, CALLER, LINE, TestApp, config, hung_up, incoming, times};
use crate::histories::{Delivery, log};
use crate::oracle::rfc3339;
use crate::signed_in::{GUARDED, by, log_in};
use crate::spool::until;

const DAY_MS: i64 = 86_400_000;
const YEAR_MS: i64 = 365 * DAY_MS;
const KEEP: [&str; 4] = ["--forget-numbers-after", "30", "--delete-events-after", "60"];
const RETENTION: Retention = Retention { numbers_days: Some(30), events_days: Some(60) };
const SOMEBODY: &str = "+493023125000";
const CONFIRM: &str = "fernamt clock confirm";

fn now_ms() -> i64 {
    Utc::now().timestamp_millis()
}

fn day(at_ms: i64) -> String {
    rfc3339(at_ms)[..10].to_owned()
}

/// A server whose clock is so far ahead; the clock.
fn ahead(database: &Arc<Database>, ahead_ms: i64, flags: &[&str]) -> (TestApp, Clock) {
    let clock = Clock::default();
    clock.put_ahead(ahead_ms);
    let app = TestApp::changed(database.clone(), flags, |config| config.clock = clock.clone());
    (app, clock)
}

fn is_believed(app: &impl Answers) -> bool {
    let metrics = app.get("/metrics");
    metrics.text().lines().any(|line| line == "fernamt_clock_believed 1")
}

fn is_doubted(app: &impl Answers) -> bool {
    app.get("/").text().contains(CONFIRM)
}

fn party(app: &impl Answers, id: &str) -> String {
    app.call(id).ok()["party"].as_str().unwrap().to_owned()
}

fn has_mark(database: &Database, name: &str) -> bool {
    database.count(&format!("from settings where name = '{name}'")) > 0
}

fn remember(database: &Database, name: &str, at_ms: i64) {
    database.execute(&format!("delete from settings where name = '{name}'"));
    database.execute(&format!("insert into settings (name, value) values ('{name}', '{at_ms}')"));
}

fn seen_ms(database: &Database) -> i64 {
    let value = database.rows("value", "from settings where name = 'clock-seen'");
    value[0].trim_matches(['(', ')']).parse().unwrap()
}

#[test]
fn a_clock_a_year_ahead_forgets_nothing_and_everything_goes_on() {
    let app = TestApp::start();
    app.post_event(incoming("before", CALLER, LINE)).xml();
    let database = app.database.clone();
    drop(app);
    let (app, _) = ahead(&database, YEAR_MS, &KEEP);
    until("the clock is doubted", || is_doubted(&app));
    assert!(!is_believed(&app));
    assert_eq!(app.get("/readyz").status, 200);
    let page = |language: &str, path: &str| {
        app.request("GET", path).header("Accept-Language", language).send().text().to_owned()
    };
    for path in ["/", "/calls", "/callbacks", "/live", "/routes", "/settings", "/quality"] {
        assert!(page("en", path).contains("The clock of the server shows"), "{path}");
        assert!(page("de", path).contains("Die Uhr des Servers zeigt"), "{path}");
    }
    app.post_event(incoming("meanwhile", CALLER, LINE)).xml();
    for id in ["before", "meanwhile"] {
        assert_eq!(party(&app, id), SOMEBODY, "{id}");
        assert_eq!(app.call(id).ok()["event_count"], 1, "{id}");
    }
    assert!(!has_mark(&database, "forgotten-before") && !has_mark(&database, "events-gone-before"));
    drop(app);
    assert!(seen_ms(&database) < now_ms() + DAY_MS, "a clock that is not believed is not remembered");
    // The clock is right again, without a word of anybody.
    let app = TestApp::on(database.clone(), &KEEP);
    until("the night's work is done", || has_mark(&database, "events-gone-up-to"));
    assert!(is_believed(&app) && !is_doubted(&app));
    app.post_event(incoming("after", CALLER, LINE)).xml();
    app.post_event(hung_up("after", "missed", 0));
    assert_eq!((party(&app, "before").as_str(), party(&app, "after").as_str()), (SOMEBODY, SOMEBODY));
    assert_eq!(app.call("after").ok()["event_count"], 2);
    let done = database.run(&[&["check"], &KEEP[..]].concat(), b"");
    assert_eq!(done.status, 0, "{}", done.stdout);
}

#[test]
fn a_clock_that_was_behind_keeps_what_comes_and_the_numbers() {
    let database = Arc::new(Database::create());
    let app = TestApp::on(database.clone(), &KEEP);
    until("the night's work is done", || has_mark(&database, "events-gone-up-to"));
    drop(app);
    for days in [45, 70] {
        let (app, _) = ahead(&database, -days * DAY_MS, &KEEP);
        let id = format!("behind{days}");
        app.post_event(incoming(&id, CALLER, LINE)).xml();
        app.post_event(hung_up(&id, "missed", 0)).xml();
        until("the clock is doubted", || is_doubted(&app));
        assert_eq!((party(&app, &id).as_str(), app.call(&id).ok()["event_count"].as_i64()), (SOMEBODY, Some(2)));
    }
    // A start that sees it right again leaves what began in between, which may still go on, to a night.
    assert_eq!(database.run(&["check"], b"").status, 0);
}

#[test]
fn what_the_pbx_sends_is_stored_whatever_is_forgotten_and_a_later_night_looks_at_it() {
    let database = Database::create();
    let derivation = config(&database, &[]).derivation().unwrap();
    let runtime = runtime();
    let db = runtime.block_on(Db::open(database.url())).unwrap();
    let now = now_ms();
    let forget = |now| runtime.block_on(forgetting::apply(&db, &derivation, RETENTION, now)).unwrap();
    let store = |deliveries: &[(i64, String, Source)]| {
        let recording = |(at_ms, body, source): &(i64, String, Source)| Recording {
            receipt: Receipt::new(*at_ms, body.clone().into_bytes()).unwrap().into(),
            source: source.clone(),
        };
        let batch: Vec<_> = deliveries.iter().map(recording).collect();
        runtime.block_on(record_changes(&db, &derivation, &batch, WRITE_TIMEOUT)).unwrap().1
    };
    let parties = || database.rows("party", "from calls order by party");
    forget(now);
    let old = now - 70 * DAY_MS;
    let changes = store(&[
        (old, incoming("live", CALLER, LINE), Source::Pbx(None)),
        (old + 1, incoming("again", CALLER, LINE), Source::PbxAgain(None)),
        (old + 2, incoming("both", CALLER, LINE), Source::Import),
        (old + 3, hung_up("both", "missed", 0), Source::Pbx(None)),
        (old + 4, incoming("imported", CALLER, LINE), Source::Import),
    ]);
    let sum = |counts: [u32; 5]| counts.iter().sum::<u32>();
    assert_eq!((sum(changes.stored), sum(changes.doubled), sum(changes.left_out)), (4, 0, 1));
    assert!(parties().iter().all(|party| party.contains(SOMEBODY)) && parties().len() == 3, "{:?}", parties());
    assert_eq!(database.count("from events"), 4);
    // Younger than what is deleted, older than what is forgotten.
    store(&[
        (now - 40 * DAY_MS, incoming("live40", CALLER, LINE), Source::Pbx(None)),
        (now - 40 * DAY_MS, incoming("imported40", CALLER, LINE), Source::Import),
    ]);
    assert_eq!(parties().iter().filter(|party| party.contains(SOMEBODY)).count(), 4);
    assert_eq!(parties().len(), 5);
    // What is repeated of a call that is forgotten brings nobody back, and is stored.
    let imported = hung_up("imported40", "missed", 0);
    let changes = store(&[(now, imported, Source::Pbx(None))]);
    assert_eq!((sum(changes.stored), sum(changes.left_out)), (1, 0));
    forget(now + DAY_MS);
    assert!(parties().iter().all(|party| !party.contains(SOMEBODY)), "{:?}", parties());
    assert_eq!(database.count(&format!("from events where received_ms < {}", now - 50 * DAY_MS)), 0);
    // Once it has looked, it goes on from where it was.
    assert!(!has_mark(&database, "late-since"));
    runtime.block_on(db.close());
}

#[test]
fn a_jump_while_it_runs_stops_the_nights_work_until_somebody_confirms_the_clock() {
    let database = Arc::new(Database::create());
    let (app, clock) = ahead(&database, 0, &KEEP);
    app.post_event(incoming("young", CALLER, LINE)).xml();
    until("the night's work is done", || has_mark(&database, "events-gone-up-to"));
    assert!(!is_doubted(&app));
    for far in [-400 * DAY_MS, 400 * DAY_MS].into_iter().cycle().take(times(1)) {
        clock.put_ahead(far);
        until("the jump is noticed", || is_doubted(&app));
        clock.put_ahead(0);
        until("so is that it is over", || !is_doubted(&app));
    }
    clock.put_ahead(400 * DAY_MS);
    until("the jump is noticed", || is_doubted(&app));
    assert_eq!(party(&app, "young"), SOMEBODY);
    let runtime = runtime();
    let derivation = config(&database, &[]).derivation().unwrap();
    runtime.block_on(async {
        let db = Db::open(database.url()).await.unwrap();
        let entry = Entry::new(&Actor::command(now_ms()), (Subject::Clock, Verb::Set));
        stored_clock::confirm(&db, &derivation, RETENTION, now_ms() + 400 * DAY_MS, &entry).await.unwrap();
        db.close().await;
    });
    until("it goes on", || database.count("from events") == 0);
    assert!(party(&app, "young").starts_with("forgotten-number-"));
    assert!(!is_doubted(&app));
}

#[test]
fn after_some_days_off_a_command_confirms_the_clock_of_a_running_server() {
    let now = now_ms();
    let old = Delivery { at_ms: now - 100 * DAY_MS, body: incoming("old", CALLER, LINE) };
    let app = TestApp::start();
    app.database.import(&log(&[old]), &[]);
    let database = app.database.clone();
    drop(app);
    remember(&database, "clock-seen", now - 3 * DAY_MS);
    let app = TestApp::on(database.clone(), &KEEP);
    until("the clock is doubted", || is_doubted(&app));
    assert_eq!(party(&app, "old"), SOMEBODY);
    let run = |words: &[&str]| database.run(&[words, &KEEP[..]].concat(), b"");
    let checked = run(&["check"]);
    assert!(checked.stdout.contains(CONFIRM) && checked.status == 0, "{}", checked.stdout);
    // Where nothing is to be forgotten nobody is bothered.
    assert!(!database.run(&["check"], b"").stdout.contains(CONFIRM));
    let told = run(&["clock"]).stdout;
    assert!(told.contains(&rfc3339(now - 3 * DAY_MS)) && told.contains(CONFIRM), "{told}");
    // A day that the clock alone calls past is not forgotten; an earlier one is.
    let refused = run(&["forget", "--before", &day(now + 2 * DAY_MS)]);
    assert!(refused.status == 1 && refused.stderr.contains(CONFIRM), "{}", refused.stderr);
    assert_eq!(party(&app, "old"), SOMEBODY);
    assert_eq!(run(&["forget", "--before", &day(now - 200 * DAY_MS)]).status, 0);
    let done = run(&["clock", "confirm"]);
    assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    until("the server goes on", || database.count("from events") == 0);
    assert!(!is_doubted(&app) && party(&app, "old").starts_with("forgotten-"));
    assert!(run(&["clock", "show"]).stdout.contains("The clock is believed."));
    assert!(!run(&["check"]).stdout.contains(CONFIRM));
    let audit = database.rows("action", "from audit order by id desc limit 1");
    assert!(audit[0].contains("clock.set"), "{audit:?}");
    let help = run(&["clock", "--help"]).stdout;
    assert!(help.contains("confirm") && help.contains("--forget-numbers-after"), "{help}");
}

#[test]
fn marks_of_a_clock_that_was_ahead_are_told_of_and_set_back() {
    let app = TestApp::start();
    app.post_event(incoming("bare", CALLER, LINE)).xml();
    let now = now_ms();
    let database = app.database.clone();
    let check = || database.run(&["check"], b"");
    assert_eq!(check().status, 0);
    database.execute(
        "delete from events; update calls set party = 'forgotten-number-a', from_number = 'forgotten-number-a'",
    );
    for (name, days) in [("forgotten-before", 335), ("forgotten-up-to", 335), ("events-gone-before", 305)] {
        remember(&database, name, now + days * DAY_MS);
    }
    remember(&database, "events-gone-up-to", now + 305 * DAY_MS);
    let checked = check();
    assert!(checked.status == 1 && checked.stdout.contains(CONFIRM), "{}", checked.stdout);
    // Until it is mended nothing of what the PBX sends is lost.
    app.post_event(incoming("live", CALLER, LINE)).xml();
    assert_eq!((party(&app, "live").as_str(), app.call("live").ok()["event_count"].as_i64()), (SOMEBODY, Some(1)));
    assert_eq!(database.run(&["clock", "confirm"], b"").status, 0);
    let checked = check();
    assert_eq!(checked.status, 0, "{}", checked.stdout);
    // What is taken over is as it would be without.
    let later = [Delivery { at_ms: now_ms() + 1_000, body: incoming("imported", CALLER, LINE) }];
    database.import(&log(&later), &[]);
    assert_eq!(party(&app, "imported"), SOMEBODY);
    drop(app);
    let app = TestApp::on(database.clone(), &KEEP);
    until("it was a night", || has_mark(&database, "events-gone-up-to"));
    assert_eq!(party(&app, "live"), SOMEBODY);
    assert_eq!(check().status, 0);
}

#[test]
fn an_older_database_does_not_believe_a_clock_far_from_its_newest_call() {
    let app = TestApp::start();
    app.post_event(incoming("young", CALLER, LINE)).xml();
    let database = app.database.clone();
    drop(app);
    let forget_clock = || database.execute("delete from settings where name in ('clock-seen', 'clock-confirmed')");
    forget_clock();
    let (app, _) = ahead(&database, YEAR_MS, &KEEP);
    until("the clock is doubted", || is_doubted(&app));
    assert_eq!(party(&app, "young"), SOMEBODY);
    drop(app);
    assert!(!has_mark(&database, "clock-seen"));
    let app = TestApp::on(database.clone(), &KEEP);
    until("the clock is seen", || has_mark(&database, "clock-seen"));
    assert!(is_believed(&app));
}

#[test]
fn a_node_with_a_wrong_clock_neither_works_nor_misleads_the_others() {
    let database = Arc::new(Database::create());
    let right = TestApp::on(database.clone(), &KEEP);
    right.post_event(incoming("young", CALLER, LINE)).xml();
    let (wrong, clock) = ahead(&database, YEAR_MS, &KEEP);
    until("the wrong one is doubted", || is_doubted(&wrong));
    wrong.post_event(incoming("wrong", CALLER, LINE)).xml();
    assert!(is_believed(&right) && !is_doubted(&right));
    let seen = seen_ms(&database);
    assert!((now_ms() - seen).abs() < DAY_MS, "{seen}");
    for id in ["young", "wrong"] {
        assert_eq!(party(&right, id), SOMEBODY, "{id}");
    }
    clock.put_ahead(0);
    drop(wrong);
    let (wrong, _) = ahead(&database, 0, &KEEP);
    until("it is believed", || is_believed(&wrong));
}

#[test]
fn what_was_done_under_a_clock_that_was_ahead_does_not_hold_until_then() {
    let database = Arc::new(Database::create());
    database.add_user("anna", "admin");
    let (app, clock) = ahead(&database, 10 * YEAR_MS, &GUARDED);
    let cookie = log_in(&app, "anna");
    let status = |app: &TestApp, cookie: &str| by(app, cookie, "GET", "/api/v1/stats").send().status;
    assert_eq!(status(&app, &cookie), 200);
    clock.put_ahead(0);
    assert_eq!(status(&app, &cookie), 401);
    drop(app);
    let app = TestApp::on(database.clone(), &GUARDED);
    let mine = log_in(&app, "anna");
    assert_eq!((status(&app, &cookie), status(&app, &mine)), (401, 200));
    database
        .execute(&format!("insert into callbacks_done (party, done_ms) values ('{SOMEBODY}', {})", now_ms() + YEAR_MS));
    let begins_ms = now_ms() + YEAR_MS;
    let closed =
        format!("insert into settings (name, value) values ('closed_until', '{begins_ms} {}')", begins_ms + DAY_MS);
    database.execute(&closed);
    drop(app);
    // It was seen under that clock first, and under no other since: somebody has to say so.
    assert_eq!(database.count("from sessions"), 2);
    assert_eq!(database.run(&["clock", "confirm"], b"").status, 0);
    assert_eq!((database.count("from sessions"), database.count("from callbacks_done")), (1, 0));
    assert!(!has_mark(&database, "closed_until"));
    let app = TestApp::on(database.clone(), &GUARDED);
    assert_eq!(status(&app, &mine), 200);
}
