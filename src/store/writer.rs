//! Group commit: many waiting, one writing. What is queued while a transaction runs goes into the next
//! one together, so waiting costs the same disk write for all.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::changes::Observer;
use super::record::{Delivery, Derivation, Recorded, record_changes};
use super::{Db, StoreError};

/// Events that may wait; beyond it the PBX is told to come back or, if it cannot, answered unrecorded.
const QUEUE: usize = 10_000;
/// Events of one transaction.
const BATCH: usize = 1_000;
/// Pause between attempts while the database is away.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// Why an event was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Too much is waiting already.
    #[error("too many events are waiting for the database")]
    QueueFull,
    /// The database rejects this very event.
    #[error("the database rejected the event")]
    Rejected,
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopping,
}

struct Job {
    delivery: Delivery,
    waiter: Waiter,
}

struct Waiter {
    /// Whether the event is to be stored even if nobody waits for it any more.
    keep: bool,
    done: oneshot::Sender<Result<Recorded, WriteError>>,
}

/// Jobs of one transaction, the deliveries by themselves.
#[derive(Default)]
struct Batch {
    deliveries: Vec<Delivery>,
    waiters: Vec<Waiter>,
}

impl Batch {
    fn split(mut self) -> (Self, Self) {
        let half = self.deliveries.len() / 2;
        let (deliveries, waiters) = (self.deliveries.split_off(half), self.waiters.split_off(half));
        (self, Self { deliveries, waiters })
    }

    /// Drops what nobody waits for any more, unless it is to be kept.
    fn drop_forsaken(&mut self) {
        let (deliveries, waiters) = (std::mem::take(&mut self.deliveries), std::mem::take(&mut self.waiters));
        let wanted = |(_, waiter): &(Delivery, Waiter)| waiter.keep || !waiter.done.is_closed();
        (self.deliveries, self.waiters) = deliveries.into_iter().zip(waiters).filter(wanted).unzip();
    }

    fn answer(self, results: impl IntoIterator<Item = Result<Recorded, WriteError>>) {
        for (waiter, result) in self.waiters.into_iter().zip(results) {
            // Nobody waiting any more is no loss: what is stored is stored.
            let _ = waiter.done.send(result);
        }
    }
}

impl FromIterator<Job> for Batch {
    fn from_iter<I: IntoIterator<Item = Job>>(jobs: I) -> Self {
        let (deliveries, waiters) = jobs.into_iter().map(|job| (job.delivery, job.waiter)).unzip();
        Self { deliveries, waiters }
    }
}

/// Where handlers hand in events.
#[derive(Clone)]
pub struct Writer {
    jobs: mpsc::Sender<Job>,
    away: Arc<AtomicBool>,
    observer: Arc<OnceLock<Arc<dyn Observer>>>,
}

impl Writer {
    /// Starts the writing task; it ends, with everything stored that can be, when the last `Writer` is gone.
    pub fn start(db: Arc<Db>, derivation: Arc<Derivation>) -> (Self, JoinHandle<()>) {
        let (jobs, queue) = mpsc::channel(QUEUE);
        let away = Arc::new(AtomicBool::new(false));
        let observer = Arc::<OnceLock<_>>::default();
        let task = WriterTask { db, derivation, away: away.clone(), observer: observer.clone() };
        // A thread of its own wakes faster than a task: a batch waits for the database several times in turn.
        let runtime = tokio::runtime::Handle::current();
        let writing = tokio::task::spawn_blocking(move || runtime.block_on(task.run(queue)));
        (Self { jobs, away, observer }, writing)
    }

    /// From now on `observer` sees every commit; the first one given stays.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let _ = self.observer.set(observer);
    }

    /// Queues an event; the receiver tells when it is durably stored. With `keep` it is stored even if the
    /// receiver is dropped, otherwise it may be given up then.
    ///
    /// # Errors
    /// When too much is waiting or the service is stopping.
    pub fn submit(
        &self,
        delivery: Delivery,
        keep: bool,
    ) -> Result<oneshot::Receiver<Result<Recorded, WriteError>>, WriteError> {
        let (done, receiver) = oneshot::channel();
        match self.jobs.try_send(Job { delivery, waiter: Waiter { keep, done } }) {
            Ok(()) => Ok(receiver),
            Err(mpsc::error::TrySendError::Full(_)) => Err(WriteError::QueueFull),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(WriteError::Stopping),
        }
    }

    /// Whether the last transaction failed because the database is away.
    pub fn is_database_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// How many events wait.
    pub fn queued(&self) -> usize {
        self.jobs.max_capacity() - self.jobs.capacity()
    }
}

struct WriterTask {
    db: Arc<Db>,
    derivation: Arc<Derivation>,
    away: Arc<AtomicBool>,
    observer: Arc<OnceLock<Arc<dyn Observer>>>,
}

impl WriterTask {
    async fn run(self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut jobs, BATCH).await > 0 {
            self.write(jobs.drain(..).collect(), &queue).await;
        }
    }

    /// Stores a batch; a poisonous event fails alone: the batch is halved until it is found.
    async fn write(&self, batch: Batch, queue: &mpsc::Receiver<Job>) {
        let mut stack = vec![batch];
        while let Some(mut batch) = stack.pop() {
            match self.store(&mut batch, queue).await {
                Ok(recorded) => batch.answer(recorded.into_iter().map(Ok)),
                Err(error) if batch.deliveries.len() == 1 => {
                    tracing::error!(%error, "the database rejects an event, which is lost");
                    batch.answer([Err(WriteError::Rejected)]);
                }
                Err(_) => {
                    let (first, second) = batch.split();
                    stack.extend([second, first]);
                }
            }
        }
    }

    /// One transaction, repeated while the database is away or gives way. Fails only for what it rejects.
    async fn store(&self, batch: &mut Batch, queue: &mpsc::Receiver<Job>) -> Result<Vec<Recorded>, StoreError> {
        loop {
            let started = Instant::now();
            let error = match record_changes(&self.db, &self.derivation, &batch.deliveries).await {
                Ok((recorded, changes)) => {
                    if let Some(observer) = self.observer.get() {
                        observer.committed(&changes, started.elapsed());
                    }
                    if self.away.swap(false, Ordering::Relaxed) {
                        tracing::info!(events = recorded.len(), "the database is back");
                    }
                    return Ok(recorded);
                }
                Err(error @ (StoreError::Away(_) | StoreError::Conflict(_))) => error,
                Err(error) => return Err(error),
            };
            let is_away = matches!(error, StoreError::Away(_));
            if is_away && !self.away.swap(true, Ordering::Relaxed) {
                tracing::error!(%error, "events wait for the database");
            }
            // The commit may have happened and only its answer been lost.
            batch.deliveries.iter_mut().for_each(Delivery::may_be_stored);
            batch.drop_forsaken();
            if is_away && queue.is_closed() {
                tracing::error!(events = batch.deliveries.len(), "the database is away at the stop: events are lost");
                *batch = Batch::default();
            }
            let pause = if is_away { RETRY_PAUSE } else { Duration::from_millis(rand::random_range(1..20)) };
            tokio::time::sleep(pause).await;
        }
    }
}
