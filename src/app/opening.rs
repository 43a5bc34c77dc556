//! What a start does with a database, whatever its condition: only what somebody has to set right stops it.

use std::path::PathBuf;
use std::sync::Arc;

use crate::config::{Config, SettingError};
use crate::store::condition::Trouble;
use crate::store::private::{has_empty_file, open_to_others};
use crate::store::rebuilding::{begun, name_of};
use crate::store::spool::{Spool, is_there};
use crate::store::surplus::fold_again_once;
use crate::store::{Db, OpenError, StoreError, clock, meta};
use crate::web::last_good::LastGood;
use crate::web::tables::StoredTable;

/// Why the service did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// The database gave up during the start.
    #[error("--database-url: {0}")]
    Store(#[from] StoreError),
    /// The database's file is damaged.
    #[error(
        "--database-url: {0}: `fernamt check` says where it is damaged; restore a backup (docs/operations.md says how)"
    )]
    Damaged(#[source] StoreError),
    /// A figure in the database depends on settings that are others now.
    #[error(
        "--{flag}: the stored figures were made with `{stored}`, now it is `{now}`: set it back, or stop every server \
             of this database and run `fernamt rebuild`"
    )]
    Differs {
        /// The flag.
        flag: &'static str,
        /// What the database remembers.
        stored: String,
        /// What is set now.
        now: String,
    },
    /// A rebuild did not reach its end.
    #[error("--database-url: a rebuild was interrupted: run `fernamt rebuild` again")]
    Rebuilding,
}

impl StartError {
    /// Damage that shows only when something is read.
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

/// Compares the settings that stored figures depend on with what the database remembers; a new database
/// learns them.
///
/// # Errors
/// When one differs, or a rebuild did not reach its end.
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

/// A rebuild that was interrupted, as a server with the settings of before finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Interrupted {
    /// It was for the same settings: what is stored can be used and changed meanwhile.
    Same,
    /// It was for others, or nobody knows: calls and cells are a mixture.
    Other,
}

/// Why a database cannot be used.
pub(super) enum Failed {
    /// It does not open.
    Open(OpenError),
    /// It opens, but does not tell what has to be known.
    Read(StoreError),
    /// Somebody has to set something right.
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

/// Opens the database as any start does and compares the settings.
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

/// What has to be so before anybody uses the database.
async fn make_ready(db: &Db, config: &Config) -> Result<Option<Interrupted>, StartError> {
    let interrupted = look_at_settings(db, config).await?;
    // A rebuild does it, too, and figures that are a mixture take no changes.
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

/// The database of a start.
pub(super) struct Opened {
    pub(super) db: Arc<Db>,
    /// What answers calls where the database does not tell its routes.
    pub(super) last_good: Option<StoredTable>,
    pub(super) interrupted: Option<Interrupted>,
}

impl Opened {
    /// Fails for what somebody has to set right. A database that is only in trouble is waited for, if anything here says
    /// that there was one: routes that were good last, its own routes if they can be read, or a spool. If nothing does, this
    /// is the first start, and a slip in the setting likelier than trouble.
    pub(super) async fn new(config: &Config) -> Result<Self, StartError> {
        let last_good = LastGood::new(config).read();
        // A disk that is not mounted must not get an empty database in place of the one that routes are known of, nor must a
        // file that a copy is about to be written to, or that somebody has emptied.
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

/// The routes of a database that can be read, but no more. What is wrong with the settings is found here, too.
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

/// Opens the spool. Where its disk is in trouble, or gone with that of the database, the start goes on without.
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
            return Err(SettingError::new("spool", format!("{}: {error}", path.display())).into());
        }
        tracing::error!(%error, file = %path.display(), "the spool cannot be opened yet: events may have to be refused");
        Spool::open_later(path).map_err(|error| SettingError::new("spool", error).into())
    })
}

/// Files of earlier versions may be open to everybody on this machine.
pub(super) fn tell_of_rights(config: &Config) {
    let files = open_to_others(&config.database_url.0, &config.spool, &config.routes_path());
    if files.is_empty() {
        return;
    }
    let quoted = |file: &PathBuf| format!("'{}'", file.display().to_string().replace('\'', r"'\''"));
    let files: Vec<_> = files.iter().map(quoted).collect();
    tracing::warn!("other users of this machine can get at callers and secrets: chmod 600 {}", files.join(" "));
}
