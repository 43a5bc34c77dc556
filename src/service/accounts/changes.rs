//! Changes of accounts, tokens and sessions: each is stored with its entry in the audit log, and then holds.

use super::Accounts;
use crate::accounts::Role;
use crate::accounts::action::{Action, Actor, Entry, Subject, Verb};
use crate::accounts::password::PasswordHash;
use crate::store::accounts::sessions::{end_other_sessions, end_session};
use crate::store::accounts::{
    AccountError, NewToken, NewUser, add_token, add_user, remove_token, remove_user, set_password, set_role,
};
use crate::store::{Db, StoreError};

const ENDED: Action = (Subject::Session, Verb::Ended);

/// A change of an account or a token, whose name is as somebody typed it.
#[derive(Debug)]
pub enum AccountChange {
    /// Adds an account.
    Add(NewUser),
    /// Adds the first account.
    AddFirst(NewUser),
    /// Gives an account a role.
    Role {
        /// The name of the account.
        name: String,
        /// The role.
        role: Role,
    },
    /// Gives an account another password and ends its sessions.
    Password {
        /// The name of the account.
        name: String,
        /// The hash of the password.
        hash: PasswordHash,
        /// The only session that goes on.
        keep_session: Option<i64>,
    },
    /// Removes an account with its sessions.
    Remove {
        /// The name of the account.
        name: String,
    },
    /// Adds a token.
    AddToken(NewToken),
    /// Removes a token.
    RemoveToken {
        /// The name of the token.
        name: String,
    },
}

impl AccountChange {
    /// Returns the name of the account or token.
    pub fn name(&self) -> &str {
        match self {
            Self::Add(user) | Self::AddFirst(user) => &user.name,
            Self::AddToken(token) => &token.name,
            Self::Role { name, .. } | Self::Password { name, .. } => name,
            Self::Remove { name } | Self::RemoveToken { name } => name,
        }
    }

    /// Stores the change, for whoever has no accounts in memory.
    ///
    /// # Errors
    /// When it cannot be made, or the database does not answer.
    pub async fn store(&self, db: &Db, by: &Actor) -> Result<(), AccountError> {
        let entry = self.entry(by);
        match self {
            Self::Add(user) => add_user(db, user, false, &entry).await,
            Self::AddFirst(user) => add_user(db, user, true, &entry).await,
            Self::Role { name, role } => set_role(db, name, *role, &entry).await,
            Self::Password { name, hash, keep_session } => set_password(db, name, hash, *keep_session, &entry).await,
            Self::Remove { name } => remove_user(db, name, &entry).await,
            Self::AddToken(token) => add_token(db, token, &entry).await,
            Self::RemoveToken { name } => remove_token(db, name, &entry).await,
        }
    }

    fn entry(&self, by: &Actor) -> Entry {
        let (action, role) = match self {
            Self::Add(user) | Self::AddFirst(user) => {
                ((Subject::Account, Verb::Added), Some(user.role).filter(|_| by.is_command()))
            }
            Self::Role { role, .. } => ((Subject::Role, Verb::Changed), Some(*role)),
            Self::Password { .. } => ((Subject::Password, Verb::Changed), None),
            Self::Remove { .. } => ((Subject::Account, Verb::Removed), None),
            Self::AddToken(token) => ((Subject::Token, Verb::Added), Some(token.role)),
            Self::RemoveToken { .. } => ((Subject::Token, Verb::Removed), None),
        };
        let entry = Entry::new(by, action);
        match role {
            Some(role) => entry.on(&format!("{}: {}", self.name(), role.word())),
            None => entry.on(self.name()),
        }
    }
}

impl Accounts {
    /// Makes a change.
    ///
    /// # Errors
    /// When it cannot be made, or the database does not answer.
    pub async fn change(&self, change: &AccountChange, by: &Actor) -> Result<(), AccountError> {
        change.store(&self.db, by).await?;
        Ok(self.refresh().await?)
    }

    /// Ends a session of the account with this id and name; returns whether there was one.
    pub async fn end_session(
        &self,
        (user_id, name): (i64, &str),
        session: i64,
        by: &Actor,
    ) -> Result<bool, StoreError> {
        let ended = end_session(&self.db, user_id, session, &Entry::new(by, ENDED).on(name)).await?;
        self.sessions.forget();
        Ok(ended)
    }

    /// Ends all sessions of the account with this id and name but one.
    pub async fn end_other_sessions(
        &self,
        (user_id, name): (i64, &str),
        keep: i64,
        by: &Actor,
    ) -> Result<(), StoreError> {
        end_other_sessions(&self.db, user_id, keep, &Entry::new(by, ENDED).on(name)).await?;
        self.sessions.forget();
        Ok(())
    }

    /// Ends the session of whoever logs out.
    pub async fn log_out(&self, user_id: i64, session: i64, by: &Actor) -> Result<(), StoreError> {
        end_session(&self.db, user_id, session, &Entry::new(by, ENDED)).await?;
        self.sessions.forget();
        Ok(())
    }
}
