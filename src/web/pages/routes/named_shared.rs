//! Code that the pages of number lists and schedules share.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::words::capitalised;
use crate::accounts::action::{Actor, Verb};
use crate::i18n::problems;
use crate::routing::named::{Key, MAX_NAMED};
use crate::service::state::AppState;
use crate::store::StoreError;
use crate::store::routes::shared::{Named, RouteName, SharedError, Versioned, find_named, uses};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::query::{Parameters, parameters};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::form_state::FormState;
use crate::web::pages::{form_body, form_value, see_other};
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

/// A kind of named item with a page of its own: a list or a schedule.
pub trait NamedPage: Named {
    /// The path of the list of all.
    const LIST: &'static str;

    /// Renders the form of an item. `stored` is the item as it is stored, if the form shows that.
    ///
    /// # Errors
    /// When the template fails.
    fn render(
        context: PageContext,
        status: StatusCode,
        form: FormState,
        subject: Subject,
        stored: Option<&Self>,
        state: &AppState,
    ) -> Result<HttpResponse, Error>;

    /// Returns the form of a stored item.
    fn form_of(&self) -> FormState;

    /// Reads the inputs of a submitted form.
    fn inputs(sent: &Parameters) -> FormState;

    /// Returns the item that a form describes and the query that tells of it once it is saved, or notes what is wrong.
    ///
    /// # Errors
    /// When the work panics.
    fn read(
        name: String,
        form: &mut FormState,
        context: &PageContext,
        state: &AppState,
    ) -> impl Future<Output = Result<Option<(Self, String)>, Error>>;

    /// Returns the confirmation of the save that the query of the redirect describes.
    fn saved(parameters: &Parameters, context: &PageContext) -> Option<String>;
}

/// Handles `GET …/new`: shows the empty form.
///
/// # Errors
/// When the template fails.
pub async fn new<T: NamedPage>(context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    T::render(context, StatusCode::OK, FormState::default(), Subject::default(), None, &state)
}

/// Handles `GET …/{name}`: shows the form of a stored item.
///
/// # Errors
/// 404 when there is none.
pub async fn edit<T: NamedPage>(
    request: HttpRequest,
    path: Path<String>,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let stored = found::<T>(&state, &path).await?;
    let subject = Subject { saved: T::saved(&parameters(&request), &context), ..subject_of(&stored) };
    T::render(context, StatusCode::OK, stored.item.form_of(), subject, Some(&stored.item), &state)
}

/// Handles `POST …`: creates an item.
///
/// # Errors
/// When the body cannot be read, or the database does not answer.
pub async fn create<T: NamedPage>(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let sent = form_body(&request, payload).await?;
    store::<T>(&sent, Subject::default(), context, &state, &author(&request)).await
}

/// Handles `POST …/{name}`: saves a changed item.
///
/// # Errors
/// 404 when there is none.
pub async fn save<T: NamedPage>(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let sent = form_body(&request, payload).await?;
    let mut subject = subject_of(&found::<T>(&state, &path).await?);
    subject.version = form_value(&sent, "version").to_owned();
    store::<T>(&sent, subject, context, &state, &author(&request)).await
}

/// Handles `POST …/{name}/delete`: deletes an item that no route uses.
///
/// # Errors
/// 404 when there is none.
pub async fn remove<T: NamedPage>(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    mut context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    form_body(&request, payload).await?;
    match state.routing.remove_named::<T>(&path, &author(&request)).await {
        Ok(()) => Ok(see_other(T::LIST)),
        Err(SharedError::Used(routes)) => {
            let stored = found::<T>(&state, &path).await?;
            let in_use = Some((context.texts.shared.in_use)(&names(&routes)));
            let subject = Subject { in_use, ..subject_of(&stored) };
            context.here = path_of(T::LIST, stored.item.name());
            T::render(context, StatusCode::CONFLICT, stored.item.form_of(), subject, Some(&stored.item), &state)
        }
        Err(error) => Err(error.into()),
    }
}

/// Saves the item if its form is valid; otherwise saves nothing and shows the form with its errors.
async fn store<T: NamedPage>(
    sent: &Parameters,
    mut subject: Subject,
    context: PageContext,
    state: &AppState,
    by: &Actor,
) -> Result<HttpResponse, Error> {
    let mut form = T::inputs(sent);
    let name = subject.name.clone().unwrap_or_else(|| form.value("name").trim().trim_start_matches('@').to_owned());
    let Some((item, told)) = T::read(name, &mut form, &context, state).await? else {
        return T::render(context, StatusCode::BAD_REQUEST, form, subject, None, state);
    };
    match try_to_save(state, &item, &mut form, &mut subject, &context, by).await? {
        Some(status) => T::render(context, status, form, subject, None, state),
        None => Ok(see_other(&format!("{}?{told}", path_of(T::LIST, item.name())))),
    }
}

async fn found<T: Named>(state: &AppState, path: &str) -> Result<Versioned<T>, Error> {
    let key = Key::parse(path).ok_or(Error::NotFound)?;
    find_named(&state.db, &key).await?.ok_or(Error::NotFound)
}

fn subject_of<T: Named>(stored: &Versioned<T>) -> Subject {
    Subject { name: Some(stored.item.name().to_owned()), version: stored.version.to_string(), ..Subject::default() }
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
async fn try_to_save<T: Named>(
    state: &AppState,
    item: &T,
    inputs: &mut FormState,
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
    inputs: &mut FormState,
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
fn names(routes: &[RouteName]) -> String {
    routes.iter().map(|route| route.name.as_str()).collect::<Vec<_>>().join(", ")
}
