//! Answers of the database that many pages show, cached for a short time.

use std::fmt::Display;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use crate::log_throttle::throttled;

/// Lifetime of a cached answer, as a multiple of the duration of its query: where that is short the answer is always
/// fresh, and where there are very many calls the query takes a small share of the time all the same.
const REMEMBERED_TIMES: u32 = 20;
const REMEMBERED_AT_MOST: Duration = Duration::from_secs(5);

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

    /// Invalidates the answer, because what it tells of changed.
    pub async fn forget(&self) {
        *self.known.lock().await = None;
    }
}
