//! What is kept in memory of the database is read by one at a time: of two that read at once, the slower one would come
//! last with what is older. So any other version counts, also a lower one, as there is after a failover or a restored
//! backup.

use std::time::Instant;

use tokio::sync::{Mutex, MutexGuard};

use crate::store::Db;

/// The turns of those who read one thing.
#[derive(Debug, Default)]
pub struct Turns(Mutex<LastRead>);

#[derive(Debug, Default)]
struct LastRead {
    /// What [`Db::server_changes`] said when everything was read.
    server: Option<u64>,
    /// When the last one began who found out how things are.
    began: Option<Instant>,
}

/// Whoever reads.
#[derive(Debug)]
pub struct Turn<'a> {
    last: MutexGuard<'a, LastRead>,
    server: u64,
    began: Instant,
}

impl Turns {
    /// Waits until nobody else reads; `None` if somebody read meanwhile who began after this was asked for.
    pub async fn turn(&self, db: &Db) -> Option<Turn<'_>> {
        let asked = Instant::now();
        let last = self.0.lock().await;
        let is_known = last.began.is_some_and(|began| began > asked);
        (!is_known).then(|| Turn { server: db.server_changes(), began: Instant::now(), last })
    }
}

impl Turn<'_> {
    /// Whether equal versions mean equal things. Another server may have come to the same version in another way.
    pub fn has_same_server(&self) -> bool {
        self.last.server == Some(self.server)
    }

    /// Everything is as it is stored.
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
