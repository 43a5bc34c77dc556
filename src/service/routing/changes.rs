//! Changes of routes: each is stored with its entry in the audit log, and then in use.

use super::Routing;
use crate::accounts::action::{Actor, Entry, Subject, Verb};
use crate::routing::route::{Route, RouteDraft};
use crate::store::routes::table::{RouteTable, replace_routes, restore_routes};
use crate::store::routes::{Move, RouteError, delete_route, enable_route, insert_route, move_route, update_route};

fn entry_of(by: &Actor, verb: Verb, id: i64) -> Entry {
    Entry::new(by, (Subject::Route, verb)).on(&id.to_string())
}

impl Routing {
    /// Adds a route.
    ///
    /// # Errors
    /// When it names what there is not, or the database does not answer.
    pub async fn add_route(&self, draft: RouteDraft, by: &Actor) -> Result<Route, RouteError> {
        let entry = Entry::new(by, (Subject::Route, Verb::Added)).on(&draft.name);
        let route = insert_route(&self.db, draft, &entry).await?;
        self.refresh().await?;
        Ok(route)
    }

    /// Replaces a route; with `expected`, only if it has that version (optimistic concurrency).
    ///
    /// # Errors
    /// When there is none, it was changed, names what there is not, or the database does not answer.
    pub async fn change_route(
        &self,
        id: i64,
        draft: RouteDraft,
        expected: Option<i64>,
        by: &Actor,
    ) -> Result<Route, RouteError> {
        let route = update_route(&self.db, id, draft, expected, &entry_of(by, Verb::Changed, id)).await?;
        self.refresh().await?;
        Ok(route)
    }

    /// Switches a route on or off.
    ///
    /// # Errors
    /// When there is none, or the database does not answer.
    pub async fn enable_route(&self, id: i64, enabled: bool, by: &Actor) -> Result<(), RouteError> {
        enable_route(&self.db, id, enabled, &entry_of(by, Verb::Changed, id)).await?;
        Ok(self.refresh().await?)
    }

    /// Moves a route up or down by one place, if it can be.
    ///
    /// # Errors
    /// When there is none, or the database does not answer.
    pub async fn move_route(&self, id: i64, way: Move, by: &Actor) -> Result<(), RouteError> {
        move_route(&self.db, id, way, &entry_of(by, Verb::Moved, id)).await?;
        Ok(self.refresh().await?)
    }

    /// Removes a route.
    ///
    /// # Errors
    /// When there is none, or the database does not answer.
    pub async fn remove_route(&self, id: i64, by: &Actor) -> Result<(), RouteError> {
        delete_route(&self.db, id, &entry_of(by, Verb::Removed, id)).await?;
        Ok(self.refresh().await?)
    }

    /// Replaces the whole table; with `expected`, only if it has that version (optimistic concurrency).
    ///
    /// # Errors
    /// When the table was changed, routes name what there is not, or the database does not answer.
    pub async fn replace_routes(
        &self,
        items: Vec<(Option<i64>, RouteDraft)>,
        expected: Option<i64>,
        by: &Actor,
    ) -> Result<RouteTable, RouteError> {
        let entry = Entry::new(by, (Subject::Routes, Verb::Replaced));
        let table = replace_routes(&self.db, items, expected, &entry).await?;
        self.refresh().await?;
        Ok(table)
    }

    /// Restores the table of an earlier revision.
    ///
    /// # Errors
    /// When there is no such revision, its routes name what there is not any more, or the database does not answer.
    pub async fn restore_routes(&self, revision: i64, by: &Actor) -> Result<RouteTable, RouteError> {
        let entry = Entry::new(by, (Subject::Routes, Verb::Restored)).on(&revision.to_string());
        let table = restore_routes(&self.db, revision, &entry).await?;
        self.refresh().await?;
        Ok(table)
    }
}
