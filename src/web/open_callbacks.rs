//! The number of open callbacks, and those that have waited longest, cached because many pages show them.

use std::fmt::Display;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::clock::now_ms;
use crate::calls::phone::Numbering;
use crate::log_throttle::throttled;
use crate::store::Db;
use crate::store::callbacks::{CallbackPage, count_open, open_callbacks};

/// How many days back missed calls are listed; older ones only if asked for.
pub const DEFAULT_DAYS: i64 = 30;
/// The number of longest waiting callbacks that pages show.
pub const FIRST: usize = 3;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Lifetime of a cached answer, as a multiple of the duration of its query: where that is short the answer is always
/// fresh, and where there are very many calls the query takes a small share of the time all the same.
const REMEMBERED_TIMES: u32 = 20;
const REMEMBERED_AT_MOST: Duration = Duration::from_secs(5);

/// Returns the time so many days before now, in milliseconds since 1970 UTC.
pub fn days_ago_ms(days: i64) -> i64 {
    now_ms() - days * DAY_MS
}

/// The cache of open callbacks that pages show.
#[derive(Debug, Default)]
pub struct OpenCallbacks {
    count: Cached<i64>,
    first: Cached<CallbackPage>,
}

impl OpenCallbacks {
    /// Returns the number of open callbacks, at most a few seconds old; `None` while the database does not answer.
    pub async fn count(&self, db: &Db, numbering: &Numbering) -> Option<i64> {
        self.count.get(count_open(db, numbering, days_ago_ms(DEFAULT_DAYS))).await
    }

    /// Returns those that have waited longest, at most a few seconds old; `None` while the database does not answer.
    pub async fn first(&self, db: &Db, numbering: &Numbering) -> Option<CallbackPage> {
        self.first.get(open_callbacks(db, numbering, days_ago_ms(DEFAULT_DAYS), None, FIRST)).await
    }

    /// Invalidates the cache, because callbacks changed.
    pub async fn forget(&self) {
        self.count.forget().await;
        self.first.forget().await;
    }
}

/// An answer of the database, cached for a short time.
#[derive(Debug)]
pub struct Cached<T> {
    // Locked during the query: pages that ask at the same time share one.
    known: Mutex<Option<(Instant, Option<T>)>>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self { known: Mutex::default() }
    }
}

impl<T: Clone> Cached<T> {
    /// Returns the cached answer, or that of the query; `None` while the database does not answer.
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
