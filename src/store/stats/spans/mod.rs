//! Spans of time whose calls are packed in columns, the calls that changed since, and what is counted from both.
//!
//! Transactions that write run one after the other (see [`crate::store::db::turns`]), so whoever writes a call sees each
//! span that is packed or being packed, and notes the call as changed.

/// Checking packed calls against the calls.
pub(in crate::store) mod check;
/// Counting: spans where there are any, rows of calls for all else.
pub mod count;
/// Listing calls in order of their start, without reading those that are not asked for.
pub mod list;
/// Packing: choosing spans, and storing their calls in columns.
pub mod pack;
/// Reading what is packed of a span, and what has changed since.
mod reading;

use std::collections::HashMap;
use std::ops::Range;

use crate::stats::columns::segment::Subject;
use crate::stats::rollup::Class;
use crate::store::calls::find::CallQuery;
use crate::store::db::engine::{Db, reading};
use crate::store::db::error::StoreError;

/// The kind of a row of `segments`. The numbers are stored; never reuse one.
#[derive(Clone, Copy)]
enum Kind {
    Calls(Subject),
    Subjects,
    Numbers,
}

impl Kind {
    fn code(self) -> i16 {
        match self {
            Self::Calls(subject) => subject as i16,
            Self::Subjects => 3,
            Self::Numbers => 4,
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
    /// The codes of the classes that its calls count in.
    classes: Vec<u8>,
    /// The names of routes, by id.
    routes: HashMap<i64, String>,
}

impl Span {
    /// Returns whether any of its calls may be among those that a query asks for.
    fn may_have(&self, query: &CallQuery) -> bool {
        let is_recent_too = self.range.end > query.open_after_ms();
        self.classes
            .iter()
            .filter_map(|code| Class::from_code(*code))
            .any(|class| query.takes_class(class, i64::MIN) || is_recent_too && query.takes_class(class, i64::MAX))
    }
}

/// Returns the complete spans that touch a range, ascending.
async fn complete_spans(db: &Db, range: &Range<i64>) -> Result<Vec<Span>, StoreError> {
    let rows: Vec<(i64, i64, i64, i64, String, String)> = reading!(db, pool => {
        sqlx::query_as(
            "select id, start_ms, end_ms, calls, classes, routes from spans \
             where end_ms > $1 and start_ms < $2 and is_complete order by start_ms",
        )
        .bind(range.start)
        .bind(range.end)
        .fetch_all(pool)
        .await?
    });
    let span = |(id, start_ms, end_ms, calls, classes, routes): (_, _, _, _, String, String)| {
        let classes = serde_json::from_str(&classes).map_err(|_| damaged())?;
        let routes = serde_json::from_str(&routes).map_err(|_| damaged())?;
        Ok(Span { id, range: start_ms..end_ms, calls, classes, routes })
    };
    rows.into_iter().map(span).collect()
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
