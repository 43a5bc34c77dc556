//! Rebuilds calls and statistics cells from the event log, to mend what is stored or to compare it. Works in small
//! transactions, so that a server with the same settings keeps answering meanwhile.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use sqlx::QueryBuilder;

use super::events::read_receipt;
use super::find::StoredCall;
use super::rebuilding::Purpose;
use super::rows::{CallRow, CellRow, call_columns};
use crate::calls::call::Call;
use crate::calls::receipts::{Receipt, Receipts};
use crate::stats::business::next_day;
use crate::stats::derivation::Derivation;
use crate::stats::rollup::{Cell, CellKey, Contribution, Differences, Tier};
use crate::store::db::engine::{Db, for_both_engines, reading, writing};
use crate::store::db::error::StoreError;
use crate::store::db::portion::Portion;
use crate::store::stats::cells::read_cell;
use crate::store::stats::months::count_deviating;
use crate::store::stats::spans;

const CALLS_PER_TRANSACTION: i64 = 500;

/// Why a rebuild did nothing or stopped halfway.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another rebuild has begun with other settings.
    #[error(
        "another rebuild with other settings has begun meanwhile and goes on: was a server of this database still running?"
    )]
    TakenOver,
}

impl From<sqlx::Error> for RebuildError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// How much of what is stored deviates from the event log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deviations {
    /// The number of calls, including those of which the log holds no event.
    pub calls: u64,
    /// The number of cells of the statistics, of months that were summed up from them, and of packed spans of calls. Only told when they are
    /// compared: mending does not look at them first.
    pub cells: u64,
}

/// Rebuilds every call and every cell; `progress` hears how many calls are done of how many, in both passes together.
///
/// # Errors
/// When the database does not answer. Running it again mends everything.
pub async fn rebuild(
    db: &Db,
    derivation: &Derivation,
    purpose: Purpose<'_>,
    mut progress: impl FnMut(i64, i64),
) -> Result<Deviations, RebuildError> {
    let calls = count_calls(db).await?;
    let (mut done, mut last_key, mut found) = (0, 0, Deviations::default());
    let mut portion = Portion::new(CALLS_PER_TRANSACTION);
    loop {
        let pass = writing!(db, transaction in engine => {
            engine::fold_again(&mut transaction, derivation, purpose, (last_key, portion.size())).await
        });
        let pass = match pass {
            // Some of these calls have very many events.
            Err(StoreError::TooLong) if portion.halve() => continue,
            pass => pass?,
        };
        portion.grow();
        if pass.is_taken_over {
            return Err(RebuildError::TakenOver);
        }
        let Some(key) = pass.next else { break };
        last_key = key;
        found.calls += pass.deviating;
        done += pass.calls;
        progress(done, calls * 2);
    }
    let mut span = Span { first_ms: i64::MIN, first_day: i64::MIN };
    loop {
        let pass = writing!(db, transaction in engine => {
            engine::count_again(&mut transaction, derivation, purpose, span).await
        })?;
        if pass.is_taken_over {
            return Err(RebuildError::TakenOver);
        }
        found.cells += pass.deviating;
        let Some(next) = pass.next else { break };
        span = next;
        done += pass.calls;
        progress(done, calls * 2);
    }
    if purpose == Purpose::Compare {
        found.cells += count_deviating(db, &derivation.business).await? + spans::check::count_deviating(db).await?;
    }
    Ok(found)
}

/// The result of one transaction of a pass over everything.
struct Pass<N> {
    /// Whether it did nothing because another rebuild has begun with other settings.
    is_taken_over: bool,
    /// The number of calls it looked at.
    calls: i64,
    /// The number of deviations it found.
    deviating: u64,
    /// Where the next transaction begins; `None` at the end.
    next: Option<N>,
}

impl<N> Pass<N> {
    const TAKEN_OVER: Self = Self { is_taken_over: true, calls: 0, deviating: 0, next: None };
}

/// Returns the number of stored calls.
pub async fn count_calls(db: &Db) -> Result<i64, StoreError> {
    reading!(db, pool => Ok(sqlx::query_scalar("select count(*) from calls").fetch_one(pool).await?))
}

/// Where the cells that are not rebuilt yet begin, in both units of buckets.
#[derive(Clone, Copy)]
struct Span {
    first_ms: i64,
    first_day: i64,
}

/// The SQL condition for the cells between two spans.
macro_rules! cells_of_span {
    () => {
        "(tier = $1 and bucket >= $2 and bucket < $3) or (tier > $1 and bucket >= $4 and bucket < $5)"
    };
}

for_both_engines! {
    use ingest::batch, stats::changed, stats::months, calls::rebuilding, calls::surplus, db::writes;

    /// Folds the next calls after a key again, at most `most`, and stores or compares them.
    pub(super) async fn fold_again(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        purpose: Purpose<'_>,
        (after_key, most): (i64, i64),
    ) -> Result<Pass<i64>, StoreError> {
        if rebuilding::is_taken_over(connection, purpose).await? {
            return Ok(Pass::TAKEN_OVER);
        }
        const NEXT: &str = concat!("select ", call_columns!(), " from calls where id > $1 order by id limit cast($2 as bigint)");
        let rows: Vec<CallRow> = sqlx::query_as(NEXT)
            .bind(after_key)
            .bind(most)
            .fetch_all(&mut *connection)
            .await?;
        let stored = rows.into_iter().map(StoredCall::try_from).collect::<Result<Vec<_>, _>>()?;
        let Some(last) = stored.last() else {
            return Ok(Pass { is_taken_over: false, calls: 0, deviating: 0, next: None });
        };
        let (receipts, surplus) = load_events(connection, purpose, &stored).await?;
        let gone_before_ms = batch::watermarks(connection).await?.events_gone_before_ms;
        let (mut changed, mut without_events) = (Vec::new(), 0);
        for before in &stored {
            let call = match receipts.get(&before.key).and_then(|r| Call::fold(r, &derivation.numbering)) {
                Some(mut call) => {
                    call.event_count += surplus.get(&before.key).map_or(0, |&count| u32::try_from(count).unwrap_or(0));
                    call
                }
                // Its events are gone: the stored call is all that is left of it.
                None if before.call.started_ms < gone_before_ms => before.call.clone(),
                None => {
                    without_events += 1;
                    continue;
                }
            };
            let in_hours = derivation.business.is_open(call.started_ms);
            let after = StoredCall { key: before.key, in_hours, call };
            if after != *before {
                changed.push((before, after));
            }
        }
        if let Purpose::Mend(_) = purpose {
            let mut writes = writes::Writes::new();
            batch::set_calls(&mut writes, &changed.iter().map(|(_, after)| after).collect::<Vec<_>>());
            let changes = changed.iter().map(|(before, after)| (Some(*before), after));
            changed::note(&mut writes, changes, std::iter::empty());
            writes.send(connection).await?;
        }
        let deviating = changed.len() as u64 + without_events;
        Ok(Pass { is_taken_over: false, calls: stored.len() as i64, deviating, next: Some(last.key) })
    }

    /// Loads the folded events of calls, and how many surplus events each has. Where another program has written too
    /// many events of a call to the log, the surplus is set apart, or, where calls are only compared, left as it is.
    async fn load_events(
        connection: &mut EngineConnection,
        purpose: Purpose<'_>,
        calls: &[StoredCall],
    ) -> Result<(HashMap<i64, Receipts>, HashMap<i64, i64>), StoreError> {
        let (Some(first), Some(last)) = (calls.first(), calls.last()) else { return Ok(Default::default()) };
        let (first, last) = (first.key, last.key);
        let mut crowded = surplus::crowded_between(connection, first, last).await?;
        if let Purpose::Mend(_) = purpose {
            for key in crowded.drain(..) {
                surplus::set_apart_of(connection, key).await?;
            }
        }
        let mut beyond = surplus::count_surplus(connection, first, last).await?;
        let mut query = QueryBuilder::<Engine>::new("select call_key, received_ms, deliveries, body from events where call_key between ");
        query.push_bind(first).push(" and ").push_bind(last);
        for key in &crowded {
            query.push(" and call_key <> ").push_bind(*key);
        }
        let events: Vec<(i64, i64, i32, Vec<u8>)> =
            query.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
        let mut receipts: HashMap<i64, Vec<Arc<Receipt>>> = HashMap::new();
        for (key, received_ms, deliveries, body) in events {
            receipts.entry(key).or_default().push(Arc::new(read_receipt(received_ms, deliveries, body)?));
        }
        let mut receipts: HashMap<i64, Receipts> =
            receipts.into_iter().map(|(key, receipts)| (key, receipts.into())).collect();
        for key in crowded {
            let folded = surplus::folded_of_crowded(connection, key).await?;
            let all: i64 = sqlx::query_scalar("select count(*) from events where call_key = $1")
                .bind(key)
                .fetch_one(&mut *connection)
                .await?;
            *beyond.entry(key).or_default() += all - folded.len() as i64;
            receipts.insert(key, folded);
        }
        Ok((receipts, beyond))
    }

    /// Rebuilds the cells of the next business day that has calls, and of all days before it that have none.
    pub(super) async fn count_again(
        connection: &mut EngineConnection,
        derivation: &Derivation,
        purpose: Purpose<'_>,
        from: Span,
    ) -> Result<Pass<Span>, StoreError> {
        if rebuilding::is_taken_over(connection, purpose).await? {
            return Ok(Pass::TAKEN_OVER);
        }
        let business = &derivation.business;
        let next: Option<i64> = sqlx::query_scalar("select min(started_ms) from calls where started_ms >= $1")
            .bind(from.first_ms)
            .fetch_one(&mut *connection)
            .await?;
        let end = next.map(|started_ms| {
            let day = business.day(started_ms);
            Span { first_ms: business.day_start_ms(next_day(day)), first_day: business.day_number(started_ms) + 1 }
        });
        let before = end.unwrap_or(Span { first_ms: i64::MAX, first_day: i64::MAX });
        const CALLS: &str = concat!("select ", call_columns!(), " from calls where started_ms >= $1 and started_ms < $2");
        let rows: Vec<CallRow> =
            sqlx::query_as(CALLS).bind(from.first_ms).bind(before.first_ms).fetch_all(&mut *connection).await?;
        let calls = rows.len() as i64;
        let mut cells = Differences::default();
        for row in rows {
            let StoredCall { call, in_hours, .. } = StoredCall::try_from(row)?;
            cells.replace(None, Some(&Contribution::of(&call, in_hours, business)));
        }
        let cells = cells.into_cells();
        let deviating = match purpose {
            Purpose::Mend(_) => {
                delete_cells(connection, from, before).await?;
                months::reopen_between(connection, from.first_day, before.first_day).await?;
                let mut writes = writes::Writes::new();
                batch::write_cells(&mut writes, &cells);
                writes.send(connection).await?;
                0
            }
            Purpose::Compare => {
                let stored = stored_cells(connection, from, before).await?;
                let deviates = |key: &&CellKey| stored.get(key) != cells.get(key);
                let keys: BTreeSet<&CellKey> = stored.keys().chain(cells.keys()).collect();
                keys.into_iter().filter(deviates).count() as u64
            }
        };
        Ok(Pass { is_taken_over: false, calls, deviating, next: end })
    }

    async fn delete_cells(connection: &mut EngineConnection, from: Span, before: Span) -> Result<(), StoreError> {
        sqlx::query(concat!("delete from cells where ", cells_of_span!()))
            .bind(Tier::Hour as i16)
            .bind(from.first_ms)
            .bind(before.first_ms)
            .bind(from.first_day)
            .bind(before.first_day)
            .execute(connection)
            .await?;
        Ok(())
    }

    async fn stored_cells(
        connection: &mut EngineConnection,
        from: Span,
        before: Span,
    ) -> Result<BTreeMap<CellKey, Cell>, StoreError> {
        let rows: Vec<CellRow> =
            sqlx::query_as(concat!("select tier, bucket, subject, figures from cells where ", cells_of_span!()))
                .bind(Tier::Hour as i16)
                .bind(from.first_ms)
                .bind(before.first_ms)
                .bind(from.first_day)
                .bind(before.first_day)
                .fetch_all(connection)
                .await?;
        let cell = |CellRow { tier, bucket, subject, figures }: CellRow| {
            let tier = Tier::from_code(tier).ok_or_else(|| StoreError::Damaged("a cell of no tier".into()))?;
            Ok((CellKey { tier, bucket, subject }, read_cell(&figures)?))
        };
        rows.into_iter().map(cell).collect()
    }
}
