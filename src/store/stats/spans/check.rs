//! Checking that packed calls say what the calls say.

use super::reading::{Changed, SpanReader};
use super::{Span, complete_spans};
use crate::stats::columns::fingerprint::Fingerprints;
use crate::stats::columns::segment::Subject;
use crate::store::calls::find::CallQuery;
use crate::store::db::engine::Db;
use crate::store::db::error::StoreError;
use crate::store::stats::spans::pack::read_facts;

/// Counts the packed spans that deviate from their calls. A server may go on storing events meanwhile.
pub(in crate::store) async fn count_deviating(db: &Db) -> Result<u64, StoreError> {
    let mut deviating = 0;
    for span in complete_spans(db, &(i64::MIN..i64::MAX)).await? {
        deviating += u64::from(deviates(db, &span).await?);
    }
    Ok(deviating)
}

async fn deviates(db: &Db, span: &Span) -> Result<bool, StoreError> {
    let query = CallQuery::of_range(span.range.clone());
    let reader = SpanReader::new(db, &query);
    let none = Changed::default();
    let (mut by_line, mut by_peer, mut of_rows) =
        (Fingerprints::default(), Fingerprints::default(), Fingerprints::default());
    reader.count_by(span, (Subject::Line, None), &none, &mut by_line).await?;
    reader.count_by(span, (Subject::Peer, None), &none, &mut by_peer).await?;
    reader.count_facts(&read_facts(db, &span.range).await?.0, &mut of_rows);
    // What was noted as changed by now may differ: it is read from its row.
    let changed = Changed::read(db, &span.range).await?;
    for fingerprints in [&mut by_line, &mut by_peer, &mut of_rows] {
        fingerprints.by_key.retain(|key, _| !changed.has(*key));
    }
    let is_same = by_line.by_key == of_rows.by_key && by_peer.by_key == of_rows.by_key;
    // A span that was packed again meanwhile is looked at the next time.
    Ok(!is_same && complete_spans(db, &span.range).await?.contains(span))
}
