//! The cells of the statistics: rollups by tier, bucket and subject.

use std::iter;
use std::ops::Range;

use futures_util::{StreamExt, TryStreamExt, stream};
use serde::de::DeserializeOwned;
use sqlx::{AssertSqlSafe, Row, Sqlite};

use crate::log_throttle::times;
use crate::stats::rollup::{Cell, CellKey, Class, Tier};
use crate::stats::sums::{Sums, count_packed, read_packed};
use crate::store::db::engine::Db;
use crate::store::db::error::StoreError;
use crate::store::db::reader::Reader;
use crate::store::db::rows_in_time::Stretch;

/// The length of a slice of hours that is read at once, in milliseconds.
const HOURS_AT_ONCE_MS: i64 = 30 * 24 * 3_600_000;
/// The length of a slice of days that is read at once, in days.
const DAYS_AT_ONCE: i64 = 40;
/// Maximum number of slices that are read directly; of more, it is asked first between which buckets there is anything
/// at all.
const FEW_SLICES: i64 = 4;

/// Logs, throttled, that a cell was below zero. Where many are, which ones matters less than a readable log.
pub(in crate::store) fn below_zero(key: &CellKey) {
    if let Some(times) = times("statistics were below zero", "") {
        tracing::error!(tier = ?key.tier, bucket = key.bucket, times, "statistics were below zero: run `fernamt rebuild`");
    }
}

/// Passes every cell of a tier with `first <= bucket < end`, of one subject or of all, to `take`.
///
/// # Errors
/// When the database does not answer or a cell cannot be read.
pub async fn read_cells(
    db: &Db,
    tier: Tier,
    buckets: Range<i64>,
    subject: Option<&str>,
    mut take: impl FnMut(i64, &str, &Cell),
) -> Result<(), StoreError> {
    read(db, tier, buckets, subject, |bucket, subject, figures| {
        take(bucket, subject, &read_cell(figures)?);
        Ok(())
    })
    .await
}

/// Like [`read_cells`] without percentiles: passes each class of each cell with its sums.
///
/// # Errors
/// When the database does not answer or a cell cannot be read.
pub async fn read_sums(
    db: &Db,
    tier: Tier,
    buckets: Range<i64>,
    mut take: impl FnMut(i64, &str, Class, Sums),
) -> Result<(), StoreError> {
    read(db, tier, buckets, None, |bucket, subject, figures| {
        read_packed(figures, |class, sums| take(bucket, subject, class, sums)).ok_or_else(damaged)
    })
    .await
}

/// Counts how many calls of each class began in each hour with `first <= bucket < end`.
///
/// # Errors
/// When the database does not answer or a cell cannot be read.
pub async fn count_hours(
    db: &Db,
    buckets: Range<i64>,
    mut take: impl FnMut(i64, Class, i64),
) -> Result<(), StoreError> {
    read(db, Tier::Hour, buckets, None, |bucket, _, figures| {
        count_packed(figures, |class, calls| take(bucket, class, calls)).ok_or_else(damaged)
    })
    .await
}

async fn read(
    db: &Db,
    tier: Tier,
    buckets: Range<i64>,
    subject: Option<&str>,
    mut take: impl FnMut(i64, &str, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    match db {
        Db::Sqlite(pools) => {
            // Of a blob, `group_concat` takes the bytes as they are. One list per column costs less than one of rows.
            let subjects = match tier {
                Tier::Hour | Tier::Day => "'[]'",
                Tier::Line | Tier::Peer => "json_group_array(subject)",
            };
            let columns = format!(
                "json_group_array(bucket), {subjects}, json_group_array(length(figures)), \
                 cast(group_concat(figures, '') as blob)"
            );
            let buckets = if (buckets.end - buckets.start) / slice_length(tier) < FEW_SLICES {
                buckets
            } else {
                filled(&pools.read, tier, buckets).await?
            };
            let read = slices(tier, buckets).map(|slice| {
                sqlx::query_as::<_, (String, String, String, Option<Vec<u8>>)>(cells_sql(&columns))
                    .bind(tier as i16)
                    .bind(slice.start)
                    .bind(slice.end)
                    .bind(subject)
                    .fetch_one(&pools.read)
            });
            // The next slice is read ahead while this one is counted.
            let (mut read, mut stretch) = (stream::iter(read).buffered(2), Stretch::begin());
            while let Some((buckets, subjects, lengths, figures)) = read.try_next().await? {
                stretch.rest().await?;
                let buckets: Vec<i64> = list(&buckets)?;
                let subjects: Vec<String> = list(&subjects)?;
                let lengths: Vec<usize> = list(&lengths)?;
                let subjects = subjects.iter().map(String::as_str).chain(iter::repeat(""));
                let mut rest = figures.as_deref().unwrap_or_default();
                for ((bucket, subject), length) in buckets.into_iter().zip(subjects).zip(lengths) {
                    let (figures, after) = rest.split_at_checked(length).ok_or_else(damaged)?;
                    rest = after;
                    take(bucket, subject, figures)?;
                }
            }
        }
        Db::Postgres(pools) => {
            let mut rows = sqlx::query(cells_sql("bucket, subject, figures"))
                .bind(tier as i16)
                .bind(buckets.start)
                .bind(buckets.end)
                .bind(subject)
                .fetch(&pools.read);
            while let Some(row) = rows.try_next().await? {
                take(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)?;
            }
        }
    }
    Ok(())
}

fn cells_sql(columns: &str) -> AssertSqlSafe<String> {
    AssertSqlSafe(format!(
        "select {columns} from cells \
         where tier = $1 and bucket >= $2 and bucket < $3 and (cast($4 as text) is null or subject = $4)"
    ))
}

fn list<T: DeserializeOwned>(json: &str) -> Result<Vec<T>, StoreError> {
    serde_json::from_str(json).map_err(|_| damaged())
}

/// Returns the part of a range outside of which there is nothing.
async fn filled(reader: &Reader<Sqlite>, tier: Tier, buckets: Range<i64>) -> Result<Range<i64>, StoreError> {
    // Each of the two is one step along the index; selected in one list, all buckets between them would be read.
    let (first, last): (Option<i64>, Option<i64>) = sqlx::query_as(
        "select (select min(bucket) from cells where tier = $1 and bucket >= $2 and bucket < $3), \
         (select max(bucket) from cells where tier = $1 and bucket >= $2 and bucket < $3)",
    )
    .bind(tier as i16)
    .bind(buckets.start)
    .bind(buckets.end)
    .fetch_one(reader)
    .await?;
    Ok(first.zip(last).map_or(buckets.start..buckets.start, |(first, last)| first..last + 1))
}

/// Returns how much of a tier is read at once, in its own unit.
fn slice_length(tier: Tier) -> i64 {
    match tier {
        Tier::Hour => HOURS_AT_ONCE_MS,
        Tier::Day | Tier::Line | Tier::Peer => DAYS_AT_ONCE,
    }
}

/// Splits a range into slices of so few cells that they can be fetched at once: SQLite wakes us for each row, and a
/// year has many.
fn slices(tier: Tier, buckets: Range<i64>) -> impl Iterator<Item = Range<i64>> {
    let length = slice_length(tier);
    let starts = (buckets.start..buckets.end).step_by(usize::try_from(length).unwrap_or(usize::MAX));
    starts.map(move |start| start..buckets.end.min(start.saturating_add(length)))
}

pub(in crate::store) fn read_cell(figures: &[u8]) -> Result<Cell, StoreError> {
    Cell::unpack(figures).ok_or_else(damaged)
}

fn damaged() -> StoreError {
    StoreError::Damaged("a cell of the statistics".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_a_long_time_only_the_part_with_calls_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite:{}", directory.path().join("cells.db").display())).await.unwrap();
        let Db::Sqlite(pools) = &db else { panic!("it is SQLite") };
        let years = 0..7_305;
        assert!(filled(&pools.read, Tier::Day, years.clone()).await.unwrap().is_empty());
        for (tier, bucket) in [(Tier::Day, 5_000), (Tier::Day, 5_100), (Tier::Day, 9_000), (Tier::Line, 1)] {
            let insert = sqlx::query("insert into cells (tier, bucket, subject, figures) values ($1, $2, '', x'')");
            insert.bind(tier as i16).bind(bucket).execute(&pools.write).await.unwrap();
        }
        let found = filled(&pools.read, Tier::Day, years).await.unwrap();
        assert_eq!((found.clone(), slices(Tier::Day, found).count()), (5_000..5_101, 3));
        db.close().await;
    }
}
