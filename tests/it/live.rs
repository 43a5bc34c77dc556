//! Tests of the live stream `GET /events`: changes are sent as they happen.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use fernamt::config::LivePace;
use serde_json::{Value, json};

use crate::helpers::{Answer, Answers, CALLER, Database, LINE, Server, TestApp, accepted, hung_up, incoming};
use crate::signed_in::GUARDED;
use crate::sse::Stream;

/// Quick, so that nobody has to wait.
fn pace() -> LivePace {
    LivePace {
        gather: Duration::from_millis(5),
        heartbeat: Duration::from_millis(50),
        stats: Duration::from_millis(50),
        poll: Duration::from_millis(50),
        ..LivePace::default()
    }
}

/// Nothing comes by itself: what is seen was told.
pub fn told_only() -> LivePace {
    let never = Duration::from_secs(3600);
    LivePace { heartbeat: never, poll: never, ..pace() }
}

pub fn app(pace: LivePace) -> TestApp {
    on(Arc::new(Database::create()), pace)
}

fn on(database: Arc<Database>, pace: LivePace) -> TestApp {
    TestApp::changed(database, &[], |config| {
        config.live = pace;
        // A stream is dropped for what it does not read, not for the time it takes on a busy machine.
        config.limits.stall = Duration::from_secs(600);
    })
}

pub fn open(app: &TestApp) -> Stream {
    let stream = Stream::open(app.address(), "/events", None);
    assert_eq!(stream.status, 200);
    stream
}

fn clients(app: &TestApp) -> u32 {
    let metrics = app.get("/metrics");
    let line = metrics.text().lines().find_map(|line| line.strip_prefix("fernamt_live_clients "));
    line.unwrap().parse().unwrap()
}

#[test]
fn a_call_is_told_of_from_the_first_ring_to_the_end() {
    let app = app(told_only());
    let mut stream = open(&app);
    app.post_event(incoming("c1", CALLER, LINE)).xml();
    assert_eq!(stream.next("call").json(), without(app.call("c1").ok(), &["events", "decision"]));
    app.post_event(accepted("c1", "7777anna@fpbx.de")).xml();
    let call = stream.next("call").json();
    assert_eq!((&call["state"], &call["peer"]), (&json!("talking"), &json!("7777anna@fpbx.de")));
    app.post_event(hung_up("c1", "accepted", 0)).xml();
    let call = stream.next("call").json();
    assert_eq!((&call["state"], &call["outcome"]), (&json!("ended"), &json!("accepted")));
    assert_eq!(call, without(app.call("c1").ok(), &["events", "decision"]));
}

fn without(mut value: Value, names: &[&str]) -> Value {
    names.iter().for_each(|name| drop(value.as_object_mut().unwrap().remove(*name)));
    value
}

#[test]
fn the_stream_says_what_browsers_and_proxies_need() {
    let app = app(pace());
    let mut stream = open(&app);
    assert_eq!(stream.header("content-type"), Some("text/event-stream"));
    assert_eq!(stream.header("cache-control"), Some("no-store"));
    assert_eq!(stream.header("x-accel-buffering"), Some("no"));
    assert_eq!(stream.header("content-encoding"), None);
    let first = stream.piece().unwrap();
    assert!(first.lines().any(|line| line == "retry: 3000") && first.contains("\nid: "), "{first}");
    assert_eq!(stream.piece().unwrap(), ":", "a sign of life");
    assert_eq!(stream.piece().unwrap(), ":", "and another");
}

#[test]
fn a_delivery_that_changes_nothing_is_not_told() {
    let app = app(told_only());
    let mut stream = open(&app);
    for _ in 0..3 {
        app.post_event(incoming("c1", CALLER, LINE)).xml();
    }
    app.post_event(incoming("c2", CALLER, LINE)).xml();
    assert_eq!(stream.calls_until("c2"), ["c1", "c2"]);
}

#[test]
fn what_is_found_by_looking_is_not_told_again() {
    let app = app(pace());
    let mut stream = open(&app);
    app.post_event(hung_up("c1", "missed", 0)).xml();
    assert_eq!(stream.calls_until("c1"), ["c1"]);
    // Long enough for several looks.
    std::thread::sleep(pace().poll * 6);
    app.post_event(hung_up("c2", "missed", 0)).xml();
    assert_eq!(stream.calls_until("c2"), ["c2"]);
}

#[test]
fn what_another_program_writes_is_found() {
    let app = app(pace());
    let import = |id| app.database.import(&crate::helpers::log_line(&ago(1), &hung_up(id, "missed", 0)), &[]);
    import("before");
    let mut stream = open(&app);
    app.post_event(hung_up("c1", "missed", 0)).xml();
    assert_eq!(stream.calls_until("c1"), ["c1"], "what was there before is no news");
    import("imported");
    assert_eq!(stream.calls_until("imported"), ["imported"]);
}

#[test]
fn who_comes_back_gets_what_was_missed_and_nothing_twice() {
    let app = app(told_only());
    let mut stream = open(&app);
    app.post_event(hung_up("c1", "missed", 0)).xml();
    let seen = stream.next("call").id;
    drop(stream);
    for id in ["c2", "c3"] {
        app.post_event(hung_up(id, "missed", 0)).xml();
    }
    let mut stream = Stream::open(app.address(), "/events", Some(&seen));
    assert_eq!(stream.calls_until("c3"), ["c2", "c3"]);
    // The first time a browser can only say so in the url.
    let mut stream = Stream::open(app.address(), &format!("/events?since={seen}"), None);
    assert_eq!(stream.calls_until("c3"), ["c2", "c3"]);
}

#[test]
fn who_was_away_for_too_long_is_told_to_look() {
    let app = app(LivePace { ring: 2, ..told_only() });
    let mut stream = open(&app);
    app.post_event(hung_up("c0", "missed", 0)).xml();
    let seen = stream.next("call").id;
    for id in ["c1", "c2", "c3"] {
        app.post_event(hung_up(id, "missed", 0)).xml();
        stream.next("call");
    }
    for (number, since) in [seen.as_str(), "0123456789ab-1", "nonsense"].into_iter().enumerate() {
        let mut stream = Stream::open(app.address(), "/events", Some(since));
        let reset = stream.event();
        assert_eq!(reset.name, "reset", "{since}");
        // From there on nothing is missing.
        drop(stream);
        let mut stream = Stream::open(app.address(), "/events", Some(&reset.id));
        let id = format!("after-{number}");
        app.post_event(hung_up(&id, "missed", 0)).xml();
        assert_eq!(stream.calls_until(&id), [id.as_str()], "{since}");
    }
}

/// Up to where a page says that it knows what happened.
#[track_caller]
fn mark(page: &Answer) -> String {
    page.text().split("data-events=\"/events\" data-since=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[test]
fn a_change_between_a_page_and_its_stream_is_not_missed() {
    let app = app(told_only());
    let since = mark(&app.get("/live"));
    app.post_event(hung_up("c1", "missed", 0)).xml();
    let mut stream = Stream::open(app.address(), &format!("/events?since={since}"), None);
    // With other nodes to tell, it may still be on its way when the stream begins.
    let first = stream.event();
    assert!(first.name == "reset" || first.json()["call_id"] == "c1", "{first:?}");
    drop(stream);
    let since = mark(&app.get("/live"));
    let mut stream = Stream::open(app.address(), &format!("/events?since={since}"), None);
    app.post_event(hung_up("c2", "missed", 0)).xml();
    let mut event = stream.event();
    while event.name == "stats" {
        event = stream.event();
    }
    assert_eq!(event.json()["call_id"], "c2", "nothing changed in between: no reset: {event:?}");
}

#[test]
fn the_figures_of_today_come_when_they_change() {
    let app = app(told_only());
    let mut stream = open(&app);
    for (id, outcome) in [("c1", "missed"), ("c2", "missed"), ("c3", "accepted")] {
        app.post_event(incoming(id, CALLER, LINE)).xml();
        app.post_event(hung_up(id, outcome, 0)).xml();
    }
    let mut figures = json!({});
    while figures["totals"] != app.stats("period=today").ok()["totals"] {
        figures = stream.next("stats").json();
    }
    assert_eq!(figures["day"], app.stats("period=today").ok()["period"]["start"]);
    assert_eq!((&figures["totals"]["calls"], &figures["totals"]["outcomes"]["missed"]), (&json!(3), &json!(2)));
    assert_eq!(figures["shown"]["de"]["missed_share"], "2 von 3");
    assert_eq!(figures["shown"]["en"]["missed_share"], "2 of 3");
    assert_eq!(figures["shown"]["en"]["in"], "3");
}

#[test]
fn figures_come_no_more_often_than_they_may() {
    let app = app(LivePace { stats: Duration::from_millis(400), ..told_only() });
    let (mut stream, started) = (open(&app), Instant::now());
    for number in 0..40 {
        app.post_event(hung_up(&format!("c{number}"), "missed", 0)).xml();
        std::thread::sleep(Duration::from_millis(15));
    }
    let (mut figures, mut count) = (json!({}), 0);
    while figures["totals"]["calls"] != 40 {
        figures = stream.next("stats").json();
        count += 1;
    }
    let most = started.elapsed().as_millis() / 400 + 2;
    assert!(count <= most, "{count} in {:?}", started.elapsed());
}

#[test]
fn there_are_places_for_so_many_and_they_become_free_again() {
    let app = app(LivePace { clients: 2, ..pace() });
    let (first, second) = (open(&app), open(&app));
    assert_eq!(clients(&app), 2);
    let refused = app.get("/events");
    refused.problem(503);
    assert!(refused.header("retry-after").is_some(), "{refused}");
    drop(first);
    while Stream::open(app.address(), "/events", None).status == 503 {
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(second);
    while clients(&app) > 0 {
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The status with which the stream begins, and the stream, which stays open.
fn begun(app: &TestApp, token: &str) -> (String, BufReader<TcpStream>) {
    let mut stream = TcpStream::connect(app.address()).unwrap();
    write!(stream, "GET /events HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n").unwrap();
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).unwrap();
    (line.split(' ').nth(1).unwrap().to_owned(), reader)
}

#[test]
fn one_token_does_not_take_all_places() {
    let database = Database::create();
    database.add_user("anna", "admin");
    let [one, other] = ["one", "other"].map(|name| database.add_token(name, "viewer"));
    // That nobody reads a stream any more is found out by its signs of life.
    let app = TestApp::changed(Arc::new(database), &GUARDED, |config| {
        config.live = LivePace { heartbeat: Duration::from_millis(200), ..LivePace::default() };
    });
    let open: Vec<_> = (0..64).map(|_| begun(&app, &one)).collect();
    assert!(open.iter().all(|(status, _)| status == "200"));
    assert_eq!((begun(&app, &one).0, begun(&app, &other).0), ("429".to_owned(), "200".to_owned()));
    drop(open);
    while begun(&app, &one).0 == "429" {
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_nobody_waits_for_it() {
    let app = app(LivePace { heartbeat: Duration::from_millis(5), bytes: 512 * 1024, ..told_only() });
    // Its window is closed after a few kilobytes.
    let socket = crate::database::runtime().block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(1024).unwrap();
        socket.connect(app.address()).await.unwrap().into_std().unwrap()
    });
    socket.set_nonblocking(false).unwrap();
    let stalled = Stream::over(socket, "/events", None);
    assert_eq!(clients(&app), 1);
    let mut posted = 0;
    while clients(&app) == 1 {
        let from = "9".repeat(12_000);
        for _ in 0..10 {
            app.post_event(incoming(&format!("long-{posted}"), &from, LINE)).xml();
            posted += 1;
        }
        assert!(posted < 20_000, "still there");
    }
    let metrics = app.get("/metrics");
    assert!(metrics.text().contains("fernamt_live_dropped_clients_total 1\n"), "{metrics}");
    drop(stalled);
    let mut stream = open(&app);
    app.post_event(hung_up("c1", "missed", 0)).xml();
    // The last of the others may still be on their way.
    assert_eq!(stream.calls_until("c1").last().unwrap(), "c1");
}

#[test]
fn open_streams_end_with_the_server_and_do_not_hold_it_up() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    let mut streams: Vec<_> = (0..5).map(|_| Stream::open(server.address(), "/events", None)).collect();
    server.terminate();
    for stream in &mut streams {
        while stream.piece().is_some() {}
        assert!(stream.is_complete(), "a stop that waits for them cuts them off at last");
    }
    let done = server.wait();
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(!done.stderr.contains("panic"), "{}", done.stderr);
}

#[test]
fn the_stream_is_guarded_as_pages_are() {
    let app = TestApp::with(&["--placetel-secret", "s"]);
    for (path, status) in
        [("/events", 401), ("/live", 303), ("/metrics", 401), ("/docs", 303), ("/api/v1/openapi.json", 401)]
    {
        assert_eq!(app.get(path).status, status, "{path}");
    }
    let app = TestApp::start();
    for path in ["/events", "/live", "/metrics", "/docs", "/api/v1/openapi.json"] {
        assert_eq!(app.request("GET", path).host("example.org").send().status, 403, "{path}");
        assert_eq!(app.request("GET", path).header("Via", "1.1 proxy").send().status, 403, "{path}");
    }
}

/// Both databases: on PostgreSQL nodes tell each other, on SQLite the other one looks.
#[test]
fn an_event_that_reached_one_server_shows_on_the_other_once() {
    let database = Arc::new(Database::create());
    let pace = if database.is_postgres() { told_only() } else { pace() };
    let (one, other) = (on(database.clone(), pace.clone()), on(database, pace));
    let (mut here, mut there) = (open(&one), open(&other));
    if !one.database.is_postgres() {
        // Until it has looked once, what comes could have been there before.
        std::thread::sleep(self::pace().poll * 4);
    }
    for number in 0..3 {
        let id = format!("call-{number}");
        one.post_event(incoming(&id, CALLER, LINE)).xml();
        assert_eq!(here.next("call").json()["call_id"], json!(id));
        let call = there.next("call").json();
        assert_eq!((&call["call_id"], &call["state"]), (&json!(id), &json!("ringing")));
        other.post_event(hung_up(&id, "missed", 0)).xml();
        for stream in [&mut here, &mut there] {
            let call = stream.next("call").json();
            assert_eq!((&call["call_id"], &call["outcome"]), (&json!(id), &json!("missed")));
        }
    }
    one.post_event(hung_up("last", "missed", 0)).xml();
    assert_eq!(here.calls_until("last"), ["last"], "nothing came twice");
    assert_eq!(there.calls_until("last"), ["last"], "nothing came twice");
}

#[test]
fn after_a_lost_connection_news_arrive_again() {
    let database = Arc::new(Database::create());
    if !database.is_postgres() {
        return;
    }
    let (one, other) = (on(database.clone(), told_only()), on(database.clone(), told_only()));
    let mut there = open(&other);
    one.post_event(hung_up("before", "missed", 0)).xml();
    assert_eq!(there.calls_until("before"), ["before"]);
    database.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity \
         where datname = current_database() and pid <> pg_backend_pid()",
    );
    assert_eq!(there.next("reset").data, "{}", "something may be missing");
    // Until it listens again nothing is told.
    for number in 0.. {
        let id = format!("after-{number}");
        while one.post_event(hung_up(&id, "missed", 0)).status != 200 {}
        let listening =
            database.count("from pg_stat_activity where datname = current_database() and query like 'LISTEN%'");
        if listening >= 2 {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    one.post_event(hung_up("heard", "missed", 0)).xml();
    let told = there.calls_until("heard");
    assert_eq!(told.iter().filter(|id| *id == "heard").count(), 1);
}

/// An instant so many seconds ago, as logs have it.
pub fn ago(seconds: i64) -> String {
    let at = chrono::Utc::now() - chrono::TimeDelta::seconds(seconds);
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}
