//! Parses a reply from JSON: strictly, with every wrong field reported.

use std::ops::RangeInclusive;

use serde::{Deserialize, Deserializer, de};
use serde_json::Value;

use super::limits::{
    GROUP_RINGTIME, MAX_ID_CHARS, MAX_NUMBER_CHARS, MAX_NUMBERS, MAX_TARGETS, TARGET_RINGTIME, WEIGHT, WITHIN_DAYS,
};
use super::{
    BackupBehaviour, DEFAULT_GROUP_RINGTIME, DEFAULT_LAST_PEER_DAYS, DEFAULT_LAST_PEER_RINGTIME,
    DEFAULT_TARGET_RINGTIME, DEFAULT_WEIGHT, Distribution, Forward, Group, LastPeer, Prompt, Queue, Reject,
    RejectReason, Reply, RoutingPlan, Target,
};
use crate::fields::{Errors, FieldError, Object, Problem, text};

const ACTIONS: [&str; 7] = ["forward", "reject", "hangup", "queue", "prompt", "group", "routing_plan"];
const FORWARD: [&str; 8] = [
    "music_on_hold",
    "voicemail",
    "voicemail_announcement",
    "voicemail_as_attachment",
    "forward_announcement",
    "targets",
    "distribution",
    "last_peer",
];
const DISTRIBUTIONS: [(&str, Distribution); 3] =
    [("in_order", Distribution::InOrder), ("rotate", Distribution::Rotate), ("weighted", Distribution::Weighted)];
const GROUP: [&str; 8] = [
    "id",
    "ringtime",
    "backup_behaviour",
    "backup_routing_object",
    "voicemail_announcement",
    "voicemail_as_attachment",
    "forward_announcement",
    "music_on_hold",
];

impl Reply {
    /// Reads the JSON shape of a reply.
    ///
    /// # Errors
    /// Every wrong field, with its place within the reply.
    pub fn from_json(value: &Value) -> Result<Self, Vec<FieldError>> {
        let mut errors = Errors::default();
        let reply = Self::read("", value, &mut errors);
        errors.or(reply)
    }

    /// Reads a reply at `path` of a larger value; `None` only if `errors` says why.
    pub fn read(path: &str, value: &Value, errors: &mut Errors) -> Option<Self> {
        let object = Object::read(path, value, errors)?;
        let action = object.required("action", errors)?;
        match action.as_str().unwrap_or_default() {
            "forward" => forward(&object, true, errors).map(Self::Forward),
            "reject" => Some(Self::Reject(reject(&object, errors))),
            "hangup" => {
                allow_only(&object, &[], errors);
                Some(Self::Hangup)
            }
            "queue" => only_id(&object, errors).map(|id| Self::Queue(Queue { id })),
            "prompt" => only_id(&object, errors).map(|id| Self::Prompt(Prompt { id })),
            "group" => group(&object, errors).map(Self::Group),
            "routing_plan" => routing_plan(&object, errors).map(Self::RoutingPlan),
            _ => {
                errors.add(object.path("action"), Problem::NotOneOf(ACTIONS.to_vec()));
                None
            }
        }
    }
}

impl<'de> Deserialize<'de> for Reply {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_json(&value).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            de::Error::custom(errors.join("; "))
        })
    }
}

fn allow_only(object: &Object<'_>, fields: &[&'static str], errors: &mut Errors) {
    let known: Vec<_> = std::iter::once("action").chain(fields.iter().copied()).collect();
    object.allow_only(&known, &[], errors);
}

fn forward(object: &Object<'_>, is_action: bool, errors: &mut Errors) -> Option<Forward> {
    if is_action {
        allow_only(object, &FORWARD, errors)
    } else {
        object.allow_only(&FORWARD, &[], errors)
    }
    let defaults = Forward::default();
    Some(Forward {
        music_on_hold: object.flag("music_on_hold", defaults.music_on_hold, errors),
        voicemail: object.flag("voicemail", defaults.voicemail, errors),
        voicemail_announcement: object.id("voicemail_announcement", MAX_ID_CHARS, errors),
        voicemail_as_attachment: object.flag("voicemail_as_attachment", defaults.voicemail_as_attachment, errors),
        forward_announcement: object.id("forward_announcement", MAX_ID_CHARS, errors),
        targets: object
            .items("targets", 0..=MAX_TARGETS, errors)
            .into_iter()
            .filter_map(|(path, value)| target(&path, value, errors))
            .collect(),
        distribution: object.word("distribution", &DISTRIBUTIONS, errors).unwrap_or_default(),
        last_peer: object.optional("last_peer").and_then(|value| {
            let last_peer = Object::read(&object.path("last_peer"), value, errors)?;
            last_peer.allow_only(&["ringtime", "within_days"], &[], errors);
            Some(LastPeer {
                ringtime: whole(&last_peer, "ringtime", TARGET_RINGTIME, DEFAULT_LAST_PEER_RINGTIME, errors),
                within_days: whole(&last_peer, "within_days", WITHIN_DAYS, DEFAULT_LAST_PEER_DAYS, errors),
            })
        }),
    })
}

fn target(path: &str, value: &Value, errors: &mut Errors) -> Option<Target> {
    let object = Object::read(path, value, errors)?;
    object.allow_only(&["ringtime", "numbers", "weight"], &[], errors);
    let ringtime = whole(&object, "ringtime", TARGET_RINGTIME, DEFAULT_TARGET_RINGTIME, errors);
    let weight = whole(&object, "weight", WEIGHT, DEFAULT_WEIGHT, errors);
    object.required("numbers", errors)?;
    let numbers = object
        .items("numbers", 1..=MAX_NUMBERS, errors)
        .into_iter()
        .filter_map(|(path, value)| text(&path, value, MAX_NUMBER_CHARS, errors))
        .collect();
    Some(Target { ringtime, numbers, weight })
}

fn reject(object: &Object<'_>, errors: &mut Errors) -> Reject {
    allow_only(object, &["reason"], errors);
    Reject { reason: object.word("reason", &[("busy", RejectReason::Busy)], errors) }
}

fn group(object: &Object<'_>, errors: &mut Errors) -> Option<Group> {
    allow_only(object, &GROUP, errors);
    let backups = [("mailbox", BackupBehaviour::Mailbox), ("routing_object", BackupBehaviour::RoutingObject)];
    let id = required_id(object, errors);
    let rest = Group {
        id: String::new(),
        ringtime: whole(object, "ringtime", GROUP_RINGTIME, DEFAULT_GROUP_RINGTIME, errors),
        backup_behaviour: object.word("backup_behaviour", &backups, errors),
        backup_routing_object: object.id("backup_routing_object", MAX_ID_CHARS, errors),
        voicemail_announcement: object.id("voicemail_announcement", MAX_ID_CHARS, errors),
        voicemail_as_attachment: object.flag("voicemail_as_attachment", false, errors),
        forward_announcement: object.id("forward_announcement", MAX_ID_CHARS, errors),
        music_on_hold: object.flag("music_on_hold", false, errors),
    };
    Some(Group { id: id?, ..rest })
}

fn routing_plan(object: &Object<'_>, errors: &mut Errors) -> Option<RoutingPlan> {
    allow_only(object, &["id", "fallback"], errors);
    let id = required_id(object, errors);
    let fallback = object.optional("fallback").and_then(|value| {
        let fallback = Object::read(&object.path("fallback"), value, errors)?;
        forward(&fallback, false, errors)
    });
    Some(RoutingPlan { id: id?, fallback })
}

fn only_id(object: &Object<'_>, errors: &mut Errors) -> Option<String> {
    allow_only(object, &["id"], errors);
    required_id(object, errors)
}

fn required_id(object: &Object<'_>, errors: &mut Errors) -> Option<String> {
    object.required("id", errors)?;
    object.id("id", MAX_ID_CHARS, errors)
}

fn whole(object: &Object<'_>, name: &str, bounds: RangeInclusive<i64>, default: u16, errors: &mut Errors) -> u16 {
    object.whole(name, bounds, errors).and_then(|number| u16::try_from(number).ok()).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn wrong(value: Value) -> Vec<(String, Problem)> {
        let errors = Reply::from_json(&value).unwrap_err();
        errors.into_iter().map(|error| (error.field, error.problem)).collect()
    }

    fn of<const N: usize>(expected: [(&str, Problem); N]) -> [(String, Problem); N] {
        expected.map(|(field, problem)| (field.to_owned(), problem))
    }

    #[test]
    fn a_reply_comes_back_with_all_its_values() {
        let given = json!({"action": "forward", "music_on_hold": true, "voicemail": true, "voicemail_announcement": "4",
            "voicemail_as_attachment": false, "forward_announcement": "7684",
            "targets": [{"ringtime": 30, "numbers": ["7777abcdefg@fpbx.de", "022129191999"]}]});
        let reply: Reply = serde_json::from_value(given.clone()).unwrap();
        assert_eq!(serde_json::to_value(&reply).unwrap(), given);
    }

    #[test]
    fn what_is_left_out_or_null_takes_placetels_defaults() {
        for (given, full) in [
            (
                json!({"action": "forward", "voicemail": null, "targets": [{"numbers": ["23"]}]}),
                json!({"action": "forward", "music_on_hold": false, "voicemail": true,
                    "voicemail_as_attachment": false, "targets": [{"ringtime": 60, "numbers": ["23"]}]}),
            ),
            (json!({"action": "reject"}), json!({"action": "reject"})),
            (json!({"action": "hangup"}), json!({"action": "hangup"})),
            (json!({"action": "queue", "id": 123}), json!({"action": "queue", "id": "123"})),
            (
                json!({"action": "group", "id": "1"}),
                json!({"action": "group", "id": "1", "ringtime": 40, "voicemail_as_attachment": false,
                    "music_on_hold": false}),
            ),
            (
                json!({"action": "routing_plan", "id": "1", "fallback": {}}),
                json!({"action": "routing_plan", "id": "1", "fallback": {"music_on_hold": false, "voicemail": true,
                    "voicemail_as_attachment": false, "targets": []}}),
            ),
        ] {
            assert_eq!(serde_json::to_value(Reply::from_json(&given).unwrap()).unwrap(), full);
        }
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let errors = wrong(json!({"action": "forward", "musik": 1, "voicemail": "yes", "voicemail_announcement": "",
            "targets": [{"ringtime": 0, "numbers": ["23", "a\nb", 5, " "]}, {"ringtime": 3601, "numbers": []}, {}, 7]}));
        let known = ["action"].into_iter().chain(FORWARD).collect();
        assert_eq!(
            errors,
            of([
                ("musik", Problem::Unknown(known)),
                ("voicemail", Problem::NotFlag),
                ("voicemail_announcement", Problem::Length(64)),
                ("targets[0].ringtime", Problem::NotWhole(1, 3600)),
                ("targets[0].numbers[1]", Problem::Control),
                ("targets[0].numbers[2]", Problem::NotText),
                ("targets[0].numbers[3]", Problem::Length(128)),
                ("targets[1].ringtime", Problem::NotWhole(1, 3600)),
                ("targets[1].numbers", Problem::Items(1, 100)),
                ("targets[2].numbers", Problem::Missing),
                ("targets[3]", Problem::NotObject),
            ])
        );
    }

    #[test]
    fn an_action_that_there_is_not_is_named_with_those_that_there_are() {
        let unknown = of([("action", Problem::NotOneOf(ACTIONS.to_vec()))]);
        assert_eq!(wrong(json!({"action": "foward"})), unknown);
        assert_eq!(wrong(json!({"action": 5})), unknown);
        assert_eq!(wrong(json!({})), of([("action", Problem::Missing)]));
        assert_eq!(wrong(json!([])), of([("", Problem::NotObject)]));
    }

    #[test]
    fn ids_reasons_and_ringtimes_have_their_bounds() {
        for (value, field) in [
            (json!({"action": "queue"}), "id"),
            (json!({"action": "queue", "id": ""}), "id"),
            (json!({"action": "queue", "id": -5}), "id"),
            (json!({"action": "queue", "id": 1.5}), "id"),
            (json!({"action": "queue", "id": "x".repeat(65)}), "id"),
            (json!({"action": "queue", "queue_id": "5", "id": "5"}), "queue_id"),
            (json!({"action": "prompt", "id": "a\u{0}b"}), "id"),
            (json!({"action": "prompt", "id": "a\u{fffe}b"}), "id"),
            (json!({"action": "reject", "reason": "rude"}), "reason"),
            (json!({"action": "hangup", "reason": "busy"}), "reason"),
            (json!({"action": "group", "id": "1", "ringtime": 9}), "ringtime"),
            (json!({"action": "group", "id": "1", "ringtime": 61}), "ringtime"),
            (json!({"action": "group", "id": "1", "backup_behaviour": "x"}), "backup_behaviour"),
            (json!({"action": "routing_plan", "id": "1", "fallback": {"action": "forward"}}), "fallback.action"),
            (json!({"action": "routing_plan", "id": "1", "fallback": []}), "fallback"),
        ] {
            let errors = Reply::from_json(&value).unwrap_err();
            assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [field], "{value}");
        }
        for ringtime in [10, 60] {
            assert!(Reply::from_json(&json!({"action": "group", "id": "1", "ringtime": ringtime})).is_ok());
        }
    }
}
