//! Routes as rows: columns, and the part that is stored as JSON.

use serde::{Deserialize, Serialize};

use crate::placetel::reply::Reply;
use crate::routing::route::Route;
use crate::store::db::error::StoreError;
use crate::store::db::from_row::from_row;

/// The name of the setting that holds the version counter, raised by every change.
pub(in crate::store) const COUNTER: &str = "routes_version";

/// The columns that [`RouteRow`] reads.
macro_rules! route_columns {
    () => {
        "id, version, position, enabled, name, definition"
    };
}
pub(super) use route_columns;

pub(in crate::store) struct RouteRow {
    id: i64,
    version: i64,
    position: i64,
    enabled: bool,
    name: String,
    definition: String,
}

from_row!(RouteRow: id, version, position, enabled, name, definition);

/// The part of a route that is stored as JSON.
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

pub(super) fn definition(route: &Route) -> Result<String, StoreError> {
    let Route { to, from, hours, reply, .. } = route;
    let definition = Definition {
        to: to.clone(),
        from: from.clone(),
        hours: hours.clone(),
        reply: std::borrow::Cow::Borrowed(reply),
    };
    serde_json::to_string(&definition).map_err(|error| StoreError::Damaged(error.to_string()))
}
