//! The directory: names of numbers and agents, cached in memory.

/// Changes of names.
pub mod changes;
/// All names, as they were stored a moment ago.
pub mod names;

mod folding;

use std::sync::{Arc, PoisonError, RwLock};

use self::names::Names;
use super::turns::Turns;
use crate::store::{Db, StoreError};

/// The cache of names on this node.
pub struct Directory {
    db: Arc<Db>,
    read: Turns,
    names: RwLock<Arc<Names>>,
}

impl Directory {
    /// Creates the cache with these names.
    pub(super) fn new(db: Arc<Db>, names: Names) -> Self {
        Self { db, read: Turns::default(), names: RwLock::new(Arc::new(names)) }
    }

    /// Returns the current names of numbers and agents.
    pub fn names(&self) -> Arc<Names> {
        self.names.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reloads the stored names, if they differ from those in memory.
    ///
    /// # Errors
    /// When the database does not answer; the loaded names stay in use.
    pub async fn refresh(&self) -> Result<(), StoreError> {
        let Some(turn) = self.read.turn(&self.db).await else { return Ok(()) };
        let version = turn.has_same_server().then(|| self.names().version());
        if let Some(loaded) = Names::load(&self.db, version).await? {
            *self.names.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(loaded);
        }
        turn.end();
        Ok(())
    }
}
