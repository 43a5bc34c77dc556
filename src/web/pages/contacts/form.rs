//! The form of one contact.

use crate::contacts::block::number_or_block;
use crate::contacts::{Contact, MAX_NAME_CHARS, NameProblem, named};
use crate::service::state::AppState;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::form_state::FormState;

/// Returns the form of a new contact, with its number filled in if one is given.
pub fn new_contact(number: &str) -> FormState {
    let mut form = FormState::default();
    // A raw + in a query decodes to a space.
    form.set("number", number.strip_prefix(' ').map_or(number.to_owned(), |digits| format!("+{digits}")));
    form
}

/// Returns the form of a stored contact.
pub fn form_of(contact: &Contact) -> FormState {
    let mut form = FormState::default();
    form.set("number", contact.number.as_str());
    form.set("name", contact.name.as_str());
    form.set("company", contact.company.clone().unwrap_or_default());
    form
}

/// Returns the contact that a form describes, or notes what is wrong with it. `before` is the current number of a stored
/// contact.
pub fn read_contact(
    form: &mut FormState,
    before: Option<&str>,
    state: &AppState,
    context: &PageContext,
) -> Option<Contact> {
    let t = &context.texts.contacts;
    let number = number_or_block(form.value("number"), &state.derivation.numbering);
    let names = state.directory.names();
    let taken = number.as_deref().filter(|number| Some(*number) != before).and_then(|number| names.stored(number));
    match (&number, taken) {
        (None, _) => form.note("number", t.number, t.number_wrong),
        (_, Some(contact)) => form.note("number", t.number, (t.number_taken)(&contact.display())),
        (Some(_), None) => {}
    }
    let named = named(form.value("name"), form.value("company"));
    match &named {
        Ok(_) => {}
        Err(NameProblem::Missing) => form.note("name", t.name, t.name_missing),
        Err(NameProblem::TooLong) => form.note("name", t.name, (t.name_long)(MAX_NAME_CHARS)),
    }
    let (name, company) = named.ok()?;
    Some(Contact { number: number.filter(|_| form.errors().is_empty())?, name, company })
}
