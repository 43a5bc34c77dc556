//! The revision history of the routes. Every change raises one counter, which is the revision's id and the version of
//! the routes it changed, and tells every node that its table is out of date. A revision holds the difference to the
//! table before; a snapshot of the whole table is stored only when the differences since the last one exceed its size.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::row::{COUNTER, RouteRow, route_columns};
use crate::accounts::action::{Actor, Entry};
use crate::routing::revision::{Change, Difference, Unreadable};
use crate::routing::route::Route;
use crate::store::db::engine::{Db, for_both_engines, reading};
use crate::store::db::error::StoreError;
use crate::store::db::from_row::from_row;

/// Minimum size of the differences between two snapshots, in bytes, so that small tables are not stored again and
/// again.
const LEAST_BETWEEN_SNAPSHOTS: i64 = 16 * 1024;

/// A revision: one change of the routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The id, higher than that of every earlier revision.
    pub id: i64,
    /// The author and time of the change.
    pub by: Actor,
    /// What was changed.
    pub change: Change,
}

/// A revision with the tables before and after it, each in the order in which routes are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevisionTables {
    /// The revision itself.
    pub revision: Revision,
    /// The table that it changed.
    pub before: Vec<Route>,
    /// The table that it made.
    pub after: Vec<Route>,
}

struct RevisionRow {
    id: i64,
    changed_ms: i64,
    changed_by: Option<String>,
    change: String,
}

from_row!(RevisionRow: id, changed_ms, changed_by, change);

struct ContentRow {
    revision: RevisionRow,
    is_snapshot: bool,
    content: Vec<u8>,
}

from_row!(ContentRow: is_snapshot, content, ..revision);

/// The sizes, in bytes, that decide whether a snapshot of the whole table is to be stored again.
struct Sizes {
    since_bytes: i64,
    snapshot_bytes: i64,
}

from_row!(Sizes: since_bytes, snapshot_bytes);

type Table = BTreeMap<i64, Route>;

impl TryFrom<RevisionRow> for Revision {
    type Error = StoreError;

    fn try_from(row: RevisionRow) -> Result<Self, StoreError> {
        let RevisionRow { id, changed_ms, changed_by, change } = row;
        let change = serde_json::from_str(&change).map_err(|error| damaged(id, &error))?;
        Ok(Self { id, by: Actor { name: changed_by, at_ms: changed_ms }, change })
    }
}

impl From<Unreadable> for StoreError {
    fn from(error: Unreadable) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// Returns a page of the revisions older than `before`, and the cursor of the next page (keyset pagination).
pub async fn revision_page(
    db: &Db,
    before: Option<i64>,
    limit: usize,
) -> Result<(Vec<Revision>, Option<i64>), StoreError> {
    let mut revisions = list_revisions(db, before, limit + 1).await?;
    let is_more = revisions.len() > limit;
    revisions.truncate(limit);
    let next = revisions.last().map(|last| last.id).filter(|_| is_more);
    Ok((revisions, next))
}

/// Lists revisions older than `before`, or all, newest first (keyset pagination).
pub async fn list_revisions(db: &Db, before: Option<i64>, limit: usize) -> Result<Vec<Revision>, StoreError> {
    let rows: Vec<RevisionRow> = reading!(db, pool => {
        sqlx::query_as(
            "select id, changed_ms, changed_by, change from route_revisions where id < $1 order by id desc limit cast($2 as bigint)",
        )
        .bind(before.unwrap_or(i64::MAX))
        .bind(i64::try_from(limit).unwrap_or(i64::MAX))
        .fetch_all(pool)
        .await?
    });
    rows.into_iter().map(Revision::try_from).collect()
}

/// Returns the id of the newest revision, if there is one.
pub async fn newest_revision(db: &Db) -> Result<Option<i64>, StoreError> {
    Ok(reading!(db, pool => sqlx::query_scalar("select max(id) from route_revisions").fetch_one(pool).await?))
}

/// Finds a revision and its tables.
///
/// # Errors
/// When the database does not answer or what it kept is damaged.
pub async fn find_revision(db: &Db, id: i64) -> Result<Option<RevisionTables>, StoreError> {
    match db {
        Db::Sqlite(pools) => {
            let mut reading = pools.read.acquire().await?;
            let found = sqlite::find(&mut reading, id).await;
            reading.finish();
            found
        }
        Db::Postgres(pools) => {
            let mut reading = pools.read.acquire().await?;
            let found = postgres::find(&mut reading, id).await;
            reading.finish();
            found
        }
    }
}

/// Replays stored snapshots and differences up to the last revision.
fn follow(rows: Vec<ContentRow>) -> Result<Option<RevisionTables>, StoreError> {
    let (mut before, mut after) = (Table::new(), Table::new());
    let (count, mut last) = (rows.len(), None);
    for (place, ContentRow { revision, is_snapshot, content }) in rows.into_iter().enumerate() {
        let id = revision.id;
        if place + 1 == count {
            before.clone_from(&after);
        }
        if is_snapshot {
            let routes: Vec<Route> = unpack(&content).map_err(|error| damaged(id, &error))?;
            after = routes.into_iter().map(|route| (route.id, route)).collect();
        } else {
            let difference: Difference = unpack(&content).map_err(|error| damaged(id, &error))?;
            difference.apply(&mut after)?;
        }
        last = Some(revision);
    }
    let Some(last) = last else { return Ok(None) };
    let revision = Revision::try_from(last)?;
    if revision.change == Change::Began {
        before.clone_from(&after);
    }
    Ok(Some(RevisionTables { revision, before: in_order(before), after: in_order(after) }))
}

fn in_order(table: Table) -> Vec<Route> {
    let mut routes: Vec<Route> = table.into_values().collect();
    routes.sort_by_key(|route| (route.position, route.id));
    routes
}

fn damaged(revision: i64, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Damaged(format!("revision {revision} of the routes: {error}"))
}

fn pack(value: &impl Serialize) -> Result<Vec<u8>, StoreError> {
    let text = serde_json::to_vec(value).map_err(|error| StoreError::Damaged(error.to_string()))?;
    let mut packed = Vec::new();
    let done = DeflateEncoder::new(&text[..], Compression::default()).read_to_end(&mut packed);
    done.map_err(|error| StoreError::Damaged(error.to_string()))?;
    Ok(packed)
}

fn unpack<T: DeserializeOwned>(packed: &[u8]) -> Result<T, std::io::Error> {
    let mut text = Vec::new();
    DeflateDecoder::new(packed).read_to_end(&mut text)?;
    Ok(serde_json::from_slice(&text)?)
}

for_both_engines! {
    use accounts::audit;

    /// Lists all routes in the order in which they are tried.
    pub async fn all_routes(connection: &mut EngineConnection) -> Result<Vec<Route>, StoreError> {
        let rows: Vec<RouteRow> = sqlx::query_as(concat!("select ", route_columns!(), " from routes order by position, id"))
            .fetch_all(connection)
            .await?;
        rows.into_iter().map(Route::try_from).collect()
    }

    /// Begins a change that nothing is against any more: writes its entry to the audit log, and returns its id. Before
    /// the first change ever, the table is stored as it was.
    pub async fn begin(connection: &mut EngineConnection, entry: &Entry) -> Result<i64, StoreError> {
        audit::write(connection, entry).await?;
        let newest: Option<i64> =
            sqlx::query_scalar("select max(id) from route_revisions").fetch_one(&mut *connection).await?;
        let id = raise_counter(connection).await?;
        if newest.is_none() {
            let routes = all_routes(connection).await?;
            if !routes.is_empty() {
                let began = Revision { id: id - 1, by: Actor { name: None, at_ms: entry.by().at_ms }, change: Change::Began };
                keep_table(connection, &began, &routes).await?;
            }
        }
        Ok(id)
    }

    /// Locks the routes and what they share against other changes until the transaction ends.
    pub async fn lock(connection: &mut EngineConnection) -> Result<(), StoreError> {
        if let Some(lock) = DIALECT.lock_routes {
            sqlx::query(lock).execute(connection).await?;
        }
        Ok(())
    }

    /// Reads the counter that every change of the table raises.
    pub async fn counter(connection: &mut EngineConnection) -> Result<i64, StoreError> {
        let value: Option<String> = sqlx::query_scalar("select value from settings where name = $1")
            .bind(COUNTER)
            .fetch_optional(connection)
            .await?;
        Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0))
    }

    /// Raises the counter, and notifies every node when the transaction is committed.
    pub async fn raise_counter(connection: &mut EngineConnection) -> Result<i64, StoreError> {
        let value: String = sqlx::query_scalar(
            "insert into settings (name, value) values ($1, '1') on conflict (name) do update \
             set value = cast(cast(settings.value as bigint) + 1 as text) returning value",
        )
        .bind(COUNTER)
        .fetch_one(&mut *connection)
        .await?;
        if let Some(tell) = DIALECT.tell_routes {
            sqlx::query(tell).execute(connection).await?;
        }
        value.parse().map_err(|_| StoreError::Damaged(format!("the counter {COUNTER}")))
    }

    /// Stores the difference that a change made; routes that stay as they are may be left out of `before` and `after`.
    pub async fn record(
        connection: &mut EngineConnection,
        revision: Revision,
        before: &[Route],
        after: &[Route],
    ) -> Result<(), StoreError> {
        record_difference(connection, &revision, &Difference::between(before, after)).await
    }

    /// Stores a difference, or a snapshot of the whole table if that has become the smaller thing to read.
    pub async fn record_difference(
        connection: &mut EngineConnection,
        revision: &Revision,
        difference: &Difference,
    ) -> Result<(), StoreError> {
        let content = pack(difference)?;
        let sizes: Option<Sizes> =
            sqlx::query_as("select since_bytes, snapshot_bytes from route_revisions order by id desc limit 1")
                .fetch_optional(&mut *connection)
                .await?;
        let Sizes { since_bytes, snapshot_bytes } = sizes.unwrap_or(Sizes { since_bytes: 0, snapshot_bytes: 0 });
        let since_bytes = since_bytes + content.len() as i64;
        if since_bytes > snapshot_bytes.max(LEAST_BETWEEN_SNAPSHOTS) {
            let routes = all_routes(connection).await?;
            return keep_table(connection, revision, &routes).await;
        }
        insert(connection, revision, false, content, Sizes { since_bytes, snapshot_bytes }).await
    }

    async fn keep_table(
        connection: &mut EngineConnection,
        revision: &Revision,
        routes: &[Route],
    ) -> Result<(), StoreError> {
        let content = pack(&routes)?;
        let sizes = Sizes { since_bytes: 0, snapshot_bytes: content.len() as i64 };
        insert(connection, revision, true, content, sizes).await
    }

    async fn insert(
        connection: &mut EngineConnection,
        Revision { id, by, change }: &Revision,
        is_snapshot: bool,
        content: Vec<u8>,
        sizes: Sizes,
    ) -> Result<(), StoreError> {
        let change = serde_json::to_string(change).map_err(|error| damaged(*id, &error))?;
        sqlx::query(
            "insert into route_revisions \
             (id, changed_ms, changed_by, change, is_snapshot, content, since_bytes, snapshot_bytes) \
             values ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(id)
        .bind(by.at_ms)
        .bind(by.name.as_deref())
        .bind(change)
        .bind(is_snapshot)
        .bind(content)
        .bind(sizes.since_bytes)
        .bind(sizes.snapshot_bytes)
        .execute(connection)
        .await?;
        Ok(())
    }

    /// Finds a revision and its tables, by replaying the differences from the last snapshot before it on.
    pub async fn find(connection: &mut EngineConnection, id: i64) -> Result<Option<RevisionTables>, StoreError> {
        let rows: Vec<ContentRow> = sqlx::query_as(
            "select id, changed_ms, changed_by, change, is_snapshot, content from route_revisions \
             where id <= $1 and id >= coalesce((select id from route_revisions \
             where is_snapshot and id < $1 order by id desc limit 1), 0) order by id",
        )
        .bind(id)
        .fetch_all(connection)
        .await?;
        if rows.last().is_none_or(|row| row.revision.id != id) {
            return Ok(None);
        }
        follow(rows)
    }
}
