//! What is kept of one person.

use super::conceal::{postgres, sqlite};
use super::forgetting::person;
use super::marks::Mark;
use super::record::Derivation;
use super::rows::StoredCall;
use super::{Db, StoreError, reading};
use crate::calls::receipts::Receipts;
use crate::routing::table::Decision;

/// A call with somebody, and all that is kept of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOfPerson {
    /// The call.
    pub call: StoredCall,
    /// Its events.
    pub events: Receipts,
    /// What the PBX was told.
    pub decision: Option<Decision>,
}

/// Hands every call with somebody to `take`, in the order in which they were first heard of. `number` is in E.164, or as
/// calls have it.
///
/// # Errors
/// When the database does not answer, or what `take` returns.
pub async fn calls_of<E: From<StoreError>>(
    db: &Db,
    derivation: &Derivation,
    number: &str,
    mut take: impl FnMut(CallOfPerson) -> Result<(), E>,
) -> Result<(), E> {
    let person = person(db, derivation, number).await?;
    let mut place = Some(0);
    while let Some(after) = place {
        let (calls, next) = match db {
            Db::Sqlite(pools) => {
                let mut connection = pools.read.acquire().await.map_err(StoreError::from)?;
                sqlite::kept_of(&mut connection, &derivation.numbering, &person, after).await?
            }
            Db::Postgres(pools) => {
                let mut connection = pools.read.acquire().await.map_err(StoreError::from)?;
                postgres::kept_of(&mut connection, &derivation.numbering, &person, after).await?
            }
        };
        calls.into_iter().try_for_each(&mut take)?;
        place = next;
    }
    Ok(())
}

/// All marks by hand of a number, oldest first.
///
/// # Errors
/// When the database does not answer.
pub async fn marks_of(db: &Db, number: &str) -> Result<Vec<Mark>, StoreError> {
    let rows: Vec<(i64, Option<String>)> = reading!(db, pool => {
        sqlx::query_as("select done_ms, done_by from callbacks_done where party = $1 order by done_ms")
            .bind(number)
            .fetch_all(pool)
            .await?
    });
    let mark = |(done_ms, done_by)| Mark { party: number.to_owned(), done_ms, done_by };
    Ok(rows.into_iter().map(mark).collect())
}
