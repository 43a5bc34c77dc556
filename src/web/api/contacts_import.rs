use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::contacts::ChangesJson;
use crate::contacts::file::{Unusable, read as read_file};
use crate::i18n::texts;
use crate::lang::Lang;
use crate::service::directory::changes::ContactsChange;
use crate::service::state::AppState;
use crate::web::access::guard;
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::body::file as file_body;

/// The content types that files of contacts are sent with.
const MEDIA: [&str; 6] =
    ["text/csv", "text/vcard", "text/x-vcard", "text/xml", "application/xml", "application/octet-stream"];

/// What became of a file of contacts.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ContactImport)]
struct ImportJson {
    #[serde(flatten)]
    changes: ChangesJson,
    /// How many people have no number.
    without_number: usize,
    /// What could not be used, by line.
    unusable: Vec<UnusableJson>,
    /// The headings of columns that look like telephone numbers and were not used: named `Phone`, they are.
    unused_columns: Vec<String>,
}

/// Something in the file that could not be used.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = ContactUnusable)]
struct UnusableJson {
    /// Counted from 1.
    line: u64,
    /// As it stands there, shortened.
    value: String,
    reason: String,
}

/// Adds and changes contacts from a file
///
/// CSV, vCard or the phonebook of a FRITZ!Box, as the page takes it. All that is usable is saved, or nothing.
#[utoipa::path(
    post, path = "/api/v1/contacts/import", tag = "Contacts",
    request_body(content = String, content_type = "text/csv", description = "The file, at most 5 MB"),
    responses((status = 200, description = "What became of it", body = ImportJson))
)]
pub async fn import(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse, Error> {
    if !MEDIA.iter().any(|media| guard::has_content_type(&request, media)) {
        return Err(Error::ContentType("text/csv, text/vcard or application/xml"));
    }
    let (derivation, t) = (state.derivation.clone(), &texts(Lang::En).import);
    let (read, _hold) =
        file_body(&request, payload, move |body| read_file(body, &derivation.numbering)).await?.into_parts();
    let reading = read.map_err(|problem| Error::BadRequest((t.problem)(&problem)))?;
    let changes = state.directory.save_contacts(ContactsChange::Import(&reading.contacts), &author(&request)).await?;
    let unusable = |Unusable { line, value, reason }| UnusableJson { line, value, reason: (t.reason_of)(reason) };
    Ok(HttpResponse::Ok().json(ImportJson {
        changes: changes.into(),
        without_number: reading.without_number,
        unusable: reading.unusable.into_iter().map(unusable).collect(),
        unused_columns: reading.unused_columns,
    }))
}
