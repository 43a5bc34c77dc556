//! The key by which routes name lists and schedules.

use std::fmt;

/// Maximum length of the name of a list or a schedule, in characters.
pub const MAX_SHORT_NAME_CHARS: usize = 60;

/// The key by which routes name a list or a schedule after the `@`: letters, digits, `-`, `_`; compared ignoring case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(String);

impl Key {
    /// Parses a name; `None` if it cannot be a key.
    pub fn parse(name: &str) -> Option<Self> {
        let is_short = (1..=MAX_SHORT_NAME_CHARS).contains(&name.chars().count());
        let is_plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        (is_short && is_plain).then(|| Self(name.to_lowercase()))
    }

    /// Returns the normalised (lowercase) spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
