//! Benchmark of overload: ten times as many events as can be handled, together with bodies that are too large, then
//! with bodies just small enough. The queues and memory are bounded, callers are answered, and all is as before when it
//! is over. `FERNAMT_OVERLOAD_SECONDS` shortens it.

use std::time::{Duration, Instant};

use crate::attacks::{self, Attack};
use crate::load::{self, Load, Outcome, Until};
use crate::machine::scratch;
use crate::process::{Server, fernamt};
use crate::table::{Table, Wanted, thousands};

const USUAL: usize = 64;
/// Times as many events as are taken.
const TIMES: f64 = 10.0;
const CROWD: usize = 2_000;
const CALLERS: usize = 8;
const CALLS_PER_SECOND: f64 = 40.0;
const BEFORE: Duration = Duration::from_secs(5);
/// The tenth part at the end has no room to have grown over the tenth part at the beginning.
const PARTS: usize = 10;

/// MiB, with bodies that are refused.
const MEMORY: f64 = 128.0;
/// MiB, with a body of 8 MiB, and a table of 10,000 routes while it is compiled.
const MEMORY_WITH_LARGE_BODIES: f64 = 160.0;

pub fn measure(table: &mut Table) {
    measure_with(table, "bodies that are too large", &attacks::too_large_bodies(), MEMORY);
    measure_with(table, "bodies just not too large", &attacks::large_bodies(), MEMORY_WITH_LARGE_BODIES);
}

fn measure_with(table: &mut Table, name: &str, attacks: &[Attack], most_memory: f64) {
    let seconds = std::env::var("FERNAMT_OVERLOAD_SECONDS").map_or(60, |seconds| seconds.parse().expect("seconds"));
    let lasting = Duration::from_secs(seconds);
    let directory = scratch();
    let token = attacks::token(|| fernamt(directory.path()));
    let server = Server::fernamt(directory.path());
    let usual = Load { connections: USUAL, until: Until::After(BEFORE), incoming_calls_only: false, seed: 1 };
    let before = load::run(&server, usual).events_per_second;
    let (quiet, _) = server.memory();
    let crowd = load::Crowd {
        others: CROWD,
        others_per_second: TIMES * before,
        callers: CALLERS,
        calls_per_second: CALLS_PER_SECOND,
        lasting,
    };
    let (memory, overload, attacked) = std::thread::scope(|scope| {
        let until = Instant::now() + lasting;
        let attacking: Vec<_> = attacks
            .iter()
            .map(|attack| {
                let (address, token) = (server.address, &token);
                scope.spawn(move || attack.run(address, token, until))
            })
            .collect();
        let flood = scope.spawn(|| load::overload(&server, crowd));
        let memory: Vec<f64> = (0..PARTS)
            .map(|_| {
                std::thread::sleep(lasting / PARTS as u32);
                server.memory().0
            })
            .collect();
        (memory, flood.join().unwrap(), attacking.into_iter().map(|one| one.join().unwrap()).sum::<u64>())
    });
    let ended = Instant::now();
    let (_, highest) = server.memory();
    let after: Outcome = load::run(&server, Load { seed: 2, ..usual });
    let recovery = after.events_per_second / before;
    let what = |what: &str| format!("overload and {name}, {seconds} s: {what}");
    table.note(what("taken before it"), format!("{} events/s", thousands(before)));
    let per_second = |events: u64| thousands(events as f64 / lasting.as_secs_f64());
    table.note(
        what("wanted"),
        format!("{} events/s, by {CROWD} connections as fast as they are let", thousands(TIMES * before)),
    );
    table.note(
        what("taken and refused"),
        format!("{} and {} events/s", per_second(overload.taken), per_second(overload.refused)),
    );
    table.note(what("of those answered meanwhile"), attacked.to_string());
    table.note(what("calls answered meanwhile"), overload.calls.to_string());
    table
        .note(what("an answer to a caller, p99"), format!("{:.0} ms", overload.caller_latency.p99.unwrap_or(f64::NAN)));
    let last = memory.last().copied().unwrap_or_default();
    table.note(what("resident memory before, at the end"), format!("{quiet:.0} MiB, {last:.0} MiB"));
    table.require(what("resident memory at its highest"), highest, " MiB", Wanted::AtMost(most_memory));
    // The first part is the one in which connections are made.
    table.require(what("growth from its second tenth to the end"), last / memory[1], "", Wanted::AtMost(1.25));
    table.require(what("events/s after it to before it"), recovery, "", Wanted::AtLeast(0.8));
    table.note(what("until that was measured"), format!("{:.1} s", ended.elapsed().as_secs_f64()));
    server.stop();
}
