//! The decisions of the last calls: what is asked again gets the same answer, also before the first is stored.

use std::collections::{HashMap, VecDeque};

use crate::placetel::event::CallId;
use crate::routing::table::Decision;

/// Number of decisions that are remembered for repetitions that come before the first is stored. From 3,585 on, a hash
/// map with as many removals as insertions takes four times the memory.
const RECENT_DECISIONS: usize = 3_500;

/// The last decisions, by call.
#[derive(Default)]
pub(super) struct RecentDecisions {
    pub(super) by_call: HashMap<CallId, Decision>,
    order: VecDeque<CallId>,
}

impl RecentDecisions {
    pub(super) fn keep(&mut self, call_id: CallId, decision: Decision) {
        if self.order.len() >= RECENT_DECISIONS
            && let Some(oldest) = self.order.pop_front()
        {
            self.by_call.remove(&oldest);
        }
        self.order.push_back(call_id.clone());
        self.by_call.insert(call_id, decision);
    }
}
