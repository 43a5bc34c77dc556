use std::io::{BufWriter, Write, stdout};
use std::process::ExitCode;

use super::import::LogLine;
use crate::app::open_database;
use crate::config::Config;
use crate::store::StoreError;
use crate::store::events::read_log;
use crate::web::clock::rfc3339;

#[derive(Debug, thiserror::Error)]
enum ExportError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("standard output: {0}")]
    Output(#[from] std::io::Error),
}

/// Writes the event log to standard output, one JSON object a line, in order of receipt.
///
/// # Errors
/// When the database does not answer or standard output takes no more.
pub async fn run(config: Config) -> anyhow::Result<ExitCode> {
    let db = open_database(&config).await?;
    let mut out = BufWriter::new(stdout().lock());
    read_log(&db, |received_ms, deliveries, body| -> Result<(), ExportError> {
        let line = LogLine::new(rfc3339(received_ms), body, deliveries);
        serde_json::to_writer(&mut out, &line).map_err(std::io::Error::from)?;
        Ok(out.write_all(b"\n")?)
    })
    .await?;
    out.flush()?;
    db.close().await;
    Ok(ExitCode::SUCCESS)
}
