//! Spans of time whose calls are packed in columns, the calls that changed since, and what is counted from both.
//!
//! Transactions that write run one after the other (see [`crate::store::db::turns`]), so whoever writes a call sees each
//! span that is packed or being packed, and notes the call as changed.

/// Counting: spans where there are any, rows of calls for all else.
pub mod count;
/// Packing: choosing spans, and storing their calls in columns.
pub mod pack;

use std::ops::Range;

use crate::stats::columns::segment::Subject;
use crate::store::db::engine::{Db, reading};
use crate::store::db::error::StoreError;

/// The kind of a row of `segments`. The numbers are stored; never reuse one.
#[derive(Clone, Copy)]
enum Kind {
    Calls(Subject),
    Subjects,
    Parties,
}

impl Kind {
    fn code(self) -> i16 {
        match self {
            Self::Calls(subject) => subject as i16,
            Self::Subjects => 3,
            Self::Parties => 4,
        }
    }
}

/// A span whose calls are packed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    id: i64,
    /// When its calls began, milliseconds since 1970 UTC.
    range: Range<i64>,
    calls: i64,
    /// The names of routes by their id, as JSON.
    routes: String,
}

/// Returns the complete spans that touch a range, ascending.
async fn complete_spans(db: &Db, range: &Range<i64>) -> Result<Vec<Span>, StoreError> {
    let rows: Vec<(i64, i64, i64, i64, String)> = reading!(db, pool => {
        sqlx::query_as(
            "select id, start_ms, end_ms, calls, routes from spans \
             where end_ms > $1 and start_ms < $2 and is_complete order by start_ms",
        )
        .bind(range.start)
        .bind(range.end)
        .fetch_all(pool)
        .await?
    });
    let span = |(id, start_ms, end_ms, calls, routes)| Span { id, range: start_ms..end_ms, calls, routes };
    Ok(rows.into_iter().map(span).collect())
}

/// Returns the parts of a range that are in none of these spans, which ascend and do not overlap.
fn gaps<'s>(range: &Range<i64>, spans: impl Iterator<Item = &'s Span>) -> Vec<Range<i64>> {
    let (mut gaps, mut from) = (Vec::new(), range.start);
    for span in spans {
        gaps.push(from..span.range.start.min(range.end));
        from = from.max(span.range.end);
    }
    gaps.push(from..range.end);
    gaps.retain(|gap| !gap.is_empty());
    gaps
}

fn damaged() -> StoreError {
    StoreError::Damaged("packed calls of the statistics".into())
}
