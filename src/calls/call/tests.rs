use proptest::prelude::*;
use proptest::sample::subsequence;

use super::*;

const T: i64 = 1_795_334_400_000;
const HOUR: i64 = 3_600_000;

fn fold(events: &[(i64, &str)]) -> Call {
    let receipts: Receipts = events
        .iter()
        .map(|(second, body)| {
            let body = format!("call_id=c1&{body}");
            Receipt::new(T + second * 1000, body.into_bytes()).unwrap()
        })
        .collect();
    Call::fold(&receipts, &Numbering::new("DE").unwrap()).unwrap()
}

const IN: &str = "event=IncomingCall&from=01712345678&to=022129191999";
const ACCEPTED: &str = "event=CallAccepted&from=01712345678&to=022129191999&peer=7777anna@fpbx.de";

#[test]
fn an_answered_call_has_waiting_and_talk_time() {
    let call = fold(&[(0, IN), (8, ACCEPTED), (46, "event=HungUp&type=accepted&duration=38")]);
    assert_eq!(call.direction, Some(Direction::In));
    assert_eq!(call.party.as_deref(), Some("+491712345678"));
    assert_eq!(call.number.as_deref(), Some("+4922129191999"));
    assert_eq!(call.peer.as_deref(), Some("7777anna@fpbx.de"));
    assert_eq!((call.wait_seconds(), call.talk_seconds), (Some(8), Some(38)));
    assert_eq!((call.started_ms, call.accepted_ms, call.ended_ms), (T, Some(T + 8000), Some(T + 46_000)));
    assert_eq!(call.standing(T + 47_000, HOUR), (State::Ended, Outcome::Accepted));
}

#[test]
fn a_missed_call_tells_how_long_the_caller_waited() {
    let call = fold(&[(0, IN), (31, "event=HungUp&type=missed&duration=0")]);
    assert_eq!(call.standing(T, HOUR), (State::Ended, Outcome::Missed));
    assert_eq!((call.abandoned_wait_seconds(), call.wait_seconds(), call.talk_seconds), (Some(31), None, None));
    assert_eq!(call.accepted_ms, None);
}

#[test]
fn a_lone_hangup_still_has_its_length() {
    let call = fold(&[(100, "event=HungUp&type=accepted&duration=38&direction=in&from=anonymous&to=23")]);
    assert_eq!(call.started_ms, T + 62_000);
    assert_eq!(call.accepted_ms, Some(T + 62_000));
    assert_eq!((call.talk_seconds, call.wait_seconds()), (Some(38), None));
    assert_eq!((call.party.as_deref(), call.number.as_deref()), (None, Some("23")));
    assert_eq!(call.from.as_deref(), Some("anonymous"));
}

#[test]
fn an_outgoing_call_accepted_for_no_seconds_has_an_unknown_talk_time() {
    let start = "event=OutgoingCall&direction=out&from=022129191999&to=01712345678&peer=7777ben@fpbx.de";
    let zero = fold(&[(0, start), (300, "event=HungUp&direction=out&type=accepted&duration=0")]);
    assert_eq!((zero.ending, zero.talk_seconds, zero.accepted_ms), (Some(Outcome::Accepted), None, None));
    let known = fold(&[(0, start), (300, "event=HungUp&direction=out&type=accepted&duration=280")]);
    assert_eq!((known.talk_seconds, known.accepted_ms), (Some(280), Some(T + 20_000)));
    assert_eq!(known.peer.as_deref(), Some("7777ben@fpbx.de"));
    assert_eq!(known.party.as_deref(), Some("+491712345678"));
    assert_eq!(known.wait_seconds(), None);
}

#[test]
fn the_direction_is_told_by_field_then_name_then_type() {
    let direction = |events: &[(i64, &str)]| fold(events).direction;
    assert_eq!(direction(&[(0, "event=HungUp&type=missed&direction=out")]), Some(Direction::Out));
    assert_eq!(direction(&[(0, "event=IncomingCall")]), Some(Direction::In));
    assert_eq!(direction(&[(0, "event=OutgoingCall")]), Some(Direction::Out));
    assert_eq!(direction(&[(0, "event=CallAccepted")]), Some(Direction::In));
    assert_eq!(direction(&[(0, "event=HungUp&type=canceled")]), Some(Direction::Out));
    assert_eq!(direction(&[(0, "event=HungUp&type=missed")]), None);
    assert_eq!(direction(&[(0, "event=IncomingCall&direction=sideways")]), Some(Direction::In));
}

#[test]
fn a_call_without_hangup_is_open_until_it_times_out() {
    let ringing = fold(&[(0, IN)]);
    assert_eq!(ringing.standing(T + HOUR - 1, HOUR), (State::Ringing, Outcome::Open));
    assert_eq!(ringing.standing(T + HOUR, HOUR), (State::Ended, Outcome::Unknown));
    let talking = fold(&[(0, IN), (5, ACCEPTED)]);
    assert_eq!(talking.standing(T + HOUR - 1, HOUR), (State::Talking, Outcome::Open));
    assert_eq!(talking.standing(T + HOUR, HOUR), (State::Ended, Outcome::Accepted));
    assert_eq!((talking.wait_seconds(), talking.talk_seconds), (Some(5), None));
    let outgoing = fold(&[(0, "event=OutgoingCall&peer=a"), (5, "event=CallAccepted&direction=out")]);
    assert_eq!(outgoing.standing(T, HOUR).0, State::Ringing);
}

#[test]
fn the_last_of_several_hangups_wins() {
    let missed = "event=HungUp&type=missed&duration=0";
    let accepted = "event=HungUp&type=accepted&duration=3";
    assert_eq!(fold(&[(0, IN), (9, missed), (10, accepted)]).ending, Some(Outcome::Accepted));
    assert_eq!(fold(&[(0, IN), (9, accepted), (10, missed)]).ending, Some(Outcome::Missed));
}

#[test]
fn a_late_incoming_call_does_not_make_the_wait_negative() {
    let call = fold(&[(0, ACCEPTED), (4, IN)]);
    assert_eq!((call.started_ms, call.wait_seconds()), (T, Some(0)));
}

#[test]
fn an_absurd_duration_is_no_talk_time() {
    let call = fold(&[(0, IN), (5, ACCEPTED), (9, "event=HungUp&type=accepted&duration=99999999")]);
    assert_eq!((call.ending, call.talk_seconds, call.started_ms), (Some(Outcome::Accepted), None, T));
}

fn any_event() -> impl Strategy<Value = (i64, String)> {
    let name = prop::sample::select(vec!["IncomingCall", "OutgoingCall", "CallAccepted", "HungUp", "CallParked"]);
    let field = prop::sample::select(vec![
        "from=01712345678",
        "from=anonymous",
        "to=022129191999",
        "to=23",
        "direction=in",
        "direction=out",
        "peer=7777anna@fpbx.de",
        "peer=7777ben@fpbx.de",
        "type=accepted",
        "type=missed",
        "type=voicemail",
        "type=busy",
        "duration=0",
        "duration=7",
        "duration=70000",
        "duration=x",
    ]);
    (0..20i64, name, prop::collection::vec(field, 0..6))
        .prop_map(|(second, name, fields)| (second, format!("event={name}&{}", fields.join("&"))))
}

proptest! {
    #[test]
    fn order_and_repetition_do_not_matter(
        (events, arrived) in prop::collection::vec(any_event(), 1..8).prop_flat_map(|events| {
            let repeats = subsequence(events.clone(), 0..=events.len());
            let all = repeats.prop_map({ let events = events.clone(); move |mut more| { more.extend(events.clone()); more } });
            (Just(events), all.prop_shuffle())
        })
    ) {
        let borrow = |events: &'_ [(i64, String)]| fold(&events.iter().map(|(at, body)| (*at, body.as_str())).collect::<Vec<_>>());
        prop_assert_eq!(borrow(&events), borrow(&arrived));
    }

    #[test]
    fn times_are_in_order(events in prop::collection::vec(any_event(), 1..8)) {
        let call = fold(&events.iter().map(|(at, body)| (*at, body.as_str())).collect::<Vec<_>>());
        let (first, last) = (call.started_ms, call.ended_ms.unwrap_or(i64::MAX));
        prop_assert!(first <= last);
        prop_assert!(call.accepted_ms.is_none_or(|at| first <= at));
        prop_assert!(call.talk_seconds.is_none() || call.ending == Some(Outcome::Accepted));
    }
}
