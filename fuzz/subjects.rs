//! What strangers' bytes are read with, each with what must hold of anything that is read. The fuzz targets and the tests
//! call the same functions.

use std::sync::OnceLock;

use fernamt::calls::phone::{self, Numbering};
use fernamt::config::TrustedProxies;
use fernamt::contacts::block::number_or_block;
use fernamt::contacts::file;
use fernamt::placetel::event::Event;
use fernamt::placetel::signature::{is_valid, sign};
use fernamt::routing::hours::{Hours, HoursContext};
use fernamt::routing::named::Shared;
use fernamt::routing::route::{Route, RouteContext, RouteDraft};
use fernamt::store::callbacks::CallbackCursor;
use fernamt::store::calls::find::Cursor;

/// A name and what it reads.
pub type Subject = (&'static str, fn(&[u8]));

/// All of them.
pub const SUBJECTS: [Subject; 7] = [
    ("form", form),
    ("signature", signature),
    ("route", route),
    ("hours", hours),
    ("number", number),
    ("cursor", cursor),
    ("contacts", contacts),
];

fn germany() -> &'static Numbering {
    static GERMANY: OnceLock<Numbering> = OnceLock::new();
    GERMANY.get_or_init(|| Numbering::new("DE").expect("Germany has a numbering plan"))
}

fn berlin() -> &'static HoursContext {
    static BERLIN: OnceLock<HoursContext> = OnceLock::new();
    BERLIN.get_or_init(|| HoursContext::new(chrono_tz::Europe::Berlin, "DE", Some("NW")))
}

/// A body sent by Placetel, or by somebody else.
pub fn form(body: &[u8]) {
    let Ok(event) = Event::parse(body) else { return };
    let again = form_urlencoded::Serializer::new(String::new()).extend_pairs(Event::fields(body)).finish();
    assert_eq!(Event::parse(again.as_bytes()).as_ref(), Ok(&event), "written differently, it says the same");
}

/// A signature and the body that it is said to be of.
pub fn signature(bytes: &[u8]) {
    let (given, body) = bytes.split_at(bytes.len().min(64));
    let made = sign("secret", body);
    assert!(is_valid(["other", "secret"], body, &made));
    let given = String::from_utf8_lossy(given);
    assert_eq!(is_valid(["secret"], body, &given), given.trim().eq_ignore_ascii_case(&made));
}

/// A route as JSON.
pub fn route(bytes: &[u8]) {
    let Ok(value) = serde_json::from_slice(bytes) else { return };
    let shared = Shared::default();
    let context = RouteContext::new(berlin(), &shared);
    let Ok(draft) = RouteDraft::from_json(&value, &context) else { return };
    let route = draft.into_route(1, 1, 1);
    let written = serde_json::to_value(&route).expect("a route can be written");
    let read: Route = serde_json::from_value(written.clone()).expect("what is stored can be read");
    assert_eq!(read, route);
    let again = RouteDraft::from_json(&written, &context).map(|draft| draft.into_route(1, 1, 1));
    assert_eq!(again, Ok(route), "what the API shows, it takes");
}

/// Opening hours.
pub fn hours(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Hours::parse(&text, berlin()) {
        Ok(hours) => [0, 1_774_746_000_000, 1_793_149_200_000, i64::MAX, i64::MIN].into_iter().for_each(|at_ms| {
            hours.is_open(at_ms);
        }),
        Err(error) => drop(error.to_string()),
    }
}

/// A telephone number, as people and telephone systems write them; and what proxies say of their clients.
pub fn number(bytes: &[u8]) {
    let raw = String::from_utf8_lossy(bytes);
    let germany = germany();
    if let Some(e164) = germany.e164(&raw) {
        assert_eq!(germany.e164(&e164).as_ref(), Some(&e164), "E.164 is its own notation");
        assert!(e164.strip_prefix('+').is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_digit())));
        assert!(germany.from_abroad(&raw).any(|notation| notation == e164));
    }
    if let Some(party) = germany.normalize(&raw) {
        assert_eq!(germany.normalize(&party), Some(party));
    }
    let _ = (germany.international(&raw), phone::compact(&raw), phone::is_anonymous(&raw));
    let _ = TrustedProxies::parse(&raw);
}

/// Where a page begins.
pub fn cursor(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Some(cursor) = Cursor::decode(&text) {
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
    }
    if let Some(cursor) = CallbackCursor::decode(&text) {
        assert_eq!(CallbackCursor::decode(&cursor.encode()), Some(cursor));
    }
}

/// A file of contacts: vCards or a table.
pub fn contacts(bytes: &[u8]) {
    let Ok(reading) = file::read(bytes, germany()) else { return };
    for contact in reading.contacts {
        assert!(!contact.name.is_empty() && !contact.name.contains(char::is_control), "{contact:?}");
        assert_eq!(number_or_block(&contact.number, germany()), Some(contact.number));
    }
}
