//! A form with a file.

use actix_multipart::{Field, Multipart};
use actix_web::HttpRequest;
use actix_web::web::Payload;
use futures_util::TryStreamExt;

use crate::web::access;
use crate::web::error::Error;

/// The largest file.
pub const MAX_FILE_BYTES: usize = 5 * 1000 * 1000;
/// A browser only reads the answer once it has sent everything; more than this it need not send.
const MAX_REQUEST_BYTES: usize = 20 * MAX_FILE_BYTES;
const MULTIPART: &str = "multipart/form-data";

/// What was sent.
pub enum Upload {
    /// The file, or what was pasted instead of one.
    Content(Vec<u8>),
    /// More than [`MAX_FILE_BYTES`].
    TooLarge,
}

/// Reads the fields `file` and `text` of a form; the file counts unless it is empty.
///
/// # Errors
/// When it is no such form or breaks off.
pub async fn read(request: &HttpRequest, payload: Payload) -> Result<Upload, Error> {
    if !access::has_content_type(request, MULTIPART) {
        return Err(Error::ContentType(MULTIPART));
    }
    let (mut file, mut text, mut total) = (Vec::new(), Vec::new(), 0);
    let mut form = Multipart::new(request.headers(), payload);
    while let Some(field) = form.try_next().await.map_err(unreadable)? {
        let mut ignored = Vec::new();
        let place = match field.name() {
            Some("file") => &mut file,
            Some("text") => &mut text,
            _ => &mut ignored,
        };
        total += read_field(field, place, MAX_REQUEST_BYTES.saturating_sub(total)).await?;
    }
    let content = if file.is_empty() { text } else { file };
    Ok(if content.len() > MAX_FILE_BYTES { Upload::TooLarge } else { Upload::Content(content) })
}

/// Keeps a byte more than may be, so that too much is noticed; how much came.
async fn read_field(mut field: Field, kept: &mut Vec<u8>, most: usize) -> Result<usize, Error> {
    let mut length = 0;
    while let Some(chunk) = field.try_next().await.map_err(unreadable)? {
        length += chunk.len();
        if length > most {
            return Err(Error::TooLarge(format!("the form is larger than {} MB", MAX_REQUEST_BYTES / 1_000_000)));
        }
        let room = (MAX_FILE_BYTES + 1).saturating_sub(kept.len());
        kept.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
    }
    Ok(length)
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::BadRequest(format!("the form cannot be read: {error}"))
}
