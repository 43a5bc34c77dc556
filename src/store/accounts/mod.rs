//! Accounts and API tokens. Every change raises one version counter, which tells every node that its cache is outdated,
//! and has an entry in the audit log.

/// The audit log: who changed what.
pub mod audit;
/// Login sessions.
pub mod sessions;

use super::db::engine::{Db, for_both_engines, writing};
use super::db::error::StoreError;
use super::db::pools::entering;
use crate::accounts::action::Entry;
use crate::accounts::password::PasswordHash;
use crate::accounts::secret::{SecretHash, new_code};
use crate::accounts::{Role, Token, User, key_of};
use crate::stats::filter::Lines;

const COUNTER: &str = "accounts_version";
/// The name of the setting that keeps the setup code for the first account, for all nodes; present until that is made.
pub const SETUP_CODE: &str = "setup_code";

/// All accounts and tokens as they are stored.
#[derive(Debug, Default)]
pub struct StoredAccounts {
    /// The version counter, raised by every change.
    pub version: i64,
    /// The accounts, ordered by name.
    pub users: Vec<User>,
    /// The tokens, ordered by name.
    pub tokens: Vec<Token>,
}

/// An account to be added.
#[derive(Debug)]
pub struct NewUser {
    /// The name as people write it.
    pub name: String,
    /// The role, which says what it may do.
    pub role: Role,
    /// The only own lines that it may see, if it is a viewer.
    pub lines: Lines,
    /// The hash of its password.
    pub password: PasswordHash,
    /// The creation time, milliseconds since 1970 UTC.
    pub created_ms: i64,
}

/// An API token to be added.
#[derive(Debug)]
pub struct NewToken {
    /// The name as people write it.
    pub name: String,
    /// The role, which says what it may do.
    pub role: Role,
    /// The hash of its secret, by which it is recognised.
    pub hash: SecretHash,
    /// The creation time, milliseconds since 1970 UTC.
    pub created_ms: i64,
}

/// The reason why accounts or tokens were not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// There is no account or token of this name.
    #[error("there is none of this name")]
    Unknown,
    /// There is one of this name already.
    #[error("there is one of this name already")]
    Taken,
    /// It is the last admin: without one nobody could change anything any more.
    #[error("this is the last admin: make another one first")]
    LastAdmin,
    /// The first account would be no admin: nobody could change anything.
    #[error("the first account must be an admin")]
    FirstAdmin,
    /// There is an account already, so this is not the first.
    #[error("there is an account already")]
    NotFirst,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Returns the version counter, raised by every change of accounts and tokens.
pub async fn accounts_version(db: &Db) -> Result<i64, StoreError> {
    let value: Option<String> = entering!(db, pool => {
        sqlx::query_scalar("select value from settings where name = $1").bind(COUNTER).fetch_optional(pool).await?
    });
    Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0))
}

type UserRow = (i64, String, i16, Option<String>, String, i64);
type TokenRow = (i64, String, i16, Vec<u8>, i64);

/// Loads all accounts and tokens.
pub async fn load_accounts(db: &Db) -> Result<StoredAccounts, StoreError> {
    // The version is read first: a change in between is loaded again, never missed.
    let version = accounts_version(db).await?;
    let (users, tokens): (Vec<UserRow>, Vec<TokenRow>) = entering!(db, pool => (
        sqlx::query_as("select id, name, role, lines, password, created_ms from users order by key").fetch_all(pool).await?,
        sqlx::query_as("select id, name, role, hash, created_ms from tokens order by key").fetch_all(pool).await?,
    ));
    let users = users.into_iter().map(|(id, name, role, lines, password, created_ms)| {
        let lines = lines.map(|lines| serde_json::from_str::<Vec<String>>(&lines)).transpose();
        let lines = lines.map_err(|error| StoreError::Damaged(format!("the lines of an account: {error}")))?;
        let (role, password) = (read_role(role)?, PasswordHash::stored(password));
        Ok(User { id, name, role, lines: lines.map(Into::into), password, created_ms })
    });
    let tokens = tokens.into_iter().map(|(id, name, role, hash, created_ms)| {
        let hash = SecretHash::stored(&hash).ok_or_else(|| StoreError::Damaged("a token".into()))?;
        Ok(Token { id, name, role: read_role(role)?, hash, created_ms })
    });
    Ok(StoredAccounts {
        version,
        users: users.collect::<Result<_, StoreError>>()?,
        tokens: tokens.collect::<Result<_, StoreError>>()?,
    })
}

fn role_code(role: Role) -> i16 {
    match role {
        Role::Admin => 1,
        Role::Viewer => 2,
    }
}

fn read_role(code: i16) -> Result<Role, StoreError> {
    let role = Role::ALL.into_iter().find(|role| role_code(*role) == code);
    role.ok_or_else(|| StoreError::Damaged("a role".into()))
}

/// Returns the setup code that makes the first account: the same on all nodes, until it is made.
pub async fn setup_code(db: &Db) -> Result<String, StoreError> {
    if let Some(code) = super::db::meta::recall(db, SETUP_CODE).await? {
        return Ok(code);
    }
    let fresh = new_code();
    writing!(db, transaction => {
        sqlx::query_scalar(
            "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = settings.value \
             returning value",
        )
        .bind(SETUP_CODE)
        .bind(fresh.as_str())
        .fetch_one(&mut *transaction)
        .await
        .map_err(StoreError::from)
    })
}

/// Adds an account. With `only_first`, only if there is none.
///
/// # Errors
/// When the name is taken, it would be the first and no admin, or the database does not answer.
pub async fn add_user(db: &Db, user: &NewUser, only_first: bool, entry: &Entry) -> Result<(), AccountError> {
    writing!(db, transaction in engine => engine::add_user(&mut transaction, user, only_first, entry).await)?
}

/// Gives an account a role; nothing happens where it has it already.
///
/// # Errors
/// When there is none, it is the last admin's, or the database does not answer.
pub async fn set_role(db: &Db, name: &str, role: Role, entry: &Entry) -> Result<(), AccountError> {
    writing!(db, transaction in engine => engine::set_role(&mut transaction, &key_of(name), role, entry).await)?
}

/// Gives an account another password, and ends its sessions but this one.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn set_password(
    db: &Db,
    name: &str,
    password: &PasswordHash,
    keep_session: Option<i64>,
    entry: &Entry,
) -> Result<(), AccountError> {
    let key = key_of(name);
    writing!(db, transaction in engine => {
        engine::set_password(&mut transaction, &key, password, keep_session.unwrap_or(-1), entry).await
    })?
}

/// Removes an account with its sessions.
///
/// # Errors
/// When there is none, it is the last admin, or the database does not answer.
pub async fn remove_user(db: &Db, name: &str, entry: &Entry) -> Result<(), AccountError> {
    writing!(db, transaction in engine => engine::remove_user(&mut transaction, &key_of(name), entry).await)?
}

/// Adds a token.
///
/// # Errors
/// When the name is taken, or the database does not answer.
pub async fn add_token(db: &Db, token: &NewToken, entry: &Entry) -> Result<(), AccountError> {
    writing!(db, transaction in engine => engine::add_token(&mut transaction, token, entry).await)?
}

/// Removes a token.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn remove_token(db: &Db, name: &str, entry: &Entry) -> Result<(), AccountError> {
    writing!(db, transaction in engine => engine::remove_token(&mut transaction, &key_of(name), entry).await)?
}

/// The outcome of a change: done, or why nothing was changed. Both commit; only a [`StoreError`] rolls back.
type Changed = Result<Result<(), AccountError>, StoreError>;

for_both_engines! {
    use accounts::audit, db::meta;

    /// Finds the account with this key; returns its id and role.
    async fn find(connection: &mut EngineConnection, key: &str) -> Result<Option<(i64, i16)>, StoreError> {
        let found = sqlx::query_as("select id, role from users where key = $1").bind(key);
        Ok(found.fetch_optional(&mut *connection).await?)
    }

    async fn is_last_admin(connection: &mut EngineConnection, role: i16) -> Result<bool, StoreError> {
        let admins: i64 = sqlx::query_scalar("select count(*) from users where role = $1")
            .bind(role_code(Role::Admin))
            .fetch_one(&mut *connection)
            .await?;
        Ok(role == role_code(Role::Admin) && admins <= 1)
    }

    async fn done(connection: &mut EngineConnection, entry: &Entry) -> Changed {
        meta::raise(connection, COUNTER).await?;
        audit::write(connection, entry).await?;
        Ok(Ok(()))
    }

    pub(in crate::store) async fn add_user(
        connection: &mut EngineConnection,
        user: &NewUser,
        only_first: bool,
        entry: &Entry,
    ) -> Changed {
        let users: i64 = sqlx::query_scalar("select count(*) from users").fetch_one(&mut *connection).await?;
        if only_first && users > 0 {
            return Ok(Err(AccountError::NotFirst));
        }
        if users == 0 && user.role != Role::Admin {
            return Ok(Err(AccountError::FirstAdmin));
        }
        let key = key_of(&user.name);
        if find(connection, &key).await?.is_some() {
            return Ok(Err(AccountError::Taken));
        }
        sqlx::query("insert into users (key, name, role, lines, password, created_ms) values ($1, $2, $3, $4, $5, $6)")
            .bind(key)
            .bind(user.name.as_str())
            .bind(role_code(user.role))
            .bind(user.lines.as_ref().map(|lines| serde_json::json!(&**lines).to_string()))
            .bind(user.password.as_str())
            .bind(user.created_ms)
            .execute(&mut *connection)
            .await?;
        sqlx::query("delete from settings where name = $1").bind(SETUP_CODE).execute(&mut *connection).await?;
        done(connection, entry).await
    }

    pub(in crate::store) async fn set_role(
        connection: &mut EngineConnection,
        key: &str,
        role: Role,
        entry: &Entry,
    ) -> Changed {
        let Some((id, now)) = find(connection, key).await? else { return Ok(Err(AccountError::Unknown)) };
        if now == role_code(role) {
            return Ok(Ok(()));
        }
        if role != Role::Admin && is_last_admin(connection, now).await? {
            return Ok(Err(AccountError::LastAdmin));
        }
        let update = sqlx::query("update users set role = $1 where id = $2").bind(role_code(role)).bind(id);
        update.execute(&mut *connection).await?;
        done(connection, entry).await
    }

    pub(in crate::store) async fn set_password(
        connection: &mut EngineConnection,
        key: &str,
        password: &PasswordHash,
        keep_session: i64,
        entry: &Entry,
    ) -> Changed {
        let Some((id, _)) = find(connection, key).await? else { return Ok(Err(AccountError::Unknown)) };
        let update = sqlx::query("update users set password = $1 where id = $2").bind(password.as_str()).bind(id);
        update.execute(&mut *connection).await?;
        let end = sqlx::query("delete from sessions where user_id = $1 and id <> $2").bind(id).bind(keep_session);
        end.execute(&mut *connection).await?;
        done(connection, entry).await
    }

    pub(in crate::store) async fn remove_user(connection: &mut EngineConnection, key: &str, entry: &Entry) -> Changed {
        let Some((id, role)) = find(connection, key).await? else { return Ok(Err(AccountError::Unknown)) };
        if is_last_admin(connection, role).await? {
            return Ok(Err(AccountError::LastAdmin));
        }
        // SQLite's foreign keys are switched off: see [`super::db::pools`].
        sqlx::query("delete from sessions where user_id = $1").bind(id).execute(&mut *connection).await?;
        sqlx::query("delete from users where id = $1").bind(id).execute(&mut *connection).await?;
        done(connection, entry).await
    }

    pub(in crate::store) async fn add_token(connection: &mut EngineConnection, token: &NewToken, entry: &Entry) -> Changed {
        let key = key_of(&token.name);
        let known: Option<i64> = sqlx::query_scalar("select id from tokens where key = $1")
            .bind(key.as_str())
            .fetch_optional(&mut *connection)
            .await?;
        if known.is_some() {
            return Ok(Err(AccountError::Taken));
        }
        sqlx::query("insert into tokens (key, name, role, hash, created_ms) values ($1, $2, $3, $4, $5)")
            .bind(key)
            .bind(token.name.as_str())
            .bind(role_code(token.role))
            .bind(token.hash.as_bytes())
            .bind(token.created_ms)
            .execute(&mut *connection)
            .await?;
        done(connection, entry).await
    }

    pub(in crate::store) async fn remove_token(connection: &mut EngineConnection, key: &str, entry: &Entry) -> Changed {
        let removed = sqlx::query("delete from tokens where key = $1").bind(key).execute(&mut *connection).await?;
        if removed.rows_affected() == 0 {
            return Ok(Err(AccountError::Unknown));
        }
        done(connection, entry).await
    }
}
