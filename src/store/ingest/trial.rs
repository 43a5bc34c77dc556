//! A probe of whether the database takes any event at all. Before that is known, no event is blamed for not being
//! taken: a table may be gone, or a privilege.

use std::collections::BTreeMap;
use std::time::Duration;

use super::batch::SURPLUS;
use super::call_update::CallUpdate;
use crate::calls::receipts::{Receipt, Receipts};
use crate::routing::table::Decision;
use crate::stats::derivation::Derivation;
use crate::store::calls::events::damaged;
use crate::store::db::engine::{Db, for_both_engines, writing};
use crate::store::db::error::StoreError;
use crate::store::db::meta::PROBE;

/// The key of a call that never exists.
const NO_CALL: i64 = 0;

/// Probes the database: stores an event of a call that does not exist, as any event is stored, rolls that back, and
/// commits a setting that means nothing, all within `within`.
///
/// # Errors
/// When the database does not take it, as it would not take any other.
pub async fn takes_events(db: &Db, derivation: &Derivation, within: Duration) -> Result<(), StoreError> {
    db.condition().may_record()?;
    let body = format!("call_id=trial-{:032x}&direction=in&event=IncomingCall", rand::random::<u128>());
    let receipt = Receipt::new(0, body.into_bytes()).map_err(damaged)?;
    match db {
        Db::Sqlite(pools) => {
            writing!(@within within, pools, begin_sqlite, transaction, sqlite::take(&mut transaction, derivation, &receipt).await)
        }
        Db::Postgres(pools) => {
            writing!(@within within, pools, begin_postgres, transaction, postgres::take(&mut transaction, derivation, &receipt).await)
        }
    }
}

for_both_engines! {
    use ingest::batch, ingest::call_writes, db::meta;

    pub(in crate::store) async fn take(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        receipt: &Receipt,
    ) -> Result<(), StoreError> {
        sqlx::raw_sql("savepoint trial").execute(&mut *connection).await?;
        let id = &receipt.event.call_id;
        batch::load_calls(connection, std::iter::once(id)).await?;
        batch::load_decisions(connection, &[NO_CALL]).await?;
        let receipts: Receipts = [receipt.clone()].into_iter().collect();
        let call = CallUpdate::fold(None, receipts, derivation);
        let updates: BTreeMap<_, _> = call.map(|call| (id.clone(), call)).into_iter().collect();
        let decision =
            Decision { route_id: None, route_name: None, xml: "".into(), decided_ms: 0, revision: None, took_us: None };
        let decisions = [(NO_CALL, &decision)];
        let mut writes = call_writes::write_all_but_cells(connection, derivation, &updates, &decisions).await?;
        batch::upsert_events(&mut writes, SURPLUS, &[(NO_CALL, receipt)]);
        writes.send(connection).await?;
        sqlx::raw_sql("rollback to savepoint trial").execute(&mut *connection).await?;
        meta::set(connection, PROBE, "").await
    }
}
