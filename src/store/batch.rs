//! The wide statements of a batch: one per table and up to [`ROWS_PER_STATEMENT`] rows, because a
//! statement costs more than a row. Their texts vary with the number of rows and are not kept prepared.

use std::collections::{BTreeMap, HashMap};

use sqlx::QueryBuilder;
use sqlx::query_builder::Separated;

use super::cells::read_cell;
use super::events::{digest, read_receipt};
use super::rows::{CallRow, DecisionRow, StoredCall, call_columns, pack_call_id, pack_direction};
use super::{StoreError, for_both_engines};
use crate::calls::receipts::{Receipt, Receipts};
use crate::placetel::event::CallId;
use crate::routing::table::Decision;
use crate::stats::rollup::{Cell, CellKey, Tier};

/// Bound values in one statement stay below SQLite's 32,766 with this many rows of at most 17 columns.
const ROWS_PER_STATEMENT: usize = 1_500;

/// The columns of `calls` that the fold decides, in the order of `push_derived`.
macro_rules! derived_columns {
    () => {
        "direction, from_number, to_number, number, party, peer, has_incoming, in_hours, started_ms, accepted_ms, \
         ended_ms, ending, talk_seconds, event_count"
    };
}

for_both_engines! {
    /// Naming an indexed column in `set` touches its index even if it stays, and these rarely change.
    pub const SET_ALL: &str = "started_ms = v.started_ms, party = v.party, ";
    pub const SET_UNINDEXED: &str = "";

    /// The calls with these ids and their events.
    pub async fn load_calls(
        connection: &mut EngineConnection,
        ids: impl Iterator<Item = &CallId>,
    ) -> Result<HashMap<CallId, (StoredCall, Receipts)>, StoreError> {
        let mut ids: Vec<_> = ids.map(pack_call_id).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut known = HashMap::new();
        for ids in ids.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new(concat!("select ", call_columns!(), " from calls where call_id in ("));
            let mut list = query.separated(",");
            ids.iter().for_each(|id| { list.push_bind(id.as_slice()); });
            query.push(")");
            let rows: Vec<CallRow> = query.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
            for row in rows {
                let stored = StoredCall::try_from(row)?;
                known.insert(stored.key, (stored, Receipts::default()));
            }
        }
        let keys: Vec<i64> = known.keys().copied().collect();
        for keys in keys.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new("select call_key, received_ms, deliveries, body from events where call_key in (");
            let mut list = query.separated(",");
            keys.iter().for_each(|key| { list.push_bind(*key); });
            query.push(")");
            let rows: Vec<(i64, i64, i32, Vec<u8>)> = query.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
            for (key, received_ms, deliveries, body) in rows {
                let receipt = read_receipt(received_ms, deliveries, body)?;
                if let Some((_, receipts)) = known.get_mut(&key) {
                    receipts.deliver(receipt);
                }
            }
        }
        Ok(known.into_values().map(|(stored, receipts)| (stored.call.call_id.clone(), (stored, receipts))).collect())
    }

    fn push_derived(row: &mut Separated<'_, Engine, &str>, StoredCall { in_hours, call, .. }: &StoredCall) {
        row.push_bind(pack_direction(call.direction))
            .push_bind(call.from.clone())
            .push_bind(call.to.clone())
            .push_bind(call.number.clone())
            .push_bind(call.party.clone())
            .push_bind(call.peer.clone())
            .push_bind(call.has_incoming)
            .push_bind(*in_hours)
            .push_bind(call.started_ms)
            .push_bind(call.accepted_ms)
            .push_bind(call.ended_ms)
            .push_bind(call.ending.map(|ending| i16::from(ending.code())))
            .push_bind(call.talk_seconds.map(|seconds| seconds as i32))
            .push_bind(call.event_count as i32);
    }

    /// The key of the next new call. Only one transaction at a time writes, so it is nobody else's, and the
    /// rows need not be asked back for theirs.
    pub async fn next_key(connection: &mut EngineConnection) -> Result<i64, StoreError> {
        let last: Option<i64> = sqlx::query_scalar("select max(id) from calls").fetch_one(connection).await?;
        Ok(last.unwrap_or(0) + 1)
    }

    /// Inserts calls under their keys.
    pub async fn insert_calls(
        connection: &mut EngineConnection,
        calls: &[&StoredCall],
    ) -> Result<(), StoreError> {
        for calls in calls.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new(
                concat!("insert into calls (id, call_id, ", derived_columns!(), ") "),
            );
            query.push_values(calls, |mut row, stored| {
                row.push_bind(stored.key);
                row.push_bind(pack_call_id(&stored.call.call_id));
                push_derived(&mut row, stored);
            });
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Replaces what the fold decides; `set` says whether indexed columns, too.
    pub async fn set_calls(
        connection: &mut EngineConnection,
        calls: &[&StoredCall],
        set: &'static str,
    ) -> Result<(), StoreError> {
        for calls in calls.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new(
                concat!("with v (id, ", derived_columns!(), ") as ("),
            );
            query.push_values(calls, |mut row, stored| {
                row.push_bind(stored.key);
                push_derived(&mut row, stored);
            });
            query.push(") update calls set ").push(set).push(
                "direction = v.direction, from_number = v.from_number, to_number = v.to_number, number = v.number, \
                 peer = v.peer, has_incoming = v.has_incoming, in_hours = v.in_hours, accepted_ms = v.accepted_ms, \
                 ended_ms = v.ended_ms, ending = v.ending, talk_seconds = v.talk_seconds, event_count = v.event_count \
                 from v where calls.id = v.id",
            );
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Adds events to the log, or sets time and deliveries of known ones.
    pub async fn upsert_events(
        connection: &mut EngineConnection,
        events: &[(i64, &Receipt)],
    ) -> Result<(), StoreError> {
        for receipts in events.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new("insert into events (call_key, digest, received_ms, deliveries, body) ");
            query.push_values(receipts, |mut row, (key, receipt)| {
                row.push_bind(*key)
                    .push_bind(digest(&receipt.body))
                    .push_bind(receipt.received_ms)
                    .push_bind(receipt.deliveries as i32)
                    .push_bind(receipt.body.as_slice());
            });
            query.push(
                " on conflict (call_key, digest) do update set received_ms = excluded.received_ms, \
                 deliveries = excluded.deliveries",
            );
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// The decisions stored for calls with these keys.
    pub async fn load_decisions(
        connection: &mut EngineConnection,
        keys: &[i64],
    ) -> Result<HashMap<i64, Decision>, StoreError> {
        let mut decisions = HashMap::new();
        for keys in keys.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new(
                "select call_key, route_id, route_name, xml, decided_ms from decisions where call_key in (",
            );
            let mut list = query.separated(",");
            keys.iter().for_each(|key| { list.push_bind(*key); });
            query.push(")");
            let rows: Vec<DecisionRow> = query.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
            decisions.extend(rows.into_iter().map(DecisionRow::into_pair));
        }
        Ok(decisions)
    }

    /// Stores decisions of calls that have none.
    pub async fn insert_decisions(
        connection: &mut EngineConnection,
        decisions: &[(i64, &Decision)],
    ) -> Result<(), StoreError> {
        for decisions in decisions.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new("insert into decisions (call_key, route_id, route_name, xml, decided_ms) ");
            query.push_values(decisions, |mut row, (key, decision)| {
                row.push_bind(*key)
                    .push_bind(decision.route_id)
                    .push_bind(decision.route_name.as_deref())
                    .push_bind(&*decision.xml)
                    .push_bind(decision.decided_ms);
            });
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// The cells with these keys; those that do not exist are empty.
    pub async fn load_cells(
        connection: &mut EngineConnection,
        keys: Vec<CellKey>,
    ) -> Result<BTreeMap<CellKey, Cell>, StoreError> {
        let mut rows = Vec::new();
        for chunk in keys.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new(
                "select tier, bucket, subject, figures from cells where (tier, bucket, subject) in (",
            );
            query.push_values(chunk, |mut row, key| {
                row.push_bind(key.tier as i16).push_bind(key.bucket).push_bind(key.subject.clone());
            });
            query.push(")");
            let found: Vec<(i16, i64, String, Vec<u8>)> =
                query.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
            rows.extend(found);
        }
        let mut cells: BTreeMap<CellKey, Cell> = keys.into_iter().map(|key| (key, Cell::default())).collect();
        for (tier, bucket, subject, figures) in rows {
            let key = Tier::from_code(tier).map(|tier| CellKey { tier, bucket, subject });
            if let Some(cell) = key.and_then(|key| cells.get_mut(&key)) {
                *cell = read_cell(&figures)?;
            }
        }
        Ok(cells)
    }

    /// Replaces these cells; empty ones go.
    pub async fn write_cells(
        connection: &mut EngineConnection,
        cells: &BTreeMap<CellKey, Cell>,
    ) -> Result<(), StoreError> {
        let (empty, full): (Vec<_>, Vec<_>) = cells.iter().partition(|(_, cell)| cell.is_empty());
        for cells in full.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new("insert into cells (tier, bucket, subject, figures) ");
            query.push_values(cells, |mut row, (key, cell)| {
                row.push_bind(key.tier as i16)
                    .push_bind(key.bucket)
                    .push_bind(key.subject.as_str())
                    .push_bind(cell.pack());
            });
            query.push(" on conflict (tier, bucket, subject) do update set figures = excluded.figures");
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        for cells in empty.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new("delete from cells where (tier, bucket, subject) in (");
            query.push_values(cells, |mut row, (key, _)| {
                row.push_bind(key.tier as i16).push_bind(key.bucket).push_bind(key.subject.as_str());
            });
            query.push(")");
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }
}
