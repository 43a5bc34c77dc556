//! Recognises the columns of a table of contacts by the headers that programs give them in German and English.

/// The meaning of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    First,
    Middle,
    Last,
    Company,
    Number,
    Other,
}

const NAME: [&str; 14] = [
    "name",
    "fullname",
    "displayname",
    "anzeigename",
    "vollstaendigername",
    "fileas",
    "speichernunter",
    "kontakt",
    "kontaktname",
    "contact",
    "contactname",
    "bezeichnung",
    "realname",
    "teilnehmer",
];
const FIRST: [&str; 5] = ["vorname", "firstname", "givenname", "rufname", "vornamen"];
const MIDDLE: [&str; 4] = ["weiterevornamen", "middlename", "additionalname", "zweitervorname"];
const LAST: [&str; 6] = ["nachname", "lastname", "familyname", "familienname", "surname", "zuname"];
const COMPANY: [&str; 10] = [
    "firma",
    "firmenname",
    "company",
    "companyname",
    "unternehmen",
    "organisation",
    "organization",
    "organizationname",
    "organization1name",
    "org",
];
const NUMBER: [&str; 16] = [
    "tel",
    "fon",
    "nummer",
    "number",
    "privat",
    "home",
    "geschaeftlich",
    "business",
    "work",
    "arbeit",
    "buero",
    "callback",
    "rueckmeldung",
    "rueckruf",
    "isdn",
    "durchwahl",
];
const PART_OF_NUMBER: [&str; 10] =
    ["telefon", "phone", "mobil", "handy", "rufnummer", "telnummer", "telnumber", "telnr", "fax", "festnetz"];
/// Parts of headers that are no numbers: the kind of a number, another person's number, phonetic names.
const NO_NUMBER: [&str; 9] =
    ["label", "type", "typ", "art", "phonetic", "assist", "telex", "texttelefon", "telefonbuch"];

impl Column {
    /// Recognises a column by its header.
    pub(super) fn of(header: &str) -> Self {
        let name = folded(header);
        let is = |known: &[&str]| known.contains(&name.as_str());
        let holds = |known: &[&str]| known.iter().any(|part| name.contains(part));
        match () {
            () if is(&NAME) => Self::Name,
            () if is(&FIRST) => Self::First,
            () if is(&MIDDLE) => Self::Middle,
            () if is(&LAST) => Self::Last,
            () if is(&COMPANY) => Self::Company,
            () if is(&NUMBER) => Self::Number,
            () if holds(&PART_OF_NUMBER) && !holds(&NO_NUMBER) => Self::Number,
            () => Self::Other,
        }
    }
}

/// Normalises a header: letters and digits only, lower-case, umlauts transcribed.
fn folded(header: &str) -> String {
    let mut name = String::with_capacity(header.len());
    for c in header.chars().flat_map(char::to_lowercase) {
        match c {
            'ä' => name.push_str("ae"),
            'ö' => name.push_str("oe"),
            'ü' => name.push_str("ue"),
            'ß' => name.push_str("ss"),
            c if c.is_alphanumeric() => name.push(c),
            _ => {}
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_by_the_names_that_programs_give_them() {
        for (header, column) in [
            ("Vorname", Column::First),
            ("First Name", Column::First),
            ("Weitere Vornamen", Column::Middle),
            ("Nachname", Column::Last),
            ("Family Name", Column::Last),
            ("Firma", Column::Company),
            ("Organization 1 - Name", Column::Company),
            ("Organization Name", Column::Company),
            ("Telefon (geschäftlich)", Column::Number),
            ("Telefon geschäftlich 2", Column::Number),
            ("Mobiltelefon", Column::Number),
            ("Telefon Firma", Column::Number),
            ("Fax privat", Column::Number),
            ("Business Phone", Column::Number),
            ("Phone 1 - Value", Column::Number),
            ("Company Main Phone", Column::Number),
            ("Rufnummer", Column::Number),
            ("Geschäftlich", Column::Number),
            ("\u{feff}Name", Column::Name),
            ("E-Mail-Adresse", Column::Other),
            ("E-mail Address", Column::Other),
            ("Phone 1 - Type", Column::Other),
            ("Phone 1 - Label", Column::Other),
            ("Phonetic First Name", Column::Other),
            ("Telefon Assistent", Column::Other),
            ("Assistant's Phone", Column::Other),
            ("Telex", Column::Other),
            ("Position", Column::Other),
            ("", Column::Other),
        ] {
            assert_eq!(Column::of(header), column, "{header}");
        }
    }
}
