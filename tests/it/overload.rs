//! Tests of overload: queues are bounded, what is refused is refused at once (load shedding), callers are answered, and
//! all goes on as before when it is over.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, form, hung_up, incoming, times};
use crate::spool::{HANGUP, in_spool, route, until};

const CONNECTIONS: usize = 96;
/// How many events each of them sends: every refusal takes a second or more.
const EACH: usize = 12;
/// Of a body: nearly as much as is taken at all.
const LENGTH: usize = 60_000;
/// Much less than is sent.
const MOST_GROWTH_KIB: u64 = 40 * 1024;

/// Resident memory at its highest, KiB.
fn highest_memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.process())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

fn queued(server: &Server) -> u64 {
    let metrics = server.get("/metrics");
    let line = metrics.text().lines().find_map(|line| line.strip_prefix("fernamt_write_queue_events "));
    line.unwrap().parse().unwrap()
}

#[test]
fn with_nowhere_to_put_events_memory_stays_callers_are_answered_and_all_goes_on_afterwards() {
    let database = Database::create();
    // Always full.
    let server = Server::start(&database, &["--spool", "/dev/full"]);
    route(&server);
    server.post_event(hung_up("before", "missed", 0)).xml();
    let before = highest_memory(&server);
    let lock = database.lock_writes();
    let (taken, refused) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (note, each) = ("x".repeat(LENGTH), times(EACH));
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let (server, note, taken, refused) = (&server, &note, &taken, &refused);
            scope.spawn(move || {
                for number in 0..each {
                    let call = format!("c{connection}-{number}");
                    let body = form(&[("call_id", &call), ("event", "HungUp"), ("type", "missed"), ("note", note)]);
                    let answer = server.post_event(body);
                    if answer.status == 200 {
                        taken.fetch_add(1, Ordering::Relaxed);
                    } else {
                        answer.problem(503);
                        assert!(answer.header("Retry-After").is_some(), "{answer}");
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        for number in 0..20 {
            assert_eq!(server.post_event(incoming(&format!("i{number}"), CALLER, LINE)).xml(), HANGUP);
            assert!(queued(&server) <= 20_000);
        }
    });
    assert_eq!((taken.into_inner(), refused.into_inner()), (0, CONNECTIONS * each), "nothing can have been stored");
    let growth = highest_memory(&server) - before;
    assert!(growth < MOST_GROWTH_KIB, "{growth} KiB more");
    drop(lock);
    until("it is over", || in_spool(&server) == 0 && server.get("/readyz").status == 200 && queued(&server) == 0);
    server.post_event(hung_up("after", "missed", 0)).xml();
    // What callers were told was kept in memory; what was refused is not there, but for what the database got first.
    assert_eq!(server.call("i19").ok()["decision"]["route_name"], "All");
    for number in 0..20 {
        assert_eq!(server.call(&format!("i{number}")).ok()["state"], "ringing");
    }
    assert_eq!(server.call("after").ok()["outcome"], "missed");
}
