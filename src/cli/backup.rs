use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::stopping::so_far;
use crate::app::open_database;
use crate::config::Config;
use crate::store::db::backup::back_up;

/// Copy a SQLite database to FILE while it is written to
///
/// The copy is of one moment and complete. A file that exists is never overwritten. To restore, stop the server and
/// put the copy where --database-url says.
#[derive(Args)]
pub struct BackupArgs {
    /// Where the copy goes
    file: PathBuf,
}

/// Copies the database.
///
/// # Errors
/// When it is no SQLite database, the file exists, or it cannot be written.
pub async fn run(config: Config, args: BackupArgs) -> anyhow::Result<ExitCode> {
    let db = open_database(&config).await?;
    so_far("no copy was made");
    let done = back_up(&db, &args.file).await;
    if done.is_ok() {
        so_far("the copy is complete");
    }
    db.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}
