//! The share of each client in what can be asked at the same time: one that asks in a loop must not keep others waiting.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::config::Limits;
use crate::service::error::ServiceError;
use crate::store::db::question::{Connections, Question};

/// From so many known clients on, those that ask nothing are forgotten.
const MANY: usize = 256;
/// Maximum number of live streams of one account or token: a quarter of all.
const STREAMS: usize = 64;

/// The client that a share belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Asker {
    /// An account that is logged in, from any address.
    Account(i64),
    /// A program, by the name of its API token.
    Token(String),
    /// The address of a client without a login; of IPv6 the network.
    Address(IpAddr),
}

/// The concurrency limits of one client, and what it has running.
#[derive(Debug)]
struct Share {
    turns: Arc<Semaphore>,
    connections: Connections,
    streams: Arc<Semaphore>,
    asked: AtomicUsize,
}

/// The shares of all clients that ask something now.
#[derive(Debug, Default)]
pub struct Questions {
    shares: Mutex<HashMap<Asker, Weak<Share>>>,
    house: Connections,
}

impl Questions {
    /// Returns a question whose answer is cached for everybody: it counts in nobody's share.
    pub fn of_all(&self, limits: Limits) -> Question {
        Question::new(self.house.clone(), limits.question, None)
    }

    fn share(&self, asker: Asker, limits: Limits) -> Arc<Share> {
        let mut shares = self.shares.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&asker).and_then(Weak::upgrade) {
            return share;
        }
        if shares.len() >= MANY {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let [turns, streams] = [limits.questions, STREAMS].map(|most| Arc::new(Semaphore::new(most)));
        let share = Share { turns, streams, connections: Connections::default(), asked: AtomicUsize::new(0) };
        let share = Arc::new(share);
        shares.insert(asker, Arc::downgrade(&share));
        share
    }

    /// Reserves a place on the live stream. Clients without a login are limited only by the connections of their
    /// address.
    ///
    /// # Errors
    /// When this account or token has as many as it may.
    pub fn stream(&self, asker: Asker, limits: Limits) -> Result<Stream, ServiceError> {
        if let Asker::Address(_) = asker {
            return Ok(Stream { _place: None });
        }
        let share = self.share(asker, limits);
        let place = share.streams.clone().try_acquire_owned().map_err(|_| ServiceError::Crowded)?;
        Ok(Stream { _place: Some((place, share)) })
    }

    /// Waits until the share of a client has room for a question.
    ///
    /// # Errors
    /// When too many of its questions wait already, or this one waits for too long.
    pub async fn turn(&self, asker: Asker, limits: Limits) -> Result<Turn, ServiceError> {
        let asked = Asked::new(self.share(asker, limits));
        if asked.before >= limits.questions + limits.waiting {
            return Err(ServiceError::Crowded);
        }
        let turn = timeout(limits.turn, asked.share.turns.clone().acquire_owned()).await;
        let turn = turn.ok().and_then(Result::ok).ok_or(ServiceError::Crowded)?;
        let question = Question::new(asked.share.connections.clone(), limits.question, Some(turn));
        Ok(Turn { question, _asked: asked })
    }
}

/// A reserved place on the live stream, released on drop.
pub struct Stream {
    _place: Option<(OwnedSemaphorePermit, Arc<Share>)>,
}

/// A request that asks or waits, counted until it is dropped.
struct Asked {
    share: Arc<Share>,
    before: usize,
}

impl Asked {
    fn new(share: Arc<Share>) -> Self {
        let before = share.asked.fetch_add(1, Ordering::AcqRel);
        Self { share, before }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        self.share.asked.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A running question, which is cancelled on drop.
pub struct Turn {
    /// What is asked.
    pub question: Question,
    _asked: Asked,
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.question.give_up();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::service::network::network;

    fn address(text: &str) -> Asker {
        Asker::Address(network(text.parse().unwrap()))
    }

    #[test]
    fn a_network_of_ipv6_is_one_asker() {
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }

    #[tokio::test]
    async fn one_asker_has_so_many_questions_at_once_and_some_wait() {
        let limits = Limits { questions: 2, waiting: 1, turn: Duration::from_millis(50), ..Limits::default() };
        let questions = Questions::default();
        let ask = || questions.turn(Asker::Account(1), limits);
        let (first, _second) = (ask().await.ok().unwrap(), ask().await.ok().unwrap());
        let waiting = tokio::join!(ask(), async {
            tokio::task::yield_now().await;
            // One waits already.
            assert!(matches!(ask().await, Err(ServiceError::Crowded)));
            drop(first);
        });
        assert!(waiting.0.is_ok());
        // The turn does not come in time.
        assert!(matches!(ask().await, Err(ServiceError::Crowded)));
        assert!(questions.turn(Asker::Account(2), limits).await.is_ok(), "somebody else's share is theirs");
        drop(waiting);
        assert!(ask().await.is_ok());
    }

    #[tokio::test]
    async fn those_who_ask_nothing_are_forgotten() {
        let (questions, limits) = (Questions::default(), Limits::default());
        for account in 0..2_000 {
            assert!(questions.turn(Asker::Account(account), limits).await.is_ok());
        }
        assert!(questions.shares.lock().unwrap().len() <= MANY);
    }
}
