//! The form of one contact.

use super::context::PageContext;
use super::{form_value, route_form::InputError};
use crate::contacts::{Contact, MAX_NAME_CHARS, NameProblem, named};
use crate::service::state::AppState;
use crate::web::extract::query::Parameters;

/// The values of the form's inputs and their validation errors.
#[derive(Debug, Default)]
pub struct ContactForm {
    number: String,
    name: String,
    company: String,
    errors: Vec<InputError>,
}

impl ContactForm {
    /// Creates the form of a new contact, with its number filled in if one is given.
    pub fn new(number: &str) -> Self {
        // A raw + in a query decodes to a space.
        let number = number.strip_prefix(' ').map_or(number.to_owned(), |digits| format!("+{digits}"));
        Self { number, ..Self::default() }
    }

    /// Creates the form of a stored contact.
    pub fn of(contact: &Contact) -> Self {
        Self {
            number: contact.number.clone(),
            name: contact.name.clone(),
            company: contact.company.clone().unwrap_or_default(),
            errors: Vec::new(),
        }
    }

    /// Reads a submitted form.
    pub fn read(form: &Parameters) -> Self {
        let value = |name| form_value(form, name).to_owned();
        Self { number: value("number"), name: value("name"), company: value("company"), errors: Vec::new() }
    }

    /// Returns the contact that the form describes if it is valid. `before` is the current number of a stored contact.
    pub fn contact(&mut self, before: Option<&str>, state: &AppState, context: &PageContext) -> Option<Contact> {
        let t = &context.texts.contacts;
        let number = state.derivation.numbering.e164(self.number.trim());
        let names = state.directory.names();
        let taken = number.as_deref().filter(|number| Some(*number) != before).and_then(|number| names.stored(number));
        match (&number, taken) {
            (None, _) => self.wrong("number", t.number, t.number_wrong.to_owned()),
            (_, Some(contact)) => self.wrong("number", t.number, (t.number_taken)(&contact.display())),
            (Some(_), None) => {}
        }
        let named = named(&self.name, &self.company);
        match &named {
            Ok(_) => {}
            Err(NameProblem::Missing) => self.wrong("name", t.name, t.name_missing.to_owned()),
            Err(NameProblem::TooLong) => self.wrong("name", t.name, (t.name_long)(MAX_NAME_CHARS)),
        }
        let (name, company) = named.ok()?;
        Some(Contact { number: number.filter(|_| self.errors.is_empty())?, name, company })
    }

    fn wrong(&mut self, input: &str, label: &str, message: String) {
        self.errors.push(InputError { input: input.to_owned(), label: label.to_owned(), message });
    }

    /// Returns the value of an input.
    pub fn value(&self, name: &str) -> &str {
        match name {
            "number" => &self.number,
            "name" => &self.name,
            _ => &self.company,
        }
    }

    /// Returns all validation errors.
    pub fn errors(&self) -> &[InputError] {
        &self.errors
    }

    /// Returns the error messages of an input.
    pub fn errors_of(&self, input: &str) -> Vec<&str> {
        self.errors.iter().filter(|error| error.input == input).map(|error| error.message.as_str()).collect()
    }

    /// Returns whether an input has errors.
    pub fn is_wrong(&self, input: &str) -> bool {
        self.errors.iter().any(|error| error.input == input)
    }
}
