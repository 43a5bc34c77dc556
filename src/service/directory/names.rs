//! Names of numbers and agents, cached in memory: a page asks for hundreds.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::folding::{Folded, words};
use crate::calls::phone::Numbering;
use crate::contacts::Contact;
use crate::contacts::block::beginning;
use crate::store::names::{Kind, OwnName, list_contacts, list_own_names, names_version};
use crate::store::{Db, StoreError};

/// Maximum length of the name of a line or an agent, in characters.
pub const MAX_NAME_CHARS: usize = 100;
/// Maximum length of a number or SIP user, in characters.
pub const MAX_SUBJECT_CHARS: usize = 200;
/// Maximum number of subjects that a search by name is expanded to: one that finds more is too wide to be useful.
const MOST_FOUND: usize = 200;

/// Returns whether a text can be a number or SIP user that has a name.
pub fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT_CHARS).contains(&text.chars().count()) && !text.contains('\0')
}

/// All names of lines, agents and contacts.
#[derive(Debug, Default)]
pub struct Names {
    version: i64,
    lines: HashMap<String, Arc<str>>,
    agents: HashMap<String, Arc<str>>,
    /// The contacts, in the order of the address book.
    contacts: Vec<Entry>,
    places: HashMap<String, usize>,
    /// The places of blocks, by what their numbers begin with.
    blocks: HashMap<String, usize>,
    /// The lengths of those, longest first.
    block_lengths: Vec<usize>,
}

/// A contact, with its display name and the folded name by which it is sorted and found.
#[derive(Debug)]
struct Entry {
    contact: Contact,
    display: Arc<str>,
    folded: Folded,
}

impl Names {
    /// Loads the names if their stored version is not `version`.
    pub async fn load(db: &Db, version: Option<i64>) -> Result<Option<Self>, StoreError> {
        // The version first: a change in between is loaded again, never missed.
        let now = names_version(db).await?;
        if version == Some(now) {
            return Ok(None);
        }
        let (own, contacts) = (list_own_names(db).await?, list_contacts(db).await?);
        // Sorting many names takes longer than a caller should wait for.
        let made = tokio::task::spawn_blocking(move || Self::new(now, own, contacts)).await;
        made.map(Some).map_err(|error| StoreError::Damaged(format!("names: {error}")))
    }

    fn new(version: i64, own: Vec<OwnName>, contacts: Vec<Contact>) -> Self {
        let (mut lines, mut agents) = (HashMap::new(), HashMap::new());
        for OwnName { kind, subject, name } in own {
            let named = if kind == Kind::Line { &mut lines } else { &mut agents };
            named.insert(subject, name.into());
        }
        let entry = |contact: Contact| {
            let display = contact.display();
            Entry { folded: Folded::new(&display), display: display.into(), contact }
        };
        let mut contacts: Vec<Entry> = contacts.into_iter().map(entry).collect();
        contacts.sort_by(|a, b| (&a.folded, &a.contact.number).cmp(&(&b.folded, &b.contact.number)));
        let places = contacts.iter().enumerate().map(|(place, entry)| (entry.contact.number.clone(), place)).collect();
        let block =
            |(place, entry): (usize, &Entry)| beginning(&entry.contact.number).map(|start| (start.to_owned(), place));
        let blocks: HashMap<String, usize> = contacts.iter().enumerate().filter_map(block).collect();
        let lengths: BTreeSet<usize> = blocks.keys().map(String::len).collect();
        let block_lengths = lengths.into_iter().rev().collect();
        Self { version, lines, agents, contacts, places, blocks, block_lengths }
    }

    /// Returns the version, which every change raises.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Returns the name of an own line.
    pub fn line(&self, number: &str) -> Option<Arc<str>> {
        self.lines.get(number).cloned()
    }

    /// Returns the name of a SIP user.
    pub fn agent(&self, peer: &str) -> Option<Arc<str>> {
        self.agents.get(peer).cloned()
    }

    /// Returns the name of an outside number, E.164: that of its contact, or of an own line, or of the block that it is in.
    pub fn contact(&self, number: &str) -> Option<Arc<str>> {
        let display = |entry: &Entry| entry.display.clone();
        self.entry(number).map(display).or_else(|| self.line(number)).or_else(|| self.block_of(number).map(display))
    }

    /// Returns the name of a number in any notation, or of a SIP user.
    pub fn any(&self, raw: &str, numbering: &Numbering) -> Option<Arc<str>> {
        let e164 = || numbering.e164(raw).and_then(|number| self.contact(&number));
        self.agent(raw).or_else(|| self.line(raw)).or_else(e164)
    }

    /// Returns the contact with this number, as it is stored.
    pub fn stored(&self, number: &str) -> Option<&Contact> {
        self.entry(number).map(|entry| &entry.contact)
    }

    /// Returns the number of contacts.
    pub fn count(&self) -> usize {
        self.contacts.len()
    }

    /// Returns the contacts, in the order of the address book.
    pub fn contacts(&self) -> impl ExactSizeIterator<Item = &Contact> {
        self.contacts.iter().map(|entry| &entry.contact)
    }

    /// Returns the contacts whose name has every word of `text`, or whose number has its digits; in the order of the
    /// address book. `written` is the text as the beginning of a number in E.164, where it can be one.
    pub fn search<'a>(&'a self, text: &str, written: Option<&'a str>) -> impl Iterator<Item = &'a Contact> + use<'a> {
        let words = words(text);
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_number = !digits.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "+ -/().".contains(c));
        let found = move |entry: &&Entry| {
            entry.folded.has_all(&words)
                || is_number && entry.contact.number.contains(&digits)
                || written.is_some_and(|written| entry.contact.number.starts_with(written))
                || written
                    .zip(beginning(&entry.contact.number))
                    .is_some_and(|(written, block)| written.starts_with(block))
        };
        self.contacts.iter().filter(found).map(|entry| &entry.contact)
    }

    /// Returns the numbers and agents whose name matches a search in the call log.
    pub fn meant(&self, text: &str) -> Vec<String> {
        let words = words(text);
        if !text.chars().any(char::is_alphabetic) {
            return Vec::new();
        }
        let own = self.lines.iter().chain(&self.agents).filter(|(_, name)| Folded::new(name).has_all(&words));
        let contacts = self.contacts.iter().filter(|entry| entry.folded.has_all(&words));
        own.map(|(subject, _)| subject)
            .chain(contacts.map(|entry| &entry.contact.number))
            .take(MOST_FOUND)
            .cloned()
            .collect()
    }

    /// Returns the longest block that a number is in.
    fn block_of(&self, number: &str) -> Option<&Entry> {
        let place = |length: &usize| number.get(..*length).and_then(|start| self.blocks.get(start));
        self.block_lengths.iter().find_map(place).and_then(|place| self.contacts.get(*place))
    }

    fn entry(&self, number: &str) -> Option<&Entry> {
        self.places.get(number).and_then(|place| self.contacts.get(*place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let own = |kind, subject: &str, name: &str| OwnName { kind, subject: subject.into(), name: name.into() };
        let contact = |number: &str, name: &str, company: &str| Contact {
            number: number.into(),
            name: name.into(),
            company: Some(company.to_owned()).filter(|company| !company.is_empty()),
        };
        Names::new(
            7,
            vec![own(Kind::Line, "+4922129191999", "Zentrale"), own(Kind::Agent, "7777anna@fpbx.de", "Anna Kern")],
            vec![
                contact("+493023125000", "Jörg Älter", "Bau GmbH"),
                contact("+41442681800", "bert", ""),
                contact("+491712345678", "Anna Brot", ""),
            ],
        )
    }

    #[test]
    fn every_kind_of_number_has_its_name() {
        let names = names();
        assert_eq!(names.line("+4922129191999").as_deref(), Some("Zentrale"));
        assert_eq!(names.agent("7777anna@fpbx.de").as_deref(), Some("Anna Kern"));
        assert_eq!(names.contact("+493023125000").as_deref(), Some("Jörg Älter, Bau GmbH"));
        // Lines call each other, too.
        assert_eq!(names.contact("+4922129191999").as_deref(), Some("Zentrale"));
        let numbering = Numbering::new("DE").unwrap();
        for (raw, name) in [
            ("030 / 23125000", Some("Jörg Älter, Bau GmbH")),
            ("022129191999", Some("Zentrale")),
            ("7777anna@fpbx.de", Some("Anna Kern")),
            ("0221*", None),
            ("anonymous", None),
        ] {
            assert_eq!(names.any(raw, &numbering).as_deref(), name, "{raw}");
        }
        assert_eq!((names.line("23"), names.agent("+493023125000"), names.contact("anonymous")), (None, None, None));
    }

    #[test]
    fn contacts_are_found_by_words_and_by_numbers_in_order_of_name() {
        let names = names();
        let found = |text: &str, beginning| {
            names.search(text, beginning).map(|contact| contact.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(found("", None), ["Anna Brot", "bert", "Jörg Älter"]);
        assert_eq!(found("ÄLTER bau", None), ["Jörg Älter"]);
        assert_eq!(found("2312-5", None), ["Jörg Älter"]);
        assert_eq!(found("030 23", Some("+493023")), ["Jörg Älter"]);
        assert_eq!(found("anna bau", None), [""; 0]);
    }

    #[test]
    fn a_block_names_its_numbers_unless_they_have_a_name_of_their_own() {
        let own = |subject: &str, name: &str| OwnName { kind: Kind::Line, subject: subject.into(), name: name.into() };
        let contact = |number: &str, name: &str| Contact { number: number.into(), name: name.into(), company: None };
        let contacts = [
            ("+4922129191*", "Firma X"),
            ("+492212919125", "Eva"),
            ("+4922129191200*", "Werk 2"),
            ("+4922129*", "Konzern"),
        ];
        let names = Names::new(
            7,
            vec![own("+4922129191999", "Zentrale")],
            contacts.map(|(number, name)| contact(number, name)).into(),
        );
        for (number, name) in [
            ("+492212919126", Some("Firma X")),
            ("+492212919125", Some("Eva")),
            ("+4922129191", Some("Firma X")),
            ("+49221291912007", Some("Werk 2")),
            ("+4922129192", Some("Konzern")),
            ("+4922129191999", Some("Zentrale")),
            ("+492212", None),
            ("anonymous", None),
        ] {
            assert_eq!(names.contact(number).as_deref(), name, "{number}");
        }
        assert_eq!(names.stored("+492212919126"), None);
        let found: Vec<_> =
            names.search("0221 2919126", Some("+492212919126")).map(|found| found.name.as_str()).collect();
        assert_eq!(found, ["Firma X", "Konzern"]);
        assert_eq!(names.meant("firma"), ["+4922129191*"]);
    }

    #[test]
    fn a_search_for_a_name_means_its_numbers() {
        let names = names();
        let mut meant = names.meant("Anna");
        meant.sort();
        assert_eq!(meant, ["+491712345678", "7777anna@fpbx.de"]);
        assert_eq!(names.meant("zentrale"), ["+4922129191999"]);
        assert_eq!((names.meant("0221 29"), names.meant("nobody")), (Vec::<String>::new(), Vec::new()));
    }
}
