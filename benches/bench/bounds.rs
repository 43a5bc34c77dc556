//! Benchmark of the bounds of docs/operations.md, with a year of calls stored: one attack after the other, how much
//! memory each takes, and how long callers wait meanwhile. `FERNAMT_BOUNDS_SECONDS` shortens them.

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
    let lasting = Duration::from_secs(seconds);
    let bodies = attacks::too_large_bodies().into_iter().chain(attacks::large_bodies());
    for attack in bodies.chain(attacks::others()) {
        // What one has left in memory is not the next one's.
        let server = Server::fernamt(directory.path());
        measure_one(table, &server, &attack, lasting, &token);
        server.stop();
    }
}

fn measure_one(table: &mut Table, server: &Server, attack: &Attack, lasting: Duration, token: &str) {
    let name = |figure: &str| format!("bounds, {}: {figure}", attack.what);
    let crowd =
        Crowd { others: 0, others_per_second: 1.0, callers: CALLERS, calls_per_second: CALLS_PER_SECOND, lasting };
    let (answered, callers) = std::thread::scope(|scope| {
        let attacking = scope.spawn(|| attack.run(server.address, token, Instant::now() + lasting));
        let callers = load::overload(server, crowd);
        (attacking.join().unwrap(), callers)
    });
    table.note(name("requests answered"), answered.to_string());
    table.require(name("an answer to a caller, p99.9"), callers.p99_9(), " ms", Wanted::AtMost(250.0));
    table.require(
        name("resident memory at its highest"),
        server.memory().1,
        " MiB",
        Wanted::AtMost(attack.most_memory()),
    );
}
