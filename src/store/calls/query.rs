//! The query for calls: which ones are asked for, and the SQL that says so.

use std::ops::Range;

use sqlx::AssertSqlSafe;

use super::rows::pack_direction;
use crate::calls::call::Call;
use crate::calls::outcome::Outcome;
use crate::calls::phone::Numbering;
use crate::contacts::block::beginning;
use crate::stats::business::{BusinessTime, next_day};
use crate::stats::columns::search::{Digits, Search};
use crate::stats::filter::Filter;
use crate::stats::rollup::Class;
use crate::store::db::engine::Db;

/// The bit mask of all outcomes.
const ALL_OUTCOMES: i64 = (1 << Outcome::ALL.len()) - 1;

/// A filter translated into the store's terms. It is made once per question, so that all its queries see the same
/// moment.
#[derive(Clone, Debug)]
pub struct CallQuery {
    pub(in crate::store) start_ms: i64,
    pub(in crate::store) end_ms: i64,
    pub(in crate::store) direction: Option<i16>,
    pub(in crate::store) number: Option<String>,
    pub(in crate::store) peer: Option<String>,
    pub(in crate::store) party: Option<String>,
    pub(in crate::store) in_hours: Option<bool>,
    pub(in crate::store) open_after_ms: i64,
    pub(in crate::store) outcome_mask: i64,
    /// What is searched for, as it is found in packed calls.
    pub(in crate::store) search: Option<Search>,
    pub(in crate::store) text: Option<String>,
    pub(in crate::store) digits: Option<String>,
    pub(in crate::store) international: Option<String>,
    pub(in crate::store) named: Option<String>,
    /// Whether blocks of numbers (`+4922129191*`) are among the named.
    pub(in crate::store) names_blocks: bool,
    pub(in crate::store) route: Option<i64>,
    /// The own lines to which the calls are restricted, as a JSON list.
    pub(in crate::store) lines: Option<String>,
    pub(in crate::store) searches_agents: bool,
}

impl CallQuery {
    /// Translates a filter. `open_after_ms`: a call without HungUp that started later than this is still running.
    pub fn new(filter: &Filter, business: &BusinessTime, numbering: &Numbering, open_after_ms: i64) -> Self {
        let outcomes = if filter.outcomes.is_empty() { &Outcome::ALL[..] } else { &filter.outcomes };
        let digits = search_digits(filter.search.as_deref(), numbering);
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
            search: filter.search.as_ref().map(|text| Search::new(text, digits.clone())),
            text: filter.search.as_ref().map(|text| contains(text)),
            international: digits.as_ref().map(|digits| match &digits.beginning {
                Some(beginning) => format!("{beginning}%"),
                None => format!("%{}%", digits.anywhere),
            }),
            digits: digits.map(|digits| format!("%{}%", digits.anywhere)),
            named: None,
            names_blocks: false,
            route: filter.route,
            lines: filter.lines.as_ref().map(|lines| serde_json::json!(&**lines).to_string()),
            searches_agents: true,
        }
    }

    /// Returns the query for all calls that began in a range, in milliseconds since 1970 UTC.
    pub(in crate::store) fn of_range(range: Range<i64>) -> Self {
        Self {
            start_ms: range.start,
            end_ms: range.end,
            direction: None,
            number: None,
            peer: None,
            party: None,
            in_hours: None,
            open_after_ms: i64::MAX,
            outcome_mask: -1,
            search: None,
            text: None,
            digits: None,
            international: None,
            named: None,
            names_blocks: false,
            route: None,
            lines: None,
            searches_agents: true,
        }
    }

    /// Returns the own lines to which the calls are restricted, if they are.
    pub(in crate::store) fn lines_asked(&self) -> Option<Vec<String>> {
        self.lines.as_ref().map(|lines| serde_json::from_str(lines).unwrap_or_default())
    }

    /// Returns the same query whose search also matches these numbers, blocks of numbers or agents, which bear a name
    /// that was searched for.
    pub fn or_named(mut self, subjects: &[String]) -> Self {
        self.search = self.search.map(|search| search.or_named(subjects));
        self.names_blocks = subjects.iter().any(|subject| beginning(subject).is_some());
        self.named = Some(subjects)
            .filter(|subjects| !subjects.is_empty())
            .map(|subjects| serde_json::json!(subjects).to_string());
        self
    }

    /// Returns the same query, but text is searched neither in who took a call nor in internal calls, which are from or
    /// to a SIP user.
    pub fn without_agents(self) -> Self {
        Self { searches_agents: false, search: self.search.map(Search::without_agents), ..self }
    }

    /// Returns whether a packed call is among those asked for, as far as its direction, outcome and hour tell.
    pub(in crate::store) fn takes_class(&self, class: Class, started_ms: i64) -> bool {
        let outcome = class.outcome(started_ms > self.open_after_ms);
        (self.direction.is_none() || self.direction == pack_direction(class.direction))
            && self.in_hours.is_none_or(|in_hours| in_hours == class.in_hours)
            && self.outcome_mask >> outcome.code() & 1 == 1
    }

    /// Returns the same query restricted to calls that are still running.
    pub fn only_open(&self) -> Self {
        let mask = self.outcome_mask & 1 << Outcome::Open.code();
        Self { outcome_mask: mask, start_ms: self.start_ms.max(self.open_after_ms), ..self.clone() }
    }

    /// Returns whether a call is still running at the moment of this query.
    pub fn is_open(&self, call: &Call) -> bool {
        call.ending.is_none() && call.started_ms > self.open_after_ms
    }

    /// Returns whether only some of the calls of its time are asked for.
    pub(in crate::store) fn is_narrow(&self) -> bool {
        let narrows = [
            self.direction.is_some(),
            self.number.is_some(),
            self.peer.is_some(),
            self.party.is_some(),
            self.in_hours.is_some(),
            self.outcome_mask & ALL_OUTCOMES != ALL_OUTCOMES,
            self.text.is_some(),
            self.route.is_some(),
            self.lines.is_some(),
        ];
        narrows.contains(&true)
    }

    /// Returns the instant after which a call must have begun to be still running without HungUp.
    pub fn open_after_ms(&self) -> i64 {
        self.open_after_ms
    }

    /// Returns the same query restricted to calls that began before an instant.
    pub fn until(&self, end_ms: i64) -> Self {
        Self { end_ms: self.end_ms.min(end_ms), ..self.clone() }
    }

    /// Returns the same query restricted to calls that began at an instant or later.
    pub fn since(&self, start_ms: i64) -> Self {
        Self { start_ms: self.start_ms.max(start_ms), ..self.clone() }
    }

    /// Returns whether calls that are still running may be among those asked for.
    pub fn may_have_open(&self) -> bool {
        self.open_after_ms < self.end_ms
    }

    /// Returns the same query for calls of any outcome.
    pub fn any_outcome(&self) -> Self {
        Self { outcome_mask: -1, ..self.clone() }
    }
}

fn contains(text: &str) -> String {
    let escaped = text.replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{escaped}%")
}

/// Normalises a searched number: blanks and dashes do not count, `0221` also finds `+49221…`.
fn search_digits(search: Option<&str>, numbering: &Numbering) -> Option<Digits> {
    let text = search?;
    // The zero of `+49 (0)221` is not dialled.
    let text = if text.starts_with('+') { text.replace("(0)", "") } else { text.to_owned() };
    let written = |c: char| c.is_ascii_digit() || "+ -/().".contains(c);
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    if digits.is_empty() || !text.chars().all(written) {
        return None;
    }
    Some(Digits { anywhere: digits, beginning: numbering.international(&text) })
}

/// Builds the statement that asks for these calls, with `before` and `after` its conditions, of which `$1` to `$16` are
/// the parameters. Each row costs something for each condition, so whatever lets everything through is left out. The
/// code of an outcome depends on the moment: see [`crate::calls::call::Call::standing`].
pub(in crate::store) fn calls_sql(db: &Db, query: &CallQuery, before: &str, after: &str) -> AssertSqlSafe<String> {
    // The subquery by which the engine makes rows of a JSON list.
    let rows_of = |list: &str| match db {
        Db::Sqlite(_) => format!("select value from json_each({list})"),
        Db::Postgres(_) => format!("select json_array_elements_text(cast({list} as json))"),
    };
    let asked = |is_asked: bool, condition: &str| is_asked.then(|| condition.to_owned());
    let conditions = [
        asked(true, "started_ms >= $1 and started_ms < $2"),
        asked(query.direction.is_some(), "direction = $3"),
        asked(query.number.is_some(), "number = $4"),
        asked(query.peer.is_some(), "peer = $5"),
        asked(query.party.is_some(), "party = $6"),
        asked(query.in_hours.is_some(), "in_hours = $7"),
        asked(
            query.outcome_mask & ALL_OUTCOMES != ALL_OUTCOMES,
            "(($9 >> (case when ending is not null then ending when started_ms > $8 then 10 \
             when accepted_ms is not null then 0 else 9 end)) & 1) = 1",
        ),
        query.text.as_ref().map(|_| searched(&rows_of("$13"), query.names_blocks)),
        asked(query.route.is_some(), "exists (select 1 from decisions where call_key = calls.id and route_id = $14)"),
        query.lines.as_ref().map(|_| format!("number in ({})", rows_of("$15"))),
    ];
    let conditions: Vec<String> = conditions.into_iter().flatten().collect();
    AssertSqlSafe(format!("{before} from calls where {} {after}", conditions.join(" and ")))
}

/// Builds the condition of a text search: text is found in numbers and agents, digits in numbers as people write them,
/// and what is named by its name. Calls from or to SIP users are left out where agents are not searched.
fn searched(named: &str, names_blocks: bool) -> String {
    let of_block = if names_blocks {
        format!(
            " or exists (with named (subject) as ({named}) select 1 from named \
             where subject like '+%*' and party like replace(subject, '*', '%'))"
        )
    } else {
        String::new()
    };
    format!(
        "($16 or lower(replace(lower(coalesce(from_number, '') || coalesce(to_number, '')), 'anonymous', '')) \
          = upper(replace(lower(coalesce(from_number, '') || coalesce(to_number, '')), 'anonymous', ''))) \
         and (lower(from_number) like lower($10) escape '!' or lower(to_number) like lower($10) escape '!' \
          or lower(number) like lower($10) escape '!' or lower(party) like lower($10) escape '!' \
          or $16 and lower(peer) like lower($10) escape '!' or ($11 is not null and (from_number like $11 \
           or to_number like $11 or number like $12 or party like $12)) or ($13 is not null and (party in ({named}) \
           or number in ({named}) or $16 and peer in ({named}){of_block})))"
    )
}

macro_rules! bind_query {
    ($sql:expr, $query:expr) => {
        $crate::store::calls::query::bind_query!($sql, $query, CallRow)
    };
    ($sql:expr, $query:expr, $row:ty) => {
        sqlx::query_as::<_, $row>($sql)
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
            .bind($query.named.as_deref())
            .bind($query.route)
            .bind($query.lines.as_deref())
            .bind($query.searches_agents)
    };
}
pub(in crate::store) use bind_query;

#[cfg(test)]
pub(in crate::store) mod tests {
    use super::*;

    /// Returns the query plan of SQLite, step by step.
    pub async fn plan(db: &Db, AssertSqlSafe(sql): AssertSqlSafe<String>) -> Vec<String> {
        let Db::Sqlite(pools) = db else { unreachable!("it is a file") };
        let plan = AssertSqlSafe(format!("explain query plan {sql}"));
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(plan).fetch_all(&pools.read).await.unwrap();
        steps.into_iter().map(|step| step.3).collect()
    }

    #[test]
    fn numbers_are_searched_as_people_write_them() {
        let numbering = Numbering::new("DE").unwrap();
        let digits = |text| search_digits(Some(text), &numbering);
        let some = |anywhere: &str, beginning: Option<&str>| {
            Some(Digits { anywhere: anywhere.to_owned(), beginning: beginning.map(str::to_owned) })
        };
        assert_eq!(digits("0221 29"), some("022129", Some("+4922129")));
        assert_eq!(digits("+49 221"), some("49221", Some("+49221")));
        assert_eq!(digits("0049 221"), some("0049221", Some("+49221")));
        assert_eq!(digits("+49 (0)221 29"), some("4922129", Some("+4922129")));
        assert_eq!(digits("1999"), some("1999", None));
        assert_eq!(digits("anna"), None);
        assert_eq!(contains("a_b%c!"), "%a!_b!%c!!%");
    }
}
