//! One attack after the other on the bounds of docs/operations.md, with a year of calls behind: what memory each takes, and how
//! long callers wait meanwhile. `FERNAMT_BOUNDS_SECONDS` shortens them.

use std::time::{Duration, Instant};

use crate::attacks::{self, Attack};
use crate::load::{self, Crowd};
use crate::machine::scratch;
use crate::million;
use crate::process::{Server, fernamt};
use crate::table::{Table, Wanted};

const EVENTS: u64 = 200_000;
const CALLERS: usize = 8;
const CALLS_PER_SECOND: f64 = 200.0;

pub fn measure(table: &mut Table) {
    let seconds = std::env::var("FERNAMT_BOUNDS_SECONDS").map_or(10, |seconds| seconds.parse().expect("seconds"));
    let directory = scratch();
    million::import(directory.path(), EVENTS);
    let token = attacks::token(|| fernamt(directory.path()));
    let server = Server::fernamt(directory.path());
    let lasting = Duration::from_secs(seconds);
    measure_one(table, &server, "nothing", lasting, |_| 0);
    for attack in attacks::bodies().into_iter().chain(attacks::others()) {
        let Attack { what, .. } = attack;
        measure_one(table, &server, what, lasting, |until| attack.run(server.address, &token, until));
    }
    server.stop();
}

fn measure_one(
    table: &mut Table,
    server: &Server,
    what: &str,
    lasting: Duration,
    attack: impl FnOnce(Instant) -> u64 + Send,
) {
    let name = |figure: &str| format!("bounds, {what}: {figure}");
    server.forget_highest_memory();
    let crowd =
        Crowd { others: 0, others_per_second: 1.0, callers: CALLERS, calls_per_second: CALLS_PER_SECOND, lasting };
    let (answered, callers) = std::thread::scope(|scope| {
        let attacking = scope.spawn(|| attack(Instant::now() + lasting));
        let callers = load::overload(server, crowd);
        (attacking.join().unwrap(), callers)
    });
    table.note(name("requests answered"), answered.to_string());
    table.require(name("an answer to a caller, p99.9"), callers.p99_9(), " ms", Wanted::AtMost(250.0));
    table.require(name("resident memory at its highest"), server.memory().1, " MiB", Wanted::AtMost(128.0));
}
