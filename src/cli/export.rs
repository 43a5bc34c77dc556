use std::io::{BufWriter, Write, stdout};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::forget::number;
use super::import::LogLine;
use super::mentions::Mentions;
use super::stopping::so_far;
use crate::app::open_database;
use crate::calls::phone::Numbering;
use crate::clock::{now_ms, rfc3339};
use crate::config::Config;
use crate::contacts::Contact;
use crate::store::callbacks::marks::Mark;
use crate::store::calls::events::read_log;
use crate::store::privacy::person::{CallOfPerson, Piece, calls_of, marks_of};
use crate::store::{Db, StoreError};
use crate::wire::{CallDetail, EventJson, all_of};

/// Write the event log to standard output in the form that `import` reads, in order of receipt
#[derive(Args)]
pub struct ExportArgs {
    /// Instead, all that is kept of one person: calls with their events and what the PBX was told, callbacks marked as done,
    /// the contact, routes and lists with the number; one JSON object a line, `kind` tells which
    #[arg(long, value_name = "NUMBER")]
    party: Option<String>,
}

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("standard output: {0}")]
    Output(#[from] std::io::Error),
}

/// A record of the export of one person's data.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Kept<'a> {
    Call(Box<CallDetail>),
    /// A batch of events of the preceding call that were not folded into it.
    SurplusEvents {
        call_id: &'a str,
        events: Vec<EventJson>,
    },
    CallbackDone {
        done_at: String,
        done_by: Option<String>,
    },
    Contact {
        number: String,
        name: String,
        company: Option<String>,
    },
    Route {
        id: i64,
        name: String,
    },
    List {
        name: String,
    },
}

/// Writes the export to standard output, one JSON object a line.
///
/// # Errors
/// When the number is unusable, the database does not answer or standard output cannot be written.
pub async fn run(config: Config, args: ExportArgs) -> anyhow::Result<ExitCode> {
    let mut out = BufWriter::new(stdout().lock());
    let db = match args.party {
        None => {
            let db = open_database(&config).await?;
            let mut events = 0_u64;
            read_log(&db, |received_ms, deliveries, body| {
                events += 1;
                if events % 100 == 1 {
                    so_far(format!("the output is not whole: it has about {events} events"));
                }
                write_line(&mut out, &LogLine::new(rfc3339(received_ms), body, deliveries))
            })
            .await?;
            db
        }
        Some(party) => {
            let (db, derivation) = super::open(&config).await?;
            let number = number(&party, &derivation.numbering)?;
            so_far("the output is not whole");
            let timeout_ms = i64::try_from(config.hangup_timeout.as_millis()).unwrap_or(i64::MAX);
            let mut call_id = String::new();
            calls_of(&db, &derivation, &number, |piece| match piece {
                Piece::Call(call) => {
                    let CallOfPerson { call, events, decision } = *call;
                    call_id = call.call.call_id.to_string();
                    let call = CallDetail::new(call, &events, decision, now_ms(), timeout_ms);
                    write_line(&mut out, &Kept::Call(Box::new(call)))
                }
                Piece::Beyond(events) => {
                    write_line(&mut out, &Kept::SurplusEvents { call_id: &call_id, events: all_of(&events) })
                }
            })
            .await?;
            write_elsewhere(&mut out, &db, &number, &derivation.numbering).await?;
            db
        }
    };
    out.flush()?;
    db.close().await;
    Ok(ExitCode::SUCCESS)
}

async fn write_elsewhere(
    out: &mut impl Write,
    db: &Db,
    number: &str,
    numbering: &Numbering,
) -> Result<(), ExportError> {
    for Mark { done_ms, done_by, .. } in marks_of(db, number).await? {
        write_line(out, &Kept::CallbackDone { done_at: rfc3339(done_ms), done_by })?;
    }
    let Mentions { contact, routes, lists } = Mentions::find(db, number, numbering).await?;
    if let Some(Contact { number, name, company }) = contact {
        write_line(out, &Kept::Contact { number, name, company })?;
    }
    for route in routes {
        write_line(out, &Kept::Route { id: route.id, name: route.name })?;
    }
    for name in lists {
        write_line(out, &Kept::List { name })?;
    }
    Ok(())
}

fn write_line(out: &mut impl Write, line: &impl Serialize) -> Result<(), ExportError> {
    serde_json::to_writer(&mut *out, line).map_err(std::io::Error::from)?;
    Ok(out.write_all(b"\n")?)
}
