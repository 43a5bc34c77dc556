//! Recognises the columns of a table of contacts by the headers that programs give them in German and English.

/// The meaning of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// A whole name, or the family name where another column has the first name.
    Name,
    /// A whole name, whatever the other columns hold.
    FullName,
    /// Whom to ask for in a company.
    Person,
    First,
    Middle,
    Last,
    /// A name for want of a better one: a nickname, or the key by which a contact is filed.
    Makeshift,
    Company,
    Number,
    /// The area code of the number in the next column.
    AreaCode,
    Other,
}

const NAME: [&str; 3] = ["name", "name1", "bezeichnung"];
const FULL_NAME: [&str; 24] = [
    "fullname",
    "displayname",
    "anzeigename",
    "vollername",
    "vollstaendigername",
    "kontakt",
    "kontaktname",
    "contact",
    "contactname",
    "realname",
    "teilnehmer",
    "vornamename",
    "namevorname",
    "vornamenachname",
    "nachnamevorname",
    "firstnamelastname",
    "lastnamefirstname",
    "person",
    "kunde",
    "kundenname",
    "customer",
    "customername",
    "lieferant",
    "mitglied",
];
const PERSON: [&str; 6] =
    ["ansprechpartner", "ansprechpartnerin", "ansprechperson", "kontaktperson", "contactperson", "ansprechpartnername"];
const FIRST: [&str; 6] = ["vorname", "vornamen", "firstname", "givenname", "forename", "rufname"];
const MIDDLE: [&str; 5] = ["weiterevornamen", "zweitervorname", "middlename", "middlenames", "additionalname"];
const LAST: [&str; 7] = ["nachname", "familienname", "zuname", "lastname", "familyname", "surname", "secondname"];
const MAKESHIFT: [&str; 5] = ["fileas", "speichernunter", "spitzname", "nickname", "matchcode"];
const COMPANY: [&str; 16] = [
    "firma",
    "firma1",
    "firmenname",
    "firmenbezeichnung",
    "unternehmen",
    "unternehmensname",
    "organisation",
    "organisationsname",
    "betrieb",
    "company",
    "companyname",
    "organization",
    "organizationname",
    "organization1name",
    "org",
    "accountname",
];
/// Words of which one makes the header of a column with numbers: `Tel Büro`.
const NUMBER_WORD: [&str; 10] =
    ["tel", "fon", "cell", "cellular", "gsm", "natel", "zentrale", "isdn", "pager", "rufnr"];
/// Words that make such a header if there is no other word in it: `Nummer privat`, `Home 2`.
const PLACE_WORD: [&str; 27] = [
    "nummer",
    "number",
    "privat",
    "private",
    "home",
    "geschaeftlich",
    "dienstlich",
    "beruflich",
    "business",
    "work",
    "office",
    "arbeit",
    "buero",
    "main",
    "haupt",
    "hauptnummer",
    "hauptanschluss",
    "anschluss",
    "switchboard",
    "direct",
    "dial",
    "direktwahl",
    "durchwahl",
    "landline",
    "callback",
    "rueckmeldung",
    "rueckruf",
];
const PART_OF_NUMBER: [&str; 14] = [
    "telefon",
    "phone",
    "mobil",
    "handy",
    "rufnummer",
    "telnummer",
    "telnumber",
    "telnr",
    "fax",
    "festnetz",
    "pagernu",
    "hauptnummer",
    "zentralnummer",
    "directline",
];
/// Parts of headers that are no numbers: the kind of a number, another person's number, phonetic names.
const NO_NUMBER: [&str; 7] = ["label", "type", "phonetic", "assist", "telex", "texttelefon", "telefonbuch"];
const NO_NUMBER_WORD: [&str; 2] = ["typ", "art"];

impl Column {
    /// Recognises a column by its header.
    pub(super) fn of(header: &str) -> Self {
        let words = words(header);
        let name = words.concat();
        let is = |known: &[&str]| known.contains(&name.as_str());
        match () {
            () if is(&NAME) => Self::Name,
            () if is(&FULL_NAME) => Self::FullName,
            () if is(&PERSON) => Self::Person,
            () if is(&FIRST) => Self::First,
            () if is(&MIDDLE) => Self::Middle,
            () if is(&LAST) => Self::Last,
            () if is(&MAKESHIFT) => Self::Makeshift,
            () if is(&COMPANY) => Self::Company,
            () if matches!(name.as_str(), "vorwahl" | "ortsvorwahl" | "telefonvorwahl" | "areacode") => Self::AreaCode,
            () if is_of_numbers(&words, &name) => Self::Number,
            () => Self::Other,
        }
    }

    /// Returns whether a column says who somebody is.
    pub(super) fn is_of_names(self) -> bool {
        !matches!(self, Self::Number | Self::AreaCode | Self::Other)
    }
}

fn is_of_numbers(words: &[String], name: &str) -> bool {
    let is_other = NO_NUMBER.iter().any(|part| name.contains(part))
        || NO_NUMBER_WORD.iter().any(|word| name.ends_with(word) || words.iter().any(|part| part == word));
    if is_other {
        return false;
    }
    // A second number of a kind is counted: `Tel2`.
    let bare = || words.iter().map(|word| word.trim_end_matches(|c: char| c.is_ascii_digit()));
    PART_OF_NUMBER.iter().any(|part| name.contains(part))
        || bare().any(|word| NUMBER_WORD.contains(&word))
        || bare().any(|word| !word.is_empty()) && bare().all(|word| word.is_empty() || PLACE_WORD.contains(&word))
}

/// Splits a header into words: letters and digits only, lower-case, umlauts transcribed.
fn words(header: &str) -> Vec<String> {
    let mut folded = String::with_capacity(header.len());
    for c in header.chars().flat_map(char::to_lowercase) {
        match c {
            'ä' => folded.push_str("ae"),
            'ö' => folded.push_str("oe"),
            'ü' => folded.push_str("ue"),
            'ß' => folded.push_str("ss"),
            // An umlaut of two characters, as macOS writes it.
            '\u{308}' => folded.push('e'),
            '\u{feff}' => {}
            c if c.is_alphanumeric() => folded.push(c),
            _ => folded.push(' '),
        }
    }
    folded.split_whitespace().map(str::to_owned).collect()
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
            ("Tel Büro", Column::Number),
            ("Tel. dienstlich", Column::Number),
            ("Tel. privat", Column::Number),
            ("Mobil-Tel.-Nr.", Column::Number),
            ("Pager-Nummer", Column::Number),
            ("Fax-Nummer", Column::Number),
            ("Tel2", Column::Number),
            ("Cell", Column::Number),
            ("Zentrale", Column::Number),
            ("Hauptnummer", Column::Number),
            ("Hauptrufnummer", Column::Number),
            ("Main Number", Column::Number),
            ("Work 2", Column::Number),
            ("Bu\u{308}ro", Column::Number),
            ("Telefon Wartung", Column::Number),
            ("Vorwahl", Column::AreaCode),
            ("Name", Column::Name),
            ("Anzeigename", Column::FullName),
            ("Name, Vorname", Column::FullName),
            ("Ansprechpartner", Column::Person),
            ("Telefon Ansprechpartner", Column::Number),
            ("File As", Column::Makeshift),
            ("Spitzname", Column::Makeshift),
            ("\u{feff}Name", Column::Name),
            ("E-Mail-Adresse", Column::Other),
            ("E-mail Address", Column::Other),
            ("Phone 1 - Type", Column::Other),
            ("Phone 1 - Label", Column::Other),
            ("Phonetic First Name", Column::Other),
            ("Telefon Assistent", Column::Other),
            ("Assistant's Phone", Column::Other),
            ("Telex", Column::Other),
            ("Telefonart", Column::Other),
            ("Art Telefon", Column::Other),
            ("Kundennummer", Column::Other),
            ("Nr.", Column::Other),
            ("2", Column::Other),
            ("Telegram", Column::Other),
            ("Privat: Adresse", Column::Other),
            ("Home Street", Column::Other),
            ("Ländervorwahl", Column::Other),
            ("Position", Column::Other),
            ("", Column::Other),
        ] {
            assert_eq!(Column::of(header), column, "{header}");
        }
    }
}
