//! What the tests share: a database of its own for each, servers in this process and in their own, and a plain
//! HTTP client that sends exactly what it is told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use clap::Parser;
use fernamt::app::Service;
use fernamt::config::{Config, Settings};
use serde_json::Value;

pub use crate::database::Database;

/// An own line and somebody outside.
pub const LINE: &str = "022129191999";
pub const CALLER: &str = "03023125000";

/// Longer than anything takes that is going to happen.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub fn incoming(id: &str, from: &str, to: &str) -> String {
    form(&[("call_id", id), ("direction", "in"), ("event", "IncomingCall"), ("from", from), ("to", to)])
}

pub fn accepted(id: &str, peer: &str) -> String {
    form(&[("call_id", id), ("direction", "in"), ("event", "CallAccepted"), ("peer", peer)])
}

pub fn hung_up(id: &str, hangup_type: &str, seconds: u32) -> String {
    form(&[("call_id", id), ("duration", &seconds.to_string()), ("event", "HungUp"), ("type", hangup_type)])
}

/// One line of an event log.
pub fn log_line(received_at: &str, body: &str) -> String {
    format!("{}\n", serde_json::json!({"received_at": received_at, "body": body}))
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self}"))
    }

    /// The JSON of a success.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self}");
        self.json()
    }

    /// An error as RFC 9457 wants it; what it says.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self}");
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        let problem = self.json();
        assert_eq!(problem["status"], status, "{self}");
        for field in ["type", "title", "detail"] {
            assert!(problem[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {self}");
        }
        problem
    }

    /// The fields that a 400 names.
    #[track_caller]
    pub fn wrong_fields(&self) -> Vec<String> {
        let problem = self.problem(400);
        let errors = problem["errors"].as_array().unwrap_or_else(|| panic!("no errors: {self}"));
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    }

    #[track_caller]
    pub fn xml(&self) -> &str {
        assert_eq!(self.status, 200, "{self}");
        let media = self.header("content-type").unwrap();
        assert_eq!(media.split(';').next(), Some("application/xml"), "{self}");
        let declaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";
        self.text().strip_prefix(declaration).unwrap_or_else(|| panic!("no declaration: {self}")).trim()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?}\n{}", self.status, self.headers, String::from_utf8_lossy(&self.body))
    }
}

/// One request, sent as it stands.
pub struct Request {
    address: SocketAddr,
    line: String,
    host: Option<String>,
    headers: String,
    body: Vec<u8>,
}

impl Request {
    pub fn new(address: SocketAddr, method: &str, path: &str) -> Self {
        let line = format!("{method} {path} HTTP/1.1\r\n");
        Self { address, line, host: Some(address.to_string()), headers: String::new(), body: Vec::new() }
    }

    pub fn http_1_0(mut self) -> Self {
        self.line = self.line.replace("HTTP/1.1", "HTTP/1.0");
        self
    }

    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers += &format!("{name}: {value}\r\n");
        self
    }

    pub fn form(self, body: impl Into<Vec<u8>>) -> Self {
        let mut request = self.header("Content-Type", "application/x-www-form-urlencoded");
        request.body = body.into();
        request
    }

    pub fn json(self, value: &Value) -> Self {
        let mut request = self.header("Content-Type", "application/json");
        request.body = value.to_string().into_bytes();
        request
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    #[track_caller]
    pub fn send(self) -> Answer {
        let line = self.line.clone();
        self.try_send().unwrap_or_else(|error| panic!("{line}: {error}"))
    }

    pub fn try_send(self) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let host = self.host.map(|host| format!("Host: {host}\r\n")).unwrap_or_default();
        let head = format!(
            "{}{host}{}Content-Length: {}\r\nConnection: close\r\n\r\n",
            self.line,
            self.headers,
            self.body.len()
        );
        // Whoever refuses early need not read everything.
        let _ = stream.write_all(&[head.as_bytes(), &self.body].concat());
        let mut answer = Vec::new();
        let read = stream.read_to_end(&mut answer);
        if answer.is_empty() {
            read?;
        }
        read_answer(&answer).ok_or_else(|| std::io::Error::other(format!("no answer: {answer:?}")))
    }
}

fn read_answer(bytes: &[u8]) -> Option<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<_> =
        lines.filter_map(|line| line.split_once(": ")).map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
    let mut answer = Answer { status, headers, body: bytes[end + 4..].to_vec() };
    if answer.header("transfer-encoding") == Some("chunked") {
        answer.body = dechunk(&answer.body)?;
    }
    let complete = answer.header("content-length").is_none_or(|length| length == answer.body.len().to_string());
    complete.then_some(answer)
}

fn dechunk(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).ok()?, 16).ok()?;
        rest = &rest[end + 2..];
        if size == 0 {
            return Some(body);
        }
        body.extend(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}

/// Anything that answers at an address.
pub trait Answers {
    fn address(&self) -> SocketAddr;

    fn request(&self, method: &str, path: &str) -> Request {
        Request::new(self.address(), method, path)
    }

    fn get(&self, path: &str) -> Answer {
        self.request("GET", path).send()
    }

    fn post_event(&self, body: impl Into<Vec<u8>>) -> Answer {
        self.request("POST", "/placetel").form(body).send()
    }

    fn stats(&self, query: &str) -> Answer {
        self.get(&format!("/api/v1/stats?{query}"))
    }

    fn calls(&self, query: &str) -> Answer {
        self.get(&format!("/api/v1/calls?{query}"))
    }

    fn call(&self, id: &str) -> Answer {
        self.get(&format!("/api/v1/calls/{id}"))
    }

    fn csv(&self, query: &str) -> Answer {
        self.get(&format!("/calls.csv?{query}"))
    }

    fn routes(&self) -> Answer {
        self.get("/api/v1/routes")
    }

    fn route(&self, id: &Value) -> Answer {
        self.get(&format!("/api/v1/routes/{id}"))
    }

    fn create_route(&self, route: &Value) -> Answer {
        self.request("POST", "/api/v1/routes").json(route).send()
    }

    fn put_route(&self, id: &Value, route: &Value) -> Answer {
        self.request("PUT", &format!("/api/v1/routes/{id}")).json(route).send()
    }

    fn delete_route(&self, id: &Value) -> Answer {
        self.request("DELETE", &format!("/api/v1/routes/{id}")).send()
    }
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

/// The settings that these flags make, over a database, on a free port.
pub fn config(database: &Database, flags: &[&str]) -> Config {
    let own = ["fernamt", "--listen", "127.0.0.1:0", "--database-url", database.url()];
    Flags::try_parse_from(own.iter().chain(flags)).unwrap().settings.resolve().unwrap()
}

/// A server within this process.
pub struct TestApp {
    pub database: Arc<Database>,
    address: SocketAddr,
    handle: Option<ServerHandle>,
    thread: Option<JoinHandle<()>>,
}

impl Answers for TestApp {
    fn address(&self) -> SocketAddr {
        self.address
    }
}

impl TestApp {
    /// In local mode, with an empty database.
    pub fn start() -> Self {
        Self::with(&[])
    }

    pub fn with(flags: &[&str]) -> Self {
        Self::on(Arc::new(Database::create()), flags)
    }

    pub fn on(database: Arc<Database>, flags: &[&str]) -> Self {
        let config = config(&database, flags);
        let (started, waiting) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
            runtime.block_on(async {
                let service = Service::start(config).await.unwrap();
                started.send((service.address, service.handle())).unwrap();
                service.run().await.unwrap();
            });
        });
        let (address, handle) = waiting.recv().expect("the server starts");
        Self { database, address, handle: Some(handle), thread: Some(thread) }
    }

    /// Another server on the same database, after this one is gone.
    pub fn restart(mut self, flags: &[&str]) -> Self {
        self.stop();
        Self::on(self.database.clone(), flags)
    }

    fn stop(&mut self) {
        if let Some(handle) = self.handle.take() {
            // The command is on its way as soon as the future exists.
            drop(handle.stop(false));
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The program itself, with nothing set around it.
pub fn fernamt() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fernamt"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("FERNAMT_") || name == "DATABASE_URL" || name == "RUST_LOG" {
            command.env_remove(name);
        }
    }
    command
}

/// What a finished command left.
#[derive(Debug)]
pub struct Done {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the program to its end.
pub fn run(flags: &[&str], input: &[u8]) -> Done {
    let mut child = fernamt()
        .args(flags)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    let _ = writing.join();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { status: output.status.code().unwrap_or(-1), stdout: text(output.stdout), stderr: text(output.stderr) }
}

impl Database {
    /// Runs a command of the program on this database.
    pub fn run(&self, flags: &[&str], input: &[u8]) -> Done {
        let url = ["--database-url", self.url()];
        run(&[flags, &url].concat(), input)
    }

    /// Imports a log, all of whose lines must be good.
    #[track_caller]
    pub fn import(&self, log: &str, flags: &[&str]) {
        let done = self.run(&[&["import", "-"], flags].concat(), log.as_bytes());
        assert_eq!((done.status, done.stderr.as_str()), (0, ""));
    }

    #[track_caller]
    pub fn export(&self, flags: &[&str]) -> String {
        let done = self.run(&[&["export"], flags].concat(), b"");
        assert_eq!((done.status, done.stderr.as_str()), (0, ""));
        done.stdout
    }
}

/// The program itself as a server.
pub struct Server {
    child: Child,
    address: SocketAddr,
    pub first_line: String,
    stdout: BufReader<std::process::ChildStdout>,
    stderr: Option<JoinHandle<String>>,
}

impl Answers for Server {
    fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Server {
    pub fn start(database: &Database, flags: &[&str]) -> Self {
        Self::start_with(database, flags, &[])
    }

    pub fn start_with(database: &Database, flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let listen: &[&str] = if flags.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let mut child = fernamt()
            .args(["--database-url", database.url()])
            .args(listen)
            .args(flags)
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut errors = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        let mut first_line = String::new();
        stdout.read_line(&mut first_line).unwrap();
        let url = first_line.split_whitespace().find_map(|word| word.strip_prefix("http://"));
        let address = url.and_then(|address| address.trim_end_matches('/').parse().ok());
        let address = address.unwrap_or_else(|| panic!("no url in {first_line:?}"));
        Self { child, address, first_line, stdout, stderr: Some(stderr) }
    }

    /// Asks it to stop as a service manager does.
    pub fn terminate(&self) {
        let killed = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(killed.success());
    }

    /// Waits for its end; the rest of standard output is in `stdout`.
    pub fn wait(mut self) -> Done {
        let status = self.child.wait().unwrap().code().unwrap_or(-1);
        let mut stdout = String::new();
        self.stdout.read_to_string(&mut stdout).unwrap();
        let stderr = self.stderr.take().map(|stderr| stderr.join().unwrap()).unwrap_or_default();
        Done { status, stdout, stderr }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
