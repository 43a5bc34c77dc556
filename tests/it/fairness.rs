//! Tests of fairness: slow queries, and clients that send very many, do not keep others from being answered.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fernamt::config::Limits;

use crate::helpers::{Answers, CALLER, Database, LINE, SetAtTheEnd, TestApp, hung_up, incoming, times};
use crate::signed_in::{by, log_in};
use crate::spool::until;

/// Nobody waits so long.
const ENDLESS: &str = "/api/v1/callbacks/report?start=2026-01-01&end=2026-12-31";
const NEVER: Duration = Duration::from_secs(3_600);

/// A server on which [`ENDLESS`] takes very long: of one caller there are very many missed calls, and each is compared
/// with all after it. With the admin anna and the viewer ben, and without a secret.
fn app(change: impl FnOnce(&mut Limits)) -> TestApp {
    let database = Arc::new(Database::create());
    database.add_user("anna", "admin");
    database.add_user("ben", "viewer");
    let app = TestApp::changed(database, &["--placetel-basic", "pbx:secret"], |config| change(&mut config.limits));
    let call_id = match app.database.is_postgres() {
        true => "decode('02', 'hex') || convert_to('call-' || i, 'UTF8')",
        false => "cast(char(2) || 'call-' || i as blob)",
    };
    app.database.execute(&format!(
        "insert into calls (id, call_id, direction, party, number, has_incoming, in_hours, started_ms, ended_ms, ending, event_count) \
         with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000) \
         select 1000000 + i, {call_id}, 1, '+493023125000', '+4922129191999', true, true, 1780000000000 + i * 1000, 1780000001000 + i * 1000, 1, 2 \
         from n"
    ));
    app
}

fn event(app: &TestApp, body: String) -> u16 {
    app.request("POST", "/placetel").header("Authorization", "Basic cGJ4OnNlY3JldA==").form(body).send().status
}

/// Nothing of it goes on in the database.
fn has_ended(app: &TestApp) -> bool {
    !app.database.is_postgres()
        || app.database.count("from pg_stat_activity where state = 'active' and query like '%contact_ms%' and pid <> pg_backend_pid() and datname = current_database()") == 0
}

#[test]
fn a_question_over_its_budget_is_told_so_and_ends_in_the_database() {
    let app = app(|limits| limits.question = Duration::from_millis(300));
    let anna = log_in(&app, "anna");
    // More than there are connections: each of them must be free again.
    for _ in 0..7 {
        let answer = by(&app, &anna, "GET", ENDLESS).send();
        let detail = answer.problem(503)["detail"].to_string();
        assert!(detail.contains("shorter period") && answer.header("Retry-After").is_some(), "{answer}");
    }
    until("the database has ended it", || has_ended(&app));
    until("usual questions are answered", || {
        by(&app, &anna, "GET", "/api/v1/calls?limit=1&start=2026-01-01&end=2026-12-31").send().status == 200
    });
    for (language, told) in [("de", "Das hat zu lange gedauert"), ("en", "This took too long")] {
        let page = by(&app, &anna, "GET", "/callbacks?within_days=1&start=2026-01-01&end=2026-12-31");
        let page = page.header("Accept", "text/html").header("Accept-Language", language).send();
        assert!(page.status == 503 && page.text().contains(told), "{page}");
    }
    assert_eq!(app.get("/readyz").status, 200);
}

#[test]
fn who_leaves_frees_the_connection() {
    let app = app(|limits| {
        limits.question = NEVER;
        limits.turn = NEVER;
    });
    let anna = log_in(&app, "anna");
    let ask = |closes: bool| {
        let mut stream = TcpStream::connect(app.address()).unwrap();
        let head = format!("GET {ENDLESS} HTTP/1.1\r\nHost: {}\r\nCookie: {anna}\r\n\r\n", app.address());
        stream.write_all(head.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_millis(100));
        if !closes {
            // Only the one side.
            stream.shutdown(Shutdown::Write).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            let mut answer = String::new();
            let _ = stream.read_to_string(&mut answer);
        }
    };
    // More than are worked at at once.
    (0..9).for_each(|number| ask(number > 0));
    let usual = || by(&app, &anna, "GET", "/api/v1/calls?limit=1&start=2026-01-01&end=2026-12-31").send().status;
    assert_eq!(usual(), 200);
    until("the database has ended it", || has_ended(&app));
}

#[test]
fn one_who_asks_in_a_loop_keeps_nobody_else_waiting() {
    let app = app(|limits| limits.question = Duration::from_secs(4));
    let (anna, ben) = (log_in(&app, "anna"), log_in(&app, "ben"));
    let (is_over, loops) = (AtomicBool::new(false), Mutex::new(Vec::new()));
    // More than get an answer at the same time.
    let askers = times(8).min(16);
    std::thread::scope(|scope| {
        let _over = SetAtTheEnd(&is_over);
        for _ in 0..askers {
            let (app, ben, is_over, loops) = (&app, &ben, &is_over, &loops);
            scope.spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let status = by(app, ben, "GET", ENDLESS).send().status;
                    loops.lock().unwrap().push(status);
                }
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        for number in 0..3 {
            assert_eq!(app.get("/readyz").status, 200);
            assert_eq!(by(&app, &anna, "GET", "/api/v1/stats?period=today").send().status, 200);
            assert_eq!(by(&app, &anna, "GET", "/").header("Accept", "text/html").send().status, 200);
            assert_eq!(by(&app, &anna, "GET", "/metrics").send().status, 200);
            // Somebody else than the caller of very many calls, whose callback takes long to tell.
            assert_eq!(event(&app, incoming(&format!("i{number}"), "01712345678", LINE)), 200);
            assert_eq!(event(&app, hung_up(&format!("i{number}"), "missed", 0)), 200);
        }
    });
    let loops = loops.into_inner().unwrap();
    assert!(loops.len() >= askers && loops.iter().all(|status| [503, 429].contains(status)), "{loops:?}");
}

#[test]
fn more_at_once_than_may_wait_is_refused_at_once() {
    let app = app(|limits| (limits.question, limits.questions, limits.waiting) = (Duration::from_secs(3), 1, 1));
    let anna = log_in(&app, "anna");
    let statuses = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            let (app, anna, statuses) = (&app, &anna, &statuses);
            scope.spawn(move || {
                let answer = by(app, anna, "GET", ENDLESS).send();
                if answer.status == 429 {
                    answer.problem(429);
                    assert!(answer.header("Retry-After").is_some(), "{answer}");
                }
                statuses.lock().unwrap().push(answer.status);
            });
        }
    });
    let statuses = statuses.into_inner().unwrap();
    assert_eq!(statuses.iter().filter(|status| **status == 503).count(), 2, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 4, "{statuses:?}");
}

#[test]
fn twenty_years_are_taken_and_a_day_more_is_refused() {
    let app = TestApp::start();
    app.post_event(incoming("a", CALLER, LINE)).xml();
    let urls = ["/api/v1/stats", "/api/v1/calls", "/api/v1/callbacks/report", "/api/v1/quality", "/calls.csv"];
    for url in urls {
        let asked = |end: &str| app.get(&format!("{url}?start=2010-01-01&end={end}"));
        assert_eq!(asked("2029-12-31").status, 200, "{url}");
        assert_eq!(asked("2030-01-01").wrong_fields(), ["end"], "{url}");
    }
    for (language, told) in [("de", "mehr als 20 Jahre"), ("en", "more than 20 years")] {
        for path in ["/", "/calls"] {
            let page = |end: &str| {
                let page = app.request("GET", &format!("{path}?start=2010-01-01&end={end}"));
                page.header("Accept", "text/html").header("Accept-Language", language).send()
            };
            assert!(!page("2029-12-31").text().contains(told));
            let answer = page("2030-01-01");
            assert!(answer.status == 200 && answer.text().contains(told), "{path} {language}: {answer}");
        }
    }
}
