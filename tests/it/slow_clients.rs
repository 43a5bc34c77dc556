//! Tests of slow clients, whether weak or malicious (slowloris). They use raw sockets, as an attacker would.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use fernamt::config::Limits;

use crate::client::read_some;
use crate::helpers::{Answers, Database, TestApp, hung_up};

/// Longer than any limit takes to act.
const PATIENCE: Duration = Duration::from_secs(60);
/// Nobody reads so many bytes.
const ENDLESS: usize = 100_000_000;
/// Long enough that it never is what acts.
const NEVER: Duration = Duration::from_secs(3_600);

fn with(change: impl FnOnce(&mut Limits)) -> TestApp {
    let mut limits = Limits { head: NEVER, body: NEVER, stall: NEVER, keep_alive: NEVER, ..Limits::default() };
    change(&mut limits);
    TestApp::changed(Arc::new(Database::create()), &[], |config| config.limits = limits)
}

fn short() -> Duration {
    Duration::from_millis(400)
}

fn connect(app: &TestApp) -> TcpStream {
    let stream = TcpStream::connect(app.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends a byte of this now and then, for as long as the other side takes them; what it says at last.
fn drip(mut stream: TcpStream, bytes: &[u8]) -> String {
    let mut reader = stream.try_clone().unwrap();
    let reading = std::thread::spawn(move || {
        let mut said = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            match read_some(&mut reader, &mut chunk) {
                Ok(0) => break,
                Ok(read) => said.extend_from_slice(&chunk[..read]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => panic!("it is still open: {error}"),
            }
        }
        String::from_utf8_lossy(&said).into_owned()
    });
    for byte in bytes.iter().cycle() {
        if reading.is_finished() || stream.write_all(&[*byte]).is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    reading.join().unwrap()
}

#[test]
fn a_head_that_never_ends_is_cut_off() {
    let app = with(|limits| limits.head = short());
    let mut stream = connect(&app);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ").unwrap();
    let said = drip(stream, b"x");
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 408 "), "{said}");
}

#[test]
fn a_second_head_that_never_ends_is_cut_off() {
    let app = with(|limits| limits.stall = short());
    let mut stream = connect(&app);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nX-Slow: ").unwrap();
    let said = drip(stream, b"x");
    assert_eq!(said.matches("HTTP/1.1 200 ").count(), 1, "{said}");
}

#[test]
fn a_connection_without_requests_is_closed() {
    let app = with(|limits| limits.keep_alive = short());
    let mut stream = connect(&app);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}

#[test]
fn a_body_that_never_ends_is_refused_and_nothing_stored() {
    let app = with(|limits| limits.body = short());
    let head = |path: &str, media: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {media}\r\nContent-Length: 60000\r\n\r\n")
    };
    let form = "application/x-www-form-urlencoded";
    for (path, media, start) in [
        ("/placetel", form, "event=HungUp&call_id=a&type="),
        ("/language", form, "lang="),
        ("/api/v1/routes", "application/json", "{\"name\":\""),
        (
            "/contacts/import",
            "multipart/form-data; boundary=b",
            "--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n",
        ),
    ] {
        let mut stream = connect(&app);
        stream.write_all(format!("{}{start}", head(path, media)).as_bytes()).unwrap();
        let said = drip(stream, b"x");
        assert!(said.starts_with("HTTP/1.1 408 "), "{path}: {said}");
        assert!(said.contains("application/problem+json") && said.contains("nosniff"), "{path}: {said}");
    }
    assert_eq!(app.database.count("from events") + app.database.count("from routes"), 0);
}

/// Somebody else may wait for the room that a body has.
#[test]
fn a_body_that_came_quickly_at_first_may_not_be_silent_for_long() {
    let app = with(|limits| limits.body = short());
    let mut stream = connect(&app);
    let head = "POST /api/v1/routes HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
    // As slowly as is allowed, this would take twice as long as anybody waits here.
    write!(stream, "{head}Content-Length: 1048576\r\n\r\n{}", " ".repeat(1_000_000)).unwrap();
    let mut said = String::new();
    stream.set_read_timeout(Some(PATIENCE / 2)).unwrap();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
}

#[test]
fn connections_beyond_those_of_all_cores_wait() {
    let cores = std::thread::available_parallelism().unwrap().get();
    let app = with(|limits| limits.connections_of_core = 2);
    let taken: Vec<TcpStream> = (0..2 * cores).map(|_| begin(&app)).collect();
    let mut waiting = connect(&app);
    waiting.write_all(HEALTH).unwrap();
    waiting.set_read_timeout(Some(short())).unwrap();
    assert!(read_some(&mut waiting, &mut [0]).is_err(), "it waits");
    drop(taken);
    waiting.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut said = String::new();
    waiting.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
}

const HEALTH: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// A connection that was taken in: it has got an answer, and goes on.
fn begin(app: &TestApp) -> TcpStream {
    let mut stream = connect(app);
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    assert!(read_some(&mut stream, &mut [0; 512]).unwrap() > 0);
    stream
}

#[test]
fn a_body_in_pieces_is_taken() {
    let app = TestApp::start();
    let body = hung_up("a", "missed", 0);
    let mut stream = connect(&app);
    write!(
        stream,
        "POST /placetel HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )
    .unwrap();
    for piece in body.as_bytes().chunks(7) {
        stream.write_all(piece).unwrap();
        std::thread::sleep(Duration::from_millis(5));
    }
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    assert!(said.starts_with("HTTP/1.1 200 "), "{said}");
    assert_eq!(app.call("a").ok()["outcome"], "missed");
}

#[test]
fn whoever_never_reads_its_answers_is_cut_off() {
    let app = with(|limits| limits.stall = short());
    let stream = connect(&app);
    // Questions for more than all buffers on the way hold, until nothing more is taken.
    stream.set_nonblocking(true).unwrap();
    let question = b"GET /assets/app.css HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(100);
    let mut sent = 0;
    for _ in 0..3_000 {
        match (&stream).write(&question[sent..]) {
            Ok(written) => sent = (sent + written) % question.len(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => {
                assert!([ErrorKind::BrokenPipe, ErrorKind::ConnectionReset].contains(&error.kind()), "{error}");
                // Others are served as ever.
                assert_eq!(app.get("/healthz").status, 200);
                return;
            }
        }
    }
    panic!("it still holds its place");
}

#[test]
fn a_head_or_an_url_without_end_is_refused() {
    let app = TestApp::start();
    for start in ["GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ", "GET /"] {
        let mut stream = connect(&app);
        let _ = stream.write_all(start.as_bytes());
        let mut sent = 0;
        // More than the buffers on the way hold.
        while sent < ENDLESS && stream.write_all(&[b'x'; 8_192]).is_ok() {
            sent += 8_192;
        }
        let mut said = Vec::new();
        let _ = stream.read_to_end(&mut said);
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 4"), "{said}");
        assert!(sent < ENDLESS, "it reads on and on");
    }
    assert_eq!(app.get("/healthz").status, 200);
}

/// What the head of a request is answered with.
fn status_of_head(app: &TestApp, url: &str, headers: &str) -> u16 {
    let mut stream = connect(app);
    let head = format!("GET {url} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    let _ = stream.write_all(head.as_bytes());
    let mut said = Vec::new();
    let _ = stream.read_to_end(&mut said);
    let said = String::from_utf8_lossy(&said);
    said.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok()).unwrap_or_else(|| panic!("{said}"))
}

#[test]
fn a_head_may_be_as_large_as_it_says_and_no_larger() {
    let app = TestApp::start();
    let headers = |count: usize| (0..count).map(|number| format!("X-{number}: 1\r\n")).collect::<String>();
    // Two are there already.
    let status = |count: usize| status_of_head(&app, "/healthz", &headers(count - 2));
    assert_eq!((status(96), status(97)), (200, 431));
    let url = |length: usize| format!("/healthz?{}", "x".repeat(length - "/healthz?".len()));
    let status = |length: usize| status_of_head(&app, &url(length), "");
    assert_eq!((status(65_534), status(65_535)), (200, 400));
    let status = |kib: usize| status_of_head(&app, "/healthz", &format!("X-Long: {}\r\n", "x".repeat(kib * 1024)));
    assert_eq!((status(127), status(129)), (200, 431));
}
