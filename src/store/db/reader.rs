//! The connections that only read: a pool for the service itself, which nobody else can exhaust, and a connection each
//! for questions, whose statements are cancelled as soon as their question is over.

use std::collections::VecDeque;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::TryStreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use sqlx::pool::PoolConnection;
use sqlx::{Database, Either, Error, Execute, Executor, Pool, Postgres, SqlStr, Sqlite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::question::{Connections, Over, Question, over};
use super::rows_in_time::RowsInTime;

/// How an engine cancels a statement that nobody waits for.
pub trait Interrupted: Database {
    /// Whether the connection must be closed to cancel the statement.
    const BY_CLOSING: bool;
}

impl Interrupted for Sqlite {
    // Its progress handler asks the [`Watch`].
    const BY_CLOSING: bool = false;
}

impl Interrupted for Postgres {
    const BY_CLOSING: bool = true;
}

/// The cancellation flag that tells a connection whether to go on with its statement.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct Watch(Arc<Watched>);

#[derive(Debug, Default)]
struct Watched {
    question: Mutex<Option<Question>>,
    is_dropped: AtomicBool,
}

impl Watch {
    /// Returns whether the statement may go on; the progress handler asks it every so many steps.
    pub(super) fn lets_go_on(&self) -> bool {
        !self.0.is_dropped.load(Ordering::Acquire) && !self.question().as_ref().is_some_and(Question::is_over)
    }

    fn set(&self, question: Option<Question>) {
        *self.question() = question;
        self.0.is_dropped.store(false, Ordering::Release);
    }

    /// Cancels the statement that runs, and drops the question with its permit.
    fn drop_question(&self) {
        self.0.is_dropped.store(true, Ordering::Release);
        *self.question() = None;
    }

    fn question(&self) -> MutexGuard<'_, Option<Question>> {
        self.0.question.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection for questions: a pool of one, so that it is known which watch it asks.
#[derive(Debug)]
pub(in crate::store) struct Lane<DB: Database> {
    pub(in crate::store) pool: Pool<DB>,
    pub(super) watch: Watch,
}

struct Lanes<DB: Database> {
    all: Vec<Lane<DB>>,
    free: Mutex<VecDeque<usize>>,
    room: Arc<Semaphore>,
    /// Permits for second connections of askers; fewer than the lanes, so that others can get a first one.
    seconds: Arc<Semaphore>,
}

/// The connections that read: the service's own pool and the lanes for questions.
pub struct Reader<DB: Database> {
    own: Pool<DB>,
    lanes: Arc<Lanes<DB>>,
}

impl<DB: Database> Clone for Reader<DB> {
    fn clone(&self) -> Self {
        Self { own: self.own.clone(), lanes: self.lanes.clone() }
    }
}

impl<DB: Database> fmt::Debug for Reader<DB> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("own", &self.own).field("questions", &self.lanes.all.len()).finish()
    }
}

impl<DB: Interrupted> Reader<DB> {
    pub(in crate::store) fn new(own: Pool<DB>, all: Vec<Lane<DB>>) -> Self {
        let free = Mutex::new((0..all.len()).collect());
        let [room, seconds] = [all.len(), (all.len() / 2).saturating_sub(1)].map(|most| Arc::new(Semaphore::new(most)));
        Self { own, lanes: Arc::new(Lanes { all, free, room, seconds }) }
    }

    /// Acquires a connection, in its turn. Whoever is done with it must call [`Reading::finish`], or its statement is
    /// cancelled.
    pub(in crate::store) async fn acquire(&self) -> Result<Reading<DB>, Error> {
        match Question::asked() {
            None => Ok(Reading { connection: self.own.acquire().await?, turn: None, is_finished: false }),
            Some(question) => Turn::take(self.lanes.clone(), question).await,
        }
    }

    pub(in crate::store) async fn close(&self) {
        self.own.close().await;
        for lane in &self.lanes.all {
            lane.pool.close().await;
        }
    }
}

/// A lane that a question holds, with its permits.
struct Turn<DB: Database> {
    lanes: Arc<Lanes<DB>>,
    place: usize,
    // These permits are released after the place is given back.
    _room: OwnedSemaphorePermit,
    _number: OwnedSemaphorePermit,
    _share: OwnedSemaphorePermit,
}

impl<DB: Interrupted> Turn<DB> {
    /// Acquires a lane. The asker's own share comes first: an asker with much running waits for that, not for others.
    async fn take(lanes: Arc<Lanes<DB>>, question: Question) -> Result<Reading<DB>, Error> {
        let closed = |_| Error::PoolClosed;
        let Connections { all, first } = question.connections();
        let share = all.clone().acquire_owned().await.map_err(closed)?;
        let number = tokio::select! {
            biased;
            first = first.clone().acquire_owned() => first,
            second = lanes.seconds.clone().acquire_owned() => second,
        };
        let number = number.map_err(closed)?;
        let room = lanes.room.clone().acquire_owned().await.map_err(closed)?;
        let place = lanes.free().pop_front().ok_or(Error::PoolTimedOut)?;
        let turn = Self { lanes, place, _room: room, _number: number, _share: share };
        let lane = turn.lanes.all.get(place).ok_or(Error::PoolTimedOut)?;
        // The last statement on this connection may not have ended yet.
        let connection = lane.pool.acquire().await?;
        lane.watch.set(Some(question));
        Ok(Reading { connection, turn: Some(turn), is_finished: false })
    }

    fn watch(&self) -> Option<&Watch> {
        self.lanes.all.get(self.place).map(|lane| &lane.watch)
    }
}

impl<DB: Database> Lanes<DB> {
    fn free(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<DB: Database> Drop for Turn<DB> {
    fn drop(&mut self) {
        self.lanes.free().push_back(self.place);
    }
}

/// An acquired connection that reads. Dropping it cancels its statement, unless it was finished.
pub(in crate::store) struct Reading<DB: Interrupted> {
    connection: PoolConnection<DB>,
    turn: Option<Turn<DB>>,
    is_finished: bool,
}

impl<DB: Interrupted> Reading<DB> {
    /// Gives the connection back, because its statement has ended.
    pub(in crate::store) fn finish(mut self) {
        self.is_finished = true;
        if let Some(watch) = self.turn.as_ref().and_then(Turn::watch) {
            watch.set(None);
        }
    }
}

impl<DB: Interrupted> Deref for Reading<DB> {
    type Target = DB::Connection;

    fn deref(&self) -> &Self::Target {
        &self.connection
    }
}

impl<DB: Interrupted> DerefMut for Reading<DB> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.connection
    }
}

impl<DB: Interrupted> Drop for Reading<DB> {
    fn drop(&mut self) {
        if self.is_finished {
            return;
        }
        if let Some(watch) = self.turn.as_ref().and_then(Turn::watch) {
            watch.drop_question();
        }
        if DB::BY_CLOSING {
            self.connection.close_on_drop();
        }
    }
}

/// Runs `work`, and cancels it when the current question is over.
pub(super) async fn in_time<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let Some(question) = Question::asked() else { return work.await };
    tokio::select! {
        biased;
        done = work => done.map_err(|error| if question.is_over() { over() } else { error }),
        Over = question.clone().over() => Err(over()),
    }
}

impl<'r, DB: Interrupted> Executor<'r> for &'r Reader<DB>
where
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
{
    type Database = DB;

    fn fetch_many<'e, 'q: 'e, E>(self, query: E) -> BoxStream<'e, Result<Either<DB::QueryResult, DB::Row>, Error>>
    where
        'r: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let reader = self.clone();
        Box::pin(RowsInTime::new(|next| {
            Box::pin(async move {
                let mut reading = reader.acquire().await?;
                let read = async {
                    let connection: &mut DB::Connection = &mut reading;
                    let mut rows = connection.fetch_many(query);
                    while let Some(row) = rows.try_next().await? {
                        next.give(row).await;
                    }
                    Ok(())
                };
                let read = read.await;
                reading.finish();
                read
            })
        }))
    }

    fn fetch_optional<'e, 'q: 'e, E>(self, query: E) -> BoxFuture<'e, Result<Option<DB::Row>, Error>>
    where
        'r: 'e,
        E: 'q + Execute<'q, DB>,
    {
        let reader = self.clone();
        Box::pin(in_time(async move {
            let mut reading = reader.acquire().await?;
            let connection: &mut DB::Connection = &mut reading;
            let row = connection.fetch_optional(query).await;
            reading.finish();
            row
        }))
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [DB::TypeInfo],
    ) -> BoxFuture<'e, Result<DB::Statement, Error>>
    where
        'r: 'e,
    {
        let reader = self.clone();
        Box::pin(in_time(async move {
            let mut reading = reader.acquire().await?;
            let connection: &mut DB::Connection = &mut reading;
            let statement = connection.prepare_with(sql, parameters).await;
            reading.finish();
            statement
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;
    use sqlx::sqlite::SqlitePoolOptions;

    use super::*;

    fn reader(lanes: usize) -> Reader<Sqlite> {
        let pool = || SqlitePoolOptions::new().max_connections(1).connect_lazy("sqlite::memory:").unwrap();
        Reader::new(pool(), (0..lanes).map(|_| Lane { pool: pool(), watch: Watch::default() }).collect())
    }

    /// Somebody who asks several questions at once.
    #[derive(Default)]
    struct Somebody(Connections);

    impl Somebody {
        async fn reading(&self, reader: &Reader<Sqlite>) -> Reading<Sqlite> {
            let question = Question::new(self.0.clone(), Duration::from_secs(3_600), None);
            question.ask(reader.acquire()).await.unwrap()
        }
    }

    #[tokio::test]
    async fn two_who_have_as_much_as_they_may_leave_room_for_a_third() {
        let (reader, people) = (reader(4), [(); 3].map(|()| Somebody::default()));
        let [one, other, third] = &people;
        let (first, second) = (one.reading(&reader).await, one.reading(&reader).await);
        let first_of_other = other.reading(&reader).await;
        let mut second_of_other = Box::pin(other.reading(&reader));
        assert!((&mut second_of_other).now_or_never().is_none());
        drop(third.reading(&reader).await);
        drop(second);
        drop(second_of_other.await);
        // Nor does anybody wait for a second connection that has become their only one.
        let _second = one.reading(&reader).await;
        let mut waiting = Box::pin(other.reading(&reader));
        assert!((&mut waiting).now_or_never().is_none());
        drop(first_of_other);
        waiting.await;
        drop(first);
    }
}
