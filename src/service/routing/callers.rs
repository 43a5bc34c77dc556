//! Call history by caller, cached in memory so that routing never waits for the database. The commits of this process
//! come at once, those of other nodes and of `import` within seconds.

use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use crate::clock::now_ms;
use crate::routing::incoming::History;
use crate::store::calls::accepted::{PeerCall, Since, last_key, peer_calls};
use crate::store::ingest::changes::CallChange;
use crate::store::{Db, StoreError};

/// How often the database is polled for calls of other nodes.
const LOOK_EVERY: Duration = Duration::from_secs(3);
/// How far back such a poll reads: most calls are accepted within that time.
const JUST_NOW_MS: i64 = 10 * 60_000;
/// How often a poll reads further back, for calls that rang longer; and how far back.
const LOOK_BACK_EVERY: Duration = Duration::from_secs(60);
const LOOK_BACK_MS: i64 = 4 * 3_600_000;
const DAY_MS: i64 = 86_400_000;

/// The in-memory cache of earlier calls.
#[derive(Default)]
pub struct Callers {
    history: RwLock<History>,
    reading: Mutex<Reading>,
}

/// What was read from the database so far.
#[derive(Clone, Copy, Default)]
struct Reading {
    /// The number of days read back; 0 = nothing yet.
    days: u16,
    /// The largest key of a call at the last read.
    key: i64,
    looked: Option<Instant>,
    looked_back: Option<Instant>,
}

impl Callers {
    /// Returns the history that routing decisions use, locked for reading.
    pub fn history(&self) -> RwLockReadGuard<'_, History> {
        self.history.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds committed changes to the history.
    pub fn note(&self, changes: &[CallChange]) {
        let with_peer = |change: &&CallChange| {
            change.after.call.peer.is_some() || change.before.as_ref().is_some_and(|before| before.call.peer.is_some())
        };
        let mut changes = changes.iter().filter(with_peer).peekable();
        if changes.peek().is_none() {
            return;
        }
        let mut history = self.history.write().unwrap_or_else(PoisonError::into_inner);
        changes.for_each(|change| {
            history.note(change.before.as_ref().map(|before| &before.call), &change.after.call);
        });
    }

    /// Reads the calls of so many days, as far as routes ask for them, and what other nodes have stored; `None`: no
    /// route asks.
    ///
    /// # Errors
    /// When the database does not answer; the cache stays as it is.
    pub async fn refresh(&self, db: &Db, days: Option<u16>) -> Result<(), StoreError> {
        let Some(days) = days else { return Ok(()) };
        let before = *self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = |last: Option<Instant>, every: Duration| last.is_none_or(|last| last.elapsed() >= every);
        if days <= before.days && !is_due(before.looked, LOOK_EVERY) {
            return Ok(());
        }
        let (now_ms, now) = (now_ms(), Instant::now());
        let mut reading = Reading { key: last_key(db).await?, looked: Some(now), ..before };
        if days > before.days {
            self.learn(&peer_calls(db, Since::Began(now_ms - i64::from(days) * DAY_MS)).await?);
            reading = Reading { days, looked_back: Some(now), ..reading };
        } else {
            let looks_back = is_due(before.looked_back, LOOK_BACK_EVERY);
            let back_ms = if looks_back { LOOK_BACK_MS } else { JUST_NOW_MS };
            self.learn(&peer_calls(db, Since::Began(now_ms - back_ms)).await?);
            if reading.key > before.key {
                self.learn(&peer_calls(db, Since::Key(before.key)).await?);
            }
            reading.looked_back = if looks_back { Some(now) } else { before.looked_back };
        }
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = reading;
        Ok(())
    }

    fn learn(&self, calls: &[PeerCall]) {
        // In chunks, so that no routing decision waits long for the lock.
        for part in calls.chunks(1_000) {
            let mut history = self.history.write().unwrap_or_else(PoisonError::into_inner);
            for PeerCall { direction, party, peer, started_ms, accepted_ms } in part {
                history.learn(*direction, party.as_deref(), peer, *started_ms, *accepted_ms);
            }
        }
    }
}
