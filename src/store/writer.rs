//! Group commit: many waiting, one writing. What is queued while a transaction runs goes into the next
//! one together, so waiting costs the same disk write for all.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::away::{Away, Complaint};
use super::changes::Observer;
use super::queue::{Entrance, Job, Queue, Waiter, queue};
use super::record::{Delivery, Derivation, Recorded, record_changes};
use super::spool::{Level, Spool, line_of};
use super::{Db, StoreError};

/// Events of one transaction.
const BATCH: usize = 1_000;
/// Pause between attempts while the database is away.
const RETRY_PAUSE: Duration = Duration::from_millis(250);
/// What the database does not take within this long goes into the spool.
const STORE_WITHIN: Duration = Duration::from_secs(2);
/// How often it is looked whether that is so.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often it is tried to empty the spool.
const EMPTY_EVERY: Duration = Duration::from_secs(1);

/// Why an event was not stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Too much is waiting already.
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

/// Jobs of one transaction, the deliveries by themselves.
struct Batch {
    deliveries: Vec<Delivery>,
    /// Nobody, once the events are in the spool.
    waiters: Vec<Waiter>,
    /// Since when the first of them waits.
    since: Instant,
}

impl Batch {
    fn split(mut self) -> (Self, Self) {
        let half = self.deliveries.len() / 2;
        let waiters = self.waiters.split_off(half.min(self.waiters.len()));
        let second = Self { deliveries: self.deliveries.split_off(half), waiters, since: self.since };
        (self, second)
    }

    /// Refuses what need not be kept.
    fn refuse(&mut self) {
        let (deliveries, waiters) = (std::mem::take(&mut self.deliveries), std::mem::take(&mut self.waiters));
        for (delivery, waiter) in deliveries.into_iter().zip(waiters) {
            if waiter.keep {
                self.deliveries.push(delivery);
                self.waiters.push(waiter);
            } else {
                waiter.answer(Err(WriteError::NotKept));
            }
        }
    }

    fn answer(self, results: impl IntoIterator<Item = Result<Recorded, WriteError>>) {
        self.waiters.into_iter().zip(results).for_each(|(waiter, result)| waiter.answer(result));
    }
}

/// Their events are in the spool.
fn tell_kept(waiters: &mut Vec<Waiter>) {
    waiters.drain(..).for_each(|waiter| waiter.answer(Ok(Recorded::default())));
}

impl FromIterator<Job> for Batch {
    fn from_iter<I: IntoIterator<Item = Job>>(jobs: I) -> Self {
        let mut since = None;
        let parts = jobs.into_iter().map(|job| {
            since.get_or_insert(job.since);
            (job.delivery, job.waiter)
        });
        let (deliveries, waiters) = parts.unzip();
        Self { deliveries, waiters, since: since.unwrap_or_else(Instant::now) }
    }
}

/// Where handlers hand in events.
#[derive(Clone)]
pub struct Writer {
    entrance: Entrance,
    away: Arc<Away>,
    observer: Arc<OnceLock<Arc<dyn Observer>>>,
    spool: Arc<Level>,
}

impl Writer {
    /// Starts the writing task; it ends, with everything stored that can be, when the last `Writer` is gone.
    /// What the database does not take goes into the spool, and what is there into the database.
    pub fn start(db: Arc<Db>, derivation: Arc<Derivation>, spool: Spool) -> (Self, JoinHandle<()>) {
        let (entrance, queue) = queue();
        let away = Arc::<Away>::default();
        let observer = Arc::<OnceLock<_>>::default();
        let level = spool.level();
        let task = WriterTask {
            db,
            derivation,
            away: away.clone(),
            observer: observer.clone(),
            spool,
            held: VecDeque::new(),
            complaint: Complaint::default(),
            spool_trouble: Complaint::default(),
        };
        // A thread of its own wakes faster than a task: a batch waits for the database several times in turn.
        let runtime = tokio::runtime::Handle::current();
        let writing = tokio::task::spawn_blocking(move || runtime.block_on(task.run(queue)));
        (Self { entrance, away, observer, spool: level }, writing)
    }

    /// From now on `observer` sees every commit; the first one given stays.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let _ = self.observer.set(observer);
    }

    /// Queues an event; the receiver tells when it is durably stored, or in the spool. With `keep` it waits on when
    /// neither the database nor the spool takes it, otherwise it is given up then; it has room of its own and goes first.
    ///
    /// # Errors
    /// When too much is waiting or the service is stopping.
    pub fn submit(
        &self,
        delivery: Delivery,
        keep: bool,
    ) -> Result<oneshot::Receiver<Result<Recorded, WriteError>>, WriteError> {
        self.entrance.submit(delivery, keep)
    }

    /// Whether the last transaction failed because the database is away.
    pub fn is_database_away(&self) -> bool {
        self.away.since_ms().is_some()
    }

    /// Since when the database takes no events, milliseconds since 1970 UTC; `None` while it takes them.
    pub fn away_since_ms(&self) -> Option<i64> {
        self.away.since_ms()
    }

    /// How much waits in the spool.
    pub fn spool(&self) -> &Level {
        &self.spool
    }

    /// How many events wait in memory.
    pub fn queued(&self) -> usize {
        self.entrance.len()
    }
}

struct WriterTask {
    db: Arc<Db>,
    derivation: Arc<Derivation>,
    away: Arc<Away>,
    observer: Arc<OnceLock<Arc<dyn Observer>>>,
    spool: Spool,
    /// What came while a transaction hung and must be kept although the spool fails.
    held: VecDeque<Batch>,
    /// That the spool takes nothing.
    complaint: Complaint,
    /// That what it holds does not come out.
    spool_trouble: Complaint,
}

impl WriterTask {
    async fn run(mut self, mut queue: Queue) {
        let mut jobs = Vec::with_capacity(BATCH);
        let mut next_try = Instant::now();
        loop {
            if let Some(held) = self.held.pop_front() {
                self.write(held, &mut queue).await;
                continue;
            }
            if self.spool.is_empty() {
                if queue.recv_many(&mut jobs, BATCH).await == 0 {
                    return;
                }
                self.write(jobs.drain(..).collect(), &mut queue).await;
                continue;
            }
            // The database is in trouble: what comes joins what waits.
            let pause = next_try.saturating_duration_since(Instant::now());
            // At the stop, what waits is safe where it is.
            if pause.is_zero() && !queue.is_closed() {
                self.empty_spool(&mut queue).await;
                next_try = Instant::now() + EMPTY_EVERY;
                continue;
            }
            match timeout(pause.max(LOOK_EVERY), queue.recv_many(&mut jobs, BATCH)).await {
                Ok(0) => return tracing::warn!(events = self.spool.level().events(), "events stay in the spool"),
                Ok(_) => {
                    let mut batch = jobs.drain(..).collect();
                    if !self.divert(&mut batch) && !batch.deliveries.is_empty() {
                        self.write(batch, &mut queue).await;
                    }
                }
                Err(_) => {}
            }
        }
    }

    /// Stores a batch; a poisonous event fails alone: the batch is halved until it is found.
    async fn write(&mut self, batch: Batch, queue: &mut Queue) {
        let mut stack = vec![batch];
        while let Some(mut batch) = stack.pop() {
            match self.store(&mut batch, queue).await {
                Ok(recorded) => batch.answer(recorded.into_iter().map(Ok)),
                Err(error) if batch.deliveries.len() == 1 => {
                    self.set_aside(&batch.deliveries, &error);
                    batch.answer([Err(WriteError::Rejected)]);
                }
                Err(_) => {
                    let (first, second) = batch.split();
                    stack.extend([second, first]);
                }
            }
        }
    }

    /// Keeps what the database will never take for people to look at; its sender is told all the same.
    fn set_aside(&self, rejected: &[Delivery], error: &StoreError) {
        let lines: Vec<String> = rejected.iter().map(line_of).collect();
        match self.spool.set_aside(&lines) {
            Ok(file) => {
                tracing::error!(%error, file = %file.display(), "the database rejects an event, which was set aside");
            }
            Err(aside) => tracing::error!(%error, %aside, "the database rejects an event, which is lost"),
        }
    }

    /// One transaction, repeated while the database gives way or, for a while, is away; then the events go into the
    /// spool. Fails only for what the database rejects.
    async fn store(&mut self, batch: &mut Batch, queue: &mut Queue) -> Result<Vec<Recorded>, StoreError> {
        loop {
            let result = self.attempt(batch, queue).await;
            let is_spooled = batch.waiters.is_empty();
            match result {
                Ok(recorded) => return Ok(recorded),
                // The rest happens when the spool is emptied.
                Err(_) if is_spooled => return Ok(Vec::new()),
                Err(StoreError::Conflict(_)) if batch.since.elapsed() < STORE_WITHIN => {
                    sleep(Duration::from_millis(rand::random_range(1..20))).await;
                }
                Err(StoreError::Away(_)) if batch.since.elapsed() < STORE_WITHIN => sleep(RETRY_PAUSE).await,
                Err(StoreError::Away(_) | StoreError::Conflict(_)) => {
                    if self.divert(batch) {
                        return Ok(Vec::new());
                    }
                    if queue.is_closed() {
                        tracing::error!(events = batch.deliveries.len(), "neither database nor spool: events are lost");
                        batch.deliveries.clear();
                    }
                    if batch.deliveries.is_empty() {
                        return Ok(Vec::new());
                    }
                    // Nobody behind it waits in vain.
                    self.divert_queue(queue);
                    sleep(RETRY_PAUSE).await;
                }
                Err(error) => return Err(error),
            }
            // The commit may have happened and only its answer been lost.
            batch.deliveries.iter_mut().for_each(Delivery::may_be_stored);
        }
    }

    /// One transaction. If it hangs, its events and those behind it go into the spool meanwhile.
    async fn attempt(&mut self, batch: &mut Batch, queue: &mut Queue) -> Result<Vec<Recorded>, StoreError> {
        let Batch { deliveries, waiters, since } = batch;
        let (db, derivation) = (self.db.clone(), self.derivation.clone());
        let started = Instant::now();
        let mut transaction = std::pin::pin!(record_changes(&db, &derivation, deliveries));
        let result = loop {
            if let Ok(result) = timeout(LOOK_EVERY, &mut transaction).await {
                break result;
            }
            if since.elapsed() < STORE_WITHIN {
                continue;
            }
            if !waiters.is_empty() && self.keep(deliveries) {
                tell_kept(waiters);
            }
            self.divert_queue(queue);
        };
        match &result {
            Ok((_, changes)) => {
                if let Some(observer) = self.observer.get() {
                    observer.committed(changes, started.elapsed());
                }
                if self.away.end() {
                    tracing::info!("the database is back");
                }
                if self.complaint.end() {
                    tracing::info!("the spool, which took no events, is not needed any more");
                }
            }
            Err(error @ StoreError::Away(_)) => {
                if self.away.begin() {
                    tracing::error!(%error, "events wait for the database");
                }
            }
            Err(_) => {}
        }
        result.map(|(recorded, _)| recorded)
    }

    /// Puts what is queued into the spool.
    fn divert_queue(&mut self, queue: &mut Queue) {
        let mut batch: Batch = queue.waiting(BATCH).collect();
        if !batch.deliveries.is_empty() && !self.divert(&mut batch) && !batch.deliveries.is_empty() {
            self.held.push_back(batch);
        }
    }

    /// Puts a batch into the spool; whether that worked. If not, what need not be kept is refused.
    fn divert(&mut self, batch: &mut Batch) -> bool {
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
                self.away.begin();
                if was_empty {
                    tracing::warn!(file = %self.spool.path().display(), "events wait in the spool");
                }
                true
            }
            Err(error) => {
                // Only what the database does not take comes here.
                self.away.begin();
                if self.complaint.is_due(Instant::now()) {
                    tracing::error!(%error, file = %self.spool.path().display(), "the spool takes no events");
                }
                false
            }
        }
    }

    /// Stores what waits in the spool, as long as the database takes it.
    async fn empty_spool(&mut self, queue: &mut Queue) {
        while !self.spool.is_empty() {
            let waiting = match self.spool.waiting() {
                Ok(waiting) => waiting,
                Err(error) => return self.complain_of_spool(&error, "the spool cannot be read"),
            };
            let mut batch =
                Batch { deliveries: waiting.deliveries.clone(), waiters: Vec::new(), since: Instant::now() };
            let mut rejected = waiting.unreadable.clone();
            match self.attempt(&mut batch, queue).await {
                Ok(_) => {}
                Err(StoreError::Away(_) | StoreError::Conflict(_)) => return,
                Err(_) => match self.store_one_by_one(&waiting.deliveries, queue).await {
                    Some(lines) => rejected.extend(lines),
                    None => return,
                },
            }
            if !rejected.is_empty() {
                match self.spool.set_aside(&rejected) {
                    Ok(file) => {
                        tracing::error!(events = rejected.len(), file = %file.display(), "the database rejects events of the spool");
                    }
                    Err(error) => {
                        return self.complain_of_spool(&error, "events that the database rejects cannot be set aside");
                    }
                }
            }
            if let Err(error) = self.spool.stored(&waiting) {
                self.complain_of_spool(&error, "the spool cannot be emptied");
            }
            self.divert_queue(queue);
        }
        self.spool_trouble.end();
        tracing::info!("the spool is empty again");
    }

    fn complain_of_spool(&mut self, error: &io::Error, what: &'static str) {
        if self.spool_trouble.is_due(Instant::now()) {
            tracing::error!(%error, file = %self.spool.path().display(), "{what}");
        }
    }

    /// The lines of those that the database rejects; `None` when it is away.
    async fn store_one_by_one(&mut self, deliveries: &[Delivery], queue: &mut Queue) -> Option<Vec<String>> {
        let mut rejected = Vec::new();
        for delivery in deliveries {
            let mut batch = Batch { deliveries: vec![delivery.clone()], waiters: Vec::new(), since: Instant::now() };
            match self.attempt(&mut batch, queue).await {
                Ok(_) => {}
                Err(StoreError::Away(_) | StoreError::Conflict(_)) => return None,
                Err(_) => rejected.push(line_of(delivery)),
            }
        }
        Some(rejected)
    }
}
