use std::io::{BufRead, BufReader, Read, stdin};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::DateTime;
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

use super::stopping::so_far;
use crate::calls::receipts::Receipt;
use crate::config::Config;
use crate::stats::derivation::Derivation;
use crate::store::ingest::changes::Changes;
use crate::store::ingest::record::{Delivery, Source, record_changes};
use crate::store::{Db, StoreError, WRITE_TIMEOUT};

/// The number of events of one transaction: small enough that a running server waits only briefly.
const BATCH: usize = 1_000;
/// Maximum length of a line, in bytes: a body has at most 64 KiB, and JSON may escape each byte.
const MAX_LINE_BYTES: usize = 512 * 1024;
const ATTEMPTS: u32 = 20;

/// Add events from a log that `export` wrote; events already there are not counted again
///
/// One JSON object a line: {"received_at":"2026-11-22T08:05:00.000Z","body":"call_id=…&event=…"}. A line that is none is
/// reported with its number, the rest goes on, and the exit status is 1. Safe while a server runs.
#[derive(Args)]
pub struct ImportArgs {
    /// The file, or - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// A line of the log. Defaults are left out: one delivery, and a body that is UTF-8.
#[derive(Serialize, Deserialize)]
pub(super) struct LogLine {
    received_at: String,
    body: String,
    /// The exact bytes, in Base64, of a body that is not UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    deliveries: Option<u32>,
}

impl LogLine {
    pub(super) fn new(received_at: String, body: &[u8], deliveries: u32) -> Self {
        let body_base64 = std::str::from_utf8(body).is_err().then(|| STANDARD.encode(body));
        let deliveries = Some(deliveries).filter(|deliveries| *deliveries > 1);
        Self { received_at, body: String::from_utf8_lossy(body).into_owned(), body_base64, deliveries }
    }
}

/// Imports the log file.
///
/// # Errors
/// When it cannot be read or the database does not answer.
pub async fn run(config: Config, args: ImportArgs) -> anyhow::Result<ExitCode> {
    let (input, length) = open_input(&args.file)?;
    let (db, derivation) = super::open(&config).await?;
    let db = Arc::new(db);
    let checkpointing = db.checkpoint_in_background();
    let progress = progress_bar(length);
    let mut lines = BufReader::new(progress.wrap_read(input));
    let (mut batch, mut bad, mut number, mut stored) = (Vec::new(), 0_u64, 0_u64, 0_u64);
    let (mut line, mut skipped) = (Vec::new(), Skipped::default());
    loop {
        line.clear();
        number += 1;
        if read_line(&mut lines, &mut line).with_context(|| format!("{}", args.file.display()))? == 0 {
            break;
        }
        match parse(&line) {
            Ok(None) => {}
            Ok(Some(receipt)) => batch.push(Delivery { receipt: receipt.into(), source: Source::Import }),
            Err(reason) => {
                bad += 1;
                progress.suspend(|| eprintln!("line {number}: {reason}"));
            }
        }
        if batch.len() == BATCH {
            if stored == 0 {
                so_far(format!(
                    "some of the first {number} lines may be stored; run it again, nothing is counted twice"
                ));
            }
            store(&db, &derivation, &batch, &mut skipped).await?;
            batch.clear();
            stored = number;
            so_far(format!("lines 1 to {number} are stored; run it again for the rest, nothing is counted twice"));
        }
    }
    if stored == 0 {
        so_far("some lines may be stored; run it again, nothing is counted twice");
    }
    store(&db, &derivation, &batch, &mut skipped).await?;
    so_far("all lines are stored");
    progress.finish_and_clear();
    skipped.tell();
    checkpointing.inspect(JoinHandle::abort);
    db.close().await;
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Counts of events that were not stored as they are.
#[derive(Default)]
struct Skipped {
    forgotten: u64,
    left_out: u64,
}

impl Skipped {
    fn add(&mut self, changes: &Changes) {
        self.forgotten += u64::from(changes.forgotten);
        self.left_out += changes.left_out.iter().copied().map(u64::from).sum::<u64>();
    }

    fn tell(&self) {
        if self.forgotten > 0 {
            eprintln!("{} events are of forgotten calls: nothing that leads to a person was taken", self.forgotten);
        }
        if self.left_out > 0 {
            eprintln!("{} events were left out: those of calls that old are deleted here", self.left_out);
        }
    }
}

fn open_input(file: &std::path::Path) -> anyhow::Result<(Box<dyn Read>, Option<u64>)> {
    if file.as_os_str() == "-" {
        return Ok((Box::new(stdin()), None));
    }
    let opened = std::fs::File::open(file).with_context(|| format!("{}", file.display()))?;
    let length = opened.metadata().ok().map(|metadata| metadata.len());
    Ok((Box::new(opened), length))
}

fn progress_bar(length: Option<u64>) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {eta} left");
    // The bar hides itself where standard error is not a terminal.
    length
        .map_or_else(ProgressBar::new_spinner, ProgressBar::new)
        .with_style(style.unwrap_or(ProgressStyle::default_bar()))
}

/// Reads one line of bounded length; a longer one is cut to a length that `parse` rejects as too long.
fn read_line(input: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<usize> {
    let mut read = input.by_ref().take(MAX_LINE_BYTES as u64 + 1).read_until(b'\n', line)?;
    while line.len() > MAX_LINE_BYTES && line.last() != Some(&b'\n') {
        line.truncate(MAX_LINE_BYTES + 1);
        let mut rest = Vec::new();
        let more = input.by_ref().take(MAX_LINE_BYTES as u64).read_until(b'\n', &mut rest)?;
        read += more;
        if more == 0 || rest.last() == Some(&b'\n') {
            break;
        }
    }
    Ok(read)
}

fn parse(line: &[u8]) -> Result<Option<Receipt>, String> {
    if line.len() > MAX_LINE_BYTES {
        return Err("is too long for an event".into());
    }
    if line.trim_ascii().is_empty() {
        return Ok(None);
    }
    let LogLine { received_at, body, body_base64, deliveries } =
        serde_json::from_slice(line).map_err(|error| error.to_string())?;
    let received_ms = DateTime::parse_from_rfc3339(&received_at)
        .map_err(|error| format!("received_at is no time like 2026-11-22T08:05:00.000Z: {error}"))?
        .timestamp_millis();
    if received_ms < 0 {
        return Err("received_at lies before 1970".into());
    }
    let body = match body_base64 {
        Some(encoded) => STANDARD.decode(encoded).map_err(|error| format!("body_base64 is no Base64: {error}"))?,
        None => body.into_bytes(),
    };
    let mut receipt = Receipt::new(received_ms, body).map_err(|error| error.to_string())?;
    receipt.deliveries = deliveries.unwrap_or(1).clamp(1, i32::MAX as u32);
    Ok(Some(receipt))
}

/// Stores a batch; if the transaction takes too long, it is split in halves.
async fn store(db: &Db, derivation: &Derivation, batch: &[Delivery], skipped: &mut Skipped) -> Result<(), StoreError> {
    let mut parts = vec![batch];
    while let Some(part) = parts.pop() {
        match store_at_once(db, derivation, part).await {
            Ok(changes) => skipped.add(&changes),
            Err(StoreError::TooLong) if part.len() > 1 => {
                let (first, rest) = part.split_at(part.len() / 2);
                parts.extend([rest, first]);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Stores events in one transaction, retrying while trouble passes, then pauses to give a running server its turn.
async fn store_at_once(db: &Db, derivation: &Derivation, batch: &[Delivery]) -> Result<Changes, StoreError> {
    let mut attempts = 0;
    loop {
        let started = Instant::now();
        match record_changes(db, derivation, batch, WRITE_TIMEOUT).await {
            Ok((_, changes)) => {
                tokio::time::sleep(started.elapsed() / 8).await;
                return Ok(changes);
            }
            Err(StoreError::TooLong) if batch.len() > 1 => return Err(StoreError::TooLong),
            Err(error) if error.is_passing() && attempts < ATTEMPTS => {
                attempts += 1;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a line of this many bytes, its end included; returns the bytes read and the parsed result.
    fn read(length: usize) -> (usize, Result<Option<Receipt>, String>) {
        let text = [&vec![b' '; length - 1][..], b"\n", b"next\n"].concat();
        let (mut input, mut line) = (&text[..], Vec::new());
        let count = read_line(&mut input, &mut line).unwrap();
        assert_eq!(input, b"next\n");
        (count, parse(&line))
    }

    #[test]
    fn a_line_may_be_as_long_as_it_says_and_no_longer() {
        assert_eq!(read(MAX_LINE_BYTES), (MAX_LINE_BYTES, Ok(None)));
        for length in [MAX_LINE_BYTES + 1, MAX_LINE_BYTES + 2, 3 * MAX_LINE_BYTES] {
            let (count, parsed) = read(length);
            assert!(count == length && parsed.is_err(), "{length}");
        }
    }
}
