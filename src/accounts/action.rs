//! Actions of the audit log: a subject and a verb, stored as a word like `route.changed`.

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
        List = "list", Login = "login", Names = "names", Password = "password", Role = "role", Route = "route",
        Routes = "routes", Schedule = "schedule", Session = "session", Token = "token",
    }
}

words! {
    /// What was done to the subject.
    Verb {
        Added = "added", Changed = "changed", Ended = "ended", Failed = "failed", Imported = "imported",
        Locked = "locked", Marked = "marked", Moved = "moved", Removed = "removed", Replaced = "replaced",
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

#[cfg(test)]
mod tests {
    use super::*;

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
