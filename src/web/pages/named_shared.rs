//! What the pages of lists and schedules have in common.

use std::collections::HashMap;

use actix_web::http::StatusCode;

use super::context::PageContext;
use super::inputs::Inputs;
use super::route_words::capitalised;
use crate::routing::named::{Key, MAX_NAMED};
use crate::store::StoreError;
use crate::store::shared::{Named, RouteName, SharedError, save_named, uses};
use crate::web::error::Error;
use crate::web::paths::segment;
use crate::web::state::AppState;

/// A list or a schedule on its page: what the form is about.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// `None` while it is new.
    pub name: Option<String>,
    /// As the form was made from.
    pub version: String,
    /// Whether somebody else changed it meanwhile.
    pub is_conflict: bool,
    /// Whether it was saved just now.
    pub saved: Option<String>,
    /// Why it was not deleted.
    pub in_use: Option<String>,
}

/// The routes by what they name.
pub async fn routes_by_key<T: Named>(state: &AppState) -> Result<HashMap<Key, Vec<RouteName>>, StoreError> {
    let mut by_key: HashMap<Key, Vec<RouteName>> = HashMap::new();
    for (key, route) in uses::<T>(&state.db).await? {
        by_key.entry(key).or_default().push(route);
    }
    Ok(by_key)
}

/// The page of a list or a schedule below `base`.
pub fn path_of(base: &str, name: &str) -> String {
    format!("{base}/{}", segment(name))
}

/// Saves what a form means; otherwise the form says what is wrong, with the status of the answer.
pub async fn save<T: Named>(
    state: &AppState,
    item: &T,
    inputs: &mut Inputs,
    subject: &mut Subject,
    context: &PageContext,
) -> Result<Option<StatusCode>, Error> {
    let t = &context.texts.shared;
    let Some(key) = Key::parse(item.name()) else { return Err(Error::NotFound) };
    let is_new = subject.name.is_none();
    let expected = match subject.version.parse() {
        _ if is_new => Some(0),
        _ if !inputs.value("overwrite").is_empty() => None,
        version => Some(version.unwrap_or(-1)),
    };
    match save_named(&state.db, &key, item, expected).await {
        Ok(_) => {
            state.refresh_routes().await?;
            Ok(None)
        }
        Err(SharedError::Changed) if is_new => {
            inputs.note("name", t.name, t.name_taken);
            Ok(Some(StatusCode::CONFLICT))
        }
        Err(SharedError::Changed) => {
            subject.is_conflict = true;
            Ok(Some(StatusCode::CONFLICT))
        }
        Err(SharedError::TooMany) => {
            inputs.note("name", t.name, (t.too_many)(&context.format.number(MAX_NAMED)));
            Ok(Some(StatusCode::CONFLICT))
        }
        Err(error) => Err(error.into()),
    }
}

/// Notes what the API says about a form, by the names of inputs.
pub fn note_errors(
    inputs: &mut Inputs,
    errors: &[crate::fields::FieldError],
    context: &PageContext,
    label: impl Fn(&str) -> String,
) {
    for error in errors {
        inputs.note(error.field.as_str(), label(&error.field), capitalised(&error.message(context.lang)));
    }
}

/// The names of routes, for a sentence.
pub fn names(routes: &[RouteName]) -> String {
    routes.iter().map(|route| route.name.as_str()).collect::<Vec<_>>().join(", ")
}
