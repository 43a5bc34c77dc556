//! Monitors the clock of a running server: compares it with the time that passes and with what the database saw last.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Clock, Doubt, JUMP_MS, Measured, Memory};
use crate::clock::rfc3339;
use crate::store::db::clock;
use crate::store::{Db, StoreError};

/// Interval at which the clock is checked.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// Interval at which the time of a believed clock is stored in the database, in milliseconds.
const TELL_EVERY_MS: i64 = 120_000;

/// The assessment of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Not assessed yet: the database has not answered.
    Unknown,
    /// The clock is believed; holds the number of confirmations so far.
    Believed(i64),
    /// The clock is not believed; holds the number of confirmations so far.
    Doubted(i64, Doubt),
}

impl Verdict {
    /// Returns whether the verdict has changed: a wrong clock that stays wrong is no change.
    fn is_other_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::Doubted(before, _), Self::Doubted(now, _)) => before != now,
            (before, now) => before != now,
        }
    }
}

/// The moment at which the clock was last believed.
struct Anchor {
    now_ms: i64,
    at: Instant,
    memory: Memory,
}

impl Anchor {
    fn measured(&self) -> Measured {
        let passed_ms = i64::try_from(self.at.elapsed().as_millis()).unwrap_or(i64::MAX);
        Measured { expected_ms: self.now_ms.saturating_add(passed_ms), memory: self.memory }
    }
}

/// A clock under supervision.
pub struct WatchedClock {
    clock: Clock,
    /// Whether anything is to be forgotten or deleted by the clock.
    matters: bool,
    anchor: Mutex<Option<Anchor>>,
    verdict: watch::Sender<Verdict>,
}

impl WatchedClock {
    /// Creates the supervision of a clock; `matters` tells whether anything irreversible depends on it.
    pub fn new(clock: Clock, matters: bool) -> Self {
        Self { clock, matters, anchor: Mutex::default(), verdict: watch::Sender::new(Verdict::Unknown) }
    }

    /// Returns the time that the clock shows, milliseconds since 1970 UTC, unchecked: not for anything irreversible.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Subscribes to changes of the verdict.
    pub fn subscribe(&self) -> watch::Receiver<Verdict> {
        self.verdict.subscribe()
    }

    /// Assesses the clock now, and stores its time in the database if it is believed; returns the time and the verdict.
    pub async fn look(&self, db: &Db) -> Result<(i64, Verdict), StoreError> {
        let mut memory = clock::recall(db).await?;
        let (now_ms, at) = (self.clock.now_ms(), Instant::now());
        let measured = self.lock().as_ref().map(Anchor::measured);
        let verdict = match memory.doubt(measured, now_ms) {
            Some(doubt) => Verdict::Doubted(memory.confirmed, doubt),
            None => {
                let is_old = memory.seen_ms.is_none_or(|seen_ms| now_ms - seen_ms >= TELL_EVERY_MS);
                if is_old && clock::see(db, memory.seen_ms, now_ms).await? {
                    memory.seen_ms = Some(now_ms);
                }
                *self.lock() = Some(Anchor { now_ms, at, memory });
                Verdict::Believed(memory.confirmed)
            }
        };
        if self.conclude(verdict) && matches!(verdict, Verdict::Believed(_)) {
            clock::tidy(db, now_ms).await?;
        }
        Ok((now_ms, verdict))
    }

    /// Returns whether `now_ms`, read from the clock just now, may be believed by the last verdict.
    pub fn believes(&self, now_ms: i64) -> bool {
        let expected_ms = self.lock().as_ref().map(|anchor| anchor.measured().expected_ms);
        let is_near = expected_ms.is_some_and(|expected_ms| now_ms.abs_diff(expected_ms) <= JUMP_MS.unsigned_abs());
        is_near && matches!(*self.verdict.borrow(), Verdict::Believed(_))
    }

    /// Returns why the clock is not believed, if anything depends on it.
    pub fn doubt(&self) -> Option<Doubt> {
        match *self.verdict.borrow() {
            Verdict::Doubted(_, doubt) if self.matters => Some(doubt),
            _ => None,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Anchor>> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Publishes the verdict, and logs when doubt begins and ends; returns whether the verdict has changed.
    fn conclude(&self, verdict: Verdict) -> bool {
        let mut before = verdict;
        let is_news = self.verdict.send_if_modified(|held| {
            before = std::mem::replace(held, verdict);
            before.is_other_than(verdict)
        });
        match (before, verdict) {
            (Verdict::Doubted(..), Verdict::Doubted(..)) => {}
            (_, Verdict::Doubted(_, Doubt { now_ms, expected_ms })) => {
                let (now, expected) = (rfc3339(now_ms), rfc3339(expected_ms));
                if self.matters {
                    tracing::error!(
                        now,
                        expected,
                        "the clock jumped: nothing old is forgotten or deleted until it is set right, or confirmed \
                         with `fernamt clock confirm`; events are stored as always"
                    );
                } else {
                    tracing::info!(now, expected, "the clock jumped; nothing here depends on it");
                }
            }
            (Verdict::Doubted(..), Verdict::Believed(_)) => tracing::info!("the clock is believed again"),
            _ => {}
        }
        is_news
    }
}

/// Assesses the clock periodically, beginning at the start.
pub async fn keep_watch(watch: Arc<WatchedClock>, db: Arc<Db>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Err(error) = watch.look(&db).await {
            tracing::debug!(%error, "the clock was not compared with what the database saw last");
        }
    }
}
