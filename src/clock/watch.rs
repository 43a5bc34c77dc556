//! The clock of a running server: compared with the time that passes and with what the database saw last.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{Clock, Doubt, JUMP_MS, Measured, Memory};
use crate::store::{Db, StoreError, clock};
use crate::web::clock::rfc3339;

/// How often it is looked.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How often the database is told what the clock shows, milliseconds.
const TELL_EVERY_MS: i64 = 120_000;

/// What is thought of the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing yet: the database has not answered.
    Unknown,
    /// It is believed; how often a clock was confirmed so far.
    Believed(i64),
    /// It is not; how often a clock was confirmed so far.
    Doubted(i64, Doubt),
}

impl Verdict {
    /// Whether it is news: that a wrong clock goes on is none.
    fn is_other_than(self, other: Self) -> bool {
        match (self, other) {
            (Self::Doubted(before, _), Self::Doubted(now, _)) => before != now,
            (before, now) => before != now,
        }
    }
}

/// When the clock was believed last.
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

/// Watches the clock of a server.
pub struct WatchedClock {
    clock: Clock,
    /// Whether anything is to be forgotten or deleted by it.
    matters: bool,
    anchor: Mutex<Option<Anchor>>,
    verdict: watch::Sender<Verdict>,
}

impl WatchedClock {
    /// Of a clock; whether it matters.
    pub fn new(clock: Clock, matters: bool) -> Self {
        Self { clock, matters, anchor: Mutex::default(), verdict: watch::Sender::new(Verdict::Unknown) }
    }

    /// What the clock shows, milliseconds since 1970 UTC; nothing that cannot be undone may follow from it.
    pub fn now_ms(&self) -> i64 {
        self.clock.now_ms()
    }

    /// Hears of everything that is thought of the clock from now on.
    pub fn subscribe(&self) -> watch::Receiver<Verdict> {
        self.verdict.subscribe()
    }

    /// Looks now, and tells the database what the clock shows if it is believed; what it shows, and what is thought of
    /// that.
    ///
    /// # Errors
    /// When the database does not answer.
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

    /// Whether `now_ms`, read from the clock just now, may be believed by what was found out last.
    pub fn believes(&self, now_ms: i64) -> bool {
        let expected_ms = self.lock().as_ref().map(|anchor| anchor.measured().expected_ms);
        let is_near = expected_ms.is_some_and(|expected_ms| now_ms.abs_diff(expected_ms) <= JUMP_MS.unsigned_abs());
        is_near && matches!(*self.verdict.borrow(), Verdict::Believed(_))
    }

    /// Why the clock is not believed, where that stops anything.
    pub fn doubt(&self) -> Option<Doubt> {
        match *self.verdict.borrow() {
            Verdict::Doubted(_, doubt) if self.matters => Some(doubt),
            _ => None,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Anchor>> {
        self.anchor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whoever listens, and the log when it begins and when it is over; whether it is news.
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

/// Looks at the clock, at the start and from then on.
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
