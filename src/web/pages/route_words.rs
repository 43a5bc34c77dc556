//! Routes in words.

use crate::placetel::reply::{Distribution, Forward, RejectReason, Reply, Target};
use crate::web::i18n::RoutesTexts;

/// More numbers than this are only counted.
const MOST_NUMBERS: usize = 4;

/// How somebody who rings is called.
type Naming<'a> = &'a dyn Fn(&String) -> String;

/// What a route answers, as a sentence without a full stop; those who ring as `named` has it.
pub fn answer(reply: &Reply, named: Naming<'_>, t: &RoutesTexts) -> String {
    capitalised(&phrase(reply, named, t))
}

/// The same text with a capital at its beginning.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

fn phrase(reply: &Reply, named: Naming<'_>, t: &RoutesTexts) -> String {
    match reply {
        Reply::Forward(forward) => ringing(forward, named, t),
        Reply::Reject(reject) => match reject.reason {
            Some(RejectReason::Busy) => t.reject_busy.to_owned(),
            None => t.reject.to_owned(),
        },
        Reply::Hangup => t.hangup.to_owned(),
        Reply::Queue(queue) => (t.queue)(&queue.id),
        Reply::Prompt(prompt) => (t.prompt)(&prompt.id),
        Reply::Group(group) => (t.group)(&group.id, group.ringtime),
        Reply::RoutingPlan(plan) => {
            let fallback = plan.fallback.as_ref().map(|forward| (t.fallback)(&ringing(forward, named, t)));
            format!("{}{}", (t.routing_plan)(&plan.id), fallback.unwrap_or_default())
        }
    }
}

fn ringing(forward: &Forward, named: Naming<'_>, t: &RoutesTexts) -> String {
    if forward.targets.is_empty() && forward.last_peer.is_none() {
        return if forward.voicemail { t.straight_to_voicemail } else { t.nobody }.to_owned();
    }
    let target = |target: &Target| {
        let numbers: Vec<String> = target.numbers.iter().map(named).collect();
        (t.ring)(&some_of(&numbers, " + ", t), target.ringtime)
    };
    let mut steps: Vec<_> = forward.targets.iter().map(target).collect();
    if let Some(last) = steps.last_mut().filter(|_| forward.targets.len() > 1) {
        last.push_str(match forward.distribution {
            Distribution::InOrder => "",
            Distribution::Rotate => t.rotating,
            Distribution::Weighted => t.weighted,
        });
    }
    if let Some(last_peer) = &forward.last_peer {
        steps.insert(0, (t.last_peer_first)(last_peer.ringtime));
    }
    if forward.voicemail {
        steps.push(t.voicemail.to_owned());
    }
    steps.join(t.then)
}

/// The first few, and how many more there are.
pub fn some_of(numbers: &[String], separator: &str, t: &RoutesTexts) -> String {
    let shown = numbers.iter().take(MOST_NUMBERS).map(String::as_str).collect::<Vec<_>>().join(separator);
    match numbers.len().saturating_sub(MOST_NUMBERS) {
        0 => shown,
        more => format!("{shown} {}", (t.and_more)(more)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::lang::Lang;
    use crate::web::i18n::texts;

    fn words(reply: Value) -> String {
        answer(&serde_json::from_value(reply).unwrap(), &String::clone, &texts(Lang::En).routes)
    }

    #[test]
    fn answers_read_like_sentences() {
        let targets = json!([{"numbers": ["23", "24"], "ringtime": 15}, {"numbers": ["022129191999"]}]);
        assert_eq!(
            words(json!({"action": "forward", "targets": targets})),
            "Ring 23 + 24 for 15 s, then ring 022129191999 for 60 s, then voicemail"
        );
        assert_eq!(words(json!({"action": "forward"})), "Straight to voicemail");
        assert_eq!(words(json!({"action": "forward", "voicemail": false})), "Ring nobody, no voicemail");
        assert_eq!(words(json!({"action": "reject", "reason": "busy"})), "Turn away as busy");
        assert_eq!(
            words(json!({"action": "routing_plan", "id": "5", "fallback": {}})),
            "Routing plan 5; should it fail: straight to voicemail"
        );
    }

    #[test]
    fn many_numbers_are_counted() {
        let numbers: Vec<_> = (1..=9).map(|n: u8| n.to_string()).collect();
        assert_eq!(some_of(&numbers, ", ", &texts(Lang::En).routes), "1, 2, 3, 4 and 5 more");
    }
}
