//! The life cycle of one simulated machine: it starts, takes events, faults happen, the power is cut, and again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::json;

use super::disk::Image;
use super::ledger::{FORGOTTEN, Ledger, OLD, Promise};
use super::machine::{Machine, Running};
use super::plan::Plan;
use super::records::Rule;
use crate::client::Request;
use crate::helpers::{Answers, CALLER, LINE, accepted, hung_up, incoming, log_line};

const CONNECTIONS: usize = 4;
const STARTS: usize = 3;
/// How often an event is sent again that was refused.
const AGAIN: usize = 3;

/// What lives came to: what was promised in them, and is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lived {
    pub events: usize,
    pub routes: usize,
    pub copies: usize,
    pub forgotten: usize,
    /// How often the power was cut while events waited in the spool.
    pub spooled: usize,
    /// How many calls failed on purpose.
    pub failures: u32,
}

impl std::ops::Add for Lived {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            events: self.events + other.events,
            routes: self.routes + other.routes,
            copies: self.copies + other.copies,
            forgotten: self.forgotten + other.forgotten,
            spooled: self.spooled + other.spooled,
            failures: self.failures + other.failures,
        }
    }
}

/// One life. `lies` hold from the first start to the last.
pub fn live(seed: u64, lies: &[Rule]) -> Lived {
    let mut chance = StdRng::seed_from_u64(seed);
    let (mut machine, mut ledger) = (Machine::new(), Ledger::default());
    let lived = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let mut image = Image::default();
        for start in 0..STARTS {
            machine.power_on(&image, &mut chance);
            let plan = Plan::new(&mut chance);
            one_start(&machine, &ledger, &plan, lies, start, chance.random());
            let (left, cut) = machine.cut_power(&mut chance);
            image = left;
            ledger.settle(cut);
            ledger.assert_kept_on(&image);
            ledger.assert_copies_kept(&machine, &image);
        }
        machine.power_on(&image, &mut chance);
        let server = machine.serve().expect("it starts");
        ledger.assert_kept(&machine, &server);
        assert_eq!(server.stop(), 0);
        Lived { failures: machine.control.failures(), ..ledger.lived() }
    }));
    lived.unwrap_or_else(|failed| {
        println!("FERNAMT_SEED={seed}: what its programs said last:\n{}", machine.last_words());
        if std::env::var_os("FERNAMT_KEEP").is_some() {
            println!("its disks, and what was done to the last one: {}", machine.keep().display());
        }
        std::panic::resume_unwind(failed)
    })
}

fn one_start(machine: &Machine, ledger: &Ledger, plan: &Plan, lies: &[Rule], start: usize, seed: u64) {
    let mut chance = StdRng::seed_from_u64(seed);
    let rules = [lies, &plan.rules].concat();
    ledger.answers_at_once.store(!plan.rules.is_empty(), Ordering::Relaxed);
    machine.control.set_rules(if plan.from_start { &rules } else { lies });
    let server = match machine.serve() {
        Ok(server) => server,
        Err(status) => {
            assert!(plan.from_start && matches!(status, 1 | 2), "it ended with {status}");
            return;
        }
    };
    if start == 0 && !plan.from_start {
        import(machine, ledger);
    }
    // Otherwise the power may be cut while the spool is emptied.
    if start > 0 && !plan.from_start && chance.random_bool(0.5) {
        ledger.assert_kept(machine, &server);
    }
    machine.control.set_rules(&rules);
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            let (sender, is_over, server) = (chance.random(), &is_over, &server);
            scope.spawn(move || send(machine, ledger, server, (start, connection), sender, is_over));
        }
        let (admin, is_over, server) = (chance.random(), &is_over, &server);
        scope.spawn(move || administer(machine, ledger, server, start, admin, is_over));
        let well_again = plan.well_again.unwrap_or_default();
        let sick = plan.load.saturating_sub(well_again);
        sleep(sick / 2);
        if let Some(seconds) = plan.clock {
            machine.control.set_clock(seconds);
        }
        sleep(sick / 2);
        if plan.well_again.is_some() {
            machine.control.set_rules(lies);
        }
        sleep(well_again);
        let is_alive = server.is_alive();
        is_over.store(true, Ordering::Relaxed);
        if plan.ends_well {
            assert_eq!(server.stop(), 0);
        }
        // Those who wait for an answer get none.
        machine.control.cut();
        machine.kill();
        assert!(is_alive, "the server ended by itself");
    });
}

/// Calls of long ago, one of them with the number that is forgotten later.
fn import(machine: &Machine, ledger: &Ledger) {
    let mut log = String::new();
    let mut keys = Vec::new();
    for call in 0..6 {
        let (id, from) = (format!("{OLD}{call}"), if call % 2 == 0 { FORGOTTEN } else { CALLER });
        for body in [incoming(&id, from, LINE), hung_up(&id, "missed", 0)] {
            keys.push(ledger.sends(&body));
            log += &log_line("2026-03-04T08:05:00.000Z", &body);
        }
    }
    let done = machine.run(&["import", "-"], log.as_bytes()).unwrap();
    assert_eq!(done.status, 0, "{done:?}");
    let now = machine.control.now();
    keys.into_iter().for_each(|key| ledger.was_told(now, Promise::Event(key)));
}

/// Whole calls, one after the other.
fn send(
    machine: &Machine,
    ledger: &Ledger,
    server: &Running,
    (start, connection): (usize, usize),
    seed: u64,
    is_over: &AtomicBool,
) {
    let mut chance = StdRng::seed_from_u64(seed);
    for call in 0.. {
        let id = format!("s{start}-{connection}-{call}");
        let outcome = ["accepted", "missed", "voicemail", "busy"][chance.random_range(0..4)];
        let mut events = vec![incoming(&id, CALLER, LINE)];
        if outcome == "accepted" {
            events.push(accepted(&id, "7777anna@fpbx.de"));
        }
        events.push(hung_up(&id, outcome, if outcome == "accepted" { chance.random_range(0..300) } else { 0 }));
        // As a PBX that did not hear the answer.
        events.extend(ledger.some_event(&mut chance));
        for body in events {
            if is_over.load(Ordering::Relaxed) {
                return;
            }
            let key = ledger.sends(&body);
            match deliver(server, &body, is_over) {
                Some(true) => ledger.was_told(machine.control.now(), Promise::Event(key)),
                Some(false) => break,
                None => return,
            }
            sleep(Duration::from_millis(chance.random_range(0..8)));
        }
    }
}

/// Whether it was taken; `None` when nobody is there.
fn deliver(server: &Running, body: &str, is_over: &AtomicBool) -> Option<bool> {
    for _ in 0..AGAIN {
        match Request::new(server.address(), "POST", "/placetel").form(body).try_send() {
            Ok(answer) if answer.status == 200 => return Some(true),
            Ok(answer) => assert_eq!(answer.status, 503, "{answer}"),
            Err(_) => return None,
        }
        if is_over.load(Ordering::Relaxed) {
            return None;
        }
        sleep(Duration::from_millis(10));
    }
    Some(false)
}

fn has_empty_spool(server: &Running) -> bool {
    let metrics = server.request("GET", "/metrics").try_send();
    metrics.is_ok_and(|metrics| metrics.text().lines().any(|line| line == "fernamt_spool_events 0"))
}

/// Changes routes, makes a copy, forgets somebody.
fn administer(machine: &Machine, ledger: &Ledger, server: &Running, start: usize, seed: u64, is_over: &AtomicBool) {
    let mut chance = StdRng::seed_from_u64(seed);
    let (mut has_copied, mut has_forgotten) = (false, start == 0 || ledger.is_forgotten());
    for number in 0.. {
        sleep(Duration::from_millis(chance.random_range(1..80)));
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        match chance.random_range(0..6) {
            0 if !has_copied => {
                has_copied = true;
                let (file, mut events) = (format!("copies/{start}.db"), ledger.events_so_far());
                // What waits in the spool is in no copy.
                if !has_empty_spool(server) {
                    events.clear();
                }
                let done = machine.run(&["backup", &machine.path(&file)], b"");
                if done.is_some_and(|done| done.status == 0) {
                    ledger.was_told(machine.control.now(), Promise::Copy(file, events));
                }
            }
            1 if !has_forgotten => {
                has_forgotten = true;
                let whom = [["--party", FORGOTTEN], ["--before", "2026-04-01"]][chance.random_range(0..2)];
                let done = machine.run(&[&["forget"], &whom[..]].concat(), b"");
                if done.is_some_and(|done| done.status == 0) {
                    ledger.was_told(machine.control.now(), Promise::Forgotten);
                }
            }
            2..=4 => {
                let name = format!("r{start}-{number}");
                let route = json!({"name": name, "to": [format!("0221{number}*")], "reply": {"action": "hangup"}});
                let request = Request::new(server.address(), "POST", "/api/v1/routes").json(&route);
                match request.try_send() {
                    Ok(answer) if answer.status == 201 => {
                        ledger.was_told(machine.control.now(), Promise::Route(name));
                    }
                    Ok(answer) => assert_eq!(answer.status, 503, "{answer}"),
                    Err(_) => {}
                }
            }
            _ => {}
        }
    }
}
