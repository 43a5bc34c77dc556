//! Tests of `fernamt demo`, run as the program.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::client::Answers;
use crate::database::scratch;
use crate::helpers::{end_of, fernamt, signal, times};

/// A demo whose temporary files are in a directory of its own.
struct Demo {
    child: Child,
    address: Option<SocketAddr>,
    directory: tempfile::TempDir,
}

impl Answers for Demo {
    fn address(&self) -> SocketAddr {
        self.address.unwrap()
    }
}

impl Demo {
    fn begin(days: u32) -> Self {
        let directory = tempfile::tempdir_in(scratch()).unwrap();
        let child = fernamt()
            .args(["demo", "--seed", "1", "--listen", "127.0.0.1:0", "--days", &days.to_string()])
            .env("TMPDIR", directory.path())
            // What is set for the real one is left aside.
            .env("DATABASE_URL", format!("sqlite:{}", directory.path().join("real.db").display()))
            .env("FERNAMT_PLACETEL_SECRET", "secret")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, address: None, directory }
    }

    fn start(days: u32) -> Self {
        let mut demo = Self::begin(days);
        let mut line = String::new();
        BufReader::new(demo.child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("fernamt listens on http://").expect(&line);
        demo.address = Some(address.parse().unwrap());
        demo
    }

    /// Its status after SIGTERM.
    fn terminate(&mut self) -> Option<i32> {
        signal("-TERM", self.child.id());
        end_of(&mut self.child).code()
    }

    fn page(&self, path: &str, lang: &str) -> String {
        let answer = self.request("GET", path).header("Accept-Language", lang).send();
        assert_eq!(answer.status, 200, "{path}: {answer}");
        answer.text().to_owned()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn files_in(directory: &Path) -> usize {
    std::fs::read_dir(directory).unwrap().count()
}

#[test]
fn a_demo_is_full_of_calls_says_what_it_is_and_leaves_nothing() {
    let mut demo = Demo::start(8);
    assert_eq!(files_in(demo.directory.path()), 1);
    let stats = demo.stats("period=7d").ok();
    assert!(stats["totals"]["in"].as_i64().unwrap() > 50, "{stats}");
    assert!(stats["totals"]["outcomes"]["missed"].as_i64().unwrap() > 0, "{stats}");
    let call = demo.calls("period=7d&limit=1").ok()["items"][0]["call_id"].as_str().unwrap().to_owned();
    let call = format!("/calls/{call}");
    for page in ["/", "/calls", &call, "/callbacks", "/quality", "/live", "/routes", "/contacts", "/settings", "/docs"]
    {
        for (lang, told) in [("de", "Firma, Nummern und Anrufe sind erfunden"), ("en", "calls are made up")] {
            let html = demo.page(page, lang);
            let mark = html.split("class=\"demo\"").nth(1).unwrap_or_else(|| panic!("{page} {lang} has no mark"));
            assert!(mark.split("</p>").next().unwrap().contains(told), "{page} {lang}: {mark}");
        }
    }
    assert!(demo.page("/", "de").contains("Zentrale"), "lines have names");
    assert_eq!(demo.terminate(), Some(0));
    assert_eq!(files_in(demo.directory.path()), 0, "the database is gone, and no other was made");
}

#[test]
fn the_same_seed_makes_the_same_past() {
    let past = || {
        let demo = Demo::start(4);
        let day = (chrono::Utc::now() - chrono::Days::new(2)).format("%Y-%m-%d");
        let items = demo.calls(&format!("start={day}&end={day}&limit=500")).ok()["items"].as_array().unwrap().clone();
        items.iter().map(|call| format!("{} {}", call["started_at"], call["party"])).collect::<BTreeSet<_>>()
    };
    let first = past();
    assert!(first.len() > 5 || chrono::Utc::now().format("%u").to_string().as_str() < "4", "{first:?}");
    assert_eq!(first, past());
}

#[test]
fn a_demo_that_is_stopped_while_it_makes_up_calls_leaves_nothing_either() {
    let mut demo = Demo::begin(3650);
    let begun = Instant::now();
    while files_in(demo.directory.path()) == 0 {
        assert!(begun.elapsed() < Duration::from_secs(20), "its directory appears");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(demo.terminate(), Some(0));
    assert_eq!(files_in(demo.directory.path()), 0);
}

#[test]
fn a_demo_that_is_stopped_at_the_moment_it_listens_ends() {
    for _ in 0..times(2) {
        assert_eq!(Demo::start(1).terminate(), Some(0));
    }
}
