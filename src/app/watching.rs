//! Monitors the database while the server runs, and uses it again once its trouble is over.

use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::opening::{Failed, Interrupted, StartError, open_checked};
use crate::service::state::AppState;
use crate::store::Db;
use crate::store::calls::rebuild::{RebuildError, rebuild};
use crate::store::calls::rebuilding;
use crate::store::calls::rebuilding::Purpose;
use crate::store::db::condition::Trouble;
use crate::store::db::server_files::file_of;
use crate::store::db::soundness::{Closely, look, look_only};

/// Interval of attempts to use an unusable database again, and of checks that its file is still in place.
const EVERY: Duration = Duration::from_secs(1);
/// Interval of integrity checks of the file.
const LOOK_EVERY: Duration = Duration::from_secs(15);
/// Pause after a full check of a damaged file before the next, unless the file changes; longer if checks take long.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Watches the database until the task is aborted. `interrupted` is a rebuild to be finished first.
pub(super) async fn watch(state: Arc<AppState>, interrupted: Option<Interrupted>) {
    let mut watcher = Watcher { state, looked: None, tried: None, told: String::new(), finishing: JoinSet::new() };
    if let Some(interrupted) = interrupted {
        watcher.finish_rebuild(interrupted);
    }
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        watcher.look().await;
    }
}

/// The last attempt to use the database: the file as it was left, when the attempt ended, and how long it took.
struct Tried {
    file: Signature,
    at: Instant,
    took: Duration,
}

/// A fingerprint of a file (device, inode, modification time, size) that changes with every modification.
type Signature = Option<(u64, u64, i64, i64, u64)>;

struct Watcher {
    state: Arc<AppState>,
    looked: Option<Instant>,
    tried: Option<Tried>,
    /// The last reported error that an administrator has to set right; avoids logging it repeatedly.
    told: String,
    /// The task that finishes an interrupted rebuild; aborted with the watcher.
    finishing: JoinSet<()>,
}

impl Watcher {
    fn signature(&self) -> Signature {
        let url = &self.state.config.database_url.0;
        let file = url.starts_with("sqlite:").then(|| file_of(url)).flatten()?;
        let found = std::fs::metadata(file).ok()?;
        Some((found.dev(), found.ino(), found.mtime(), found.mtime_nsec(), found.len()))
    }

    async fn look(&mut self) {
        let condition = self.state.db.condition();
        if condition.is_open() {
            match condition.is_another_file() {
                None => condition.suffer(Trouble::Missing, "there is none any more"),
                Some(true) => condition.suffer(Trouble::Missing, "another one has taken its place"),
                Some(false) => {}
            }
        }
        match condition.trouble() {
            None => self.look_for_damage().await,
            // The task that derives again ends this state.
            Some(Trouble::Rebuilding) => {}
            Some(_) => self.try_again().await,
        }
    }

    async fn look_for_damage(&mut self) {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_EVERY) {
            return;
        }
        self.looked = Some(Instant::now());
        match look(&self.state.db, Closely::Now).await {
            Ok(None) => {}
            Ok(Some(damage)) => self.state.db.condition().suffer(Trouble::Damaged, &damage),
            Err(error) => tracing::debug!(%error, "the database could not be looked at this time"),
        }
    }

    async fn try_again(&mut self) {
        let file = self.signature();
        let is_damaged = self.state.db.condition().trouble() == Some(Trouble::Damaged);
        let is_too_early = |tried: &Tried| tried.file == file && tried.at.elapsed() < LOOK_AGAIN.max(tried.took * 20);
        if is_damaged && self.tried.as_ref().is_some_and(is_too_early) {
            return;
        }
        let began = Instant::now();
        self.try_to_use(is_damaged).await;
        self.tried = Some(Tried { file: self.signature(), at: Instant::now(), took: began.elapsed() });
    }

    async fn try_to_use(&mut self, is_damaged: bool) {
        let mut closely = Closely::Now;
        if is_damaged {
            // Known damage may lie anywhere in the file, so it is checked fully. Nothing that may write opens it
            // before: even closing a writable connection writes.
            match look_only(&self.state.config.database_url.0, Closely::Through).await {
                Ok(None) => {}
                Ok(Some(damage)) => return self.state.db.condition().suffer(Trouble::Damaged, &damage),
                // The write-ahead log may have to be replayed first, which only a writable connection can.
                Err(_) => closely = Closely::Through,
            }
        }
        let opened = open_checked(&self.state.config, true).await;
        match opened {
            Ok((db, interrupted)) => self.use_if_sound(&db, interrupted, closely).await,
            Err(Failed::Wrong(error)) => self.tell(&error),
            Err(failed) => {
                let trouble = failed.trouble();
                self.state.db.condition().suffer(trouble, &StartError::from(failed).to_string());
            }
        }
    }

    async fn use_if_sound(&mut self, db: &Db, interrupted: Option<Interrupted>, closely: Closely) {
        let condition = self.state.db.condition();
        let found = look(db, closely).await;
        db.close().await;
        match found {
            Ok(None) => {
                condition.open();
                self.state.writer.note_there();
                self.looked = Some(Instant::now());
                self.told.clear();
                if let Some(interrupted) = interrupted {
                    self.finish_rebuild(interrupted);
                }
                self.state.routing.changed.notify_one();
                tracing::info!("the database is there");
            }
            Ok(Some(damage)) => condition.suffer(Trouble::Damaged, &damage),
            Err(error) => condition.suffer(Trouble::of_store(&error), &error.to_string()),
        }
    }

    fn tell(&mut self, error: &StartError) {
        let error = error.to_string();
        if error != self.told {
            tracing::error!(%error, "the database cannot be used yet");
            self.told = error;
        }
    }

    /// Spawns the task that finishes an interrupted rebuild. If the rebuild was for other settings, cells are a mixture
    /// to which nothing may be added meanwhile.
    fn finish_rebuild(&mut self, interrupted: Interrupted) {
        let condition = self.state.db.condition();
        if interrupted == Interrupted::Other {
            condition.suffer(Trouble::Rebuilding, "a rebuild for other settings was interrupted");
        }
        tracing::info!("a rebuild was interrupted: it is brought to its end");
        let state = self.state.clone();
        self.finishing.spawn(async move {
            while let Err(error) = derive_again(&state).await {
                tracing::warn!(%error, "calls and statistics could not be derived again yet");
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            let condition = state.db.condition();
            if condition.trouble() == Some(Trouble::Rebuilding) {
                condition.open();
            }
            tracing::info!("calls and statistics are derived again");
        });
    }
}

async fn derive_again(state: &AppState) -> Result<(), RebuildError> {
    let settings = state.config.remembered();
    let name = rebuilding::name_of(&settings);
    rebuilding::begin(&state.db, &name).await?;
    rebuild(&state.db, &state.derivation, Purpose::Mend(&name), |_, _| ()).await?;
    if rebuilding::end(&state.db, &name, &settings).await? { Ok(()) } else { Err(RebuildError::TakenOver) }
}
