use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::accounts::secret::{SecretHash, new_session};
use crate::clock::watch::WatchedClock;
use crate::store::accounts::sessions::{Session, find_session, open_session, touch_session};
use crate::store::{Db, StoreError};

/// Lifetime of a cached session: another node may have ended it.
const FRESH: Duration = Duration::from_secs(5);
/// The resolution of "last used", in milliseconds.
const TOUCH_MS: i64 = 60_000;
/// Maximum number of cached sessions.
const MOST: usize = 10_000;

/// The cache of sessions that were read from the database a moment ago.
#[derive(Default)]
pub struct Sessions {
    remembered: Mutex<CachedSession>,
}

#[derive(Default)]
struct CachedSession {
    by_hash: HashMap<SecretHash, (Session, Instant)>,
    /// The generation of the cache, raised whenever sessions may have ended: what was read before is not kept.
    forgotten: u64,
}

impl Sessions {
    /// Returns the session with the secret of this hash.
    ///
    /// # Errors
    /// When the database does not answer, and the session is not cached.
    pub async fn of(
        &self,
        hash: Option<SecretHash>,
        db: &Arc<Db>,
        clock: &WatchedClock,
    ) -> Result<Option<Session>, StoreError> {
        let Some(hash) = hash else { return Ok(None) };
        let now_ms = clock.now_ms();
        let (known, forgotten) = {
            let remembered = self.lock();
            (remembered.by_hash.get(&hash).cloned(), remembered.forgotten)
        };
        if let Some((session, at)) = &known
            && at.elapsed() < FRESH
        {
            return Ok(Some(session.clone()).filter(|session| session.holds(now_ms)));
        }
        let found = match (find_session(db, hash).await, known) {
            // A cached session stays valid while the database is away: then pages matter most.
            (Err(error), Some((session, _))) if error.is_passing() => {
                return Ok(Some(session).filter(|session| session.holds(now_ms)));
            }
            (found, _) => found?.filter(|session| session.holds(now_ms)),
        };
        if let Some(session) = &found
            && now_ms - session.seen_ms >= TOUCH_MS
            && clock.believes(now_ms)
        {
            // In the background: nothing waits for it or depends on it.
            let (db, id) = (db.clone(), session.id);
            tokio::spawn(async move {
                if let Err(error) = touch_session(&db, id, now_ms).await {
                    tracing::debug!(%error, "the use of a session was not noted");
                }
            });
        }
        let mut remembered = self.lock();
        if remembered.forgotten == forgotten {
            remembered.keep(hash, found.clone());
        }
        Ok(found)
    }

    /// Opens a session, always a new one, in place of the one with the secret of `before`, and returns its secret; `None`
    /// if the account is gone meanwhile. `agent` is what the browser calls itself.
    pub async fn open(
        &self,
        before: Option<SecretHash>,
        agent: &str,
        db: &Arc<Db>,
        clock: &WatchedClock,
        user_id: i64,
    ) -> Result<Option<String>, StoreError> {
        let before = self.of(before, db, clock).await?;
        let (secret, now_ms) = (new_session(), clock.now_ms());
        let (hash, clean_up) = (SecretHash::of(&secret), clock.believes(now_ms));
        let before = before.map(|before| before.id);
        if !open_session(db, hash, user_id, agent, now_ms, clean_up, before).await? {
            return Ok(None);
        }
        if before.is_some() {
            self.forget();
        }
        Ok(Some(secret))
    }

    /// Invalidates the cache, because sessions may have ended.
    pub fn forget(&self) {
        let mut remembered = self.lock();
        remembered.by_hash.clear();
        remembered.forgotten += 1;
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, CachedSession> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CachedSession {
    fn keep(&mut self, hash: SecretHash, session: Option<Session>) {
        if self.by_hash.len() >= MOST {
            self.by_hash.clear();
        }
        match session {
            Some(session) => drop(self.by_hash.insert(hash, (session, Instant::now()))),
            None => drop(self.by_hash.remove(&hash)),
        }
    }
}
