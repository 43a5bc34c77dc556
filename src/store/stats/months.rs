//! Closed months: months that are over, summed up once from their cells, so that whoever asks for a year need not read
//! thousands of those. A call that changes later opens its month again, in the same transaction.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;

use crate::stats::business::{BusinessTime, day_number, day_of_number, next_day};
use crate::stats::month::{MonthCalls, MonthSums};
use crate::stats::period::{DayRange, month_of};
use crate::stats::rollup::Tier;
use crate::store::calls::rows::CellRow;
use crate::store::db::engine::{Db, for_both_engines, reading, writing};
use crate::store::db::error::StoreError;

/// Returns the sums of the closed months that lie wholly within some days, ascending.
///
/// # Errors
/// When the database does not answer or what is stored cannot be read.
pub async fn sums_of_closed_months(db: &Db, days: DayRange) -> Result<Vec<(DayRange, MonthSums)>, StoreError> {
    read(db, days, "select first_day, sums", MonthSums::unpack).await
}

/// Returns the calls of the closed months that lie wholly within some days, ascending.
///
/// # Errors
/// When the database does not answer or what is stored cannot be read.
pub async fn calls_of_closed_months(db: &Db, days: DayRange) -> Result<Vec<(DayRange, MonthCalls)>, StoreError> {
    read(db, days, "select first_day, calls", MonthCalls::unpack).await
}

async fn read<T>(
    db: &Db,
    days: DayRange,
    select: &'static str,
    unpack: fn(&[u8]) -> Option<T>,
) -> Result<Vec<(DayRange, T)>, StoreError> {
    if !days.holds_a_month() {
        return Ok(Vec::new());
    }
    let sql = format!("{select} from closed_months where first_day >= $1 and first_day <= $2 order by first_day");
    let rows: Vec<(i64, Vec<u8>)> = reading!(db, pool => {
        sqlx::query_as(AssertSqlSafe(sql))
            .bind(day_number(days.start))
            .bind(day_number(days.end))
            .fetch_all(pool)
            .await?
    });
    let months = rows.into_iter().map(|(first_day, packed)| (month_of(day_of_number(first_day)), packed));
    let within = months.filter(|(month, _)| month.end <= days.end);
    within.map(|(month, packed)| Ok((month, unpack(&packed).ok_or_else(damaged)?))).collect()
}

/// Closes every month with calls that was over before `today`, each in a transaction of its own; returns how many were
/// open.
///
/// # Errors
/// When the database does not answer or a cell cannot be read.
pub async fn close_months(db: &Db, business: &BusinessTime, today: NaiveDate) -> Result<usize, StoreError> {
    let this_month = month_of(today).start;
    let (days, closed): (Vec<i64>, Vec<i64>) = reading!(db, pool => {
        let days = sqlx::query_scalar("select bucket from cells where tier = $1 and bucket < $2")
            .bind(Tier::Day as i16)
            .bind(day_number(this_month))
            .fetch_all(pool);
        let closed = sqlx::query_scalar("select first_day from closed_months").fetch_all(pool);
        tokio::try_join!(days, closed)?
    });
    let over: BTreeSet<i64> = days.into_iter().map(|day| first_day(day_of_number(day))).collect();
    let open: Vec<i64> = over.into_iter().filter(|month| !closed.contains(month)).collect();
    for &month in &open {
        writing!(db, transaction in engine => engine::close(&mut transaction, business, month).await)?;
    }
    Ok(open.len())
}

/// Counts the closed months that deviate from their cells.
///
/// # Errors
/// When the database does not answer or a cell cannot be read.
pub(in crate::store) async fn count_deviating(db: &Db, business: &BusinessTime) -> Result<u64, StoreError> {
    let closed: Vec<i64> = reading!(db, pool => {
        sqlx::query_scalar("select first_day from closed_months order by first_day").fetch_all(pool).await?
    });
    let mut deviating = 0;
    for month in closed {
        let deviates =
            writing!(db, transaction in engine => engine::deviates(&mut transaction, business, month).await)?;
        deviating += u64::from(deviates);
    }
    Ok(deviating)
}

fn first_day(day: NaiveDate) -> i64 {
    day_number(month_of(day).start)
}

fn damaged() -> StoreError {
    StoreError::Damaged("what is summed up of a month".into())
}

for_both_engines! {
    use db::writes;

    /// Opens the months of these days again, by deleting their sums.
    pub fn reopen(writes: &mut writes::Writes, days: impl Iterator<Item = NaiveDate>) {
        let months: BTreeSet<i64> = days.map(first_day).collect();
        if months.is_empty() {
            return;
        }
        writes.query().push("delete from closed_months where first_day in (");
        let mut list = writes.query().separated(", ");
        months.into_iter().for_each(|month| { list.push_bind(month); });
        writes.query().push(")");
        writes.end_statement();
    }

    /// Opens the months of the days with `first <= day < end` again.
    pub async fn reopen_between(connection: &mut EngineConnection, first: i64, end: i64) -> Result<(), StoreError> {
        const LONGEST_MONTH: i64 = 31;
        sqlx::query("delete from closed_months where first_day > $1 and first_day < $2")
            .bind(first.saturating_sub(LONGEST_MONTH))
            .bind(end)
            .execute(connection)
            .await?;
        Ok(())
    }

    pub(in crate::store) async fn close(
        connection: &mut EngineConnection,
        business: &BusinessTime,
        first_day: i64,
    ) -> Result<(), StoreError> {
        let (sums, calls) = sum_up(connection, business, first_day).await?;
        sqlx::query(
            "insert into closed_months (first_day, sums, calls) values ($1, $2, $3) \
             on conflict (first_day) do update set sums = excluded.sums, calls = excluded.calls",
        )
        .bind(first_day)
        .bind(sums.pack())
        .bind(calls.pack())
        .execute(connection)
        .await?;
        Ok(())
    }

    pub(in crate::store) async fn deviates(
        connection: &mut EngineConnection,
        business: &BusinessTime,
        first_day: i64,
    ) -> Result<bool, StoreError> {
        let stored: Option<(Vec<u8>, Vec<u8>)> = sqlx::query_as("select sums, calls from closed_months where first_day = $1")
            .bind(first_day)
            .fetch_optional(&mut *connection)
            .await?;
        // The month may have been opened since.
        let Some((sums, calls)) = stored else { return Ok(false) };
        let stored = MonthSums::unpack(&sums).zip(MonthCalls::unpack(&calls));
        Ok(stored != Some(sum_up(connection, business, first_day).await?))
    }

    async fn sum_up(
        connection: &mut EngineConnection,
        business: &BusinessTime,
        first_day: i64,
    ) -> Result<(MonthSums, MonthCalls), StoreError> {
        let end = next_day(month_of(day_of_number(first_day)).end);
        let mut cells = sqlx::query_as(
            "select tier, bucket, subject, figures from cells \
             where (tier = $1 and bucket >= $2 and bucket < $3) or (tier in ($4, $5, $6) and bucket >= $7 and bucket < $8)",
        )
        .bind(Tier::Hour as i16)
        .bind(business.day_start_ms(day_of_number(first_day)))
        .bind(business.day_start_ms(end))
        .bind(Tier::Day as i16)
        .bind(Tier::Line as i16)
        .bind(Tier::Peer as i16)
        .bind(first_day)
        .bind(day_number(end))
        .fetch(connection);
        let (mut sums, mut calls) = (MonthSums::default(), MonthCalls::default());
        while let Some(CellRow { tier, bucket, subject, figures }) = cells.try_next().await? {
            let added = match Tier::from_code(tier) {
                Some(Tier::Day) => calls.add_packed(bucket, &figures),
                Some(tier) => sums.add_packed(tier, bucket, &subject, &figures, business),
                None => None,
            };
            added.ok_or_else(|| StoreError::Damaged("a cell of the statistics".into()))?;
        }
        Ok((sums, calls))
    }
}
