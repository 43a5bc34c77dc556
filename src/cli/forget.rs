use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use chrono::NaiveDate;
use clap::Args;
use tokio::task::JoinHandle;

use super::clock::doubt;
use super::mentions::Mentions;
use super::rebuild::progress_bar;
use super::stopping::so_far;
use crate::accounts::action::{Actor, Entry, Subject, Verb};
use crate::calls::phone::{Numbering, is_anonymous};
use crate::clock::now_ms;
use crate::config::Config;
use crate::stats::derivation::Derivation;
use crate::store::calls::rebuild::count_calls;
use crate::store::db::clock;
use crate::store::ingest::record::record;
use crate::store::ingest::spool::{Spool, line_of, with_events};
use crate::store::ingest::trial::takes_events;
use crate::store::privacy::forgetting::{forget_before, forget_party};
use crate::store::{Db, WRITE_TIMEOUT};

/// How long a running server may take to store what waits in its spool, in seconds.
const SPOOL_SECONDS: u32 = 60;

/// Make outside parties unrecognisable: of older calls, or one of all calls
///
/// It reaches raw events, calls, callbacks, what the PBX was told, and the spool; statistics stay as they are. It cannot be
/// undone, and it does not reach older backups. A SQLite file is written anew, which for a while takes twice its room more.
/// Safe while a server runs, and can be interrupted and begun again.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct ForgetArgs {
    /// Of calls that began before this day (2026-01-31) in the business time zone
    #[arg(long, value_name = "DAY")]
    before: Option<NaiveDate>,
    /// Of calls with this number, in any notation, whenever they were
    #[arg(long, value_name = "NUMBER")]
    party: Option<String>,
}

/// Pseudonymises the outside parties of the chosen calls.
///
/// # Errors
/// When the number is unusable, the database does not answer, or events still wait in the spool.
pub async fn run(config: Config, args: ForgetArgs) -> anyhow::Result<ExitCode> {
    let (db, derivation) = super::open(&config).await?;
    let person = args.party.map(|text| number(&text, &derivation.numbering)).transpose()?;
    let db = Arc::new(db);
    let checkpointing = db.checkpoint_in_background();
    so_far("nothing was forgotten");
    empty_spool(&db, &derivation, &config.spool).await?;
    let bar = progress_bar(count_calls(&db).await?.unsigned_abs());
    let progress = |looked_at: i64| {
        bar.inc(looked_at.unsigned_abs());
        so_far(format!("{} calls were looked at; run the same again to forget the others, too", bar.position()));
    };
    let entry = |subject| Entry::new(&Actor::command(now_ms()), (subject, Verb::Forgotten));
    match (args.before, person) {
        (None, None) => {}
        (Some(day), _) => {
            // Calls that begin from now on are not meant, whatever the day.
            let before_ms = derivation.business.day_start_ms(day).min(now_ms());
            let memory = clock::recall(&db).await?;
            if let Some(doubt) = doubt(&memory, now_ms())
                && memory.seen_ms.or(memory.newest_ms).is_some_and(|known_ms| before_ms > known_ms)
            {
                bail!("--before: {doubt}");
            }
            let entry = entry(Subject::Numbers).on(&day.to_string());
            let forgotten = forget_before(&db, &derivation, before_ms, &entry, progress).await?;
            bar.finish_and_clear();
            so_far(format!("{} calls were forgotten, and that is all", forgotten.calls));
            eprintln!("{} calls forgotten", forgotten.calls);
        }
        (None, Some(number)) => {
            let entry = entry(Subject::Number).on_forgotten(&number);
            let forgotten = forget_party(&db, &derivation, &number, &entry, progress).await?;
            bar.finish_and_clear();
            so_far(format!("{} calls were forgotten, and that is all", forgotten.calls));
            eprintln!("{} calls forgotten", forgotten.calls);
            if derivation.numbering.e164(&number).is_none() {
                eprintln!("{number} is no valid telephone number: it was only looked for as it is written");
            }
            tell(&Mentions::find(&db, &number, &derivation.numbering).await?);
        }
    }
    for file in with_events(&config.spool).1 {
        eprintln!(
            "{}: holds events that the database rejected, with their numbers; look at it and delete it",
            file.display()
        );
    }
    checkpointing.inspect(JoinHandle::abort);
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

/// Normalises a number to the form that calls have.
pub(super) fn number(text: &str, numbering: &Numbering) -> anyhow::Result<String> {
    match numbering.normalize(text.trim()) {
        Some(number) if !number.is_empty() => Ok(number),
        _ if is_anonymous(text) => bail!("--party: whoever hides the number is nobody in particular"),
        _ => bail!("--party: expected a telephone number"),
    }
}

fn tell(Mentions { contact, routes, lists }: &Mentions) {
    if contact.is_some() {
        eprintln!("contacts: the number still has a name; delete it under Settings if it is to go");
    }
    for route in routes {
        eprintln!("routes: {} ({}) still holds the number, and so may earlier revisions", route.name, route.id);
    }
    for list in lists {
        eprintln!("lists: @{list} still holds the number");
    }
}

/// Stores the spools of servers that are gone, and waits for running servers to store theirs.
async fn empty_spool(db: &Db, derivation: &Derivation, path: &Path) -> anyhow::Result<()> {
    if with_events(path).0.is_empty() {
        return Ok(());
    }
    let mut spool = Spool::open(path)?;
    while !spool.is_empty() {
        let waiting = spool.waiting()?;
        let mut aside = waiting.unreadable.clone();
        for delivery in &waiting.deliveries {
            let Err(error) = record(db, derivation, std::slice::from_ref(delivery)).await else { continue };
            // It is the event's fault only if the database accepts others.
            if error.is_passing() || takes_events(db, derivation, WRITE_TIMEOUT).await.is_err() {
                return Err(error.into());
            }
            aside.push(line_of(delivery));
        }
        if !aside.is_empty() {
            spool.set_aside(&aside)?;
        }
        spool.stored(&waiting)?;
    }
    drop(spool);
    for _ in 0..SPOOL_SECONDS {
        if with_events(path).0.is_empty() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let files: Vec<_> = with_events(path).0.iter().map(|file| file.display().to_string()).collect();
    bail!(
        "--spool: events wait in {}, which a server has in use: run this again when they are stored",
        files.join(", ")
    )
}
