//! Calls, one and many.

use futures_util::TryStreamExt;

use super::rows::{CallRow, DecisionRow, call_columns, pack_call_id, pack_direction};
use super::{Db, StoreError, reading};
use crate::calls::call::Call;
use crate::calls::outcome::Outcome;
use crate::calls::phone::Numbering;
use crate::placetel::event::CallId;
use crate::routing::table::Decision;
use crate::stats::business::{BusinessTime, next_day};
use crate::stats::filter::Filter;

pub use super::rows::StoredCall;

/// A filter in the store's terms. Made once per question, so that all its queries see the same moment.
#[derive(Clone, Debug)]
pub struct CallQuery {
    start_ms: i64,
    end_ms: i64,
    direction: Option<i16>,
    number: Option<String>,
    peer: Option<String>,
    party: Option<String>,
    in_hours: Option<bool>,
    open_after_ms: i64,
    outcome_mask: i64,
    text: Option<String>,
    digits: Option<String>,
    international: Option<String>,
}

impl CallQuery {
    /// `open_after_ms`: a call without HungUp that started later than this is still running.
    pub fn new(filter: &Filter, business: &BusinessTime, numbering: &Numbering, open_after_ms: i64) -> Self {
        let outcomes = if filter.outcomes.is_empty() { &Outcome::ALL[..] } else { &filter.outcomes };
        let (digits, international) = search_digits(filter.search.as_deref(), numbering);
        Self {
            start_ms: business.day_start_ms(filter.days.start),
            end_ms: business.day_start_ms(next_day(filter.days.end)),
            direction: pack_direction(filter.direction),
            number: filter.number.clone(),
            peer: filter.peer.clone(),
            party: filter.party.clone(),
            in_hours: filter.in_hours,
            open_after_ms,
            outcome_mask: outcomes.iter().fold(0, |mask, outcome| mask | 1 << outcome.code()),
            text: filter.search.as_ref().map(|text| contains(text)),
            digits,
            international,
        }
    }

    /// The same question about calls that are still running.
    pub fn only_open(&self) -> Self {
        let mask = self.outcome_mask & 1 << Outcome::Open.code();
        Self { outcome_mask: mask, start_ms: self.start_ms.max(self.open_after_ms), ..self.clone() }
    }

    /// Whether a call is still running at the moment of this question.
    pub fn is_open(&self, call: &Call) -> bool {
        call.ending.is_none() && call.started_ms > self.open_after_ms
    }

    /// The same question about calls of any outcome.
    pub fn any_outcome(&self) -> Self {
        Self { outcome_mask: -1, ..self.clone() }
    }
}

fn contains(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// Numbers are searched as people write them: blanks and dashes do not count, `0221` also finds `+49221…`.
fn search_digits(search: Option<&str>, numbering: &Numbering) -> (Option<String>, Option<String>) {
    let Some(text) = search else { return (None, None) };
    // The zero of `+49 (0)221` is not dialled.
    let text = if text.starts_with('+') { text.replace("(0)", "") } else { text.to_owned() };
    let written = |c: char| c.is_ascii_digit() || "+ -/().".contains(c);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || !text.chars().all(written) {
        return (None, None);
    }
    let beginning = numbering.international(&text).map(|beginning| format!("{beginning}%"));
    let anywhere = format!("%{digits}%");
    (Some(anywhere.clone()), Some(beginning.unwrap_or(anywhere)))
}

/// The conditions of a [`CallQuery`], `$1` to `$12`; the party's is a parameter because only an equality
/// can use its index. The code of an outcome depends on the moment: see [`crate::calls::call::Call::standing`].
macro_rules! select_calls {
    ($party:literal, $more:literal) => {
        concat!(
            "select ",
            call_columns!(),
            " from calls where started_ms >= $1 and started_ms < $2 \
             and ($3 is null or direction = $3) and ($4 is null or number = $4) and ($5 is null or peer = $5) and ",
            $party,
            " and ($7 is null or in_hours = $7) \
             and (($9 >> (case when ending is not null then ending when started_ms > $8 then 10 \
                  when accepted_ms is not null then 0 else 9 end)) & 1) = 1 \
             and ($10 is null or lower(from_number) like lower($10) escape '!' or lower(to_number) like lower($10) escape '!' \
                  or lower(number) like lower($10) escape '!' or lower(party) like lower($10) escape '!' \
                  or lower(peer) like lower($10) escape '!' or ($11 is not null and (from_number like $11 \
                  or to_number like $11 or number like $12 or party like $12))) ",
            $more
        )
    };
}

macro_rules! bind_query {
    ($sql:expr, $query:expr) => {
        sqlx::query_as::<_, CallRow>($sql)
            .bind($query.start_ms)
            .bind($query.end_ms)
            .bind($query.direction)
            .bind($query.number.as_deref())
            .bind($query.peer.as_deref())
            .bind($query.party.as_deref())
            .bind($query.in_hours)
            .bind($query.open_after_ms)
            .bind($query.outcome_mask)
            .bind($query.text.as_deref())
            .bind($query.digits.as_deref())
            .bind($query.international.as_deref())
    };
}

/// Where a page of the call log begins: after the call with this start and key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    started_ms: i64,
    key: i64,
}

impl Cursor {
    /// Behind this call.
    pub fn after(call: &StoredCall) -> Self {
        Self { started_ms: call.call.started_ms, key: call.key }
    }

    /// For urls; means nothing to others.
    pub fn encode(self) -> String {
        format!("{:x}-{:x}", self.started_ms, self.key)
    }

    /// Reads what [`Cursor::encode`] wrote.
    pub fn decode(text: &str) -> Option<Self> {
        let (started, key) = text.split_once('-')?;
        let number = |text: &str| i64::from_str_radix(text, 16).ok().filter(|_| text.len() <= 16);
        Some(Self { started_ms: number(started)?, key: number(key)? })
    }
}

/// A page of calls, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallPage {
    /// At most as many as asked for.
    pub calls: Vec<StoredCall>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

/// Calls newest first, from `cursor` on.
///
/// # Errors
/// When the database does not answer.
pub async fn list_calls(
    db: &Db,
    query: &CallQuery,
    cursor: Option<Cursor>,
    limit: usize,
) -> Result<CallPage, StoreError> {
    const ANY: &str = select_calls!(
        "$6 is null",
        "and (started_ms, calls.id) < ($13, $14) order by started_ms desc, calls.id desc limit $15"
    );
    const OF_PARTY: &str = select_calls!(
        "party = $6",
        "and (started_ms, calls.id) < ($13, $14) order by started_ms desc, calls.id desc limit $15"
    );
    let from = cursor.unwrap_or(Cursor { started_ms: i64::MAX, key: i64::MAX });
    // SQLite would read and skip everything newer than the cursor if only the pair told where to begin.
    let query = &CallQuery { end_ms: query.end_ms.min(from.started_ms.saturating_add(1)), ..query.clone() };
    let sql = if query.party.is_some() { OF_PARTY } else { ANY };
    let more = i64::try_from(limit).unwrap_or(i64::MAX - 1) + 1;
    let rows: Vec<CallRow> = reading!(db, pool => {
        bind_query!(sql, query).bind(from.started_ms).bind(from.key).bind(more).fetch_all(pool).await?
    });
    let mut calls = rows.into_iter().map(StoredCall::try_from).collect::<Result<Vec<_>, _>>()?;
    let has_more = calls.len() > limit;
    calls.truncate(limit);
    let next = calls.last().filter(|_| has_more).map(Cursor::after);
    Ok(CallPage { calls, next })
}

/// Hands every call to `take`, in no particular order.
///
/// # Errors
/// When the database does not answer.
pub async fn for_each_call(db: &Db, query: &CallQuery, mut take: impl FnMut(StoredCall)) -> Result<(), StoreError> {
    const ANY: &str = select_calls!("$6 is null", "");
    const OF_PARTY: &str = select_calls!("party = $6", "");
    let sql = if query.party.is_some() { OF_PARTY } else { ANY };
    reading!(db, pool => {
        let mut rows = bind_query!(sql, query).fetch(pool);
        while let Some(row) = rows.try_next().await? {
            take(row.try_into()?);
        }
        Ok(())
    })
}

/// The route that answered each call of a time span, by the call's key: id and name.
///
/// # Errors
/// When the database does not answer.
pub async fn routes_of_calls(
    db: &Db,
    query: &CallQuery,
) -> Result<std::collections::HashMap<i64, (i64, Option<String>)>, StoreError> {
    let rows: Vec<(i64, i64, Option<String>)> = reading!(db, pool => {
        sqlx::query_as(
            "select call_key, route_id, route_name from decisions join calls on calls.id = call_key \
             where route_id is not null and started_ms >= $1 and started_ms < $2",
        )
        .bind(query.start_ms)
        .bind(query.end_ms)
        .fetch_all(pool)
        .await?
    });
    Ok(rows.into_iter().map(|(key, route, name)| (key, (route, name))).collect())
}

/// The call with this id.
///
/// # Errors
/// When the database does not answer.
pub async fn find_call(db: &Db, call_id: &CallId) -> Result<Option<StoredCall>, StoreError> {
    const SQL: &str = concat!("select ", call_columns!(), " from calls where call_id = $1");
    let row: Option<CallRow> = reading!(db, pool => {
        sqlx::query_as(SQL).bind(pack_call_id(call_id)).fetch_optional(pool).await?
    });
    row.map(StoredCall::try_from).transpose()
}

/// What the PBX was told for a call, if it asked us.
///
/// # Errors
/// When the database does not answer.
pub async fn find_decision(db: &Db, call_id: &CallId) -> Result<Option<Decision>, StoreError> {
    let row: Option<DecisionRow> = reading!(db, pool => {
        sqlx::query_as(
            "select call_key, route_id, route_name, xml, decided_ms from decisions \
             where call_key = (select id from calls where call_id = $1)",
        )
        .bind(pack_call_id(call_id))
        .fetch_optional(pool)
        .await?
    });
    Ok(row.map(|row| row.into_pair().1))
}

/// Own lines and SIP users seen in a time span, each ascending: what filters offer.
///
/// # Errors
/// When the database does not answer.
pub async fn lines_and_peers(db: &Db, days: std::ops::Range<i64>) -> Result<(Vec<String>, Vec<String>), StoreError> {
    let rows: Vec<(i16, String)> = reading!(db, pool => {
        sqlx::query_as(
            "select distinct tier, subject from cells where tier in (2, 3) and bucket >= $1 and bucket < $2 \
             and subject <> ''",
        )
        .bind(days.start)
        .bind(days.end)
        .fetch_all(pool)
        .await?
    });
    let of = |tier: i16| {
        let mut subjects: Vec<String> = rows.iter().filter(|row| row.0 == tier).map(|row| row.1.clone()).collect();
        subjects.sort();
        subjects
    };
    Ok((of(2), of(3)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_lead_back_and_nonsense_is_none() {
        let cursor = Cursor { started_ms: 1_795_334_400_123, key: 42 };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        for text in ["", "-", "x-1", "1", "fffffffffffffffff-1", "1-1-1"] {
            assert_eq!(Cursor::decode(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_searched_as_people_write_them() {
        let numbering = Numbering::new("DE").unwrap();
        let digits = |text| search_digits(Some(text), &numbering);
        let some = |a: &str, b: &str| (Some(a.to_owned()), Some(b.to_owned()));
        assert_eq!(digits("0221 29"), some("%022129%", "+4922129%"));
        assert_eq!(digits("+49 221"), some("%49221%", "+49221%"));
        assert_eq!(digits("0049 221"), some("%0049221%", "+49221%"));
        assert_eq!(digits("+49 (0)221 29"), some("%4922129%", "+4922129%"));
        assert_eq!(digits("1999"), some("%1999%", "%1999%"));
        assert_eq!(digits("anna"), (None, None));
        assert_eq!(contains("a_b%c!"), "%a!_b!%c!!%");
    }
}
