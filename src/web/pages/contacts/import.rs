use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload, block};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::list::most_contacts;
use crate::contacts::file::{FileProblem, Reading, Unusable, read as read_file};
use crate::i18n::ImportTexts;
use crate::service::directory::changes::ContactsChange;
use crate::service::state::AppState;
use crate::store::names::{Changes, ContactsError};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::upload::{MAX_FILE_BYTES, Upload, read as read_upload};
use crate::web::pages::{page, page_with};

/// The maximum number of unusable lines to show.
const MOST_UNUSABLE: usize = 200;

#[derive(Template)]
#[template(path = "pages/contacts_import.html")]
struct ImportPage {
    context: PageContext,
    t: &'static ImportTexts,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/contacts_imported.html")]
struct ImportedPage {
    context: PageContext,
    t: &'static ImportTexts,
    title: &'static str,
    figures: Vec<(&'static str, String)>,
    unusable: Vec<UnusableRow>,
    more: Option<String>,
    unused_columns: Vec<String>,
    has_saved: bool,
}

struct UnusableRow {
    line: String,
    value: String,
    reason: String,
}

/// Handles `GET /contacts/import`: shows the upload form.
pub async fn form(context: PageContext) -> Result<HttpResponse, Error> {
    page(&ImportPage::new(context, None))
}

/// Handles `POST /contacts/import`: imports all usable contacts of the file, or none.
pub async fn import(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let t = &context.texts.import;
    let (content, _filed) = match read_upload(&request, payload).await? {
        Upload::Content(content, _) if content.is_empty() => {
            return refused(context, StatusCode::BAD_REQUEST, t.nothing.into());
        }
        Upload::Content(content, filed) => (content, filed),
        Upload::TooLarge => {
            return refused(context, StatusCode::PAYLOAD_TOO_LARGE, (t.too_large)(MAX_FILE_BYTES / 1_000_000));
        }
    };
    let reading = match parsed(content, &state).await? {
        Ok(reading) => reading,
        Err(problem) => return refused(context, StatusCode::BAD_REQUEST, (t.problem)(&problem)),
    };
    match state.directory.save_contacts(ContactsChange::Import(&reading.contacts), &author(&request)).await {
        Ok(changes) => page(&ImportedPage::new(context, &reading, changes)),
        Err(ContactsError::TooMany(_)) => {
            let reason = most_contacts(&context);
            refused(context, StatusCode::BAD_REQUEST, reason)
        }
        Err(ContactsError::Store(error)) => Err(error.into()),
    }
}

/// Parses the file on the blocking thread pool, because many numbers would hold up other requests.
async fn parsed(content: Vec<u8>, state: &AppState) -> Result<Result<Reading, FileProblem>, Error> {
    let derivation = state.derivation.clone();
    let reading = block(move || read_file(&content, &derivation.numbering)).await;
    reading.map_err(|error| Error::Internal(error.to_string()))
}

fn refused(context: PageContext, status: StatusCode, reason: String) -> Result<HttpResponse, Error> {
    page_with(status, &ImportPage::new(context, Some(reason)))
}

impl ImportPage {
    fn new(context: PageContext, error: Option<String>) -> Self {
        Self { t: &context.texts.import, error, context }
    }
}

impl ImportedPage {
    fn new(context: PageContext, reading: &Reading, changes: Changes) -> Self {
        let t = &context.texts.import;
        let number = |count: usize| context.format.number(i64::try_from(count).unwrap_or(i64::MAX));
        let figures = [
            (t.new, changes.new),
            (t.changed, changes.changed),
            (t.unchanged, changes.unchanged),
            (t.unusable, reading.unusable.len()),
            (t.without_number, reading.without_number),
        ];
        let row = |unusable: &Unusable| UnusableRow {
            line: number(usize::try_from(unusable.line).unwrap_or(usize::MAX)),
            value: unusable.value.clone(),
            reason: (t.reason_of)(unusable.reason),
        };
        let more = reading.unusable.len().saturating_sub(MOST_UNUSABLE);
        Self {
            t,
            title: if reading.contacts.is_empty() { t.done_nothing } else { t.done },
            figures: figures.into_iter().map(|(name, count)| (name, number(count))).collect(),
            unusable: reading.unusable.iter().take(MOST_UNUSABLE).map(row).collect(),
            unused_columns: reading.unused_columns.clone(),
            more: (more > 0).then(|| (t.more)(number(more))),
            has_saved: !reading.contacts.is_empty(),
            context,
        }
    }
}
