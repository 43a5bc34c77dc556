//! A PostgreSQL of one test's own, which may crash and keeps its promises all the same.

use std::io::{BufRead, BufReader};
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
