//! Tests of power loss: the power is cut, and the disk holds what was synced and a random part of the rest; syncs fail,
//! the disk is full, the clock jumps. What was acknowledged is there afterwards, exactly once. `make soak` runs more of
//! them.

#![allow(clippy::print_stdout, reason = "shown where a test fails: how to have the same again")]

mod disk;
mod ledger;
mod life;
mod machine;
mod plan;
mod records;

use std::ops::Add;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use life::{Lived, live};
use records::{Call, How, Rule, files};

use crate::helpers::times;

/// So many lives; `FERNAMT_SOAK` multiplies them.
const LIVES: usize = 8;
/// Most of the time each of them waits.
const SIDE_BY_SIDE: usize = 4;

fn is_on_postgres() -> bool {
    std::env::var("TEST_DATABASE_URL").is_ok_and(|url| !url.is_empty())
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// Those of `FERNAMT_SEED`, or new ones.
fn seeds() -> Vec<u64> {
    match number("FERNAMT_SEED") {
        Some(seed) => vec![seed; times(1)],
        None => {
            let first = u64::from(rand::random::<u32>());
            (first..).take(times(LIVES)).collect()
        }
    }
}

/// A disk that says of these files that they are synced, and does nothing.
fn lie(files: u32) -> Rule {
    let calls = vec![Call::Sync, Call::SyncFolder];
    Rule { calls, files, first: 0, end: u32::MAX, error: 0, how: How::SaysItIsDone }
}

/// Up to so many seeds of lives in which a promise was broken.
fn broken(seeds: &[u64], lies: &[Rule], most: usize) -> Vec<u64> {
    let (next, broken, lived) = (AtomicU64::new(0), Mutex::<Vec<u64>>::default(), Mutex::<Vec<Lived>>::default());
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(seeds.len()) {
            scope.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                    if broken.lock().unwrap().len() >= most {
                        return;
                    }
                    match catch_unwind(|| live(seed, lies)) {
                        Ok(came_to) => lived.lock().unwrap().push(came_to),
                        Err(_) => broken.lock().unwrap().push(seed),
                    }
                }
            });
        }
    });
    let (lived, broken) = (lived.into_inner().unwrap(), broken.into_inner().unwrap());
    println!(
        "{} lives, {} broken: {:?}",
        lived.len(),
        broken.len(),
        lived.iter().copied().fold(Lived::default(), Lived::add)
    );
    broken
}

#[test]
fn what_was_acknowledged_survives_power_loss_at_any_moment() {
    if is_on_postgres() {
        return;
    }
    // To see what would be noticed: FERNAMT_LIES names kinds of files, as bits.
    let lies = number("FERNAMT_LIES").map(|files| lie(u32::try_from(files).unwrap()));
    let broken = broken(&seeds(), lies.as_slice(), usize::MAX);
    assert!(broken.is_empty(), "have it again with FERNAMT_SEED, one of {broken:?}");
}

#[test]
fn a_disk_that_only_says_that_it_syncs_is_found_out() {
    if is_on_postgres() {
        return;
    }
    // One after the other, because the first is nearly always enough.
    let is_found_out = |seed| !broken(&[seed], &[lie(files::ALL)], 1).is_empty();
    assert!((1..=4).any(is_found_out), "this test notices nothing");
}
