//! Traces: what the files of the database may still hold of what was deleted or replaced, until they are written anew.

use super::engine::for_both_engines;
use super::error::StoreError;
use super::meta;

for_both_engines! {
    /// Notes that the database files may hold traces of what this transaction changes.
    pub async fn note_traces(connection: &mut EngineConnection) -> Result<(), StoreError> {
        sqlx::query("insert into settings (name, value) values ($1, 'yes') on conflict do nothing")
            .bind(meta::ERASING)
            .execute(connection)
            .await?;
        Ok(())
    }
}
