//! Routes as people edit them. Every change raises one counter, which is the changed route's version and
//! tells every node that its table is old.

use serde::{Deserialize, Serialize};

use super::{Db, StoreError, for_both_engines, reading, writing};
use crate::placetel::reply::Reply;
use crate::routing::route::{Route, RouteDraft};

const COUNTER: &str = "routes_version";
/// Between positions, so that a route fits between two others.
const STEP: i64 = 10;

/// Why a route was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// There is no route with this id.
    #[error("there is no such route")]
    Unknown,
    /// Somebody else has changed it meanwhile.
    #[error("the route was changed meanwhile")]
    Changed,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RouteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Which way a route moves in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Before the one above.
    Up,
    /// Behind the one below.
    Down,
}

#[derive(sqlx::FromRow)]
struct RouteRow {
    id: i64,
    version: i64,
    position: i64,
    enabled: bool,
    name: String,
    definition: String,
}

/// What is stored as JSON.
#[derive(Serialize, Deserialize)]
struct Definition<'a> {
    to: Vec<String>,
    from: Vec<String>,
    hours: Option<String>,
    reply: std::borrow::Cow<'a, Reply>,
}

impl TryFrom<RouteRow> for Route {
    type Error = StoreError;

    fn try_from(row: RouteRow) -> Result<Self, StoreError> {
        let Definition { to, from, hours, reply } = serde_json::from_str(&row.definition)
            .map_err(|error| StoreError::Damaged(format!("route {}: {error}", row.id)))?;
        let RouteRow { id, version, position, enabled, name, .. } = row;
        Ok(Self { id, name, enabled, position, to, from, hours, reply: reply.into_owned(), version })
    }
}

fn definition(draft: &RouteDraft) -> Result<String, StoreError> {
    let RouteDraft { to, from, hours, reply, .. } = draft;
    let definition = Definition {
        to: to.clone(),
        from: from.clone(),
        hours: hours.clone(),
        reply: std::borrow::Cow::Borrowed(reply),
    };
    serde_json::to_string(&definition).map_err(|error| StoreError::Damaged(error.to_string()))
}

/// All routes in the order in which they are tried.
///
/// # Errors
/// When the database does not answer.
pub async fn list_routes(db: &Db) -> Result<Vec<Route>, StoreError> {
    let rows: Vec<RouteRow> = reading!(db, pool => {
        sqlx::query_as("select id, version, position, enabled, name, definition from routes order by position, id")
            .fetch_all(pool)
            .await?
    });
    rows.into_iter().map(Route::try_from).collect()
}

/// The route with this id.
///
/// # Errors
/// When the database does not answer.
pub async fn find_route(db: &Db, id: i64) -> Result<Option<Route>, StoreError> {
    let row: Option<RouteRow> = reading!(db, pool => {
        sqlx::query_as("select id, version, position, enabled, name, definition from routes where id = $1")
            .bind(id)
            .fetch_optional(pool)
            .await?
    });
    row.map(Route::try_from).transpose()
}

/// Raised by every change of any route.
///
/// # Errors
/// When the database does not answer.
pub async fn routes_version(db: &Db) -> Result<i64, StoreError> {
    let value = super::settings::recall(db, COUNTER).await?;
    Ok(value.and_then(|value| value.parse().ok()).unwrap_or(0))
}

/// Adds a route; without a position it comes last.
///
/// # Errors
/// When the database does not answer.
pub async fn insert_route(db: &Db, draft: RouteDraft) -> Result<Route, RouteError> {
    let definition = definition(&draft)?;
    Ok(writing!(db, transaction in engine => engine::insert(&mut transaction, draft, &definition).await)?)
}

/// Replaces a route; without a position it stays where it is. With `expected`, only that version.
///
/// # Errors
/// When there is none, it was changed, or the database does not answer.
pub async fn update_route(db: &Db, id: i64, draft: RouteDraft, expected: Option<i64>) -> Result<Route, RouteError> {
    let definition = definition(&draft)?;
    writing!(db, transaction in engine => engine::update(&mut transaction, id, draft, &definition, expected).await)?
}

/// Removes a route.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn delete_route(db: &Db, id: i64) -> Result<(), RouteError> {
    writing!(db, transaction in engine => engine::delete(&mut transaction, id).await)?
}

/// Swaps a route with its neighbour; at the end of the table nothing happens.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn move_route(db: &Db, id: i64, way: Move) -> Result<(), RouteError> {
    writing!(db, transaction in engine => engine::swap(&mut transaction, id, way).await)?
}

/// Switches a route on or off.
///
/// # Errors
/// When there is none, or the database does not answer.
pub async fn enable_route(db: &Db, id: i64, enabled: bool) -> Result<(), RouteError> {
    writing!(db, transaction in engine => engine::enable(&mut transaction, id, enabled).await)?
}

for_both_engines! {
    pub(in crate::store) async fn next_version(connection: &mut EngineConnection) -> Result<i64, StoreError> {
        let value: String = sqlx::query_scalar(
            "insert into settings (name, value) values ($1, '1') on conflict (name) do update \
             set value = cast(cast(settings.value as bigint) + 1 as text) returning value",
        )
        .bind(COUNTER)
        .fetch_one(connection)
        .await?;
        value.parse().map_err(|_| StoreError::Damaged(format!("the counter {COUNTER}")))
    }

    pub(super) async fn insert(
        connection: &mut EngineConnection,
        draft: RouteDraft,
        definition: &str,
    ) -> Result<Route, StoreError> {
        let version = next_version(connection).await?;
        let last: Option<i64> = sqlx::query_scalar("select max(position) from routes").fetch_one(&mut *connection).await?;
        let position = draft.position.unwrap_or_else(|| last.unwrap_or(0).saturating_add(STEP));
        let id: i64 = sqlx::query_scalar(
            "insert into routes (version, position, enabled, name, definition) values ($1, $2, $3, $4, $5) returning id",
        )
        .bind(version)
        .bind(position)
        .bind(draft.enabled)
        .bind(draft.name.as_str())
        .bind(definition)
        .fetch_one(connection)
        .await?;
        Ok(draft.into_route(id, position, version))
    }

    pub(super) async fn update(
        connection: &mut EngineConnection,
        id: i64,
        draft: RouteDraft,
        definition: &str,
        expected: Option<i64>,
    ) -> Result<Result<Route, RouteError>, StoreError> {
        let known: Option<(i64, i64)> =
            sqlx::query_as("select version, position from routes where id = $1").bind(id).fetch_optional(&mut *connection).await?;
        let Some((version, position)) = known else { return Ok(Err(RouteError::Unknown)) };
        if expected.is_some_and(|expected| expected != version) {
            return Ok(Err(RouteError::Changed));
        }
        let version = next_version(connection).await?;
        let position = draft.position.unwrap_or(position);
        sqlx::query("update routes set version = $1, position = $2, enabled = $3, name = $4, definition = $5 where id = $6")
            .bind(version)
            .bind(position)
            .bind(draft.enabled)
            .bind(draft.name.as_str())
            .bind(definition)
            .bind(id)
            .execute(connection)
            .await?;
        Ok(Ok(draft.into_route(id, position, version)))
    }

    pub(super) async fn delete(connection: &mut EngineConnection, id: i64) -> Result<Result<(), RouteError>, StoreError> {
        let done = sqlx::query("delete from routes where id = $1").bind(id).execute(&mut *connection).await?;
        if done.rows_affected() == 0 {
            return Ok(Err(RouteError::Unknown));
        }
        next_version(connection).await?;
        Ok(Ok(()))
    }

    pub(super) async fn enable(
        connection: &mut EngineConnection,
        id: i64,
        enabled: bool,
    ) -> Result<Result<(), RouteError>, StoreError> {
        let version = next_version(connection).await?;
        let done = sqlx::query("update routes set enabled = $1, version = $2 where id = $3")
            .bind(enabled)
            .bind(version)
            .bind(id)
            .execute(connection)
            .await?;
        Ok(if done.rows_affected() == 0 { Err(RouteError::Unknown) } else { Ok(()) })
    }

    pub(super) async fn swap(
        connection: &mut EngineConnection,
        id: i64,
        way: Move,
    ) -> Result<Result<(), RouteError>, StoreError> {
        let mut order: Vec<(i64, i64)> =
            sqlx::query_as("select id, position from routes order by position, id").fetch_all(&mut *connection).await?;
        let Some(place) = order.iter().position(|(other, _)| *other == id) else { return Ok(Err(RouteError::Unknown)) };
        let neighbour = match way {
            Move::Up => place.checked_sub(1),
            Move::Down => Some(place + 1).filter(|next| *next < order.len()),
        };
        let Some(neighbour) = neighbour else { return Ok(Ok(())) };
        let version = next_version(connection).await?;
        let mut positions: Vec<i64> = order.iter().map(|(_, position)| *position).collect();
        order.swap(place, neighbour);
        if positions[place] == positions[neighbour] {
            positions = (1..).map(|rank| rank * STEP).take(order.len()).collect();
        }
        for ((id, before), position) in order.into_iter().zip(positions) {
            if before != position {
                sqlx::query("update routes set position = $1, version = $2 where id = $3")
                    .bind(position)
                    .bind(version)
                    .bind(id)
                    .execute(&mut *connection)
                    .await?;
            }
        }
        Ok(Ok(()))
    }
}
