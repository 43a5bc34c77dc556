//! Counting calls: from packed spans, row by row where nothing is packed, and row by row what changed since.

use std::collections::HashMap;
use std::ops::Range;

use super::reading::{Changed, SpanReader};
use super::{Span, complete_spans, gaps};
use crate::stats::columns::Count;
use crate::stats::columns::fact::{Collector, Facts};
use crate::store::calls::find::{CallQuery, StoredCall, for_each_call, routes_of_calls};
use crate::store::db::engine::Db;
use crate::store::db::error::StoreError;

/// How often something is read again because spans were packed meanwhile; then all calls are read row by row.
pub(super) const ATTEMPTS: usize = 3;

/// What was counted.
pub struct Counted<C> {
    /// The counts.
    pub counts: C,
    /// The names of routes that answered calls, as they were called last.
    pub routes: HashMap<i64, String>,
}

/// Counts the calls that a query asks for by start, line, SIP user, route and search, whatever else it asks for.
pub async fn count<C: Count>(
    db: &Db,
    query: &CallQuery,
    by_route: bool,
    new: impl Fn() -> C,
) -> Result<Counted<C>, StoreError> {
    let range = query.start_ms..query.end_ms;
    for _ in 0..ATTEMPTS {
        let spans = complete_spans(db, &range).await?;
        let counted = count_with(db, query, by_route, &spans, new()).await?;
        if spans.is_empty() || complete_spans(db, &range).await? == spans {
            return Ok(counted);
        }
    }
    count_with(db, query, by_route, &[], new()).await
}

async fn count_with<C: Count>(
    db: &Db,
    query: &CallQuery,
    by_route: bool,
    spans: &[Span],
    mut counts: C,
) -> Result<Counted<C>, StoreError> {
    let range = query.start_ms..query.end_ms;
    let mut routes = HashMap::new();
    spans.iter().for_each(|span| routes.extend(span.routes.clone()));
    let changed = if spans.is_empty() { Changed::default() } else { Changed::read(db, &range).await? };
    let reader = SpanReader::new(db, query);
    // The newest spans come first, so that they tell when there is enough.
    for span in spans.iter().rev() {
        if counts.is_enough() {
            break;
        }
        reader.count(span, &changed, &mut counts).await?;
    }
    let gaps = gaps(&range, spans.iter());
    let (rows, named) = rows(db, query, by_route || query.route.is_some(), &gaps, changed).await?;
    routes.extend(named);
    reader.count_facts(&rows, &mut counts);
    Ok(Counted { counts, routes })
}

/// Reads the calls that began in some gaps, and adds those that changed elsewhere.
async fn rows(
    db: &Db,
    query: &CallQuery,
    by_route: bool,
    gaps: &[Range<i64>],
    changed: Changed,
) -> Result<(Facts, HashMap<i64, String>), StoreError> {
    let (mut collector, mut names) = (Collector::default(), HashMap::new());
    for gap in gaps {
        let query = query.since(gap.start).until(gap.end);
        let routes = if by_route { routes_of_calls(db, &query).await? } else { HashMap::new() };
        for_each_call(db, &query, |StoredCall { key, in_hours, call }| {
            collector.add(key, &call, in_hours, routes.get(&key).map(|(id, _)| *id));
        })
        .await?;
        names.extend(routes.into_values().filter_map(|(id, name)| Some((id, name?))));
    }
    let is_in_gap = |started_ms: i64| gaps.iter().any(|gap| gap.contains(&started_ms));
    let Changed { calls, routes, .. } = changed;
    for StoredCall { key, in_hours, call } in calls.into_iter().filter(|stored| !is_in_gap(stored.call.started_ms)) {
        collector.add(key, &call, in_hours, routes.get(&key).map(|(id, _)| *id));
    }
    names.extend(routes.into_values().filter_map(|(id, name)| Some((id, name?))));
    Ok((collector.finish(), names))
}
