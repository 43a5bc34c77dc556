use std::io::{Write, stdout};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::stopping::so_far;
use super::user::usable_name;
use crate::accounts::Role;
use crate::accounts::action::Actor;
use crate::accounts::secret::{SecretHash, new_token};
use crate::app::open_database;
use crate::clock::now_ms;
use crate::config::Config;
use crate::service::accounts::changes::AccountChange;
use crate::store::Db;
use crate::store::accounts::{NewToken, load_accounts};

/// API tokens: which programs may come in
#[derive(Args)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a token and write it to standard output, once; it is stored hashed
    ///
    /// Programs send it as "Authorization: Bearer TOKEN". Safe while a server runs, which knows it within a second.
    Add {
        /// What it is for
        name: String,
        /// What it may do
        #[arg(long)]
        role: Role,
    },
    /// List tokens: name and role, separated by a tab
    List,
    /// Remove a token: it does not let anybody in any more
    Remove {
        /// What it is for
        name: String,
    },
}

/// Runs the command.
///
/// # Errors
/// When the token cannot be made or removed.
pub async fn run(config: Config, args: TokenArgs) -> anyhow::Result<ExitCode> {
    let db = open_database(&config).await?;
    let done = make(&db, args.command).await;
    db.close().await;
    done?;
    Ok(ExitCode::SUCCESS)
}

async fn make(db: &Db, command: Command) -> anyhow::Result<()> {
    let mut out = stdout();
    match command {
        Command::Add { name, role } => {
            let token = new_token();
            let new = NewToken { name: usable_name(&name)?, role, hash: SecretHash::of(&token), created_ms: now_ms() };
            AccountChange::AddToken(new).store(db, &Actor::command(now_ms())).await.context(name)?;
            so_far("the token was made");
            writeln!(out, "{token}")?;
        }
        Command::List => {
            for token in load_accounts(db).await?.tokens {
                writeln!(out, "{}\t{}", token.name, token.role.word())?;
            }
        }
        Command::Remove { name } => {
            let change = AccountChange::RemoveToken { name: name.clone() };
            change.store(db, &Actor::command(now_ms())).await.context(name)?;
            so_far("the token was removed");
        }
    }
    Ok(())
}
