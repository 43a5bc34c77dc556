//! Folding calls again, once, of which a later version makes something else.

use super::call_update::CallUpdate;
use crate::placetel::event::CallId;
use crate::stats::derivation::Derivation;
use crate::store::calls::rows::unpack_call_id;
use crate::store::db::engine::{Db, for_both_engines, reading, writing};
use crate::store::db::error::StoreError;
use crate::store::db::meta;

/// What is to be folded again: the setting that says so, which calls, how many in one transaction, and what they are.
struct Reason {
    setting: &'static str,
    calls: &'static str,
    at_once: usize,
    what: &'static str,
}

const REASONS: [Reason; 2] = [
    Reason {
        setting: meta::FOLD_AGAIN,
        calls: "select call_id from calls where id in (select call_key from surplus_events)",
        at_once: 20,
        what: "calls with very many events",
    },
    Reason {
        setting: meta::FOLD_INTERNAL,
        calls: "select call_id from calls where direction in (1, 2) and event_count > 0 \
                and (from_number like '%@%' or length(from_number) <= 5) \
                and (to_number like '%@%' or length(to_number) <= 5) order by id",
        at_once: 500,
        what: "calls between colleagues",
    },
];

/// Folds the calls again that an update of the tables found. Done once; costs nothing afterwards.
///
/// # Errors
/// When the database does not answer. Doing it again goes on.
pub async fn fold_again_once(db: &Db, derivation: &Derivation) -> Result<(), StoreError> {
    for reason in REASONS {
        if meta::recall(db, reason.setting).await?.is_some() {
            fold_calls_again(db, derivation, &reason).await?;
        }
    }
    Ok(())
}

async fn fold_calls_again(db: &Db, derivation: &Derivation, reason: &Reason) -> Result<(), StoreError> {
    let ids: Vec<Vec<u8>> = reading!(db, pool => sqlx::query_scalar(reason.calls).fetch_all(pool).await?);
    let ids = ids.iter().map(|id| unpack_call_id(id)).collect::<Result<Vec<CallId>, _>>()?;
    for ids in ids.chunks(reason.at_once) {
        writing!(db, transaction in engine => engine::fold_again(&mut transaction, derivation, ids).await)?;
    }
    tracing::info!(calls = ids.len(), what = reason.what, "calls were folded again");
    meta::forget(db, reason.setting).await
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
