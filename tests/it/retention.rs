//! Tests of retention: what is deleted automatically because it may be kept no longer.

use std::time::Duration;

use chrono::Utc;
use fernamt::calls::forgetting::Retention;
use fernamt::store::Db;
use fernamt::store::privacy::forgetting;
use serde_json::json;

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, TestApp, hung_up, incoming, log_line};
use crate::histories::{Delivery, log};
use crate::oracle::rfc3339;
use crate::spool::until;
use crate::traces::places_of;

#[test]
fn what_is_old_goes_by_itself_and_the_figures_stay() {
    let now_ms = Utc::now().timestamp_millis();
    let day_ms = 86_400_000;
    let mut deliveries = Vec::new();
    for (age, id, caller) in [(1, "young", CALLER), (40, "old", "01712345678"), (400, "ancient", "01712345678")] {
        let at_ms = now_ms - age * day_ms;
        deliveries.push(Delivery { at_ms, body: incoming(id, caller, LINE) });
        deliveries.push(Delivery { at_ms: at_ms + 5_000, body: hung_up(id, "missed", 0) });
    }
    let mut app = TestApp::start();
    app.database.import(&log(&deliveries), &[]);
    let start = rfc3339(now_ms - 500 * day_ms)[..10].to_owned();
    let end = rfc3339(now_ms)[..10].to_owned();
    let query = format!("start={start}&end={end}&group_by=month");
    let before = app.stats(&query).ok();
    app = app.restart(&["--forget-numbers-after", "30", "--delete-events-after", "365"]);
    until("the old ones go", || app.database.count("from events") == 4);
    until("it is finished", || app.database.count("from settings where name = 'erasing'") == 0);
    assert_eq!(places_of(&app.database, &["1712345678"]), [""; 0]);
    let party = |id: &str| app.call(id).ok()["party"].as_str().unwrap().to_owned();
    assert_eq!(party("young"), format!("+49{}", &CALLER[1..]));
    assert!(party("old").starts_with("forgotten-number-"));
    assert_eq!(party("old"), party("ancient"), "the same person under the same key");
    assert_eq!(app.call("ancient").ok()["events"], json!([]));
    assert_eq!(app.stats(&query).ok(), before);
    // The events do not come back, neither from a log nor from the PBX.
    let done = app.database.run(&["import", "-"], log(&deliveries).as_bytes());
    assert_eq!(done.status, 0);
    assert!(done.stderr.contains("2 events were left out"), "{}", done.stderr);
    assert!(done.stderr.contains("2 events are of forgotten calls"), "{}", done.stderr);
    let stranger = [Delivery { at_ms: now_ms - 390 * day_ms, body: hung_up("stranger", "missed", 0) }];
    let done = app.database.run(&["import", "-"], log(&stranger).as_bytes());
    assert!(done.stderr.contains("1 events were left out"), "{}", done.stderr);
    app.post_event(hung_up("ancient", "accepted", 7));
    let results = app.get("/metrics").text().to_owned();
    let count = |result: &str| {
        let line = format!("fernamt_deliveries_total{{event=\"hung_up\",result=\"{result}\"}} ");
        results.lines().find_map(|found| found.strip_prefix(&line)).map(ToOwned::to_owned)
    };
    assert_eq!((count("left_out").as_deref(), count("doubled").as_deref()), (Some("1"), Some("0")), "{results}");
    assert_eq!(app.database.count("from events"), 4);
    assert_eq!(app.stats(&query).ok(), before);
    assert_eq!(app.database.run(&["rebuild"], b"").status, 0);
    assert_eq!(app.stats(&query).ok(), before);
    assert_eq!(app.database.run(&["check"], b"").status, 0);
    // A night later there is nothing more to do; another setting is heeded at once.
    app = app.restart(&["--forget-numbers-after", "30", "--delete-events-after", "365"]);
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(app.database.count("from events"), 4);
    let app = app.restart(&["--forget-numbers-after", "30", "--delete-events-after", "31"]);
    until("the old one goes, too", || app.database.count("from events") == 2);
    assert_eq!(app.stats(&query).ok(), before);
}

#[test]
fn one_caller_stays_one_for_a_month_then_the_key_goes() {
    let database = Database::create();
    let days = ["2026-03-30", "2026-03-31", "2026-04-01", "2026-04-15"];
    let calls = days.map(|day| log_line(&format!("{day}T10:00:00.000Z"), &incoming(day, "01712345678", LINE)));
    database.import(&calls.concat(), &[]);
    let runtime = crate::database::runtime();
    let derivation = crate::helpers::config(&database, &[]).derivation().unwrap();
    let party = |day: &str| {
        let rows = database
            .rows("party", &format!("from calls where started_ms >= {} order by started_ms limit 1", noon(day)));
        rows[0].trim_matches(['(', ')']).to_owned()
    };
    let keys = || database.rows("value", "from settings where name = 'forgetting-key'");
    let db = runtime.block_on(Db::open(database.url())).unwrap();
    let retention = Retention { numbers_days: Some(10), events_days: None };
    let keys_of = |now: &str| {
        runtime.block_on(forgetting::apply(&db, &derivation, retention, noon(now))).unwrap();
        keys()
    };
    let [first, second, third] = ["2026-04-10", "2026-04-11", "2026-04-12"].map(keys_of);
    assert_eq!(first, second);
    assert_ne!(second, third, "another month, another key");
    runtime.block_on(db.close());
    assert!(party(days[0]).starts_with("forgotten-number-"));
    assert_eq!(party(days[0]), party(days[1]));
    assert!(party(days[2]).starts_with("forgotten-number-") && party(days[2]) != party(days[1]));
    assert_eq!(party(days[3]), "+491712345678");
    // Where nothing is to be forgotten any more nobody needs the key.
    let _server = Server::start(&database, &[]);
    until("the key is gone", || keys().is_empty());
}

fn noon(day: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(&format!("{day}T10:00:00Z")).unwrap().timestamp_millis()
}
