//! Replaces the whole table of routes at once, by one that somebody sends or by that of an earlier revision. Routes
//! that stay as they are keep their version.

use std::collections::{HashMap, HashSet};

use sqlx::QueryBuilder;

use super::revisions::Revision;
use super::row::definition;
use super::{RouteError, STEP};
use crate::accounts::action::Entry;
use crate::routing::named::References;
use crate::routing::revision::{Change, Difference};
use crate::routing::route::{Route, RouteDraft};
use crate::store::db::engine::{Db, for_both_engines, writing};
use crate::store::db::error::StoreError;

/// Maximum number of rows in one statement: with six columns each, the bound values stay below SQLite's 32,766.
const ROWS_PER_STATEMENT: usize = 1_500;

/// The table of routes as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteTable {
    /// The version, raised by every change.
    pub version: i64,
    /// The routes, in the order in which they are tried.
    pub routes: Vec<Route>,
}

/// Replaces the whole table by these routes, in this order. One with the id of a known route updates that route; one
/// without a position comes behind the one before it. With `expected`, only if the table has that version (optimistic
/// concurrency).
///
/// # Errors
/// When the table was changed, routes name what there is not, or the database does not answer.
pub async fn replace_routes(
    db: &Db,
    items: Vec<(Option<i64>, RouteDraft)>,
    expected: Option<i64>,
    entry: &Entry,
) -> Result<RouteTable, RouteError> {
    writing!(db, transaction in engine => engine::replace(&mut transaction, items, expected, entry).await)?
}

/// Restores the table of an earlier revision, with the ids that its routes had.
///
/// # Errors
/// When there is no such revision, its routes name what there is not any more, or the database does not answer.
pub async fn restore_routes(db: &Db, revision: i64, entry: &Entry) -> Result<RouteTable, RouteError> {
    writing!(db, transaction in engine => engine::restore(&mut transaction, revision, entry).await)?
}

/// The id of a route that is not stored yet; the databases begin with 1.
const NO_ID: i64 = 0;

/// Builds the wanted table from the routes that are sent.
fn sent(items: Vec<(Option<i64>, RouteDraft)>, before: &[Route]) -> Vec<Route> {
    let known: HashSet<i64> = before.iter().map(|route| route.id).collect();
    let mut last = 0_i64;
    let route = |(id, draft): (Option<i64>, RouteDraft)| {
        last = draft.position.unwrap_or_else(|| last.saturating_add(STEP));
        draft.into_route(id.filter(|id| known.contains(id)).unwrap_or(NO_ID), last, 0)
    };
    items.into_iter().map(route).collect()
}

fn all_of(references: impl Iterator<Item = References>) -> References {
    let mut all = References::default();
    references.for_each(|references| all.extend(references));
    all
}

/// Gives every route the version of the change, except those that stay as they are.
fn set_versions(wanted: &mut [Route], before: &[Route], version: i64) {
    let before: HashMap<i64, &Route> = before.iter().map(|route| (route.id, route)).collect();
    for route in wanted {
        route.version = version;
        if let Some(old) = before.get(&route.id) {
            route.version = old.version;
            if route != *old {
                route.version = version;
            }
        }
    }
}

for_both_engines! {
    use routes::revisions, routes::shared;

    pub(in crate::store) async fn replace(
        connection: &mut EngineConnection,
        items: Vec<(Option<i64>, RouteDraft)>,
        expected: Option<i64>,
        entry: &Entry,
    ) -> Result<Result<RouteTable, RouteError>, StoreError> {
        revisions::lock(connection).await?;
        if let Some(expected) = expected
            && expected != revisions::counter(connection).await?
        {
            return Ok(Err(RouteError::Changed));
        }
        let references = items.iter().map(|(_, draft)| draft.references());
        let missing = shared::missing(connection, all_of(references)).await?;
        if !missing.is_empty() {
            return Ok(Err(RouteError::Missing(missing)));
        }
        let version = revisions::begin(connection, entry).await?;
        let before = revisions::all_routes(connection).await?;
        let wanted = sent(items, &before);
        let change = |difference: &Difference| Change::Replaced(difference.counts());
        write(connection, before, wanted, version, entry, change).await.map(Ok)
    }

    pub(in crate::store) async fn restore(
        connection: &mut EngineConnection,
        revision: i64,
        entry: &Entry,
    ) -> Result<Result<RouteTable, RouteError>, StoreError> {
        let Some(found) = revisions::find(connection, revision).await? else { return Ok(Err(RouteError::Unknown)) };
        revisions::lock(connection).await?;
        let missing = shared::missing(connection, all_of(found.after.iter().map(Route::references))).await?;
        if !missing.is_empty() {
            return Ok(Err(RouteError::Missing(missing)));
        }
        let version = revisions::begin(connection, entry).await?;
        let before = revisions::all_routes(connection).await?;
        let change = |difference: &Difference| Change::Restored { revision, counts: difference.counts() };
        write(connection, before, found.after, version, entry, change).await.map(Ok)
    }

    /// Writes what turns the table `before` into `wanted`, and the revision of it.
    async fn write(
        connection: &mut EngineConnection,
        before: Vec<Route>,
        mut wanted: Vec<Route>,
        version: i64,
        entry: &Entry,
        change: impl FnOnce(&Difference) -> Change,
    ) -> Result<RouteTable, StoreError> {
        set_versions(&mut wanted, &before, version);
        let kept: HashSet<i64> = wanted.iter().map(|route| route.id).collect();
        let gone: Vec<i64> = before.iter().map(|route| route.id).filter(|id| !kept.contains(id)).collect();
        delete(connection, &gone).await?;
        let (mut new, known): (Vec<Route>, Vec<Route>) = wanted.into_iter().partition(|route| route.id == NO_ID);
        let changed: Vec<&Route> = known.iter().filter(|route| route.version == version).collect();
        upsert(connection, &changed).await?;
        insert(connection, &mut new).await?;
        let mut routes = known;
        routes.append(&mut new);
        routes.sort_by_key(|route| (route.position, route.id));
        let difference = Difference::between(&before, &routes);
        let revision = Revision { id: version, by: entry.by().clone(), change: change(&difference) };
        revisions::record_difference(connection, &revision, &difference).await?;
        Ok(RouteTable { version, routes })
    }

    async fn delete(connection: &mut EngineConnection, ids: &[i64]) -> Result<(), StoreError> {
        for ids in ids.chunks(ROWS_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new("delete from routes where id in (");
            let mut list = query.separated(",");
            ids.iter().for_each(|id| { list.push_bind(*id); });
            query.push(")");
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// Inserts routes and gives them their ids, in their order: only one transaction at a time writes, so those of
    /// one statement ascend.
    async fn insert(connection: &mut EngineConnection, routes: &mut [Route]) -> Result<(), StoreError> {
        for routes in routes.chunks_mut(ROWS_PER_STATEMENT) {
            let definitions = routes.iter().map(definition).collect::<Result<Vec<_>, _>>()?;
            let mut query =
                QueryBuilder::<Engine>::new("insert into routes (version, position, enabled, name, definition) ");
            query.push_values(routes.iter().zip(definitions), |mut row, (route, definition)| {
                row.push_bind(route.version)
                    .push_bind(route.position)
                    .push_bind(route.enabled)
                    .push_bind(route.name.clone())
                    .push_bind(definition);
            });
            query.push(" returning id");
            let mut ids: Vec<i64> = query.build_query_scalar().persistent(false).fetch_all(&mut *connection).await?;
            ids.sort_unstable();
            routes.iter_mut().zip(ids).for_each(|(route, id)| route.id = id);
        }
        Ok(())
    }

    /// Updates routes that exist, and inserts the others with the ids that they have (upsert).
    async fn upsert(connection: &mut EngineConnection, routes: &[&Route]) -> Result<(), StoreError> {
        for routes in routes.chunks(ROWS_PER_STATEMENT) {
            let definitions = routes.iter().map(|route| definition(route)).collect::<Result<Vec<_>, _>>()?;
            let mut query =
                QueryBuilder::<Engine>::new("insert into routes (id, version, position, enabled, name, definition) ");
            query.push_values(routes.iter().zip(definitions), |mut row, (route, definition)| {
                row.push_bind(route.id)
                    .push_bind(route.version)
                    .push_bind(route.position)
                    .push_bind(route.enabled)
                    .push_bind(route.name.clone())
                    .push_bind(definition);
            });
            query.push(
                " on conflict (id) do update set version = excluded.version, position = excluded.position, \
                 enabled = excluded.enabled, name = excluded.name, definition = excluded.definition",
            );
            query.build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }
}
