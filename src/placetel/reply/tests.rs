//! Property tests of replies: the round trip through JSON, and what the XML says when a parser reads it.

use proptest::prelude::*;

use super::*;

fn printable() -> impl Strategy<Value = String> {
    r#"[ -~äß€"<&>']{0,8}[!-~]"#.prop_map(|text| text.trim_matches(' ').to_owned())
}

fn a_forward() -> impl Strategy<Value = Forward> {
    let target = (1..=3600_u16, prop::collection::vec(printable(), 1..4), 1..=1000_u16)
        .prop_map(|(ringtime, numbers, weight)| Target { ringtime, numbers, weight });
    let last_peer = (1..=3600_u16, 1..=365_u16).prop_map(|(ringtime, within_days)| LastPeer { ringtime, within_days });
    let order = (
        prop::sample::select(vec![Distribution::InOrder, Distribution::Rotate, Distribution::Weighted]),
        prop::option::of(last_peer),
    );
    let announcements = (prop::option::of(printable()), prop::option::of(printable()));
    (any::<[bool; 3]>(), announcements, prop::collection::vec(target, 0..4), order).prop_map(
        |([music_on_hold, voicemail, voicemail_as_attachment], announcements, targets, order)| Forward {
            music_on_hold,
            voicemail,
            voicemail_announcement: announcements.0,
            voicemail_as_attachment,
            forward_announcement: announcements.1,
            targets,
            distribution: order.0,
            last_peer: order.1,
        },
    )
}

fn a_reply() -> impl Strategy<Value = Reply> {
    let backup = prop::option::of(prop_oneof![Just(BackupBehaviour::Mailbox), Just(BackupBehaviour::RoutingObject)]);
    let group = (printable(), 10..=60_u16, backup, prop::option::of(printable()), a_forward()).prop_map(
        |(id, ringtime, backup_behaviour, backup_routing_object, like)| Group {
            id,
            ringtime,
            backup_behaviour,
            backup_routing_object,
            voicemail_announcement: like.voicemail_announcement,
            voicemail_as_attachment: like.voicemail_as_attachment,
            forward_announcement: like.forward_announcement,
            music_on_hold: like.music_on_hold,
        },
    );
    prop_oneof![
        a_forward().prop_map(Reply::Forward),
        prop::option::of(Just(RejectReason::Busy)).prop_map(|reason| Reply::Reject(Reject { reason })),
        Just(Reply::Hangup),
        printable().prop_map(|id| Reply::Queue(Queue { id })),
        printable().prop_map(|id| Reply::Prompt(Prompt { id })),
        group.prop_map(Reply::Group),
        (printable(), prop::option::of(a_forward()))
            .prop_map(|(id, fallback)| Reply::RoutingPlan(RoutingPlan { id, fallback })),
    ]
}

/// Returns all attribute values and texts of a document, in order; panics if it is not well-formed.
fn values(xml: &str) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut values = Vec::new();
    let mut text = String::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                text.clear();
                for attribute in tag.attributes() {
                    let raw = attribute.unwrap().value;
                    values.push(quick_xml::escape::unescape(&raw).unwrap().into_owned());
                }
            }
            Event::Text(part) => text.push_str(&part),
            Event::GeneralRef(part) => text.push_str(&format!("&{};", &*part)),
            Event::End(tag) if tag.name().as_ref() == "Number" => {
                values.push(quick_xml::escape::unescape(&std::mem::take(&mut text)).unwrap().into_owned());
            }
            Event::Eof => return values,
            _ => {}
        }
    }
}

proptest! {
    #[test]
    fn a_reply_survives_json_and_its_xml_says_what_it_says(reply in a_reply()) {
        let json = serde_json::to_value(&reply).unwrap();
        prop_assert_eq!(&Reply::from_json(&json).unwrap(), &reply);
        let said = values(&reply.to_xml());
        let wanted: Vec<&String> = match &reply {
            Reply::Forward(forward) => forward.targets.iter().flat_map(|target| &target.numbers).collect(),
            Reply::Queue(Queue { id }) | Reply::Prompt(Prompt { id }) => vec![id],
            Reply::Group(group) => vec![&group.id],
            Reply::RoutingPlan(plan) => vec![&plan.id],
            Reply::Reject(_) | Reply::Hangup => vec![],
        };
        for value in wanted {
            prop_assert!(said.contains(value), "{} in {:?}", value, said);
        }
    }
}
