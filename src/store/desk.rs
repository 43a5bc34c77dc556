//! What the writer has in hand. It writes on a thread of its own; whoever looks after what waits sees it here, and puts into
//! the spool what is not stored in time, also while the writer computes or the database does not come back.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::away::{Away, Complaint};
use super::queue::{Job, Queue, Waiter};
use super::record::{Delivery, Recorded};
use super::spool::Spool;
use super::writer::{BATCH, WriteError};

/// What the database does not take within this long goes into the spool.
pub(super) const STORE_WITHIN: Duration = Duration::from_secs(2);

/// Jobs of one transaction, the deliveries by themselves.
pub(super) struct Batch {
    pub(super) deliveries: Arc<Vec<Delivery>>,
    /// Nobody, once the events are in the spool.
    waiters: Vec<Waiter>,
    /// Since when the first of them waits.
    pub(super) since: Instant,
}

impl Batch {
    fn split(mut self) -> (Self, Self) {
        let half = self.deliveries.len() / 2;
        let (first, second) = self.deliveries.split_at(half);
        let waiters = self.waiters.split_off(half.min(self.waiters.len()));
        let second = Self { deliveries: Arc::new(second.to_vec()), waiters, since: self.since };
        self.deliveries = Arc::new(first.to_vec());
        (self, second)
    }

    /// Refuses what need not be kept.
    fn refuse(&mut self) {
        let waiters = std::mem::take(&mut self.waiters);
        let mut kept = Vec::new();
        for (delivery, waiter) in self.deliveries.iter().zip(waiters) {
            if waiter.keep {
                kept.push(delivery.clone());
                self.waiters.push(waiter);
            } else {
                waiter.answer(Err(WriteError::NotKept));
            }
        }
        self.deliveries = Arc::new(kept);
    }

    pub(super) fn answer(self, results: impl IntoIterator<Item = Result<Recorded, WriteError>>) {
        self.waiters.into_iter().zip(results).for_each(|(waiter, result)| waiter.answer(result));
    }

    /// Whether its events are in the spool, or there are none.
    fn is_settled(&self) -> bool {
        self.waiters.is_empty()
    }

    fn is_late(&self) -> bool {
        self.since.elapsed() >= STORE_WITHIN
    }
}

impl FromIterator<Job> for Batch {
    fn from_iter<I: IntoIterator<Item = Job>>(jobs: I) -> Self {
        let mut since = None;
        let parts = jobs.into_iter().map(|job| {
            since.get_or_insert(job.since);
            (job.delivery, job.waiter)
        });
        let (deliveries, waiters): (Vec<_>, _) = parts.unzip();
        Self { deliveries: Arc::new(deliveries), waiters, since: since.unwrap_or_else(Instant::now) }
    }
}

/// What is in hand.
pub(super) struct Desk {
    pub(super) spool: Spool,
    /// What is written now, last; before it what comes next.
    stack: Vec<Batch>,
    /// What must be kept although the spool fails.
    held: VecDeque<Batch>,
    /// Whether what is written now comes from the spool.
    pub(super) is_emptying: bool,
    away: Arc<Away>,
    /// That the spool takes nothing.
    complaint: Complaint,
}

impl Desk {
    pub(super) fn new(spool: Spool, away: Arc<Away>) -> Self {
        let complaint = Complaint::default();
        Self { spool, stack: Vec::new(), held: VecDeque::new(), is_emptying: false, away, complaint }
    }

    pub(super) fn begin(&mut self, batch: Batch) {
        self.stack.push(batch);
    }

    /// What is to be written now, and since when it waits.
    pub(super) fn current(&mut self) -> Option<(Arc<Vec<Delivery>>, Instant)> {
        while self.stack.last().is_some_and(Batch::is_settled) {
            self.stack.pop();
        }
        self.stack.last().map(|batch| (batch.deliveries.clone(), batch.since))
    }

    /// It is written, or given up.
    pub(super) fn end(&mut self) -> Option<Batch> {
        self.stack.pop()
    }

    /// Two smaller ones in its place.
    pub(super) fn split(&mut self) {
        if let Some(batch) = self.stack.pop() {
            let (first, second) = batch.split();
            self.stack.extend([second, first]);
        }
    }

    /// Its commit may have happened and only the answer been lost.
    pub(super) fn may_be_stored(&mut self) {
        if let Some(batch) = self.stack.last_mut() {
            Arc::make_mut(&mut batch.deliveries).iter_mut().for_each(Delivery::may_be_stored);
        }
    }

    /// Puts what is written now into the spool; if that fails, refuses what need not be kept.
    pub(super) fn divert_current(&mut self) {
        if let Some(mut batch) = self.stack.pop()
            && !self.divert(&mut batch)
        {
            self.stack.push(batch);
        }
    }

    /// Gives up what is written now: there is nowhere to keep it. How many events are lost.
    pub(super) fn lose_current(&mut self) -> usize {
        self.stack.pop().map_or(0, |batch| batch.deliveries.len())
    }

    pub(super) fn next_held(&mut self) -> Option<Batch> {
        self.held.pop_front()
    }

    /// Puts whatever waits too long into the spool, with what waits behind it.
    pub(super) fn look(&mut self, queue: Option<&mut Queue>) {
        let is_late = self.stack.iter().any(Batch::is_late);
        if is_late {
            self.away.begin();
            let mut stack = std::mem::take(&mut self.stack);
            for batch in stack.iter_mut().filter(|batch| batch.is_late() && !batch.is_settled()) {
                if self.keep(&batch.deliveries) {
                    tell_kept(&mut batch.waiters);
                }
            }
            self.stack = stack;
        }
        if let Some(queue) = queue.filter(|_| is_late || self.is_emptying) {
            self.divert_queue(queue);
        }
    }

    /// Puts what is queued into the spool.
    pub(super) fn divert_queue(&mut self, queue: &mut Queue) {
        let mut batch: Batch = queue.waiting(BATCH).collect();
        if !batch.is_settled() && !self.divert(&mut batch) && !batch.is_settled() {
            self.held.push_back(batch);
        }
    }

    /// Puts a batch into the spool; whether that worked. If not, what need not be kept is refused.
    pub(super) fn divert(&mut self, batch: &mut Batch) -> bool {
        let is_kept = self.keep(&batch.deliveries);
        if is_kept {
            tell_kept(&mut batch.waiters);
        } else {
            batch.refuse();
        }
        is_kept
    }

    fn keep(&mut self, deliveries: &[Delivery]) -> bool {
        let was_empty = self.spool.is_empty();
        match self.spool.keep(deliveries) {
            Ok(()) => {
                if was_empty {
                    tracing::warn!(file = %self.spool.path().display(), "events wait in the spool");
                }
                true
            }
            Err(error) => {
                if self.complaint.is_due(Instant::now()) {
                    tracing::error!(%error, file = %self.spool.path().display(), "the spool takes no events");
                }
                false
            }
        }
    }

    /// The database takes events.
    pub(super) fn note_stored(&mut self) {
        if self.complaint.end() {
            tracing::info!("the spool, which took no events, is not needed any more");
        }
    }
}

/// Their events are in the spool.
fn tell_kept(waiters: &mut Vec<Waiter>) {
    waiters.drain(..).for_each(|waiter| waiter.answer(Ok(Recorded::default())));
}
