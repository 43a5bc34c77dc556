//! Benchmark of ingesting events over HTTP: fernamt between one that only reads and one that stores each alone.

use std::time::Duration;

use crate::load::{self, Load, Outcome, Until};
use crate::machine::scratch;
use crate::process::Server;
use crate::table::{Table, Wanted, median, thousands};

const ROUNDS: u64 = 3;
const MEASURED: Duration = Duration::from_millis(2500);

pub fn measure(table: &mut Table) {
    for connections in [64, 256] {
        let (mut reading, mut fernamt, mut one_by_one) = (Vec::new(), Vec::new(), Vec::new());
        for seed in 0..ROUNDS {
            let load = Load { connections, until: Until::After(MEASURED), incoming_calls_only: false, seed };
            let directory = scratch();
            reading.push(load::run(&Server::reading_only(), load));
            fernamt.push(load::run(&Server::fernamt(directory.path()), load));
            one_by_one.push(load::run(&Server::one_by_one(directory.path()), load));
        }
        report(table, connections, [&reading, &fernamt, &one_by_one]);
    }
}

fn report(table: &mut Table, connections: usize, [reading, fernamt, one_by_one]: [&Vec<Outcome>; 3]) {
    let rate = |outcomes: &[Outcome]| median(outcomes.iter().map(|outcome| outcome.events_per_second));
    let names = ["only reading the form", "fernamt, durable", "a transaction per request, durable"];
    for (name, outcomes) in names.iter().zip([reading, fernamt, one_by_one]) {
        let cpu = median(outcomes.iter().map(|outcome| outcome.cpu_per_event));
        let latency = median(outcomes.iter().filter_map(|outcome| outcome.latency.p50));
        let slowest = median(outcomes.iter().filter_map(|outcome| outcome.latency.p99));
        table.note(
            format!("http, {connections} connections: {name}"),
            format!(
                "{} events/s, CPU {cpu:.0} us, p50 {latency:.1} ms, p99 {slowest:.1} ms",
                thousands(rate(outcomes))
            ),
        );
    }
    let (to_reading, to_one_by_one) = (rate(fernamt) / rate(reading), rate(fernamt) / rate(one_by_one));
    let what = |to: &str| format!("http, {connections} connections: fernamt to {to}");
    if connections == 256 {
        table.require(what("only reading"), to_reading, "", Wanted::AtLeast(0.18));
        table.require(what("a transaction per request"), to_one_by_one, "", Wanted::AtLeast(6.0));
    } else {
        table.note(what("only reading"), format!("{to_reading:.2}"));
        table.note(what("a transaction per request"), format!("{to_one_by_one:.2}"));
    }
}
