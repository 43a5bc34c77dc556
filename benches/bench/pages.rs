//! Benchmark of page latency with a million calls of two years stored: the server's time, one request after the other
//! on a kept connection, without compression, which depends on the visitor.

use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use fernamt::simulate::habits::Habits;
use fernamt::simulate::script::Script;
use serde_json::json;

use crate::machine::scratch;
use crate::process::{Server, fernamt};
use crate::table::{Table, Wanted, median, thousands};

const CALLS: i64 = 1_000_000;
const TWO_YEARS_MS: i64 = 2 * 365 * 24 * 3_600_000;
const OUTSIDERS: usize = 100_000;
const WARM_UP: usize = 5;
const ROUNDS: usize = 41;
/// So many pages of the call log behind the first one.
const DEPTH: usize = 200;

/// What a request gave.
struct Page {
    took: Duration,
    body: String,
}

pub fn measure(table: &mut Table) {
    let directory = scratch();
    let started = Instant::now();
    import(directory.path());
    table.note(
        "pages: import of a million calls of two years",
        format!("{} calls/s", thousands(CALLS as f64 / started.elapsed().as_secs_f64())),
    );
    let server = Server::fernamt(directory.path());
    let mut visitor = Visitor::new(server.address);
    let deep = deep_page(&mut visitor);
    let subjects = [
        ("the dashboard of 30 days", "/".to_owned(), 10.0),
        ("the dashboard of a year", "/?period=year".to_owned(), 25.0),
        ("the first page of the call log", "/calls".to_owned(), 5.0),
        ("page 200 of the call log", deep, 5.0),
    ];
    for (what, path, most) in subjects {
        let times: Vec<f64> =
            (0..WARM_UP + ROUNDS).map(|_| visitor.get(&path).took.as_secs_f64() * 1000.0).skip(WARM_UP).collect();
        table.require(format!("pages: {what}"), median(times), " ms", Wanted::AtMost(most));
    }
    for (what, path) in [("yesterday", "/?period=yesterday"), ("everything in the table", "/?period=year&all=lines")] {
        let times = (0..ROUNDS).map(|_| visitor.get(path).took.as_secs_f64() * 1000.0);
        table.note(format!("pages: the dashboard, {what}"), format!("{:.1} ms", median(times)));
    }
    drop(visitor);
    server.stop();
}

/// Through the command line, piped, in order of receipt, ending now.
fn import(directory: &Path) {
    let mut child = fernamt(directory).args(["import", "-"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = BufWriter::with_capacity(1 << 20, child.stdin.take().unwrap());
    let habits =
        Habits { talk_mean_seconds: 150.0, talk_max_seconds: 3600.0, outsiders: OUTSIDERS, ..Habits::default() };
    let mut script = Script::new(habits, 3);
    let mut pending = std::collections::BinaryHeap::new();
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis() as i64;
    for call in 0..CALLS {
        let start_ms = now_ms - TWO_YEARS_MS + call * (TWO_YEARS_MS / CALLS);
        for step in script.next_call().steps {
            pending.push(std::cmp::Reverse((start_ms + step.offset_ms as i64, step.body)));
        }
        while pending.peek().is_some_and(|next| next.0.0 < start_ms) {
            write_line(&mut input, pending.pop().unwrap().0);
        }
    }
    // What is still to come has not been received.
    while pending.peek().is_some_and(|next| next.0.0 < now_ms) {
        write_line(&mut input, pending.pop().unwrap().0);
    }
    drop(input);
    assert!(child.wait().unwrap().success());
}

fn write_line(input: &mut impl Write, (at_ms, body): (i64, String)) {
    let received_at = DateTime::from_timestamp_millis(at_ms).unwrap().to_rfc3339_opts(SecondsFormat::Millis, true);
    writeln!(input, "{}", json!({"received_at": received_at, "body": body})).unwrap();
}

/// The url of a page far behind the first, found as visitors do.
fn deep_page(visitor: &mut Visitor) -> String {
    let mut path = "/calls?period=year".to_owned();
    for _ in 0..DEPTH {
        let page = visitor.get(&path).body;
        let next = page.split("rel=\"next\"").nth(1).and_then(|rest| rest.split('"').nth(1)).expect("an older page");
        path = next.replace("&#38;", "&").replace("&amp;", "&");
    }
    path
}

/// A browser with one kept connection.
struct Visitor {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
}

impl Visitor {
    fn new(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_nodelay(true).unwrap();
        Self { address, stream: BufReader::with_capacity(1 << 18, stream) }
    }

    fn get(&mut self, path: &str) -> Page {
        let started = Instant::now();
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\naccept: text/html\r\n\r\n", self.address);
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = None;
        let mut status = String::new();
        self.stream.read_line(&mut status).unwrap();
        assert!(status.starts_with("HTTP/1.1 200"), "{path}: {status}");
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').unwrap();
            if name.eq_ignore_ascii_case("content-length") {
                length = Some(value.trim().parse::<usize>().unwrap());
            }
        }
        let mut body = vec![0; length.expect("a length")];
        self.stream.read_exact(&mut body).unwrap();
        Page { took: started.elapsed(), body: String::from_utf8(body).unwrap() }
    }
}
