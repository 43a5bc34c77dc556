//! Writes contacts to files that other programs read, and that [`super::file::read`] reads again without loss.

use super::Contact;
use super::text::guarded;

/// Maximum length of a line of a vCard, in bytes.
const MOST_IN_LINE: usize = 75;

/// The format of a file of contacts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// CSV, RFC 4180.
    Csv,
    /// CSV as a German Excel opens it without asking; numbers stay texts there.
    CsvForExcel,
    /// vCard 3.0; numbers of one name and company that follow each other are one card.
    VCard,
}

impl Format {
    /// Returns what stands before the contacts.
    pub fn head(self) -> &'static str {
        match self {
            Self::Csv => "number,name,company\r\n",
            Self::CsvForExcel => "\u{feff}Nummer;Name;Firma\r\n",
            Self::VCard => "",
        }
    }

    /// Writes some contacts.
    pub fn write(self, contacts: &[&Contact]) -> String {
        let same = |a: &&Contact, b: &&Contact| (&a.name, &a.company) == (&b.name, &b.company);
        match self {
            Self::Csv | Self::CsvForExcel => contacts.iter().map(|contact| self.record(contact)).collect(),
            Self::VCard => contacts.chunk_by(same).map(card).collect(),
        }
    }

    fn record(self, contact: &Contact) -> String {
        let (number, delimiter) = match self {
            Self::CsvForExcel => (format!("=\"{}\"", contact.number), ';'),
            _ => (contact.number.clone(), ','),
        };
        let name = guarded(&contact.name);
        let company = contact.company.as_deref().map(guarded).unwrap_or_default();
        let [number, name, company] = [&number, &*name, &*company].map(|field| quoted(field, delimiter));
        format!("{number}{delimiter}{name}{delimiter}{company}\r\n")
    }
}

fn quoted(field: &str, delimiter: char) -> String {
    if field.contains([delimiter, '"', '\r', '\n']) {
        format!("\"{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

fn card(contacts: &[&Contact]) -> String {
    let Some(first) = contacts.first() else { return String::new() };
    let name = escaped(&first.name);
    let mut lines = vec!["BEGIN:VCARD".to_owned(), "VERSION:3.0".to_owned()];
    // Which word is the family name is not known, so that all of them are.
    lines.extend([format!("N:{name};;;;"), format!("FN:{name}")]);
    lines.extend(first.company.as_deref().map(|company| format!("ORG:{}", escaped(company))));
    lines.extend(contacts.iter().map(|contact| format!("TEL:{}", contact.number)));
    lines.push("END:VCARD".to_owned());
    lines.iter().map(|line| folded(line)).collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace(',', "\\,").replace(';', "\\;")
}

/// Ends a line, and breaks it where it is too long.
fn folded(line: &str) -> String {
    let (mut folded, mut length) = (String::with_capacity(line.len() + 2), 0);
    for c in line.chars() {
        if length + c.len_utf8() > MOST_IN_LINE {
            folded.push_str("\r\n ");
            length = 1;
        }
        folded.push(c);
        length += c.len_utf8();
    }
    folded + "\r\n"
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calls::phone::Numbering;
    use crate::contacts::file::read;
    use crate::contacts::named;

    const ALL: [Format; 3] = [Format::Csv, Format::CsvForExcel, Format::VCard];

    fn contact(number: &str, name: &str, company: &str) -> Contact {
        let (name, company) = named(name, company).unwrap();
        Contact { number: number.into(), name, company }
    }

    fn written(format: Format, contacts: &[Contact]) -> String {
        let contacts: Vec<&Contact> = contacts.iter().collect();
        format!("{}{}", format.head(), format.write(&contacts))
    }

    #[test]
    fn contacts_are_written_as_programs_read_them() {
        let contacts = [
            contact("+4922129191917", "Eva Kern", "Kern, Obst & \"mehr\""),
            contact("+491702345606", "Eva Kern", "Kern, Obst & \"mehr\""),
            contact("+4922129191916", "=1+1; Bau", ""),
            contact("+4922129191*", "Firma X", ""),
        ];
        let csv = "number,name,company\r\n+4922129191917,Eva Kern,\"Kern, Obst & \"\"mehr\"\"\"\r\n\
            +491702345606,Eva Kern,\"Kern, Obst & \"\"mehr\"\"\"\r\n+4922129191916,'=1+1; Bau,\r\n\
            +4922129191*,Firma X,\r\n";
        assert_eq!(written(Format::Csv, &contacts), csv);
        let excel = "\u{feff}Nummer;Name;Firma\r\n\"=\"\"+4922129191917\"\"\";Eva Kern;\"Kern, Obst & \"\"mehr\"\"\"\r\n\
            \"=\"\"+491702345606\"\"\";Eva Kern;\"Kern, Obst & \"\"mehr\"\"\"\r\n\
            \"=\"\"+4922129191916\"\"\";\"'=1+1; Bau\";\r\n\"=\"\"+4922129191*\"\"\";Firma X;\r\n";
        assert_eq!(written(Format::CsvForExcel, &contacts), excel);
        let cards = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Eva Kern;;;;\r\nFN:Eva Kern\r\nORG:Kern\\, Obst & \"mehr\"\r\n\
            TEL:+4922129191917\r\nTEL:+491702345606\r\nEND:VCARD\r\n\
            BEGIN:VCARD\r\nVERSION:3.0\r\nN:=1+1\\; Bau;;;;\r\nFN:=1+1\\; Bau\r\nTEL:+4922129191916\r\nEND:VCARD\r\nBEGIN:VCARD\r\nVERSION:3.0\r\nN:Firma X;;;;\r\nFN:Firma X\r\nTEL:+4922129191*\r\nEND:VCARD\r\n";
        assert_eq!(written(Format::VCard, &contacts), cards);
    }

    #[test]
    fn long_lines_of_cards_are_broken_between_characters() {
        let cards = written(Format::VCard, &[contact("+4922129191917", &"ü".repeat(60), "")]);
        assert!(cards.contains(&format!("FN:{}\r\n {}\r\n", "ü".repeat(36), "ü".repeat(24))), "{cards}");
    }

    fn text() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("'"),
            Just("="),
            Just("=\""),
            Just("\""),
            Just(";"),
            Just(","),
            Just("\\"),
            Just("\\n"),
            Just(":"),
            Just("+49"),
            Just("@"),
            Just("-"),
            Just(" "),
            Just("Eva"),
            Just("ß"),
            Just(":::"),
            Just("=C3"),
            Just("END:VCARD")
        ];
        prop::collection::vec(piece, 1..8).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

        #[test]
        fn what_is_written_is_read_again_without_loss(names in prop::collection::vec((text(), text()), 1..6)) {
            let names = names.into_iter().filter_map(|(name, company)| named(&name, &company).ok());
            let contact = |(place, (name, company))| Contact { number: format!("+4922129191{:03}", 100 + place), name, company };
            let mut contacts: Vec<Contact> = names.enumerate().map(contact).collect();
            contacts.push(Contact { number: "+4922129191*".into(), name: "Firma X".into(), company: None });
            for format in ALL {
                let file = written(format, &contacts);
                let reading = read(file.as_bytes(), &Numbering::new("DE").unwrap()).unwrap();
                prop_assert_eq!((&reading.contacts, &reading.unusable), (&contacts, &Vec::new()), "{}", file);
            }
        }
    }
}
