//! Group commit: one task writes the events that many submit. What is queued while a transaction runs goes into the
//! next one together, so all share the same disk write.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::changes::Observer;
use super::desk::{Desk, STORE_WITHIN};
pub use super::queue::WriteError;
use super::queue::{BATCH, Queue, WriteHandle, queue};
use super::record::{Delivery, Recorded, record_changes};
use super::spool::{Spool, SpoolGauge, Waiting, line_of};
use super::trial::takes_events;
use crate::stats::derivation::Derivation;
use crate::store::db::engine::{Db, WRITE_TIMEOUT};
use crate::store::db::error::StoreError;
use crate::store::db::outage::{LogThrottle, Outage};

/// The pause between attempts while the database takes no events.
const RETRY_PAUSE: Duration = Duration::from_millis(250);
/// The interval at which it is checked whether something waits too long.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The interval between attempts to empty the spool.
const EMPTY_EVERY: Duration = Duration::from_secs(1);
/// How long a transaction of several events of the spool may take before it is tried with half of them.
const EMPTY_WITHIN: Duration = Duration::from_secs(1);
/// The time budget of the probe that shows whether the database takes any event.
const TRIAL_WITHIN: Duration = Duration::from_secs(1);

/// The handle by which handlers submit events.
#[derive(Clone)]
pub struct Writer {
    handle: WriteHandle,
    outage: Arc<Outage>,
    observer: Arc<OnceLock<Arc<dyn Observer>>>,
    spool: Arc<SpoolGauge>,
}

impl Writer {
    /// Starts the writing task; it ends, with everything stored that can be, when the last `Writer` is gone.
    /// What the database does not take goes into the spool, and what is there into the database.
    pub fn start(db: Arc<Db>, derivation: Arc<Derivation>, spool: Spool) -> (Self, JoinHandle<()>) {
        let (handle, queue) = queue();
        let outage = Arc::<Outage>::default();
        let observer = Arc::<OnceLock<_>>::default();
        let level = spool.level();
        let shared = Arc::new(Shared {
            desk: Mutex::new(Desk::new(spool, outage.clone())),
            queue: tokio::sync::Mutex::new(queue),
        });
        let looking = Arc::downgrade(&shared);
        let task = WriterTask {
            db,
            derivation,
            outage: outage.clone(),
            observer: observer.clone(),
            shared,
            spool_trouble: LogThrottle::default(),
        };
        // A thread of its own wakes faster than a task: a batch waits for the database several times in turn.
        let runtime = tokio::runtime::Handle::current();
        let writing = tokio::task::spawn_blocking(move || runtime.block_on(task.run()));
        // Another thread, because the spool makes whoever writes to it wait for the disk.
        tokio::task::spawn_blocking(move || look_after(&looking));
        (Self { handle, outage, observer, spool: level }, writing)
    }

    /// Sets the observer that sees every commit from now on; the first one given stays.
    pub fn observe(&self, observer: Arc<dyn Observer>) {
        let _ = self.observer.set(observer);
    }

    /// Queues an event; the receiver is told when it is durably stored, or in the spool. With `keep` it waits on when
    /// neither the database nor the spool takes it, and has a lane of its own that goes first; without, it is given up
    /// then.
    ///
    /// # Errors
    /// When too much is waiting or the service is stopping.
    pub fn submit(
        &self,
        delivery: Delivery,
        keep: bool,
    ) -> Result<oneshot::Receiver<Result<Recorded, WriteError>>, WriteError> {
        self.handle.submit(delivery, keep)
    }

    /// Returns whether the database is known to take no events, as by the last transaction.
    pub fn is_database_away(&self) -> bool {
        self.outage.since_ms().is_some()
    }

    /// Waits until the database is known to take no events.
    pub async fn until_outage(&self) {
        self.outage.begun().await;
    }

    /// Marks the database as taking no events, for a caller that has found out and that also calls
    /// [`note_there`](Self::note_there).
    pub fn note_outage(&self) {
        self.outage.begin();
    }

    /// Marks the database as taking events again, for a caller that has found out.
    pub fn note_there(&self) {
        self.outage.end();
    }

    /// Returns since when the database takes no events, in milliseconds since 1970 UTC; `None` while it takes them.
    pub fn outage_since_ms(&self) -> Option<i64> {
        self.outage.since_ms()
    }

    /// Returns the gauge of how much waits in the spool.
    pub fn spool(&self) -> &SpoolGauge {
        &self.spool
    }

    /// Returns how many events wait in memory.
    pub fn queued(&self) -> usize {
        self.handle.len()
    }
}

/// The state that the writing task and the watchdog thread share.
struct Shared {
    desk: Mutex<Desk>,
    /// The queue, locked by the writer while it waits for events.
    queue: tokio::sync::Mutex<Queue>,
}

impl Shared {
    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the watchdog: puts events into the spool that are not stored in time, whatever the writer waits for.
fn look_after(shared: &Weak<Shared>) {
    loop {
        std::thread::sleep(LOOK_EVERY);
        let Some(shared) = shared.upgrade() else { return };
        let mut queue = shared.queue.try_lock().ok();
        shared.desk().look(queue.as_deref_mut());
    }
}

struct WriterTask {
    db: Arc<Db>,
    derivation: Arc<Derivation>,
    outage: Arc<Outage>,
    observer: Arc<OnceLock<Arc<dyn Observer>>>,
    shared: Arc<Shared>,
    /// The log throttle for a spool that cannot be emptied.
    spool_trouble: LogThrottle,
}

/// The result of storing a batch of the spool.
enum Emptied {
    /// The batch is in the database, but for these lines, which it never takes.
    All { rejected: Vec<String> },
    /// The database takes no events now.
    Outage,
}

impl WriterTask {
    async fn run(mut self) {
        let shared = self.shared.clone();
        let mut jobs = Vec::with_capacity(BATCH);
        let mut next_try = Instant::now();
        loop {
            shared.desk().spool.open_again();
            let held = shared.desk().next_held();
            if let Some(held) = held {
                shared.desk().begin(held);
                self.write().await;
                continue;
            }
            if shared.desk().spool.is_empty() {
                if shared.queue.lock().await.recv_many(&mut jobs, BATCH).await == 0 {
                    return;
                }
                shared.desk().begin(jobs.drain(..).collect());
                self.write().await;
                continue;
            }
            // The spool is not empty, so the database is in trouble: new events join those that wait there.
            let pause = next_try.saturating_duration_since(Instant::now());
            // When the service stops, what waits in the spool is safe where it is.
            if pause.is_zero() && !self.is_stopping().await {
                self.empty_spool().await;
                shared.desk().leave_spool();
                next_try = Instant::now() + EMPTY_EVERY;
                continue;
            }
            let received = {
                let mut queue = shared.queue.lock().await;
                timeout(pause.max(LOOK_EVERY), queue.recv_many(&mut jobs, BATCH)).await
            };
            match received {
                Ok(0) => {
                    let events = shared.desk().spool.level().events();
                    return tracing::warn!(events, "events stay in the spool");
                }
                Ok(_) => {
                    let mut batch = jobs.drain(..).collect();
                    let is_kept = shared.desk().divert(&mut batch);
                    if !is_kept {
                        shared.desk().begin(batch);
                        self.write().await;
                    }
                }
                Err(_) => {}
            }
        }
    }

    async fn is_stopping(&self) -> bool {
        self.shared.queue.lock().await.is_closed()
    }

    /// Stores the current batch; retries on conflicts and, for a while, while the database takes none; then it goes
    /// into the spool. A poison event fails alone: a batch that the database rejects although it takes others, or takes
    /// too long for, is halved until that event is found.
    async fn write(&mut self) {
        let shared = self.shared.clone();
        loop {
            let Some((deliveries, since)) = shared.desk().current() else { return };
            let within = if deliveries.len() > 1 { STORE_WITHIN } else { WRITE_TIMEOUT };
            let error = match self.attempt(&deliveries, within).await {
                Ok(recorded) => {
                    if let Some(batch) = shared.desk().end() {
                        batch.answer(recorded.into_iter().map(Ok));
                    }
                    continue;
                }
                Err(error) => error,
            };
            let is_away = !error.is_passing() && !self.takes_others(&error).await;
            // A batch that was put into the spool meanwhile is stored when that is emptied.
            if shared.desk().current().is_none_or(|(now, _)| !Arc::ptr_eq(&now, &deliveries)) {
                continue;
            }
            let is_late = since.elapsed() >= STORE_WITHIN;
            match error {
                StoreError::Conflict(_) if !is_late => {
                    sleep(Duration::from_millis(rand::random_range(1..20))).await;
                    shared.desk().may_be_stored();
                }
                StoreError::TooLong if deliveries.len() > 1 => {
                    let mut desk = shared.desk();
                    desk.may_be_stored();
                    desk.split();
                }
                _ if (is_away || error.is_passing()) && is_late => self.give_up().await,
                _ if is_away || error.is_passing() => {
                    sleep(RETRY_PAUSE).await;
                    shared.desk().may_be_stored();
                }
                _ if deliveries.len() > 1 => shared.desk().split(),
                error => {
                    self.set_aside(&deliveries, &error);
                    if let Some(batch) = shared.desk().end() {
                        batch.answer([Err(WriteError::Rejected)]);
                    }
                }
            }
        }
    }

    /// Puts the current batch into the spool. Where that fails, only events that must be kept are left.
    async fn give_up(&self) {
        self.outage.begin();
        let shared = &self.shared;
        shared.desk().may_be_stored();
        shared.desk().divert_current();
        if shared.desk().current().is_none() {
            return;
        }
        let mut queue = shared.queue.lock().await;
        if queue.is_closed() {
            let events = shared.desk().lose_current();
            tracing::error!(events, "neither database nor spool: events are lost");
            return;
        }
        // The queue behind it is spooled or refused, too, so that nobody there waits in vain.
        shared.desk().divert_queue(&mut queue);
        drop(queue);
        sleep(RETRY_PAUSE).await;
    }

    /// Sets events aside that the database will never take, for people to look at; their sender is told all the same.
    fn set_aside(&self, rejected: &[Delivery], error: &StoreError) {
        let lines: Vec<String> = rejected.iter().map(line_of).collect();
        match self.shared.desk().spool.set_aside(&lines) {
            Ok(file) => {
                tracing::error!(%error, file = %file.display(), "the database rejects an event, which was set aside");
            }
            Err(aside) => tracing::error!(%error, %aside, "the database rejects an event, which is lost"),
        }
    }

    /// Probes whether the database takes other events than those it failed with: only then it is their fault.
    async fn takes_others(&self, error: &StoreError) -> bool {
        let Err(trial) = takes_events(&self.db, &self.derivation, TRIAL_WITHIN).await else { return true };
        if self.outage.begin() {
            tracing::error!(%error, %trial, "events wait for the database, which takes none at all");
        }
        false
    }

    /// Records events in one transaction, and notes whether the database takes them.
    async fn attempt(&self, deliveries: &[Delivery], within: Duration) -> Result<Vec<Recorded>, StoreError> {
        let started = Instant::now();
        let result = record_changes(&self.db, &self.derivation, deliveries, within).await;
        match &result {
            Ok((_, changes)) => {
                if let Some(observer) = self.observer.get() {
                    observer.committed(changes, started.elapsed());
                }
                if self.outage.end() {
                    tracing::info!("the database is back");
                }
                self.shared.desk().note_stored();
            }
            Err(error @ StoreError::Unavailable(_)) => {
                self.db.condition().note(error);
                if self.outage.begin() {
                    tracing::error!(%error, "events wait for the database");
                }
            }
            Err(_) => {}
        }
        result.map(|(recorded, _)| recorded)
    }

    /// Stores what waits in the spool, as long as the database takes it.
    async fn empty_spool(&mut self) {
        let shared = self.shared.clone();
        loop {
            let waiting = shared.desk().next_of_spool();
            let waiting = match waiting {
                Ok(Some(waiting)) => waiting,
                Ok(None) => break,
                Err(error) => return self.complain_of_spool(&error, "the spool cannot be read"),
            };
            let Emptied::All { rejected } = self.store_waiting(&waiting).await else { return };
            if !rejected.is_empty() {
                let events = rejected.len() - waiting.unreadable.len();
                let aside = shared.desk().spool.set_aside(&rejected);
                match aside {
                    // Torn lines are logged by the spool itself.
                    Ok(_) if events == 0 => {}
                    Ok(file) => {
                        tracing::error!(events, file = %file.display(), "the database rejects events of the spool");
                    }
                    Err(error) => {
                        return self.complain_of_spool(&error, "events that the database rejects cannot be set aside");
                    }
                }
            }
            let stored = shared.desk().spool.stored(&waiting);
            if let Err(error) = stored {
                self.complain_of_spool(&error, "the spool cannot be emptied");
            }
        }
        self.spool_trouble.end();
        tracing::info!("the spool is empty again");
    }

    /// Stores a batch of the spool, in halves where that is too much at once: an event that the database rejects, or
    /// takes too long for although it takes others, is found and keeps nobody waiting.
    async fn store_waiting(&mut self, waiting: &Waiting) -> Emptied {
        let mut rejected = waiting.unreadable.clone();
        // The large parts first: what can be stored is stored before parts that failed are split further.
        let mut parts = VecDeque::from([(&*waiting.deliveries, false)]);
        while let Some((part, is_second_try)) = parts.pop_front() {
            // There were torn lines only: that proves nothing of the database.
            if part.is_empty() {
                continue;
            }
            let within = if part.len() > 1 { EMPTY_WITHIN } else { WRITE_TIMEOUT };
            match self.attempt(part, within).await {
                Ok(_) => {}
                Err(StoreError::Unavailable(_) | StoreError::Conflict(_)) => return Emptied::Outage,
                Err(error) if !self.takes_others(&error).await => return Emptied::Outage,
                Err(_) if part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([(first, false), (second, false)]);
                }
                // It is tried twice, because something else may have kept the database busy until just now.
                Err(StoreError::TooLong) if !is_second_try => parts.push_back((part, true)),
                Err(error) => {
                    tracing::error!(%error, "an event is too much for the database");
                    rejected.extend(part.iter().map(line_of));
                }
            }
        }
        Emptied::All { rejected }
    }

    fn complain_of_spool(&mut self, error: &io::Error, what: &'static str) {
        if self.spool_trouble.is_due(Instant::now()) {
            tracing::error!(%error, file = %self.shared.desk().spool.path().display(), "{what}");
        }
    }
}
