use std::process::ExitCode;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinHandle;

use super::stopping::so_far;
use crate::app::open_database;
use crate::config::Config;
use crate::stats::derivation::Derivation;
use crate::store::Db;
use crate::store::calls::rebuild::{Deviations, RebuildError, rebuild};
use crate::store::calls::rebuilding;
use crate::store::calls::rebuilding::Purpose;

/// Derives calls and cells again, and records the present settings as those that the figures are made with.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let derivation = config.derivation()?;
    let db = Arc::new(open_database(&config).await?);
    let checkpointing = db.checkpoint_in_background();
    let settings = config.remembered();
    let name = rebuilding::name_of(&settings);
    rebuilding::begin(&db, &name).await?;
    so_far("calls and statistics are only partly derived again: run `fernamt rebuild` again");
    derive_again(&db, &derivation, Purpose::Mend(&name)).await?;
    if !rebuilding::end(&db, &name, &settings).await? {
        return Err(RebuildError::TakenOver.into());
    }
    so_far("calls and statistics are derived again");
    checkpointing.inspect(JoinHandle::abort);
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Derives everything again, or compares it, with a progress bar.
pub(super) async fn derive_again(
    db: &Db,
    derivation: &Derivation,
    purpose: Purpose<'_>,
) -> Result<Deviations, RebuildError> {
    let bar = progress_bar(1);
    let found = rebuild(db, derivation, purpose, |done, all| {
        bar.set_length(all.unsigned_abs());
        bar.set_position(done.unsigned_abs());
    })
    .await;
    bar.finish_and_clear();
    found
}

/// Creates a progress bar; it hides itself where standard error is not a terminal.
pub(super) fn progress_bar(length: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {percent} %, {eta} left");
    ProgressBar::new(length).with_style(style.unwrap_or(ProgressStyle::default_bar()))
}
