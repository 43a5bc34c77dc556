//! The routing table with what its routes share: as stored, and as compiled for deciding.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::routing::hours::HoursContext;
use crate::routing::named::Shared;
use crate::routing::route::Route;
use crate::routing::table::{CompileContext, RoutingTable, Unusable};
use crate::stats::derivation::Derivation;
use crate::store::routes::revisions;
use crate::store::routes::shared::load_shared;
use crate::store::{Db, StoreError, routes};

/// The routing table as compiled last.
#[derive(Debug)]
pub struct LoadedTable {
    /// The compiled routes.
    pub table: RoutingTable,
    /// Routes that cannot be used.
    pub unusable: Vec<Unusable>,
    /// The lists, schedules and switch that routes share.
    pub shared: Shared,
    pub(in crate::service) version: i64,
    pub(in crate::service) revision: Option<i64>,
    /// Whether it comes from the last good snapshot, not from the database itself.
    pub(in crate::service) is_last_good: bool,
    fingerprint: Fingerprint,
}

/// The SHA-256 hash of everything that is stored of a table.
type Fingerprint = [u8; 32];

/// The routing table as it is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredTable {
    /// The version, which every change raises.
    pub version: i64,
    /// The newest revision of the history.
    pub revision: Option<i64>,
    /// The routes, in the order in which they are tried.
    pub routes: Vec<Route>,
    /// The lists, schedules and switch that they share.
    #[serde(default)]
    pub shared: Shared,
}

impl StoredTable {
    /// Loads a consistent snapshot: everything of one version.
    pub async fn load(db: &Db) -> Result<Self, StoreError> {
        loop {
            let version = routes::routes_version(db).await?;
            let (revision, routes) = (revisions::newest_revision(db).await?, routes::list_routes(db).await?);
            let shared = load_shared(db).await?;
            // Otherwise a change in between would be attributed to the wrong revision.
            if routes::routes_version(db).await? == version {
                return Ok(Self { version, revision, routes, shared });
            }
        }
    }

    pub(in crate::service) fn compile(&self, derivation: &Derivation, hours: &HoursContext) -> LoadedTable {
        self.compiled(self.fingerprint(), derivation, hours)
    }

    /// Compiles the table, unless `now` is the same and comes from the database.
    pub(in crate::service) fn compile_unless(
        &self,
        now: &LoadedTable,
        derivation: &Derivation,
        hours: &HoursContext,
    ) -> Option<LoadedTable> {
        let fingerprint = self.fingerprint();
        let is_same = !now.is_last_good && now.fingerprint == fingerprint;
        (!is_same).then(|| self.compiled(fingerprint, derivation, hours))
    }

    fn compiled(&self, fingerprint: Fingerprint, derivation: &Derivation, hours: &HoursContext) -> LoadedTable {
        let compile_context = CompileContext { numbering: &derivation.numbering, hours, shared: &self.shared };
        let (table, unusable) = RoutingTable::compile(&self.routes, compile_context);
        for Unusable { route_id, error, .. } in &unusable {
            tracing::error!(route_id, %error, "a route cannot be used and matches nothing");
        }
        let Self { version, revision, shared, .. } = self;
        let (version, revision, shared) = (*version, *revision, shared.clone());
        LoadedTable { table, unusable, shared, version, revision, is_last_good: false, fingerprint }
    }

    fn fingerprint(&self) -> Fingerprint {
        Sha256::digest(serde_json::to_vec(self).unwrap_or_default()).into()
    }
}
