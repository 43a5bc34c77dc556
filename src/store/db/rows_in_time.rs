//! A stream of rows that ends when its question is over, and that yields to other tasks while very many rows are
//! processed: the threads that process them also answer callers.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::Stream;
use sqlx::Error;

use super::question::{Over, Question, over};

/// How long rows are processed before the task yields to others.
const STRETCH: Duration = Duration::from_millis(3);
/// The number of rows after which the clock is read.
const ROWS_A_LOOK: u32 = 64;

/// Cooperative yielding for a loop over very many rows that are in memory already.
pub(in crate::store) struct Stretch(Instant);

impl Stretch {
    pub(in crate::store) fn begin() -> Self {
        Self(Instant::now())
    }

    /// Yields to other tasks once [`STRETCH`] has passed.
    ///
    /// # Errors
    /// When the question is over.
    pub(in crate::store) async fn rest(&mut self) -> Result<(), Over> {
        if self.0.elapsed() < STRETCH {
            return Ok(());
        }
        tokio::task::yield_now().await;
        self.0 = Instant::now();
        if Question::asked().is_some_and(|question| question.is_over()) { Err(Over) } else { Ok(()) }
    }
}

/// The slot that the next row is put into.
pub(in crate::store) struct Next<T>(Arc<Mutex<Option<T>>>);

impl<T> Next<T> {
    fn slot(&self) -> std::sync::MutexGuard<'_, Option<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a row over and waits until the next one is wanted.
    pub(in crate::store) async fn give(&self, row: T) {
        *self.slot() = Some(row);
        let mut is_given = false;
        std::future::poll_fn(|_| if std::mem::replace(&mut is_given, true) { Poll::Ready(()) } else { Poll::Pending })
            .await;
    }
}

/// A stream of rows: see [the module](self).
pub(in crate::store) struct RowsInTime<'e, T> {
    /// The work that produces the rows; `None` once it has ended, whichever way.
    work: Option<BoxFuture<'e, Result<(), Error>>>,
    next: Next<T>,
    over: Option<BoxFuture<'static, Over>>,
    stretch: Option<Instant>,
    rows: u32,
}

impl<'e, T> RowsInTime<'e, T> {
    pub(in crate::store) fn new(work: impl FnOnce(Next<T>) -> BoxFuture<'e, Result<(), Error>>) -> Self {
        let slot = Arc::new(Mutex::new(None));
        let work = Some(work(Next(slot.clone())));
        Self { work, next: Next(slot), over: None, stretch: None, rows: 0 }
    }

    /// Returns whether the task has run long enough to yield to others.
    fn is_long(&mut self) -> bool {
        self.rows = self.rows.wrapping_add(1);
        let began = *self.stretch.get_or_insert_with(Instant::now);
        self.rows.is_multiple_of(ROWS_A_LOOK) && began.elapsed() >= STRETCH
    }

    /// Returns `Pending`, to wait for a row or to yield, or an error if the question is over.
    fn rest(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Error>>> {
        self.stretch = None;
        if self.over.is_none() {
            self.over = Question::asked().map(|question| question.over().boxed());
        }
        match self.over.as_mut().map(|over| over.poll_unpin(context)) {
            None | Some(Poll::Pending) => Poll::Pending,
            Some(Poll::Ready(Over)) => {
                self.work = None;
                Poll::Ready(Some(Err(over())))
            }
        }
    }
}

impl<T> Stream for RowsInTime<'_, T> {
    type Item = Result<T, Error>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // All of it that must not move is boxed.
        let rows = self.get_mut();
        if rows.is_long() {
            context.waker().wake_by_ref();
            return rows.rest(context);
        }
        let Some(work) = &mut rows.work else { return Poll::Ready(None) };
        let done = work.poll_unpin(context);
        if let Some(row) = rows.next.slot().take() {
            return Poll::Ready(Some(Ok(row)));
        }
        let Poll::Ready(done) = done else { return rows.rest(context) };
        rows.work = None;
        let is_over = || Question::asked().is_some_and(|question| question.is_over());
        Poll::Ready(done.err().map(|error| Err(if is_over() { over() } else { error })))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::TryStreamExt;

    use super::*;
    use crate::store::db::question::Connections;

    fn numbers(count: u32) -> RowsInTime<'static, u32> {
        RowsInTime::new(move |next| {
            Box::pin(async move {
                for number in 0..count {
                    next.give(number).await;
                }
                Ok(())
            })
        })
    }

    #[tokio::test]
    async fn rows_come_all_and_in_order() {
        let rows: Vec<u32> = numbers(1_000).try_collect().await.unwrap();
        assert_eq!(rows, (0..1_000).collect::<Vec<_>>());
        let mut failing = RowsInTime::<u32>::new(|_| Box::pin(async { Err(Error::RowNotFound) }));
        assert!(matches!(failing.try_next().await, Err(Error::RowNotFound)));
        assert!(matches!(failing.try_next().await, Ok(None)));
    }

    #[tokio::test]
    async fn others_have_their_turn_while_many_rows_are_counted() {
        let turns = Arc::new(AtomicU32::new(0));
        let others = turns.clone();
        let other = tokio::spawn(async move {
            loop {
                others.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
        let mut rows = numbers(50_000);
        while rows.try_next().await.unwrap().is_some() {
            std::hint::black_box((0..200).fold(0_u64, |sum, number| sum ^ number));
        }
        other.abort();
        let turns = turns.load(Ordering::Relaxed);
        assert!(turns > 1, "{turns} turns");
    }

    #[tokio::test]
    async fn what_waits_for_rows_that_never_come_ends_with_its_question() {
        let question = Question::new(Connections::default(), Duration::from_millis(30), None);
        let mut rows = RowsInTime::<u32>::new(|_| Box::pin(std::future::pending()));
        let told = question.ask(async { rows.try_next().await }).await;
        assert!(matches!(told, Err(Error::AnyDriverError(error)) if error.is::<Over>()));
        assert!(matches!(rows.try_next().await, Ok(None)));
    }
}
