//! Benchmark of the writer against rusqlite: 200 events a transaction, all indexes, every commit synced to disk.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono_tz::Europe::Berlin;
use fernamt::calls::call::Call;
use fernamt::calls::phone::Numbering;
use fernamt::calls::receipts::{Receipt, Receipts};
use fernamt::placetel::event::Kind;
use fernamt::placetel::reply::EMPTY_RESPONSE;
use fernamt::routing::table::Decision;
use fernamt::simulate::habits::Habits;
use fernamt::simulate::script::Script;
use fernamt::stats::business::BusinessTime;
use fernamt::stats::derivation::Derivation;
use fernamt::stats::rollup::{Contribution, Differences};
use fernamt::store::Db;
use fernamt::store::ingest::record::{Delivery, Source, record};

use crate::machine::scratch;
use crate::replay::{self, Recorder, Transaction};
use crate::table::{Table, Wanted, median, thousands};

const BATCH: usize = 200;
const BATCHES: usize = 200;
/// So many are in the database before the clock runs.
const BATCHES_BEFORE: usize = 100;
const ROUNDS: usize = 5;
const FIRST_MS: i64 = 1_795_000_000_000;
const BETWEEN_CALLS_MS: i64 = 10;

pub fn measure(table: &mut Table) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let derivation =
        Derivation { numbering: Arc::new(Numbering::new("DE").unwrap()), business: BusinessTime::new(Berlin, None) };
    let batches = batches();
    let statements = runtime.block_on(learn(&derivation, &batches));
    let (mut ours, mut theirs, mut commits) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(runtime.block_on(write(&derivation, &batches)).as_secs_f64());
        let (took, committing) = runtime.block_on(replay(&statements));
        theirs.push(took.as_secs_f64());
        commits.push(committing.as_secs_f64());
    }
    let events = (BATCH * BATCHES) as f64;
    let rate = |took: &[f64]| events / median(took.iter().copied());
    let ratio = median(ours.iter().zip(&theirs).map(|(ours, theirs)| theirs / ours));
    table.note(
        "writer, 200 events a transaction: rusqlite, the same statements",
        format!("{} events/s", thousands(rate(&theirs))),
    );
    table.note("writer, 200 events a transaction: fernamt", format!("{} events/s", thousands(rate(&ours))));
    table.require("writer: fernamt to rusqlite", ratio, "", Wanted::AtLeast(0.6));
    let micros = |seconds: f64| seconds * 1e6 / events;
    let (whole, bare, commit) = (micros(median(ours)), micros(median(theirs)), micros(median(commits)));
    let (parse, fold) = (parsing(&batches), folding(&derivation, &batches));
    let rest = whole - bare - fold;
    table.note(
        "writer: where the time of an event goes",
        format!(
            "{whole:.1} us = commit {commit:.1} + other statements {:.1} + fold and difference {fold:.1} + sqlx and the rest {rest:.1}",
            bare - commit
        ),
    );
    table.note("writer: reading a body, done before it is queued", format!("{parse:.1} us"));
}

/// Calls as they come at a busy exchange: each call's events in their own time, between those of others.
fn batches() -> Vec<Vec<Delivery>> {
    let mut script = Script::new(Habits { talk_mean_seconds: 150.0, talk_max_seconds: 3600.0, ..Habits::default() }, 1);
    let mut coming = BinaryHeap::new();
    let mut deliveries = Vec::new();
    let mut start_ms = FIRST_MS;
    // The exchange runs for a while first, so that calls end as often as they begin.
    let skipped = 600_000 / BETWEEN_CALLS_MS * 5 / 2;
    while deliveries.len() < skipped as usize + BATCH * (BATCHES_BEFORE + BATCHES) {
        for step in script.next_call().steps {
            coming.push(Reverse((start_ms + step.offset_ms as i64, step.body)));
        }
        start_ms += BETWEEN_CALLS_MS;
        while coming.peek().is_some_and(|Reverse((at_ms, _))| *at_ms < start_ms) {
            let Reverse((at_ms, body)) = coming.pop().unwrap();
            deliveries.push(delivery(at_ms, body.into_bytes()));
        }
    }
    let measured = &deliveries[skipped as usize..];
    measured.chunks_exact(BATCH).take(BATCHES_BEFORE + BATCHES).map(<[Delivery]>::to_vec).collect()
}

fn delivery(received_ms: i64, body: Vec<u8>) -> Delivery {
    let receipt = Receipt::new(received_ms, body).unwrap();
    let decision = Decision {
        route_id: None,
        route_name: None,
        xml: EMPTY_RESPONSE.into(),
        decided_ms: received_ms,
        revision: None,
        took_us: None,
    };
    let offered = (receipt.event.kind == Kind::IncomingCall).then_some(decision);
    Delivery { receipt: receipt.into(), source: Source::Pbx(offered) }
}

async fn open(directory: &Path) -> Arc<Db> {
    Arc::new(Db::open(&format!("sqlite:{}", directory.join("bench.db").display())).await.unwrap())
}

async fn learn(derivation: &Derivation, batches: &[Vec<Delivery>]) -> Vec<Transaction> {
    let directory = scratch();
    let db = open(directory.path()).await;
    let mut recorder = Recorder::new(&directory.path().join("bench.db"));
    let mut transactions = Vec::new();
    for batch in batches {
        let before = recorder.before(batch);
        record(&db, derivation, batch).await.unwrap();
        transactions.push(recorder.after(batch, before));
    }
    db.close().await;
    transactions
}

async fn write(derivation: &Derivation, batches: &[Vec<Delivery>]) -> Duration {
    let directory = scratch();
    let db = open(directory.path()).await;
    let checkpointing = db.checkpoint_in_background();
    let (before, measured) = batches.split_at(BATCHES_BEFORE);
    for batch in before {
        record(&db, derivation, batch).await.unwrap();
    }
    let started = Instant::now();
    for batch in measured {
        record(&db, derivation, batch).await.unwrap();
    }
    let took = started.elapsed();
    checkpointing.unwrap().abort();
    db.close().await;
    took
}

/// With checkpoints from the background, too.
async fn replay(transactions: &[Transaction]) -> (Duration, Duration) {
    let directory = scratch();
    open(directory.path()).await.close().await;
    let file = directory.path().join("bench.db");
    let connection = replay::connect(&file);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let background = replay::connect(&file);
            while !done.load(Ordering::Relaxed) {
                let _ = background.query_row("pragma wal_checkpoint(passive)", [], |_| Ok(()));
                std::thread::park_timeout(Duration::from_secs(1));
            }
        });
        let (before, measured) = transactions.split_at(BATCHES_BEFORE);
        for transaction in before {
            transaction.execute(&connection);
        }
        let started = Instant::now();
        let committing = measured.iter().map(|transaction| transaction.execute(&connection)).sum();
        let took = started.elapsed();
        done.store(true, Ordering::Relaxed);
        (took, committing)
    })
}

/// Microseconds an event takes to be read.
fn parsing(batches: &[Vec<Delivery>]) -> f64 {
    let bodies: Vec<_> = batches.iter().flatten().map(|delivery| delivery.receipt.body.clone()).collect();
    let (count, started) = (bodies.len(), Instant::now());
    bodies.into_iter().for_each(|body| drop(std::hint::black_box(Receipt::new(0, body).unwrap())));
    started.elapsed().as_secs_f64() * 1e6 / count as f64
}

/// Microseconds an event takes to be folded into its call and counted, once before and once after it.
fn folding(derivation: &Derivation, batches: &[Vec<Delivery>]) -> f64 {
    let mut known = std::collections::HashMap::<_, Receipts>::new();
    let mut took = Duration::ZERO;
    for batch in batches {
        let started = Instant::now();
        let mut differences = Differences::default();
        for Delivery { receipt, .. } in batch {
            let receipts = known.entry(receipt.event.call_id.clone()).or_default();
            let count = |call: &Call| Contribution::of(call, true, &derivation.business);
            let before = Call::fold(receipts, &derivation.numbering).as_ref().map(count);
            receipts.deliver(receipt.clone());
            let after = Call::fold(receipts, &derivation.numbering).as_ref().map(count);
            differences.replace(before.as_ref(), after.as_ref());
        }
        std::hint::black_box(differences.into_cells());
        took += started.elapsed();
    }
    took.as_secs_f64() * 1e6 / (batches.len() * BATCH) as f64
}
