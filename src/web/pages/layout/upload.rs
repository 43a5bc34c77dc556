//! The upload of a file by a multipart form.

use actix_multipart::{Field, Multipart};
use actix_web::HttpRequest;
use actix_web::web::Payload;
use futures_util::TryStreamExt;

use crate::web::access::guard;
use crate::web::error::Error;
use crate::web::extract::body::Filed;
use crate::web::extract::budget::Bound;

/// The maximum size of a file, in bytes.
pub const MAX_FILE_BYTES: usize = Bound::FILE.bytes;
/// The maximum size of a request, in bytes. Oversized files are read up to it: a browser reads no answer before that.
const MAX_REQUEST_BYTES: usize = 20 * MAX_FILE_BYTES;
const MULTIPART: &str = "multipart/form-data";

/// The result of reading an upload.
pub enum Upload {
    /// The file, or the text that was pasted instead, with its memory reservation and the parsing lock.
    Content(Vec<u8>, Filed),
    /// The file exceeds [`MAX_FILE_BYTES`].
    TooLarge,
}

/// Reads the fields `file` and `text` of a multipart form; the file takes precedence unless it is empty.
///
/// # Errors
/// Fails if the body is not such a form, is too large or breaks off.
pub async fn read(request: &HttpRequest, payload: Payload) -> Result<Upload, Error> {
    if !guard::has_content_type(request, MULTIPART) {
        return Err(Error::ContentType(MULTIPART));
    }
    let (mut file, mut text, mut total, mut fields) = (Vec::new(), Vec::new(), 0, 0);
    let mut form = Multipart::new(request.headers(), payload);
    let mut filed = Filed::new(request)?;
    while let Some(field) = form.try_next().await.map_err(unreadable)? {
        fields += 1;
        if fields > Bound::FILE.values {
            return Err(Error::TooLarge(format!("the form has more than {} fields", Bound::FILE.values)));
        }
        let (place, beside) = match field.name() {
            Some("file") => (Some(&mut file), text.len()),
            Some("text") => (Some(&mut text), file.len()),
            _ => (None, 0),
        };
        let room = |kept: usize| filed.grow(beside + kept);
        total += read_field(field, place, MAX_REQUEST_BYTES.saturating_sub(total), room).await?;
    }
    let content = if file.is_empty() { text } else { file };
    if content.len() > MAX_FILE_BYTES {
        return Ok(Upload::TooLarge);
    }
    filed.take_turn(request, content.len()).await?;
    Ok(Upload::Content(content, filed))
}

/// Keeps one byte more than [`MAX_FILE_BYTES`], so that excess is noticed; returns the length of the whole field.
async fn read_field(
    mut field: Field,
    mut kept: Option<&mut Vec<u8>>,
    most: usize,
    mut room: impl FnMut(usize) -> Result<(), Error>,
) -> Result<usize, Error> {
    let mut length = 0;
    while let Some(chunk) = field.try_next().await.map_err(unreadable)? {
        length += chunk.len();
        if length > most {
            return Err(Error::TooLarge(format!("the form is larger than {} MB", MAX_REQUEST_BYTES / 1_000_000)));
        }
        let Some(kept) = &mut kept else { continue };
        let more = (MAX_FILE_BYTES + 1).saturating_sub(kept.len()).min(chunk.len());
        room(kept.len() + more)?;
        kept.extend_from_slice(chunk.get(..more).unwrap_or_default());
    }
    Ok(length)
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::BadRequest(format!("the form cannot be read: {error}"))
}
