//! Benchmark of the service with a million stored events: its memory, and how fast it starts.

use std::io::{BufWriter, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat};
use fernamt::simulate::habits::Habits;
use fernamt::simulate::script::Script;
use serde_json::json;

use crate::load::{self, Load, Until};
use crate::machine::scratch;
use crate::process::{Server, fernamt};
use crate::table::{Table, Wanted, median, thousands};

const IMPORTED: u64 = 850_000;
const BY_HTTP: u64 = 150_000;
/// A year ago: what is imported is spread over one.
const FIRST_MS: i64 = 1_750_000_000_000;
const YEAR_MS: i64 = 365 * 24 * 3_600_000;
const STARTS: usize = 5;

pub fn measure(table: &mut Table) {
    let directory = scratch();
    let started = Instant::now();
    import(directory.path(), IMPORTED);
    let rate = IMPORTED as f64 / started.elapsed().as_secs_f64();
    table.note(
        "million: import of 850,000 events, pauses for a server beside it included",
        format!("{} events/s", thousands(rate)),
    );
    let server = Server::fernamt(directory.path());
    let load = Load { connections: 256, until: Until::Events(BY_HTTP), incoming_calls_only: false, seed: 1 };
    let outcome = load::run(&server, load);
    table.note(
        "million: the last 150,000 by HTTP, 256 connections",
        format!("{} events/s", thousands(outcome.events_per_second)),
    );
    let (now, highest) = server.memory();
    table.note("million: resident memory after the last event", format!("{now:.1} MiB"));
    table.require("million: resident memory at its highest", highest, " MiB", Wanted::AtMost(64.0));
    server.stop();
    let start = median((0..STARTS).map(|_| time_to_ready(directory.path()).as_secs_f64()));
    table.require("million: start until /readyz says 200", start, " s", Wanted::AtMost(0.5));
}

/// Through the command line, piped. Three events a call; calls interleave as their events come in order of receipt.
pub fn import(directory: &Path, events: u64) {
    let mut child = fernamt(directory).args(["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = BufWriter::new(child.stdin.take().unwrap());
    let habits = Habits { talk_mean_seconds: 150.0, talk_max_seconds: 3600.0, outsiders: 3000, ..Habits::default() };
    let mut script = Script::new(habits, 2);
    let mut pending = std::collections::BinaryHeap::new();
    let mut written = 0;
    let mut start_ms = FIRST_MS;
    let between_ms = YEAR_MS / (events as i64 * 2 / 5);
    while written < events {
        for step in script.next_call().steps {
            pending.push(std::cmp::Reverse((start_ms + step.offset_ms as i64, step.body)));
        }
        start_ms += between_ms;
        while written < events
            && let Some(std::cmp::Reverse((at_ms, body))) =
                pending.peek().filter(|next| next.0.0 < start_ms).is_some().then(|| pending.pop()).flatten()
        {
            let received_at =
                DateTime::from_timestamp_millis(at_ms).unwrap().to_rfc3339_opts(SecondsFormat::Millis, true);
            writeln!(input, "{}", json!({"received_at": received_at, "body": body})).unwrap();
            written += 1;
        }
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

fn time_to_ready(directory: &Path) -> Duration {
    let started = Instant::now();
    let server = Server::fernamt(directory);
    while !is_ready(server.address) {
        std::thread::sleep(Duration::from_millis(1));
    }
    let took = started.elapsed();
    server.stop();
    took
}

fn is_ready(address: SocketAddr) -> bool {
    let asked = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(format!("GET /readyz HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    asked().is_ok_and(|answer| answer.starts_with("HTTP/1.1 200"))
}
