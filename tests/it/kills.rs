//! Crash tests: the program and its database are killed at random moments while many connections send events. What was
//! acknowledged is there afterwards, exactly once. `make soak` runs more of them.

#![allow(clippy::print_stdout, reason = "shown where a test fails: how much was going on")]

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rand::{RngExt, rngs::StdRng};

use crate::client::Request;
use crate::cluster::Cluster;
use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, accepted, chance, hung_up, incoming, times};
use crate::spool::{in_spool, until};

const CONNECTIONS: usize = 8;
/// An incoming call is answered in time, whatever storage does: with this, only once it is stored.
const ANSWER_WHEN_STORED: [&str; 2] = ["--answer-within", "60s"];

fn between(chance: &mut StdRng, milliseconds: std::ops::Range<u64>) -> Duration {
    Duration::from_millis(chance.random_range(milliseconds))
}

/// What the senders know.
#[derive(Default)]
struct Sent {
    acknowledged: Mutex<Vec<String>>,
    /// Sent, but nobody knows what became of it.
    unheard: Mutex<Vec<String>>,
}

impl Sent {
    /// Sends until it is acknowledged; `false` when nobody is there any more.
    fn send(&self, address: SocketAddr, body: String, is_over: &AtomicBool) -> bool {
        while !is_over.load(Ordering::Relaxed) {
            match Request::new(address, "POST", "/placetel").form(body.clone()).try_send() {
                Ok(answer) if answer.status == 200 => {
                    self.acknowledged.lock().unwrap().push(body);
                    return true;
                }
                Ok(answer) => assert_eq!(answer.status, 503, "{answer}"),
                Err(_) => break,
            }
        }
        self.unheard.lock().unwrap().push(body);
        false
    }

    /// Whole calls, one after the other on each connection, while `meanwhile` runs.
    fn load(&self, address: SocketAddr, round: usize, meanwhile: impl FnOnce()) {
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for connection in 0..CONNECTIONS {
                let is_over = &is_over;
                scope.spawn(move || {
                    let all_sent = |call: usize| {
                        let id = format!("r{round}-{connection}-{call}");
                        let events = [
                            incoming(&id, CALLER, LINE),
                            accepted(&id, "7777anna@fpbx.de"),
                            hung_up(&id, "accepted", 30),
                        ];
                        events.into_iter().all(|body| self.send(address, body, is_over))
                    };
                    (0..).take_while(|&call| all_sent(call)).for_each(drop);
                });
            }
            meanwhile();
            is_over.store(true, Ordering::Relaxed);
        });
    }

    /// What was not heard of is sent again, as a PBX does.
    fn repeat_unheard(&self, address: SocketAddr) {
        let never = AtomicBool::new(false);
        let unheard = std::mem::take(&mut *self.unheard.lock().unwrap());
        assert!(unheard.into_iter().all(|body| self.send(address, body, &never)));
    }

    /// Each acknowledged event is in the log once, and calls, figures and log agree.
    fn assert_all_there_once(&self, server: &Server, database: &Database) {
        until("the spool is empty", || in_spool(server) == 0 && server.get("/readyz").status == 200);
        let mut times: HashMap<String, u32> = HashMap::new();
        let mut calls = HashSet::new();
        for line in database.export(&[]).lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            let body = event["body"].as_str().unwrap().to_owned();
            let fields = form_urlencoded::parse(body.as_bytes());
            calls.extend(fields.filter(|(name, _)| name == "call_id").map(|(_, id)| id.into_owned()));
            *times.entry(body).or_default() += 1;
        }
        let acknowledged = self.acknowledged.lock().unwrap();
        println!("{} acknowledged, {} in the log", acknowledged.len(), times.len());
        assert!(acknowledged.len() > CONNECTIONS, "nothing was going on");
        for body in acknowledged.iter() {
            assert_eq!(times.get(body), Some(&1), "{body}");
        }
        assert_eq!(server.stats("").ok()["totals"]["calls"], calls.len());
        let checked = database.run(&["check"], b"");
        assert_eq!(checked.status, 0, "{checked:?}");
    }
}

#[track_caller]
fn stop_cleanly(server: Server) {
    let began = Instant::now();
    server.terminate();
    let done = server.wait();
    assert_eq!(done.status, 0, "{}", done.stderr);
    assert!(began.elapsed() < Duration::from_secs(10) && !done.stderr.contains("panic"), "{}", done.stderr);
}

#[test]
fn what_was_acknowledged_survives_kills_at_any_moment() {
    let (database, sent, mut chance) = (Database::create(), Sent::default(), chance());
    for round in 0..times(4) {
        let server = Server::start(&database, &ANSWER_WHEN_STORED);
        let address = server.address();
        sent.repeat_unheard(address);
        let pause = between(&mut chance, 30..700);
        sent.load(address, round, || {
            sleep(pause);
            // SIGKILL.
            drop(server);
        });
    }
    let server = Server::start(&database, &ANSWER_WHEN_STORED);
    sent.assert_all_there_once(&server, &database);
    stop_cleanly(server);
}

#[test]
fn a_stop_under_load_loses_nothing() {
    let (database, sent, mut chance) = (Database::create(), Sent::default(), chance());
    for round in 0..times(2) {
        let server = Server::start(&database, &ANSWER_WHEN_STORED);
        let address = server.address();
        let pause = between(&mut chance, 100..500);
        sent.load(address, round, || {
            sleep(pause);
            stop_cleanly(server);
        });
    }
    let server = Server::start(&database, &ANSWER_WHEN_STORED);
    sent.assert_all_there_once(&server, &database);
}

#[test]
fn what_was_acknowledged_survives_crashes_of_postgres() {
    if !Database::create().is_postgres() {
        return;
    }
    let cluster = Cluster::start();
    let (database, sent, mut chance) = (Database::on_cluster(cluster.url.clone()), Sent::default(), chance());
    let server = Server::start(&database, &ANSWER_WHEN_STORED);
    for round in 0..times(2) {
        sent.load(server.address(), round, || {
            sleep(between(&mut chance, 100..800));
            cluster.crash();
            // Long enough for the spool now and then.
            sleep(between(&mut chance, 0..4_000));
            cluster.start_again();
            sleep(between(&mut chance, 100..500));
        });
    }
    sent.repeat_unheard(server.address());
    sent.assert_all_there_once(&server, &database);
    stop_cleanly(server);
}
