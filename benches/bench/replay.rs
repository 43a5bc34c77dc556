//! Replays the statements of the writer by rusqlite: the same texts, the same data, in the same order.
//!
//! The statements are derived, outside the measured time, from what a batch changed in the database, and kept as texts
//! with their bound values. They mirror `src/store/ingest/batch.rs`; a change there has to be repeated here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use fernamt::store::ingest::record::{Delivery, Source};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

const CALL_COLUMNS: &str = "calls.id, call_id, direction, from_number, to_number, number, party, peer, has_incoming, \
    in_hours, started_ms, accepted_ms, ended_ms, ending, talk_seconds, event_count";
const DERIVED: &str = "direction, from_number, to_number, number, party, peer, has_incoming, in_hours, started_ms, \
    accepted_ms, ended_ms, ending, talk_seconds, event_count";
/// Calls with their events, all in one text.
const LOGGED_IN_JSON: &str = "json_group_array(json_array(json_array(calls.id, hex(call_id), direction, from_number, \
    to_number, number, party, peer, has_incoming, in_hours, started_ms, accepted_ms, ended_ms, ending, talk_seconds, \
    event_count), received_ms, deliveries, hex(body)))";
/// What changes as a call goes on, and where it stands in `CALL_COLUMNS`.
const PROGRESS: &str = "peer, accepted_ms, ended_ms, ending, talk_seconds, event_count";
const PROGRESS_AT: [usize; 6] = [7, 11, 12, 13, 14, 15];
/// Texts that rusqlite keeps prepared.
const KEPT: usize = 256;

/// A statement with its values.
struct Statement {
    text: String,
    values: Vec<Value>,
    returns_rows: bool,
}

/// The statements of one transaction.
pub struct Transaction {
    statements: Vec<Statement>,
}

type Rows = BTreeMap<Vec<u8>, Vec<Value>>;

/// Watches a database while the writer fills it.
pub struct Recorder {
    connection: Connection,
    cells: Vec<Vec<Value>>,
}

/// What the database holds of the calls of a batch.
pub struct Before {
    ids: Vec<Vec<u8>>,
    calls: Rows,
    events: Vec<Vec<Value>>,
}

impl Recorder {
    pub fn new(file: &Path) -> Self {
        Self { connection: Connection::open(file).unwrap(), cells: Vec::new() }
    }

    /// To be asked before the batch is written.
    pub fn before(&self, batch: &[Delivery]) -> Before {
        let ids: BTreeSet<Vec<u8>> = batch.iter().map(|d| packed(d.receipt.event.call_id.as_str())).collect();
        let ids: Vec<Vec<u8>> = ids.into_iter().collect();
        let calls = self.calls(&ids);
        let events = self.events(&calls);
        Before { ids, calls, events }
    }

    /// What the writer must have executed for the batch; to be asked after it.
    pub fn after(&mut self, batch: &[Delivery], before: Before) -> Transaction {
        let Before { ids, calls: old, events: old_events } = before;
        let calls = self.calls(&ids);
        let mut statements = vec![select_logged(ids.into_iter().map(Value::Blob).collect())];
        let new: Vec<_> = calls.iter().filter(|(id, _)| !old.contains_key(*id)).map(|(_, row)| row).collect();
        let changed: Vec<_> = calls.iter().filter(|(id, row)| old.get(*id).is_some_and(|o| o != *row)).collect();
        let beginning = |row: &[Value]| {
            let others = row.iter().enumerate().filter(|(at, _)| !PROGRESS_AT.contains(at));
            others.map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        let progressed = |(id, row): &&(&Vec<u8>, &Vec<Value>)| beginning(&old[*id]) == beginning(row);
        let (progressed, changed): (Vec<_>, Vec<_>) = changed.iter().partition(|call| progressed(call));
        let calls_written = [insert_calls(&new), update_calls(&changed), update_progress(&progressed)];
        let events = self.events(&calls).into_iter().filter(|event| !old_events.contains(event));
        let events = upsert_events(&events.collect::<Vec<_>>());
        let [read_cells, write_cells] = self.cells();
        statements.extend((!new.is_empty()).then(last_key));
        statements.push(read_cells);
        statements.extend(calls_written.into_iter().flatten());
        statements.extend([events, write_cells]);
        let decided: Vec<_> = decided(batch, &calls, &old);
        statements.extend(insert_decisions(&decided));
        Transaction { statements }
    }

    fn calls(&self, ids: &[Vec<u8>]) -> Rows {
        let select = select_calls(ids.iter().cloned().map(Value::Blob).collect());
        let id = |row: &Vec<Value>| if let Value::Blob(id) = &row[1] { id.clone() } else { panic!("{row:?}") };
        self.rows(&select).into_iter().map(|row| (id(&row), row)).collect()
    }

    /// Of these calls: key, digest, time, deliveries, body.
    fn events(&self, calls: &Rows) -> Vec<Vec<Value>> {
        let keys = calls.values().map(|row| row[0].clone()).collect();
        let select =
            in_list("select call_key, digest, received_ms, deliveries, body from events where call_key in", keys);
        self.rows(&select)
    }

    /// The cells that differ from last time were read, changed and written.
    fn cells(&mut self) -> [Statement; 2] {
        let all = Statement {
            text: "select tier, bucket, subject, figures from cells".into(),
            values: Vec::new(),
            returns_rows: true,
        };
        let cells = self.rows(&all);
        let changed: Vec<Vec<Value>> = cells.iter().filter(|cell| !self.cells.contains(cell)).cloned().collect();
        self.cells = cells;
        let keys: Vec<Vec<Value>> = changed.iter().map(|cell| cell[..3].to_vec()).collect();
        let select = "select json_group_array(json_array(tier, bucket, subject, hex(figures))) from cells \
                      where (tier, bucket, subject) in (";
        let read = Statement { returns_rows: true, ..rows(select, &keys, ")") };
        let write = rows(
            "insert or fail into cells (tier, bucket, subject, figures) ",
            &changed,
            " on conflict (tier, bucket, subject) do update set figures = excluded.figures",
        );
        [read, write]
    }

    fn rows(&self, statement: &Statement) -> Vec<Vec<Value>> {
        let mut prepared = self.connection.prepare(&statement.text).unwrap();
        let columns = prepared.column_count();
        let values = params_from_iter(&statement.values);
        let rows = prepared.query_map(values, |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }
}

/// 64 hex digits as the database keeps them.
fn packed(call_id: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&call_id[at..at + 2], 16).unwrap();
    std::iter::once(1).chain((0..64).step_by(2).map(byte)).collect()
}

/// `before` + `(?,…), (?,…)` + `after`.
fn rows<R: AsRef<[Value]>>(before: &str, rows: &[R], after: &str) -> Statement {
    let mut text = format!("{before}values ");
    for (number, row) in rows.iter().enumerate() {
        let marks = vec!["?"; row.as_ref().len()].join(", ");
        text.push_str(if number > 0 { ", (" } else { "(" });
        text.push_str(&marks);
        text.push(')');
    }
    text.push_str(after);
    Statement { text, values: rows.iter().flat_map(|row| row.as_ref()).cloned().collect(), returns_rows: false }
}

fn in_list(before: &str, values: Vec<Value>) -> Statement {
    Statement { text: format!("{before} ({})", vec!["?"; values.len()].join(",")), values, returns_rows: true }
}

fn select_calls(ids: Vec<Value>) -> Statement {
    in_list(&format!("select {CALL_COLUMNS} from calls where call_id in"), ids)
}

fn select_logged(ids: Vec<Value>) -> Statement {
    in_list(&format!("select {LOGGED_IN_JSON} from calls join events on call_key = calls.id where call_id in"), ids)
}

fn last_key() -> Statement {
    Statement { text: "select max(id) from calls".into(), values: Vec::new(), returns_rows: true }
}

fn insert_calls(new: &[&Vec<Value>]) -> Option<Statement> {
    (!new.is_empty()).then(|| rows(&format!("insert or fail into calls (id, call_id, {DERIVED}) "), new, ""))
}

fn update_calls(changed: &[&(&Vec<u8>, &Vec<Value>)]) -> Option<Statement> {
    let values = changed.iter().map(|(_, row)| [&row[..1], &row[2..]].concat()).collect();
    update(DERIVED, values)
}

fn update_progress(progressed: &[&(&Vec<u8>, &Vec<Value>)]) -> Option<Statement> {
    let value = |row: &[Value]| std::iter::once(0).chain(PROGRESS_AT).map(|at| row[at].clone()).collect();
    update(PROGRESS, progressed.iter().map(|(_, row)| value(row)).collect())
}

fn update(columns: &str, values: Vec<Vec<Value>>) -> Option<Statement> {
    let set: Vec<String> = columns.split(", ").map(str::trim).map(|column| format!("{column} = v.{column}")).collect();
    let after = format!(") update calls set {} from v where calls.id = v.id", set.join(", "));
    (!values.is_empty()).then(|| rows(&format!("with v (id, {columns}) as ("), &values, &after))
}

fn upsert_events(events: &[Vec<Value>]) -> Statement {
    rows(
        "insert or fail into events (call_key, digest, received_ms, deliveries, body) ",
        events,
        " on conflict (call_key, digest) do update set received_ms = excluded.received_ms, \
         deliveries = excluded.deliveries",
    )
}

/// What the new calls of the batch were answered; no route, in this measurement.
fn decided(batch: &[Delivery], calls: &Rows, old: &Rows) -> Vec<[Value; 5]> {
    let offered = batch.iter().filter_map(|delivery| match &delivery.source {
        Source::Pbx(Some(decision)) => Some((packed(delivery.receipt.event.call_id.as_str()), decision)),
        _ => None,
    });
    let new = offered.inspect(|(id, _)| assert!(!old.contains_key(id), "incoming calls come first"));
    new.map(|(id, decision)| {
        let key = calls[&id][0].clone();
        [key, Value::Null, Value::Null, decision.xml.to_string().into(), decision.decided_ms.into()]
    })
    .collect()
}

fn insert_decisions(decided: &[[Value; 5]]) -> Option<Statement> {
    let insert = "insert or fail into decisions (call_key, route_id, route_name, xml, decided_ms) ";
    (!decided.is_empty()).then(|| rows(insert, decided, ""))
}

/// Opens a database as the writer's connection is.
pub fn connect(file: &Path) -> Connection {
    let connection = Connection::open(file).unwrap();
    connection
        .execute_batch("pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = off; pragma wal_autocheckpoint = 0; \
             pragma temp_store = memory; pragma cache_size = -3000")
        .unwrap();
    connection.set_prepared_statement_cache_capacity(KEPT);
    connection
}

impl Transaction {
    /// Executes it; how long the commit alone took.
    pub fn execute(&self, connection: &Connection) -> Duration {
        connection.execute_batch("begin immediate").unwrap();
        for Statement { text, values, returns_rows } in &self.statements {
            let mut prepared = connection.prepare_cached(text).unwrap();
            let values = params_from_iter(values);
            if *returns_rows {
                let columns = prepared.column_count();
                let mut rows = prepared.query(values).unwrap();
                while let Some(row) = rows.next().unwrap() {
                    (0..columns).for_each(|column| drop(std::hint::black_box(row.get::<_, Value>(column).unwrap())));
                }
            } else {
                prepared.execute(values).unwrap();
            }
        }
        let committing = Instant::now();
        connection.execute_batch("commit").unwrap();
        committing.elapsed()
    }
}
