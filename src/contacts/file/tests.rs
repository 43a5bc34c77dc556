//! Files as the programs write them that people have their contacts in.

use super::*;
use crate::contacts::tests::{german, reading, told, unusable};

const FIELD: &str = "Vorname,Nachname,Anzeigename,Spitzname,Primäre E-Mail-Adresse,Sekundäre E-Mail-Adresse,\
    Messenger-Name,Tel. dienstlich,Tel. privat,Fax-Nummer,Pager-Nummer,Mobil-Tel.-Nr.,Privat: Adresse,Privat: PLZ,\
    Dienstlich: Ort,Organisation,Webseite 1,Geburtsjahr,Benutzerdef. 1,Notizen,\n\
    Ute,Ärmel,Ute Ärmel,,,,,0221 29191941,0221 29191942,0221 29191943,0221 29191944,0170 2345606,,50667,,Ärmel GbR,,1970,,,\n";

#[test]
fn the_german_table_of_thunderbird_is_read() {
    let name = "Ute Ärmel|Ärmel GbR";
    let numbers = ["+4922129191941", "+4922129191942", "+4922129191943", "+4922129191944", "+491702345606"];
    assert_eq!(told(&reading(FIELD)), numbers.map(|number| format!("{number} {name}")));
}

#[test]
fn the_english_tables_of_thunderbird_and_outlook_are_read() {
    let thunderbird = "First Name,Last Name,Display Name,Nickname,Primary Email,Work Phone,Home Phone,Fax Number,\
        Pager Number,Mobile Number\nUte,Arm,,,a@b,0221 29191941,,,0221 29191944,0170 2345606\n";
    assert_eq!(
        told(&reading(thunderbird)),
        ["+4922129191941 Ute Arm|", "+4922129191944 Ute Arm|", "+491702345606 Ute Arm|"]
    );
    let outlook = "First Name,Middle Name,Last Name,Company,Business Street,Assistant's Phone,Business Phone,Callback,\
        Car Phone,Company Main Phone,Mobile Phone,Pager,Primary Phone,Radio Phone\n\
        Ute,,Arm,ACME,Ring 1,0221 29191900,0221 29191941,0221 29191942,0221 29191943,0221 29191944,0170 2345606,\
        0221 29191945,0221 29191946,0221 29191947\n";
    let numbers = [
        "+4922129191941",
        "+4922129191942",
        "+4922129191943",
        "+4922129191944",
        "+491702345606",
        "+4922129191945",
        "+4922129191946",
        "+4922129191947",
    ];
    assert_eq!(told(&reading(outlook)), numbers.map(|number| format!("{number} Ute Arm|ACME")));
}

#[test]
fn the_older_table_of_google_has_the_whole_name_beside_its_parts() {
    let text = "Name,Given Name,Additional Name,Family Name,Nickname,Organization 1 - Name,Phone 1 - Type,Phone 1 - Value\n\
        Dr. Eva Müller,Eva,,Müller,Evi,ACME,Mobile,0221 29191902\n,,,,Maxi,,Mobile,0221 29191903\n";
    assert_eq!(told(&reading(text)), ["+4922129191902 Dr. Eva Müller|ACME", "+4922129191903 Maxi|"]);
}

#[test]
fn a_family_name_under_name_is_joined_by_the_first_name() {
    let text = "Name;Vorname;Telefon\nMüller;Eva;0221 29191902\nEva Braun;Eva;0221 29191903\nBraun, eva;Eva;0221 29191904\n\
        Evans;Eva;0221 29191905\n;Eva;0221 29191906\nACME;;0221 29191907\n";
    let expected = [
        "+4922129191902 Eva Müller|",
        "+4922129191903 Eva Braun|",
        "+4922129191904 Braun, eva|",
        "+4922129191905 Eva Evans|",
        "+4922129191906 Eva|",
        "+4922129191907 ACME|",
    ];
    assert_eq!(told(&reading(text)), expected);
}

#[test]
fn a_person_to_ask_for_stands_before_the_company() {
    let of = |text: &str| told(&reading(text));
    assert_eq!(
        of("Firma;Ansprechpartner;Zentrale\nACME;Eva Kern;0221 29191902\nBau;;0221 29191903\n"),
        ["+4922129191902 Eva Kern|ACME", "+4922129191903 Bau|"]
    );
    assert_eq!(of("Name;Ansprechpartner;Hauptnummer\nACME;Eva Kern;0221 29191902\n"), ["+4922129191902 Eva Kern|ACME"]);
    assert_eq!(
        of("Firma;Name;Ansprechpartner;Cell\nACME;Max Rot;Eva Kern;0221 29191902\n"),
        ["+4922129191902 Max Rot|ACME"]
    );
}

#[test]
fn what_keeps_a_spreadsheet_from_calculating_is_taken_off() {
    let text = "Name;Telefon\nEva;=\"022129191917\"\nMax;'022129191916\n\"=\"\"Ute\"\"\";\"=\"\"022129191915\"\"\"\n\
        'T Hooft;\u{2019}022129191914\n";
    let expected = ["+4922129191917 Eva|", "+4922129191916 Max|", "+4922129191915 Ute|", "+4922129191914 'T Hooft|"];
    let reading = reading(text);
    assert_eq!((told(&reading), unusable(&reading)), (expected.map(str::to_owned).into(), Vec::new()));
}

#[test]
fn an_area_code_in_a_column_of_its_own_belongs_to_the_number_behind_it() {
    let text =
        "Name;Vorwahl;Rufnummer;Mobil\nEva;0221;29191917;0170 2345606\nMax;221;29191916;\nUte;0221;0221 29191915;\n";
    let expected = ["+4922129191917 Eva|", "+491702345606 Eva|", "+4922129191916 Max|", "+4922129191915 Ute|"];
    assert_eq!(told(&reading(text)), expected);
}

#[test]
fn lines_may_end_in_any_way() {
    let cards = "BEGIN:VCARD\nVERSION:3.0\nFN:Eva\n  Kern\nTEL:0221 29191902\nTEL:12\nEND:VCARD\n";
    let table = "Name;Telefon\nEva Kern;0221 29191902\nMax;12\n";
    for text in [cards, table] {
        for end in ["\n", "\r\n", "\r", "\r\r\n"] {
            let reading = reading(text.replace('\n', end));
            assert_eq!(told(&reading), ["+4922129191902 Eva Kern|"], "{end:?}");
            let line = if text == cards { 6 } else { 3 };
            assert_eq!(unusable(&reading), [(line, "12", Reason::NoNumber)], "{end:?}");
        }
    }
    let hinted = reading("sep=;\rName;Telefon\rEva Kern;0221 29191902\r");
    assert_eq!(told(&hinted), ["+4922129191902 Eva Kern|"]);
}

#[test]
fn quoted_printable_may_be_folded_like_everything_else() {
    let folded = "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BCller-L=C3=BCdenscheid=\n t;Anneli=C3=\n \
        =A8se\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Anneli=C3=A8se M=C3=BCller=\n -L=C3=BCdenscheidt\n\
        TEL;TYPE=CELL;TYPE=MOBILE;TYPE=VOICE:+491702345603\nEND:VCARD\n";
    assert_eq!(told(&reading(folded)), ["+491702345603 Annelièse Müller-Lüdenscheidt|"]);
    let without_fn: String = folded
        .split_inclusive('\n')
        .filter(|line| !line.contains("FN;") && !line.contains("-L=C3=BCdenscheidt"))
        .collect();
    assert_eq!(told(&reading(without_fn)), ["+491702345603 Annelièse Müller-Lüdenscheidt|"]);
    // Where another line goes on without a blank, a blank is one of the name.
    let plain = "BEGIN:VCARD\nVERSION:2.1\nFN;ENCODING=QUOTED-PRINTABLE;CHARSET=UTF-8:J=C3=B6rg=\n Gro=\n=C3=9F\n\
        TEL:+491702345603\nEND:VCARD\n";
    assert_eq!(told(&reading(plain)), ["+491702345603 Jörg Groß|"]);
}

#[test]
fn cards_of_icloud_are_read() {
    let text = "BEGIN:VCARD\r\nVERSION:3.0\r\nPRODID:-//Apple Inc.//iCloud Web Address Book 2424B18//EN\r\nN:;;;;\r\nFN:Kern\r\n  GmbH\r\n\
        ORG:Kern GmbH;\r\nX-ABShowAs:COMPANY\r\nitem1.TEL;type=pref:0221 29191902\r\nitem1.X-ABLabel:Zentrale\r\n\
        TEL;type=IPHONE;type=CELL;type=VOICE:0170 2345606\r\nREV:2026-11-01T10:00:00Z\r\nEND:VCARD\r\n";
    assert_eq!(told(&reading(text)), ["+4922129191902 Kern GmbH|", "+491702345606 Kern GmbH|"]);
}

#[test]
fn cards_may_be_folded_within_a_character() {
    let text = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:J\u{f6}rg Gro\u{df}\r\nTEL:0221 29191902\r\nEND:VCARD\r\n";
    let (before, after) = text.as_bytes().split_at(text.find('\u{df}').unwrap() + 1);
    for fold in [&b"\r\n "[..], b"\n\t"] {
        assert_eq!(told(&reading([before, fold, after].concat())), ["+4922129191902 J\u{f6}rg Gro\u{df}|"]);
    }
}

const FRITZBOX: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<phonebooks><phonebook name=\"Telefonbuch\">\
    <timestamp>1732262400</timestamp>\n<contact><category>0</category><person><realName>Kern, Dora</realName></person>\
    <telephony nid=\"2\"><number type=\"home\" prio=\"1\" id=\"0\">022129191901</number>\
    <number type=\"mobile\" prio=\"0\" id=\"1\">01702345601</number></telephony><services/><setup/><uniqueid>11</uniqueid></contact>\n\
    <contact><category>1</category><person><realName>Groß &amp; Söhne &#x1F4DE;</realName></person><telephony nid=\"1\">\n\
    <number type=\"fax_work\" prio=\"1\" id=\"0\" quickdial=\"3\">022129191902</number>\n<number type=\"home\">**620</number>\
    </telephony></contact>\n<contact><person><realName>Nur Mail</realName></person><telephony/></contact>\n\
    <contact><person><realName/></person><telephony><number>0221 29191903</number></telephony></contact>\n\
    </phonebook></phonebooks>\n";

#[test]
fn the_phonebook_of_a_fritzbox_is_read() {
    let reading = reading(FRITZBOX);
    let expected = ["+4922129191901 Kern, Dora|", "+491702345601 Kern, Dora|", "+4922129191902 Groß & Söhne 📞|"];
    assert_eq!(told(&reading), expected);
    assert_eq!(unusable(&reading), [(6, "**620", Reason::NoNumber), (8, "0221 29191903", Reason::NoName)]);
    assert_eq!(reading.without_number, 1);
    let western = FRITZBOX.replace("utf-8", "iso-8859-1").replace(" &#x1F4DE;", "").replace('\n', "\r\n");
    let bytes: Vec<u8> = western.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    assert_eq!(told(&crate::contacts::tests::reading(bytes))[2], "+4922129191902 Groß & Söhne|");
}

#[test]
fn a_phonebook_that_is_cut_off_is_refused_as_a_whole() {
    let read = |text: &str| read(text.as_bytes(), &german());
    assert_eq!(read(&FRITZBOX[..FRITZBOX.find("**620").unwrap()]), Err(FileProblem::Damaged(6)));
    assert_eq!(read(&FRITZBOX.replace("</realName>", "</name>")), Err(FileProblem::Damaged(3)));
}

#[test]
fn a_column_that_looks_like_numbers_and_is_not_used_is_named() {
    let text = "Name;Telefon;Erreichbar unter;Kundennummer;Geburtstag;PLZ;Telefon Assistent;\n\
        Eva;0221 29191917;0170 2345606;0012345;03.04.1985;50667;;0221 29191911\n\
        Max;0221 29191916;abends;1234567890;;50667;=\"022129191910\";\nUte;0221 29191915;;;;;;\n";
    let all = reading(text);
    assert_eq!(all.contacts.len(), 3);
    assert_eq!(all.unused_columns, ["Erreichbar unter", "Telefon Assistent", "#8"]);
    assert_eq!(reading("Name;Telefon;Notiz\nEva;0221 29191917;Anruf unter 0170 2345606\n").unused_columns, [""; 0]);
    assert_eq!(reading(FIELD).unused_columns, [""; 0]);
    assert_eq!(reading(FRITZBOX).unused_columns, [""; 0]);
}
