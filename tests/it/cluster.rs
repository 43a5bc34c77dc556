//! A PostgreSQL cluster for a single test, which may crash but keeps its durability guarantees.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Gone with the value.
pub struct Cluster {
    pub url: String,
    control: String,
    child: Child,
}

impl Cluster {
    pub fn start() -> Self {
        // `cat` ends with its standard input, and the cluster with `cat`.
        let mut child = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/with-postgres"))
            .arg("cat")
            .env("TEST_POSTGRES_DURABLE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("scripts/with-postgres starts");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut told = |name: &str| {
            let start = format!("with-postgres: {name}=");
            lines.find_map(|line| line.strip_prefix(&start).map(ToOwned::to_owned)).expect("the cluster starts")
        };
        Self { url: told("TEST_DATABASE_URL"), control: told("TEST_POSTGRES_CONTROL"), child }
    }

    /// Without a word to anybody.
    pub fn crash(&self) {
        self.control(&["stop", "-m", "immediate"]);
    }

    pub fn start_again(&self) {
        self.control(&["start"]);
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        self.url.split_once('@').unwrap().1.split_once('/').unwrap().0
    }

    /// A copy that follows this cluster, which it reaches at `primary`, a port of this machine.
    pub fn standby(&self, primary: u16) -> Standby<'_> {
        let own = self.address().rsplit_once(':').unwrap().1;
        let copy = ["-h", "127.0.0.1", "-p", own, "-U", "fernamt", "-D", "standby", "-X", "stream", "-c", "fast", "-R"];
        self.program("pg_basebackup", &[&copy[..], &["--no-sync"]].concat());
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let follows = format!("host=127.0.0.1 port={primary} user=fernamt application_name=standby");
        let settings = format!("-p {port} -c wal_retrieve_retry_interval=100ms -c primary_conninfo='{follows}'");
        self.program("pg_ctl", &["start", "-D", "standby", "-l", "standby.log", "-s", "-w", "-o", &settings]);
        Standby { cluster: self, port }
    }

    /// Runs one of PostgreSQL's programs in the directory of the cluster.
    fn program(&self, name: &str, words: &[&str]) {
        let program = Path::new(&self.control).with_file_name("program");
        let status = Command::new(program).arg(name).args(words).stdout(Stdio::null()).status().unwrap();
        assert!(status.success(), "{name} {words:?}");
    }

    fn control(&self, words: &[&str]) {
        assert!(Command::new(&self.control).args(words).stdout(Stdio::null()).status().unwrap().success(), "{words:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Stopped with the value.
pub struct Standby<'a> {
    cluster: &'a Cluster,
    port: u16,
}

impl Standby<'_> {
    /// From now on it is a cluster of its own.
    pub fn promote(&self) {
        self.cluster.program("pg_ctl", &["promote", "-D", "standby", "-s", "-w"]);
    }

    /// The url of a database that came from the cluster it follows.
    pub fn url_of(&self, url: &str) -> String {
        let (user, rest) = url.split_once('@').unwrap();
        format!("{user}@127.0.0.1:{}/{}", self.port, rest.split_once('/').unwrap().1)
    }
}

impl Drop for Standby<'_> {
    fn drop(&mut self) {
        let program = Path::new(&self.cluster.control).with_file_name("program");
        let _ = Command::new(program).args(["pg_ctl", "stop", "-D", "standby", "-m", "immediate", "-s"]).status();
    }
}
