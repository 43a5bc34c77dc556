//! Accounts, tokens and sessions, cached in memory: every request is authenticated.

/// The rate limit of failed logins.
pub mod failures;
/// The queue for password hashing.
pub mod hashing;
/// The authenticated principal of a request.
pub mod principal;
/// Session cookies, and the cache of sessions.
pub mod sessions;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use self::failures::Failures;
use self::hashing::Hashing;
use self::sessions::Sessions;
use crate::accounts::secret::SecretHash;
use crate::accounts::{Token, User, key_of};
use crate::store::accounts::{StoredAccounts, accounts_version, load_accounts, setup_code};
use crate::store::{Db, StoreError};
use crate::web::looks::Looks;
use crate::web::turns::Turns;

/// The cache of accounts on this node.
#[derive(Default)]
pub struct Accounts {
    known: RwLock<Option<Arc<Known>>>,
    read: Turns,
    has_told_code: AtomicBool,
    /// Checks for changes by others, shared by concurrent requests: every request asks.
    pub looks: Arc<Looks>,
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
    /// Returns accounts and tokens; `None` until they were first loaded.
    pub fn known(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads accounts and tokens, if the stored version is not the cached one.
    ///
    /// # Errors
    /// When the database does not answer; the cache stays in use.
    pub async fn refresh(&self, db: &Db) -> Result<(), StoreError> {
        let Some(turn) = self.read.turn(db).await else { return Ok(()) };
        let version = self.known().filter(|_| turn.has_same_server()).map(|known| known.version);
        if version != Some(accounts_version(db).await?) {
            let loaded = Known::new(load_accounts(db).await?);
            *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(loaded));
            // Sessions may have ended with what was changed.
            self.sessions.forget();
        }
        turn.end();
        Ok(())
    }

    /// Logs, once, the one-time code that makes the first account.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn tell_code(&self, db: &Db) -> Result<(), StoreError> {
        if self.has_told_code.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        let code = setup_code(db).await.inspect_err(|_| self.has_told_code.store(false, Ordering::Relaxed))?;
        tracing::warn!(code, "there is no account yet: open /setup and make one with this one-time code");
        Ok(())
    }
}
