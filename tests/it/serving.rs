//! Tests of the program as a service: its first line, its shutdown, and what callers hear while the database is busy.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::json;

use crate::helpers::{Answer, Answers, CALLER, Database, LINE, Server, TestApp, hung_up, incoming};

#[test]
fn the_bound_url_is_told_in_one_line() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    assert!(server.first_line.ends_with('\n') && !server.first_line.contains(":0\n"), "{:?}", server.first_line);
    assert_eq!(server.get("/readyz").status, 200);
    server.terminate();
    let done = server.wait();
    assert_eq!((done.status, done.stdout.as_str()), (0, ""), "{}", done.stderr);
}

#[test]
fn every_acknowledged_event_is_stored_when_it_is_stopped_under_load() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    let (acknowledged, stopping) = (AtomicUsize::new(0), AtomicBool::new(false));
    let post = |client: usize| {
        let mut ids = Vec::new();
        for number in 0.. {
            let id = format!("call-{client}-{number}");
            let body = if number % 2 == 0 { incoming(&id, CALLER, LINE) } else { hung_up(&id, "missed", 0) };
            match server.request("POST", "/placetel").form(body).try_send() {
                Ok(answer) if answer.status == 200 => ids.push(id),
                // Refused, cut off or not even connected: never acknowledged.
                _ if stopping.load(Ordering::SeqCst) => break,
                other => panic!("{other:?}"),
            }
            acknowledged.fetch_add(1, Ordering::SeqCst);
        }
        ids
    };
    let ids: Vec<String> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8).map(|client| scope.spawn(move || post(client))).collect();
        while acknowledged.load(Ordering::SeqCst) < 300 {
            assert!(!clients.iter().any(|client| client.is_finished()));
            std::thread::yield_now();
        }
        stopping.store(true, Ordering::SeqCst);
        server.terminate();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    let done = server.wait();
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(!done.stderr.contains("panic"), "{}", done.stderr);
    let exported = database.export(&[]);
    let lost: Vec<_> = ids.iter().filter(|id| !exported.contains(&format!("call_id={id}&"))).collect();
    assert!(ids.len() >= 300 && lost.is_empty(), "{} of {}: {lost:?}", lost.len(), ids.len());
}

#[test]
fn connections_kept_open_do_not_keep_it_from_stopping() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    let mut kept: Vec<_> = (0..5).map(|_| TcpStream::connect(server.address()).unwrap()).collect();
    for stream in &mut kept {
        write!(stream, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
        let mut start = [0; 12];
        stream.read_exact(&mut start).unwrap();
        assert_eq!(&start, b"HTTP/1.1 200");
    }
    server.post_event(hung_up("a", "missed", 0)).xml();
    server.terminate();
    let done = server.wait();
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(!done.stderr.contains("panic"), "{}", done.stderr);
    drop(kept);
}

#[test]
fn a_caller_is_answered_while_nothing_can_be_written_and_the_event_is_stored_afterwards() {
    let app = TestApp::with(&["--spool", "/dev/full"]);
    app.create_route(&json!({"name": "All", "reply": {"action": "hangup"}}));
    let lock = app.database.lock_writes();
    let hangup = "<Response><Hangup/></Response>";
    assert_eq!(app.post_event(incoming("waiting", CALLER, LINE)).xml(), hangup);
    // A retry of the PBX hears the same, from memory.
    assert_eq!(app.post_event(incoming("waiting", CALLER, LINE)).xml(), hangup);
    let refused: Vec<Answer> = std::thread::scope(|scope| {
        let posts: Vec<_> =
            ["a", "b", "c"].map(|id| scope.spawn(|| app.post_event(hung_up(id, "missed", 0)))).into_iter().collect();
        posts.into_iter().map(|post| post.join().unwrap()).collect()
    });
    for answer in refused {
        answer.problem(503);
        assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0, "{answer}");
    }
    // The process lives, and what is only read is still told.
    assert_eq!(app.get("/healthz").status, 200);
    app.stats("").ok();
    app.call("waiting").problem(404);
    drop(lock);
    while app.call("waiting").status == 404 {
        std::thread::yield_now();
    }
    let call = app.call("waiting").ok();
    assert_eq!((&call["state"], &call["decision"]["route_name"]), (&json!("ringing"), &json!("All")));
    assert_eq!(app.post_event(hung_up("waiting", "missed", 0)).xml(), "<Response/>");
    assert_eq!(app.call("waiting").ok()["outcome"], "missed");
    assert_eq!(app.get("/readyz").status, 200);
}

#[test]
fn with_several_servers_on_one_database_a_call_is_answered_alike_by_each() {
    let database = std::sync::Arc::new(Database::create());
    let (one, other) = (TestApp::on(database.clone(), &[]), TestApp::on(database, &[]));
    let route = one.create_route(&json!({"name": "First", "reply": {"action": "queue", "id": "1"}})).json();
    let first = one.post_event(incoming("a", CALLER, LINE)).xml().to_owned();
    one.put_route(&route["id"], &json!({"name": "Second", "reply": {"action": "hangup"}})).ok();
    assert_eq!(other.post_event(incoming("a", CALLER, LINE)).xml(), first);
    // A change reaches the other server by itself.
    for number in 0.. {
        if other.post_event(incoming(&format!("later-{number}"), CALLER, LINE)).xml().contains("<Hangup/>") {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    other.post_event(hung_up("a", "missed", 0)).xml();
    assert_eq!(one.call("a").ok()["outcome"], "missed");
    assert_eq!(one.stats("").ok()["totals"], other.stats("").ok()["totals"]);
}

#[test]
fn a_server_that_was_killed_has_kept_every_acknowledged_event() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    for number in 0..20 {
        server.post_event(hung_up(&format!("call-{number}"), "missed", 0)).xml();
    }
    // Without a word, as when the power fails.
    drop(server);
    let server = Server::start(&database, &[]);
    assert_eq!(server.stats("").ok()["totals"]["outcomes"]["missed"], 20);
}

#[test]
fn events_of_many_callers_at_once_are_all_counted() {
    let app = TestApp::start();
    std::thread::scope(|scope| {
        for client in 0..8 {
            let app = &app;
            scope.spawn(move || {
                for number in 0..25 {
                    // Everybody tells of the same calls, too.
                    app.post_event(hung_up(&format!("shared-{number}"), "voicemail", 0)).xml();
                    app.post_event(hung_up(&format!("own-{client}-{number}"), "missed", 0)).xml();
                }
            });
        }
    });
    let outcomes = app.stats("").ok()["totals"]["outcomes"].clone();
    assert_eq!((&outcomes["missed"], &outcomes["voicemail"]), (&json!(200), &json!(25)));
    assert_eq!(app.call("shared-7").ok()["events"][0]["deliveries"], 8);
}

#[test]
fn an_event_that_the_database_rejects_fails_alone() {
    let app = TestApp::start();
    let event = |id: &str, from: &str| format!("event=HungUp&call_id={id}&from={from}&type=missed&direction=in");
    assert_eq!(app.post_event(event("first", "666")).status, 200);
    // What a database may reject: a second call from this number.
    app.database.execute("create unique index poison on calls (from_number) where from_number = '666'");
    std::thread::scope(|scope| {
        let posted: Vec<_> = (0..24)
            .map(|n| {
                let (app, from) = (&app, if n == 7 { "666".to_owned() } else { format!("0171234567{n}") });
                scope.spawn(move || (n, app.post_event(event(&format!("call-{n}"), &from)).status))
            })
            .collect();
        for (n, status) in posted.into_iter().map(|thread| thread.join().unwrap()) {
            assert_eq!(status, if n == 7 { 503 } else { 200 }, "event {n}");
        }
    });
    assert_eq!(app.database.count("from calls"), 24);
}
