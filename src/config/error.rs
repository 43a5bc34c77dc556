use std::fmt;

/// A setting that cannot be used; its text is one line that names it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {reason}")]
pub struct SettingError {
    /// The flag with its dashes, or the name in the environment.
    pub setting: String,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl SettingError {
    /// Creates the error of a flag, given without dashes; line breaks become spaces.
    pub fn new(flag: &str, reason: impl fmt::Display) -> Self {
        Self { setting: format!("--{flag}"), reason: reason.to_string().replace('\n', " ") }
    }
}
