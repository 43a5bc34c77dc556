//! Listing calls in order of their start, without reading those that are not asked for.

use std::ops::Range;

use super::count::ATTEMPTS;
use super::reading::{Changed, SpanReader, calls_by_key};
use super::{Span, complete_spans, gaps};
use crate::stats::columns::fact::{Collector, Fact};
use crate::stats::columns::keys::Keys;
use crate::store::calls::find::{CallPage, CallQuery, Cursor, Order, StoredCall, some_calls, start_of_newest};
use crate::store::db::engine::Db;
use crate::store::db::error::StoreError;

/// The number of newest calls that are looked at row by row first: most pages are full with these.
const LOOKED_AT: i64 = 1_000;

/// Returns a page of calls, newest first, from `cursor` on (keyset pagination).
pub async fn list_calls(
    db: &Db,
    query: &CallQuery,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<CallPage, StoreError> {
    let from = cursor.unwrap_or(Cursor::END);
    let query = query.until(from.started_ms().saturating_add(1));
    let calls = list(db, &query, Order::NewestFirst, from, limit.saturating_add(1)).await?;
    Ok(page(calls, limit))
}

/// Returns the calls just before `cursor` in a list, newest first; `next` leads to still newer ones.
pub async fn list_newer_calls(
    db: &Db,
    query: &CallQuery,
    cursor: Cursor,
    limit: usize,
) -> Result<CallPage, StoreError> {
    let query = query.since(cursor.started_ms());
    let calls = list(db, &query, Order::OldestFirst, cursor, limit.saturating_add(1)).await?;
    let mut page = page(calls, limit);
    page.calls.reverse();
    Ok(page)
}

fn page(mut calls: Vec<StoredCall>, limit: usize) -> CallPage {
    let has_more = calls.len() > limit;
    calls.truncate(limit);
    let next = calls.last().filter(|_| has_more).map(Cursor::after);
    CallPage { calls, next }
}

/// Returns at most `most` calls in an order, from a place on.
async fn list(
    db: &Db,
    query: &CallQuery,
    order: Order,
    from: Cursor,
    most: usize,
) -> Result<Vec<StoredCall>, StoreError> {
    let range = query.start_ms..query.end_ms;
    // These are told by an index.
    if !query.is_narrow() || query.party.is_some() {
        return some_calls(db, order, query, from, most).await;
    }
    for _ in 0..ATTEMPTS {
        let spans = complete_spans(db, &range).await?;
        let listed = List { db, query, order, from, most }.walk(&spans).await?;
        if spans.is_empty() || complete_spans(db, &range).await? == spans {
            return Ok(listed);
        }
    }
    some_calls(db, order, query, from, most).await
}

struct List<'q> {
    db: &'q Db,
    query: &'q CallQuery,
    order: Order,
    from: Cursor,
    most: usize,
}

/// A part of the time that is asked for: a packed span, or a gap between them.
enum Part<'s> {
    Span(&'s Span),
    Gap(Range<i64>),
}

impl Part<'_> {
    fn start_ms(&self) -> i64 {
        match self {
            Self::Span(span) => span.range.start,
            Self::Gap(range) => range.start,
        }
    }
}

impl List<'_> {
    async fn walk(&self, spans: &[Span]) -> Result<Vec<StoredCall>, StoreError> {
        let range = self.query.start_ms..self.query.end_ms;
        let mut parts: Vec<Part<'_>> = gaps(&range, spans.iter()).into_iter().map(Part::Gap).collect();
        parts.extend(spans.iter().map(Part::Span));
        parts.sort_by_key(Part::start_ms);
        if self.order == Order::NewestFirst {
            parts.reverse();
        }
        let (mut calls, mut changed) = (Vec::new(), None);
        for part in &parts {
            let left = self.most.saturating_sub(calls.len());
            if left == 0 {
                break;
            }
            match part {
                Part::Gap(gap) => {
                    let query = self.query.since(gap.start).until(gap.end);
                    calls.extend(some_calls(self.db, self.order, &query, self.from, left).await?);
                }
                Part::Span(span) => {
                    if changed.is_none() {
                        changed = Some(Changed::read(self.db, &range).await?);
                    }
                    if let Some(changed) = &changed {
                        calls.extend(self.of_span(span, changed, left).await?);
                    }
                }
            }
        }
        Ok(calls)
    }

    /// Returns at most `left` calls of a span.
    async fn of_span(&self, span: &Span, changed: &Changed, left: usize) -> Result<Vec<StoredCall>, StoreError> {
        let mut query = self.query.since(span.range.start).until(span.range.end);
        let is_of_all = query.number.is_none() && query.peer.is_none();
        if is_of_all && query.search.is_none() && self.order == Order::NewestFirst && span.may_have(&query) {
            let since_ms = start_of_newest(self.db, query.start_ms..query.end_ms, LOOKED_AT).await?;
            let newest = some_calls(self.db, self.order, &query.since(since_ms), self.from, left).await?;
            if newest.len() == left {
                return Ok(newest);
            }
            if since_ms <= query.start_ms {
                return Ok(newest);
            }
            // The rest of them is older.
            query = query.until(since_ms);
            let mut calls = newest;
            calls.extend(self.packed(span, &query, changed, left - calls.len()).await?);
            return Ok(calls);
        }
        self.packed(span, &query, changed, left).await
    }

    async fn packed(
        &self,
        span: &Span,
        query: &CallQuery,
        changed: &Changed,
        left: usize,
    ) -> Result<Vec<StoredCall>, StoreError> {
        let is_beyond = |place: (i64, i64)| match self.order {
            Order::NewestFirst => place < self.from.place(),
            Order::OldestFirst => place > self.from.place(),
        };
        let mut keys = Keys::new(|fact: &Fact| {
            is_beyond((fact.started_ms, fact.key))
                && fact.class().is_some_and(|class| query.takes_class(class, fact.started_ms))
        });
        let reader = SpanReader::new(self.db, query);
        if span.may_have(query) {
            reader.count(span, changed, &mut keys).await?;
        }
        let mut collector = Collector::default();
        for StoredCall { key, in_hours, call } in &changed.calls {
            let route = changed.routes.get(key).map(|(id, _)| *id);
            collector.add(*key, call, *in_hours, route);
        }
        reader.count_facts(&collector.finish(), &mut keys);
        let mut places = keys.places;
        match self.order {
            Order::NewestFirst => places.sort_unstable_by(|a, b| b.cmp(a)),
            Order::OldestFirst => places.sort_unstable(),
        }
        places.truncate(left);
        let keys: Vec<i64> = places.iter().map(|(_, key)| *key).collect();
        let (mut calls, _) = calls_by_key(self.db, &keys).await?;
        // A call that changed just now may have moved away.
        calls.retain(|stored| is_beyond((stored.call.started_ms, stored.key)));
        match self.order {
            Order::NewestFirst => {
                calls.sort_unstable_by_key(|stored| std::cmp::Reverse((stored.call.started_ms, stored.key)))
            }
            Order::OldestFirst => calls.sort_unstable_by_key(|stored| (stored.call.started_ms, stored.key)),
        }
        Ok(calls)
    }
}
