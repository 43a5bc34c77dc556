//! Counting calls: from packed spans, row by row where nothing is packed, and row by row what changed since.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use futures_util::TryStreamExt;
use sqlx::QueryBuilder;

use super::{Kind, Span, complete_spans, damaged, gaps};
use crate::stats::columns::Count;
use crate::stats::columns::fact::{Collector, Fact, Facts, NameId, Names};
use crate::stats::columns::segment::{Subject, read};
use crate::store::calls::find::{CallQuery, StoredCall, for_each_call, routes_of_calls};
use crate::store::calls::rows::{CallRow, call_columns};
use crate::store::db::engine::{Db, for_both_engines, reading, reading_on};
use crate::store::db::error::StoreError;
use crate::store::db::rows_in_time::Stretch;

/// How often it is counted again because spans were packed meanwhile; then all calls are read row by row.
const ATTEMPTS: usize = 3;
/// Maximum number of keys in one query.
const KEYS_AT_ONCE: usize = 1_000;

/// What was counted.
pub struct Counted<C> {
    /// The counts.
    pub counts: C,
    /// The names of routes that answered calls, as they were called last.
    pub routes: HashMap<i64, String>,
}

/// Counts the calls that a query asks for by start, line, SIP user and route, whatever else it asks for.
pub async fn count<C: Count>(
    db: &Db,
    query: &CallQuery,
    by_route: bool,
    new: impl Fn() -> C,
) -> Result<Counted<C>, StoreError> {
    let asked = Asked { db, query, lines: query.lines_asked(), by_route: by_route || query.route.is_some() };
    let range = query.start_ms..query.end_ms;
    for _ in 0..ATTEMPTS {
        let spans = complete_spans(db, &range).await?;
        let counted = asked.count(&spans, new()).await?;
        let is_same = |now: Vec<Span>| now.iter().map(|span| span.id).eq(spans.iter().map(|span| span.id));
        if spans.is_empty() || is_same(complete_spans(db, &range).await?) {
            return Ok(counted);
        }
    }
    asked.count(&[], new()).await
}

/// What is asked for.
struct Asked<'q> {
    db: &'q Db,
    query: &'q CallQuery,
    /// The own lines to which calls are restricted.
    lines: Option<Vec<String>>,
    by_route: bool,
}

impl Asked<'_> {
    async fn count<C: Count>(&self, spans: &[Span], mut counts: C) -> Result<Counted<C>, StoreError> {
        let range = self.query.start_ms..self.query.end_ms;
        let mut routes = HashMap::new();
        for span in spans {
            let named: HashMap<i64, String> = serde_json::from_str(&span.routes).map_err(|_| damaged())?;
            routes.extend(named);
        }
        let keys: Vec<i64> = if spans.is_empty() { Vec::new() } else { self.changed_in(&range).await? };
        let gaps = gaps(&range, spans.iter());
        let (rows, named) = self.rows(&gaps, &keys).await?;
        routes.extend(named);
        // Spans come first, the newest first, so that they tell when there is enough.
        self.count_spans(spans, &keys.into_iter().collect(), &mut counts).await?;
        self.count_facts(&rows, &mut counts);
        Ok(Counted { counts, routes })
    }

    /// Returns the calls of which something changed after their span was packed.
    async fn changed_in(&self, range: &Range<i64>) -> Result<Vec<i64>, StoreError> {
        let keys: Vec<i64> = reading!(self.db, pool => {
            sqlx::query_scalar("select distinct call_key from changed_calls where started_ms >= $1 and started_ms < $2")
                .bind(range.start)
                .bind(range.end)
                .fetch_all(pool)
                .await?
        });
        Ok(keys)
    }

    /// Reads the calls that began in some ranges, and those with some keys, row by row.
    async fn rows(&self, gaps: &[Range<i64>], keys: &[i64]) -> Result<(Facts, HashMap<i64, String>), StoreError> {
        let (mut collector, mut names) = (Collector::default(), HashMap::new());
        for gap in gaps {
            let query = self.query.since(gap.start).until(gap.end);
            let routes = if self.by_route { routes_of_calls(self.db, &query).await? } else { HashMap::new() };
            for_each_call(self.db, &query, |StoredCall { key, in_hours, call }| {
                collector.add(key, &call, in_hours, routes.get(&key).map(|(id, _)| *id));
            })
            .await?;
            names.extend(routes.into_values().filter_map(|(id, name)| Some((id, name?))));
        }
        let is_in_gap = |started_ms: i64| gaps.iter().any(|gap| gap.contains(&started_ms));
        for keys in keys.chunks(KEYS_AT_ONCE) {
            let (calls, routes) = reading_on!(self.db, connection in engine => {
                engine::by_key(&mut connection, keys).await
            })?;
            for StoredCall { key, in_hours, call } in
                calls.into_iter().filter(|stored| !is_in_gap(stored.call.started_ms))
            {
                collector.add(key, &call, in_hours, routes.get(&key).map(|(id, _)| *id));
            }
            names.extend(routes.into_values().filter_map(|(id, name)| Some((id, name?))));
        }
        Ok((collector.finish(), names))
    }

    fn count_facts(&self, Facts { facts, subjects, parties }: &Facts, counts: &mut impl Count) {
        let wanted = self.wanted(subjects);
        counts.begin(subjects, parties);
        facts.iter().filter(|fact| wanted.takes(fact)).for_each(|fact| counts.add(fact));
        counts.end(subjects, parties);
    }

    async fn count_spans<C: Count>(
        &self,
        spans: &[Span],
        changed: &HashSet<i64>,
        counts: &mut C,
    ) -> Result<(), StoreError> {
        let (subject, names) = match (&self.query.number, &self.query.peer, &self.lines) {
            (Some(line), _, _) => (Subject::Line, Some(vec![line.clone()])),
            (None, Some(peer), _) => (Subject::Peer, Some(vec![peer.clone()])),
            (None, None, lines) => (Subject::Line, lines.clone()),
        };
        let mut stretch = Stretch::begin();
        for span in spans.iter().rev() {
            if counts.is_enough() {
                break;
            }
            let subjects = self.names(span, Kind::Subjects).await?;
            let parties = if C::NEEDS_PARTIES { self.names(span, Kind::Parties).await? } else { Names::default() };
            let wanted = self.wanted(&subjects);
            counts.begin(&subjects, &parties);
            for (name, packed) in self.segments(span, subject, names.as_deref()).await? {
                stretch.rest().await?;
                let name = subjects.find(&name).ok_or_else(damaged)?;
                let take = |fact: &Fact| {
                    if wanted.takes(fact) && !changed.contains(&fact.key) {
                        counts.add(fact);
                    }
                };
                read(&packed, subject, name, take).ok_or_else(damaged)?;
            }
            counts.end(&subjects, &parties);
        }
        Ok(())
    }

    async fn names(&self, span: &Span, kind: Kind) -> Result<Names, StoreError> {
        let packed: Vec<u8> = reading!(self.db, pool => {
            sqlx::query_scalar("select packed from segments where span_id = $1 and kind = $2 and subject = ''")
                .bind(span.id)
                .bind(kind.code())
                .fetch_optional(pool)
                .await?
        })
        .unwrap_or_default();
        // A span that is gone by now has no names; it is counted again without it.
        if packed.is_empty() { Ok(Names::default()) } else { Names::unpack(&packed).ok_or_else(damaged) }
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

    fn wanted(&self, subjects: &Names) -> Wanted {
        let id = |name: &Option<String>| name.as_ref().map(|name| subjects.find(name));
        Wanted {
            range: self.query.start_ms..self.query.end_ms,
            line: id(&self.query.number),
            peer: id(&self.query.peer),
            lines: self.lines.as_ref().map(|lines| lines.iter().filter_map(|line| subjects.find(line)).collect()),
            route: self.query.route,
        }
    }
}

/// What is asked for, in the ids of one span. A name that the span does not have is `Some(None)`.
struct Wanted {
    range: Range<i64>,
    line: Option<Option<NameId>>,
    peer: Option<Option<NameId>>,
    lines: Option<HashSet<NameId>>,
    route: Option<i64>,
}

impl Wanted {
    fn takes(&self, fact: &Fact) -> bool {
        self.range.contains(&fact.started_ms)
            && self.line.is_none_or(|line| line == Some(fact.line))
            && self.peer.is_none_or(|peer| peer == Some(fact.peer))
            && self.lines.as_ref().is_none_or(|lines| lines.contains(&fact.line))
            && self.route.is_none_or(|route| fact.route == Some(route))
    }
}

/// The routes that answered calls, by key: id and name.
type RoutesByKey = HashMap<i64, (i64, Option<String>)>;

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
