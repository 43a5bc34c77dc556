//! The cells of the statistics.

use std::ops::Range;

use futures_util::TryStreamExt;
use sqlx::Row;

use super::{Db, StoreError, reading};
use crate::stats::rollup::{Cell, Class, Tier};
use crate::stats::sums::{Sums, read_packed};

/// Hands every cell of a tier with `first <= bucket < end`, of one subject or of all, to `take`.
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

/// The same without percentiles: each class of each cell with its sums.
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

async fn read(
    db: &Db,
    tier: Tier,
    buckets: Range<i64>,
    subject: Option<&str>,
    mut take: impl FnMut(i64, &str, &[u8]) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    reading!(db, pool => {
        let mut rows = sqlx::query(
            "select bucket, subject, figures from cells \
             where tier = $1 and bucket >= $2 and bucket < $3 and (cast($4 as text) is null or subject = $4)",
        )
        .bind(tier as i16)
        .bind(buckets.start)
        .bind(buckets.end)
        .bind(subject)
        .fetch(pool);
        while let Some(row) = rows.try_next().await? {
            take(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?)?;
        }
        Ok(())
    })
}

pub(super) fn read_cell(figures: &[u8]) -> Result<Cell, StoreError> {
    Cell::unpack(figures).ok_or_else(damaged)
}

fn damaged() -> StoreError {
    StoreError::Damaged("a cell of the statistics".into())
}
