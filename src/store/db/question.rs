//! A question: everything that is read to answer one asker, with its time budget, its share of connections, and its
//! cancellation when nobody waits for the answer any more. Whatever a task reads within a question is part of it; what
//! it reads outside of one is the service's own reading.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

tokio::task_local! {
    static ASKED: Question;
}

/// The error of a question for which nothing more is read: it took too long, or nobody waits for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the question took too long, or nobody waits for the answer")]
pub struct Over;

/// The limit on connections that one asker uses at once: one of their own, and another one as long as few have two.
#[derive(Clone, Debug)]
pub struct Connections {
    pub(in crate::store) all: Arc<Semaphore>,
    pub(in crate::store) first: Arc<Semaphore>,
}

impl Default for Connections {
    fn default() -> Self {
        let [all, first] = [2, 1].map(|most| Arc::new(Semaphore::new(most)));
        Self { all, first }
    }
}

/// A handle to one question, shared by all its clones.
#[derive(Clone, Debug)]
pub struct Question(Arc<Asked>);

#[derive(Debug)]
struct Asked {
    connections: Connections,
    budget: Duration,
    deadline: Mutex<Instant>,
    is_given_up: AtomicBool,
    given_up: Notify,
    /// The asker's permit, held as long as anything works at the question.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Question {
    /// Begins a question, and with it its time budget. All questions of one asker share `connections`.
    pub fn new(connections: Connections, budget: Duration, turn: Option<OwnedSemaphorePermit>) -> Self {
        let (deadline, is_given_up) = (Mutex::new(Instant::now() + budget), AtomicBool::new(false));
        let given_up = Notify::new();
        Self(Arc::new(Asked { connections, budget, deadline, is_given_up, given_up, _turn: turn }))
    }

    /// Returns the question that the running task is part of.
    pub fn asked() -> Option<Self> {
        ASKED.try_with(Clone::clone).ok()
    }

    /// Wraps `work` so that all it reads is part of the question.
    pub fn ask<W: Future>(&self, work: W) -> impl Future<Output = W::Output> + use<W> {
        ASKED.scope(self.clone(), work)
    }

    /// Runs a synchronous step so that all it reads is part of the question.
    pub fn step<T>(&self, step: impl FnOnce() -> T) -> T {
        ASKED.sync_scope(self.clone(), step)
    }

    /// Restarts the time budget, because a piece of the answer is done.
    pub fn goes_on(&self) {
        *self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now() + self.0.budget;
    }

    /// Cancels the question, because nobody waits for the answer any more.
    pub fn give_up(&self) {
        self.0.is_given_up.store(true, Ordering::Release);
        self.0.given_up.notify_waiters();
    }

    /// Returns whether nothing more may be read for the question.
    pub fn is_over(&self) -> bool {
        self.0.is_given_up.load(Ordering::Acquire) || Instant::now() >= self.deadline()
    }

    pub(in crate::store) async fn over(self) -> Over {
        let given_up = self.0.given_up.notified();
        let mut given_up = std::pin::pin!(given_up);
        given_up.as_mut().enable();
        while !self.is_over() {
            tokio::select! {
                () = &mut given_up => {}
                () = tokio::time::sleep_until(self.deadline()) => {}
            }
        }
        Over
    }

    pub(in crate::store) fn connections(&self) -> &Connections {
        &self.0.connections
    }

    fn deadline(&self) -> Instant {
        *self.0.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the error of a question that is over, instead of the one that this caused.
pub(in crate::store) fn over() -> sqlx::Error {
    sqlx::Error::AnyDriverError(Box::new(Over))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(budget: Duration) -> Question {
        Question::new(Connections::default(), budget, None)
    }

    #[tokio::test]
    async fn a_question_is_over_when_its_time_is_or_nobody_waits() {
        let short = question(Duration::from_millis(20));
        assert!(!short.is_over());
        assert_eq!(short.clone().over().await, Over);
        assert!(short.is_over());
        short.goes_on();
        assert!(!short.is_over());
        let long = question(Duration::from_secs(3_600));
        let waiting = tokio::spawn(long.clone().over());
        tokio::task::yield_now().await;
        long.give_up();
        assert_eq!(waiting.await.unwrap(), Over);
        // Also for whoever begins to wait after it.
        assert_eq!(long.clone().over().await, Over);
        long.goes_on();
        assert!(long.is_over(), "whoever has left stays away");
    }

    #[tokio::test]
    async fn only_what_is_asked_within_it_is_part_of_it() {
        assert!(Question::asked().is_none());
        let question = question(Duration::from_secs(1));
        assert!(question.ask(async { Question::asked().is_some() }).await);
        assert!(question.step(|| Question::asked().is_some()));
        let spawned = question.ask(async { tokio::spawn(async { Question::asked().is_none() }).await.unwrap() }).await;
        assert!(spawned, "what goes on by itself is the service's own");
    }
}
