use serde_json::Value;

use crate::calls::forgetting::Person;
use crate::calls::phone::Numbering;
use crate::contacts::Contact;
use crate::routing::named::Shared;
use crate::routing::route::Route;
use crate::store::names::list_contacts;
use crate::store::routes::list_routes;
use crate::store::routes::shared::load_shared;
use crate::store::{Db, StoreError};

/// The places in the administrator's data that contain a number.
pub(super) struct Mentions {
    pub(super) contact: Option<Contact>,
    pub(super) routes: Vec<Route>,
    /// The names of the lists.
    pub(super) lists: Vec<String>,
}

impl Mentions {
    pub(super) async fn find(db: &Db, number: &str, numbering: &Numbering) -> Result<Self, StoreError> {
        let person = Person::new(number, [number.to_owned()].into(), numbering);
        let is_in = |json: serde_json::Result<Value>| json.is_ok_and(|value| is_mentioned(&value, &person, numbering));
        let Shared { lists, .. } = load_shared(db).await?;
        let routes = list_routes(db).await?;
        Ok(Self {
            contact: list_contacts(db).await?.into_iter().find(|contact| contact.number == number),
            routes: routes.into_iter().filter(|route| is_in(serde_json::to_value(route))).collect(),
            lists: lists.into_iter().filter(|list| is_in(serde_json::to_value(list))).map(|list| list.name).collect(),
        })
    }
}

/// Returns whether any text within a JSON value mentions the person.
fn is_mentioned(value: &Value, person: &Person, numbering: &Numbering) -> bool {
    match value {
        Value::String(text) => person.is_mentioned(text, numbering),
        Value::Array(items) => items.iter().any(|item| is_mentioned(item, person, numbering)),
        Value::Object(fields) => fields.values().any(|field| is_mentioned(field, person, numbering)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
