//! Shared test helpers: events, servers in this process and in their own, and the program as a command.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use clap::Parser;
use fernamt::app::{Handle, Service};
use fernamt::config::{Config, Settings};
use rand::{SeedableRng, rngs::StdRng};

pub use crate::client::{Answer, Answers};
pub use crate::database::Database;

/// An own line and somebody outside.
pub const LINE: &str = "022129191999";
pub const CALLER: &str = "03023125000";

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

/// Sends a process a signal, such as `-TERM`.
pub fn signal(name: &str, process: u32) {
    assert!(Command::new("kill").args([name, &process.to_string()]).status().unwrap().success());
}

/// How often to do what is done so often in a usual run, or how much of it; `FERNAMT_SOAK` multiplies it.
pub fn times(usual: usize) -> usize {
    let factor: usize =
        std::env::var("FERNAMT_SOAK").map_or(1, |factor| factor.parse().expect("FERNAMT_SOAK is a number"));
    usual * factor
}

/// Chance that can be had again: `FERNAMT_SEED`.
#[allow(clippy::print_stdout, reason = "shown where a test fails: how to have the same again")]
pub fn chance() -> StdRng {
    let seed = std::env::var("FERNAMT_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("FERNAMT_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Waits for the end of a process. One that goes on and on is killed and fails its test, instead of holding up all others.
pub fn end_of(child: &mut Child) -> ExitStatus {
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > Duration::from_secs(60) {
            let _ = child.kill();
            let _ = child.wait();
            panic!("process {} goes on", child.id());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Tells a thread in the same scope that it is enough: also when something fails, because the scope waits for it.
pub struct SetAtTheEnd<'a>(pub &'a AtomicBool);

impl Drop for SetAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// One line of an event log.
pub fn log_line(received_at: &str, body: &str) -> String {
    format!("{}\n", serde_json::json!({"received_at": received_at, "body": body}))
}

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

/// The settings that these flags make, over a database, on a free port.
pub fn config(database: &Database, flags: &[&str]) -> Config {
    let (spool, routes_file) = (database.spool(), database.routes_file());
    let own = ["fernamt", "--listen", "127.0.0.1:0", "--database-url", database.url(), "--routes-file", &routes_file];
    let spool: &[&str] = if flags.contains(&"--spool") { &[] } else { &["--spool", spool.to_str().unwrap()] };
    let mut config = Flags::try_parse_from(own.iter().chain(spool).chain(flags)).unwrap().settings.resolve().unwrap();
    // Many tests at once on few cores: what takes long there does not elsewhere.
    config.limits.question = std::time::Duration::from_secs(60);
    config
}

/// A server within this process.
pub struct TestApp {
    pub database: Arc<Database>,
    address: SocketAddr,
    handle: Option<Handle>,
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
        Self::changed(database, flags, |_| ())
    }

    /// With what no flag says.
    pub fn changed(database: Arc<Database>, flags: &[&str], change: impl FnOnce(&mut Config)) -> Self {
        let mut config = config(&database, flags);
        change(&mut config);
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
    without_settings(Command::new(env!("CARGO_BIN_EXE_fernamt")))
}

fn without_settings(mut command: Command) -> Command {
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

    /// On a database at another url than its own.
    pub fn at(url: &str, routes_file: &str) -> Self {
        Self::spawn(fernamt(), url, routes_file, &[], &[])
    }

    /// The same, by another program, whose words come first.
    pub fn at_by(words: &[&str], url: &str, routes_file: &str, flags: &[&str]) -> Self {
        let mut command = without_settings(Command::new(words[0]));
        command.args(&words[1..]).arg(env!("CARGO_BIN_EXE_fernamt"));
        Self::spawn(command, url, routes_file, flags, &[])
    }

    pub fn start_with(database: &Database, flags: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::spawn(fernamt(), database.url(), &database.routes_file(), flags, environment)
    }

    /// Started by another program, whose words come first.
    pub fn started_by(words: &[&str], database: &Database, flags: &[&str]) -> Self {
        let mut command = without_settings(Command::new(words[0]));
        command.args(&words[1..]).arg(env!("CARGO_BIN_EXE_fernamt"));
        Self::spawn(command, database.url(), &database.routes_file(), flags, &[])
    }

    fn spawn(mut command: Command, url: &str, routes_file: &str, flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let listen: &[&str] = if flags.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let mut child = command
            .args(["--database-url", url, "--routes-file", routes_file])
            .args(listen)
            .args(flags)
            .env("FERNAMT_SPOOL", Path::new(routes_file).with_file_name("spool"))
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
        let bare =
            |word: &'_ str| word.strip_prefix("http://").or(word.strip_prefix("https://")).map(ToOwned::to_owned);
        let url = first_line.split_whitespace().find_map(bare);
        let address = url.and_then(|address| address.trim_end_matches('/').parse().ok());
        let address = address.unwrap_or_else(|| panic!("no url in {first_line:?}"));
        Self { child, address, first_line, stdout, stderr: Some(stderr) }
    }

    /// Its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop as a service manager does.
    pub fn terminate(&self) {
        signal("-TERM", self.child.id());
    }

    /// Waits for its end; the rest of standard output is in `stdout`.
    pub fn wait(mut self) -> Done {
        let status = end_of(&mut self.child).code().unwrap_or(-1);
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
