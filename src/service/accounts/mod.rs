//! Accounts, tokens and sessions, cached in memory: every request is authenticated.

/// Changes of accounts, tokens and sessions.
pub mod changes;
/// The rate limit of failed logins.
pub mod failures;
/// The queue for password hashing.
pub mod hashing;
/// Logins in the audit log.
mod logins;
/// The cache of sessions.
pub mod sessions;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use self::failures::Failures;
use self::hashing::Hashing;
use self::sessions::Sessions;
use super::looks::Looks;
use super::turns::Turns;
use crate::accounts::secret::SecretHash;
use crate::accounts::{Token, User, key_of};
use crate::store::accounts::{StoredAccounts, accounts_version, load_accounts, setup_code};
use crate::store::{Db, StoreError};

/// Timeout of the check whether accounts changed; after it, the cached ones are used. With the queue for password
/// hashing and the hashing itself, a login is answered within a second.
const PATIENCE: Duration = Duration::from_millis(300);

/// The cache of accounts on this node.
pub struct Accounts {
    db: Arc<Db>,
    /// Whether nobody outside this machine can reach the service, so that it may be used before there is an account.
    is_unprotected: bool,
    known: RwLock<Option<Arc<Known>>>,
    read: Turns,
    has_told_code: AtomicBool,
    /// Checks for changes by others, shared by concurrent requests: every request asks.
    looks: Arc<Looks>,
    /// The cache of sessions.
    pub sessions: Sessions,
    /// The rate limiter of logins.
    pub failures: Failures,
    /// The queue for password hashing.
    pub hashing: Hashing,
}

/// A snapshot of accounts and tokens, as they were stored a moment ago.
#[derive(Debug)]
pub struct Known {
    version: i64,
    users: Vec<User>,
    tokens: Vec<Token>,
    by_hash: HashMap<SecretHash, usize>,
}

impl Known {
    fn new(StoredAccounts { version, users, tokens }: StoredAccounts) -> Self {
        let by_hash = tokens.iter().enumerate().map(|(place, token)| (token.hash, place)).collect();
        Self { version, users, tokens, by_hash }
    }

    /// Returns the accounts, in order of name.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// Returns the tokens, in order of name.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// Returns the account of this name, however it is capitalised.
    pub fn user_named(&self, name: &str) -> Option<&User> {
        let key = key_of(name);
        self.users.iter().find(|user| key_of(&user.name) == key)
    }

    /// Returns the account with this number.
    pub fn user(&self, id: i64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// Returns the token with this hash.
    pub fn token(&self, hash: SecretHash) -> Option<&Token> {
        self.by_hash.get(&hash).map(|place| &self.tokens[*place])
    }
}

impl Accounts {
    pub(super) fn new(db: Arc<Db>, is_unprotected: bool) -> Self {
        Self {
            db,
            is_unprotected,
            known: RwLock::default(),
            read: Turns::default(),
            has_told_code: AtomicBool::default(),
            looks: Arc::default(),
            sessions: Sessions::default(),
            failures: Failures::default(),
            hashing: Hashing::default(),
        }
    }

    /// Returns accounts and tokens; `None` until they were first loaded.
    pub fn known(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns whether local mode is on: anybody on this machine may do everything, to try it out, until there is an
    /// account.
    pub fn is_local_mode(&self) -> bool {
        self.is_unprotected && self.known().is_some_and(|known| known.users().is_empty())
    }

    /// Refreshes the accounts, together with concurrent requests; returns whether a read that began after this call
    /// succeeded. If not, the cached accounts stay in use.
    pub async fn look(self: &Arc<Self>) -> bool {
        let accounts = self.clone();
        // Boxed, because every request waits for one: otherwise its size would add to every future that does.
        let look = Box::pin(async move {
            let told = accounts.refresh().await;
            told.inspect_err(|error| tracing::debug!(%error, "who may come in could not be read")).is_ok()
        });
        self.looks.share(PATIENCE, look).await
    }

    /// Reloads accounts and tokens, if others have changed them. Tells the log how to make the first account where one
    /// is needed.
    ///
    /// # Errors
    /// When the database does not answer; the cached accounts stay in use.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        self.reload().await?;
        let has_accounts = self.known().is_some_and(|known| !known.users().is_empty());
        if has_accounts || self.is_unprotected {
            return Ok(());
        }
        // Only the first account needs the code, and it is tried again in a second.
        if let Err(error) = self.tell_code().await {
            tracing::debug!(%error, "the code that makes the first account could not be told yet");
        }
        Ok(())
    }

    /// Reloads accounts and tokens, if the stored version is not the cached one.
    async fn reload(&self) -> Result<(), StoreError> {
        let Some(turn) = self.read.turn(&self.db).await else { return Ok(()) };
        let version = self.known().filter(|_| turn.has_same_server()).map(|known| known.version);
        if version != Some(accounts_version(&self.db).await?) {
            let loaded = Known::new(load_accounts(&self.db).await?);
            *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(loaded));
            // Sessions may have ended with what was changed.
            self.sessions.forget();
        }
        turn.end();
        Ok(())
    }

    /// Logs, once, the one-time code that makes the first account.
    pub async fn tell_code(&self) -> Result<(), StoreError> {
        if self.has_told_code.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let code = setup_code(&self.db).await.inspect_err(|_| self.has_told_code.store(false, Ordering::Relaxed))?;
        tracing::warn!(code, "there is no account yet: open /setup and make one with this one-time code");
        Ok(())
    }
}
