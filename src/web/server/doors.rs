//! The limit of concurrent connections per client address. Connections beyond it are closed before anything is read
//! from them; other addresses are not affected.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::config::{Config, TrustedProxies};
use crate::service::network::network;

/// Counter of open connections by address; an IPv6 network of 64 bits is one.
#[derive(Debug)]
pub struct Doors {
    most: usize,
    /// Trusted proxies, which are exempt: many clients come through each of them.
    proxies: TrustedProxies,
    counts_loopback: bool,
    by_network: Mutex<HashMap<IpAddr, usize>>,
}

/// An admitted connection, which counts until it is dropped.
#[derive(Debug)]
pub struct Admitted {
    doors: Arc<Doors>,
    network: Option<IpAddr>,
}

impl Doors {
    /// Creates a counter with the limits of the settings.
    pub fn new(config: &Config) -> Self {
        Self {
            most: config.limits.connections_of_address,
            proxies: config.trusted_proxies.clone(),
            counts_loopback: config.limits.counts_loopback,
            by_network: Mutex::default(),
        }
    }

    /// Admits a connection; `None` if there are too many of its address.
    pub fn admit(self: &Arc<Self>, address: IpAddr) -> Option<Admitted> {
        let address = address.to_canonical();
        // Loopback is exempt: a proxy on this machine needs no setting, and local users have other ways to do harm.
        if self.proxies.contains(address) || address.is_loopback() && !self.counts_loopback {
            return Some(Admitted { doors: self.clone(), network: None });
        }
        let network = network(address);
        let mut counts = self.lock();
        let count = counts.entry(network).or_insert(0);
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Admitted { doors: self.clone(), network: Some(network) })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.by_network.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let Some(network) = self.network else { return };
        let mut counts = self.doors.lock();
        if let Some(count) = counts.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors() -> Arc<Doors> {
        let proxies = TrustedProxies::parse("10.0.0.0/8,2001:db8:ffff::/48").unwrap();
        Arc::new(Doors { most: 3, proxies, counts_loopback: false, by_network: Mutex::default() })
    }

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_so_many_connections_and_the_others_have_theirs() {
        let doors = doors();
        let come = |at: &str| doors.admit(address(at));
        let mut there: Vec<_> = (0..5).filter_map(|_| come("192.0.2.1")).collect();
        assert_eq!(there.len(), 3);
        assert!(come("::ffff:192.0.2.1").is_none(), "the same, written otherwise");
        assert!(come("192.0.2.2").is_some());
        there.pop();
        let again = come("192.0.2.1");
        assert!(again.is_some() && come("192.0.2.1").is_none());
        drop((there, again));
        assert!(doors.lock().is_empty(), "nothing is kept of who is gone");
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let doors = doors();
        let there: Vec<_> = (0..100).filter_map(|host| doors.admit(address(&format!("2001:db8::{host}")))).collect();
        assert_eq!(there.len(), 3);
        assert!(doors.admit(address("2001:db8:0:1::1")).is_some());
    }

    #[test]
    fn proxies_and_this_machine_have_as_many_as_there_are() {
        let doors = doors();
        for at in ["10.1.2.3", "2001:db8:ffff::1", "127.0.0.1", "::1"] {
            let there: Vec<_> = (0..100).filter_map(|_| doors.admit(address(at))).collect();
            assert_eq!(there.len(), 100, "{at}");
        }
    }
}
