//! The cells of the statistics.

use futures_util::TryStreamExt;

use super::{Db, StoreError, reading};
use crate::stats::rollup::{Cell, Tier};

/// Hands every cell of a tier with `first <= bucket < end`, of one subject or of all, to `take`.
///
/// # Errors
/// When the database does not answer or a cell cannot be read.
pub async fn read_cells(
    db: &Db,
    tier: Tier,
    buckets: std::ops::Range<i64>,
    subject: Option<&str>,
    mut take: impl FnMut(i64, &str, &Cell),
) -> Result<(), StoreError> {
    reading!(db, pool => {
        let mut rows = sqlx::query_as::<_, (i64, String, Vec<u8>)>(
            "select bucket, subject, figures from cells \
             where tier = $1 and bucket >= $2 and bucket < $3 and (cast($4 as text) is null or subject = $4)",
        )
        .bind(tier as i16)
        .bind(buckets.start)
        .bind(buckets.end)
        .bind(subject)
        .fetch(pool);
        while let Some((bucket, subject, figures)) = rows.try_next().await? {
            take(bucket, &subject, &read_cell(&figures)?);
        }
        Ok(())
    })
}

pub(super) fn read_cell(figures: &[u8]) -> Result<Cell, StoreError> {
    Cell::unpack(figures).ok_or_else(|| StoreError::Damaged("a cell of the statistics".into()))
}
