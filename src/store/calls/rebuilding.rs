//! The marker that a rebuild has begun and not ended, and for which settings. After a kill, it tells whether the
//! figures are a mixture.

use crate::store::db::engine::{Db, for_both_engines, writing};
use crate::store::db::error::StoreError;
use crate::store::db::meta::{REBUILDING, recall};

/// What a rebuild does with what it derives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// It is stored, by the rebuild that was begun under this name: see [`begin`].
    Mend(&'a str),
    /// It is compared with what is stored.
    Compare,
}

/// Returns the name of a rebuild that derives with these settings.
pub fn name_of(meta: &[(&'static str, String)]) -> String {
    serde_json::json!(meta.iter().map(|(flag, value)| (*flag, value.as_str())).collect::<Vec<_>>()).to_string()
}

/// Returns the name of the rebuild that was begun, if any. The name of one that an earlier version began is known to
/// nobody.
pub async fn begun(db: &Db) -> Result<Option<String>, StoreError> {
    recall(db, REBUILDING).await
}

/// Marks a rebuild as begun. One under another name that runs somewhere ends with its next step.
pub async fn begin(db: &Db, name: &str) -> Result<(), StoreError> {
    crate::store::db::meta::remember(db, REBUILDING, name).await
}

/// Marks a rebuild as ended, and stores its settings as those that the figures are made with. Returns `false` if
/// another has begun meanwhile.
pub async fn end(db: &Db, name: &str, meta: &[(&'static str, String)]) -> Result<bool, StoreError> {
    writing!(db, transaction in engine => engine::end(&mut transaction, name, meta).await)
}

for_both_engines! {
    use db::meta;

    async fn name_now(connection: &mut EngineConnection) -> Result<Option<String>, StoreError> {
        let name = sqlx::query_scalar("select value from settings where name = $1").bind(REBUILDING);
        Ok(name.fetch_optional(connection).await?)
    }

    /// Returns whether a rebuild under another name has begun.
    pub(in crate::store) async fn is_taken_over(
        connection: &mut EngineConnection,
        purpose: Purpose<'_>,
    ) -> Result<bool, StoreError> {
        let Purpose::Mend(name) = purpose else { return Ok(false) };
        // If there is none, another rebuild for the same settings may have reached its end.
        Ok(name_now(connection).await?.is_some_and(|now| now != name))
    }

    pub(in crate::store) async fn end(
        connection: &mut EngineConnection,
        name: &str,
        meta: &[(&'static str, String)],
    ) -> Result<bool, StoreError> {
        if name_now(connection).await?.is_some_and(|now| now != name) {
            return Ok(false);
        }
        for (flag, value) in meta {
            meta::set(connection, flag, value).await?;
        }
        sqlx::query("delete from settings where name = $1").bind(REBUILDING).execute(&mut *connection).await?;
        Ok(true)
    }
}
