//! Blocking or CPU-bound work, off the threads that answer callers.

use tokio::task::spawn_blocking;

use super::error::ServiceError;
use crate::store::db::question::Question;

/// Runs blocking or CPU-bound work on a thread pool. Its request keeps its share until it is done, even if the client
/// leaves: it cannot be cancelled.
///
/// # Errors
/// When the work panics.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, ServiceError> {
    let question = Question::asked();
    let work = move || {
        let done = work();
        drop(question);
        done
    };
    spawn_blocking(work).await.map_err(|error| ServiceError::Internal(error.to_string()))
}
