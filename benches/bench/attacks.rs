//! Resource exhaustion attacks that are repeated against the server: each at a bound of docs/operations.md or beyond.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Bodies that are refused cost the attackers next to nothing; this leaves the processors to those who are measured.
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(30);
const LARGEST_JSON: usize = 8 << 20;
const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
/// The account whose password is tried.
pub const ACCOUNT: &str = "anna";

/// What is sent each time; the number is another one each time.
type Body = Box<dyn Fn(u64) -> Vec<u8> + Send + Sync>;

/// An attack.
pub struct Attack {
    pub what: &'static str,
    connections: usize,
    method: &'static str,
    /// `{}` stands for the number.
    path: &'static str,
    media: &'static str,
    body: Body,
    /// Whether the answer is read.
    reads: bool,
}

fn same(body: Vec<u8>) -> Body {
    Box::new(move |_| body.clone())
}

fn post(what: &'static str, path: &'static str, media: &'static str, body: Body) -> Attack {
    Attack { what, connections: 3, method: "POST", path, media, body, reads: true }
}

fn get(what: &'static str, path: &'static str) -> Attack {
    Attack { what, connections: 8, method: "GET", path, media: FORM, body: same(Vec::new()), reads: true }
}

fn around(items: &str) -> Vec<u8> {
    format!(r#"{{"from":"1","to":"2","x":[{items}]}}"#).into_bytes()
}

/// Bodies that are, or hold, more than may be.
pub fn too_large_bodies() -> Vec<Attack> {
    vec![
        post("forms of 2 MiB", "/login", FORM, same(b"a&".repeat(1 << 20))),
        post("forms with too many fields", "/language", FORM, same(b"a&".repeat(2_000))),
        post("JSON of 16 MB", "/api/v1/routes/test", JSON, same(around(&["0"; 8_000_000].join(",")))),
        post("JSON with too many values", "/api/v1/routes/test", JSON, same(around(&["0"; 4_000_000].join(",")))),
    ]
}

/// Bodies as large as may be.
pub fn large_bodies() -> Vec<Attack> {
    let item = format!("\"{}\"", "a".repeat(LARGEST_JSON / 490_000 - 3));
    let route = r#"{"name":"a","to":["+49221291919*"],"hours":"Mo-Fr 09:00-17:00","reply":{"action":"hangup"}}"#;
    let routes = format!(r#"{{"from":"1","to":"2","routes":[{}]}}"#, vec![route; 10_000].join(","));
    vec![
        post(
            "JSON with as much as is taken",
            "/api/v1/routes/test",
            JSON,
            same(around(&vec![&*item; 490_000].join(","))),
        ),
        post("10,000 routes tried", "/api/v1/routes/test", JSON, same(routes.into_bytes())),
    ]
}

/// Everything else.
pub fn others() -> Vec<Attack> {
    let wrong = |number: u64| format!("name={ACCOUNT}{number}&password=wrong+password").into_bytes();
    let event = |number: u64| format!("call_id=one&event=Note&number={number}").into_bytes();
    let large_event =
        |number: u64| format!("call_id=one&event=Note&number={number}&x={}", "x".repeat(60 << 10)).into_bytes();
    vec![
        get("overviews of twenty years", "/?start=2007-01-01&end=2026-12-31&{}"),
        get("searches of twenty years", "/api/v1/calls?start=2007-01-01&end=2026-12-31&q=zzzz{}"),
        get("files of twenty years", "/calls.csv?start=2007-01-01&end=2026-12-31&{}"),
        Attack { connections: 1_500, ..post("wrong logins", "/login", FORM, Box::new(wrong)) },
        post("another event of one call", "/placetel", FORM, Box::new(event)),
        post("another large event of one call", "/placetel", FORM, Box::new(large_event)),
        Attack { connections: 64, reads: false, ..get("live streams that nobody reads", "/events?{}") },
        Attack { connections: 3_000, reads: false, ..get("connections that are only held", "") },
    ]
}

/// An account, and a token with which everything may be looked at.
pub fn token(command: impl Fn() -> Command) -> String {
    let add_user = ["user", "add", ACCOUNT, "--role", "admin", "--password-stdin"];
    let mut adding = command().args(add_user).stdin(Stdio::piped()).spawn().unwrap();
    adding.stdin.take().unwrap().write_all(b"correct horse battery").unwrap();
    assert!(adding.wait().unwrap().success());
    let made = command().args(["token", "add", "bench", "--role", "viewer"]).stderr(Stdio::null()).output().unwrap();
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

impl Attack {
    /// MiB; a connection that asks something takes some tens of KiB.
    pub fn most_memory(&self) -> f64 {
        if self.connections < 1_000 { 128.0 } else { 256.0 }
    }

    /// Goes on until then; how many requests were answered.
    pub fn run(&self, address: SocketAddr, token: &str, until: Instant) -> u64 {
        std::thread::scope(|scope| {
            let one = |lane: usize| move || self.keep_asking(address, token, lane as u64, until);
            let builder = || std::thread::Builder::new().stack_size(64 << 10);
            let attackers: Vec<_> =
                (0..self.connections).map(|lane| builder().spawn_scoped(scope, one(lane)).unwrap()).collect();
            attackers.into_iter().map(|attacker| attacker.join().unwrap()).sum()
        })
    }

    fn keep_asking(&self, address: SocketAddr, token: &str, lane: u64, until: Instant) -> u64 {
        let (mut answered, mut number) = (0, lane << 32);
        while Instant::now() < until {
            number += 1;
            // The server closes as soon as it knows that it takes no more.
            answered += u64::from(self.ask(address, token, number, until).unwrap_or(false));
            std::thread::sleep(PAUSE);
        }
        answered
    }

    fn ask(&self, address: SocketAddr, token: &str, number: u64, until: Instant) -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        if !self.path.is_empty() {
            let (body, path) = ((self.body)(number), self.path.replace("{}", &number.to_string()));
            let (method, media, length) = (self.method, self.media, body.len());
            write!(
                stream,
                "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\ncontent-type: {media}\r\n\
                 content-length: {length}\r\nconnection: close\r\n\r\n"
            )?;
            // What is refused at once is not taken as a whole.
            let _ = stream.write_all(&body);
        }
        if !self.reads {
            while Instant::now() < until && is_open(&stream) {
                std::thread::sleep(Duration::from_millis(200));
            }
            return Ok(false);
        }
        let (mut status, mut rest) = ([0; 12], [0; 16 << 10]);
        stream.read_exact(&mut status)?;
        while stream.read(&mut rest)? > 0 {}
        Ok(status.starts_with(b"HTTP/1.1 "))
    }
}

/// Looks without taking anything.
fn is_open(stream: &TcpStream) -> bool {
    let _ = stream.set_nonblocking(true);
    let looked = stream.peek(&mut [0]);
    looked.map_or_else(|error| error.kind() == std::io::ErrorKind::WouldBlock, |bytes| bytes > 0)
}
