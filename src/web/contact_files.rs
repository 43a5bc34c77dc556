//! All contacts as files.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;

use super::error::{Error, WrongField};
use crate::contacts::Contact;
use crate::contacts::export::Format;
use crate::service::directory::names::Names;
use crate::service::state::AppState;
use crate::web::extract::query::{parameter, parameters};

const CONTACTS_PER_CHUNK: usize = 500;

/// Handler of `GET /contacts.csv`: streams all contacts, in the order of the address book.
pub async fn csv(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let format = match parameter(&parameters(&request), "dialect") {
        None => Format::Csv,
        Some("excel-de") => Format::CsvForExcel,
        Some(_) => {
            let detail = "dialect: expected excel-de or nothing".to_owned();
            return Err(Error::Fields(vec![WrongField { field: "dialect".into(), detail }]));
        }
    };
    Ok(file(format, "text/csv; charset=utf-8", "attachment; filename=\"contacts.csv\"", &state))
}

/// Handler of `GET /contacts.vcf`: the same as vCards.
pub async fn vcards(state: Data<AppState>) -> HttpResponse {
    file(Format::VCard, "text/vcard; charset=utf-8", "attachment; filename=\"contacts.vcf\"", &state)
}

fn file(format: Format, media: &'static str, disposition: &'static str, state: &AppState) -> HttpResponse {
    let names = state.directory.names();
    let head = Bytes::from_static(format.head().as_bytes());
    let starts = (0..names.count()).step_by(CONTACTS_PER_CHUNK);
    let chunks = starts.map(move |start| chunk(format, &names, start));
    let pieces = std::iter::once(head).chain(chunks).filter(|piece| !piece.is_empty());
    HttpResponse::Ok()
        .content_type(media)
        .insert_header((header::CONTENT_DISPOSITION, disposition))
        .streaming(stream::iter(pieces.map(Ok::<_, Error>)))
}

fn chunk(format: Format, names: &Arc<Names>, start: usize) -> Bytes {
    let contacts: Vec<&Contact> = names.contacts().skip(start).take(CONTACTS_PER_CHUNK).collect();
    format.write(&contacts).into()
}
