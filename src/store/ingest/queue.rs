//! The bounded queue before the writer, limited in number and in bytes (backpressure). Events that must be kept,
//! because a caller was answered, have a lane of their own and go first.

use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::record::{Delivery, Recorded};

/// Maximum number of events in one transaction.
pub(super) const BATCH: usize = 1_000;
/// Maximum number of events that wait, in each lane: of those that must be kept and of the others.
pub(super) const MOST_EVENTS: usize = 10_000;
/// Maximum size of the events that wait in each lane, in bytes.
const MOST_BYTES: usize = 32 << 20;
/// The memory that an event takes beside its body, in bytes.
const OVERHEAD: usize = 1 << 10;

/// Why an event was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Too much is waiting already (backpressure).
    #[error("too many events are waiting for the database")]
    QueueFull,
    /// The database rejects this very event.
    #[error("the database rejected the event")]
    Rejected,
    /// Neither the database nor the spool takes it.
    #[error("neither the database nor the spool takes the event")]
    NotKept,
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
}

/// An event that is to be stored.
pub(in crate::store) struct Job {
    pub(super) delivery: Delivery,
    pub(super) ack: Ack,
    pub(in crate::store) since: Instant,
}

/// The pending acknowledgement of an event to whoever submitted it.
pub(in crate::store) struct Ack {
    /// Whether the event is to be stored even if it was refused meanwhile.
    pub(in crate::store) keep: bool,
    done: oneshot::Sender<Result<Recorded, WriteError>>,
    /// The event's permits, in number and bytes, held until the answer, wherever the event waits.
    room: [OwnedSemaphorePermit; 2],
}

impl Ack {
    pub(in crate::store) fn answer(self, result: Result<Recorded, WriteError>) {
        // Released before anybody hears of it, or the metrics would still count the event.
        drop(self.room);
        // It does no harm if nobody waits any more: what is stored is stored.
        let _ = self.done.send(result);
    }
}

/// The sending half of the queue.
#[derive(Clone)]
pub(in crate::store) struct WriteHandle {
    kept: Lane,
    others: Lane,
}

/// The receiving half of the queue.
pub(in crate::store) struct Queue {
    kept: mpsc::UnboundedReceiver<Job>,
    others: mpsc::UnboundedReceiver<Job>,
}

pub(in crate::store) fn queue() -> (WriteHandle, Queue) {
    let (kept, kept_jobs) = Lane::new();
    let (others, other_jobs) = Lane::new();
    (WriteHandle { kept, others }, Queue { kept: kept_jobs, others: other_jobs })
}

impl WriteHandle {
    pub(super) fn submit(
        &self,
        delivery: Delivery,
        keep: bool,
    ) -> Result<oneshot::Receiver<Result<Recorded, WriteError>>, WriteError> {
        let lane = if keep { &self.kept } else { &self.others };
        let room = lane.room_for(&delivery).ok_or(WriteError::QueueFull)?;
        let (done, receiver) = oneshot::channel();
        let job = Job { delivery, ack: Ack { keep, done, room }, since: Instant::now() };
        lane.jobs.send(job).map_err(|_| WriteError::Stopping)?;
        Ok(receiver)
    }

    /// Returns how many events wait, those of the running transaction included.
    pub(in crate::store) fn len(&self) -> usize {
        [&self.kept, &self.others].map(|lane| MOST_EVENTS - lane.events.available_permits()).iter().sum()
    }
}

#[derive(Clone)]
struct Lane {
    /// Unbounded itself: the semaphores bound it.
    jobs: mpsc::UnboundedSender<Job>,
    events: Arc<Semaphore>,
    bytes: Arc<Semaphore>,
}

impl Lane {
    fn new() -> (Self, mpsc::UnboundedReceiver<Job>) {
        let (jobs, receiver) = mpsc::unbounded_channel();
        let (events, bytes) = (Semaphore::new(MOST_EVENTS), Semaphore::new(MOST_BYTES));
        (Self { jobs, events: Arc::new(events), bytes: Arc::new(bytes) }, receiver)
    }

    fn room_for(&self, delivery: &Delivery) -> Option<[OwnedSemaphorePermit; 2]> {
        let bytes = u32::try_from(delivery.receipt.body.len() + OVERHEAD).ok()?;
        let event = self.events.clone().try_acquire_owned().ok()?;
        Some([event, self.bytes.clone().try_acquire_many_owned(bytes).ok()?])
    }
}

impl Queue {
    /// Waits for events and adds at most `most` of them to `jobs`; returns how many, 0 when nothing will come any more.
    pub(super) async fn recv_many(&mut self, jobs: &mut Vec<Job>, most: usize) -> usize {
        let before = jobs.len();
        jobs.extend(self.waiting(most));
        if jobs.len() == before {
            let first = tokio::select! {
                biased;
                first = self.kept.recv() => first,
                first = self.others.recv() => first,
            };
            // Both lanes close at the same time, and each may have something left.
            jobs.extend(if first.is_some() { first } else { self.others.recv().await });
            jobs.extend(self.waiting(most.saturating_sub(1)));
        }
        jobs.len() - before
    }

    /// Takes the events that wait now, at most `most`.
    pub(in crate::store) fn waiting(&mut self, most: usize) -> impl Iterator<Item = Job> {
        std::iter::from_fn(|| self.kept.try_recv().or_else(|_| self.others.try_recv()).ok()).take(most)
    }

    /// Returns whether the queue is closed: nothing will come but what waits already.
    pub(super) fn is_closed(&self) -> bool {
        self.kept.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calls::receipts::Receipt;
    use crate::store::ingest::record::Source;

    fn delivery(number: usize, length: usize) -> Delivery {
        let body = format!("call_id=c{number}&event=HungUp&note=");
        let body = format!("{body}{}", "x".repeat(length.saturating_sub(body.len())));
        Delivery { receipt: Receipt::new(0, body.into_bytes()).unwrap().into(), source: Source::Pbx(None) }
    }

    fn id(job: &Job) -> String {
        job.delivery.receipt.event.call_id.to_string()
    }

    /// Fills the queue; returns how many events it took.
    fn fill(handle: &WriteHandle, length: usize, keep: bool) -> usize {
        (0..).take_while(|&number| handle.submit(delivery(number, length), keep).is_ok()).count()
    }

    #[test]
    fn it_is_bounded_in_number_and_in_bytes() {
        for keep in [false, true] {
            let (handle, _queue) = queue();
            assert_eq!(fill(&handle, 100, keep), 10_000);
            assert_eq!(handle.submit(delivery(0, 100), keep).err(), Some(WriteError::QueueFull));
            let (handle, _queue) = queue();
            let taken = fill(&handle, 60 << 10, keep);
            assert_eq!(taken, (32 << 20) / (61 << 10));
            assert_eq!(handle.len(), taken);
        }
    }

    #[tokio::test]
    async fn what_must_be_kept_has_room_of_its_own_and_goes_first() {
        let (handle, mut queue) = queue();
        fill(&handle, 60 << 10, false);
        let _kept = handle.submit(delivery(77, 100), true).unwrap();
        let mut jobs = Vec::new();
        assert_eq!(queue.recv_many(&mut jobs, 2).await, 2);
        assert_eq!(jobs.iter().map(id).collect::<Vec<_>>(), ["c77", "c0"]);
    }

    #[tokio::test]
    async fn room_is_taken_until_the_answer() {
        let (handle, mut queue) = queue();
        let most = fill(&handle, 60 << 10, false);
        let mut jobs = Vec::new();
        queue.recv_many(&mut jobs, 1).await;
        assert_eq!(handle.submit(delivery(0, 60 << 10), false).err(), Some(WriteError::QueueFull));
        jobs.drain(..).for_each(|job| job.ack.answer(Ok(Recorded::default())));
        assert_eq!(handle.len(), most - 1);
        assert!(handle.submit(delivery(0, 60 << 10), false).is_ok());
    }

    #[tokio::test]
    async fn what_is_left_comes_out_after_the_end() {
        for keep in [false, true] {
            let (handle, mut queue) = queue();
            let _receiver = handle.submit(delivery(1, 100), keep).unwrap();
            drop(handle);
            assert!(queue.is_closed());
            let mut jobs = Vec::new();
            assert_eq!(queue.recv_many(&mut jobs, 10).await, 1);
            assert_eq!(queue.recv_many(&mut jobs, 10).await, 0);
        }
    }
}
