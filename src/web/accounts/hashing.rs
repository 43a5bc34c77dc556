use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::accounts::password::PasswordHash;
use crate::web::error::Error;

/// So many passwords are hashed at once: each takes a processor and 19 MiB.
const AT_ONCE: usize = 2;
/// An answer to a login is never later than a second.
const PATIENCE: Duration = Duration::from_millis(700);

/// Hashes passwords on threads of their own, a few at once.
pub struct Hashing {
    places: Arc<Semaphore>,
}

impl Default for Hashing {
    fn default() -> Self {
        Self { places: Arc::new(Semaphore::new(AT_ONCE)) }
    }
}

impl Hashing {
    /// Whether a password fits.
    ///
    /// # Errors
    /// When too many wait.
    pub async fn fits(&self, hash: PasswordHash, password: String) -> Result<bool, Error> {
        self.run(move || hash.fits(&password)).await
    }

    /// Hashes a password.
    ///
    /// # Errors
    /// When too many wait.
    pub async fn hash(&self, password: String) -> Result<PasswordHash, Error> {
        let hash = self.run(move || PasswordHash::new(&password)).await?;
        hash.map_err(|error| Error::Internal(format!("a password could not be hashed: {error}")))
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let place = tokio::time::timeout(PATIENCE, self.places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = place else { return Err(Error::Unavailable("too many log in at once")) };
        let working = tokio::task::spawn_blocking(move || {
            let done = work();
            drop(place);
            done
        });
        working.await.map_err(|error| Error::Internal(format!("hashing a password: {error}")))
    }
}
