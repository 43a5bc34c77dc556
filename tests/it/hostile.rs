//! Short fuzz tests with hostile bytes; `cargo fuzz` runs them for as long as you like (docs/development.md).

#[path = "../../fuzz/subjects.rs"]
mod subjects;

use proptest::prelude::*;
use serde_json::{Value, json};

use self::subjects::SUBJECTS;
use crate::helpers::times;

/// Pieces that lead deep into one or another reader.
const PIECES: [&str; 64] = [
    "event=IncomingCall",
    "&call_id=",
    "c1",
    "&from=",
    "%2B49",
    "+49 221 29191999",
    "0221",
    "00",
    "(0)",
    "&to=anonymous",
    "&type=accepted",
    "&duration=",
    "99999999999",
    "%00",
    "%zz",
    "&",
    "=",
    "{\"name\":\"a\"",
    ",\"to\":[\"",
    "\"]",
    ",\"reply\":{\"action\":\"",
    "forward",
    "reject",
    "\",\"targets\":[{\"numbers\":[\"",
    "\"]}]}",
    "}",
    "[",
    "]",
    "{",
    ",\"hours\":\"",
    "Mo-Fr 09:00-17:00",
    "; PH off",
    "Su",
    "24/7",
    "2026 Dec 24-26",
    "22:00-06:00",
    ", ",
    "week 1-53/2",
    "\"comment\"",
    "-",
    "ffffffffffffffff",
    "7f",
    "+4922129191999",
    "BEGIN:VCARD\r\n",
    "END:VCARD\r\n",
    "FN:Anna\r\n",
    "N:Kern;Anna;;;\r\n",
    "TEL;TYPE=work:",
    "\r\n",
    "\n",
    " ",
    "\t",
    "TEL;ENCODING=QUOTED-PRINTABLE:",
    "=30=\r\n",
    "name;phone\n",
    "Name,Telefon,Firma\n",
    "\"",
    "\"\"",
    ";",
    "\u{feff}",
    "sep=;\n",
    "Vorname\tNachname\tMobil\n",
    "\u{202e}",
    "\0",
];

/// What they may begin with, so that they are read for long.
const BEGINNINGS: [&str; 5] = [
    "",
    "event=HungUp&call_id=c1&",
    "Name,Telefon,Firma\nAnna,0221 29191999,",
    "Vorname;Nachname;Mobil\nAnna;Kern;+49 171 2345678\n",
    "BEGIN:VCARD\r\nFN:Anna\r\nTEL:+4922129191999\r\n",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let pieces = (
        prop::sample::select(BEGINNINGS.to_vec()),
        prop::collection::vec(prop::sample::select(PIECES.to_vec()), 0..24),
    );
    let pieces = pieces.prop_map(|(beginning, pieces)| [beginning, &pieces.concat()].concat().into_bytes());
    let damaged = (pieces.clone(), any::<prop::sample::Index>(), any::<u8>()).prop_map(|(mut bytes, place, byte)| {
        if !bytes.is_empty() {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes
    });
    prop_oneof![4 => pieces, 2 => damaged, 1 => prop::collection::vec(any::<u8>(), 0..300), 1 => ".{0,80}".prop_map(String::into_bytes)]
}

/// A route that may well be one.
fn route() -> impl Strategy<Value = Value> {
    let word =
        || prop::sample::select(vec!["0221 29191999", "+49221*", "anonymous", "*", "x", "", "@VIP", "022129191999"]);
    let words = || prop::collection::vec(word(), 0..3);
    let hours = prop::sample::select(vec!["Mo-Fr 09:00-17:00; PH off", "22:00-06:00", "Mon 9-5", "24/7", ""]);
    let target =
        (words(), 0..90u32).prop_map(|(numbers, seconds)| json!({"numbers": numbers, "ringing_time": seconds}));
    let action =
        prop::sample::select(vec!["forward", "reject", "hangup", "queue", "prompt", "group", "routing_plan", "sing"]);
    let reply = (action, prop::collection::vec(target, 0..3), word(), any::<bool>()).prop_map(
        |(action, targets, word, is_bare)| {
            if is_bare {
                json!({"action": action})
            } else {
                json!({"action": action, "targets": targets, "reason": word, "id": word})
            }
        },
    );
    (word(), words(), words(), prop::option::of(hours), reply).prop_map(
        |(name, to, from, hours, reply)| json!({"name": name, "to": to, "from": from, "hours": hours, "reply": reply}),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(u32::try_from(times(600)).unwrap()))]

    #[test]
    fn no_bytes_bring_a_reader_down(bytes in bytes()) {
        for (_, read) in SUBJECTS {
            read(&bytes);
        }
    }

    #[test]
    fn a_route_is_taken_as_it_is_shown(route in route()) {
        subjects::route(route.to_string().as_bytes());
    }

    #[test]
    fn notations_of_numbers_lead_to_the_same(national in "[1-9][0-9]{2,4}", line in "[1-9][0-9]{3,7}", gap in "[ /.-]{0,2}") {
        for written in [format!("+49{national}{gap}{line}"), format!("0049{national}{line}"), format!("0{national}{gap}{line}")] {
            subjects::number(written.as_bytes());
        }
    }
}
