//! The format of an entry: JSON in one line, whose first field is the checksum of what follows it. Lines of before
//! there were checksums have none.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::calls::receipts::Receipt;
use crate::routing::table::Decision;
use crate::store::ingest::record::{Delivery, Source};

/// The beginning of a line with a checksum; then come eight hexadecimal digits of the CRC-32 of all behind [`AFTER`].
const BEFORE: &[u8] = br#"{"crc32":""#;
const AFTER: &[u8] = br#"","#;
const DIGITS: usize = 8;

#[derive(Serialize, Deserialize)]
struct Entry {
    received_ms: i64,
    body: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<EntryDecision>,
}

#[derive(Serialize, Deserialize)]
struct EntryDecision {
    route_id: Option<i64>,
    route_name: Option<String>,
    xml: String,
    decided_ms: i64,
    revision: Option<i64>,
    took_us: Option<i64>,
}

/// Encodes an event as a line, without its end.
pub fn line_of(delivery: &Delivery) -> String {
    let json = serde_json::to_string(&Entry::of(delivery)).unwrap_or_default();
    let fields = json.trim_start_matches('{');
    format!(r#"{{"crc32":"{:08x}",{fields}"#, crc32fast::hash(fields.as_bytes()))
}

/// Splits a piece without any line's end at zeros, which are where a sector never reached the disk: what is behind them
/// may be a line of its own.
pub(super) fn lines_in(piece: &[u8]) -> impl Iterator<Item = &[u8]> {
    piece.split(|&byte| byte == 0).filter(|line| !line.is_empty())
}

/// Decodes a line; `None` if its checksum or its format is wrong.
pub(super) fn read(line: &[u8]) -> Option<Delivery> {
    if let Some(rest) = line.strip_prefix(BEFORE) {
        let (digits, rest) = rest.split_at_checked(DIGITS)?;
        let checksum = u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        if crc32fast::hash(rest.strip_prefix(AFTER)?) != checksum {
            return None;
        }
    }
    Entry::read(line)
}

impl Entry {
    fn of(delivery: &Delivery) -> Self {
        let decision = delivery.offered_decision().map(|decision| EntryDecision {
            route_id: decision.route_id,
            route_name: decision.route_name.as_deref().map(ToOwned::to_owned),
            xml: decision.xml.to_string(),
            decided_ms: decision.decided_ms,
            revision: decision.revision,
            took_us: decision.took_us,
        });
        let Receipt { received_ms, body, .. } = &*delivery.receipt;
        Self { received_ms: *received_ms, body: STANDARD.encode(body), decision }
    }

    fn read(line: &[u8]) -> Option<Delivery> {
        let Self { received_ms, body, decision } = serde_json::from_slice(line).ok()?;
        let receipt = Receipt::new(received_ms, STANDARD.decode(body).ok()?).ok()?;
        let decision = decision.map(|decision| Decision {
            route_id: decision.route_id,
            route_name: decision.route_name.map(Into::into),
            xml: decision.xml.into(),
            decided_ms: decision.decided_ms,
            revision: decision.revision,
            took_us: decision.took_us,
        });
        Some(Delivery { receipt: receipt.into(), source: Source::PbxAgain(decision) })
    }
}
