//! Reads and edits single routes. Every change is a revision, whose id is the changed route's version, with an entry in
//! the audit log.

/// The revision history of the routes.
pub mod revisions;
/// Objects that routes share: named lists, named schedules, the switch "closed until".
pub mod shared;
/// The whole table of routes at once.
pub mod table;

pub(in crate::store) mod row;

use self::revisions::Revision;
use self::row::{COUNTER, RouteRow, definition, route_columns};
use super::db::engine::{Db, for_both_engines, reading, writing};
use super::db::error::StoreError;
use crate::accounts::action::Entry;
use crate::routing::named::References;
use crate::routing::revision::Change;
use crate::routing::route::{Route, RouteDraft};

/// The gap between positions, so that a route fits between two others.
pub(in crate::store) const STEP: i64 = 10;

/// Why a route was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// There is no route with this id.
    #[error("there is no such route")]
    Unknown,
    /// Somebody else has changed the route meanwhile.
    #[error("the route was changed meanwhile")]
    Changed,
    /// The route names lists or schedules that do not exist.
    #[error("the route names lists or schedules that do not exist")]
    Missing(References),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RouteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// The direction in which a route moves in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Before the one above.
    Up,
    /// Behind the one below.
    Down,
}

/// Lists all routes in the order in which they are tried.
pub async fn list_routes(db: &Db) -> Result<Vec<Route>, StoreError> {
    let rows: Vec<RouteRow> = reading!(db, pool => {
        sqlx::query_as(concat!("select ", route_columns!(), " from routes order by position, id")).fetch_all(pool).await?
    });
    rows.into_iter().map(Route::try_from).collect()
}

/// Finds the route with this id.
pub async fn find_route(db: &Db, id: i64) -> Result<Option<Route>, StoreError> {
    let row: Option<RouteRow> = reading!(db, pool => {
        sqlx::query_as(concat!("select ", route_columns!(), " from routes where id = $1"))
            .bind(id)
            .fetch_optional(pool)
            .await?
    });
    row.map(Route::try_from).transpose()
}

/// Returns the version counter that every change of any route raises.
pub async fn routes_version(db: &Db) -> Result<i64, StoreError> {
    let value = super::db::meta::recall(db, COUNTER).await?;
    Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// Adds a route; without a position it comes last.
///
/// # Errors
/// When it names what there is not, or the database does not answer.
pub async fn insert_route(db: &Db, draft: RouteDraft, entry: &Entry) -> Result<Route, RouteError> {
    writing!(db, transaction in engine => engine::insert(&mut transaction, draft, entry).await)?
}

/// Replaces a route; without a position it stays where it is. With `expected`, only if it has that version (optimistic
/// concurrency).
///
/// # Errors
/// When there is none, it was changed, names what there is not, or the database does not answer.
pub async fn update_route(
    db: &Db,
    id: i64,
    draft: RouteDraft,
    expected: Option<i64>,
    entry: &Entry,
) -> Result<Route, RouteError> {
    writing!(db, transaction in engine => engine::update(&mut transaction, id, draft, expected, entry).await)?
}

/// Removes a route.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn delete_route(db: &Db, id: i64, entry: &Entry) -> Result<(), RouteError> {
    writing!(db, transaction in engine => engine::delete(&mut transaction, id, entry).await)?
}

/// Swaps a route with its neighbour; at the end of the table nothing happens.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn move_route(db: &Db, id: i64, way: Move, entry: &Entry) -> Result<(), RouteError> {
    writing!(db, transaction in engine => engine::swap(&mut transaction, id, way, entry).await)?
}

/// Switches a route on or off.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn enable_route(db: &Db, id: i64, enabled: bool, entry: &Entry) -> Result<(), RouteError> {
    writing!(db, transaction in engine => engine::enable(&mut transaction, id, enabled, entry).await)?
}

for_both_engines! {
    use routes::revisions, routes::shared;

    async fn find(connection: &mut EngineConnection, id: i64) -> Result<Option<Route>, StoreError> {
        let row: Option<RouteRow> = sqlx::query_as(concat!("select ", route_columns!(), " from routes where id = $1"))
            .bind(id)
            .fetch_optional(connection)
            .await?;
        row.map(Route::try_from).transpose()
    }

    async fn set(connection: &mut EngineConnection, route: &Route) -> Result<(), StoreError> {
        sqlx::query("update routes set version = $1, position = $2, enabled = $3, name = $4, definition = $5 where id = $6")
            .bind(route.version)
            .bind(route.position)
            .bind(route.enabled)
            .bind(route.name.as_str())
            .bind(definition(route)?)
            .bind(route.id)
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(in crate::store) async fn insert(
        connection: &mut EngineConnection,
        draft: RouteDraft,
        entry: &Entry,
    ) -> Result<Result<Route, RouteError>, StoreError> {
        revisions::lock(connection).await?;
        let missing = shared::missing(connection, draft.references()).await?;
        if !missing.is_empty() {
            return Ok(Err(RouteError::Missing(missing)));
        }
        let version = revisions::begin(connection, entry).await?;
        let last: Option<i64> = sqlx::query_scalar("select max(position) from routes").fetch_one(&mut *connection).await?;
        let position = draft.position.unwrap_or_else(|| last.unwrap_or(0).saturating_add(STEP));
        let mut route = draft.into_route(0, position, version);
        route.id = sqlx::query_scalar(
            "insert into routes (version, position, enabled, name, definition) values ($1, $2, $3, $4, $5) returning id",
        )
        .bind(version)
        .bind(position)
        .bind(route.enabled)
        .bind(route.name.as_str())
        .bind(definition(&route)?)
        .fetch_one(&mut *connection)
        .await?;
        let change = Change::Added { name: route.name.clone() };
        let revision = Revision { id: version, by: entry.by().clone(), change };
        revisions::record(connection, revision, &[], std::slice::from_ref(&route)).await?;
        Ok(Ok(route))
    }

    pub(in crate::store) async fn update(
        connection: &mut EngineConnection,
        id: i64,
        draft: RouteDraft,
        expected: Option<i64>,
        entry: &Entry,
    ) -> Result<Result<Route, RouteError>, StoreError> {
        revisions::lock(connection).await?;
        let Some(before) = find(connection, id).await? else { return Ok(Err(RouteError::Unknown)) };
        if expected.is_some_and(|expected| expected != before.version) {
            return Ok(Err(RouteError::Changed));
        }
        let missing = shared::missing(connection, draft.references()).await?;
        if !missing.is_empty() {
            return Ok(Err(RouteError::Missing(missing)));
        }
        let version = revisions::begin(connection, entry).await?;
        let position = draft.position.unwrap_or(before.position);
        let after = draft.into_route(id, position, version);
        set(connection, &after).await?;
        let revision = Revision { id: version, by: entry.by().clone(), change: Change::Changed { name: after.name.clone() } };
        revisions::record(connection, revision, &[before], std::slice::from_ref(&after)).await?;
        Ok(Ok(after))
    }

    pub(in crate::store) async fn delete(
        connection: &mut EngineConnection,
        id: i64,
        entry: &Entry,
    ) -> Result<Result<(), RouteError>, StoreError> {
        let Some(before) = find(connection, id).await? else { return Ok(Err(RouteError::Unknown)) };
        let version = revisions::begin(connection, entry).await?;
        sqlx::query("delete from routes where id = $1").bind(id).execute(&mut *connection).await?;
        let revision = Revision { id: version, by: entry.by().clone(), change: Change::Removed { name: before.name.clone() } };
        revisions::record(connection, revision, &[before], &[]).await?;
        Ok(Ok(()))
    }

    pub(in crate::store) async fn enable(
        connection: &mut EngineConnection,
        id: i64,
        enabled: bool,
        entry: &Entry,
    ) -> Result<Result<(), RouteError>, StoreError> {
        let Some(before) = find(connection, id).await? else { return Ok(Err(RouteError::Unknown)) };
        let version = revisions::begin(connection, entry).await?;
        let after = Route { enabled, version, ..before.clone() };
        set(connection, &after).await?;
        let name = after.name.clone();
        let change = if enabled { Change::SwitchedOn { name } } else { Change::SwitchedOff { name } };
        revisions::record(connection, Revision { id: version, by: entry.by().clone(), change }, &[before], &[after]).await?;
        Ok(Ok(()))
    }

    pub(in crate::store) async fn swap(
        connection: &mut EngineConnection,
        id: i64,
        way: Move,
        entry: &Entry,
    ) -> Result<Result<(), RouteError>, StoreError> {
        let mut order: Vec<(i64, i64)> =
            sqlx::query_as("select id, position from routes order by position, id").fetch_all(&mut *connection).await?;
        let Some(place) = order.iter().position(|(other, _)| *other == id) else { return Ok(Err(RouteError::Unknown)) };
        let neighbour = match way {
            Move::Up => place.checked_sub(1),
            Move::Down => Some(place + 1).filter(|next| *next < order.len()),
        };
        let Some(neighbour) = neighbour else { return Ok(Ok(())) };
        let version = revisions::begin(connection, entry).await?;
        let mut positions: Vec<i64> = order.iter().map(|(_, position)| *position).collect();
        order.swap(place, neighbour);
        if positions[place] == positions[neighbour] {
            positions = (1..).map(|rank| rank * STEP).take(order.len()).collect();
        }
        let (mut before, mut after) = (Vec::new(), Vec::new());
        for ((id, _), position) in order.into_iter().zip(positions).filter(|((_, was), position)| was != position) {
            let Some(route) = find(connection, id).await? else { continue };
            let moved = Route { position, version, ..route.clone() };
            set(connection, &moved).await?;
            before.push(route);
            after.push(moved);
        }
        let name = after.iter().find(|route| route.id == id).map_or_else(String::new, |route| route.name.clone());
        let change = if way == Move::Up { Change::MovedUp { name } } else { Change::MovedDown { name } };
        revisions::record(connection, Revision { id: version, by: entry.by().clone(), change }, &before, &after).await?;
        Ok(Ok(()))
    }
}
