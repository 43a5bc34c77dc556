//! The command line: `serve` and the administration commands.

/// `fernamt backup`.
pub mod backup;
/// `fernamt check`.
pub mod check;
/// `fernamt clock`.
pub mod clock;
/// `fernamt contacts`.
pub mod contacts;
/// `fernamt demo`.
pub mod demo;
/// `fernamt export`.
pub mod export;
/// `fernamt forget`.
pub mod forget;
/// `fernamt import`.
pub mod import;
/// `fernamt rebuild`.
pub mod rebuild;
/// `fernamt serve`.
pub mod serve;
/// `fernamt simulate`.
pub mod simulate;
/// `fernamt token`.
pub mod token;
/// `fernamt user`.
pub mod user;

mod log;
mod mentions;
mod stopping;

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};
use tokio::runtime::Runtime;

use crate::app::{StartError, check_remembered, open_database};
use crate::config::environment::check_names;
use crate::config::{Config, SettingError, Settings};
use crate::stats::derivation::Derivation;
use crate::store::Db;

/// The exit status when a setting or the start is wrong.
const WRONG: u8 = 2;

/// Knows what became of every call of a Placetel telephone system, and tells it what to do with the next one.
///
/// Without a command it serves. Every setting can be a flag, an environment variable or a line in the file given with
/// --config, in this order of precedence.
#[derive(Parser)]
#[command(name = "fernamt", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten, next_help_heading = "Settings")]
    settings: Settings,
}

#[derive(Subcommand)]
enum Command {
    /// Take events, answer calls, show pages (what happens without a command, too)
    Serve,
    Import(import::ImportArgs),
    Export(export::ExportArgs),
    /// Derive calls, statistics and callbacks again from the event log
    ///
    /// Needed after --time-zone, --country or --business-hours were changed: stop every server of the database first
    /// then. With the same settings it is safe while a server runs.
    Rebuild,
    Forget(forget::ForgetArgs),
    Backup(backup::BackupArgs),
    /// Look whether the database is sound and whether calls and statistics are what the event log says
    ///
    /// Changes nothing. Exit status 1 if something is wrong; it says what mends it.
    Check,
    Clock(clock::ClockArgs),
    Contacts(contacts::ContactsArgs),
    User(user::UserArgs),
    Token(token::TokenArgs),
    Simulate(simulate::SimulateArgs),
    Demo(demo::DemoArgs),
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let Cli { command, settings } = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) if error.kind() == ErrorKind::ValueValidation => {
            // One line that names the flag, as for any other unusable value.
            let told = error.to_string();
            let line = told.lines().next().unwrap_or_default();
            eprintln!("fernamt: {}", line.strip_prefix("error: ").unwrap_or(line));
            return ExitCode::from(WRONG);
        }
        Err(error) => error.exit(),
    };
    let result = match command.unwrap_or(Command::Serve) {
        Command::Serve => with_config(settings, serve::run),
        Command::Import(args) => until_stopped(settings, |config| import::run(config, args)),
        Command::Export(args) => until_stopped(settings, |config| export::run(config, args)),
        Command::Forget(args) => until_stopped(settings, |config| forget::run(config, args)),
        Command::Rebuild => until_stopped(settings, rebuild::run),
        Command::Backup(args) => until_stopped(settings, |config| backup::run(config, args)),
        Command::Check => until_stopped(settings, check::run),
        Command::Clock(args) => until_stopped(settings, |config| clock::run(config, args)),
        Command::Contacts(args) => until_stopped(settings, |config| contacts::run(config, args)),
        Command::User(args) => until_stopped(settings, |config| user::run(config, args)),
        Command::Token(args) => until_stopped(settings, |config| token::run(config, args)),
        Command::Simulate(args) => simulate::run(args),
        Command::Demo(args) => with_config(settings, |config| demo::run(config, args)),
    };
    result.unwrap_or_else(|error| {
        let is_wrong_start = error.is::<StartError>() || error.is::<SettingError>();
        // Errors of the start already contain their cause.
        let told = if is_wrong_start { error.to_string() } else { format!("{error:#}") };
        eprintln!("fernamt: {told}");
        ExitCode::from(if is_wrong_start { WRONG } else { 1 })
    })
}

fn with_config<F: Future<Output = anyhow::Result<ExitCode>>>(
    settings: Settings,
    command: impl FnOnce(Config) -> F,
) -> anyhow::Result<ExitCode> {
    let (config, runtime) = prepared(settings)?;
    runtime.block_on(command(config))
}

/// Runs a command that does something and ends, at the latest when a signal stops it.
fn until_stopped<F: Future<Output = anyhow::Result<ExitCode>>>(
    settings: Settings,
    command: impl FnOnce(Config) -> F + Send + 'static,
) -> anyhow::Result<ExitCode> {
    let (config, runtime) = prepared(settings)?;
    stopping::run(runtime, move || command(config))
}

fn prepared(settings: Settings) -> anyhow::Result<(Config, Runtime)> {
    check_environment()?;
    let config = settings.resolve()?;
    log::start(config.log_format);
    Ok((config, tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?))
}

/// Checks that the environment names no setting that there is not.
fn check_environment() -> Result<(), SettingError> {
    let command = Cli::command();
    let all = std::iter::once(&command).chain(command.get_subcommands()).flat_map(clap::Command::get_arguments);
    let known: Vec<&str> = all.filter_map(|argument| argument.get_env()?.to_str()).collect();
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    check_names(names, &known)
}

/// Opens the database as a server with these settings would.
async fn open(config: &Config) -> Result<(Db, Derivation), StartError> {
    let derivation = config.derivation()?;
    let db = open_database(config).await?;
    check_remembered(&db, config).await.map_err(StartError::look_closer)?;
    Ok((db, derivation))
}
