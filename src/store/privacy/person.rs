//! Reads everything that is kept of one person.

pub use super::of_person::CallOfPerson;
use super::of_person::{CALLS_PER_SEARCH, kept_of, person, told_beyond};
use crate::calls::receipts::Receipts;
use crate::stats::derivation::Derivation;
use crate::store::callbacks::marks::Mark;
use crate::store::calls::surplus::next_of_call;
use crate::store::db::engine::{Db, reading};
use crate::store::db::error::StoreError;

/// A piece of what is kept of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A call, with the events that are folded to it.
    Call(Box<CallOfPerson>),
    /// Some of the surplus events, beyond those that are folded, of the call before.
    Beyond(Receipts),
}

/// Passes every call with a person to `take`, piece by piece, in the order in which calls were first heard of. `number`
/// is in E.164, or as calls have it.
///
/// # Errors
/// When the database does not answer, or what `take` returns.
pub async fn calls_of<E: From<StoreError>>(
    db: &Db,
    derivation: &Derivation,
    number: &str,
    mut take: impl FnMut(Piece) -> Result<(), E>,
) -> Result<(), E> {
    let (person, numbering) = (person(db, derivation, number).await?, &derivation.numbering);
    let mut place = Some(0_i64);
    while let Some(after) = place {
        let keys = after..after.saturating_add(CALLS_PER_SEARCH);
        let told = told_beyond(db, numbering, &person, keys.clone()).await?;
        let (calls, next) = kept_of(db, numbering, &person, keys, &told).await?;
        for call in calls {
            let beyond = (call.call.call.events_beyond(&call.events) > 0).then_some(call.call.key);
            take(Piece::Call(Box::new(call)))?;
            let Some(key) = beyond else { continue };
            let mut last = Vec::new();
            while let Some((events, digest)) = next_of_call(db, key, &last).await? {
                take(Piece::Beyond(events))?;
                last = digest;
            }
        }
        place = next;
    }
    Ok(())
}

/// Lists all marks by hand that callbacks to a number are done, oldest first.
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
