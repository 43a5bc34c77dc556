use proptest::prelude::*;

use super::*;
use crate::calls::call::Call;

const NUMBERS: [&str; 9] = [
    "01712345678",
    "+491712345678",
    "00491712345678",
    "491712345678",
    "0171 / 23 45 678",
    "anonymous",
    "0221999999999",
    "7777outside@fpbx.de",
    "023456",
];

fn german() -> Numbering {
    Numbering::new("DE").unwrap()
}

fn receipt(received_ms: i64, body: &str) -> Receipt {
    Receipt::new(received_ms, body.into()).unwrap()
}

fn form(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn text(receipt: &Receipt) -> &str {
    std::str::from_utf8(&receipt.body).unwrap()
}

#[test]
fn a_pseudonym_is_one_persons_under_one_key() {
    let of = |key: u8, party| pseudonym(&[key; 64], party, &german());
    let known = of(1, "+491712345678");
    assert_eq!(known, of(1, "+491712345678"));
    assert_ne!(known, of(1, "+491712345679"));
    assert_ne!(known, of(2, "+491712345678"));
    assert!(is_pseudonym(&known) && was_number(&known));
    assert!(!known.contains(|c: char| c.is_ascii_digit()));
    assert_eq!(german().normalize(&known).as_ref(), Some(&known));
    let other = of(1, "7777outside@fpbx.de");
    assert!(is_pseudonym(&other) && !was_number(&other));
}

#[test]
fn what_is_left_of_a_body_is_what_is_known_to_be_harmless() {
    let body = form(&[
        ("call_id", "a"),
        ("event", "CallParked"),
        ("from", "01712345678"),
        ("to", "022129191999"),
        ("direction", "in"),
        ("from", "01712345678"),
        ("caller", "01712345678"),
        ("01712345678", "x"),
        ("type", "01712345678"),
        ("duration", "01712345678"),
    ]);
    let known: Receipts = [receipt(1, &body)].into_iter().collect();
    let pseudonymised = pseudonymise(&known, Some(Direction::In), "forgotten-x").unwrap();
    assert_eq!(
        text(pseudonymised.iter().next().unwrap()),
        "forgotten=000000&call_id=a&direction=in&event=CallParked&from=forgotten-x&to=022129191999&type=other"
    );
}

#[test]
fn events_that_differ_in_the_notation_alone_stay_two() {
    let of = |from| receipt(1, &form(&[("call_id", "a"), ("event", "IncomingCall"), ("from", from)]));
    let known: Receipts = [of("01712345678"), of("+491712345678")].into_iter().collect();
    let pseudonymised = pseudonymise(&known, Some(Direction::In), "forgotten-x").unwrap();
    assert_eq!(pseudonymised.len(), 2);
    // Both notations are recognised.
    for from in ["01712345678", "+491712345678"] {
        assert!(pseudonymised.find(&admit(&of(from), &pseudonymised, Some(Direction::In)).unwrap().body).is_some());
    }
}

#[test]
fn a_new_event_of_a_forgotten_call_is_forgotten_too() {
    let known: Receipts = [receipt(1, "call_id=a&event=IncomingCall&from=01712345678&to=23")].into_iter().collect();
    let pseudonymised = pseudonymise(&known, Some(Direction::In), "forgotten-x").unwrap();
    let late = receipt(9, "call_id=a&event=HungUp&from=01712345678&to=23&type=missed&duration=0");
    let admitted = admit(&late, &pseudonymised, Some(Direction::In)).unwrap();
    assert_eq!(
        text(&admitted),
        "forgotten=000001&call_id=a&duration=0&event=HungUp&from=forgotten-x&to=23&type=missed"
    );
}

#[test]
fn the_longest_event_is_still_one_when_it_is_forgotten() {
    for filler in ["(", "\u{1}", "ä", "x"] {
        let long = filler.repeat(20_000 / filler.len());
        for field in ["peer", "from", "to", "event", "type"] {
            let mut fields = vec![("call_id", "a"), (field, long.as_str())];
            if field != "event" {
                fields.push(("event", "HungUp"));
            }
            let Ok(long) = Receipt::new(1, form(&fields).into_bytes()) else { continue };
            let known: Receipts = [long.clone()].into_iter().collect();
            let pseudonymised = pseudonymise(&known, None, "forgotten-x").unwrap();
            assert!(are_forgotten(&pseudonymised, None), "{field}");
            assert!(pseudonymised.find(&admit(&long, &pseudonymised, None).unwrap().body).is_some(), "{field}");
        }
    }
}

#[test]
fn only_a_call_without_any_number_of_outside_is_forgotten() {
    let of = |bodies: &[&str]| bodies.iter().map(|body| receipt(1, body)).collect::<Receipts>();
    let inbound = Some(Direction::In);
    let forgotten = "forgotten=000000&call_id=a&event=IncomingCall&from=forgotten-x&to=23";
    assert!(are_forgotten(&of(&[forgotten]), inbound));
    for raw in [
        "call_id=a&event=HungUp",
        "forgotten=1&call_id=a&event=IncomingCall&from=01712345678&to=23",
        "forgotten=1&call_id=a&event=HungUp&about=01712345678",
    ] {
        assert!(!are_forgotten(&of(&[forgotten, raw]), inbound), "{raw}");
    }
    assert!(!are_forgotten(&of(&[forgotten]), Some(Direction::Out)), "who was taken for the own line is outside");
    assert!(!are_forgotten(&of(&[]), inbound));
}

#[test]
fn where_events_disagree_about_the_direction_nobody_of_either_side_is_left_and_the_own_line_stays() {
    const OWN: &str = "022129191999";
    let event = |name, from, to, direction| {
        let fields = [("call_id", "a"), ("event", name), ("from", from), ("to", to), ("direction", direction)];
        form(&fields.into_iter().filter(|(_, value)| !value.is_empty()).collect::<Vec<_>>())
    };
    let (first, second) = ("01712345678", "01719999999");
    for bodies in [
        [event("IncomingCall", first, OWN, "in"), event("HungUp", OWN, second, "out")],
        [event("OutgoingCall", OWN, first, "out"), event("CallAccepted", second, OWN, "in")],
        [event("IncomingCall", first, OWN, ""), event("OutgoingCall", OWN, second, "")],
        // The event that disagrees does not tell who is outside; one that tells no direction does.
        [event("IncomingCall", first, OWN, "in") + "&x=", event("HungUp", "", "", "out")],
    ] {
        let silent = event("Parked", second, second, "");
        let known: Receipts = bodies.iter().chain([&silent]).zip(1..).map(|(body, at)| receipt(at, body)).collect();
        let call = Call::fold(&known, &german()).unwrap();
        let outside: std::collections::BTreeSet<_> = outsiders(&known, call.direction).collect();
        assert!(outside.contains(first) && outside.contains(second), "{bodies:?}");
        assert!(!are_forgotten(&known, call.direction));
        let pseudonymised = pseudonymise(&known, call.direction, "forgotten-x").unwrap();
        let all: String = pseudonymised.iter().map(text).collect();
        assert!(!all.contains(first) && !all.contains(second), "{all}");
        assert!(are_forgotten(&pseudonymised, call.direction), "{all}");
        let after = Call::fold(&pseudonymised, &german()).unwrap();
        assert_eq!((after.number.as_deref(), after.direction), (Some("+4922129191999"), call.direction), "{all}");
        assert_eq!(after.party.as_deref(), Some("forgotten-x"));
        // A repeated event is recognised, and an event that disagrees only now does not bring a number back.
        for receipt in known.iter() {
            assert!(
                pseudonymised.find(&admit(receipt, &pseudonymised, call.direction).unwrap().body).is_some(),
                "{all}"
            );
        }
        let agreed: Receipts = [receipt(1, &bodies[0])].into_iter().collect();
        let pseudonymised = pseudonymise(&agreed, call.direction, "forgotten-x").unwrap();
        let late = admit(&receipt(2, &bodies[1]), &pseudonymised, call.direction).unwrap();
        assert!(!text(&late).contains(second), "{}", text(&late));
    }
}

#[test]
fn a_forgotten_event_that_comes_back_to_a_raw_one_repeats_it() {
    let raw: Receipts = [receipt(1, "call_id=a&event=IncomingCall&from=01712345678&to=23")].into_iter().collect();
    let pseudonymised = pseudonymise(&raw, Some(Direction::In), "forgotten-x").unwrap();
    let back = admit(pseudonymised.iter().next().unwrap(), &raw, Some(Direction::In)).unwrap();
    assert!(raw.find(&back.body).is_some());
}

#[test]
fn of_others_calls_only_goes_what_is_told_of_somebody() {
    let person = Person::new("+491712345678", ["+491712345678".to_owned()].into(), &german());
    let of = |about: &str| {
        let fields =
            [("call_id", "a"), ("event", "IncomingCall"), ("from", "03023125000"), ("to", "23"), ("about", about)];
        [receipt(1, &form(&fields))].into_iter().collect::<Receipts>()
    };
    for about in ["01712345678", "+491712345678", "00491712345678", "0171 / 234 56 78", "was 491712345678!"] {
        assert!(person.is_told_of(&of(about), &german()), "{about}");
    }
    for about in ["99171234567800", "1171234567", "2345678", "91712345678"] {
        assert!(!person.is_told_of(&of(about), &german()), "{about}");
    }
    let known = of("01712345678");
    let call = Call::fold(&known, &german()).unwrap();
    assert!(!person.is_party_of(&call, &known, &german()));
    let scrubbed = scrub(&known).unwrap();
    assert!(!person.is_told_of(&scrubbed, &german()));
    assert_eq!(Call::fold(&scrubbed, &german()).unwrap(), call);
    assert!(scrubbed.find(&admit(known.iter().next().unwrap(), &scrubbed, call.direction).unwrap().body).is_some());
}

#[test]
fn numbers_in_a_text_are_blanked_in_every_notation() {
    let xml = "<Number>01712345678</Number><Number>+491712345678</Number><Number>00491712345678</Number>\
               <Number>022129191999</Number>";
    let blanked = blank(xml, ["+491712345678"].into_iter(), &german(), "x").unwrap();
    assert_eq!(blanked, "<Number>x</Number><Number>x</Number><Number>x</Number><Number>022129191999</Number>");
    assert_eq!(blank("<Target ringtime=\"23\"/>", ["23"].into_iter(), &german(), "x"), None);
}

/// Generates events from few values, so that they agree, contradict each other and come at the same time.
fn events() -> impl Strategy<Value = Receipts> {
    let fields = (
        prop::sample::select(vec!["IncomingCall", "OutgoingCall", "CallAccepted", "HungUp", "Odd One", "Parked"]),
        prop::option::of(prop::sample::select(NUMBERS.to_vec())),
        prop::option::of(prop::sample::select(vec!["022129191999", "23", "01712345678"])),
        prop::option::of(prop::sample::select(vec!["in", "out", "up"])),
        prop::option::of(prop::sample::select(vec!["7777anna@fpbx.de", "7777bert@fpbx.de"])),
        prop::option::of(prop::sample::select(vec!["accepted", "missed", "busy", "0171 2345678"])),
        prop::option::of(prop::sample::select(vec!["0", "5", "x", "01712345678"])),
        prop::option::of(prop::sample::select(vec!["01712345678", ""])),
    );
    let event = (0..3i64, 1..3u32, fields).prop_map(|(at, deliveries, fields)| {
        let (name, from, to, direction, peer, hangup_type, duration, note) = fields;
        let optional = [
            ("from", from),
            ("to", to),
            ("direction", direction),
            ("peer", peer),
            ("type", hangup_type),
            ("duration", duration),
            ("note", note),
        ];
        let mut pairs = vec![("event", name), ("call_id", "a")];
        pairs.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?))));
        Receipt { deliveries, ..receipt(1_795_334_400_000 + at * 1_000, &form(&pairs)) }
    });
    prop::collection::vec(event, 1..7).prop_map(Receipts::from_iter)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_forgotten_call_is_the_same_call_but_for_the_party(receipts in events()) {
        let numbering = german();
        let call = Call::fold(&receipts, &numbering).unwrap();
        let pseudonymised = pseudonymise(&receipts, call.direction, "forgotten-x").unwrap();
        let after = Call::fold(&pseudonymised, &numbering).unwrap();
        let is_internal = call.direction == Some(Direction::Internal);
        let pseudonym = if is_internal { "forgotten-x@internal" } else { "forgotten-x" };
        let hidden = |raw: &Option<String>| raw.as_ref().map(|raw| {
            if is_anonymous(raw) { raw.clone() } else { pseudonym.to_owned() }
        });
        let told = if is_internal { call::told_direction(receipts.iter()) } else { call.direction };
        let is_side = |side| told.is_none_or(|direction| direction == side);
        let expected = Call {
            party: call.party.as_ref().map(|_| pseudonym.to_owned()),
            from: if is_side(Direction::In) { hidden(&call.from) } else { call.from.clone() },
            to: if is_side(Direction::Out) { hidden(&call.to) } else { call.to.clone() },
            ..call.clone()
        };
        prop_assert_eq!(after, expected);
        let times = |receipts: &Receipts| receipts.iter().map(|r| (r.received_ms, r.deliveries)).collect::<Vec<_>>();
        prop_assert_eq!(times(&pseudonymised), times(&receipts));
        // Pseudonymising again changes nothing but the pseudonym.
        let again = pseudonymise(&pseudonymised, call.direction, "forgotten-x").unwrap();
        prop_assert_eq!(&again, &pseudonymised);
        for receipt in receipts.iter() {
            let known = admit(receipt, &pseudonymised, call.direction).unwrap();
            prop_assert!(pseudonymised.find(&known.body).is_some(), "{}", text(receipt));
        }
    }

    #[test]
    fn nothing_outside_is_left(receipts in events()) {
        let call = Call::fold(&receipts, &german()).unwrap();
        let pseudonymised = pseudonymise(&receipts, call.direction, "forgotten-x").unwrap();
        let own = if call::told_direction(receipts.iter()) == Some(Direction::Out) { "from=" } else { "to=" };
        for receipt in pseudonymised.iter() {
            let outside: Vec<_> = text(receipt).split('&').filter(|field| !field.starts_with(own)).collect();
            prop_assert!(call.direction.is_some() || !text(receipt).contains("2345678"), "{}", text(receipt));
            prop_assert!(!outside.join("&").contains("2345678"), "{}", text(receipt));
        }
        let told = receipts.iter().filter_map(|receipt| receipt.event.direction);
        if let (true, Some(direction)) = (told.collect::<std::collections::BTreeSet<_>>().len() > 1, call.direction) {
            let is_out = direction == Direction::Out || call::told_direction(receipts.iter()) == Some(Direction::Out);
            let line = if is_out { &call.from } else { &call.to };
            let others = NUMBERS.iter().filter(|number| !is_anonymous(number) && line.as_deref() != Some(**number));
            let left: BTreeSet<_> = pseudonymised.iter().flat_map(|r| [&r.event.from, &r.event.to]).flatten().collect();
            for number in others {
                prop_assert!(!left.contains(&(*number).to_owned()), "{}", number);
            }
        }
    }
}
