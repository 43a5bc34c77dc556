use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use crate::accounts::action::Actor;
use crate::app::open_database;
use crate::clock::now_ms;
use crate::config::Config;
use crate::contacts::file::{FileProblem, Reason, read};
use crate::service::directory::changes::ContactsChange;

/// Contacts: who has which number
#[derive(Args)]
pub struct ContactsArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Take contacts from a CSV, vCard or FRITZ!Box file: new numbers are added, known ones take the name of the file
    ///
    /// Outlook, Google, Thunderbird, iPhone, FRITZ!Box and plain tables are understood. What is no telephone number is reported with its line, the
    /// rest goes on, and the exit status is 1. Safe while a server runs.
    Import {
        /// The file, or - for standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

/// Runs the command.
///
/// # Errors
/// When the file cannot be used or the database does not answer.
pub async fn run(config: Config, args: ContactsArgs) -> anyhow::Result<ExitCode> {
    let Command::Import { file } = args.command;
    let content = content(&file).with_context(|| format!("{}", file.display()))?;
    let derivation = config.derivation()?;
    let reading = match read(&content, &derivation.numbering) {
        Ok(reading) => reading,
        Err(problem) => bail!("{}: {}", file.display(), told(&problem)),
    };
    let db = open_database(&config).await?;
    let changes = ContactsChange::Import(&reading.contacts).store(&db, &Actor::command(now_ms())).await;
    db.close().await;
    let changes = changes?;
    for unusable in &reading.unusable {
        let reason = match unusable.reason {
            Reason::NoNumber => "no valid telephone number".to_owned(),
            Reason::NoName => "neither name nor company".to_owned(),
            Reason::LongName => "the name is too long".to_owned(),
            Reason::Twice(line) => format!("the same number has another name in line {line}"),
        };
        eprintln!("line {}: {}: {reason}", unusable.line, unusable.value);
    }
    if !reading.unused_columns.is_empty() {
        eprintln!(
            "not used, though it looks like telephone numbers: {}; to use it, name the column Phone and import the file again",
            reading.unused_columns.join(" | ")
        );
    }
    eprintln!(
        "{} new, {} changed, {} unchanged, {} unusable, {} without a number",
        changes.new,
        changes.changed,
        changes.unchanged,
        reading.unusable.len(),
        reading.without_number
    );
    Ok(if reading.unusable.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn content(file: &std::path::Path) -> std::io::Result<Vec<u8>> {
    if file.as_os_str() != "-" {
        return std::fs::read(file);
    }
    let mut content = Vec::new();
    std::io::stdin().read_to_end(&mut content)?;
    Ok(content)
}

fn told(problem: &FileProblem) -> String {
    match problem {
        FileProblem::Empty => "there is nothing in it".to_owned(),
        FileProblem::NoText => "this is no text file; save a workbook as CSV first".to_owned(),
        FileProblem::TooMany => "there are more than 200,000 people and companies in it: split it".to_owned(),
        FileProblem::Damaged(line) => format!("the phonebook is cut off or damaged in line {line}: save it again"),
        FileProblem::Columns(found) => format!(
            "the first line must name the columns, at least a name and a telephone number; it says: {}",
            found.join(" | ")
        ),
    }
}
