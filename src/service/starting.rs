//! Initial loading of the application state: from the database as far as it answers, else from the last good snapshot.

use std::sync::Arc;

use super::directory::names::Names;
use super::routing::tables::StoredTable;
use super::state::AppState;
use crate::config::Config;
use crate::stats::derivation::Derivation;
use crate::store::ingest::writer::Writer;
use crate::store::{Db, StoreError};

impl AppState {
    /// Loads the state from the database: routes, names, callers and accounts.
    pub async fn load(
        config: Config,
        db: Arc<Db>,
        derivation: Arc<Derivation>,
        writer: Writer,
    ) -> Result<Self, StoreError> {
        let stored = StoredTable::load(&db).await?;
        let names = Names::load(&db, None).await?.unwrap_or_default();
        let state = Self::new(config, db, derivation, writer, &stored, names);
        state.routing.refresh_callers().await?;
        state.accounts.refresh().await?;
        state.routing.keep(stored).await;
        Ok(state)
    }

    /// Loads the state as far as the database answers. The rest is loaded later; until then the last good routes are
    /// used.
    pub async fn begin(
        config: Config,
        db: Arc<Db>,
        derivation: Arc<Derivation>,
        writer: Writer,
        last_good: Option<StoredTable>,
    ) -> Self {
        if !db.condition().is_open() {
            return Self::of_last_good(config, db, derivation, writer, &last_good.unwrap_or_default());
        }
        let stored = heard(&db, "routes", StoredTable::load(&db).await);
        let names = heard(&db, "names", Names::load(&db, None).await).flatten().unwrap_or_default();
        let state = match stored {
            Some(stored) => {
                let state = Self::new(config, db, derivation, writer, &stored, names);
                state.routing.keep(stored).await;
                state
            }
            None => Self::of_last_good(config, db, derivation, writer, &last_good.unwrap_or_default()),
        };
        heard(&state.db, "callers", state.routing.refresh_callers().await);
        heard(&state.db, "accounts", state.accounts.refresh().await);
        state
    }

    /// Builds the state from the last good routes, while the database does not answer.
    fn of_last_good(
        config: Config,
        db: Arc<Db>,
        derivation: Arc<Derivation>,
        writer: Writer,
        stored: &StoredTable,
    ) -> Self {
        let mut state = Self::new(config, db, derivation, writer, stored, Names::default());
        state.routing.is_of_last_good();
        state
    }
}

/// Returns the result of a read from the database; logs its error.
fn heard<T>(db: &Db, what: &'static str, told: Result<T, StoreError>) -> Option<T> {
    told.inspect_err(|error| {
        db.condition().note(error);
        tracing::error!(%error, what, "the database does not tell everything; what answers calls goes on without");
    })
    .ok()
}
