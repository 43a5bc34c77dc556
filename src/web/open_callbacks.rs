//! How many people wait for a callback, and who first: pages show it by the way, so it must cost them nothing.

use std::fmt::Display;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::clock::now_ms;
use crate::calls::phone::Numbering;
use crate::log_throttle::throttled;
use crate::store::Db;
use crate::store::callbacks::{CallbackPage, count_open, open_callbacks};

/// Missed calls longer ago than this many days are only listed if asked for.
pub const DEFAULT_DAYS: i64 = 30;
/// So many are named by the way.
pub const FIRST: usize = 3;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// An answer is remembered so many times as long as asking took: where that is nothing it is always new, and where
/// there are very many calls asking takes a small share of the time all the same.
const REMEMBERED_TIMES: u32 = 20;
const REMEMBERED_AT_MOST: Duration = Duration::from_secs(5);

/// When the time begins that ends now and is so many days long.
pub fn days_ago_ms(days: i64) -> i64 {
    now_ms() - days * DAY_MS
}

/// Who is owed a callback, as far as pages say it by the way.
#[derive(Debug, Default)]
pub struct OpenCallbacks {
    count: Cached<i64>,
    first: Cached<CallbackPage>,
}

impl OpenCallbacks {
    /// How many callbacks are owed, at most a few seconds old; `None` while the database does not answer.
    pub async fn count(&self, db: &Db, numbering: &Numbering) -> Option<i64> {
        self.count.get(count_open(db, numbering, days_ago_ms(DEFAULT_DAYS))).await
    }

    /// Who has waited longest, at most a few seconds old; `None` while the database does not answer.
    pub async fn first(&self, db: &Db, numbering: &Numbering) -> Option<CallbackPage> {
        self.first.get(open_callbacks(db, numbering, days_ago_ms(DEFAULT_DAYS), None, FIRST)).await
    }

    /// They are others now.
    pub async fn forget(&self) {
        self.count.forget().await;
        self.first.forget().await;
    }
}

/// An answer of the database that is not asked for again at once.
#[derive(Debug)]
pub struct Cached<T> {
    // Held while asking: pages asked for at the same time ask once.
    known: Mutex<Option<(Instant, Option<T>)>>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self { known: Mutex::default() }
    }
}

impl<T: Clone> Cached<T> {
    /// The answer; `None` while the database does not answer.
    pub async fn get<E: Display>(&self, ask: impl Future<Output = Result<T, E>>) -> Option<T> {
        let mut known = self.known.lock().await;
        if let Some((until, value)) = &*known
            && Instant::now() < *until
        {
            return value.clone();
        }
        let began = Instant::now();
        let value =
            ask.await.inspect_err(|error| throttled!(warn, error, "what pages show by the way is not known")).ok();
        let remembered = (began.elapsed() * REMEMBERED_TIMES).min(REMEMBERED_AT_MOST);
        *known = Some((Instant::now() + remembered, value.clone()));
        value
    }

    async fn forget(&self) {
        *self.known.lock().await = None;
    }
}
