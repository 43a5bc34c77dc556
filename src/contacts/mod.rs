//! Contacts, pure: names for outside numbers, and the file formats that people have them in.

/// Blocks of numbers of one company.
pub mod block;
/// Writing contacts to files.
pub mod export;
/// Reading a file of contacts in any known format.
pub mod file;
/// Contacts as JSON.
pub mod wire;

mod columns;
mod entry;
mod fritzbox;
mod table;
mod text;
mod unused;
mod vcard;

use serde::Serialize;

use self::text::tidy;

/// Maximum length of a name or company, in characters.
pub const MAX_NAME_CHARS: usize = 200;
/// Maximum number of contacts.
pub const MAX_CONTACTS: usize = 100_000;

/// Who has a number. Its JSON is the CONTACT of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Contact {
    /// E.164; of a block the beginning and `*`, for every number of it that has no contact of its own.
    pub number: String,
    /// A person or a company.
    pub name: String,
    /// Where the person works, unless that is the name.
    pub company: Option<String>,
}

impl Contact {
    /// Returns the contact as a list shows it: `Anna Kern, Kern GmbH`.
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
    /// Neither name nor company is given.
    Missing,
    /// The name or company has more characters than [`MAX_NAME_CHARS`].
    TooLong,
}

/// Normalises name and company to the form that is kept: each on one line; a company alone becomes the name.
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
