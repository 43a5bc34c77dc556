//! Stores what routes share: named lists, named schedules, and the switch "closed until". Every change raises the
//! version counter of routes, which tells every node that its table is out of date.

use std::collections::BTreeSet;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::accounts::action::Entry;
use crate::routing::named::{ClosedSwitch, Key, MAX_NAMED, NumberList, References, Schedule, Shared};
use crate::store::db::engine::{Db, for_both_engines, reading, writing};
use crate::store::db::error::StoreError;

/// The name of the setting that holds the switch: since and until, in epoch milliseconds.
const CLOSED: &str = "closed_until";

/// A list or schedule, with its version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The list or schedule.
    pub item: T,
    /// The version counter of routes at its last change.
    pub version: i64,
}

/// A route, for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[schema(as = RouteReference)]
pub struct RouteName {
    /// Its number.
    pub id: i64,
    /// What people call it.
    pub name: String,
}

/// Why a list or a schedule was not changed.
#[derive(Debug, thiserror::Error)]
pub enum SharedError {
    /// There is no list or schedule of this name.
    #[error("there is none of this name")]
    Unknown,
    /// Somebody else has changed it meanwhile.
    #[error("it was changed meanwhile")]
    Changed,
    /// There are [`MAX_NAMED`] already.
    #[error("there are {MAX_NAMED} already")]
    TooMany,
    /// It is used by these routes.
    #[error("it is used by {}", .0.iter().map(|route| route.name.as_str()).collect::<Vec<_>>().join(", "))]
    Used(Vec<RouteName>),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SharedError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A list or a schedule that is stored by name, with its conversion to and from columns.
pub trait Named: Sized + Clone {
    /// Whether it is a list or a schedule.
    const KIND: Kind;
    /// Returns its name.
    fn name(&self) -> &str;
    /// Returns its text columns other than the name.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    fn columns(&self) -> Result<(Option<String>, String), StoreError>;
    /// Builds it from its columns.
    ///
    /// # Errors
    /// When the JSON cannot be read.
    fn from_columns(name: String, hours: Option<String>, json: &str) -> Result<Self, StoreError>;
}

/// The kind of a named object: list or schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Lists of numbers.
    Lists,
    /// Schedules.
    Schedules,
}

impl Kind {
    /// Chooses the statement for this kind.
    fn sql(self, lists: &'static str, schedules: &'static str) -> &'static str {
        match self {
            Self::Lists => lists,
            Self::Schedules => schedules,
        }
    }
}

impl Named for NumberList {
    const KIND: Kind = Kind::Lists;

    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> Result<(Option<String>, String), StoreError> {
        Ok((None, to_json(&self.numbers)?))
    }

    fn from_columns(name: String, _: Option<String>, json: &str) -> Result<Self, StoreError> {
        Ok(Self { numbers: from_json(&name, json)?, name })
    }
}

impl Named for Schedule {
    const KIND: Kind = Kind::Schedules;

    fn name(&self) -> &str {
        &self.name
    }

    fn columns(&self) -> Result<(Option<String>, String), StoreError> {
        Ok((self.hours.clone(), to_json(&self.closed)?))
    }

    fn from_columns(name: String, hours: Option<String>, json: &str) -> Result<Self, StoreError> {
        Ok(Self { closed: from_json(&name, json)?, name, hours })
    }
}

fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Damaged(error.to_string()))
}

fn from_json<T: DeserializeOwned>(name: &str, json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError::Damaged(format!("@{name}: {error}")))
}

type Row = (String, i64, Option<String>, String);

fn read<T: Named>((name, version, hours, json): Row) -> Result<Versioned<T>, StoreError> {
    Ok(Versioned { item: T::from_columns(name, hours, &json)?, version })
}

/// Lists all number lists, or all schedules, by name.
pub async fn list_named<T: Named>(db: &Db) -> Result<Vec<Versioned<T>>, StoreError> {
    let sql = T::KIND.sql(
        "select name, version, cast(null as text), entries from lists order by key",
        "select name, version, hours, closed from schedules order by key",
    );
    let rows: Vec<Row> = reading!(db, pool => sqlx::query_as(sql).fetch_all(pool).await?);
    rows.into_iter().map(read).collect()
}

/// Finds the list or schedule of this name.
pub async fn find_named<T: Named>(db: &Db, key: &Key) -> Result<Option<Versioned<T>>, StoreError> {
    let sql = T::KIND.sql(
        "select name, version, cast(null as text), entries from lists where key = $1",
        "select name, version, hours, closed from schedules where key = $1",
    );
    let row: Option<Row> = reading!(db, pool => sqlx::query_as(sql).bind(key.as_str()).fetch_optional(pool).await?);
    row.map(read).transpose()
}

/// Loads everything that routes share.
pub async fn load_shared(db: &Db) -> Result<Shared, StoreError> {
    fn items<T>(stored: Vec<Versioned<T>>) -> Vec<T> {
        stored.into_iter().map(|stored| stored.item).collect()
    }
    Ok(Shared {
        lists: items(list_named(db).await?),
        schedules: items(list_named(db).await?),
        closed: closed_switch(db).await?,
    })
}

/// Reads the switch as it was set last; it may have ended.
pub async fn closed_switch(db: &Db) -> Result<Option<ClosedSwitch>, StoreError> {
    let value = crate::store::db::meta::recall(db, CLOSED).await?;
    let read = |value: String| {
        let (since, until) = value.split_once(' ')?;
        Some(ClosedSwitch { since_ms: since.parse().ok()?, until_ms: until.parse().ok()? })
    };
    Ok(value.and_then(read))
}

/// Sets or clears the switch; where there is none to clear, nothing happens.
pub async fn save_closed_switch(db: &Db, closed: Option<ClosedSwitch>, entry: &Entry) -> Result<(), StoreError> {
    writing!(db, transaction in engine => engine::change_closed(&mut transaction, closed, entry).await)
}

/// Creates or replaces a list or a schedule; returns whether it is new. With `expected`, only if it has that version; 0
/// = only if there is none (optimistic concurrency).
///
/// # Errors
/// When it was changed, there are too many, or the database does not answer.
pub async fn save_named<T: Named>(
    db: &Db,
    key: &Key,
    item: &T,
    expected: Option<i64>,
    entry: &Entry,
) -> Result<(Versioned<T>, bool), SharedError> {
    let columns = item.columns()?;
    let (version, is_new) = writing!(db, transaction in engine => {
        engine::save_named(&mut transaction, (T::KIND, key), item.name(), &columns, expected, entry).await
    })??;
    Ok((Versioned { item: item.clone(), version }, is_new))
}

/// Deletes a list or a schedule that no route uses.
///
/// # Errors
/// When there is none, routes name it, or the database does not answer.
pub async fn delete_named<T: Named>(db: &Db, key: &Key, entry: &Entry) -> Result<(), SharedError> {
    writing!(db, transaction in engine => engine::delete_named(&mut transaction, T::KIND, key, entry).await)?
}

/// Lists the routes that use each list or schedule.
pub async fn uses<T: Named>(db: &Db) -> Result<Vec<(Key, RouteName)>, StoreError> {
    let rows: Vec<(i64, String, String)> = reading!(db, pool => {
        sqlx::query_as("select id, name, definition from routes order by position, id").fetch_all(pool).await?
    });
    Ok(rows.into_iter().flat_map(|row| named_by(T::KIND, row)).collect())
}

/// Returns the keys of the lists or schedules that a route uses, each once.
fn named_by(kind: Kind, (id, name, definition): (i64, String, String)) -> Vec<(Key, RouteName)> {
    #[derive(serde::Deserialize)]
    struct Conditions {
        to: Vec<String>,
        from: Vec<String>,
        hours: Option<String>,
    }
    let Ok(Conditions { to, from, hours }) = serde_json::from_str(&definition) else { return Vec::new() };
    let References { lists, schedules } = References::of(&to, &from, hours.as_deref());
    let keys: BTreeSet<Key> = match kind {
        Kind::Lists => lists,
        Kind::Schedules => schedules,
    };
    keys.into_iter().map(|key| (key, RouteName { id, name: name.clone() })).collect()
}

for_both_engines! {
    use accounts::audit, routes::revisions;

    /// Returns those of `references` that do not exist.
    pub async fn missing(
        connection: &mut EngineConnection,
        mut references: References,
    ) -> Result<References, StoreError> {
        if !references.lists.is_empty() {
            let known: Vec<String> = sqlx::query_scalar("select key from lists").fetch_all(&mut *connection).await?;
            references.lists.retain(|key| !known.iter().any(|known| known == key.as_str()));
        }
        if !references.schedules.is_empty() {
            let known: Vec<String> = sqlx::query_scalar("select key from schedules").fetch_all(connection).await?;
            references.schedules.retain(|key| !known.iter().any(|known| known == key.as_str()));
        }
        Ok(references)
    }

    pub(super) async fn change_closed(
        connection: &mut EngineConnection,
        closed: Option<ClosedSwitch>,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        if save_closed(connection, closed).await? {
            audit::write(connection, entry).await?;
        }
        Ok(())
    }

    /// Sets or clears the switch, which is no change of anybody's; returns whether there was anything to do.
    pub(in crate::store) async fn save_closed(
        connection: &mut EngineConnection,
        closed: Option<ClosedSwitch>,
    ) -> Result<bool, StoreError> {
        let done = match closed {
            Some(ClosedSwitch { since_ms, until_ms }) => {
                sqlx::query(
                    "insert into settings (name, value) values ($1, $2) on conflict (name) do update set value = excluded.value",
                )
                .bind(CLOSED)
                .bind(format!("{since_ms} {until_ms}"))
                .execute(&mut *connection)
                .await?
            }
            None => sqlx::query("delete from settings where name = $1").bind(CLOSED).execute(&mut *connection).await?,
        };
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        revisions::raise_counter(connection).await?;
        Ok(true)
    }

    pub(super) async fn save_named(
        connection: &mut EngineConnection,
        (kind, key): (Kind, &Key),
        name: &str,
        (hours, json): &(Option<String>, String),
        expected: Option<i64>,
        entry: &Entry,
    ) -> Result<Result<(i64, bool), SharedError>, StoreError> {
        let key = key.as_str();
        revisions::lock(&mut *connection).await?;
        let find = kind.sql("select version from lists where key = $1", "select version from schedules where key = $1");
        let known: Option<i64> = sqlx::query_scalar(find).bind(key).fetch_optional(&mut *connection).await?;
        if expected.is_some_and(|expected| expected != known.unwrap_or(0)) {
            return Ok(Err(SharedError::Changed));
        }
        let count = kind.sql("select count(*) from lists", "select count(*) from schedules");
        let count: i64 = sqlx::query_scalar(count).fetch_one(&mut *connection).await?;
        if known.is_none() && count >= MAX_NAMED {
            return Ok(Err(SharedError::TooMany));
        }
        let version = revisions::raise_counter(&mut *connection).await?;
        let save = kind.sql(
            "insert into lists (key, name, version, entries) values ($1, $2, $3, $4) on conflict (key) do update \
             set name = excluded.name, version = excluded.version, entries = excluded.entries",
            "insert into schedules (key, name, version, closed, hours) values ($1, $2, $3, $4, $5) on conflict (key) \
             do update set name = excluded.name, version = excluded.version, closed = excluded.closed, \
             hours = excluded.hours",
        );
        let query = sqlx::query(save).bind(key).bind(name).bind(version).bind(json.as_str());
        let query = if kind == Kind::Schedules { query.bind(hours.as_deref()) } else { query };
        query.execute(&mut *connection).await?;
        audit::write(connection, entry).await?;
        Ok(Ok((version, known.is_none())))
    }

    pub(super) async fn delete_named(
        connection: &mut EngineConnection,
        kind: Kind,
        key: &Key,
        entry: &Entry,
    ) -> Result<Result<(), SharedError>, StoreError> {
        revisions::lock(&mut *connection).await?;
        let rows: Vec<(i64, String, String)> = sqlx::query_as("select id, name, definition from routes order by position, id")
            .fetch_all(&mut *connection)
            .await?;
        let used = rows.into_iter().flat_map(|row| named_by(kind, row)).filter(|(named, _)| named == key);
        let used: Vec<RouteName> = used.map(|(_, route)| route).collect();
        if !used.is_empty() {
            return Ok(Err(SharedError::Used(used)));
        }
        let delete = kind.sql("delete from lists where key = $1", "delete from schedules where key = $1");
        let done = sqlx::query(delete).bind(key.as_str()).execute(&mut *connection).await?;
        if done.rows_affected() == 0 {
            return Ok(Err(SharedError::Unknown));
        }
        revisions::raise_counter(connection).await?;
        audit::write(connection, entry).await?;
        Ok(Ok(()))
    }
}
