//! Calls in the form that statistics count.

use super::Statistics;
use crate::stats::report::CountedCall;
use crate::stats::rollup::{Class, Measures, Progress};
use crate::store::calls::find::StoredCall;

/// Converts a call to the form that reports count, without the agents that figures must not name.
pub fn counted(statistics: &Statistics, stored: StoredCall, route_id: Option<i64>) -> CountedCall {
    let StoredCall { call, in_hours, .. } = stored;
    let named = |subject: Option<String>| subject.filter(|subject| statistics.may_count(subject));
    CountedCall {
        started_ms: call.started_ms,
        class: Class {
            direction: call.direction,
            in_hours,
            progress: Progress::new(call.ending, call.accepted_ms.is_some()),
        },
        figures: Measures::one(call.talk_seconds, call.wait_seconds().or(call.abandoned_wait_seconds())),
        number: named(call.number),
        peer: call.peer.filter(|_| statistics.agent_figures),
        party: named(call.party),
        route_id,
    }
}
