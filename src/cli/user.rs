use std::io::{IsTerminal, Read, Write, stdin, stdout};
use std::process::ExitCode;

use anyhow::{Context, bail, ensure};
use clap::{Args, Subcommand};

use super::stopping::so_far;
use crate::accounts::action::{Action, Subject, Verb, word};
use crate::accounts::password::{PasswordHash, check};
use crate::accounts::{Role, read_lines, read_name};
use crate::app::open_database;
use crate::clock::now_ms;
use crate::config::Config;
use crate::stats::filter::Lines;
use crate::store::Db;
use crate::store::accounts::{NewUser, add_user, load_accounts, remove_user, set_password, set_role};
use crate::store::audit::{COMMAND, Entry, note};

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
    let change = Change::read(args.command, &config)?;
    let db = open_database(&config).await?;
    let done = match change.make(&db).await {
        Ok(()) => {
            change.say_done();
            change.note(&db).await
        }
        wrong => wrong,
    };
    db.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

/// A change to make, with everything that had to be prompted for.
enum Change {
    Add(NewUser),
    List,
    Remove(String),
    Password(String, PasswordHash),
    Role(String, Role),
}

impl Change {
    fn read(command: Command, config: &Config) -> anyhow::Result<Self> {
        Ok(match command {
            Command::Add { name, role, lines, password_stdin } => {
                let (name, lines) = (usable_name(&name)?, usable_lines(&lines, role, config)?);
                Self::Add(NewUser { name, role, lines, password: password(password_stdin)?, created_ms: now_ms() })
            }
            Command::List => Self::List,
            Command::Remove { name } => Self::Remove(name),
            Command::Password { name, password_stdin } => Self::Password(name, password(password_stdin)?),
            Command::Role { name, role } => Self::Role(name, role),
        })
    }

    async fn make(&self, db: &Db) -> anyhow::Result<()> {
        match self {
            Self::Add(user) => add_user(db, user, false).await.with_context(|| user.name.clone())?,
            Self::List => {
                let mut out = stdout();
                for user in load_accounts(db).await?.users {
                    let lines = user.lines.iter().flat_map(|lines| lines.iter().map(|line| format!("\t{line}")));
                    writeln!(out, "{}\t{}{}", user.name, user.role.word(), lines.collect::<String>())?;
                }
            }
            Self::Remove(name) => remove_user(db, name).await.with_context(|| name.clone())?,
            Self::Password(name, hash) => set_password(db, name, hash, None).await.with_context(|| name.clone())?,
            Self::Role(name, role) => set_role(db, name, *role).await.with_context(|| name.clone())?,
        }
        Ok(())
    }
}

impl Change {
    fn say_done(&self) {
        match self {
            Self::List => {}
            Self::Add(_) => so_far("the account was added"),
            Self::Remove(_) => so_far("the account was removed"),
            Self::Password(..) | Self::Role(..) => so_far("the account was changed"),
        }
    }

    /// Adds the change to the audit log.
    async fn note(&self, db: &Db) -> anyhow::Result<()> {
        let (action, about) = match self {
            Self::Add(user) => ((Subject::Account, Verb::Added), format!("{}: {}", user.name, user.role.word())),
            Self::List => return Ok(()),
            Self::Remove(name) => ((Subject::Account, Verb::Removed), name.clone()),
            Self::Password(name, _) => ((Subject::Password, Verb::Changed), name.clone()),
            Self::Role(name, role) => ((Subject::Role, Verb::Changed), format!("{name}: {}", role.word())),
        };
        note_command(db, action, about).await
    }
}

/// Adds a command's change to the audit log.
///
/// # Errors
/// When the database does not answer.
pub(super) async fn note_command(db: &Db, action: Action, about: String) -> anyhow::Result<()> {
    let who = Some(COMMAND.to_owned());
    Ok(note(db, &Entry { id: 0, at_ms: now_ms(), who, action: word(action), about: Some(about) }).await?)
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
