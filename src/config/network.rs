use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;

use super::error::SettingError;

/// The proxies whose forwarded headers about their clients are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Parses addresses and networks (CIDR), separated by commas.
    ///
    /// # Errors
    /// When one of them is neither.
    pub fn parse(text: &str) -> Result<Self, SettingError> {
        let network = |word: &str| {
            let address = || word.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            word.parse().or_else(|_| address()).map_err(|_| {
                let reason =
                    format!("`{word}` is neither an address nor a network; expected some like 10.0.0.1,192.168.0.0/16");
                SettingError::new("trusted-proxy", reason)
            })
        };
        text.split(',').map(|word| network(word.trim())).collect::<Result<_, _>>().map(Self)
    }

    /// Returns whether this is the address of a trusted proxy.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The paths of certificate and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, a PEM file.
    pub cert: PathBuf,
    /// The private key of the certificate, a PEM file.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Combines the two paths; one without the other is an error.
    pub(super) fn new(cert: Option<String>, key: Option<String>) -> Result<Option<Self>, SettingError> {
        match (cert, key) {
            (None, None) => Ok(None),
            (Some(cert), Some(key)) => Ok(Some(Self { cert: cert.into(), key: key.into() })),
            (Some(_), None) => Err(SettingError::new("tls-key", "is missing: a certificate needs its private key")),
            (None, Some(_)) => Err(SettingError::new("tls-cert", "is missing: a private key needs its certificate")),
        }
    }
}

/// Timeouts and limits for clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Timeout of the TLS handshake, and of the head of the first request.
    pub head: Duration,
    /// Timeout of the request body, plus a second for each [`Limits::BYTES_PER_SECOND`] received.
    pub body: Duration,
    /// Timeout for taking a piece of an answer, and for the next request after it.
    pub stall: Duration,
    /// Idle time after which a kept connection is closed.
    pub keep_alive: Duration,
    /// Time budget of one question: a request that reads, or one chunk of its answer.
    pub question: Duration,
    /// Maximum number of concurrent questions per client.
    pub questions: usize,
    /// Maximum number of further questions of a client that wait for their turn.
    pub waiting: usize,
    /// Maximum time that a question, a large request body or a replay waits for its turn.
    pub turn: Duration,
    /// Maximum total size of request bodies held at once, in bytes; the PBX has as much again for itself.
    pub bodies: usize,
    /// Maximum number of connections per core; further ones wait to be accepted.
    pub connections_of_core: usize,
    /// Maximum number of concurrent connections per client address; a trusted proxy may have any number.
    pub connections_of_address: usize,
    /// Whether the loopback address is limited, too.
    pub counts_loopback: bool,
}

impl Limits {
    /// The minimum transfer rate, in bytes per second: slower than this is no network that anybody would use.
    pub const BYTES_PER_SECOND: u32 = 16 * 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: Duration::from_secs(10),
            body: Duration::from_secs(20),
            stall: Duration::from_secs(30),
            keep_alive: Duration::from_secs(15),
            question: Duration::from_secs(10),
            questions: 4,
            waiting: 64,
            turn: Duration::from_secs(10),
            bodies: 32 * 1024 * 1024,
            connections_of_core: 4_096,
            connections_of_address: 1_024,
            counts_loopback: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_networks_are_trusted_and_nothing_else() {
        let proxies = TrustedProxies::parse("10.0.0.0/8, 192.0.2.7,::1,2001:db8::/32,::ffff:198.51.100.1").unwrap();
        for address in ["10.1.2.3", "192.0.2.7", "::1", "2001:db8:1::2", "198.51.100.1"] {
            assert!(proxies.contains(address.parse().unwrap()), "{address}");
        }
        for address in ["11.1.2.3", "192.0.2.8", "::2", "2001:db9::1", "127.0.0.1"] {
            assert!(!proxies.contains(address.parse().unwrap()), "{address}");
        }
        assert!(!TrustedProxies::default().contains("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_no_address_is_named() {
        for text in ["proxy", "10.0.0.0/33", "10.0.0.1,,10.0.0.2", "10.0.0", "*"] {
            let error = TrustedProxies::parse(text).unwrap_err();
            assert_eq!(error.setting, "--trusted-proxy", "{text}: {error}");
        }
    }

    #[test]
    fn certificate_and_key_come_together() {
        let flag = |cert: Option<&str>, key: Option<&str>| {
            TlsFiles::new(cert.map(Into::into), key.map(Into::into)).map_err(|error| error.setting)
        };
        assert_eq!(flag(None, None), Ok(None));
        assert!(flag(Some("c"), Some("k")).unwrap().is_some());
        assert_eq!((flag(Some("c"), None), flag(None, Some("k"))), (Err("--tls-key".into()), Err("--tls-cert".into())));
    }
}
