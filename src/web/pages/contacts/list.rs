use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::form::{form_of, new_contact, read_contact};
use crate::contacts::block::beginning;
use crate::contacts::{Contact, MAX_CONTACTS};
use crate::i18n::ContactsTexts;
use crate::service::directory::changes::ContactsChange;
use crate::service::state::AppState;
use crate::stats::filter::parse_text;
use crate::store::names::ContactsError;
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::query::{parameter, parameters};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter_query::FilterQuery;
use crate::web::pages::layout::form_state::FormState;
use crate::web::pages::{form_body, page, page_with, see_other};

const LIST: &str = "/contacts";
const CONTACTS_PER_PAGE: usize = 50;

#[derive(Template)]
#[template(path = "pages/contacts.html")]
struct ContactsPage {
    context: PageContext,
    t: &'static ContactsTexts,
    count: String,
    search: String,
    is_empty: bool,
    contacts: Vec<Row>,
    page: Option<String>,
    previous: Option<String>,
    next: Option<String>,
}

struct Row {
    contact: Contact,
    href: String,
    calls: String,
    is_block: bool,
}

#[derive(Template)]
#[template(path = "pages/contact.html")]
struct ContactPage {
    context: PageContext,
    t: &'static ContactsTexts,
    title: &'static str,
    path: String,
    form: FormState,
    name: Option<String>,
}

/// Handles `GET /contacts`: lists and searches the contacts.
pub async fn list(request: HttpRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let (t, parameters, names) = (&context.texts.contacts, parameters(&request), state.directory.names());
    let search = parse_text("q", parameter(&parameters, "q").unwrap_or_default())?;
    let beginning = state.derivation.numbering.international(&search);
    let found: Vec<&Contact> = names.search(&search, beginning.as_deref()).collect();
    let pages = found.len().div_ceil(CONTACTS_PER_PAGE).max(1);
    let wanted = parameter(&parameters, "page").and_then(|page| page.parse().ok()).unwrap_or(1);
    let at: usize = usize::clamp(wanted, 1, pages);
    let shown = found.iter().skip((at - 1) * CONTACTS_PER_PAGE).take(CONTACTS_PER_PAGE);
    let to = |page: usize| url(&search, page);
    page(&ContactsPage {
        t,
        count: (t.count)(found.len(), context.format.number(i64::try_from(found.len()).unwrap_or(i64::MAX))),
        is_empty: names.count() == 0,
        contacts: shown.map(|contact| row(contact)).collect(),
        page: (pages > 1).then(|| (t.page)(at, pages)),
        previous: (at > 1).then(|| to(at - 1)),
        next: (at < pages).then(|| to(at + 1)),
        search,
        context,
    })
}

fn url(search: &str, page: usize) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    if !search.is_empty() {
        query.append_pair("q", search);
    }
    format!("{LIST}?{}", query.append_pair("page", &page.to_string()).finish())
}

fn row(contact: &Contact) -> Row {
    let block = beginning(&contact.number);
    let (word, number) = block.map_or(("party", contact.number.as_str()), |block| ("q", block));
    let calls = FilterQuery::default().with(word, number).with("period", "year").url("/calls");
    Row { href: path_of(&contact.number), calls, is_block: block.is_some(), contact: contact.clone() }
}

fn path_of(number: &str) -> String {
    format!("{LIST}/{number}")
}

/// Handles `GET /contacts/new`: shows the empty form.
pub async fn new(request: HttpRequest, context: PageContext) -> Result<HttpResponse, Error> {
    let parameters = parameters(&request);
    page(&ContactPage::new(context, new_contact(parameter(&parameters, "number").unwrap_or_default())))
}

/// Handles `POST /contacts`: creates a contact.
pub async fn create(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let mut form = FormState::read(&form_body(&request, payload).await?);
    let Some(contact) = read_contact(&mut form, None, &state, &context) else {
        return page_with(StatusCode::BAD_REQUEST, &ContactPage::new(context, form));
    };
    let added = state.directory.save_contacts(ContactsChange::Add(&contact), &author(&request)).await;
    added.map_err(|error| too_many(error, &context))?;
    Ok(see_other(LIST))
}

/// Handles `GET /contacts/{number}`: shows the form of a stored contact.
pub async fn edit(path: Path<String>, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let contact = found(&path, &state)?;
    page(&ContactPage::of(context, &contact, form_of(&contact)))
}

/// Handles `POST /contacts/{number}`: saves a changed contact.
pub async fn save(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let sent = form_body(&request, payload).await?;
    let before = found(&path, &state)?;
    let mut form = FormState::read(&sent);
    let Some(contact) = read_contact(&mut form, Some(&before.number), &state, &context) else {
        return page_with(StatusCode::BAD_REQUEST, &ContactPage::of(context, &before, form));
    };
    state.directory.replace_contact(&before.number, &contact, &author(&request)).await?;
    Ok(see_other(LIST))
}

/// Handles `POST /contacts/{number}/delete`: deletes a contact.
pub async fn remove(path: Path<String>, request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    state.directory.remove_contact(&found(&path, &state)?.number, &author(&request)).await?;
    Ok(see_other(LIST))
}

fn found(path: &str, state: &AppState) -> Result<Contact, Error> {
    state.directory.names().stored(path).cloned().ok_or(Error::NotFound)
}

fn too_many(error: ContactsError, context: &PageContext) -> Error {
    match error {
        ContactsError::TooMany(_) => Error::BadRequest(most_contacts(context)),
        ContactsError::Store(error) => error.into(),
    }
}

/// Returns the message that the maximum number of contacts would be exceeded.
pub fn most_contacts(context: &PageContext) -> String {
    (context.texts.contacts.too_many)(context.format.number(i64::try_from(MAX_CONTACTS).unwrap_or(i64::MAX)))
}

impl ContactPage {
    fn new(context: PageContext, form: FormState) -> Self {
        let t = &context.texts.contacts;
        Self { t, title: t.new_title, path: LIST.to_owned(), form, name: None, context }
    }

    fn of(context: PageContext, contact: &Contact, form: FormState) -> Self {
        let (t, path) = (&context.texts.contacts, path_of(&contact.number));
        Self { t, title: t.edit_title, path, form, name: Some(contact.display()), context }
    }
}
