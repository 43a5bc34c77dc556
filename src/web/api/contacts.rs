use actix_web::web::{Data, Json, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;

use crate::contacts::block::{beginning, number_or_block};
use crate::contacts::{Contact, MAX_CONTACTS, wire};
use crate::service::directory::changes::ContactsChange;
use crate::service::state::AppState;
use crate::stats::filter::{FilterError, FilterProblem, parse_text};
use crate::store::names::{Changes, ContactsError};
use crate::web::access::principal::author;
use crate::web::error::{Error, WrongField};
use crate::web::extract::body::json as json_body;
use crate::web::extract::body::json_list;
use crate::web::extract::query::{PageParams, limit, parameter, parameters};

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;

#[derive(Serialize, utoipa::ToSchema)]
struct ContactList {
    items: Vec<Contact>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
}

/// How many contacts are new, changed, as before, and gone.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ContactChanges)]
pub(super) struct ChangesJson {
    new: usize,
    changed: usize,
    unchanged: usize,
    removed: usize,
}

/// Contacts as they are sent.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only says what there is")]
struct ContactListDraft {
    #[schema(max_items = 100_000)]
    items: Vec<ContactDraft>,
}

/// A name or a company must be there.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only says what there is")]
struct ContactDraft {
    /// In any notation; `0221 29191*` is a block.
    #[schema(min_length = 1, max_length = 128)]
    number: String,
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    company: Option<String>,
}

/// What a number is called: a name or a company must be there.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only says what there is")]
struct ContactNames {
    /// Does not count: the url says it.
    number: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    name: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    company: Option<String>,
}

impl From<Changes> for ChangesJson {
    fn from(Changes { new, changed, unchanged, removed }: Changes) -> Self {
        Self { new, changed, unchanged, removed }
    }
}

impl From<ContactsError> for Error {
    fn from(error: ContactsError) -> Self {
        match error {
            ContactsError::TooMany(_) => {
                let detail = format!("items: at most {MAX_CONTACTS} contacts are kept");
                Self::Fields(vec![WrongField { field: "items".into(), detail }])
            }
            ContactsError::Store(error) => error.into(),
        }
    }
}

/// Contacts in order of number
#[utoipa::path(
    get, path = "/api/v1/contacts", tag = "Contacts",
    params(("q" = Option<String>, Query, description = "Part of name, company or number"), PageParams),
    responses((status = 200, description = "A page of contacts", body = ContactList))
)]
pub async fn list(request: HttpRequest, state: Data<AppState>) -> Result<impl Responder, Error> {
    let parameters = parameters(&request);
    let limit = limit(&parameters, DEFAULT_LIMIT, MAX_LIMIT)?;
    let after = parameter(&parameters, "cursor").map(decode_cursor).transpose()?.unwrap_or_default();
    let text = parse_text("q", parameter(&parameters, "q").unwrap_or_default())?;
    let beginning = state.derivation.numbering.international(&text);
    let names = state.directory.names();
    let mut found: Vec<&Contact> =
        names.search(&text, beginning.as_deref()).filter(|contact| contact.number > after).collect();
    found.sort_by(|a, b| a.number.cmp(&b.number));
    let items: Vec<Contact> = found.iter().take(limit).map(|contact| (*contact).clone()).collect();
    let next_cursor = items.last().filter(|_| found.len() > limit).map(|last| last.number.replace('+', ""));
    Ok(Json(ContactList { items, next_cursor }))
}

/// Decodes the keyset pagination cursor: the last number of the page before, without `+`.
fn decode_cursor(text: &str) -> Result<String, FilterError> {
    let digits = beginning(text).unwrap_or(text);
    let is_number = (1..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("+{text}")).ok_or(FilterError { field: "cursor", problem: FilterProblem::Cursor })
}

/// Adds and changes contacts
#[utoipa::path(
    post, path = "/api/v1/contacts", tag = "Contacts", request_body = ContactListDraft,
    responses((status = 200, description = "What changed", body = ChangesJson))
)]
pub async fn merge(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse, Error> {
    save(&request, payload, &state, false).await
}

/// Replaces all contacts: these and no others
#[utoipa::path(
    put, path = "/api/v1/contacts", tag = "Contacts", request_body = ContactListDraft,
    responses((status = 200, description = "What changed", body = ChangesJson))
)]
pub async fn replace_all(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse, Error> {
    save(&request, payload, &state, true).await
}

async fn save(request: &HttpRequest, payload: Payload, state: &AppState, only: bool) -> Result<HttpResponse, Error> {
    let derivation = state.derivation.clone();
    let read = json_list(request, payload, move |body| wire::read_list(body, &derivation.numbering)).await?;
    let contacts = read.checked()?;
    let change = if only { ContactsChange::Replace(&contacts) } else { ContactsChange::Import(&contacts) };
    let changes = state.directory.save_contacts(change, &author(request)).await?;
    Ok(HttpResponse::Ok().json(ChangesJson::from(changes)))
}

/// One contact
#[utoipa::path(
    get, path = "/api/v1/contacts/{number}", tag = "Contacts",
    params(("number" = String, Path, description = "A valid number in any notation, or a block: `0221 29191*`")),
    responses((status = 200, description = "The contact", body = Contact))
)]
pub async fn show(path: Path<String>, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let names = state.directory.names();
    let contact = names.stored(&number(&path, &state)?).ok_or(Error::NotFound)?;
    Ok(HttpResponse::Ok().json(contact))
}

/// Names a number
#[utoipa::path(
    put, path = "/api/v1/contacts/{number}", tag = "Contacts",
    params(("number" = String, Path, description = "A valid number in any notation, or a block: `0221 29191*`")),
    request_body = ContactNames,
    responses((status = 200, description = "The contact", body = Contact))
)]
pub async fn replace(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let contact = wire::read_of_number(&*json_body(&request, payload).await?, &number(&path, &state)?)?;
    state.directory.save_contacts(ContactsChange::Set(&contact), &author(&request)).await?;
    Ok(HttpResponse::Ok().json(contact))
}

/// Deletes a contact
#[utoipa::path(
    delete, path = "/api/v1/contacts/{number}", tag = "Contacts",
    params(("number" = String, Path, description = "A valid number in any notation, or a block: `0221 29191*`")),
    responses((status = 204, description = "Gone"))
)]
pub async fn remove(path: Path<String>, request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    match state.directory.remove_contact(&number(&path, &state)?, &author(&request)).await? {
        true => Ok(HttpResponse::NoContent().finish()),
        false => Err(Error::NotFound),
    }
}

fn number(path: &str, state: &AppState) -> Result<String, Error> {
    number_or_block(path, &state.derivation.numbering).ok_or_else(|| {
        let detail = "number: expected a valid telephone number".to_owned();
        Error::Fields(vec![WrongField { field: "number".into(), detail }])
    })
}
