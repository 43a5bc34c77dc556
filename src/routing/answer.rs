//! The XML of a route: ready where every call gets the same, else made for the call.

use std::sync::Arc;

use super::distribution::in_order_for;
use super::incoming::{History, Incoming};
use crate::calls::phone::Numbering;
use crate::placetel::reply::{Distribution, Forward, Reply, Target};

/// What a route answers.
#[derive(Debug)]
pub(super) struct Answer {
    /// For every call that has nothing of its own.
    ready: Arc<str>,
    /// From which it is made for a call, where calls differ.
    for_call: Option<Reply>,
}

impl Answer {
    pub(super) fn new(reply: &Reply) -> Self {
        let differs = forward_of(reply).is_some_and(|forward| {
            forward.last_peer.is_some() || (forward.distribution != Distribution::InOrder && forward.targets.len() > 1)
        });
        Self { ready: reply.to_xml().into(), for_call: differs.then(|| reply.clone()) }
    }

    /// For how many days back it asks who knows the caller; `None`: it does not.
    pub(super) fn last_peer_days(&self) -> Option<u16> {
        Some(forward_of(self.for_call.as_ref()?)?.last_peer.as_ref()?.within_days)
    }

    /// The document for a call.
    pub(super) fn xml(&self, call: &Incoming<'_>, numbering: &Numbering, history: &History) -> Arc<str> {
        let own = self.for_call.as_ref().and_then(|reply| {
            let targets = targets_for(forward_of(reply)?, call, numbering, history);
            let mut reply = reply.clone();
            forward_of_mut(&mut reply)?.targets = targets;
            Some(reply.to_xml().into())
        });
        own.unwrap_or_else(|| Arc::clone(&self.ready))
    }
}

fn forward_of(reply: &Reply) -> Option<&Forward> {
    match reply {
        Reply::Forward(forward) => Some(forward),
        Reply::RoutingPlan(plan) => plan.fallback.as_ref(),
        _ => None,
    }
}

fn forward_of_mut(reply: &mut Reply) -> Option<&mut Forward> {
    match reply {
        Reply::Forward(forward) => Some(forward),
        Reply::RoutingPlan(plan) => plan.fallback.as_mut(),
        _ => None,
    }
}

/// Who rings for this call: first the peer who knows the caller, then the targets in the order of their lot.
fn targets_for(forward: &Forward, call: &Incoming<'_>, numbering: &Numbering, history: &History) -> Vec<Target> {
    let known = forward.last_peer.as_ref().and_then(|last_peer| {
        let party = numbering.normalize(call.from?)?;
        let peer = history.last_peer(&party, last_peer.within_days, call.at_ms)?;
        Some(Target { ringtime: last_peer.ringtime, numbers: vec![peer.to_owned()], ..Target::default() })
    });
    let rang = |target: &&Target| match (&known, target.numbers.as_slice()) {
        (Some(first), [alone]) => first.numbers.iter().any(|peer| peer.eq_ignore_ascii_case(alone)),
        _ => false,
    };
    let targets = in_order_for(call.call_id, forward.distribution, &forward.targets);
    let rest: Vec<Target> = targets.into_iter().filter(|target| !rang(target)).cloned().collect();
    known.into_iter().chain(rest).collect()
}
