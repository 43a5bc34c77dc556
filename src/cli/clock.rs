use std::io::{Write, stdout};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::accounts::action::{Actor, Entry, Subject, Verb};
use crate::app::open_database;
use crate::clock::{self as time, Doubt, JUMP_MS, Memory, rfc3339};
use crate::config::Config;
use crate::store::Db;
use crate::store::db::clock;

/// Tell whether this machine's clock is believed, and confirm it
///
/// What is old is forgotten and deleted by the clock (--forget-numbers-after, --delete-events-after), which cannot be
/// undone. So a clock that is more than a day away from what the database saw last is not believed: nothing is forgotten
/// or deleted by it, everything else goes on. Set it right, or confirm it if it is right, as after some days off.
#[derive(Args)]
pub struct ClockArgs {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Tell what this machine's clock shows, what the database saw last, and what follows (what happens without a word, too)
    Show,
    /// Say that this machine's clock is right
    ///
    /// Look at the time that it shows first. Forgetting and deleting go on by it within seconds, on every node whose clock
    /// shows the same. Marks of a clock that was ahead once are set back; what is forgotten or deleted stays so. Safe while a
    /// server runs.
    Confirm,
}

/// Runs the command.
pub async fn run(config: Config, args: ClockArgs) -> anyhow::Result<ExitCode> {
    let db = open_database(&config).await?;
    let done = match args.command.unwrap_or(Command::Show) {
        Command::Show => show(&db, &config).await,
        Command::Confirm => confirm(&db, &config).await,
    };
    db.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

async fn show(db: &Db, config: &Config) -> anyhow::Result<()> {
    let memory = clock::recall(db).await?;
    let newest_ms = clock::newest_call_ms(db).await?;
    let at = |at_ms: Option<i64>| at_ms.map_or_else(|| "nothing yet".to_owned(), rfc3339);
    let now_ms = config.clock.now_ms();
    let mut out = stdout();
    writeln!(out, "this machine's clock: {}", rfc3339(now_ms))?;
    writeln!(out, "the database saw last: {}", at(memory.seen_ms))?;
    writeln!(out, "newest call: {}", at(newest_ms))?;
    match doubt(&memory, now_ms) {
        None => writeln!(out, "The clock is believed.")?,
        Some(told) => writeln!(out, "{told}")?,
    }
    if newest_ms.is_some_and(|newest_ms| newest_ms > now_ms.saturating_add(JUMP_MS)) {
        writeln!(out, "There are calls in the future: they came under a clock that was ahead, and keep its time.")?;
    }
    for told in wrong_marks(db, now_ms).await? {
        writeln!(out, "{told}")?;
    }
    Ok(())
}

async fn confirm(db: &Db, config: &Config) -> anyhow::Result<()> {
    let now_ms = config.clock.now_ms();
    let entry = Entry::new(&Actor::command(time::now_ms()), (Subject::Clock, Verb::Set)).on(&rfc3339(now_ms));
    let set_back = clock::confirm(db, &config.derivation()?, config.retention, now_ms, &entry).await?;
    let mut out = stdout();
    writeln!(out, "It is {}: what is old is forgotten and deleted by this clock.", rfc3339(now_ms))?;
    if !set_back.is_empty() {
        writeln!(out, "Marks of a clock that was ahead were set back; what was forgotten or deleted stays so.")?;
    }
    Ok(())
}

/// Describes a clock that is not believed, and what mends it; `None` if the clock is believed.
pub(super) fn doubt(memory: &Memory, now_ms: i64) -> Option<String> {
    let Doubt { now_ms, expected_ms } = memory.doubt(None, now_ms)?;
    let (now, expected) = (rfc3339(now_ms), rfc3339(expected_ms));
    Some(format!(
        "The clock of this machine shows {now}, but the database saw {expected} last: what is old is not forgotten and \
         not deleted by it. Set it right, or run `fernamt clock confirm` if it is right."
    ))
}

/// Describes marks that a clock which was ahead has left in the future, and what mends them.
pub(super) async fn wrong_marks(db: &Db, now_ms: i64) -> anyhow::Result<Vec<String>> {
    let marks = clock::marks_in_future(db, now_ms).await?;
    let told = |(name, at_ms): (&str, i64)| {
        let at = rfc3339(at_ms);
        format!(
            "The mark {name} lies in the future ({at}): a clock was ahead once. If it is right now, `fernamt clock \
             confirm` mends it."
        )
    };
    Ok(marks.into_iter().map(told).collect())
}
