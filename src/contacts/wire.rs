use serde_json::Value;

use super::block::number_or_block;
use super::{Contact, MAX_CONTACTS, MAX_NAME_CHARS, named};
use crate::calls::phone::Numbering;
use crate::fields::{Errors, FieldError, Object, Problem, read_listed, text};

/// Maximum length of a number in any notation, in characters.
const MAX_NUMBER_CHARS: usize = 128;

/// Reads `{"items":[CONTACT,…]}`.
///
/// # Errors
/// When the text is not JSON; within, every wrong field.
pub fn read_list(text: &[u8], numbering: &Numbering) -> serde_json::Result<Result<Vec<Contact>, Vec<FieldError>>> {
    let (mut errors, mut of_items, mut contacts) = (Errors::default(), Errors::default(), Vec::new());
    let listed = read_listed(text, "items", MAX_CONTACTS, |path, item| {
        contacts.extend(read_contact(path, item, numbering, &mut of_items));
    })?;
    let object = Object::read("", &listed.object, &mut errors);
    if let Some(object) = &object {
        object.allow_only(&["items"], &[], &mut errors);
        object.required("items", &mut errors);
        object.items("items", 0..=0, &mut errors);
    }
    if listed.count > MAX_CONTACTS {
        errors.add("items", Problem::Items(0, MAX_CONTACTS));
    } else {
        errors.append(of_items);
    }
    Ok(errors.or(object.map(|_| contacts)))
}

/// Reads a CONTACT whose number is already known: `{"name","company"}`.
///
/// # Errors
/// Every wrong field.
pub fn read_of_number(value: &Value, number: &str) -> Result<Contact, Vec<FieldError>> {
    let mut errors = Errors::default();
    let contact = Object::read("", value, &mut errors).and_then(|object| {
        object.allow_only(&["name", "company"], &["number"], &mut errors);
        read_names(&object, number, &mut errors)
    });
    errors.or(contact)
}

fn read_contact(path: &str, value: &Value, numbering: &Numbering, errors: &mut Errors) -> Option<Contact> {
    let object = Object::read(path, value, errors)?;
    object.allow_only(&["number", "name", "company"], &[], errors);
    let path = object.path("number");
    let raw = object.required("number", errors).and_then(|raw| text(&path, raw, MAX_NUMBER_CHARS, errors));
    let number = raw.and_then(|raw| {
        let number = number_or_block(&raw, numbering);
        if number.is_none() {
            errors.add(path, Problem::NotPhoneNumber);
        }
        number
    });
    // Both fields are read before returning, so that errors of both are reported.
    let contact = read_names(&object, number.as_deref().unwrap_or_default(), errors);
    number.and(contact)
}

fn read_names(object: &Object<'_>, number: &str, errors: &mut Errors) -> Option<Contact> {
    let mut read = |name: &'static str, value: &Value| text(&object.path(name), value, MAX_NAME_CHARS, errors);
    let company = object.optional("company").map(|value| read("company", value));
    let name = object.optional("name").map(|value| read("name", value));
    if name.is_none() && company.is_none() {
        object.required("name", errors);
        return None;
    }
    let (name, company) =
        named(&name.unwrap_or(Some(String::new()))?, &company.unwrap_or(Some(String::new()))?).ok()?;
    Some(Contact { number: number.to_owned(), name, company })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_all(value: &Value, numbering: &Numbering) -> Result<Vec<Contact>, Vec<FieldError>> {
        read_list(value.to_string().as_bytes(), numbering).unwrap()
    }

    fn wrong<T: std::fmt::Debug>(read: Result<T, Vec<FieldError>>) -> Vec<String> {
        read.unwrap_err().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn contacts_are_taken_in_any_notation_and_shown_in_one() {
        let numbering = Numbering::new("DE").unwrap();
        let list = json!({"items": [{"number": "0221 / 29191999", "name": " Anna "}, {"number": "+41442681800", "company": "Bau"},
            {"number": "0171 2345678", "name": "Bert", "company": null}]});
        let shown = serde_json::to_value(read_all(&list, &numbering).unwrap()).unwrap();
        assert_eq!(
            shown,
            json!([{"number": "+4922129191999", "name": "Anna", "company": null}, {"number": "+41442681800",
                "name": "Bau", "company": null}, {"number": "+491712345678", "name": "Bert", "company": null}])
        );
        let again = json!({"items": shown});
        assert_eq!(serde_json::to_value(read_all(&again, &numbering).unwrap()).unwrap(), shown);
    }

    #[test]
    fn every_wrong_field_is_named() {
        let numbering = Numbering::new("DE").unwrap();
        let read = |value: Value| wrong(read_all(&value, &numbering));
        assert_eq!(read(json!([])), [""]);
        assert_eq!(read(json!({})), ["items"]);
        let items = json!([{"number": "23", "name": 5}, {"name": "x"}, {"number": "0171 2345678"},
            {"number": "0171 2345678", "name": "x".repeat(201), "mail": "a@b"}, 7]);
        let expected = [
            "items[0].number",
            "items[0].name",
            "items[1].number",
            "items[2].name",
            "items[3].mail",
            "items[3].name",
            "items[4]",
        ];
        assert_eq!(read(json!({"items": items})), expected);
        assert_eq!(wrong(read_of_number(&json!({"name": "", "x": 1}), "+49")), ["x", "name"]);
        let contact = read_of_number(&json!({"number": "ignored", "name": "Anna"}), "+4922129191999").unwrap();
        assert_eq!((contact.number.as_str(), contact.name.as_str()), ("+4922129191999", "Anna"));
    }
}
