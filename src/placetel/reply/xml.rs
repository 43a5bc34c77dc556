//! Serialises a reply as the XML document that the PBX expects. Attributes at the PBX's default are left out.

use serde::Serialize;

use super::{
    BackupBehaviour, DEFAULT_GROUP_RINGTIME, DEFAULT_TARGET_RINGTIME, EMPTY_RESPONSE, Forward, Group, Prompt, Queue,
    RejectReason, Reply, RoutingPlan, Target,
};

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

impl Reply {
    /// Returns the whole document, with its declaration.
    pub fn to_xml(&self) -> String {
        // A reply of texts, numbers and flags always serialises; if not, the PBX runs its backup plan.
        quick_xml::se::to_string(&ResponseXml { action: ActionXml::from(self) })
            .map_or_else(|_| EMPTY_RESPONSE.to_owned(), |body| format!("{DECLARATION}{body}"))
    }
}

#[derive(Serialize)]
#[serde(rename = "Response")]
struct ResponseXml<'a> {
    #[serde(rename = "$value")]
    action: ActionXml<'a>,
}

#[derive(Serialize)]
enum ActionXml<'a> {
    Forward(ForwardXml<'a>),
    Reject(RejectXml),
    Hangup,
    Queue(QueueXml<'a>),
    Prompt(PromptXml<'a>),
    Group(GroupXml<'a>),
    RoutingPlan(RoutingPlanXml<'a>),
}

impl<'a> From<&'a Reply> for ActionXml<'a> {
    fn from(reply: &'a Reply) -> Self {
        match reply {
            Reply::Forward(forward) => Self::Forward(forward.into()),
            Reply::Reject(reject) => Self::Reject(RejectXml { reason: reject.reason.map(|RejectReason::Busy| "busy") }),
            Reply::Hangup => Self::Hangup,
            Reply::Queue(Queue { id }) => Self::Queue(QueueXml { queue_id: id, id }),
            Reply::Prompt(Prompt { id }) => Self::Prompt(PromptXml { id }),
            Reply::Group(group) => Self::Group(group.into()),
            Reply::RoutingPlan(RoutingPlan { id, fallback }) => {
                Self::RoutingPlan(RoutingPlanXml { id, fallback: fallback.as_ref().map(ForwardXml::from) })
            }
        }
    }
}

#[derive(Serialize)]
struct ForwardXml<'a> {
    #[serde(rename = "@music_on_hold", skip_serializing_if = "Option::is_none")]
    music_on_hold: Option<bool>,
    #[serde(rename = "@voicemail", skip_serializing_if = "Option::is_none")]
    voicemail: Option<bool>,
    #[serde(rename = "@voicemail_announcement", skip_serializing_if = "Option::is_none")]
    voicemail_announcement: Option<&'a str>,
    #[serde(rename = "@voicemail_as_attachment", skip_serializing_if = "Option::is_none")]
    voicemail_as_attachment: Option<bool>,
    #[serde(rename = "@forward_announcement", skip_serializing_if = "Option::is_none")]
    forward_announcement: Option<&'a str>,
    #[serde(rename = "Target")]
    targets: Vec<TargetXml<'a>>,
}

impl<'a> From<&'a Forward> for ForwardXml<'a> {
    fn from(forward: &'a Forward) -> Self {
        let defaults = Forward::default();
        Self {
            music_on_hold: unless(forward.music_on_hold, defaults.music_on_hold),
            voicemail: unless(forward.voicemail, defaults.voicemail),
            voicemail_announcement: forward.voicemail_announcement.as_deref(),
            voicemail_as_attachment: unless(forward.voicemail_as_attachment, defaults.voicemail_as_attachment),
            forward_announcement: forward.forward_announcement.as_deref(),
            targets: forward.targets.iter().map(TargetXml::from).collect(),
        }
    }
}

#[derive(Serialize)]
struct TargetXml<'a> {
    #[serde(rename = "@ringtime", skip_serializing_if = "Option::is_none")]
    ringtime: Option<u16>,
    #[serde(rename = "Number")]
    numbers: &'a [String],
}

impl<'a> From<&'a Target> for TargetXml<'a> {
    fn from(target: &'a Target) -> Self {
        Self { ringtime: unless(target.ringtime, DEFAULT_TARGET_RINGTIME), numbers: &target.numbers }
    }
}

#[derive(Serialize)]
struct RejectXml {
    #[serde(rename = "@reason", skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}

/// The XML of a queue. The 2017 document says `queue_id`, that of 2025 `id`: both are written, so that it works
/// whichever the PBX reads.
#[derive(Serialize)]
struct QueueXml<'a> {
    #[serde(rename = "@queue_id")]
    queue_id: &'a str,
    #[serde(rename = "@id")]
    id: &'a str,
}

#[derive(Serialize)]
struct PromptXml<'a> {
    #[serde(rename = "@id")]
    id: &'a str,
}

#[derive(Serialize)]
struct GroupXml<'a> {
    #[serde(rename = "@id")]
    id: &'a str,
    #[serde(rename = "@ringtime", skip_serializing_if = "Option::is_none")]
    ringtime: Option<u16>,
    #[serde(rename = "@backup_behaviour", skip_serializing_if = "Option::is_none")]
    backup_behaviour: Option<&'static str>,
    #[serde(rename = "@backup_routing_object", skip_serializing_if = "Option::is_none")]
    backup_routing_object: Option<&'a str>,
    #[serde(rename = "@voicemail_announcement", skip_serializing_if = "Option::is_none")]
    voicemail_announcement: Option<&'a str>,
    #[serde(rename = "@voicemail_as_attachment", skip_serializing_if = "Option::is_none")]
    voicemail_as_attachment: Option<bool>,
    #[serde(rename = "@forward_announcement", skip_serializing_if = "Option::is_none")]
    forward_announcement: Option<&'a str>,
    #[serde(rename = "@music_on_hold", skip_serializing_if = "Option::is_none")]
    music_on_hold: Option<bool>,
}

impl<'a> From<&'a Group> for GroupXml<'a> {
    fn from(group: &'a Group) -> Self {
        Self {
            id: &group.id,
            ringtime: unless(group.ringtime, DEFAULT_GROUP_RINGTIME),
            backup_behaviour: group.backup_behaviour.map(|behaviour| match behaviour {
                BackupBehaviour::Mailbox => "mailbox",
                BackupBehaviour::RoutingObject => "routing_object",
            }),
            backup_routing_object: group.backup_routing_object.as_deref(),
            voicemail_announcement: group.voicemail_announcement.as_deref(),
            voicemail_as_attachment: unless(group.voicemail_as_attachment, false),
            forward_announcement: group.forward_announcement.as_deref(),
            music_on_hold: unless(group.music_on_hold, false),
        }
    }
}

#[derive(Serialize)]
struct RoutingPlanXml<'a> {
    #[serde(rename = "@id")]
    id: &'a str,
    #[serde(rename = "Forward", skip_serializing_if = "Option::is_none")]
    fallback: Option<ForwardXml<'a>>,
}

fn unless<T: PartialEq>(value: T, default: T) -> Option<T> {
    (value != default).then_some(value)
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;
    use serde_json::{Value, json};

    use super::*;

    fn xml(reply: Value) -> String {
        Reply::from_json(&reply).unwrap().to_xml()
    }

    fn action(reply: Value) -> String {
        let document = xml(reply);
        let body = document.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response>").unwrap();
        body.strip_suffix("</Response>").unwrap().to_owned()
    }

    #[test]
    fn forward_example_1_is_one_external_number() {
        assert_snapshot!(xml(json!({"action": "forward", "targets": [{"numbers": ["022129191999"]}]})), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <Response><Forward><Target><Number>022129191999</Number></Target></Forward></Response>
        "#);
    }

    #[test]
    fn forward_example_2_is_one_voip_destination() {
        let reply = json!({"action": "forward", "targets": [{"ringtime": 60, "numbers": ["7777abcdefg@fpbx.de"]}]});
        assert_snapshot!(action(reply), @"<Forward><Target><Number>7777abcdefg@fpbx.de</Number></Target></Forward>");
    }

    #[test]
    fn forward_example_3a_rings_at_the_same_time() {
        let reply = json!({"action": "forward", "targets": [{"numbers": ["7777abcdefg@fpbx.de", "022129191999"]}]});
        assert_snapshot!(action(reply), @"<Forward><Target><Number>7777abcdefg@fpbx.de</Number><Number>022129191999</Number></Target></Forward>");
    }

    #[test]
    fn forward_example_3b_rings_one_target_after_the_other() {
        let reply = json!({"action": "forward", "targets": [
            {"ringtime": 30, "numbers": ["7777abcdefg@fpbx.de", "022129191999"]},
            {"ringtime": 45, "numbers": ["7777xyzabcd@fpbx.de", "7777aabbccd@fpbx.de", "022199998560"]}]});
        assert_snapshot!(action(reply).replace("<Target", "\n<Target"), @r#"
        <Forward>
        <Target ringtime="30"><Number>7777abcdefg@fpbx.de</Number><Number>022129191999</Number></Target>
        <Target ringtime="45"><Number>7777xyzabcd@fpbx.de</Number><Number>7777aabbccd@fpbx.de</Number><Number>022199998560</Number></Target></Forward>
        "#);
    }

    #[test]
    fn forward_example_4_plays_music_and_an_announcement() {
        let reply = json!({"action": "forward", "music_on_hold": true, "forward_announcement": "7684",
            "targets": [{"numbers": ["7777abcdefg@fpbx.de"]}]});
        assert_snapshot!(action(reply), @r#"<Forward music_on_hold="true" forward_announcement="7684"><Target><Number>7777abcdefg@fpbx.de</Number></Target></Forward>"#);
    }

    #[test]
    fn forward_example_5_goes_straight_to_voicemail() {
        let reply = json!({"action": "forward", "voicemail": true, "voicemail_announcement": "4"});
        assert_snapshot!(action(reply), @r#"<Forward voicemail_announcement="4"/>"#);
    }

    #[test]
    fn a_forward_says_every_attribute_that_is_not_the_default() {
        let reply = json!({"action": "forward", "music_on_hold": true, "voicemail": false, "voicemail_announcement": 4,
            "voicemail_as_attachment": true, "forward_announcement": 7684,
            "targets": [{"ringtime": 59, "numbers": ["23"]}]});
        assert_snapshot!(action(reply), @r#"<Forward music_on_hold="true" voicemail="false" voicemail_announcement="4" voicemail_as_attachment="true" forward_announcement="7684"><Target ringtime="59"><Number>23</Number></Target></Forward>"#);
    }

    #[test]
    fn reject_example_1_turns_away() {
        assert_snapshot!(action(json!({"action": "reject"})), @"<Reject/>");
    }

    #[test]
    fn reject_example_2_pretends_to_be_busy() {
        assert_snapshot!(action(json!({"action": "reject", "reason": "busy"})), @r#"<Reject reason="busy"/>"#);
    }

    #[test]
    fn the_hangup_example_hangs_up() {
        assert_snapshot!(action(json!({"action": "hangup"})), @"<Hangup/>");
    }

    #[test]
    fn the_queue_example_is_written_in_both_spellings() {
        assert_snapshot!(action(json!({"action": "queue", "id": "123"})), @r#"<Queue queue_id="123" id="123"/>"#);
    }

    #[test]
    fn a_prompt_has_its_id() {
        assert_snapshot!(action(json!({"action": "prompt", "id": "123"})), @r#"<Prompt id="123"/>"#);
    }

    #[test]
    fn a_group_leaves_out_what_is_the_default() {
        assert_snapshot!(action(json!({"action": "group", "id": "123", "ringtime": 40})), @r#"<Group id="123"/>"#);
        let reply = json!({"action": "group", "id": "123", "ringtime": 10, "backup_behaviour": "routing_object",
            "backup_routing_object": "9", "voicemail_announcement": "4", "voicemail_as_attachment": true,
            "forward_announcement": "7684", "music_on_hold": true});
        assert_snapshot!(action(reply), @r#"<Group id="123" ringtime="10" backup_behaviour="routing_object" backup_routing_object="9" voicemail_announcement="4" voicemail_as_attachment="true" forward_announcement="7684" music_on_hold="true"/>"#);
        let reply = json!({"action": "group", "id": "1", "backup_behaviour": "mailbox"});
        assert_snapshot!(action(reply), @r#"<Group id="1" backup_behaviour="mailbox"/>"#);
    }

    #[test]
    fn a_routing_plan_may_have_a_fallback() {
        assert_snapshot!(action(json!({"action": "routing_plan", "id": "123"})), @r#"<RoutingPlan id="123"/>"#);
        let reply = json!({"action": "routing_plan", "id": "123", "fallback": {"targets": [{"numbers": ["23"]}]}});
        assert_snapshot!(action(reply), @r#"<RoutingPlan id="123"><Forward><Target><Number>23</Number></Target></Forward></RoutingPlan>"#);
    }

    #[test]
    fn values_cannot_break_out_of_the_document() {
        let hostile = "\"'<&>]]>";
        let reply =
            json!({"action": "forward", "voicemail_announcement": hostile, "targets": [{"numbers": [hostile]}]});
        assert_snapshot!(action(reply), @r#"<Forward voicemail_announcement="&quot;'&lt;&amp;&gt;]]&gt;"><Target><Number>"'&lt;&amp;&gt;]]&gt;</Number></Target></Forward>"#);
    }

    #[test]
    fn the_empty_response_has_a_declaration() {
        assert_snapshot!(EMPTY_RESPONSE, @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <Response/>
        "#);
    }
}
