//! Packing: choosing which span comes next, and storing its calls in columns.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;

use chrono::NaiveDate;
use sqlx::QueryBuilder;

use super::{Kind, Span, complete_spans, gaps};
use crate::stats::business::{BusinessTime, day_number, day_of_number, next_day};
use crate::stats::columns::fact::{Collector, Fact, Facts};
use crate::stats::columns::segment::{Subject, pack};
use crate::stats::period::month_of;
use crate::stats::rollup::{Class, Tier};
use crate::stats::sums::count_packed;
use crate::store::calls::find::{CallQuery, StoredCall, for_each_call, routes_of_calls};
use crate::store::db::engine::{Db, for_both_engines, reading, writing};
use crate::store::db::error::StoreError;

/// The number of calls from which on a span is not joined with the next day.
const MANY: i64 = 100_000;
/// The number of changed calls from which on a span is packed again while its days are not over.
const MANY_CHANGED: i64 = 1_000;
/// Of a large span, the share of its calls that must have changed: it is packed again that often at most, whatever its
/// size.
const CHANGED_SHARE: i64 = 8;
/// The number of bytes stored in one transaction, so that whoever writes events waits only briefly.
const BYTES_AT_ONCE: usize = 1 << 20;
/// Maximum number of noted changes in one statement.
const CHANGES_PER_STATEMENT: usize = 200;

/// When a span with few changes is packed again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thoroughness {
    /// Only when there are many.
    ManyChanges,
    /// When its days are over, and spans that are small are joined.
    AnyChange,
}

/// A call as it was noted to have changed: its start, its key, and how often.
type Change = (i64, i64, i64);

/// Packs the span that is most in need of it; returns whether there was one.
pub async fn pack_next(
    db: &Db,
    business: &BusinessTime,
    today: NaiveDate,
    thoroughness: Thoroughness,
) -> Result<bool, StoreError> {
    let all = complete_spans(db, &(i64::MIN..i64::MAX)).await?;
    let Some(range) = next_range(db, business, &all, today, thoroughness).await? else { return Ok(false) };
    pack_range(db, range, &all).await?;
    Ok(true)
}

/// Deletes what was packed halfway when a process ended.
pub async fn drop_incomplete(db: &Db) -> Result<(), StoreError> {
    writing!(db, transaction in engine => engine::drop_incomplete(&mut transaction).await)
}

async fn next_range(
    db: &Db,
    business: &BusinessTime,
    spans: &[Span],
    today: NaiveDate,
    thoroughness: Thoroughness,
) -> Result<Option<Range<i64>>, StoreError> {
    let today_ms = business.day_start_ms(today);
    let days = days_with_calls(db).await?;
    let is_over = |day: &i64| *day < day_number(today);
    let unpacked = |day: i64| {
        let day = day_of_number(day);
        gaps(&(business.day_start_ms(day)..business.day_start_ms(next_day(day))), touching(spans, business, day))
    };
    // The newest days come first, since they are asked for most.
    if let Some(&last) = days.keys().rev().filter(|day| is_over(day)).find(|day| !unpacked(**day).is_empty()) {
        let month = month_of(day_of_number(last));
        let (mut calls, mut first) = (0, last);
        for (&day, &of_day) in days.range(day_number(month.start)..=last).rev() {
            calls += of_day;
            if calls > MANY && first != day && day != last || unpacked(day).is_empty() {
                break;
            }
            first = day;
        }
        let wanted = business.day_start_ms(day_of_number(first))..business.day_start_ms(next_day(day_of_number(last)));
        return Ok(gaps(&wanted, spans.iter().filter(|span| touches(&span.range, &wanted))).pop());
    }
    let end_of_today = business.day_start_ms(next_day(today));
    let changes = count_changes(db).await?;
    let many = |span: &&Span| {
        let changed: i64 = changes.range(span.range.clone()).map(|(_, calls)| calls).sum();
        let is_past = thoroughness == Thoroughness::AnyChange && span.range.end <= today_ms;
        changed >= MANY_CHANGED.max(span.calls / CHANGED_SHARE) || is_past && changed > 0
    };
    if let Some(span) = spans.iter().rev().find(many) {
        return Ok(Some(span.range.clone()));
    }
    if let Some(gap) =
        gaps(&(today_ms..end_of_today), spans.iter().filter(|span| touches(&span.range, &(today_ms..end_of_today))))
            .pop()
        && days.get(&day_number(today)).is_some_and(|calls| *calls >= MANY_CHANGED)
    {
        return Ok(Some(gap));
    }
    Ok(if thoroughness == Thoroughness::AnyChange { joined(business, spans, today_ms) } else { None })
}

/// Returns the range of two neighbours of one month that are over and better joined.
fn joined(business: &BusinessTime, spans: &[Span], today_ms: i64) -> Option<Range<i64>> {
    let month = |at_ms: i64| month_of(business.day(at_ms));
    spans.windows(2).rev().find_map(|pair| {
        let [first, second] = pair else { return None };
        let are_small = first.calls + second.calls <= MANY && second.range.end <= today_ms;
        (are_small && month(first.range.start) == month(second.range.end - 1))
            .then_some(first.range.start..second.range.end)
    })
}

fn touches(a: &Range<i64>, b: &Range<i64>) -> bool {
    a.start < b.end && b.start < a.end
}

fn touching<'s>(spans: &'s [Span], business: &BusinessTime, day: NaiveDate) -> impl Iterator<Item = &'s Span> {
    let range = business.day_start_ms(day)..business.day_start_ms(next_day(day));
    spans.iter().filter(move |span| touches(&span.range, &range))
}

/// Returns the number of calls of each business day that has any.
async fn days_with_calls(db: &Db) -> Result<BTreeMap<i64, i64>, StoreError> {
    let rows: Vec<(i64, Vec<u8>)> = reading!(db, pool => {
        sqlx::query_as("select bucket, figures from cells where tier = $1").bind(Tier::Day as i16).fetch_all(pool).await?
    });
    let mut days = BTreeMap::new();
    for (day, figures) in rows {
        let mut calls = 0;
        count_packed(&figures, |_, of_class| calls += of_class).ok_or_else(super::damaged)?;
        days.insert(day, calls);
    }
    Ok(days)
}

/// Returns how many calls are noted as changed, by their start.
async fn count_changes(db: &Db) -> Result<BTreeMap<i64, i64>, StoreError> {
    let rows: Vec<(i64, i64)> = reading!(db, pool => {
        sqlx::query_as("select started_ms, cast(count(*) as bigint) from changed_calls group by started_ms").fetch_all(pool).await?
    });
    Ok(rows.into_iter().collect())
}

/// Packs the calls that began in a range; the spans within are replaced.
async fn pack_range(db: &Db, range: Range<i64>, all: &[Span]) -> Result<(), StoreError> {
    let replaced: Vec<i64> = all.iter().filter(|span| touches(&span.range, &range)).map(|span| span.id).collect();
    let id = writing!(db, transaction in engine => engine::begin(&mut transaction, &range).await)?;
    // From here on whoever changes a call of the range notes it. What is noted by now is seen in the rows.
    let seen = changes_in(db, &range).await?;
    let (facts, routes) = read_facts(db, &range).await?;
    let mut rows = packed_rows(&facts).into_iter().peekable();
    while rows.peek().is_some() {
        let (mut portion, mut bytes) = (Vec::new(), 0);
        while bytes < BYTES_AT_ONCE
            && let Some(row) = rows.next()
        {
            bytes += row.packed.len();
            portion.push(row);
        }
        let is_there = writing!(db, transaction in engine => engine::store(&mut transaction, id, &portion).await)?;
        if !is_there {
            return Ok(());
        }
    }
    let calls = i64::try_from(facts.facts.len()).unwrap_or(i64::MAX);
    let classes: BTreeSet<u8> = facts.facts.iter().filter_map(Fact::class).map(Class::code).collect();
    let span = Span { id, range, calls, classes: classes.into_iter().collect(), routes };
    writing!(db, transaction in engine => engine::complete(&mut transaction, &span, &replaced, &seen).await)
}

async fn changes_in(db: &Db, range: &Range<i64>) -> Result<Vec<Change>, StoreError> {
    let changes: Vec<Change> = reading!(db, pool => {
        sqlx::query_as(
            "select started_ms, call_key, changes from changed_calls where started_ms >= $1 and started_ms < $2",
        )
        .bind(range.start)
        .bind(range.end)
        .fetch_all(pool)
        .await?
    });
    Ok(changes)
}

/// Reads the calls that began in a range, and the names of the routes that answered them.
pub(super) async fn read_facts(db: &Db, range: &Range<i64>) -> Result<(Facts, HashMap<i64, String>), StoreError> {
    let query = CallQuery::of_range(range.clone());
    let routes = routes_of_calls(db, &query).await?;
    let mut collector = Collector::default();
    for_each_call(db, &query, |StoredCall { key, in_hours, call }| {
        collector.add(key, &call, in_hours, routes.get(&key).map(|(id, _)| *id));
    })
    .await?;
    let names = routes.into_values().filter_map(|(id, name)| Some((id, name?))).collect();
    Ok((collector.finish(), names))
}

/// A row of `segments`, without its span.
struct PackedRow<'f> {
    kind: Kind,
    subject: &'f str,
    packed: Vec<u8>,
}

fn packed_rows(Facts { facts, subjects, numbers }: &Facts) -> Vec<PackedRow<'_>> {
    let mut rows = vec![
        PackedRow { kind: Kind::Subjects, subject: "", packed: subjects.pack() },
        PackedRow { kind: Kind::Numbers, subject: "", packed: numbers.pack() },
    ];
    for subject in [Subject::Line, Subject::Peer] {
        let mut sorted: Vec<&Fact> = facts.iter().collect();
        // A stable sort leaves the calls of each subject in the order of their start.
        sorted.sort_by_key(|fact| subject.of(fact));
        for facts in sorted.chunk_by(|a, b| subject.of(a) == subject.of(b)) {
            let name = facts.first().map(|fact| subjects.get(subject.of(fact))).unwrap_or_default();
            let packed = pack(subject, facts.iter().copied());
            rows.push(PackedRow { kind: Kind::Calls(subject), subject: name, packed });
        }
    }
    rows
}

for_both_engines! {
    pub(super) async fn begin(connection: &mut EngineConnection, range: &Range<i64>) -> Result<i64, StoreError> {
        let id = sqlx::query_scalar(
            "insert into spans (start_ms, end_ms, is_complete, calls, classes, routes) \
             values ($1, $2, false, 0, '[]', '{}') returning id",
        )
        .bind(range.start)
        .bind(range.end)
        .fetch_one(connection)
        .await?;
        Ok(id)
    }

    /// Returns whether a span is there still, or was dropped because of what its calls lost.
    async fn is_there(connection: &mut EngineConnection, id: i64) -> Result<bool, StoreError> {
        let found: Option<i64> =
            sqlx::query_scalar("select id from spans where id = $1").bind(id).fetch_optional(connection).await?;
        Ok(found.is_some())
    }

    /// Stores rows of a span; returns whether it is there still.
    pub(super) async fn store(
        connection: &mut EngineConnection,
        id: i64,
        rows: &[PackedRow<'_>],
    ) -> Result<bool, StoreError> {
        if !is_there(connection, id).await? {
            return Ok(false);
        }
        for PackedRow { kind, subject, packed } in rows {
            sqlx::query("insert into segments (span_id, kind, subject, packed) values ($1, $2, $3, $4)")
                .bind(id)
                .bind(kind.code())
                .bind(*subject)
                .bind(packed.as_slice())
                .execute(&mut *connection)
                .await?;
        }
        Ok(true)
    }

    /// Puts a span in the place of those that it replaces, unless others have been packed meanwhile: then it is
    /// dropped.
    pub(super) async fn complete(
        connection: &mut EngineConnection,
        Span { id, range, calls, classes, routes }: &Span,
        replaced: &[i64],
        seen: &[Change],
    ) -> Result<(), StoreError> {
        if !is_there(connection, *id).await? {
            return Ok(());
        }
        let complete: Vec<(i64, i64, i64)> = sqlx::query_as(
            "select id, start_ms, end_ms from spans where end_ms > $1 and start_ms < $2 and is_complete",
        )
        .bind(range.start)
        .bind(range.end)
        .fetch_all(&mut *connection)
        .await?;
        let is_expected = |(id, start_ms, end_ms): &(i64, i64, i64)| {
            replaced.contains(id) && range.start <= *start_ms && *end_ms <= range.end
        };
        if !complete.iter().all(is_expected) {
            return drop_span(connection, *id).await;
        }
        for (replaced, ..) in complete {
            drop_span(connection, replaced).await?;
        }
        sqlx::query("update spans set is_complete = true, calls = $2, classes = $3, routes = $4 where id = $1")
            .bind(id)
            .bind(calls)
            .bind(serde_json::json!(classes).to_string())
            .bind(serde_json::json!(routes).to_string())
            .execute(&mut *connection)
            .await?;
        // What has changed once more since then stays noted.
        for seen in seen.chunks(CHANGES_PER_STATEMENT) {
            let mut query = QueryBuilder::<Engine>::new("delete from changed_calls where (started_ms, call_key, changes) in (");
            query.push_values(seen, |mut row, &(started_ms, key, changes)| {
                row.push_bind(started_ms).push_bind(key).push_bind(changes);
            });
            query.push(")").build().persistent(false).execute(&mut *connection).await?;
        }
        Ok(())
    }

    async fn drop_span(connection: &mut EngineConnection, id: i64) -> Result<(), StoreError> {
        sqlx::query("delete from segments where span_id = $1").bind(id).execute(&mut *connection).await?;
        sqlx::query("delete from spans where id = $1").bind(id).execute(connection).await?;
        Ok(())
    }

    pub(super) async fn drop_incomplete(connection: &mut EngineConnection) -> Result<(), StoreError> {
        sqlx::query("delete from segments where span_id in (select id from spans where not is_complete)")
            .execute(&mut *connection)
            .await?;
        sqlx::query("delete from spans where not is_complete").execute(connection).await?;
        Ok(())
    }
}
