//! Who is still to be rung back. Asked of the calls themselves: each outside number has few.

use std::collections::BTreeMap;

use sqlx::QueryBuilder;

use super::{Db, StoreError, reading, writing};
use crate::calls::phone::Numbering;

/// Parties asked for at once while those that are no valid numbers are passed over.
const PARTIES_PER_QUERY: i64 = 500;

/// Somebody to ring back. Counts are since the last contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The outside number, E.164.
    pub party: String,
    /// How many inbound calls were missed or went to voicemail.
    pub missed_calls: i64,
    /// The first of them, milliseconds since 1970 UTC.
    pub first_missed_ms: i64,
    /// The last of them.
    pub last_missed_ms: i64,
    /// The own lines they called, ascending.
    pub numbers: Vec<String>,
}

/// Where a page of callbacks begins: behind this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackCursor {
    first_missed_ms: i64,
    party: String,
}

impl CallbackCursor {
    /// For urls; means nothing to others.
    pub fn encode(&self) -> String {
        format!("{:x}{}", self.first_missed_ms, self.party)
    }

    /// Reads what [`CallbackCursor::encode`] wrote.
    pub fn decode(text: &str) -> Option<Self> {
        let (first, digits) = text.split_once('+')?;
        let first_missed_ms = i64::from_str_radix(first, 16).ok().filter(|_| first.len() <= 16)?;
        let is_number = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| Self { first_missed_ms, party: format!("+{digits}") })
    }
}

/// A page of callbacks, who has waited longest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackPage {
    /// At most as many as asked for.
    pub callbacks: Vec<Callback>,
    /// Where the next page begins, if there is one.
    pub next: Option<CallbackCursor>,
}

/// Of a row of `calls` named `$calls`: an inbound call that nobody took, and that not our own route turned away.
macro_rules! missed {
    ($calls:literal) => {
        concat!(
            $calls,
            ".direction = 1 and ",
            $calls,
            ".ending in (1, 2) and not exists (select 1 from decisions where call_key = ",
            $calls,
            ".id and (xml like '%<Reject%' or xml like '%<Hangup%'))"
        )
    };
}

/// Contact is an accepted call either way, as soon as it is accepted.
const OWED: &str = concat!(
    "with recent as (
        select party, max(started_ms) as last_ms from calls
        where started_ms >= $1 and party is not null and ",
    missed!("calls"),
    "   group by party
    ), known as (
        select party, last_ms,
            coalesce((
                select max(started_ms) from calls c
                where c.party = recent.party and c.direction is not null
                and (c.ending = 0 or (c.ending is null and c.accepted_ms is not null))
            ), -1) as contact_ms,
            coalesce((select done_ms from callbacks_done d where d.party = recent.party), -1) as done_ms
        from recent
    )
    select known.party, count(*), min(m.started_ms), max(m.started_ms)
    from known join calls m on m.party = known.party and m.started_ms > contact_ms and m.started_ms > done_ms and ",
    missed!("m"),
    " where contact_ms <= last_ms and done_ms < last_ms
    group by known.party
    having (min(m.started_ms), known.party) > ($2, $3)
    order by 3, 1 limit $4"
);

/// Valid outside numbers with a call missed since `since_ms` and no contact after the last one.
///
/// # Errors
/// When the database does not answer.
pub async fn open_callbacks(
    db: &Db,
    numbering: &Numbering,
    since_ms: i64,
    cursor: Option<CallbackCursor>,
    limit: usize,
) -> Result<CallbackPage, StoreError> {
    let mut from = cursor.unwrap_or(CallbackCursor { first_missed_ms: i64::MIN, party: String::new() });
    let mut callbacks = Vec::new();
    loop {
        let rows: Vec<(String, i64, i64, i64)> = reading!(db, pool => {
            sqlx::query_as(OWED)
                .bind(since_ms)
                .bind(from.first_missed_ms)
                .bind(from.party.as_str())
                .bind(PARTIES_PER_QUERY)
                .fetch_all(pool)
                .await?
        });
        let was_last = rows.len() < PARTIES_PER_QUERY as usize;
        for (party, missed_calls, first_missed_ms, last_missed_ms) in rows {
            from = CallbackCursor { first_missed_ms, party: party.clone() };
            // Hidden callers, SIP users and extensions cannot be rung back.
            if numbering.e164(&party).as_ref() != Some(&party) {
                continue;
            }
            if callbacks.len() == limit {
                let next = callbacks.last().map(|last: &Callback| CallbackCursor {
                    first_missed_ms: last.first_missed_ms,
                    party: last.party.clone(),
                });
                return with_numbers(db, callbacks, next).await;
            }
            let numbers = Vec::new();
            callbacks.push(Callback { party, missed_calls, first_missed_ms, last_missed_ms, numbers });
        }
        if was_last {
            return with_numbers(db, callbacks, None).await;
        }
    }
}

/// Adds the lines that were called.
async fn with_numbers(
    db: &Db,
    mut callbacks: Vec<Callback>,
    next: Option<CallbackCursor>,
) -> Result<CallbackPage, StoreError> {
    let mut lines: BTreeMap<String, Vec<(i64, String)>> = BTreeMap::new();
    if !callbacks.is_empty() {
        let rows: Vec<(String, i64, String)> = reading!(db, pool => {
            let mut query = QueryBuilder::new(concat!(
                "select party, started_ms, number from calls where number is not null and ",
                missed!("calls"),
                " and party in ("
            ));
            let mut list = query.separated(",");
            for callback in &callbacks {
                list.push_bind(callback.party.as_str());
            }
            query.push(")");
            query.build_query_as().persistent(false).fetch_all(pool).await?
        });
        for (party, started_ms, number) in rows {
            lines.entry(party).or_default().push((started_ms, number));
        }
    }
    for callback in &mut callbacks {
        let called = lines.remove(&callback.party).unwrap_or_default().into_iter();
        let since = callback.first_missed_ms;
        callback.numbers = called.filter(|(started_ms, _)| *started_ms >= since).map(|(_, number)| number).collect();
        callback.numbers.sort();
        callback.numbers.dedup();
    }
    Ok(CallbackPage { callbacks, next })
}

/// Takes a number off the list until it is missed again.
///
/// # Errors
/// When the database does not answer.
pub async fn mark_done(db: &Db, party: &str, done_ms: i64) -> Result<(), StoreError> {
    writing!(db, transaction => {
        sqlx::query(
            "insert into callbacks_done (party, done_ms) values ($1, $2) \
             on conflict (party) do update set done_ms = excluded.done_ms",
        )
        .bind(party)
        .bind(done_ms)
        .execute(&mut *transaction)
        .await
        .map(drop)
        .map_err(StoreError::from)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_lead_back_and_nonsense_is_none() {
        let cursor = CallbackCursor { first_missed_ms: 1_795_334_400_123, party: "+4922129191999".into() };
        assert_eq!(CallbackCursor::decode(&cursor.encode()), Some(cursor));
        for text in ["", "+", "x+49", "1+", "1+4 9", "12", "1+1234567890123456", "fffffffffffffffff+49"] {
            assert_eq!(CallbackCursor::decode(text), None, "{text}");
        }
    }
}
