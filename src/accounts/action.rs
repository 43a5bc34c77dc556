//! Actions of the audit log, each a subject and a verb, stored as a word like `route.changed`; and its entries: who did
//! what to what, and when.

use crate::calls::phone::compact;

/// The name of the author where a command was used on the server.
pub const COMMAND: &str = "@command";
/// Maximum length of what an entry says of the object of its action, in characters.
const MAX_ABOUT_CHARS: usize = 120;
/// How many characters of a telephone number are kept at the beginning and at the end; the rest is masked.
const KEPT: (usize, usize) = (6, 2);

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[allow(missing_docs, reason = "the words say it")]
        pub enum $name { $($variant),+ }

        impl $name {
            /// All values, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }
    };
}

words! {
    /// The kind of thing that was changed.
    Subject {
        Account = "account", Callback = "callback", Clock = "clock", Closed = "closed", Contact = "contact", Contacts = "contacts",
        List = "list", Login = "login", Names = "names", Number = "number", Numbers = "numbers", Password = "password",
        Role = "role", Route = "route",
        Routes = "routes", Schedule = "schedule", Session = "session", Token = "token",
    }
}

words! {
    /// What was done to the subject.
    Verb {
        Added = "added", Changed = "changed", Ended = "ended", Failed = "failed", Forgotten = "forgotten",
        Imported = "imported", Locked = "locked", Marked = "marked", Moved = "moved", Removed = "removed", Replaced = "replaced",
        Restored = "restored", Set = "set", Succeeded = "succeeded", TakenBack = "taken_back",
    }
}

/// An action of the audit log: what was done to what.
pub type Action = (Subject, Verb);

/// Returns the stored form of an action, like `route.changed`.
pub fn word(action: Action) -> String {
    format!("{}.{}", action.0.word(), action.1.word())
}

/// Parses the stored form of an action; `None` if subject or verb is unknown.
pub fn parse(word: &str) -> Option<Action> {
    let (subject, verb) = word.split_once('.')?;
    let subject = Subject::ALL.iter().find(|known| known.word() == subject)?;
    let verb = Verb::ALL.iter().find(|known| known.word() == verb)?;
    Some((*subject, *verb))
}

/// The author and time of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The author's name; `None` where nobody has signed in.
    pub name: Option<String>,
    /// The time of the change, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

impl Actor {
    /// Returns the author of what a command on the server changes at this time.
    pub fn command(at_ms: i64) -> Self {
        Self { name: Some(COMMAND.to_owned()), at_ms }
    }

    /// Returns whether the author is a command on the server.
    pub fn is_command(&self) -> bool {
        self.name.as_deref() == Some(COMMAND)
    }
}

/// An entry to be written to the audit log. Telephone numbers are in none of them as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    by: Actor,
    action: Action,
    about: Option<String>,
}

impl Entry {
    /// Builds the entry of an action, without its object.
    pub fn new(by: &Actor, action: Action) -> Self {
        Self { by: by.clone(), action, about: None }
    }

    /// Adds the object of the action: shortened, and masked if it is a telephone number.
    #[must_use]
    pub fn on(self, object: &str) -> Self {
        let about = masked(object)
            .unwrap_or_else(|| object.chars().filter(|c| !c.is_control()).take(MAX_ABOUT_CHARS).collect());
        Self { about: Some(about), ..self }
    }

    /// Adds the outside party that is forgotten. What is too short to be masked is left out, as nothing of it may be
    /// kept.
    #[must_use]
    pub fn on_forgotten(self, party: &str) -> Self {
        Self { about: Some(masked(party).unwrap_or_else(|| "…".to_owned())), ..self }
    }

    /// Returns the author and time of the action.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// Returns the stored form of the action.
    pub fn word(&self) -> String {
        word(self.action)
    }

    /// Returns the object of the action, as it is kept.
    pub fn about(&self) -> Option<&str> {
        self.about.as_deref()
    }
}

/// Returns a telephone number without its middle; `None` for other texts and for short numbers.
fn masked(text: &str) -> Option<String> {
    let number = compact(text).filter(|number| number.len() > KEPT.0 + KEPT.1)?;
    Some(format!("{}…{}", &number[..KEPT.0], &number[number.len() - KEPT.1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_not_kept_as_a_whole() {
        let by = Actor { name: None, at_ms: 0 };
        let on = |object: &str| Entry::new(&by, (Subject::Contact, Verb::Set)).on(object).about.unwrap();
        assert_eq!(on("+493023125000"), "+49302…00");
        assert_eq!(on("030-231 250/00"), "030231…00");
        assert_eq!(on("7"), "7");
        assert_eq!(on("100%41"), "100%41");
        assert_eq!(on("office\nhours"), "officehours");
        assert_eq!(on(&"ä".repeat(200)).chars().count(), 120);
        let forgotten = |party: &str| Entry::new(&by, (Subject::Number, Verb::Forgotten)).on_forgotten(party).about;
        assert_eq!(forgotten("+493023125000").as_deref(), Some("+49302…00"));
        for short in ["23", "12345678", "7777outside@fpbx.de"] {
            assert_eq!(forgotten(short).as_deref(), Some("…"), "{short}");
        }
    }

    #[test]
    fn what_is_stored_is_read_again() {
        for subject in Subject::ALL {
            for verb in Verb::ALL {
                assert_eq!(parse(&word((*subject, *verb))), Some((*subject, *verb)));
            }
        }
        assert_eq!(word((Subject::Route, Verb::Changed)), "route.changed");
        for unknown in ["", "route", "route.", "route.painted", "cat.changed"] {
            assert_eq!(parse(unknown), None, "{unknown}");
        }
    }
}
