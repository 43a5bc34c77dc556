//! The statements that store updated calls with their events and cells.

use std::collections::BTreeMap;

use super::batch::EVENTS;
use super::call_update::CallUpdate;
use crate::placetel::event::CallId;
use crate::routing::table::Decision;
use crate::stats::business::BusinessTime;
use crate::stats::derivation::Derivation;
use crate::stats::rollup::{Cell, CellKey, Contribution, Differences};
use crate::store::calls::rows::StoredCall;
use crate::store::db::engine::for_both_engines;
use crate::store::db::error::StoreError;

fn differences<'a>(updates: impl Iterator<Item = &'a CallUpdate>, business: &BusinessTime) -> BTreeMap<CellKey, Cell> {
    let of = |stored: &StoredCall| Contribution::of(&stored.call, stored.in_hours, business);
    let mut differences = Differences::default();
    for CallUpdate { before, after, .. } in updates {
        differences.replace(before.as_ref().map(of).as_ref(), Some(&of(after)));
    }
    differences.into_cells()
}

for_both_engines! {
    use ingest::batch, stats::months, stats::changed, calls::surplus, db::writes;

    use writes::Writes;

    /// Stores updated calls, their events and their cells.
    pub async fn write(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        updates: &BTreeMap<CallId, CallUpdate>,
    ) -> Result<(), StoreError> {
        write_all_but_cells(connection, derivation, updates, &[]).await?.send(connection).await
    }

    /// Stores updated calls and their events, and decisions of calls that have none. Returns the statements for the
    /// cells, which are not executed yet.
    pub async fn write_all_but_cells(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        updates: &BTreeMap<CallId, CallUpdate>,
        decisions: &[(i64, &Decision)],
    ) -> Result<Writes, StoreError> {
        let calls = write_calls(updates);
        let next = async { (write_log(updates, decisions), differences(updates.values(), &derivation.business)) };
        let (written, (log, differences)) = tokio::join!(calls.send(connection), next);
        written?;
        let cells = correct_cells(connection, log, differences).await?;
        let mut writes = Writes::new();
        batch::write_cells(&mut writes, &cells);
        months::reopen(&mut writes, cells.keys().map(|key| key.day(&derivation.business)));
        Ok(writes)
    }

    fn write_calls(updates: &BTreeMap<CallId, CallUpdate>) -> Writes {
        let (mut new, mut changed, mut progressed) = (Vec::new(), Vec::new(), Vec::new());
        for CallUpdate { before, after, .. } in updates.values() {
            match before {
                None => new.push(after),
                Some(before) if before == after => {}
                Some(before) if before.began_like(after) => progressed.push(after),
                Some(_) => changed.push(after),
            }
        }
        let mut writes = Writes::new();
        batch::insert_calls(&mut writes, &new);
        batch::set_calls(&mut writes, &changed);
        batch::set_progress(&mut writes, &progressed);
        writes
    }

    fn write_log(updates: &BTreeMap<CallId, CallUpdate>, decisions: &[(i64, &Decision)]) -> Writes {
        let outdated: Vec<_> = updates.values().flat_map(CallUpdate::outdated_receipts).collect();
        let changed: Vec<_> = updates.values().flat_map(CallUpdate::changed_receipts).collect();
        let mut writes = Writes::new();
        batch::delete_events(&mut writes, EVENTS, &outdated);
        batch::upsert_events(&mut writes, EVENTS, &changed);
        surplus::write(&mut writes, updates.values());
        batch::insert_decisions(&mut writes, decisions);
        let changes = updates.values().map(|update| (update.before.as_ref(), &update.after));
        let decided = changes.clone().filter(|(_, after)| decisions.iter().any(|(key, _)| *key == after.key));
        changed::note(&mut writes, changes, decided.map(|(_, after)| (after.call.started_ms, after.key)));
        writes
    }

    /// Loads the cells and applies their differences; `log` is sent along with the query.
    async fn correct_cells(
        connection: &mut EngineConnection,
        log: Writes,
        differences: BTreeMap<CellKey, Cell>,
    ) -> Result<BTreeMap<CellKey, Cell>, StoreError> {
        let mut cells = batch::load_cells(connection, log, differences.keys().cloned().collect()).await?;
        for (key, difference) in &differences {
            let Some(cell) = cells.get_mut(key) else { continue };
            cell.apply(difference);
            if cell.clamp() {
                crate::store::stats::cells::below_zero(key);
            }
        }
        Ok(cells)
    }
}
