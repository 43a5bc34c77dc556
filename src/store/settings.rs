//! What the database remembers about itself.

use super::{Db, StoreError, for_both_engines, reading, writing};

/// There while a rebuild has begun and not ended.
pub const REBUILDING: &str = "rebuilding";

/// A remembered value.
///
/// # Errors
/// When the database does not answer.
pub async fn recall(db: &Db, name: &str) -> Result<Option<String>, StoreError> {
    reading!(db, pool => {
        Ok(sqlx::query_scalar("select value from settings where name = $1").bind(name).fetch_optional(pool).await?)
    })
}

/// Remembers a value.
///
/// # Errors
/// When the database does not answer.
pub async fn remember(db: &Db, name: &str, value: &str) -> Result<(), StoreError> {
    writing!(db, transaction => {
        sqlx::query("insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value")
            .bind(name)
            .bind(value)
            .execute(&mut *transaction)
            .await
            .map(drop)
            .map_err(StoreError::from)
    })
}

/// Forgets a value.
///
/// # Errors
/// When the database does not answer.
pub async fn forget(db: &Db, name: &str) -> Result<(), StoreError> {
    writing!(db, transaction => {
        sqlx::query("delete from settings where name = $1")
            .bind(name)
            .execute(&mut *transaction)
            .await
            .map(drop)
            .map_err(StoreError::from)
    })
}

for_both_engines! {
    /// Raises a counter by one.
    pub(in crate::store) async fn raise(connection: &mut EngineConnection, counter: &str) -> Result<(), StoreError> {
        sqlx::query(
            "insert into settings (name, value) values ($1, '1') on conflict (name) do update \
             set value = cast(cast(settings.value as bigint) + 1 as text)",
        )
        .bind(counter)
        .execute(connection)
        .await?;
        Ok(())
    }
}
