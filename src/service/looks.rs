use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long after a failed read nobody waits for another one.
const PAUSE: Duration = Duration::from_secs(1);

/// Coalesces concurrent reads of the same data, one query at a time. Everybody gets a read that began after they asked,
/// and many who ask at once share it: so no earlier change is missed, and however many ask, one connection is busy at
/// most.
#[derive(Default)]
pub struct Looks {
    begun: AtomicU64,
    turn: Arc<tokio::sync::Mutex<()>>,
    last: Mutex<Outcome>,
}

/// The result of a read.
#[derive(Clone, Copy, Default)]
struct Outcome {
    number: u64,
    is_told: bool,
    ended: Option<Instant>,
}

impl Looks {
    /// Returns whether a read succeeded that began after this call and took no longer than `patience`.
    pub async fn share(
        self: &Arc<Self>,
        patience: Duration,
        look: impl Future<Output = bool> + Send + 'static,
    ) -> bool {
        let asked = self.begun.load(Ordering::SeqCst);
        if self.was_in_vain(Instant::now()) {
            return false;
        }
        tokio::time::timeout(patience, self.take_part(asked, look)).await.unwrap_or(false)
    }

    async fn take_part(self: &Arc<Self>, asked: u64, look: impl Future<Output = bool> + Send + 'static) -> bool {
        let turn = self.turn.clone().lock_owned().await;
        let last = self.last();
        if last.number > asked {
            return last.is_told;
        }
        // In a task of its own: the request that started it may be cancelled while others wait for it.
        let looks = self.clone();
        let looking = tokio::spawn(async move {
            let number = looks.begun.fetch_add(1, Ordering::SeqCst) + 1;
            let is_told = look.await;
            *looks.lock() = Outcome { number, is_told, ended: Some(Instant::now()) };
            drop(turn);
            is_told
        });
        looking.await.unwrap_or(false)
    }

    fn was_in_vain(&self, now: Instant) -> bool {
        let last = self.last();
        !last.is_told && last.ended.is_some_and(|ended| now.duration_since(ended) < PAUSE)
    }

    fn last(&self) -> Outcome {
        *self.lock()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Outcome> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    const PATIENCE: Duration = Duration::from_millis(300);

    async fn settle() {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn many_at_once_share_a_look_that_began_after_they_asked() {
        let (looks, count) = (Arc::<Looks>::default(), Arc::<AtomicU64>::default());
        let ask = |wait: Option<oneshot::Receiver<()>>| {
            let (looks, count) = (looks.clone(), count.clone());
            tokio::spawn(async move {
                let look = async move {
                    count.fetch_add(1, Ordering::SeqCst);
                    if let Some(wait) = wait {
                        let _ = wait.await;
                    }
                    true
                };
                looks.share(PATIENCE, look).await
            })
        };
        let (go_on, wait) = oneshot::channel();
        let first = ask(Some(wait));
        settle().await;
        let others: Vec<_> = (0..50).map(|_| ask(None)).collect();
        settle().await;
        assert_eq!(count.load(Ordering::SeqCst), 1, "one after the other");
        go_on.send(()).unwrap();
        assert!(first.await.unwrap());
        for other in others {
            assert!(other.await.unwrap());
        }
        assert_eq!(count.load(Ordering::SeqCst), 2, "what began before they asked is too old for the others");
    }

    #[tokio::test]
    async fn whoever_leaves_does_not_end_the_look_of_the_others() {
        let looks = Arc::<Looks>::default();
        let (go_on, wait) = oneshot::channel::<()>();
        let leaves = {
            let looks = looks.clone();
            tokio::spawn(async move { looks.share(PATIENCE, async move { wait.await.is_ok() }).await })
        };
        settle().await;
        leaves.abort();
        let stays = {
            let looks = looks.clone();
            tokio::spawn(async move { looks.share(PATIENCE, async { true }).await })
        };
        settle().await;
        assert!(!stays.is_finished(), "the first look goes on");
        go_on.send(()).unwrap();
        assert!(stays.await.unwrap());
        assert_eq!(looks.begun.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn after_a_look_in_vain_nobody_waits_for_a_while() {
        let looks = Arc::<Looks>::default();
        assert!(!looks.share(PATIENCE, async { false }).await);
        assert!(!looks.share(PATIENCE, async { panic!("too early") }).await);
        let later = Instant::now() + PAUSE;
        assert!(!looks.was_in_vain(later));
    }
}
