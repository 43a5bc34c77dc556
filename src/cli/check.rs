use std::io::{Write, stdout};
use std::process::ExitCode;
use std::sync::Arc;

use super::clock::{doubt, wrong_marks};
use super::open;
use super::rebuild::derive_again;
use super::stopping::so_far;
use crate::calls::forgetting::Retention;
use crate::config::Config;
use crate::store::calls::rebuild::Deviations;
use crate::store::calls::rebuilding::Purpose;
use crate::store::db::clock;
use crate::store::db::soundness::{count_leftovers, damages};

/// Maximum number of damages that are listed.
const MOST_LISTED: usize = 20;

/// Checks the integrity of the database, and whether calls and figures match the event log; changes nothing.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let (db, derivation) = open(&config).await?;
    let db = Arc::new(db);
    so_far("not everything was looked at, and nothing was changed");
    let damages = damages(&db).await?;
    let mut out = stdout();
    for damage in damages.iter().take(MOST_LISTED) {
        writeln!(out, "damaged: {damage}")?;
    }
    if !damages.is_empty() {
        db.close().await;
        let places = damages.len();
        writeln!(out, "The database is damaged in {places} places. Restore a backup, then run `fernamt check` again.")?;
        return Ok(ExitCode::FAILURE);
    }
    let now_ms = config.clock.now_ms();
    let doubt = doubt(&clock::recall(&db).await?, now_ms).filter(|_| config.retention != Retention::default());
    let wrong_marks = wrong_marks(&db, now_ms).await?;
    for told in doubt.iter().chain(&wrong_marks) {
        writeln!(out, "{told}")?;
    }
    let leftovers = count_leftovers(&db).await?;
    if leftovers > 0 {
        writeln!(
            out,
            "Sessions of accounts that are gone: {leftovers}. They are harmless; the next login removes them."
        )?;
    }
    let Deviations { calls, cells } = derive_again(&db, &derivation, Purpose::Compare).await?;
    db.close().await;
    if calls + cells > 0 {
        writeln!(out, "{calls} calls and {cells} cells of the statistics are not what the event log says.")?;
        writeln!(out, "The log itself is sound: `fernamt rebuild` mends them.")?;
        return Ok(ExitCode::FAILURE);
    }
    writeln!(out, "The database is sound; calls and statistics are what the event log says.")?;
    Ok(if wrong_marks.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
