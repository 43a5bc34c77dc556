//! Code that the pages of number lists and schedules share.

use std::collections::HashMap;

use actix_web::http::StatusCode;

use super::context::PageContext;
use super::inputs::Inputs;
use super::route_words::capitalised;
use crate::accounts::action::{Actor, Verb};
use crate::i18n::problems;
use crate::routing::named::{Key, MAX_NAMED};
use crate::service::state::AppState;
use crate::store::StoreError;
use crate::store::shared::{Named, RouteName, SharedError, uses};
use crate::web::error::Error;
use crate::web::paths::segment;

/// The list or schedule that a form edits.
#[derive(Clone, Debug, Default)]
pub struct Subject {
    /// The name; `None` for a new item.
    pub name: Option<String>,
    /// The version on which the form is based (optimistic concurrency).
    pub version: String,
    /// Whether another user changed it since the form was loaded.
    pub is_conflict: bool,
    /// The confirmation that it was just saved, if it was.
    pub saved: Option<String>,
    /// The message that it could not be deleted because routes use it.
    pub in_use: Option<String>,
}

/// Groups the routes by the lists or schedules that they use.
pub async fn routes_by_key<T: Named>(state: &AppState) -> Result<HashMap<Key, Vec<RouteName>>, StoreError> {
    let mut by_key: HashMap<Key, Vec<RouteName>> = HashMap::new();
    for (key, route) in uses::<T>(&state.db).await? {
        by_key.entry(key).or_default().push(route);
    }
    Ok(by_key)
}

/// Returns the path of the page of a list or schedule below `base`.
pub fn path_of(base: &str, name: &str) -> String {
    format!("{base}/{}", segment(name))
}

/// Saves the item of a form; on a conflict, notes the errors in the form and returns the status of the response.
pub async fn save<T: Named>(
    state: &AppState,
    item: &T,
    inputs: &mut Inputs,
    subject: &mut Subject,
    context: &PageContext,
    by: &Actor,
) -> Result<Option<StatusCode>, Error> {
    let t = &context.texts.shared;
    let is_new = subject.name.is_none();
    let expected = match subject.version.parse() {
        _ if is_new => Some(0),
        _ if !inputs.value("overwrite").is_empty() => None,
        version => Some(version.unwrap_or(-1)),
    };
    let verb = if is_new { Verb::Added } else { Verb::Changed };
    match state.routing.save_named(item, expected, verb, by).await {
        Ok(_) => Ok(None),
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

/// Adds the validation errors of the API to the inputs of the same names.
pub fn note_errors(
    inputs: &mut Inputs,
    errors: &[crate::fields::FieldError],
    context: &PageContext,
    label: impl Fn(&str) -> String,
) {
    for error in errors {
        inputs.note(
            error.field.as_str(),
            label(&error.field),
            capitalised(&problems::text(&error.problem, context.lang)),
        );
    }
}

/// Joins the names of routes for a sentence.
pub fn names(routes: &[RouteName]) -> String {
    routes.iter().map(|route| route.name.as_str()).collect::<Vec<_>>().join(", ")
}
