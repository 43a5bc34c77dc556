//! Reading what is packed of a span, and what has changed since.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use futures_util::TryStreamExt;
use sqlx::QueryBuilder;

use super::{Kind, Span, damaged};
use crate::stats::columns::Count;
use crate::stats::columns::fact::{Fact, Facts, NameId, Names};
use crate::stats::columns::search::Found;
use crate::stats::columns::segment::{Subject, read};
use crate::store::calls::find::{CallQuery, StoredCall};
use crate::store::calls::rows::{CallRow, call_columns};
use crate::store::db::engine::{Db, for_both_engines, reading, reading_on};
use crate::store::db::error::StoreError;
use crate::store::db::rows_in_time::Stretch;

/// Maximum number of keys in one query.
const KEYS_AT_ONCE: usize = 1_000;

/// The routes that answered calls, by key: id and name.
type RoutesByKey = HashMap<i64, (i64, Option<String>)>;

/// Calls that changed after their span was packed.
#[derive(Default)]
pub(super) struct Changed {
    keys: HashSet<i64>,
    /// The calls as they are, wherever they begin by now.
    pub(super) calls: Vec<StoredCall>,
    pub(super) routes: RoutesByKey,
}

impl Changed {
    /// Returns whether the call with this key changed.
    pub(super) fn has(&self, key: i64) -> bool {
        self.keys.contains(&key)
    }

    /// Reads those that began in a range, then or now.
    pub(super) async fn read(db: &Db, range: &Range<i64>) -> Result<Self, StoreError> {
        let keys: Vec<i64> = reading!(db, pool => {
            sqlx::query_scalar("select distinct call_key from changed_calls where started_ms >= $1 and started_ms < $2")
                .bind(range.start)
                .bind(range.end)
                .fetch_all(pool)
                .await?
        });
        let (calls, routes) = calls_by_key(db, &keys).await?;
        Ok(Self { keys: keys.into_iter().collect(), calls, routes })
    }
}

/// Reads the calls with some keys, in no particular order, and the routes that answered them.
pub(super) async fn calls_by_key(db: &Db, keys: &[i64]) -> Result<(Vec<StoredCall>, RoutesByKey), StoreError> {
    let (mut calls, mut routes) = (Vec::with_capacity(keys.len()), RoutesByKey::new());
    for keys in keys.chunks(KEYS_AT_ONCE) {
        let found = reading_on!(db, connection in engine => engine::by_key(&mut connection, keys).await)?;
        calls.extend(found.0);
        routes.extend(found.1);
    }
    Ok((calls, routes))
}

/// Reads packed calls that a query asks for.
pub(super) struct SpanReader<'q> {
    db: &'q Db,
    query: &'q CallQuery,
    /// The own lines to which calls are restricted.
    lines: Option<Vec<String>>,
}

impl<'q> SpanReader<'q> {
    pub(super) fn new(db: &'q Db, query: &'q CallQuery) -> Self {
        Self { db, query, lines: query.lines_asked() }
    }

    /// Counts the calls of a span, but for those that changed.
    pub(super) async fn count<C: Count>(
        &self,
        span: &Span,
        changed: &Changed,
        counts: &mut C,
    ) -> Result<(), StoreError> {
        let by = match (&self.query.number, &self.query.peer, &self.lines) {
            (Some(line), _, _) => (Subject::Line, Some(vec![line.clone()])),
            (None, Some(peer), _) => (Subject::Peer, Some(vec![peer.clone()])),
            (None, None, lines) => (Subject::Line, lines.clone()),
        };
        self.count_by(span, by, changed, counts).await
    }

    /// Counts the calls of a span in the segments of these subjects, or of all.
    pub(super) async fn count_by<C: Count>(
        &self,
        span: &Span,
        (subject, names): (Subject, Option<Vec<String>>),
        changed: &Changed,
        counts: &mut C,
    ) -> Result<(), StoreError> {
        let subjects = self.names(span, Kind::Subjects).await?;
        let needs_numbers = C::NEEDS_NUMBERS || self.query.search.is_some();
        let numbers = if needs_numbers { self.names(span, Kind::Numbers).await? } else { Names::default() };
        let wanted = self.wanted(&subjects, &numbers);
        if wanted.is_nothing() {
            return Ok(());
        }
        counts.begin(&subjects, &numbers);
        let mut stretch = Stretch::begin();
        for (name, packed) in self.segments(span, subject, names.as_deref()).await? {
            stretch.rest().await?;
            let name = subjects.find(&name).ok_or_else(damaged)?;
            let take = |fact: &Fact| {
                if wanted.takes(fact) && !changed.keys.contains(&fact.key) {
                    counts.add(fact);
                }
            };
            read(&packed, subject, name, take).ok_or_else(damaged)?;
        }
        counts.end(&subjects, &numbers);
        Ok(())
    }

    /// Counts calls that were read row by row.
    pub(super) fn count_facts(&self, Facts { facts, subjects, numbers }: &Facts, counts: &mut impl Count) {
        let wanted = self.wanted(subjects, numbers);
        counts.begin(subjects, numbers);
        facts.iter().filter(|fact| wanted.takes(fact)).for_each(|fact| counts.add(fact));
        counts.end(subjects, numbers);
    }

    fn wanted(&self, subjects: &Names, numbers: &Names) -> Wanted {
        let id = |name: &Option<String>| name.as_ref().map(|name| subjects.find(name));
        Wanted {
            range: self.query.start_ms..self.query.end_ms,
            line: id(&self.query.number),
            peer: id(&self.query.peer),
            lines: self.lines.as_ref().map(|lines| lines.iter().filter_map(|line| subjects.find(line)).collect()),
            route: self.query.route,
            found: self.query.search.as_ref().map(|search| search.within(subjects, numbers)),
        }
    }

    async fn names(&self, span: &Span, kind: Kind) -> Result<Names, StoreError> {
        let packed: Option<Vec<u8>> = reading!(self.db, pool => {
            sqlx::query_scalar("select packed from segments where span_id = $1 and kind = $2 and subject = ''")
                .bind(span.id)
                .bind(kind.code())
                .fetch_optional(pool)
                .await?
        });
        // A span that is gone by now has no names; whoever reads it begins again without it.
        packed.map_or(Ok(Names::default()), |packed| Names::unpack(&packed).ok_or_else(damaged))
    }

    /// Returns the packed calls of a span by subject: of these, or of all.
    async fn segments(
        &self,
        span: &Span,
        subject: Subject,
        names: Option<&[String]>,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        reading_on!(self.db, connection in engine => {
            engine::segments(&mut connection, span.id, Kind::Calls(subject).code(), names).await
        })
    }
}

/// What is asked for, in the ids of one span. A name that the span does not have is `Some(None)`.
struct Wanted {
    range: Range<i64>,
    line: Option<Option<NameId>>,
    peer: Option<Option<NameId>>,
    lines: Option<HashSet<NameId>>,
    route: Option<i64>,
    found: Option<Found>,
}

impl Wanted {
    fn is_nothing(&self) -> bool {
        self.line == Some(None)
            || self.peer == Some(None)
            || self.lines.as_ref().is_some_and(HashSet::is_empty)
            || self.found.as_ref().is_some_and(Found::is_nothing)
    }

    fn takes(&self, fact: &Fact) -> bool {
        self.range.contains(&fact.started_ms)
            && self.line.is_none_or(|line| line == Some(fact.line))
            && self.peer.is_none_or(|peer| peer == Some(fact.peer))
            && self.lines.as_ref().is_none_or(|lines| lines.contains(&fact.line))
            && self.route.is_none_or(|route| fact.route == Some(route))
            && self.found.as_ref().is_none_or(|found| found.takes(fact))
    }
}

for_both_engines! {
    /// Reads the calls with these keys, and the routes that answered them.
    pub(super) async fn by_key(
        connection: &mut EngineConnection,
        keys: &[i64],
    ) -> Result<(Vec<StoredCall>, RoutesByKey), StoreError> {
        let mut query = QueryBuilder::<Engine>::new(concat!("select ", call_columns!(), " from calls where id in ("));
        push_list(&mut query, keys);
        let rows: Vec<CallRow> = query.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
        let mut query = QueryBuilder::<Engine>::new(
            "select call_key, route_id, route_name from decisions where route_id is not null and call_key in (",
        );
        push_list(&mut query, keys);
        let routes: Vec<(i64, i64, Option<String>)> =
            query.build_query_as().persistent(false).fetch_all(&mut *connection).await?;
        let calls = rows.into_iter().map(StoredCall::try_from).collect::<Result<_, _>>()?;
        Ok((calls, routes.into_iter().map(|(key, route, name)| (key, (route, name))).collect()))
    }

    fn push_list(query: &mut QueryBuilder<Engine>, keys: &[i64]) {
        let mut list = query.separated(",");
        keys.iter().for_each(|key| { list.push_bind(*key); });
        query.push(")");
    }

    /// Reads the packed rows of a kind of a span, by subject.
    pub(super) async fn segments(
        connection: &mut EngineConnection,
        span: i64,
        kind: i16,
        subjects: Option<&[String]>,
    ) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut query = QueryBuilder::<Engine>::new("select ");
        // Of a blob, `group_concat` takes the bytes as they are.
        query.push(if DIALECT.rows_in_json {
            "json_group_array(json_array(subject, length(packed))), cast(group_concat(packed, '') as blob)"
        } else {
            "subject, packed"
        });
        query.push(" from segments where span_id = ").push_bind(span).push(" and kind = ").push_bind(kind);
        if let Some(subjects) = subjects {
            query.push(" and subject in (");
            let mut list = query.separated(",");
            subjects.iter().for_each(|subject| { list.push_bind(subject.as_str()); });
            query.push(")");
        }
        let mut rows = query.build_query_as::<(String, Option<Vec<u8>>)>().persistent(false).fetch(connection);
        let mut segments = Vec::new();
        while let Some((subject, packed)) = rows.try_next().await? {
            let mut rest = packed.unwrap_or_default();
            if !DIALECT.rows_in_json {
                segments.push((subject, rest));
                continue;
            }
            let lengths: Vec<(String, usize)> = serde_json::from_str(&subject).map_err(|_| damaged())?;
            for (subject, length) in lengths {
                if length > rest.len() {
                    return Err(damaged());
                }
                let after = rest.split_off(length);
                segments.push((subject, rest));
                rest = after;
            }
        }
        Ok(segments)
    }
}
