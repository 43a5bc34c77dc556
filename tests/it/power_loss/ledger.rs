//! Records which events were acknowledged and when, and checks that they were kept.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use rand::{RngExt, rngs::StdRng};
use serde_json::Value;

use super::disk::Image;
use super::life::Lived;
use super::machine::{Machine, Running};
use crate::helpers::Answers;
use crate::spool::{in_spool, until};

/// Of an event: its call and its kind. No call has two of a kind here.
pub type Key = (String, String);

/// What somebody was told.
#[derive(Clone, Debug)]
pub enum Promise {
    /// An event is stored.
    Event(Key),
    /// A route is there.
    Route(String),
    /// A copy is complete, with at least these events.
    Copy(String, BTreeSet<Key>),
    /// Nobody finds the number any more.
    Forgotten,
}

/// All that was sent, and what was promised.
#[derive(Default)]
pub struct Ledger {
    /// Whether an answered IncomingCall need not be stored: while storage fails, callers are answered before anything else.
    pub answers_at_once: AtomicBool,
    sent: Mutex<BTreeMap<Key, String>>,
    /// With the number of the first record that came later.
    fresh: Mutex<Vec<(u64, Promise)>>,
    events: BTreeSet<Key>,
    routes: BTreeSet<String>,
    copies: BTreeMap<String, BTreeSet<Key>>,
    is_forgotten: bool,
    /// Of copies that were looked at: nothing changes them any more.
    good_copies: BTreeMap<String, Vec<u8>>,
    /// There were last good routes on disk: they are never gone again.
    has_good_routes: bool,
    /// How often the power was cut while events waited in the spool.
    pub spooled: usize,
}

/// The outside number that is forgotten: nobody else has it.
pub const FORGOTTEN: &str = "02219998877";

/// What the ids of imported calls begin with, some of which are forgotten.
pub const OLD: &str = "old";

pub fn key_of(body: &str) -> Key {
    let fields: BTreeMap<String, String> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    (fields["call_id"].clone(), fields["event"].clone())
}

impl Ledger {
    pub fn sends(&self, body: &str) -> Key {
        let key = key_of(body);
        self.sent.lock().unwrap().insert(key.clone(), body.to_owned());
        key
    }

    /// Seldom, one that was sent already, whether it was heard or not.
    pub fn some_event(&self, chance: &mut StdRng) -> Option<String> {
        let sent = self.sent.lock().unwrap();
        let (key, body) = sent.iter().nth(chance.random_range(0..10 * sent.len().max(1)))?;
        (!key.0.starts_with(OLD)).then(|| body.clone())
    }

    /// Somebody was told, when all that was done for it has a smaller number than `now`.
    pub fn was_told(&self, now: u64, promise: Promise) {
        if matches!(&promise, Promise::Event((_, kind)) if kind == "IncomingCall")
            && self.answers_at_once.load(Ordering::Relaxed)
        {
            return;
        }
        self.fresh.lock().unwrap().push((now, promise));
    }

    pub fn events_so_far(&self) -> BTreeSet<Key> {
        let fresh = self.fresh.lock().unwrap();
        let fresh = fresh.iter().filter_map(|(_, promise)| match promise {
            Promise::Event(key) => Some(key.clone()),
            _ => None,
        });
        self.events.iter().cloned().chain(fresh).collect()
    }

    pub fn is_forgotten(&self) -> bool {
        self.is_forgotten || self.fresh.lock().unwrap().iter().any(|(_, promise)| matches!(promise, Promise::Forgotten))
    }

    /// The power was cut before the record with this number: what was told later, nobody heard.
    pub fn settle(&mut self, cut: u64) {
        let fresh = std::mem::take(&mut *self.fresh.lock().unwrap());
        for (_, promise) in fresh.into_iter().filter(|(told, _)| *told <= cut) {
            match promise {
                Promise::Event(key) => drop(self.events.insert(key)),
                Promise::Route(name) => drop(self.routes.insert(name)),
                Promise::Copy(file, events) => drop(self.copies.insert(file, events)),
                Promise::Forgotten => self.is_forgotten = true,
            }
        }
    }

    /// How much was promised and is there.
    pub fn lived(&self) -> Lived {
        Lived {
            events: self.events.len(),
            routes: self.routes.len(),
            copies: self.good_copies.len(),
            forgotten: usize::from(self.is_forgotten),
            spooled: self.spooled,
            failures: 0,
        }
    }

    /// What can be seen without a program.
    pub fn assert_kept_on(&mut self, image: &Image) {
        self.spooled += usize::from(image.get("spool").is_some_and(|spool| !spool.is_empty()));
        let has_good_routes = image.get("fernamt-routes.json").is_some();
        assert!(has_good_routes || !self.has_good_routes, "the last good routes are gone");
        self.has_good_routes = has_good_routes;
        for (path, bytes) in image.files() {
            if path == "fernamt-routes.json" {
                assert!(serde_json::from_slice::<Value>(bytes).is_ok(), "{path} is torn: {} bytes", bytes.len());
            }
            let is_found = bytes.windows(FORGOTTEN.len() - 1).any(|window| window == &FORGOTTEN.as_bytes()[1..]);
            assert!(!(self.is_forgotten && is_found && !path.starts_with("copies/")), "the number stands in {path}");
        }
        for (file, before) in &self.good_copies {
            assert!(image.get(file) == Some(before), "{file} was good and is another now");
        }
    }

    /// Copies are complete.
    pub fn assert_copies_kept(&mut self, machine: &Machine, image: &Image) {
        for (file, events) in std::mem::take(&mut self.copies) {
            let bytes = image.get(&file).unwrap_or_else(|| panic!("{file} is gone"));
            let export = machine.export_of_copy(bytes);
            let there = self.read(&export);
            let lost: Vec<_> = events.difference(&there).collect();
            assert!(lost.is_empty(), "not in {file}: {lost:?}");
            self.good_copies.insert(file, bytes.to_vec());
        }
    }

    /// Whether a server that runs has all that was promised, once, and its figures are those of an independent tally.
    pub fn assert_kept(&self, machine: &Machine, server: &Running) {
        until("all is stored", || in_spool(server) == 0 && server.get("/readyz").status == 200);
        let checked = machine.run(&["check"], b"").unwrap();
        assert_eq!(checked.status, 0, "{checked:?}");
        let exported = machine.run(&["export"], b"").unwrap();
        assert_eq!(exported.status, 0, "{exported:?}");
        let there = self.read(&exported.stdout);
        let lost: Vec<_> = self.events.difference(&there).collect();
        assert!(lost.is_empty(), "{} of {} acknowledged events are lost: {lost:?}", lost.len(), self.events.len());
        self.assert_figures(server, &there);
        let routes = server.routes().ok();
        let names: BTreeSet<_> =
            routes["items"].as_array().unwrap().iter().map(|route| route["name"].as_str().unwrap()).collect();
        assert!(self.routes.iter().all(|name| names.contains(&**name)), "{:?} are not all in {names:?}", self.routes);
    }

    /// The events of a log, each of which is there once and as it was sent.
    fn read(&self, export: &str) -> BTreeSet<Key> {
        let (mut there, sent) = (BTreeSet::new(), self.sent.lock().unwrap());
        for line in export.lines() {
            let event: Value = serde_json::from_str(line).unwrap();
            let body = event["body"].as_str().unwrap();
            let key = key_of(body);
            let was_sent = sent.get(&key).unwrap_or_else(|| panic!("nobody sent {body}"));
            // Those that are forgotten are written anew.
            assert!(body == was_sent || key.0.starts_with(OLD), "{body} was sent as {was_sent}");
            assert!(there.insert(key), "twice: {body}");
        }
        there
    }

    fn assert_figures(&self, server: &Running, there: &BTreeSet<Key>) {
        let sent = self.sent.lock().unwrap();
        let calls: BTreeSet<&String> = there.iter().map(|(call, _)| call).collect();
        let (mut outcomes, mut talked) = (BTreeMap::<String, u64>::new(), 0);
        for key in there.iter().filter(|(_, event)| event == "HungUp") {
            let fields: BTreeMap<String, String> = form_urlencoded::parse(sent[key].as_bytes()).into_owned().collect();
            *outcomes.entry(fields["type"].clone()).or_default() += 1;
            if fields["type"] == "accepted" {
                talked += fields["duration"].parse::<u64>().unwrap();
            }
        }
        // The clock was moved: what is not over may count as anything.
        let totals = server.stats("start=2015-01-01&end=2034-12-31").ok()["totals"].take();
        assert_eq!(totals["calls"], calls.len());
        for outcome in ["missed", "voicemail", "busy"] {
            let counted = outcomes.get(outcome).copied().unwrap_or_default();
            assert_eq!(totals["outcomes"][outcome], counted, "{outcome}: {totals}");
        }
        assert_eq!(totals["talk_seconds"]["total"], talked, "{totals}");
    }
}
