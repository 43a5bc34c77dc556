//! Descriptions of routes in words.

use std::collections::BTreeSet;

use super::hours_words::listed;
use crate::i18n::{HoursTexts, RoutesTexts};
use crate::placetel::reply::{Distribution, Forward, RejectReason, Reply, Target};
use crate::routing::route::Route;

/// The maximum number of numbers to name; further ones are only counted.
const MOST_NUMBERS: usize = 4;

/// The function that returns the display name of a number.
type Naming<'a> = &'a dyn Fn(&String) -> String;

/// Describes a route in one sentence, with `hours` in words and numbers as returned by `named`.
pub fn sentence(route: &Route, hours: &str, named: Naming<'_>, t: &RoutesTexts, words: &HoursTexts) -> String {
    let numbers = |patterns: &[String], any: &str| {
        if patterns.is_empty() || patterns.iter().any(|pattern| pattern == "*") {
            return any.to_owned();
        }
        let told = |pattern: &String| match pattern.strip_prefix('@') {
            Some(list) => (words.list)(list),
            None if pattern.eq_ignore_ascii_case("anonymous") => words.anonymous.to_owned(),
            None => named(pattern),
        };
        // Two notations of a number may have the same name.
        let mut seen = BTreeSet::new();
        let told: Vec<_> = patterns.iter().map(told).filter(|pattern| seen.insert(pattern.clone())).collect();
        some_of(&told, words.and, t)
    };
    let (to, from) = (numbers(&route.to, t.any_number), numbers(&route.from, t.any_caller));
    (words.sentence)(&to, &from, hours, &phrase(&route.reply, named, t, words.and))
}

/// Describes the reply of a route.
pub fn answer(reply: &Reply, named: Naming<'_>, t: &RoutesTexts, words: &HoursTexts) -> String {
    capitalised(&phrase(reply, named, t, words.and))
}

/// Capitalises the first letter of the text.
pub fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or(String::new(), |first| first.to_uppercase().chain(chars).collect())
}

fn phrase(reply: &Reply, named: Naming<'_>, t: &RoutesTexts, and: &str) -> String {
    match reply {
        Reply::Forward(forward) => ringing(forward, named, t, and),
        Reply::Reject(reject) => match reject.reason {
            Some(RejectReason::Busy) => t.reject_busy.to_owned(),
            None => t.reject.to_owned(),
        },
        Reply::Hangup => t.hangup.to_owned(),
        Reply::Queue(queue) => (t.queue)(&queue.id),
        Reply::Prompt(prompt) => (t.prompt)(&prompt.id),
        Reply::Group(group) => (t.group)(&group.id, group.ringtime),
        Reply::RoutingPlan(plan) => {
            let fallback = plan.fallback.as_ref().map(|forward| (t.fallback)(&ringing(forward, named, t, and)));
            format!("{}{}", (t.routing_plan)(&plan.id), fallback.unwrap_or_default())
        }
    }
}

fn ringing(forward: &Forward, named: Naming<'_>, t: &RoutesTexts, and: &str) -> String {
    if forward.targets.is_empty() && forward.last_peer.is_none() {
        return if forward.voicemail { t.straight_to_voicemail } else { t.nobody }.to_owned();
    }
    let target = |target: &Target| {
        let numbers: Vec<String> = target.numbers.iter().map(named).collect();
        (t.ring)(&some_of(&numbers, and, t), target.ringtime)
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

/// Joins the first few numbers, and says how many more there are.
pub fn some_of(numbers: &[String], and: &str, t: &RoutesTexts) -> String {
    match numbers.split_at_checked(MOST_NUMBERS) {
        Some((shown, more @ [_, ..])) => format!("{} {}", shown.join(", "), (t.and_more)(more.len())),
        _ => listed(numbers, and),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::i18n::texts;
    use crate::lang::Lang;
    use crate::routing::hours::HoursContext;
    use crate::routing::named::{NumberList, Shared};
    use crate::routing::route::{RouteContext, RouteDraft};
    use crate::web::pages::routes::hours_words::hours_in_words;

    fn told(route: &Value, lang: Lang) -> String {
        let hours = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
        let blocked = NumberList { name: "blocked".into(), numbers: Vec::new() };
        let shared = Shared { lists: vec![blocked], ..Shared::default() };
        let route = RouteDraft::from_json(route, &RouteContext::new(&hours, &shared)).unwrap().into_route(1, 1, 1);
        let named = |number: &String| match number.as_str() {
            "23" => "Anna".to_owned(),
            "24" => "Ben".to_owned(),
            other => other.to_owned(),
        };
        let t = texts(lang);
        sentence(&route, &hours_in_words(route.hours.as_deref(), &t.hours), &named, &t.routes, &t.hours)
    }

    fn answer(reply: Value) -> String {
        told(&json!({"name": "x", "reply": reply}), Lang::En)
    }

    #[test]
    fn a_route_is_one_sentence_in_both_languages() {
        let route = json!({"name": "x", "to": ["0221 29191999"], "hours": "Mo-Fr 09:00-17:00; PH off",
            "reply": {"action": "forward", "targets": [{"numbers": ["23", "24"], "ringtime": 30}]}});
        assert_eq!(
            told(&route, Lang::En),
            "Calls to 0221 29191999 from anyone, Mon-Fri 9-17 except holidays: ring Anna and Ben for 30 s, then voicemail."
        );
        assert_eq!(
            told(&route, Lang::De),
            "Anrufe an 0221 29191999 von allen, Mo-Fr 9-17 Uhr außer an Feiertagen: 30 s bei Anna und Ben klingeln, dann \
             Voicemail."
        );
        let blocked = json!({"name": "x", "from": ["@blocked", "anonymous", "0900*"], "reply": {"action": "reject"}});
        assert_eq!(
            told(&blocked, Lang::En),
            "Calls to any number from numbers in the list blocked, anonymous callers and 0900*, at any time: turn away."
        );
        assert_eq!(
            told(&blocked, Lang::De),
            "Anrufe an jede Nummer von Nummern der Liste blocked, Anonymen und 0900*, jederzeit: abweisen."
        );
    }

    #[test]
    fn every_answer_reads_on_after_the_colon() {
        let targets = json!([{"numbers": ["23", "24"], "ringtime": 15}, {"numbers": ["022129191999"]}]);
        for (reply, words) in [
            (
                json!({"action": "forward", "targets": targets}),
                "ring Anna and Ben for 15 s, then ring 022129191999 for 60 s, then voicemail",
            ),
            (
                json!({"action": "forward", "targets": targets, "distribution": "rotate", "voicemail": false}),
                "ring Anna and Ben for 15 s, then ring 022129191999 for 60 s (in turn)",
            ),
            (
                json!({"action": "forward", "targets": targets, "distribution": "weighted", "last_peer": {}}),
                "ring whoever knows the caller for 15 s, then ring Anna and Ben for 15 s, then ring 022129191999 for 60 s \
                 (by weight), then voicemail",
            ),
            (json!({"action": "forward"}), "straight to voicemail"),
            (json!({"action": "forward", "voicemail": false}), "ring nobody, no voicemail"),
            (json!({"action": "reject", "reason": "busy"}), "turn away as busy"),
            (
                json!({"action": "routing_plan", "id": "5", "fallback": {}}),
                "routing plan 5; should it fail: straight to voicemail",
            ),
        ] {
            assert_eq!(answer(reply), format!("Calls to any number from anyone, at any time: {words}."));
        }
    }

    #[test]
    fn many_numbers_are_counted() {
        let numbers: Vec<_> = (1..=9).map(|n: u8| n.to_string()).collect();
        let t = texts(Lang::En);
        assert_eq!(some_of(&numbers, " and ", &t.routes), "1, 2, 3, 4 and 5 more");
        assert_eq!(some_of(&numbers[..4], " and ", &t.routes), "1, 2, 3 and 4");
    }
}
