//! Folding calls again, once, that had surplus events when these were first set apart.

use super::call_update::CallUpdate;
use crate::placetel::event::CallId;
use crate::stats::derivation::Derivation;
use crate::store::calls::rows::unpack_call_id;
use crate::store::db::engine::{Db, for_both_engines, reading, writing};
use crate::store::db::error::StoreError;
use crate::store::db::meta;

/// Maximum number of calls in one transaction.
const CALLS_AT_ONCE: usize = 20;

/// Folds calls again that had surplus events when these were first set apart. Done once; costs nothing afterwards.
///
/// # Errors
/// When the database does not answer. Doing it again goes on.
pub async fn fold_again_once(db: &Db, derivation: &Derivation) -> Result<(), StoreError> {
    if meta::recall(db, meta::FOLD_AGAIN).await?.is_none() {
        return Ok(());
    }
    let ids: Vec<Vec<u8>> = reading!(db, pool => {
        sqlx::query_scalar("select call_id from calls where id in (select call_key from surplus_events)").fetch_all(pool).await?
    });
    let ids = ids.iter().map(|id| unpack_call_id(id)).collect::<Result<Vec<CallId>, _>>()?;
    for ids in ids.chunks(CALLS_AT_ONCE) {
        writing!(db, transaction in engine => engine::fold_again(&mut transaction, derivation, ids).await)?;
    }
    tracing::info!(calls = ids.len(), "calls with very many events were folded again");
    meta::forget(db, meta::FOLD_AGAIN).await
}

for_both_engines! {
    use ingest::batch, ingest::call_writes;

    pub(in crate::store) async fn fold_again(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        ids: &[CallId],
    ) -> Result<(), StoreError> {
        let known = batch::load_calls(connection, ids.iter()).await?;
        let folded = known.into_iter().filter_map(|(id, call)| {
            let receipts = call.receipts.clone();
            Some((id, CallUpdate::fold(Some(call), receipts, derivation)?))
        });
        call_writes::write(connection, derivation, &folded.collect()).await
    }
}
