use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::hashing::Turn;
use crate::accounts::MAX_NAME_CHARS;
use crate::service::network::network;

/// Rate limit: from this failure on, all logins with a name from an address are refused.
const MOST: usize = 10;
/// Rate limit: from this failure on, all logins from an address are refused, whatever the name: nobody mistypes as
/// often, not even a whole office.
const MOST_OF_ADDRESS: usize = 100;
/// How long a failure counts (sliding window).
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Number of keys from which on expired ones are removed: hashing is too slow for more to fail within the window.
const MOST_REMEMBERED: usize = 200_000;

type Key = (String, IpAddr);

/// The rate limiter of logins: failures per name and address, and per address, on this node.
#[derive(Default)]
pub struct Failures(Mutex<Counted>);

#[derive(Default)]
struct Counted {
    by_key: HashMap<Key, Vec<Instant>>,
    by_network: HashMap<IpAddr, Vec<Instant>>,
}

/// A login attempt, which counts as failed until it is decided: many at once are not more than one after another. If it
/// is dropped before, it does not count: nobody has learned anything.
pub struct Attempt<'a> {
    failures: &'a Failures,
    key: Key,
    at: Instant,
    count: usize,
    count_of_network: usize,
    is_decided: bool,
}

impl Failures {
    /// Begins an attempt.
    ///
    /// # Errors
    /// When too many have failed: how long to wait.
    pub fn attempt(&self, name: &str, address: IpAddr, now: Instant) -> Result<Attempt<'_>, Duration> {
        // No account has a longer name, but a client may send any.
        let name = name.chars().take(MAX_NAME_CHARS).collect();
        let network = network(address);
        let key = (name, network);
        let mut counted = self.lock();
        clean(&mut counted.by_key, now);
        clean(&mut counted.by_network, now);
        let counts = [
            (room(counted.by_network.entry(network).or_default(), MOST_OF_ADDRESS, now))?,
            (room(counted.by_key.entry(key.clone()).or_default(), MOST, now))?,
        ];
        counted.by_network.entry(network).or_default().push(now);
        counted.by_key.entry(key.clone()).or_default().push(now);
        let [count_of_network, count] = counts.map(|before| before + 1);
        Ok(Attempt { failures: self, key, at: now, count, count_of_network, is_decided: false })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Removes keys without recent failures, once there are too many.
fn clean<K: Eq + Hash>(failures: &mut HashMap<K, Vec<Instant>>, now: Instant) {
    if failures.len() >= MOST_REMEMBERED {
        failures.retain(|_, failures| failures.iter().any(|at| is_recent(*at, now)));
    }
}

/// Returns how many failures count, if there is room for one more; otherwise how long there is none.
fn room(failures: &mut Vec<Instant>, most: usize, now: Instant) -> Result<usize, Duration> {
    failures.retain(|at| is_recent(*at, now));
    match failures.len().checked_sub(most).and_then(|surplus| failures.get(surplus)) {
        Some(oldest) => Err(WINDOW.saturating_sub(now.duration_since(*oldest))),
        None => Ok(failures.len()),
    }
}

impl Attempt<'_> {
    /// Returns its priority in the queue for hashing: first those of whom fewest have failed.
    pub fn turn(&self) -> Turn {
        Turn { network: self.key.1, failures: self.count_of_network - 1 }
    }

    /// Marks the attempt as successful: the failures of this name from this address are forgotten. In the count of the
    /// address only this attempt is taken back: all earlier failures still count there, whatever the name.
    pub fn succeed(mut self) {
        self.is_decided = true;
        let mut counted = self.failures.lock();
        counted.by_key.remove(&self.key);
        remove(&mut counted.by_network, &self.key.1, self.at);
    }

    /// Marks the attempt as failed; returns how long to wait if the limit is reached now.
    pub fn fail(mut self) -> Option<Duration> {
        self.is_decided = true;
        (self.count >= MOST || self.count_of_network >= MOST_OF_ADDRESS).then_some(WINDOW)
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_decided {
            let mut counted = self.failures.lock();
            remove(&mut counted.by_key, &self.key, self.at);
            remove(&mut counted.by_network, &self.key.1, self.at);
        }
    }
}

fn remove<K: Eq + Hash>(failures: &mut HashMap<K, Vec<Instant>>, key: &K, at: Instant) {
    let Some(those) = failures.get_mut(key) else { return };
    if let Some(place) = those.iter().position(|failure| *failure == at) {
        those.remove(place);
    }
    if those.is_empty() {
        failures.remove(key);
    }
}

fn is_recent(at: Instant, now: Instant) -> bool {
    now.duration_since(at) < WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn the_tenth_failure_closes_until_the_window_is_over() {
        let (failures, start) = (Failures::default(), Instant::now());
        let here = address("192.0.2.1");
        let attempt = |seconds| failures.attempt("anna", here, start + Duration::from_secs(seconds));
        for second in 0..9 {
            assert_eq!(attempt(second).unwrap().fail(), None, "{second}");
        }
        assert_eq!(attempt(9).unwrap().fail(), Some(WINDOW));
        assert_eq!(attempt(10).err(), Some(Duration::from_secs(890)));
        assert!(attempt(899).is_err());
        // The first counts no more: one further attempt, and it is the tenth again.
        assert_eq!(attempt(900).unwrap().fail(), Some(WINDOW));
        assert!(attempt(900).is_err());
        assert_eq!(attempt(3_000).unwrap().fail(), None);
    }

    #[test]
    fn names_and_addresses_count_apart_and_networks_together() {
        let (failures, now) = (Failures::default(), Instant::now());
        for host in 0..10 {
            let _ = failures.attempt("anna", address(&format!("2001:db8::{host}")), now).map(Attempt::fail);
        }
        let is_closed = |name: &str, at| failures.attempt(name, address(at), now).is_err();
        assert!(is_closed("anna", "2001:db8::ffff"));
        assert!(
            !is_closed("anna", "2001:db8:0:1::1")
                && !is_closed("anna", "192.0.2.1")
                && !is_closed("ben", "2001:db8::1")
        );
    }

    #[test]
    fn success_forgets_and_what_was_not_decided_does_not_count() {
        let (failures, now) = (Failures::default(), Instant::now());
        let attempt = || failures.attempt("anna", address("192.0.2.1"), now);
        for _ in 0..20 {
            drop(attempt().unwrap());
        }
        assert!(failures.lock().by_key.is_empty() && failures.lock().by_network.is_empty());
        for _ in 0..9 {
            attempt().unwrap().fail();
        }
        attempt().unwrap().succeed();
        assert_eq!(attempt().unwrap().fail(), None);
    }

    #[test]
    fn an_address_has_no_more_failures_with_many_names_than_with_few() {
        let (failures, start) = (Failures::default(), Instant::now());
        let attempt = |name: usize, at: &str| failures.attempt(&format!("name {name}"), address(at), start);
        let failed: Vec<_> =
            (0..200).map_while(|name| Some(attempt(name, "2001:db8::1").ok()?.fail().is_some())).collect();
        assert_eq!(failed, [[false; 99].as_slice(), &[true]].concat(), "the hundredth closes");
        assert!(attempt(0, "2001:db8::2").is_err(), "the network is one");
        for elsewhere in ["2001:db8:0:1::1", "192.0.2.1"] {
            assert_eq!(attempt(0, elsewhere).unwrap().fail(), None, "{elsewhere}");
        }
        let later = start + WINDOW;
        assert_eq!(failures.attempt("anna", address("2001:db8::1"), later).unwrap().fail(), None);
    }

    #[test]
    fn an_own_account_does_not_wash_an_address_clean() {
        let (failures, now) = (Failures::default(), Instant::now());
        let mut tried = 0;
        while let Ok(attempt) = failures.attempt(&format!("name {tried}"), address("192.0.2.1"), now) {
            attempt.fail();
            tried += 1;
            let own = failures.attempt("mallory", address("192.0.2.1"), now);
            own.map(Attempt::succeed).unwrap_or_default();
        }
        assert_eq!(tried, 100);
    }

    #[test]
    fn those_who_failed_less_are_first() {
        let (failures, now) = (Failures::default(), Instant::now());
        for name in 0..7 {
            failures.attempt(&format!("name {name}"), address("192.0.2.1"), now).unwrap().fail();
        }
        let turn = |at| failures.attempt("anna", address(at), now).unwrap().turn().failures;
        assert_eq!((turn("192.0.2.1"), turn("192.0.2.2")), (7, 0));
    }

    #[test]
    fn many_at_once_are_not_more_than_one_after_another() {
        let (failures, now) = (Failures::default(), Instant::now());
        let attempts: Vec<_> =
            (0..50).filter_map(|_| failures.attempt("anna", address("192.0.2.1"), now).ok()).collect();
        assert_eq!(attempts.len(), 10);
    }
}
