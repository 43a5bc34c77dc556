//! Open callbacks: who is still to be rung back. They are derived from the calls themselves, of which each outside
//! number has few: a table of their own would cost every event something.

/// Marks: callbacks marked by hand as done.
pub mod marks;
/// The callback report: who was missed in a period, and whether there was contact since.
pub mod report;

use std::collections::{BTreeMap, BTreeSet};

use sqlx::QueryBuilder;

use super::db::engine::{Db, reading};
use super::db::error::StoreError;
use super::db::from_row::from_row;
use super::db::rows_in_time::Stretch;
use crate::calls::phone::Numbering;

/// The number of parties in one query, while those that are no valid numbers are passed over.
const PARTIES_PER_QUERY: i64 = 500;

/// An open callback: somebody to ring back. Counts are since the last contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The outside number, E.164.
    pub party: String,
    /// The number of inbound calls that were missed or went to voicemail.
    pub missed_calls: i64,
    /// The start of the first of them, milliseconds since 1970 UTC.
    pub first_missed_ms: i64,
    /// The start of the last of them.
    pub last_missed_ms: i64,
    /// The own lines they called, ascending.
    pub numbers: Vec<String>,
}

/// The keyset cursor of a page of callbacks, which begins behind this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackCursor {
    first_missed_ms: i64,
    party: String,
}

impl CallbackPage {
    /// Cuts a page out of all there are, in order.
    pub fn of(all: Vec<Callback>, cursor: Option<CallbackCursor>, limit: usize) -> Self {
        let is_behind = |callback: &Callback| {
            let place = (callback.first_missed_ms, callback.party.as_str());
            cursor.as_ref().is_none_or(|cursor| place > (cursor.first_missed_ms, cursor.party.as_str()))
        };
        let mut callbacks: Vec<_> = all.into_iter().filter(is_behind).collect();
        let has_more = callbacks.len() > limit;
        callbacks.truncate(limit);
        let next = callbacks.last().filter(|_| has_more);
        let next = next.map(|last| CallbackCursor { first_missed_ms: last.first_missed_ms, party: last.party.clone() });
        Self { callbacks, next }
    }
}

impl CallbackCursor {
    /// Encodes the cursor for URLs, as opaque text.
    pub fn encode(&self) -> String {
        format!("{:x}{}", self.first_missed_ms, self.party)
    }

    /// Decodes what [`CallbackCursor::encode`] wrote; a raw `+` in a query decodes to a space.
    pub fn decode(text: &str) -> Option<Self> {
        let (first, digits) = text.split_once(['+', ' '])?;
        let first_missed_ms = u64::from_str_radix(first, 16).ok().map(u64::cast_signed)?;
        let is_number = (1..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        is_number.then(|| Self { first_missed_ms, party: format!("+{digits}") })
    }
}

/// A page of callbacks; who has waited longest comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackPage {
    /// The callbacks, at most as many as asked for.
    pub callbacks: Vec<Callback>,
    /// The cursor of the next page, if there is one.
    pub next: Option<CallbackCursor>,
}

/// The SQL condition that a row of `calls` named `$calls` is a missed call: inbound, and nobody took it, and our own
/// route did not turn it away.
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
/// The SQL condition that a row of `calls` named `$calls` is contact: an accepted call either way, as soon as it is
/// accepted.
macro_rules! contact {
    ($calls:literal) => {
        concat!(
            $calls,
            ".direction is not null and (",
            $calls,
            ".ending = 0 or (",
            $calls,
            ".ending is null and ",
            $calls,
            ".accepted_ms is not null))"
        )
    };
}
/// The SQL condition that the number `$party` is none of our own lines, seen since a year before `$1`: a call from one of
/// them to another is between colleagues, and nobody is owed a callback. It is told by the index `lines_by_number`,
/// however many calls there are.
macro_rules! not_ours {
    ($party:literal) => {
        concat!(
            "not exists (select 1 from cells l where l.tier = 2 and l.subject = ",
            $party,
            " and l.bucket >= $1 / 86400000 - 366)"
        )
    };
}
pub(in crate::store) use {contact, missed, not_ours};

/// The SQL for the callers `$who` that were missed since `$1`, and had no contact after the last time and no mark by
/// hand after it ended: who marks a callback as done has not seen a call that still rings. Grouping by an expression
/// keeps SQLite from reading every call there is in order of party, for the sake of the groups.
macro_rules! owed_callers {
    ($who:literal) => {
        concat!(
            "with recent as materialized (
                select coalesce(party, '') as caller, max(started_ms) as last_ms, max(ended_ms) as ended_ms from calls
                where started_ms >= $1 and ",
            $who,
            " and ",
            missed!("calls"),
            "   group by 1
            ), owed as materialized (
                select caller from recent
                where not exists (select 1 from callbacks_done d where d.party = caller and d.done_ms >= ended_ms)
                and not exists (select 1 from calls c where c.party = caller and c.started_ms > last_ms and ",
            contact!("c"),
            ") and ",
            not_ours!("caller"),
            ") "
        )
    };
}

/// The SQL that adds since when the calls of these callers count. Everything but the time is asked per caller, by
/// index, and no more than the order needs: joined with their calls, a planner would rather read every call there is.
macro_rules! owed_since {
    ($who:literal) => {
        concat!(
            owed_callers!($who),
            ", known as materialized (
                select caller,
                    coalesce((select max(started_ms) from calls c where c.party = caller and ",
            contact!("c"),
            "       ), -1) as contact_ms,
                    coalesce((select max(done_ms) from callbacks_done d where d.party = caller), -1) as done_ms
                from owed
            ), since as materialized (
                select caller, contact_ms, done_ms, (
                    select min(m.started_ms) from calls m
                    where m.party = caller and m.started_ms >= contact_ms and m.ended_ms > done_ms and ",
            missed!("m"),
            "   ) as first_ms
                from known
            )
            select caller, contact_ms, done_ms, first_ms from since "
        )
    };
}

const OWED: &str = concat!(
    owed_since!("party like '+%'"),
    "where (first_ms, caller) > ($2, $3) order by first_ms, caller limit cast($4 as bigint)"
);
const OWED_TO: &str = owed_since!("party = $2");
const OWED_OF_LINES_SQLITE: &str = owed_since!("party like '+%' and number in (select value from json_each($2))");
const OWED_OF_LINES_POSTGRES: &str =
    owed_since!("party like '+%' and number in (select json_array_elements_text(cast($2 as json)))");

/// A row of a caller who is owed a callback, with since when the calls count.
struct OwedRow {
    caller: String,
    contact_ms: i64,
    done_ms: i64,
    first_ms: i64,
}

from_row!(OwedRow: caller, contact_ms, done_ms, first_ms);

/// Returns a page of valid outside numbers with a call missed since `since_ms` and no contact after the last one.
pub async fn open_callbacks(
    db: &Db,
    numbering: &Numbering,
    since_ms: i64,
    cursor: Option<CallbackCursor>,
    limit: usize,
) -> Result<CallbackPage, StoreError> {
    let mut from = cursor.unwrap_or(CallbackCursor { first_missed_ms: i64::MIN, party: String::new() });
    let mut owed: Vec<OwedRow> = Vec::new();
    loop {
        let rows: Vec<OwedRow> = reading!(db, pool => {
            sqlx::query_as(OWED)
                .bind(since_ms)
                .bind(from.first_missed_ms)
                .bind(from.party.as_str())
                .bind(PARTIES_PER_QUERY)
                .fetch_all(pool)
                .await?
        });
        let was_last = rows.len() < PARTIES_PER_QUERY as usize;
        if let Some(last) = rows.last() {
            from = CallbackCursor { first_missed_ms: last.first_ms, party: last.caller.clone() };
        }
        owed.extend(only_valid(numbering, rows, |row| &row.caller).await?);
        if was_last || owed.len() > limit {
            break;
        }
    }
    let has_more = owed.len() > limit;
    owed.truncate(limit);
    let next = owed.last().filter(|_| has_more);
    let next = next.map(|last| CallbackCursor { first_missed_ms: last.first_ms, party: last.caller.clone() });
    Ok(CallbackPage { callbacks: with_calls(db, owed, None).await?, next })
}

/// Returns all that [`open_callbacks`] has, as far as calls to these lines tell: whoever was missed there since
/// `since_ms`, with those missed calls alone. Contact counts on whichever line.
pub async fn open_callbacks_of_lines(
    db: &Db,
    numbering: &Numbering,
    since_ms: i64,
    lines: &[String],
) -> Result<Vec<Callback>, StoreError> {
    let sql = if matches!(db, Db::Sqlite(_)) { OWED_OF_LINES_SQLITE } else { OWED_OF_LINES_POSTGRES };
    let lines_json = serde_json::json!(lines).to_string();
    let owed: Vec<OwedRow> = reading!(db, pool => {
        sqlx::query_as(sql).bind(since_ms).bind(lines_json.as_str()).fetch_all(pool).await?
    });
    let mut owed = only_valid(numbering, owed, |row| &row.caller).await?;
    let mut callbacks = Vec::new();
    while !owed.is_empty() {
        let some = owed.split_off(owed.len().saturating_sub(PARTIES_PER_QUERY as usize));
        callbacks.extend(with_calls(db, some, Some(lines)).await?);
    }
    callbacks.retain(|callback| callback.missed_calls > 0);
    callbacks.sort_by(|a, b| (a.first_missed_ms, &a.party).cmp(&(b.first_missed_ms, &b.party)));
    Ok(callbacks)
}

/// Returns what [`open_callbacks`] has of one party, if anything.
pub async fn open_callback_of(
    db: &Db,
    numbering: &Numbering,
    since_ms: i64,
    party: &str,
) -> Result<Option<Callback>, StoreError> {
    if !is_valid(numbering, party) {
        return Ok(None);
    }
    let owed: Option<OwedRow> = reading!(db, pool => {
        sqlx::query_as(OWED_TO).bind(since_ms).bind(party).fetch_optional(pool).await?
    });
    Ok(with_calls(db, owed.into_iter().collect(), None).await?.pop())
}

/// Counts all that [`open_callbacks`] has.
pub async fn count_open(db: &Db, numbering: &Numbering, since_ms: i64) -> Result<i64, StoreError> {
    const CALLERS: &str = concat!(owed_callers!("party like '+%'"), "select caller from owed");
    let callers: Vec<String> = reading!(db, pool => {
        sqlx::query_scalar(CALLERS).bind(since_ms).fetch_all(pool).await?
    });
    let valid = only_valid(numbering, callers, |caller| caller).await?;
    Ok(i64::try_from(valid.len()).unwrap_or(i64::MAX))
}

/// Returns whether a party can be rung back: hidden callers, SIP users and extensions cannot.
pub(in crate::store) fn is_valid(numbering: &Numbering, party: &str) -> bool {
    numbering.e164(party).is_some_and(|number| number == party)
}

/// Keeps the rows of valid numbers, yielding now and then, because there may be very many.
async fn only_valid<T>(numbering: &Numbering, rows: Vec<T>, party: fn(&T) -> &str) -> Result<Vec<T>, StoreError> {
    let (mut valid, mut stretch) = (Vec::new(), Stretch::begin());
    for row in rows {
        stretch.rest().await?;
        if is_valid(numbering, party(&row)) {
            valid.push(row);
        }
    }
    Ok(valid)
}

/// Adds what the missed calls of these callers tell; with `lines`, only of calls to these.
async fn with_calls(db: &Db, owed: Vec<OwedRow>, lines: Option<&[String]>) -> Result<Vec<Callback>, StoreError> {
    if owed.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(String, i64, i64, Option<String>)> = reading!(db, pool => {
        let mut query = QueryBuilder::new(concat!(
            "select party, started_ms, ended_ms, number from calls where ",
            missed!("calls"),
            " and ended_ms is not null and party in ("
        ));
        let mut list = query.separated(",");
        for row in &owed {
            list.push_bind(row.caller.as_str());
        }
        query.push(")");
        query.build_query_as().persistent(false).fetch_all(pool).await?
    });
    let mut missed: BTreeMap<String, Vec<(i64, i64, Option<String>)>> = BTreeMap::new();
    let is_seen = |number: &Option<String>| {
        lines.is_none_or(|lines| number.as_ref().is_some_and(|number| lines.contains(number)))
    };
    for (party, started_ms, ended_ms, number) in rows.into_iter().filter(|row| is_seen(&row.3)) {
        missed.entry(party).or_default().push((started_ms, ended_ms, number));
    }
    let callback = |row: OwedRow| {
        let calls = missed.remove(&row.caller).unwrap_or_default().into_iter();
        let is_open = |call: &(i64, i64, Option<String>)| call.0 >= row.contact_ms && call.1 > row.done_ms;
        let calls: Vec<_> = calls.filter(is_open).collect();
        let numbers: BTreeSet<&String> = calls.iter().filter_map(|call| call.2.as_ref()).collect();
        Callback {
            missed_calls: i64::try_from(calls.len()).unwrap_or(i64::MAX),
            first_missed_ms: calls.iter().map(|call| call.0).min().unwrap_or(row.first_ms),
            last_missed_ms: calls.iter().map(|call| call.0).max().unwrap_or(row.first_ms),
            numbers: numbers.into_iter().cloned().collect(),
            party: row.caller,
        }
    };
    Ok(owed.into_iter().map(callback).collect())
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::store::calls::query::tests::plan;

    #[tokio::test]
    async fn whether_a_number_is_ours_is_told_by_an_index_alone() {
        let directory = tempfile::tempdir().unwrap();
        let db = Db::open(&format!("sqlite:{}", directory.path().join("calls.db").display())).await.unwrap();
        for sql in [OWED, OWED_TO, OWED_OF_LINES_SQLITE] {
            let steps = plan(&db, AssertSqlSafe(sql.to_owned())).await;
            let of_lines: Vec<_> = steps.iter().filter(|step| step.starts_with("SEARCH l ")).collect();
            assert_eq!(of_lines, ["SEARCH l USING COVERING INDEX lines_by_number (subject=? AND bucket>?)"], "{sql}");
            assert!(!steps.iter().any(|step| step.starts_with("SCAN c") || step.starts_with("SCAN l")), "{steps:?}");
        }
        db.close().await;
    }

    #[test]
    fn cursors_lead_back_and_nonsense_is_none() {
        let cursor = CallbackCursor { first_missed_ms: 1_795_334_400_123, party: "+4922129191999".into() };
        assert_eq!(CallbackCursor::decode(&cursor.encode()), Some(cursor.clone()));
        assert_eq!(CallbackCursor::decode(&cursor.encode().replace('+', " ")), Some(cursor));
        for text in ["", "+", "x+49", "1+", "1+4 9", "12", "1+1234567890123456", "fffffffffffffffff+49"] {
            assert_eq!(CallbackCursor::decode(text), None, "{text}");
        }
    }
}
