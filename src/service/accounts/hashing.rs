use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::accounts::password::PasswordHash;
use crate::service::error::ServiceError;

/// Maximum number of passwords that are hashed at once: each takes a processor and 19 MiB.
const AT_ONCE: usize = 2;
/// Maximum length of the queue for that, and of one address in it.
const MOST_WAITING: usize = 64;
const MOST_OF_ADDRESS: usize = 8;
/// Maximum time in the queue.
const PATIENCE: Duration = Duration::from_millis(500);

/// The priority of a request in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The network of the client: see [`crate::service::network::network`].
    pub network: IpAddr,
    /// The number of failed logins from there: whoever has fewer comes first.
    pub failures: usize,
}

impl Turn {
    /// The priority of somebody who is logged in.
    pub const KNOWN: Self = Self { network: IpAddr::V4(Ipv4Addr::UNSPECIFIED), failures: 0 };
}

/// Hashes passwords on threads of their own, a few at once, with a priority queue. Those who have not failed come
/// before those who have, so that nobody waits behind a machine that tries passwords.
#[derive(Default)]
pub struct Hashing {
    line: Arc<Mutex<Line>>,
}

#[derive(Default)]
struct Line {
    hashing: usize,
    waiting: Vec<Waiting>,
    /// The number of requests that ever waited, which orders them by arrival.
    came: u64,
}

struct Waiting {
    turn: Turn,
    number: u64,
    call: oneshot::Sender<Place>,
}

impl Waiting {
    fn rank(&self) -> (usize, u64) {
        (self.turn.failures, self.number)
    }
}

/// A slot for hashing one password, which passes to the next in the queue on drop.
struct Place(Arc<Mutex<Line>>);

impl Drop for Place {
    fn drop(&mut self) {
        let next = {
            let mut line = lock(&self.0);
            let best = (0..line.waiting.len()).min_by_key(|place| line.waiting[*place].rank());
            match best {
                Some(best) => line.waiting.swap_remove(best),
                None => {
                    line.hashing -= 1;
                    return;
                }
            }
        };
        // If the receiver has left meanwhile, the slot is dropped, and passes to the next.
        let _ = next.call.send(Self(self.0.clone()));
    }
}

fn lock(line: &Mutex<Line>) -> std::sync::MutexGuard<'_, Line> {
    line.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hashing {
    /// Returns whether a password fits its hash.
    ///
    /// # Errors
    /// When the queue is full, or its turn does not come in time.
    pub async fn fits(&self, turn: Turn, hash: PasswordHash, password: String) -> Result<bool, ServiceError> {
        self.run(turn, move || hash.fits(&password)).await
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// When the queue is full, or its turn does not come in time.
    pub async fn hash(&self, turn: Turn, password: String) -> Result<PasswordHash, ServiceError> {
        let hash = self.run(turn, move || PasswordHash::new(&password)).await?;
        hash.map_err(|error| ServiceError::Internal(format!("a password could not be hashed: {error}")))
    }

    async fn run<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ServiceError> {
        let place = tokio::time::timeout(PATIENCE, self.place(turn)).await;
        let Ok(Some(place)) = place else { return Err(ServiceError::Busy("too many log in at once")) };
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        working.await.map_err(|error| ServiceError::Internal(format!("hashing a password: {error}")))
    }

    /// Waits for a free slot; `None` if the queue has no room for this priority.
    async fn place(&self, turn: Turn) -> Option<Place> {
        let called = {
            let mut line = lock(&self.line);
            if line.hashing < AT_ONCE {
                line.hashing += 1;
                return Some(Place(self.line.clone()));
            }
            line.queue(turn)?
        };
        called.await.ok()
    }
}

impl Line {
    fn queue(&mut self, turn: Turn) -> Option<oneshot::Receiver<Place>> {
        self.waiting.retain(|waiting| !waiting.call.is_closed());
        if self.waiting.iter().filter(|waiting| waiting.turn.network == turn.network).count() >= MOST_OF_ADDRESS {
            return None;
        }
        if self.waiting.len() >= MOST_WAITING {
            let last = (0..self.waiting.len()).max_by_key(|place| self.waiting[*place].rank())?;
            if self.waiting[last].turn.failures <= turn.failures {
                return None;
            }
            self.waiting.swap_remove(last);
        }
        let (call, called) = oneshot::channel();
        self.came += 1;
        self.waiting.push(Waiting { turn, number: self.came, call });
        Some(called)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(host: u8, failures: usize) -> Turn {
        Turn { network: IpAddr::V4(Ipv4Addr::new(192, 0, 2, host)), failures }
    }

    /// A line whose places are all taken.
    async fn busy() -> (Hashing, Vec<Place>) {
        let hashing = Hashing::default();
        let mut places = Vec::new();
        for _ in 0..AT_ONCE {
            places.push(hashing.place(turn(0, 0)).await.unwrap());
        }
        (hashing, places)
    }

    /// Begins to wait, as a request does.
    fn wait(hashing: &Hashing, turn: Turn) -> Option<oneshot::Receiver<Place>> {
        lock(&hashing.line).queue(turn)
    }

    #[tokio::test]
    async fn whoever_failed_less_comes_first_and_then_whoever_came_first() {
        let (hashing, mut places) = busy().await;
        let mut waiting = [(1, 9), (1, 10), (2, 0), (3, 2), (4, 0)]
            .map(|(host, failures)| (host, failures, wait(&hashing, turn(host, failures)).unwrap()));
        let mut served = Vec::new();
        let mut place = places.pop();
        while place.take().is_some() {
            for (host, failures, called) in &mut waiting {
                if let Ok(called) = called.try_recv() {
                    served.push((*host, *failures));
                    place = Some(called);
                }
            }
        }
        assert_eq!(served, [(2, 0), (4, 0), (3, 2), (1, 9), (1, 10)]);
        drop(places);
        assert_eq!(lock(&hashing.line).hashing, 0);
    }

    #[tokio::test]
    async fn few_of_an_address_wait_and_many_addresses_make_room_for_who_has_not_failed() {
        let (hashing, places) = busy().await;
        let crowd: Vec<_> = (0..20).filter_map(|_| wait(&hashing, turn(1, 5))).collect();
        assert_eq!(crowd.len(), MOST_OF_ADDRESS);
        let mut others: Vec<_> = (2..200).filter_map(|host| wait(&hashing, turn(host, 1))).collect();
        assert_eq!(crowd.len() + others.len(), MOST_WAITING + MOST_OF_ADDRESS, "who failed more made room");
        assert!(wait(&hashing, turn(250, 1)).is_none());
        let mut newcomer = wait(&hashing, turn(251, 0)).expect("it never failed");
        assert!(
            others.last_mut().unwrap().try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed)
        );
        drop(places);
        assert!(newcomer.try_recv().is_ok(), "it is the first");
    }

    #[tokio::test]
    async fn whoever_left_is_passed_over() {
        let (hashing, places) = busy().await;
        let gone: Vec<_> = (1..5).map(|host| wait(&hashing, turn(host, 0)).unwrap()).collect();
        let mut stays = wait(&hashing, turn(9, 3)).unwrap();
        drop(gone);
        drop(places);
        let place = stays.try_recv().unwrap();
        drop(place);
        let line = lock(&hashing.line);
        assert_eq!((line.hashing, line.waiting.len()), (0, 0));
    }
}
