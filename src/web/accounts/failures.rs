use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::accounts::MAX_NAME_CHARS;

/// From this failure on nobody gets further.
const MOST: usize = 10;
/// Failures count this long.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Hashing is too slow for more to fail within the window.
const MOST_REMEMBERED: usize = 200_000;
/// The part of an IPv6 address that one customer has.
const IPV6_NETWORK: u128 = !0 << 64;

type Key = (String, IpAddr);

/// Failed logins per name and address, on this node.
#[derive(Default)]
pub struct Failures {
    by_key: Mutex<HashMap<Key, Vec<Instant>>>,
}

/// An attempt that counts as failed until it has succeeded: many at once are not more than one after another.
pub struct Attempt<'a> {
    failures: &'a Failures,
    key: Key,
    at: Instant,
    count: usize,
}

impl Failures {
    /// Begins an attempt.
    ///
    /// # Errors
    /// Too many have failed; how long to wait.
    pub fn attempt(&self, name: &str, address: IpAddr, now: Instant) -> Result<Attempt<'_>, Duration> {
        // Nobody has a longer name, and somebody may send any.
        let name = name.chars().take(MAX_NAME_CHARS).collect();
        let key = (name, network(address));
        let mut by_key = self.lock();
        if by_key.len() >= MOST_REMEMBERED {
            by_key.retain(|_, failures| failures.iter().any(|at| is_recent(*at, now)));
        }
        let failures = by_key.entry(key.clone()).or_default();
        failures.retain(|at| is_recent(*at, now));
        if let Some(oldest) = failures.len().checked_sub(MOST).and_then(|surplus| failures.get(surplus)) {
            return Err(WINDOW.saturating_sub(now.duration_since(*oldest)));
        }
        failures.push(now);
        Ok(Attempt { failures: self, key, at: now, count: failures.len() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Vec<Instant>>> {
        self.by_key.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// It succeeded: nothing counts any more.
    pub fn succeed(self) {
        self.failures.lock().remove(&self.key);
    }

    /// It was not decided.
    pub fn take_back(self) {
        let mut by_key = self.failures.lock();
        let Some(failures) = by_key.get_mut(&self.key) else { return };
        if let Some(place) = failures.iter().position(|at| *at == self.at) {
            failures.remove(place);
        }
        if failures.is_empty() {
            by_key.remove(&self.key);
        }
    }

    /// It failed; how long to wait if nobody gets further now.
    pub fn fail(self) -> Option<Duration> {
        (self.count >= MOST).then_some(WINDOW)
    }
}

fn is_recent(at: Instant, now: Instant) -> bool {
    now.duration_since(at) < WINDOW
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & IPV6_NETWORK).into()),
        address => address,
    }
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
            attempt().unwrap().take_back();
        }
        assert!(failures.lock().is_empty());
        for _ in 0..9 {
            attempt().unwrap().fail();
        }
        attempt().unwrap().succeed();
        assert_eq!(attempt().unwrap().fail(), None);
    }

    #[test]
    fn many_at_once_are_not_more_than_one_after_another() {
        let (failures, now) = (Failures::default(), Instant::now());
        let attempts: Vec<_> =
            (0..50).filter_map(|_| failures.attempt("anna", address("192.0.2.1"), now).ok()).collect();
        assert_eq!(attempts.len(), 10);
    }
}
