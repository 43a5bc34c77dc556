//! A random plan of the faults before the power is cut.

use std::ops::Range;
use std::time::Duration;

use rand::{RngExt, rngs::StdRng};

use super::records::{Call, EIO, ENOSPC, How, Rule, files};

/// Of one start.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub rules: Vec<Rule>,
    /// From the start on, and not only once it was seen what is there.
    pub from_start: bool,
    /// How long events come.
    pub load: Duration,
    /// It works again so long before the end.
    pub well_again: Option<Duration>,
    /// How far the clock jumps meanwhile, in seconds.
    pub clock: Option<i64>,
    /// The server is stopped before the power is cut.
    pub ends_well: bool,
}

const SYNCS: [Call; 2] = [Call::Sync, Call::SyncFolder];
const ALWAYS: Range<u32> = 0..u32::MAX;

fn between(chance: &mut StdRng, milliseconds: Range<u64>) -> Duration {
    Duration::from_millis(chance.random_range(milliseconds))
}

fn one_of<T: Copy>(chance: &mut StdRng, all: &[T]) -> T {
    all[chance.random_range(0..all.len())]
}

fn some(chance: &mut StdRng, latest: u32, most: u32) -> Range<u32> {
    let first = chance.random_range(0..latest);
    first..first + chance.random_range(1..=most)
}

fn rule(calls: &[Call], files: u32, which: Range<u32>, error: u32, how: How) -> Rule {
    Rule { calls: calls.to_vec(), files, first: which.start, end: which.end, error, how }
}

fn failing_sync(chance: &mut StdRng) -> Rule {
    let kinds = [
        files::LOG,
        files::LOG,
        files::DATABASE,
        files::SPOOL,
        files::ROUTES,
        files::COPIES,
        files::FOLDER,
        files::ALL,
    ];
    let (kind, how) = (one_of(chance, &kinds), one_of(chance, &[How::Plainly, How::HalfDone, How::DoneAllTheSame]));
    rule(&SYNCS, kind, some(chance, 12, 3), EIO, how)
}

fn failing_write(chance: &mut StdRng) -> Rule {
    let kinds = [files::LOG, files::DATABASE, files::LOG | files::DATABASE, files::SPOOL, files::ROUTES, files::ALL];
    let (kind, how) = (one_of(chance, &kinds), one_of(chance, &[How::Plainly, How::HalfDone]));
    rule(&[Call::Write, Call::Truncate], kind, some(chance, 60, 20), one_of(chance, &[EIO, ENOSPC]), how)
}

fn failing_name(chance: &mut StdRng) -> Rule {
    let calls = [Call::Open, Call::Rename, Call::Unlink, Call::Link];
    rule(&calls, files::ALL, some(chance, 4, 3), one_of(chance, &[EIO, ENOSPC]), How::Plainly)
}

/// The database takes nothing for so long that events go into the spool, which may fail now and then.
fn without_database(chance: &mut StdRng) -> Plan {
    let all = [Call::Write, Call::Truncate];
    let how = one_of(chance, &[How::Plainly, How::HalfDone, How::DoneAllTheSame]);
    let mut rules = vec![match chance.random_range(0..3) {
        0 => rule(&all, files::LOG | files::DATABASE, ALWAYS, ENOSPC, How::HalfDone),
        _ => rule(&[Call::Sync], files::LOG, ALWAYS, EIO, how),
    }];
    match chance.random_range(0..4) {
        0 => rules.push(rule(&SYNCS, files::SPOOL | files::FOLDER, some(chance, 4, 3), EIO, how)),
        1 => rules.push(rule(&all, files::SPOOL, some(chance, 4, 3), ENOSPC, How::HalfDone)),
        _ => {}
    }
    let well_again = chance.random_bool(0.5).then(|| between(chance, 100..1_200));
    let load = between(chance, 2_300..3_000) + well_again.unwrap_or_default();
    Plan { rules, load, well_again, ..Plan::default() }
}

impl Plan {
    /// For one start. What takes long comes seldom.
    pub fn new(chance: &mut StdRng) -> Self {
        let mut plan = match chance.random_range(0..12) {
            0..=2 => Self::default(),
            3 | 4 => Self { rules: vec![failing_sync(chance)], ..Self::default() },
            5 | 6 => Self { rules: vec![failing_write(chance)], ..Self::default() },
            7 => Self { rules: vec![failing_name(chance)], ..Self::default() },
            8 => {
                let rules = [failing_sync(chance), failing_write(chance), failing_name(chance)];
                Self { rules: vec![rules[chance.random_range(0..3)].clone()], from_start: true, ..Self::default() }
            }
            9 => {
                let everything = [Call::Write, Call::Truncate, Call::Open, Call::Rename, Call::Link];
                let rules = vec![rule(&everything, files::ALL, ALWAYS, ENOSPC, How::HalfDone)];
                Self { rules, well_again: Some(between(chance, 100..500)), ..Self::default() }
            }
            _ => without_database(chance),
        };
        if plan.load.is_zero() {
            plan.load = between(chance, 60..500) + plan.well_again.unwrap_or_default();
        }
        plan.ends_well = plan.rules.is_empty() && chance.random_bool(0.3);
        let hour = 3_600;
        plan.clock = chance.random_bool(0.4).then(|| chance.random_range(-48 * hour..48 * hour));
        plan
    }
}
