//! Accounts in memory: who may come in is asked at every request.

/// Failed logins.
pub mod failures;
/// Hashing, without keeping others waiting.
pub mod hashing;
/// Who asks.
pub mod principal;
/// Cookies and what they stand for.
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

/// What is known of accounts on this node.
#[derive(Default)]
pub struct Accounts {
    known: RwLock<Option<Arc<Known>>>,
    read: Turns,
    has_told_code: AtomicBool,
    /// Whether others have changed anything is asked at every request.
    pub looks: Arc<Looks>,
    /// Who is logged in.
    pub sessions: Sessions,
    /// Who has tried in vain to log in.
    pub failures: Failures,
    /// Where passwords are hashed.
    pub hashing: Hashing,
}

/// Accounts and tokens as they were stored a moment ago.
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

    /// Accounts, by name.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// Tokens, by name.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The account of this name, however it is capitalised.
    pub fn user_named(&self, name: &str) -> Option<&User> {
        let key = key_of(name);
        self.users.iter().find(|user| key_of(&user.name) == key)
    }

    /// The account with this number.
    pub fn user(&self, id: i64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    /// The token that is recognised by this.
    pub fn token(&self, hash: SecretHash) -> Option<&Token> {
        self.by_hash.get(&hash).map(|place| &self.tokens[*place])
    }
}

impl Accounts {
    /// Accounts and tokens; `None` as long as the database has not told.
    pub fn known(&self) -> Option<Arc<Known>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Loads what is stored if it is not what is known.
    ///
    /// # Errors
    /// When the database does not answer; what was known goes on.
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

    /// Tells the log, once, the code that makes the first account.
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
