//! The batches that the writer has in hand. It writes on a thread of its own; the watchdog thread, which looks for what
//! waits too long, sees them here, and puts into the spool what is not stored in time, also while the writer computes
//! or the database does not come back.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::queue::{Ack, BATCH, Job, Queue, WriteError};
use super::record::{Delivery, Recorded};
use super::spool::{Spool, Waiting};
use crate::store::db::outage::{LogThrottle, Outage};

/// Maximum time for the database to take an event, after which it goes into the spool.
pub(super) const STORE_WITHIN: Duration = Duration::from_secs(2);
/// Maximum time that new events wait for the last of the spool to be stored.
const LAST_WITHIN: Duration = Duration::from_secs(1);

/// A batch: the jobs of one transaction, with the deliveries by themselves.
pub(in crate::store) struct Batch {
    pub(in crate::store) deliveries: Arc<Vec<Delivery>>,
    /// The callers who wait for an answer; none, once the events are in the spool.
    acks: Vec<Ack>,
    /// The time since which the job waits that waits longest.
    pub(in crate::store) since: Instant,
}

impl Batch {
    fn split(mut self) -> (Self, Self) {
        let half = self.deliveries.len() / 2;
        let (first, second) = self.deliveries.split_at(half);
        let acks = self.acks.split_off(half.min(self.acks.len()));
        let second = Self { deliveries: Arc::new(second.to_vec()), acks, since: self.since };
        self.deliveries = Arc::new(first.to_vec());
        (self, second)
    }

    /// Refuses the events that need not be kept.
    fn refuse(&mut self) {
        let acks = std::mem::take(&mut self.acks);
        let mut kept = Vec::new();
        for (delivery, ack) in self.deliveries.iter().zip(acks) {
            if ack.keep {
                kept.push(delivery.clone());
                self.acks.push(ack);
            } else {
                ack.answer(Err(WriteError::NotKept));
            }
        }
        self.deliveries = Arc::new(kept);
    }

    pub(in crate::store) fn answer(self, results: impl IntoIterator<Item = Result<Recorded, WriteError>>) {
        self.acks.into_iter().zip(results).for_each(|(ack, result)| ack.answer(result));
    }

    /// Returns whether nobody waits any more: its events are in the spool, or there are none.
    fn is_settled(&self) -> bool {
        self.acks.is_empty()
    }

    fn is_late(&self) -> bool {
        self.since.elapsed() >= STORE_WITHIN
    }
}

impl FromIterator<Job> for Batch {
    fn from_iter<I: IntoIterator<Item = Job>>(jobs: I) -> Self {
        // Events that must be kept come first in the queue, however long others wait already.
        let mut since = Instant::now();
        let parts = jobs.into_iter().map(|job| {
            since = since.min(job.since);
            (job.delivery, job.ack)
        });
        let (deliveries, acks): (Vec<_>, _) = parts.unzip();
        Self { deliveries: Arc::new(deliveries), acks, since }
    }
}

/// The state of writing a portion of the spool to the database.
struct Emptying {
    /// Whether nothing else waits in the spool.
    is_last: bool,
    since: Instant,
}

impl Emptying {
    /// Returns whether new events must join those that wait in the spool. While the last portion is written they wait
    /// for its end instead, or the spool would never be empty.
    fn keeps_others_waiting(&self) -> bool {
        !self.is_last || self.since.elapsed() >= LAST_WITHIN
    }
}

/// The batches in hand, and the spool.
pub(in crate::store) struct Desk {
    pub(in crate::store) spool: Spool,
    /// The stack of batches: the last one is written now, the one before it next.
    stack: Vec<Batch>,
    /// The batches that must be kept although the spool fails.
    held: VecDeque<Batch>,
    /// The portion of the spool that is written now.
    emptying: Option<Emptying>,
    outage: Arc<Outage>,
    /// The log throttle for a spool that takes nothing.
    throttle: LogThrottle,
}

impl Desk {
    pub(in crate::store) fn new(spool: Spool, outage: Arc<Outage>) -> Self {
        let throttle = LogThrottle::default();
        Self { spool, stack: Vec::new(), held: VecDeque::new(), emptying: None, outage, throttle }
    }

    pub(in crate::store) fn begin(&mut self, batch: Batch) {
        self.stack.push(batch);
    }

    /// Returns the deliveries of the batch that is to be written now, and since when it waits.
    pub(in crate::store) fn current(&mut self) -> Option<(Arc<Vec<Delivery>>, Instant)> {
        while self.stack.last().is_some_and(Batch::is_settled) {
            self.stack.pop();
        }
        self.stack.last().map(|batch| (batch.deliveries.clone(), batch.since))
    }

    /// Removes the current batch, which is written or given up.
    pub(in crate::store) fn end(&mut self) -> Option<Batch> {
        self.stack.pop()
    }

    /// Splits the current batch into two halves in its place.
    pub(in crate::store) fn split(&mut self) {
        if let Some(batch) = self.stack.pop() {
            let (first, second) = batch.split();
            self.stack.extend([second, first]);
        }
    }

    /// Marks the current batch as possibly stored: its commit may have happened and only the answer been lost.
    pub(super) fn may_be_stored(&mut self) {
        if let Some(batch) = self.stack.last_mut() {
            Arc::make_mut(&mut batch.deliveries).iter_mut().for_each(Delivery::may_be_stored);
        }
    }

    /// Puts the current batch into the spool; if that fails, refuses what need not be kept.
    pub(super) fn divert_current(&mut self) {
        if let Some(mut batch) = self.stack.pop()
            && !self.divert(&mut batch)
        {
            self.stack.push(batch);
        }
    }

    /// Gives up the current batch, because there is nowhere to keep it; returns how many events are lost.
    pub(super) fn lose_current(&mut self) -> usize {
        self.stack.pop().map_or(0, |batch| batch.deliveries.len())
    }

    pub(super) fn next_held(&mut self) -> Option<Batch> {
        self.held.pop_front()
    }

    /// Returns the portion of the spool that is written next; `None` once that is empty.
    pub(super) fn next_of_spool(&mut self) -> io::Result<Option<Waiting>> {
        self.emptying = None;
        if self.spool.is_empty() {
            return Ok(None);
        }
        let waiting = self.spool.waiting()?;
        self.emptying = Some(Emptying { is_last: self.spool.is_all(&waiting), since: Instant::now() });
        Ok(Some(waiting))
    }

    /// Ends writing from the spool.
    pub(super) fn leave_spool(&mut self) {
        self.emptying = None;
    }

    /// Puts every batch that waits too long into the spool, with what is queued behind it.
    pub(in crate::store) fn look(&mut self, queue: Option<&mut Queue>) {
        let is_late = self.stack.iter().any(Batch::is_late);
        if is_late {
            self.outage.begin();
            let mut stack = std::mem::take(&mut self.stack);
            for batch in stack.iter_mut().filter(|batch| batch.is_late() && !batch.is_settled()) {
                if self.keep(&batch.deliveries) {
                    tell_kept(&mut batch.acks);
                }
            }
            self.stack = stack;
        }
        let is_behind = self.emptying.as_ref().is_some_and(Emptying::keeps_others_waiting);
        if let Some(queue) = queue.filter(|_| is_late || is_behind) {
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

    /// Puts a batch into the spool; returns whether that worked. If not, what need not be kept is refused.
    pub(super) fn divert(&mut self, batch: &mut Batch) -> bool {
        let is_kept = self.keep(&batch.deliveries);
        if is_kept {
            tell_kept(&mut batch.acks);
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
                if self.throttle.is_due(Instant::now()) {
                    tracing::error!(%error, file = %self.spool.path().display(), "the spool takes no events");
                }
                false
            }
        }
    }

    /// Notes that the database takes events.
    pub(super) fn note_stored(&mut self) {
        if self.throttle.end() {
            tracing::info!("the spool, which took no events, is not needed any more");
        }
    }
}

/// Answers those who wait that their events are kept, in the spool.
fn tell_kept(acks: &mut Vec<Ack>) {
    acks.drain(..).for_each(|ack| ack.answer(Ok(Recorded::default())));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::receipts::Receipt;
    use crate::store::ingest::queue::queue;
    use crate::store::ingest::record::Source;

    fn delivery(number: usize) -> Delivery {
        let body = format!("call_id=c{number}&event=HungUp");
        Delivery { receipt: Receipt::new(0, body.into_bytes()).unwrap().into(), source: Source::Pbx(None) }
    }

    #[test]
    fn a_batch_waits_since_the_one_that_waits_longest() {
        let (handle, mut queue) = queue();
        let _other = handle.submit(delivery(1), false).unwrap();
        std::thread::sleep(Duration::from_millis(2));
        let between = Instant::now();
        let _kept = handle.submit(delivery(2), true).unwrap();
        let batch: Batch = queue.waiting(10).collect();
        assert_eq!(*batch.deliveries, [delivery(2), delivery(1)]);
        assert!(batch.since < between);
    }

    #[test]
    fn what_comes_while_the_last_of_the_spool_is_written_waits_for_its_end() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::open(&folder.path().join("spool")).unwrap();
        let mut desk = Desk::new(spool, Arc::default());
        let (handle, mut queue) = queue();
        desk.spool.keep(&(0..501).map(delivery).collect::<Vec<_>>()).unwrap();
        let _first = handle.submit(delivery(1_001), false).unwrap();
        // More than is written at once.
        let some = desk.next_of_spool().unwrap().unwrap();
        desk.look(Some(&mut queue));
        assert_eq!(desk.spool.level().events(), 502);
        desk.spool.stored(&some).unwrap();
        let _second = handle.submit(delivery(1_002), false).unwrap();
        let last = desk.next_of_spool().unwrap().unwrap();
        desk.look(Some(&mut queue));
        assert_eq!(desk.spool.level().events(), 2);
        desk.spool.stored(&last).unwrap();
        assert!(desk.next_of_spool().unwrap().is_none() && desk.spool.is_empty());
        assert_eq!(queue.waiting(10).count(), 1, "it is written like any other");
    }
}
