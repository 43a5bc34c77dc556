//! Noting calls that change after their span was packed, and dropping spans whose texts calls no longer have.

use std::collections::BTreeSet;

use crate::store::calls::find::StoredCall;
use crate::store::db::engine::for_both_engines;

/// Maximum number of calls in one statement.
const CALLS_PER_STATEMENT: usize = 200;

/// A call as it was, if it was stored, and as it is.
pub(in crate::store) type Change<'c> = (Option<&'c StoredCall>, &'c StoredCall);

/// Returns under which starts a changed call is to be noted: where it was, and where it is.
fn places<'c>((before, after): Change<'c>) -> impl Iterator<Item = (i64, i64)> + use<'c> {
    let states = before.into_iter().chain([after]).filter(move |_| before != Some(after));
    states.map(|stored| (stored.call.started_ms, stored.key))
}

/// Returns when a call began that no longer has one of its texts, which must not stay in packed calls either.
fn lost_text((before, after): Change<'_>) -> Option<i64> {
    fn texts(StoredCall { call, .. }: &StoredCall) -> [&Option<String>; 3] {
        [&call.number, &call.party, &call.peer]
    }
    let before = before?;
    let is_lost = texts(before).into_iter().zip(texts(after)).any(|(was, is)| was.is_some() && was != is);
    is_lost.then_some(before.call.started_ms)
}

for_both_engines! {
    use db::writes;

    /// Adds the statements that note which calls changed, of those whose span is packed; `others` are calls of which
    /// something else changed, by start and key.
    pub fn note<'c>(
        writes: &mut writes::Writes,
        changes: impl Iterator<Item = Change<'c>> + Clone,
        others: impl Iterator<Item = (i64, i64)>,
    ) {
        drop_spans(writes, changes.clone().filter_map(lost_text));
        let calls: BTreeSet<(i64, i64)> = changes.flat_map(places).chain(others).collect();
        for calls in calls.into_iter().collect::<Vec<_>>().chunks(CALLS_PER_STATEMENT) {
            writes.query().push("insert into changed_calls (started_ms, call_key, changes) with changed (started_ms, call_key) as (");
            writes.query().push_values(calls, |mut row, &(started_ms, key)| {
                row.push_bind(started_ms).push_bind(key);
            });
            writes.query().push(
                ") select started_ms, call_key, 1 from changed where exists \
                 (select 1 from spans where end_ms > changed.started_ms and start_ms <= changed.started_ms) \
                 on conflict (started_ms, call_key) do update set changes = changed_calls.changes + 1",
            );
            writes.end_statement();
        }
    }

    /// Adds the statements that drop the spans, packed or being packed, in which these instants are.
    fn drop_spans(writes: &mut writes::Writes, instants: impl Iterator<Item = i64>) {
        let instants: BTreeSet<i64> = instants.collect();
        for instants in instants.into_iter().collect::<Vec<_>>().chunks(CALLS_PER_STATEMENT) {
            for begin in ["delete from segments where span_id in (select id from spans where ", "delete from spans where ("] {
                writes.query().push(begin);
                let mut is_first = true;
                for &at_ms in instants {
                    writes.query().push(if is_first { "" } else { " or " });
                    writes.query().push("end_ms > ").push_bind(at_ms).push(" and start_ms <= ").push_bind(at_ms);
                    is_first = false;
                }
                writes.query().push(")");
                writes.end_statement();
            }
        }
    }
}
