//! The XML answer of a route: rendered in advance where every call gets the same, else rendered per call.

use std::sync::Arc;

use super::distribution::in_order_for;
use super::incoming::{History, Incoming};
use crate::calls::phone::Numbering;
use crate::placetel::reply::{Distribution, Forward, Reply, Target};

/// The compiled answer of a route.
#[derive(Debug)]
pub(super) struct Answer {
    /// The XML for every call that does not get its own.
    ready: Arc<str>,
    /// The reply from which the XML is rendered per call, where calls differ.
    for_call: Option<Box<Reply>>,
}

impl Answer {
    pub(super) fn new(reply: &Reply) -> Self {
        let differs = forward_of(reply).is_some_and(|forward| {
            forward.last_peer.is_some() || (forward.distribution != Distribution::InOrder && forward.targets.len() > 1)
        });
        Self { ready: reply.to_xml().into(), for_call: differs.then(|| Box::new(reply.clone())) }
    }

    /// Returns for how many days back the answer asks for the peer who knows the caller; `None` if it does not ask.
    pub(super) fn last_peer_days(&self) -> Option<u16> {
        Some(forward_of(self.for_call.as_ref()?)?.last_peer.as_ref()?.within_days)
    }

    /// Returns the XML document for a call.
    pub(super) fn xml(&self, call: &Incoming<'_>, numbering: &Numbering, history: &History) -> Arc<str> {
        let own = self.for_call.as_ref().and_then(|reply| {
            let targets = targets_for(forward_of(reply)?, call, numbering, history);
            let mut reply = Reply::clone(reply);
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

/// Returns the targets for this call: first the peer who knows the caller, then the others as distributed.
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const NOW_MS: i64 = 1_795_428_000_000;

    /// Returns who rings, in order: `anna 15 | 23+24 30`.
    fn rings(reply: Value, from: Option<&str>, history: &History) -> String {
        let reply: Reply = serde_json::from_value(reply).unwrap();
        let numbering = Numbering::new("DE").unwrap();
        let call = Incoming { call_id: "call-1", from, to: None, at_ms: NOW_MS };
        let xml = Answer::new(&reply).xml(&call, &numbering, history);
        let target = |target: &str| {
            let ringtime = target.split("ringtime=\"").nth(1).map_or("60", |rest| rest.split('"').next().unwrap());
            let numbers = target.split("<Number>").skip(1).map(|rest| rest.split('<').next().unwrap());
            format!("{} {ringtime}", numbers.collect::<Vec<_>>().join("+"))
        };
        xml.split("<Target").skip(1).map(target).collect::<Vec<_>>().join(" | ")
    }

    fn forward(last_peer: Value) -> Value {
        let targets = json!([{"ringtime": 30, "numbers": ["anna", "ben"]}, {"ringtime": 20, "numbers": ["ANNA"]}, {"numbers": ["23"]}]);
        json!({"action": "forward", "targets": targets, "last_peer": last_peer})
    }

    #[test]
    fn who_knows_the_caller_rings_first_and_not_alone_again() {
        let mut history = History::default();
        history.accept("+4922129191999", "anna", NOW_MS - 5 * 86_400_000);
        let known = "anna 12 | anna+ben 30 | 23 60";
        let unknown = "anna+ben 30 | ANNA 20 | 23 60";
        let within = |days: u16| forward(json!({"ringtime": 12, "within_days": days}));
        for (reply, from, expected) in [
            (within(5), Some("0221 29191999"), known),
            (within(5), Some("+4922129191999"), known),
            (within(4), Some("022129191999"), unknown),
            (within(5), Some("022129191998"), unknown),
            (within(5), Some("anonymous"), unknown),
            (within(5), None, unknown),
            (forward(Value::Null), Some("022129191999"), unknown),
        ] {
            assert_eq!(rings(reply, from, &history), expected, "{from:?}");
        }
        let plan = json!({"action": "routing_plan", "id": "5", "fallback": {"targets": [], "last_peer": {}}});
        assert_eq!(rings(plan, Some("022129191999"), &history), "anna 15");
    }

    #[test]
    fn the_others_ring_in_the_order_of_the_lot() {
        let targets: Vec<_> = ["0", "1", "2", "3"].iter().map(|number| json!({"numbers": [number]})).collect();
        let mut reply = json!({"action": "forward", "distribution": "rotate", "targets": targets});
        assert_eq!(rings(reply.clone(), None, &History::default()), "3 60 | 0 60 | 1 60 | 2 60");
        reply["last_peer"] = json!({});
        let mut history = History::default();
        history.accept("+4922129191999", "0", NOW_MS);
        assert_eq!(rings(reply, Some("022129191999"), &history), "0 15 | 3 60 | 1 60 | 2 60");
    }

    #[test]
    fn what_is_the_same_for_all_is_made_once() {
        let reply = serde_json::from_value(json!({"action": "queue", "id": "5"})).unwrap();
        let (answer, numbering) = (Answer::new(&reply), Numbering::new("DE").unwrap());
        let call = Incoming { call_id: "call-1", from: None, to: None, at_ms: NOW_MS };
        let xml = || answer.xml(&call, &numbering, &History::default());
        assert!(Arc::ptr_eq(&xml(), &xml()));
    }
}
