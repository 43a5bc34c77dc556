//! The multi-row statements of a batch: one per table and up to [`ROWS_PER_STATEMENT`] rows, because a statement costs
//! more than a row. Their texts vary with the number of rows, so they are not kept as prepared statements.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde::de::DeserializeOwned;
use sqlx::query_builder::Separated;
use sqlx::{Database, FromRow, QueryBuilder};

use crate::calls::call::Call;
use crate::calls::receipts::{Receipt, Receipts};
use crate::placetel::event::CallId;
use crate::routing::table::Decision;
use crate::stats::rollup::{Cell, CellKey, Tier};
use crate::store::calls::events::{MOST_OF_CALL, read_receipt};
use crate::store::calls::rows::{
    Bytes, CellRow, DecisionRow, EventKey, LoggedRow, StoredCall, logged_columns, logged_columns_in_json,
};
use crate::store::calls::rows::{pack_call_id, pack_direction};
use crate::store::db::engine::for_both_engines;
use crate::store::db::error::StoreError;
use crate::store::stats::cells::read_cell;

/// Maximum number of rows per statement: of at most 17 columns, their bound values stay below SQLite's 32,766.
const ROWS_PER_STATEMENT: usize = 1_500;

/// The columns of `calls` that the fold decides, in the order of `push_derived`.
macro_rules! derived_columns {
    () => {
        "direction, from_number, to_number, number, party, peer, has_incoming, in_hours, started_ms, accepted_ms, \
         ended_ms, ending, talk_seconds, event_count"
    };
}

/// The name of the table of the events that are folded.
pub(in crate::store) const EVENTS: &str = "events";
/// The name of the table of the surplus events, those that are not folded.
pub(in crate::store) const SURPLUS: &str = "surplus_events";

/// A sentinel that sorts behind the digest of every event of a call.
pub(in crate::store) const BEHIND_ALL_DIGESTS: &[u8] = &[0xff; 17];

/// A call that is stored already, with its events.
pub(in crate::store) struct KnownCall {
    pub(in crate::store) stored: StoredCall,
    /// The events that are folded; empty when they are gone.
    pub(in crate::store) receipts: Receipts,
    /// The surplus events, as far as somebody loaded them.
    pub(in crate::store) surplus: Receipts,
}

impl KnownCall {
    /// Returns all events that are loaded, folded and surplus.
    pub(super) fn all_receipts(&self) -> Receipts {
        let mut all = self.receipts.clone();
        self.surplus.iter().for_each(|receipt| all.deliver(receipt.clone()));
        all
    }

    /// Returns whether the table of folded events holds more of its events than are to be folded.
    pub(in crate::store) fn is_crowded(&self) -> bool {
        self.receipts.len() > MOST_OF_CALL
    }

    /// Returns how many surplus events it has that are not loaded.
    pub(in crate::store) fn surplus_not_loaded(&self) -> u32 {
        let beyond = self.stored.call.events_beyond(&self.receipts);
        beyond.saturating_sub(u32::try_from(self.surplus.len()).unwrap_or(u32::MAX))
    }
}

/// Stored calls with their events, by call id.
pub(in crate::store) type KnownCalls = HashMap<CallId, KnownCall>;

/// An accumulator of the same while rows are read, by key.
#[derive(Default)]
struct Known(HashMap<i64, (StoredCall, Vec<Arc<Receipt>>)>);

impl Known {
    fn take(&mut self, rows: Vec<LoggedRow>) -> Result<(), StoreError> {
        for LoggedRow { call, received_ms, deliveries, body } in rows {
            let receipts = match self.0.entry(call.id) {
                Entry::Occupied(known) => &mut known.into_mut().1,
                Entry::Vacant(new) => &mut new.insert((call.try_into()?, Vec::new())).1,
            };
            if let (Some(received_ms), Some(deliveries)) = (received_ms, deliveries) {
                receipts.push(Arc::new(read_receipt(received_ms, deliveries, body)?));
            }
        }
        Ok(())
    }

    fn by_id(self) -> KnownCalls {
        let known = |(stored, receipts): (StoredCall, Vec<_>)| {
            let id = stored.call.call_id.clone();
            (id, KnownCall { stored, receipts: receipts.into(), surplus: Receipts::default() })
        };
        self.0.into_values().map(known).collect()
    }
}

/// Returns the call ids in their database form, sorted and deduplicated.
fn packed<'i>(ids: impl Iterator<Item = &'i CallId>) -> Vec<Vec<u8>> {
    let mut ids: Vec<_> = ids.map(pack_call_id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// Decodes rows that came as JSON, with the bytes of all of them in one blob.
fn rows_of_json<R: DeserializeOwned + Bytes>(text: &str, bytes: Option<Vec<u8>>) -> Result<Vec<R>, StoreError> {
    let mut rows: Vec<R> = serde_json::from_str(text).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let mut rest = bytes.as_deref().unwrap_or_default();
    for room in rows.iter_mut().map(R::bytes) {
        let (bytes, after) =
            rest.split_at_checked(room.len()).ok_or_else(|| StoreError::Damaged("the bytes of a row".into()))?;
        room.copy_from_slice(bytes);
        rest = after;
    }
    Ok(rows)
}

/// Rows as JSON, their bytes, the last key and the two watermarks.
type BeginningRow = (String, Option<Vec<u8>>, Option<i64>, Option<i64>, Option<i64>);

/// The SQL columns that [`Watermarks::new`] takes; the names are those of [`crate::store::db::meta`].
macro_rules! watermark_columns {
    () => {
        "(select max(id) from calls), \
         (select cast(value as bigint) from settings where name = 'forgotten-before'), \
         (select cast(value as bigint) from settings where name = 'events-gone-before')"
    };
}

/// What decides how calls are stored: the next key, and the watermarks of pseudonymisation and deletion.
#[derive(Default)]
pub(in crate::store) struct Watermarks {
    /// The key of the next new call. Only one transaction at a time writes, so nobody else takes it, and the insert
    /// need not return the keys of its rows.
    pub(super) next_key: i64,
    /// The watermark of pseudonymisation, milliseconds since 1970 UTC: calls that began before are forgotten.
    pub(super) forgotten_before_ms: i64,
    /// The watermark of deletion, milliseconds since 1970 UTC: events of calls that began before are gone.
    pub(in crate::store) events_gone_before_ms: i64,
}

impl Watermarks {
    fn new(last_key: Option<i64>, forgotten_before_ms: Option<i64>, events_gone_before_ms: Option<i64>) -> Self {
        Self {
            next_key: last_key.unwrap_or(0) + 1,
            forgotten_before_ms: forgotten_before_ms.unwrap_or(i64::MIN),
            events_gone_before_ms: events_gone_before_ms.unwrap_or(i64::MIN),
        }
    }
}

for_both_engines! {
    use db::writes;

    /// Fetches all rows of a query that asks for them as JSON, and for their bytes, where `DIALECT` says so.
    async fn fetch_rows<R>(connection: &mut EngineConnection, mut query: QueryBuilder<Engine>) -> Result<Vec<R>, StoreError>
    where
        R: DeserializeOwned + Bytes + Send + Unpin + for<'r> FromRow<'r, <Engine as Database>::Row>,
    {
        if !DIALECT.rows_in_json {
            return Ok(query.build_query_as().persistent(false).fetch_all(connection).await?);
        }
        let (text, bytes): (String, Option<Vec<u8>>) = query.build_query_as().persistent(false).fetch_one(connection).await?;
        rows_of_json(&text, bytes)
    }

    /// Loads the calls with these ids and their events, of which there may be none any more.
    pub async fn load_calls(
        connection: &mut EngineConnection,
        ids: impl Iterator<Item = &CallId>,
    ) -> Result<KnownCalls, StoreError> {
        let mut known = Known::default();
        for ids in packed(ids).chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new("select ");
            query.push(if DIALECT.rows_in_json { logged_columns_in_json!() } else { logged_columns!() });
            push_known(&mut query, ids);
            known.take(fetch_rows(connection, query).await?)?;
        }
        Ok(known.by_id())
    }

    /// Begins a transaction, where `DIALECT` leaves that to its first statement, and loads the calls with these ids, of
    /// which there is at least one, like [`load_calls`], and the watermarks: all in one round trip, where the engine
    /// makes rows JSON.
    pub async fn begin_with_calls(
        connection: &mut EngineConnection,
        ids: impl Iterator<Item = &CallId>,
    ) -> Result<(KnownCalls, Watermarks), StoreError> {
        if !DIALECT.rows_in_json {
            return Ok((load_calls(connection, ids).await?, watermarks(connection).await?));
        }
        let (mut known, mut watermarks) = (Known::default(), Watermarks::default());
        for (place, ids) in packed(ids).chunks(ROWS_PER_STATEMENT).enumerate() {
            let mut query = QueryBuilder::<Engine>::new(if place == 0 { DIALECT.begin } else { "" });
            query.push(concat!("select ", logged_columns_in_json!(), ", ", watermark_columns!()));
            push_known(&mut query, ids);
            let row: BeginningRow =
                query.build_query_as().persistent(false).fetch_one(&mut *connection).await?;
            known.take(rows_of_json(&row.0, row.1)?)?;
            watermarks = Watermarks::new(row.2, row.3, row.4);
        }
        Ok((known.by_id(), watermarks))
    }

    fn push_known(query: &mut QueryBuilder<Engine>, packed_ids: &[Vec<u8>]) {
        // Of a crowded call, whose surplus was not set apart yet, one event more than is folded is read: that shows it,
        // and no more are needed.
        query.push(
            " from calls left join events on call_key = calls.id and digest <= coalesce((select digest from events crowd \
             where crowd.call_key = calls.id order by digest limit 1 offset ",
        );
        query.push(MOST_OF_CALL).push("), ").push_bind(BEHIND_ALL_DIGESTS).push(") where call_id in (");
        let mut list = query.separated(",");
        packed_ids.iter().for_each(|id| { list.push_bind(id.as_slice()); });
        query.push(")");
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
            .push_bind(call.started_ms);
        push_progress(row, call);
    }

    fn push_progress(row: &mut Separated<'_, Engine, &str>, call: &Call) {
        row.push_bind(call.accepted_ms)
            .push_bind(call.ended_ms)
            .push_bind(call.ending.map(|ending| i16::from(ending.code())))
            .push_bind(call.talk_seconds.map(|seconds| seconds as i32))
            .push_bind(call.event_count as i32);
    }

    /// Reads the watermarks, which decide under which key a new call is stored, and what of an old one.
    pub async fn watermarks(connection: &mut EngineConnection) -> Result<Watermarks, StoreError> {
        let (last, forgotten, gone): (Option<i64>, Option<i64>, Option<i64>) =
            sqlx::query_as(concat!("select ", watermark_columns!())).fetch_one(connection).await?;
        Ok(Watermarks::new(last, forgotten, gone))
    }

    /// Inserts new calls under their keys.
    pub fn insert_calls(writes: &mut writes::Writes, calls: &[&StoredCall]) {
        for calls in calls.chunks(ROWS_PER_STATEMENT) {
            writes.query().push(DIALECT.insert_into).push(concat!("calls (id, call_id, ", derived_columns!(), ") "));
            writes.query().push_values(calls, |mut row, stored| {
                row.push_bind(stored.key);
                row.push_bind(pack_call_id(&stored.call.call_id));
                push_derived(&mut row, stored);
            });
            writes.end_statement();
        }
    }

    /// Updates all columns that the fold decides. Naming an indexed column touches its index even if it stays the same.
    pub fn set_calls(writes: &mut writes::Writes, calls: &[&StoredCall]) {
        for calls in calls.chunks(ROWS_PER_STATEMENT) {
            writes.query().push(concat!("with v (id, ", derived_columns!(), ") as ("));
            writes.query().push_values(calls, |mut row, stored| {
                row.push_bind(stored.key);
                push_derived(&mut row, stored);
            });
            writes.query().push(
                ") update calls set direction = v.direction, from_number = v.from_number, to_number = v.to_number, \
                 number = v.number, party = v.party, peer = v.peer, has_incoming = v.has_incoming, \
                 in_hours = v.in_hours, started_ms = v.started_ms, accepted_ms = v.accepted_ms, \
                 ended_ms = v.ended_ms, ending = v.ending, talk_seconds = v.talk_seconds, \
                 event_count = v.event_count from v where calls.id = v.id",
            );
            writes.end_statement();
        }
    }

    /// Updates only the columns that change as a call goes on.
    pub fn set_progress(writes: &mut writes::Writes, calls: &[&StoredCall]) {
        for calls in calls.chunks(ROWS_PER_STATEMENT) {
            writes.query().push("with v (id, peer, accepted_ms, ended_ms, ending, talk_seconds, event_count) as (");
            writes.query().push_values(calls, |mut row, StoredCall { key, call, .. }| {
                row.push_bind(*key);
                row.push_bind(call.peer.clone());
                push_progress(&mut row, call);
            });
            writes.query().push(
                ") update calls set peer = v.peer, accepted_ms = v.accepted_ms, ended_ms = v.ended_ms, \
                 ending = v.ending, talk_seconds = v.talk_seconds, event_count = v.event_count \
                 from v where calls.id = v.id",
            );
            writes.end_statement();
        }
    }

    /// Upserts events in one of the two tables of the log: adds new ones, sets time and deliveries of known ones.
    pub fn upsert_events(writes: &mut writes::Writes, table: &'static str, events: &[(i64, &Receipt)]) {
        for receipts in events.chunks(ROWS_PER_STATEMENT) {
            writes.query().push(DIALECT.insert_into).push(table).push(" (call_key, digest, received_ms, deliveries, body) ");
            writes.query().push_values(receipts, |mut row, (key, receipt)| {
                row.push_bind(*key)
                    .push_bind(receipt.digest())
                    .push_bind(receipt.received_ms)
                    .push_bind(receipt.deliveries as i32)
                    .push_bind(receipt.body.as_slice());
            });
            writes.query().push(
                " on conflict (call_key, digest) do update set received_ms = excluded.received_ms, \
                 deliveries = excluded.deliveries",
            );
            writes.end_statement();
        }
    }

    /// Deletes events from one of the two tables of the log.
    pub fn delete_events(writes: &mut writes::Writes, table: &'static str, events: &[EventKey]) {
        for events in events.chunks(ROWS_PER_STATEMENT) {
            writes.query().push("delete from ").push(table).push(" where (call_key, digest) in (");
            writes.query().push_values(events, |mut row, (key, digest)| {
                row.push_bind(*key).push_bind(digest.as_slice());
            });
            writes.query().push(")");
            writes.end_statement();
        }
    }

    /// Loads the decisions stored for calls with these keys.
    pub async fn load_decisions(
        connection: &mut EngineConnection,
        keys: &[i64],
    ) -> Result<HashMap<i64, Decision>, StoreError> {
        let mut decisions = HashMap::new();
        for keys in keys.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new(
                "select call_key, route_id, route_name, xml, decided_ms, revision, took_us from decisions where call_key in (",
            );
            let mut list = query.separated(",");
            keys.iter().for_each(|key| { list.push_bind(*key); });
            query.push(")");
            let rows: Vec<DecisionRow> = query.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
            decisions.extend(rows.into_iter().map(DecisionRow::into_pair));
        }
        Ok(decisions)
    }

    /// Inserts decisions of calls that have none.
    pub fn insert_decisions(writes: &mut writes::Writes, decisions: &[(i64, &Decision)]) {
        for decisions in decisions.chunks(ROWS_PER_STATEMENT) {
            writes.query().push(DIALECT.insert_into);
            writes.query().push("decisions (call_key, route_id, route_name, xml, decided_ms, revision, took_us) ");
            writes.query().push_values(decisions, |mut row, (key, decision)| {
                row.push_bind(*key)
                    .push_bind(decision.route_id)
                    .push_bind(decision.route_name.as_deref())
                    .push_bind(&*decision.xml)
                    .push_bind(decision.decided_ms)
                    .push_bind(decision.revision)
                    .push_bind(decision.took_us);
            });
            writes.end_statement();
        }
    }

    /// Executes `first`, and loads the cells with these keys; those that do not exist are empty.
    pub async fn load_cells(
        connection: &mut EngineConnection,
        first: writes::Writes,
        keys: Vec<CellKey>,
    ) -> Result<BTreeMap<CellKey, Cell>, StoreError> {
        if keys.is_empty() {
            first.send(connection).await?;
            return Ok(BTreeMap::new());
        }
        let mut rows = Vec::new();
        let mut query = first.send_for(&mut *connection).await?;
        for chunk in keys.chunks(ROWS_PER_STATEMENT) {
            query.push("select ").push(if DIALECT.rows_in_json {
                "json_group_array(json_array(tier, bucket, subject, length(figures))), cast(group_concat(figures, '') as blob)"
            } else {
                "tier, bucket, subject, figures"
            });
            query.push(" from cells where (tier, bucket, subject) in (");
            query.push_values(chunk, |mut row, key| {
                row.push_bind(key.tier as i16).push_bind(key.bucket).push_bind(key.subject.clone());
            });
            query.push(")");
            rows.extend(fetch_rows(&mut *connection, std::mem::take(&mut query)).await?);
        }
        let mut cells: BTreeMap<CellKey, Cell> = keys.into_iter().map(|key| (key, Cell::default())).collect();
        for CellRow { tier, bucket, subject, figures } in rows {
            let key = Tier::from_code(tier).map(|tier| CellKey { tier, bucket, subject });
            if let Some(cell) = key.and_then(|key| cells.get_mut(&key)) {
                *cell = read_cell(&figures)?;
            }
        }
        Ok(cells)
    }

    /// Replaces these cells; empty ones are deleted.
    pub fn write_cells(writes: &mut writes::Writes, cells: &BTreeMap<CellKey, Cell>) {
        let (empty, full): (Vec<_>, Vec<_>) = cells.iter().partition(|(_, cell)| cell.is_empty());
        for cells in full.chunks(ROWS_PER_STATEMENT) {
            writes.query().push(DIALECT.insert_into).push("cells (tier, bucket, subject, figures) ");
            writes.query().push_values(cells, |mut row, (key, cell)| {
                row.push_bind(key.tier as i16)
                    .push_bind(key.bucket)
                    .push_bind(key.subject.as_str())
                    .push_bind(cell.pack());
            });
            writes.query().push(" on conflict (tier, bucket, subject) do update set figures = excluded.figures");
            writes.end_statement();
        }
        for cells in empty.chunks(ROWS_PER_STATEMENT) {
            writes.query().push("delete from cells where (tier, bucket, subject) in (");
            writes.query().push_values(cells, |mut row, (key, _)| {
                row.push_bind(key.tier as i16).push_bind(key.bucket).push_bind(key.subject.as_str());
            });
            writes.query().push(")");
            writes.end_statement();
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::store::db::meta::{EVENTS_GONE_BEFORE, FORGOTTEN_BEFORE};

    #[test]
    fn the_frontier_is_where_the_settings_say() {
        for name in [FORGOTTEN_BEFORE, EVENTS_GONE_BEFORE] {
            assert!(watermark_columns!().contains(&format!("'{name}'")), "{name}");
        }
    }
}
