//! Authentication and authorisation data: names, roles, passwords and secrets of accounts and API tokens.

/// Actions of the audit log.
pub mod action;
/// Password hashing (argon2id).
pub mod password;
/// Random secrets that only their holder knows: session cookies, API tokens, the setup code of the first account.
pub mod secret;

use serde::{Deserialize, Serialize};

use self::password::PasswordHash;
use self::secret::SecretHash;
use crate::calls::phone::Numbering;
use crate::stats::filter::Lines;

/// Maximum length of a name, in characters.
pub const MAX_NAME_CHARS: usize = 64;

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything.
    Admin,
    /// Look, and change nothing.
    Viewer,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 2] = [Self::Admin, Self::Viewer];

    /// Returns the role's word, as used by commands and forms.
    pub fn word(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Viewer => "viewer",
        }
    }

    /// Returns the role with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// An account that can log in.
#[derive(Clone, Debug)]
pub struct User {
    /// The account's id.
    pub id: i64,
    /// The name as written by people.
    pub name: String,
    /// The account's role.
    pub role: Role,
    /// The own lines whose calls a viewer may see; `None` means all lines.
    pub lines: Lines,
    /// The hash of the password.
    pub password: PasswordHash,
    /// When the account was created, milliseconds since 1970 UTC.
    pub created_ms: i64,
}

/// An API token, by which a program authenticates.
#[derive(Clone, Debug)]
pub struct Token {
    /// The token's id.
    pub id: i64,
    /// The name as written by people.
    pub name: String,
    /// The token's role.
    pub role: Role,
    /// The hash of the token, by which it is recognised.
    pub hash: SecretHash,
    /// When the token was created, milliseconds since 1970 UTC.
    pub created_ms: i64,
}

/// Validates the name of an account or a token: 1 to 64 letters, digits, spaces and `. _ - + @ '`.
pub fn read_name(text: &str) -> Option<String> {
    let name = text.trim();
    let is_usable = |c: char| c.is_alphanumeric() || " ._-+@'".contains(c);
    let has_length = (1..=MAX_NAME_CHARS).contains(&name.chars().count());
    (has_length && name.chars().all(is_usable)).then(|| name.to_owned())
}

/// Normalises own lines written in any notation to the form that calls have; `None` if one is unusable.
pub fn read_lines<'a>(lines: impl Iterator<Item = &'a str>, numbering: &Numbering) -> Option<Vec<String>> {
    let read = |line: &str| {
        let line = line.trim();
        let is_usable = !line.is_empty() && line.len() <= MAX_NAME_CHARS && !line.chars().any(char::is_control);
        is_usable.then(|| numbering.e164(line).unwrap_or_else(|| line.to_owned()))
    };
    lines.map(read).collect()
}

/// Returns the key by which names are compared: trimmed and lower-case, so that nobody needs to remember capitals.
pub fn key_of(name: &str) -> String {
    name.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_of_one_line() {
        for name in ["anna", "Anna Kern", "anna.kern@example.org", "Jürgen", "o'Neill", "x"] {
            assert_eq!(read_name(&format!(" {name} ")).as_deref(), Some(name));
        }
        for name in ["", "  ", "a\nb", "a\u{0}", "<b>", "a\u{202e}b", "a(b)", &"x".repeat(65)] {
            assert_eq!(read_name(name), None, "{name:?}");
        }
        assert_eq!(read_name(&"ä".repeat(64)), Some("ä".repeat(64)));
        assert_eq!(key_of(" Anna KERN "), "anna kern");
    }

    #[test]
    fn lines_are_as_calls_have_them() {
        let numbering = Numbering::new("DE").unwrap();
        let read = |line: &str| read_lines([line].into_iter(), &numbering);
        assert_eq!(read(" 0221 29191999 "), Some(vec!["+4922129191999".to_owned()]));
        assert_eq!(read(&"x".repeat(64)), Some(vec!["x".repeat(64)]));
        for line in ["", " ", "a\nb", &"x".repeat(65)] {
            assert_eq!(read(line), None, "{line:?}");
        }
    }

    #[test]
    fn roles_are_called_as_they_are_read() {
        assert_eq!(Role::ALL.map(|role| Role::parse(role.word())), Role::ALL.map(Some));
        assert_eq!(Role::parse("root"), None);
    }
}
