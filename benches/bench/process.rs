//! Runs a server as a process of its own, and measures its resource usage.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::servers;

/// The kernel's unit of processor time towards processes; 100 on every Linux.
const TICKS_PER_SECOND: f64 = 100.0;

/// A server; it ends with this value.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// fernamt itself, on a database in this directory.
    pub fn fernamt(directory: &Path) -> Self {
        Self::start(fernamt(directory).args(["serve", "--listen", "127.0.0.1:0"]))
    }

    /// What only reads the form and answers.
    pub fn reading_only() -> Self {
        Self::start(Command::new(std::env::current_exe().unwrap()).args([servers::SERVE, servers::READING_ONLY]))
    }

    /// One transaction per request.
    pub fn one_by_one(directory: &Path) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        Self::start(command.args([servers::SERVE, servers::ONE_BY_ONE]).arg(directory.join("one-by-one.db")))
    }

    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().rsplit_once("http://").expect("the line with the address").1;
        Self { address: address.parse().unwrap(), child }
    }

    /// Processor time so far, all threads.
    pub fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name in brackets may hold anything; user and system time are the 12th and 13th after it.
        let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
        let ticks: f64 = fields[11..=12].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum();
        Duration::from_secs_f64(ticks / TICKS_PER_SECOND)
    }

    /// Resident memory now and at its highest, MiB.
    pub fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let mib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_start_matches(':').trim_end_matches("kB").trim().parse::<f64>().unwrap() / 1024.0
        };
        (mib("VmRSS"), mib("VmHWM"))
    }

    /// Stops it as an administrator would.
    pub fn stop(mut self) {
        Command::new("sh").args(["-c", &format!("kill -TERM {}", self.child.id())]).status().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails for one that has stopped by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command, with no settings but the database.
pub fn fernamt(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fernamt"));
    command.env_clear().current_dir(directory).args(["--database-url", "sqlite:fernamt.db"]);
    command
}
