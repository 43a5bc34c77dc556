//! TLS termination for servers without a proxy: the certificate is reloaded when its files change.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys, ServerConfig};

use crate::config::{SettingError, TlsFiles};

/// Interval at which the files are checked for changes.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// The certificate that new connections get, reloaded while the server runs.
#[derive(Debug)]
pub struct Certificate {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    current: RwLock<Arc<CertifiedKey>>,
}

/// The contents of the two files.
#[derive(PartialEq, Eq)]
struct Contents {
    cert: Vec<u8>,
    key: Vec<u8>,
}

impl Contents {
    fn read(files: &TlsFiles) -> Result<Self, SettingError> {
        let read = |flag, path: &Path| std::fs::read(path).map_err(|error| wrong(flag, path, error));
        Ok(Self { cert: read("tls-cert", &files.cert)?, key: read("tls-key", &files.key)? })
    }

    fn certified(&self, files: &TlsFiles, provider: &CryptoProvider) -> Result<CertifiedKey, SettingError> {
        let in_cert = |what: &str| wrong("tls-cert", &files.cert, what);
        let in_key = |what: &str| wrong("tls-key", &files.key, what);
        let chain = CertificateDer::pem_slice_iter(&self.cert).collect::<Result<Vec<_>, _>>();
        let chain = chain.map_err(|error| in_cert(&format!("is no PEM file: {error}")))?;
        if chain.is_empty() {
            return Err(in_cert("holds no certificate; expected a PEM file with BEGIN CERTIFICATE"));
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key)
            .map_err(|_| in_key("holds no private key; expected an unencrypted PEM file with BEGIN PRIVATE KEY"))?;
        CertifiedKey::from_der(chain, key, provider).map_err(|error| match error {
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => in_key("is not the key of the certificate"),
            Error::InvalidCertificate(_) => in_cert("holds a certificate that cannot be used"),
            _ => in_key("holds a private key that cannot be used"),
        })
    }
}

fn wrong(flag: &'static str, path: &Path, what: impl std::fmt::Display) -> SettingError {
    SettingError::new(flag, format!("{}: {what}", path.display()))
}

impl Certificate {
    /// Loads the certificate and its key from the files.
    ///
    /// # Errors
    /// When they are no certificate with its key; names the flag.
    pub fn load(files: &TlsFiles) -> Result<Arc<Self>, SettingError> {
        let provider = Arc::new(ring::default_provider());
        let certified = Contents::read(files)?.certified(files, &provider)?;
        Ok(Arc::new(Self { files: files.clone(), provider, current: RwLock::new(Arc::new(certified)) }))
    }

    /// Returns the rustls configuration of the server.
    ///
    /// # Errors
    /// Never, with the cryptography that is built in.
    pub fn server_config(self: &Arc<Self>) -> Result<ServerConfig, SettingError> {
        let config = ServerConfig::builder_with_provider(self.provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| wrong("tls-cert", &self.files.cert, error))?;
        Ok(config.with_no_client_auth().with_cert_resolver(self.clone()))
    }

    /// Reloads the files whenever they change. While they are unusable, the last good certificate stays in use.
    pub async fn keep_fresh(self: Arc<Self>) {
        let mut seen = Contents::read(&self.files);
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            seen = self.look(seen);
        }
    }

    /// Compares the files with their previous contents, and returns the present ones. Compares by content, because
    /// modification times and symbolic links mislead.
    fn look(&self, seen: Result<Contents, SettingError>) -> Result<Contents, SettingError> {
        let now = Contents::read(&self.files);
        if now == seen {
            return seen;
        }
        match now.as_ref().map_err(Clone::clone).and_then(|now| now.certified(&self.files, &self.provider)) {
            Ok(certified) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(certified);
                tracing::info!("new connections get the new certificate");
            }
            Err(error) => tracing::error!(%error, "the new certificate cannot be used; the last one goes on"),
        }
        now
    }

    fn current(&self) -> Arc<CertifiedKey> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

#[cfg(test)]
mod tests {
    use rcgen::generate_simple_self_signed;

    use super::*;

    fn in_directory(directory: &tempfile::TempDir) -> TlsFiles {
        TlsFiles { cert: directory.path().join("cert.pem"), key: directory.path().join("key.pem") }
    }

    fn load(cert: &str, key: &str) -> Result<Arc<Certificate>, SettingError> {
        let directory = tempfile::tempdir().unwrap();
        let files = in_directory(&directory);
        std::fs::write(&files.cert, cert).unwrap();
        std::fs::write(&files.key, key).unwrap();
        Certificate::load(&files)
    }

    #[test]
    fn what_cannot_be_used_names_its_flag_and_never_the_key() {
        let (own, other) = (generate_simple_self_signed(["a".into()]), generate_simple_self_signed(["a".into()]));
        let (own, other) = (own.unwrap(), other.unwrap());
        let (cert, key, foreign) = (own.cert.pem(), own.signing_key.serialize_pem(), other.signing_key.serialize_pem());
        assert!(load(&cert, &key).unwrap().server_config().is_ok());
        let broken = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
        let secret = key.lines().nth(1).unwrap();
        for (cert, key, flag) in [
            ("", key.as_str(), "tls-cert"),
            ("no PEM", &key, "tls-cert"),
            (&key, &key, "tls-cert"),
            (broken, &key, "tls-cert"),
            (&cert[..cert.len() / 2], &key, "tls-cert"),
            (&cert, "", "tls-key"),
            (&cert, &cert, "tls-key"),
            (&cert, &key[..key.len() / 2], "tls-key"),
            (&cert, &foreign, "tls-key"),
        ] {
            let error = load(cert, key).unwrap_err();
            assert_eq!(error.setting, format!("--{flag}"), "{error}");
            assert!(!error.to_string().contains('\n') && !error.to_string().contains(secret), "{error}");
        }
    }

    #[test]
    fn a_renewal_counts_once_it_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let files = in_directory(&directory);
        let [old, new] = [(); 2].map(|()| generate_simple_self_signed(["a".into()]).unwrap());
        std::fs::write(&files.cert, old.cert.pem()).unwrap();
        std::fs::write(&files.key, old.signing_key.serialize_pem()).unwrap();
        let certificate = Certificate::load(&files).unwrap();
        let mut seen = Contents::read(&files);
        let mut shown = || {
            seen = certificate.look(std::mem::replace(&mut seen, Err(SettingError::new("tls-cert", ""))));
            certificate.current().cert[0].clone()
        };
        assert_eq!(&shown(), old.cert.der());
        std::fs::write(&files.cert, new.cert.pem()).unwrap();
        assert_eq!(&shown(), old.cert.der());
        std::fs::remove_file(&files.key).unwrap();
        assert_eq!(&shown(), old.cert.der());
        std::fs::write(&files.key, new.signing_key.serialize_pem()).unwrap();
        assert_eq!(&shown(), new.cert.der());
    }
}
