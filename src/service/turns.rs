//! Serialises the reads that refresh a cache from the database: of two concurrent ones, the slower would come last with
//! older data. So any other version counts, also a lower one, as there is after a failover or a restored backup.

use std::time::Instant;

use tokio::sync::{Mutex, MutexGuard};

use crate::store::Db;

/// The lock that serialises the reads of one cache.
#[derive(Debug, Default)]
pub struct Turns(Mutex<LastRead>);

#[derive(Debug, Default)]
struct LastRead {
    /// The value of [`Db::server_changes`] at the last complete read.
    server: Option<u64>,
    /// When the last complete read began.
    began: Option<Instant>,
}

/// A guard for one read.
#[derive(Debug)]
pub struct Turn<'a> {
    last: MutexGuard<'a, LastRead>,
    server: u64,
    began: Instant,
}

impl Turns {
    /// Waits until nobody else reads; `None` if a read completed meanwhile that began after this call.
    pub async fn turn(&self, db: &Db) -> Option<Turn<'_>> {
        let asked = Instant::now();
        let last = self.0.lock().await;
        let is_known = last.began.is_some_and(|began| began > asked);
        (!is_known).then(|| Turn { server: db.server_changes(), began: Instant::now(), last })
    }
}

impl Turn<'_> {
    /// Returns whether equal versions mean equal data: another server may have reached the same version in another way.
    pub fn has_same_server(&self) -> bool {
        self.last.server == Some(self.server)
    }

    /// Marks the read as complete: the cache is as stored.
    pub fn end(mut self) {
        *self.last = LastRead { server: Some(self.server), began: Some(self.began) };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn whoever_waited_while_another_began_and_ended_need_not_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let db = Arc::new(Db::open(&format!("sqlite:{}", folder.path().join("a.db").display())).await.unwrap());
        let turns = Turns::default();
        let first = turns.turn(&db).await.unwrap();
        assert!(!first.has_same_server());
        // Asked while the first one reads, which may be too old for them.
        let mut second = std::pin::pin!(turns.turn(&db));
        let mut third = std::pin::pin!(turns.turn(&db));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        first.end();
        let second = second.await.unwrap();
        assert!(second.has_same_server());
        second.end();
        assert!(third.await.is_none());
        assert!(turns.turn(&db).await.is_some());
    }

    #[tokio::test]
    async fn who_fails_leaves_the_reading_to_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite:{}", folder.path().join("a.db").display())).await.unwrap();
        let turns = Turns::default();
        turns.turn(&db).await.unwrap().end();
        let failing = turns.turn(&db).await.unwrap();
        let mut waiting = std::pin::pin!(turns.turn(&db));
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(failing);
        assert!(waiting.await.unwrap().has_same_server());
    }
}
