use proptest::prelude::*;

use super::block::number_or_block;
use super::file::{FileProblem, Reading, Reason, read};
use super::*;
use crate::calls::phone::Numbering;

pub(super) fn german() -> Numbering {
    Numbering::new("DE").unwrap()
}

pub(super) fn reading(bytes: impl AsRef<[u8]>) -> Reading {
    read(bytes.as_ref(), &german()).unwrap()
}

/// Formats contacts as `number name|company`, in the order of the file.
pub(super) fn told(reading: &Reading) -> Vec<String> {
    let told = |contact: &Contact| {
        format!("{} {}|{}", contact.number, contact.name, contact.company.as_deref().unwrap_or_default())
    };
    reading.contacts.iter().map(told).collect()
}

pub(super) fn unusable(reading: &Reading) -> Vec<(u64, &str, Reason)> {
    reading.unusable.iter().map(|unusable| (unusable.line, unusable.value.as_str(), unusable.reason)).collect()
}

const IPHONE: &str = "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iPhone OS 17.1//EN\r\nN:Kern;Änne;Maria;Dr.;\r\n\
    FN:Dr. Änne Maria Kern\r\nORG:Kern & Söhne\\, Köln;Einkauf\r\nitem1.EMAIL;type=INTERNET;type=pref:a@kern.example\r\n\
    TEL;type=CELL;type=VOICE;type=pref:\u{202a}+49\u{a0}171\u{a0}2345678\u{202c}\r\nitem2.TEL:+49 (0)221 29191999\r\n\
    item2.X-ABLabel:_$!<Other>!$_\r\nPHOTO;ENCODING=b;TYPE=JPEG:/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEB\r\n \
    AQEBTEL:0221123456\r\nEND:VCARD\r\n";

const OUTLOOK: &[u8] = b"BEGIN:VCARD\r\nVERSION:2.1\r\nN;LANGUAGE=de;CHARSET=Windows-1252:M\xfcller;J\xf6rg\r\n\
    FN;CHARSET=Windows-1252:J\xf6rg M\xfcller\r\nORG;CHARSET=Windows-1252:M\xfcller Bau GmbH;Leitung\r\n\
    TEL;WORK;VOICE:+49 (221) 9998560\r\nTEL;CELL;VOICE:0171/2345678\r\nTEL;WORK;FAX:+49 (221) 9998561\r\n\
    X-MS-OL-DEFAULT-POSTAL-ADDRESS:0\r\nREV:20261122T080500Z\r\nEND:VCARD\r\n";

const ANDROID: &str = "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=47=72=C3=B6=\n\
    =C3=9F;=42=C3=A4=72=62=65=6C;;;\nTEL;CELL;PREF:+491735551234\nNOTE;ENCODING=QUOTED-PRINTABLE:=\nTEL:110\nEND:VCARD\n";

const GOOGLE: &str = "BEGIN:VCARD\nVERSION:3.0\nFN:Bert Brot\nN:Brot;Bert;;;\nTEL;TYPE=WORK:+41 44 268 18 00\n\
    TEL;TYPE=CELL:12\nCATEGORIES:myContacts\nEND:VCARD\nBEGIN:VCARD\nVERSION:3.0\nFN:Nur Mail\nN:Mail;Nur;;;\n\
    EMAIL;TYPE=INTERNET:n@example.com\nEND:VCARD\n";

#[test]
fn cards_of_an_iphone_are_read() {
    let reading = reading(IPHONE);
    let name = "Dr. Änne Maria Kern|Kern & Söhne, Köln";
    assert_eq!(told(&reading), [format!("+491712345678 {name}"), format!("+4922129191999 {name}")]);
    assert_eq!((reading.unusable.len(), reading.without_number), (0, 0));
}

#[test]
fn cards_of_outlook_are_read_in_their_own_characters() {
    let name = "Jörg Müller|Müller Bau GmbH";
    let expected = ["+492219998560", "+491712345678", "+492219998561"].map(|number| format!("{number} {name}"));
    assert_eq!(told(&reading(OUTLOOK)), expected);
}

#[test]
fn cards_in_quoted_printable_are_read_over_line_ends() {
    let reading = reading(ANDROID);
    assert_eq!(told(&reading), ["+491735551234 Bärbel Größ|"]);
    assert_eq!(unusable(&reading), []);
}

#[test]
fn cards_of_google_tell_what_is_no_number_and_who_has_none() {
    let reading = reading(GOOGLE);
    assert_eq!(told(&reading), ["+41442681800 Bert Brot|"]);
    assert_eq!(unusable(&reading), [(6, "12", Reason::NoNumber)]);
    assert_eq!(reading.without_number, 1);
}

#[test]
fn a_newer_card_may_hold_uris_a_company_alone_and_a_card_within() {
    let text = "BEGIN:VCARD\nVERSION:4.0\nN:;;;;\nORG:ACME\nTEL;VALUE=uri;TYPE=\"voice,home\":tel:+49-221-2919-1999;ext=5\n\
        END:VCARD\nBEGIN:VCARD\nVERSION:2.1\nFN:Chef\nAGENT:\nBEGIN:VCARD\nFN:Assistenz\nTEL:03023125000\nEND:VCARD\n\
        TEL:0171 2345678\nEND:VCARD\nBEGIN:VCARD\nFN:Ohne Ende\nTEL:0041442681800\nBEGIN:VCARD\nFN:Letzte\nTEL:+43158858";
    let expected = ["+4922129191999 ACME|", "+491712345678 Chef|", "+41442681800 Ohne Ende|", "+43158858 Letzte|"];
    assert_eq!(told(&reading(text)), expected);
}

#[test]
fn the_german_table_of_outlook_is_read() {
    let text = "\u{feff}\"Anrede\",\"Vorname\",\"Weitere Vornamen\",\"Nachname\",\"Firma\",\"Telefon Assistent\",\
        \"Telefon geschäftlich\",\"Telefon geschäftlich 2\",\"Mobiltelefon\",\"E-Mail-Adresse\"\r\n\
        \"Frau\",\"Anna\",\"\",\"Kern\",\"Kern \"\"Obst\"\" GmbH\",\"0221 555555\",\"0221 / 29 19 19 99\",\"\",\"+49 171 2345678\",\"a@b\"\r\n\
        \"\",\"\",\"\",\"\",\"Nur\r\nFirma\",\"\",\"(030) 23125000\",\"durchwahl\",\"\",\"\"\r\n\
        \"Herr\",\"Ohne\",\"\",\"Nummer\",\"\",\"\",\"\",\"\",\"\",\"\"\r\n\
        \"\",\"\",\"\",\"\",\"\",\"\",\"0221 9998560\",\"\",\"\",\"\"\r\n";
    let reading = reading(text);
    let expected = [
        "+4922129191999 Anna Kern|Kern \"Obst\" GmbH",
        "+491712345678 Anna Kern|Kern \"Obst\" GmbH",
        "+493023125000 Nur Firma|",
    ];
    assert_eq!(told(&reading), expected);
    assert_eq!(unusable(&reading), [(3, "durchwahl", Reason::NoNumber), (6, "0221 9998560", Reason::NoName)]);
    assert_eq!(reading.without_number, 1);
}

#[test]
fn tables_with_semicolons_in_the_characters_of_windows_are_read() {
    let text = b"sep=;\r\nName;Privat;Gesch\xe4ftlich\r\nJ\xf6rg;0221 9998560;030 23125000\r\n\r\n;;\r\n";
    assert_eq!(told(&reading(text)), ["+492219998560 Jörg|", "+493023125000 Jörg|"]);
    let utf16: Vec<u8> =
        "\u{feff}Name\tRufnummer\nJürgen\t0171 2345678\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(told(&reading(utf16)), ["+491712345678 Jürgen|"]);
}

#[test]
fn tables_of_google_hold_several_numbers_in_one_field() {
    let text = "First Name,Last Name,Phonetic First Name,Organization Name,Phone 1 - Label,Phone 1 - Value\n\
        Bert,Brot,Phone,Bäcker,Mobile,+41 44 268 18 00 ::: 0171 2345678\n";
    assert_eq!(told(&reading(text)), ["+41442681800 Bert Brot|Bäcker", "+491712345678 Bert Brot|Bäcker"]);
}

#[test]
fn a_number_has_one_name_the_first() {
    let reading = reading("Name,Tel\nAnna,0221 29191999\nBert,+4922129191999\nAnna,004922129191999\n");
    assert_eq!(told(&reading), ["+4922129191999 Anna|"]);
    assert_eq!(unusable(&reading), [(3, "+4922129191999", Reason::Twice(2))]);
}

#[test]
fn a_name_that_is_too_long_is_told() {
    let longest = "x".repeat(MAX_NAME_CHARS);
    let reading = reading(format!("Name,Tel\n{longest},0171 2345678\n{longest}y,0221 29191999\n"));
    assert_eq!(reading.contacts.len(), 1);
    assert_eq!(unusable(&reading), [(3, &longest[..40], Reason::LongName)]);
}

#[test]
fn a_file_that_is_neither_is_told_why() {
    let read = |bytes: &[u8]| read(bytes, &german()).unwrap_err();
    assert_eq!(read(b""), FileProblem::Empty);
    assert_eq!(read(b"\xef\xbb\xbf \r\n"), FileProblem::Empty);
    assert_eq!(read(b"PK\x03\x04\x14\x00"), FileProblem::NoText);
    let columns = |names: [&str; 2]| FileProblem::Columns(names.map(str::to_owned).into());
    assert_eq!(read(b"Name;Mail\nAnna;a@b\n"), columns(["Name", "Mail"]));
    assert_eq!(read(b"Telefon;Mail\n0221 29191999;a@b\n"), columns(["Telefon", "Mail"]));
    assert_eq!(read(b"Anna,0221 29191999\n"), columns(["Anna", "0221 29191999"]));
}

#[test]
fn a_company_is_shown_behind_the_name_unless_it_is_the_name() {
    assert_eq!(named(" Anna\n Kern ", "ACME"), Ok(("Anna Kern".into(), Some("ACME".into()))));
    assert_eq!(named("ACME", "ACME"), Ok(("ACME".into(), None)));
    assert_eq!(named("", "ACME"), Ok(("ACME".into(), None)));
    assert_eq!(named("\u{202e} \t", ""), Err(NameProblem::Missing));
    let contact = Contact { number: "+49".into(), name: "Anna".into(), company: Some("ACME".into()) };
    assert_eq!(contact.display(), "Anna, ACME");
}

/// Generates fragments of files of contacts, in any order.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just("BEGIN:VCARD".to_owned()),
        Just("END:VCARD".to_owned()),
        Just("TEL;CELL:".to_owned()),
        Just("N;ENCODING=QUOTED-PRINTABLE;CHARSET=utf-16:=C3=".to_owned()),
        Just("AGENT:".to_owned()),
        Just("Name;Telefon;Firma".to_owned()),
        Just("sep=;".to_owned()),
        Just("Name;Vorname;Vorwahl;Tel Büro;Ansprechpartner".to_owned()),
        Just("<phonebooks><phonebook><contact><realName>&amp;".to_owned()),
        Just("</realName><number>0221 29191999</number>&#1;</contact>".to_owned()),
        Just("=\"0221\"".to_owned()),
        Just("=\r ".to_owned()),
        Just("\n".to_owned()),
        Just("\r\n ".to_owned()),
        Just("0221 29191999".to_owned()),
        Just("0221 29191*".to_owned()),
        ".{0,6}",
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat().into_bytes())
}

fn kept_are_usable(bytes: &[u8]) {
    if let Ok(reading) = read(bytes, &german()) {
        for contact in &reading.contacts {
            assert_eq!(number_or_block(&contact.number, &german()).as_ref(), Some(&contact.number));
            assert!(!contact.name.is_empty() && !contact.name.contains(char::is_control), "{contact:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(128) })]

    #[test]
    fn no_bytes_are_too_strange(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        kept_are_usable(&bytes);
        kept_are_usable(&[b"BEGIN:VCARD\nTEL:", bytes.as_slice()].concat());
        kept_are_usable(&[b"Name,Telefon\nA,", bytes.as_slice()].concat());
        kept_are_usable(&[b"<phonebooks><phonebook><contact><realName>", bytes.as_slice()].concat());
    }

    #[test]
    fn no_mixture_is_too_strange(bytes in pieces()) {
        kept_are_usable(&bytes);
    }
}

#[test]
fn a_file_of_more_people_than_are_read_is_refused() {
    let table = |lines: usize| format!("Name;Telefon\n{}", "a;\n".repeat(lines));
    assert_eq!(read(table(200_001).as_bytes(), &german()), Err(FileProblem::TooMany));
    assert_eq!(reading(table(200_000)).without_number, 200_000);
    let cards = "BEGIN:VCARD\nFN:a\nEND:VCARD\n".repeat(200_001);
    assert_eq!(read(cards.as_bytes(), &german()), Err(FileProblem::TooMany));
}
