//! Opens the database at the start, whatever its condition: stops only for what an administrator has to set right.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Config, SettingError};
use crate::durable::missing_folder;
use crate::service::routing::last_good::LastGood;
use crate::service::routing::tables::StoredTable;
use crate::store::calls::rebuilding::{begun, name_of};
use crate::store::db::condition::Trouble;
use crate::store::db::server_files::{has_empty_file, open_to_others};
use crate::store::db::{clock, meta};
use crate::store::ingest::fold_again::fold_again_once;
use crate::store::ingest::spool::Spool;
use crate::store::ingest::spool::missing::is_there;
use crate::store::{Db, OpenError, StoreError};

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The database failed during the start.
    #[error("--database-url: {0}")]
    Store(#[from] StoreError),
    /// The database's file is damaged.
    #[error(
        "--database-url: {0}: `fernamt check` says where it is damaged; restore a backup (docs/operations.md says how)"
    )]
    Damaged(#[source] StoreError),
    /// The stored figures were made with other settings than the present ones.
    #[error(
        "--{flag}: the stored figures were made with `{stored}`, now it is `{now}`: set it back, or stop every server \
             of this database and run `fernamt rebuild`"
    )]
    Differs {
        /// The flag without dashes.
        flag: &'static str,
        /// The value that the database remembers.
        stored: String,
        /// The value that is set now.
        now: String,
    },
    /// A rebuild was interrupted.
    #[error("--database-url: a rebuild was interrupted: run `fernamt rebuild` again")]
    Rebuilding,
}

impl StartError {
    /// Turns a store error into [`StartError::Damaged`] if it means damage, which may show only in reading.
    pub(crate) fn look_closer(self) -> Self {
        match self {
            Self::Store(error) if error.is_damage() => Self::Damaged(error),
            other => other,
        }
    }
}

/// Opens the database; an error names the setting.
///
/// # Errors
/// When it cannot be used.
pub async fn open_database(config: &Config) -> Result<Db, SettingError> {
    Db::open(&config.database_url.0).await.map_err(unusable)
}

fn unusable(error: OpenError) -> SettingError {
    SettingError::new("database-url", error)
}

/// Compares the settings that stored figures depend on with the remembered ones; a new database stores them.
///
/// # Errors
/// When one differs, or a rebuild was interrupted.
pub async fn check_remembered(db: &Db, config: &Config) -> Result<(), StartError> {
    compare_remembered(db, config).await?;
    if begun(db).await?.is_some() {
        return Err(StartError::Rebuilding);
    }
    for (flag, now) in config.remembered() {
        if meta::recall(db, flag).await?.is_none() {
            clock::begin(db, config.clock.now_ms()).await?;
            meta::remember(db, flag, &now).await?;
        }
    }
    Ok(())
}

async fn compare_remembered(db: &Db, config: &Config) -> Result<(), StartError> {
    for (flag, now) in config.remembered() {
        match meta::recall(db, flag).await? {
            Some(stored) if stored != now => return Err(StartError::Differs { flag, stored, now }),
            _ => {}
        }
    }
    Ok(())
}

/// An interrupted rebuild, seen from the settings of this server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupted {
    /// The rebuild was for the same settings: what is stored can be used and changed meanwhile.
    Same,
    /// The rebuild was for other or unknown settings: calls and cells are a mixture of both.
    Other,
}

/// Why a database cannot be used at the start.
pub(super) enum Failed {
    /// The database cannot be opened.
    Open(OpenError),
    /// The database opens, but required data cannot be read.
    Read(StoreError),
    /// The database or a setting has to be set right by an administrator.
    Wrong(StartError),
}

impl Failed {
    pub(super) fn trouble(&self) -> Trouble {
        match self {
            Self::Open(error) => Trouble::of_opening(error),
            Self::Read(error) => Trouble::of_store(error),
            Self::Wrong(_) => Trouble::Unreachable,
        }
    }

    fn is_wrong(&self) -> bool {
        match self {
            Self::Open(error) => !error.is_away(),
            Self::Read(_) => false,
            Self::Wrong(_) => true,
        }
    }
}

impl From<Failed> for StartError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Open(error) => unusable(error).into(),
            Failed::Read(error) => Self::from(error).look_closer(),
            Failed::Wrong(error) => error,
        }
    }
}

/// Opens the database as every start does, and compares the settings; `must_exist` forbids creating it.
pub(super) async fn open_checked(config: &Config, must_exist: bool) -> Result<(Db, Option<Interrupted>), Failed> {
    let url = &config.database_url.0;
    let opened = if must_exist { Db::open_existing(url).await } else { Db::open(url).await };
    let db = opened.map_err(Failed::Open)?;
    match make_ready(&db, config).await {
        Ok(interrupted) => Ok((db, interrupted)),
        Err(error) => {
            db.close().await;
            Err(match error {
                StartError::Store(error) => Failed::Read(error),
                error => Failed::Wrong(error),
            })
        }
    }
}

/// Checks the settings and runs the pending migration of surplus events.
async fn make_ready(db: &Db, config: &Config) -> Result<Option<Interrupted>, StartError> {
    let interrupted = look_at_settings(db, config).await?;
    // A rebuild does this as well, and cells that are a mixture must not be changed.
    if interrupted.is_none() {
        fold_again_once(db, &config.derivation()?).await?;
    }
    Ok(interrupted)
}

async fn look_at_settings(db: &Db, config: &Config) -> Result<Option<Interrupted>, StartError> {
    match check_remembered(db, config).await {
        Err(StartError::Rebuilding) => {
            let is_same = begun(db).await?.is_none_or(|name| name == name_of(&config.remembered()));
            Ok(Some(if is_same { Interrupted::Same } else { Interrupted::Other }))
        }
        checked => checked.map(|()| None),
    }
}

/// The database as opened at the start.
pub(super) struct Opened {
    pub(super) db: Arc<Db>,
    /// The last good routes, which answer calls while the database's own cannot be read.
    pub(super) last_good: Option<StoredTable>,
    pub(super) interrupted: Option<Interrupted>,
}

impl Opened {
    /// Opens the database; fails only for what an administrator has to set right. If a database is merely in trouble,
    /// the server starts without it, provided there is evidence that it existed: last good routes, its own routes if
    /// they can be read, or a spool. Without evidence this is the first start, and a typing error in the setting is
    /// likelier than trouble.
    pub(super) async fn new(config: &Config) -> Result<Self, StartError> {
        let last_good = LastGood::new(config).read();
        // Must not create an empty database in place of a known one: on a disk that is not mounted, or in a file to
        // which a backup is about to be copied, or which somebody has emptied.
        let is_known = last_good.as_ref().is_some_and(|table| !table.routes.is_empty());
        let must_exist = is_known || has_empty_file(&config.database_url.0) && is_there(&config.spool);
        let failed = match open_checked(config, must_exist).await {
            Ok((db, interrupted)) => return Ok(Self { db: Arc::new(db), last_good, interrupted }),
            Err(failed) if failed.is_wrong() => return Err(failed.into()),
            Err(failed) => failed,
        };
        let readable = read_only(config).await?;
        let last_good = last_good.or(readable);
        let trouble = failed.trouble();
        let error = StartError::from(failed);
        if last_good.is_none() && !is_there(&config.spool) {
            return Err(error);
        }
        let db = Db::open_later(&config.database_url.0).map_err(unusable)?;
        match last_good.as_ref().map(|table| table.routes.len()) {
            Some(routes) => tracing::error!(
                routes,
                "the database cannot be used: the last good routes answer calls and events wait in the spool until it can"
            ),
            None => tracing::error!(
                "the database cannot be used, and no routes are known: calls get the answer of --no-route and events \
                 wait in the spool until it can"
            ),
        }
        db.condition().suffer(trouble, &error.to_string());
        Ok(Self { db: Arc::new(db), last_good, interrupted: None })
    }
}

/// Reads the routes of a database that can only be opened for reading. Wrong settings are reported here, too.
async fn read_only(config: &Config) -> Result<Option<StoredTable>, StartError> {
    let db = match Db::open_for_reading(&config.database_url.0).await {
        Ok(db) => db,
        Err(error @ OpenError::Newer(_)) => return Err(unusable(error).into()),
        Err(_) => return Ok(None),
    };
    let (compared, table) = (compare_remembered(&db, config).await, StoredTable::load(&db).await);
    db.close().await;
    match compared {
        Err(error @ StartError::Differs { .. }) => Err(error),
        _ => Ok(table.ok()),
    }
}

/// Opens the spool. If its disk is in trouble, or missing together with the database's, the start goes on without it.
pub(super) fn open_spool(config: &Config, db: &Db) -> Result<Spool, StartError> {
    use std::io::ErrorKind::{NotFound, ReadOnlyFilesystem, StorageFull};
    let path = &config.spool;
    Spool::open(path).or_else(|error| {
        let is_trouble = match error.kind() {
            ReadOnlyFilesystem | StorageFull => true,
            NotFound => !db.condition().is_open(),
            _ => false,
        };
        if !is_trouble {
            let why = missing_folder(path)
                .map_or_else(|| error.to_string(), |_| "its folder does not exist, make it first".to_owned());
            return Err(SettingError::new("spool", format!("{}: {why}", path.display())).into());
        }
        tracing::error!(%error, file = %path.display(), "the spool cannot be opened yet: events may have to be refused");
        Spool::open_later(path).map_err(|error| SettingError::new("spool", error).into())
    })
}

/// Warns about files that other users of this machine may read; earlier versions created such files.
pub(super) fn tell_of_rights(config: &Config) {
    let files = open_to_others(&config.database_url.0, &config.spool, &config.routes_path());
    if files.is_empty() {
        return;
    }
    let quoted = |file: &PathBuf| format!("'{}'", file.display().to_string().replace('\'', r"'\''"));
    let files: Vec<_> = files.iter().map(quoted).collect();
    tracing::warn!("other users of this machine can get at callers and secrets: chmod 600 {}", files.join(" "));
}
