use std::fmt;

/// A setting that cannot be used; its text is one line that names the flag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--{flag}: {reason}")]
pub struct SettingError {
    /// The flag without dashes.
    pub flag: &'static str,
    /// What is wrong and what would be right.
    pub reason: String,
}

impl SettingError {
    /// Creates the error of a flag; line breaks become spaces.
    pub fn new(flag: &'static str, reason: impl fmt::Display) -> Self {
        Self { flag, reason: reason.to_string().replace('\n', " ") }
    }
}
