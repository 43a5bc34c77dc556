//! Contacts, pure: names for outside numbers, and the files that people have them in.

/// Reading a file of contacts, whatever wrote it.
pub mod file;
/// Contacts as JSON.
pub mod wire;

mod columns;
mod table;
mod text;
mod vcard;

use serde::Serialize;

use self::text::tidy;

/// A longer name is no name.
pub const MAX_NAME_CHARS: usize = 200;
/// More contacts than this are no address book.
pub const MAX_CONTACTS: usize = 100_000;

/// Who has a number. Its JSON is the CONTACT of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Contact {
    /// E.164.
    pub number: String,
    /// A person or a company.
    pub name: String,
    /// Where the person works, unless that is the name.
    pub company: Option<String>,
}

impl Contact {
    /// As a list shows it: `Anna Kern, Kern GmbH`.
    pub fn display(&self) -> String {
        match &self.company {
            Some(company) => format!("{}, {company}", self.name),
            None => self.name.clone(),
        }
    }
}

/// Why a name cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameProblem {
    /// There is none.
    Missing,
    /// It has more characters than [`MAX_NAME_CHARS`].
    TooLong,
}

/// Name and company as they are kept: on one line, the company alone is a name, too.
///
/// # Errors
/// When there is no name or one that is too long.
pub fn named(name: &str, company: &str) -> Result<(String, Option<String>), NameProblem> {
    let (name, company) = (tidy(name), tidy(company));
    if name.chars().count() > MAX_NAME_CHARS || company.chars().count() > MAX_NAME_CHARS {
        return Err(NameProblem::TooLong);
    }
    match (name.is_empty(), company.is_empty()) {
        (true, true) => Err(NameProblem::Missing),
        (true, false) => Ok((company, None)),
        (false, _) => {
            let company = Some(company).filter(|company| !company.is_empty() && *company != name);
            Ok((name, company))
        }
    }
}

#[cfg(test)]
mod tests;
