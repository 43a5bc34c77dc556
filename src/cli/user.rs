use std::io::{IsTerminal, Read, Write, stdin, stdout};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};

use super::stopping::so_far;
use crate::accounts::action::Actor;
use crate::accounts::password::{PasswordHash, check};
use crate::accounts::{Role, read_lines, read_name};
use crate::app::open_database;
use crate::clock::now_ms;
use crate::config::Config;
use crate::service::accounts::changes::AccountChange;
use crate::stats::filter::Lines;
use crate::store::Db;
use crate::store::accounts::{NewUser, load_accounts};

/// Accounts: who may log in
#[derive(Args)]
pub struct UserArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Add an account; the password is asked for
    ///
    /// Safe while a server runs, which knows it within a second. With the first account local mode ends.
    Add {
        /// What they log in with; capitals do not matter
        name: String,
        /// What they may do
        #[arg(long)]
        role: Role,
        /// A viewer sees calls of this own line only; may be given several times
        #[arg(long = "line", value_name = "NUMBER")]
        lines: Vec<String>,
        /// Read the password from standard input instead
        #[arg(long)]
        password_stdin: bool,
    },
    /// List accounts: name, role and lines, separated by tabs
    List,
    /// Remove an account and end its sessions; not the last admin
    Remove {
        /// What they log in with
        name: String,
    },
    /// Set another password and end all sessions
    Password {
        /// What they log in with
        name: String,
        /// Read the password from standard input instead
        #[arg(long)]
        password_stdin: bool,
    },
    /// Give an account another role
    Role {
        /// What they log in with
        name: String,
        /// What they may do
        role: Role,
    },
}

/// Runs the command.
///
/// # Errors
/// When the account cannot be changed in this way.
pub async fn run(config: Config, args: UserArgs) -> anyhow::Result<ExitCode> {
    let task = Task::read(args.command, &config)?;
    let db = open_database(&config).await?;
    let done = task.run(&db).await;
    db.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

/// What is to be done, with everything that had to be prompted for.
enum Task {
    List,
    Change(AccountChange),
}

impl Task {
    fn read(command: Command, config: &Config) -> anyhow::Result<Self> {
        Ok(Self::Change(match command {
            Command::Add { name, role, lines, password_stdin } => {
                let (name, lines) = (usable_name(&name)?, usable_lines(&lines, role, config)?);
                let password = password(password_stdin)?;
                AccountChange::Add(NewUser { name, role, lines, password, created_ms: now_ms() })
            }
            Command::List => return Ok(Self::List),
            Command::Remove { name } => AccountChange::Remove { name },
            Command::Password { name, password_stdin } => {
                AccountChange::Password { name, hash: password(password_stdin)?, keep_session: None }
            }
            Command::Role { name, role } => AccountChange::Role { name, role },
        }))
    }

    async fn run(&self, db: &Db) -> anyhow::Result<()> {
        match self {
            Self::List => list(db).await,
            Self::Change(change) => {
                let made = change.store(db, &Actor::command(now_ms())).await;
                made.with_context(|| change.name().to_owned())?;
                so_far(match change {
                    AccountChange::Add(_) => "the account was added",
                    AccountChange::Remove { .. } => "the account was removed",
                    _ => "the account was changed",
                });
                Ok(())
            }
        }
    }
}

async fn list(db: &Db) -> anyhow::Result<()> {
    let mut out = stdout();
    for user in load_accounts(db).await?.users {
        let lines = user.lines.iter().flat_map(|lines| lines.iter().map(|line| format!("\t{line}")));
        writeln!(out, "{}\t{}{}", user.name, user.role.word(), lines.collect::<String>())?;
    }
    Ok(())
}

/// Validates the name of an account or a token.
///
/// # Errors
/// When the name cannot be used.
pub(super) fn usable_name(name: &str) -> anyhow::Result<String> {
    read_name(name).with_context(|| format!("`{name}`: a name has 1 to 64 letters, digits, spaces or . _ - + @ '"))
}

fn usable_lines(lines: &[String], role: Role, config: &Config) -> anyhow::Result<Lines> {
    if lines.is_empty() {
        return Ok(None);
    }
    ensure!(role == Role::Viewer, "--line: an admin sees every line");
    let read = read_lines(lines.iter().map(String::as_str), &config.derivation()?.numbering);
    Ok(Some(read.context("--line: expected an own number")?.into()))
}

fn password(from_stdin: bool) -> anyhow::Result<PasswordHash> {
    let password = if from_stdin { piped()? } else { asked()? };
    check(&password)?;
    Ok(PasswordHash::new(&password)?)
}

fn piped() -> anyhow::Result<String> {
    let mut text = String::new();
    stdin().read_to_string(&mut text).context("--password-stdin")?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    ensure!(!line.contains('\n'), "--password-stdin: expected one line");
    Ok(line.to_owned())
}

fn asked() -> anyhow::Result<String> {
    if !stdin().is_terminal() {
        bail!("there is no terminal to ask for the password on: use --password-stdin");
    }
    let password = rpassword::prompt_password("Password: ")?;
    ensure!(rpassword::prompt_password("Once more: ")? == password, "the two are not the same");
    Ok(password)
}
