//! Request bodies: read within their limits and the memory budget, and parsed off the threads that answer callers if they
//! are large.

use std::ops::Deref;

use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::{Data, Payload};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::budget::{Bodies, Bound, FREE_BYTES, Held, UNIT};
use crate::fields::{Counter, FieldError};
use crate::service::aside::aside;
use crate::service::state::AppState;
use crate::store::db::question::Question;
use crate::web::access::guard;
use crate::web::endpoint::Endpoint;
use crate::web::error::Error;
use crate::web::extract::query::Parameters;

/// How many bytes beyond the limit are read and discarded, so that the client reads the answer.
const PASSED_OVER_BYTES: usize = 4 * 1024 * 1024;
/// A body with its reservation.
struct Body {
    bytes: Vec<u8>,
    held: Held,
}

fn of_app<T: 'static>(request: &HttpRequest) -> Result<Data<T>, Error> {
    request.app_data::<Data<T>>().cloned().ok_or_else(|| Error::Internal("the state is missing".into()))
}

/// Reads a body, and stops as soon as `check` finds that its chunks hold more than the limits allow.
async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    mut check: impl FnMut(&[u8], Bound) -> Result<(), Error>,
) -> Result<Body, Error> {
    let bound = Endpoint::of(request).map_or(Bound::FORM, |endpoint| endpoint.body);
    let told = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let too_large = || Error::TooLarge(format!("the body is larger than {}", told_size(bound.bytes)));
    if told.is_some_and(|length: usize| length > bound.bytes) {
        pass_over(payload, bound.bytes).await;
        return Err(too_large());
    }
    let mut held = of_app::<Bodies>(request)?.held(bound, is_trial());
    // Memory that nothing is written to costs nothing, but its allocation can fail.
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(told.unwrap_or_default()).map_err(|_| Error::Full)?;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Error::BadRequest("the body broke off".into()))?;
        let is_too_long = bytes.len() + chunk.len() > bound.bytes;
        let checked = if is_too_long { Err(too_large()) } else { check(&chunk, bound) };
        if let Err(error) = checked {
            drop((bytes, held));
            pass_over(payload, bound.bytes).await;
            return Err(error);
        }
        held.grow(bytes.len() + chunk.len())?;
        bytes.extend_from_slice(&chunk);
    }
    // The time budget starts anew: the time of a slow upload is not taken from it.
    if let Some(question) = Question::asked() {
        question.goes_on();
    }
    Ok(Body { bytes, held })
}

/// Returns whether the request only tries something out: then it is a [`Question`], which a change is not.
fn is_trial() -> bool {
    Question::asked().is_some()
}

/// Reads and discards some more of a body that is too large: many clients read no answer before they have sent
/// everything.
async fn pass_over(mut payload: Payload, bytes: usize) {
    let mut passed = 0;
    while let Some(Ok(chunk)) = payload.next().await {
        passed += chunk.len();
        if passed > bytes + PASSED_OVER_BYTES {
            break;
        }
    }
}

fn told_size(bytes: usize) -> String {
    match bytes / UNIT {
        kib if kib < UNIT => format!("{kib} KiB"),
        kib => format!("{} MiB", kib / UNIT),
    }
}

fn check_json() -> impl FnMut(&[u8], Bound) -> Result<(), Error> {
    let mut counter = Counter::default();
    move |piece, Bound { values, objects, .. }| {
        let amount = counter.add(piece);
        if amount.values > values || amount.objects > objects {
            return Err(Error::TooLarge(format!("the body holds more than {values} values or {objects} objects")));
        }
        Ok(())
    }
}

fn check_form() -> impl FnMut(&[u8], Bound) -> Result<(), Error> {
    let mut fields = 1;
    move |piece, Bound { values, .. }| {
        fields += piece.iter().filter(|byte| **byte == b'&').count();
        if fields > values {
            return Err(Error::TooLarge(format!("the form has more than {values} fields")));
        }
        Ok(())
    }
}

/// Parses a body; off the threads that answer callers if it is large or a trial, which may take long whatever its
/// length.
async fn run<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    if bytes <= FREE_BYTES && !is_trial() {
        return Ok(work());
    }
    Ok(aside(work).await?)
}

/// Waits for the lock on parsing, if a body is large: one change and one trial are parsed at a time.
async fn turn(request: &HttpRequest, bytes: usize) -> Result<Option<OwnedSemaphorePermit>, Error> {
    if bytes <= FREE_BYTES {
        return Ok(None);
    }
    let (bodies, state) = (of_app::<Bodies>(request)?, of_app::<AppState>(request)?);
    let turns = if is_trial() { &bodies.trials } else { &bodies.changes };
    let turn = timeout(state.config.limits.turn, turns.clone().acquire_owned()).await;
    turn.ok().and_then(Result::ok).map(Some).ok_or(Error::Full)
}

/// Reads a JSON body; its reservation is held as long as the parsed value.
///
/// # Errors
/// 415 unless its content type is JSON, 413 when it exceeds a limit, 400 when it is no JSON, 503 when the budget is
/// exhausted.
pub async fn json(request: &HttpRequest, payload: Payload) -> Result<Read<Value>, Error> {
    json_list(request, payload, |body| serde_json::from_slice(body).map(Ok)).await?.checked()
}

/// A parsed body, with its lock and its reservation as long as it is processed.
pub struct Read<T> {
    value: T,
    turn: Option<OwnedSemaphorePermit>,
    held: Held,
}

impl<T> Read<T> {
    /// Splits into the parsed value and what is to be held as long as it is processed.
    pub fn into_parts(self) -> (T, Hold) {
        (self.value, Hold { turn: self.turn, _room: self.held })
    }
}

/// A guard that holds the parsing lock and the reservation of a body.
pub struct Hold {
    turn: Option<OwnedSemaphorePermit>,
    _room: Held,
}

impl Hold {
    /// Releases the parsing lock, because processing the value takes long: others are parsed meanwhile.
    pub fn end_turn(&mut self) {
        self.turn = None;
    }
}

impl<T> Deref for Read<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T> Read<Result<T, Vec<FieldError>>> {
    /// Returns the parsed body, if no field is wrong.
    ///
    /// # Errors
    /// Every wrong field.
    pub fn checked(self) -> Result<Read<T>, Error> {
        Ok(Read { value: self.value?, turn: self.turn, held: self.held })
    }
}

/// Reads a JSON body with the given parser, as a long list needs one of its own.
///
/// # Errors
/// Those of [`json`].
pub async fn json_list<T: Send + 'static>(
    request: &HttpRequest,
    payload: Payload,
    work: impl FnOnce(&[u8]) -> serde_json::Result<Result<T, Vec<FieldError>>> + Send + 'static,
) -> Result<Read<Result<T, Vec<FieldError>>>, Error> {
    if !guard::has_content_type(request, "application/json") {
        return Err(Error::ContentType("application/json"));
    }
    let body = read(request, payload, check_json()).await?;
    let (length, turn) = (body.bytes.len(), turn(request, body.bytes.len()).await?);
    let reading = move || {
        let value = work(&body.bytes).map_err(|error| Error::BadRequest(format!("this is no JSON: {error}")))?;
        Ok(Read { value, turn, held: body.held })
    };
    run(length, reading).await?
}

/// Reads a file sent as the body, with the given parser.
///
/// # Errors
/// 413 when it exceeds a limit, 503 when the budget is exhausted.
pub async fn file<T: Send + 'static>(
    request: &HttpRequest,
    payload: Payload,
    work: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> Result<Read<T>, Error> {
    let body = read(request, payload, |_, _| Ok(())).await?;
    let (length, turn) = (body.bytes.len(), turn(request, body.bytes.len()).await?);
    run(length, move || Read { value: work(&body.bytes), turn, held: body.held }).await
}

/// Reads the fields of a form.
///
/// # Errors
/// 415 unless its content type is that of a form, 413 when it exceeds a limit, 503 when the budget is exhausted.
pub async fn form(request: &HttpRequest, payload: Payload) -> Result<Parameters, Error> {
    const FORM: &str = "application/x-www-form-urlencoded";
    if !guard::has_content_type(request, FORM) {
        return Err(Error::ContentType(FORM));
    }
    let body = read(request, payload, check_form()).await?;
    run(body.bytes.len(), move || form_urlencoded::parse(&body.bytes).into_owned().collect()).await
}

/// The reservation of an uploaded file, which grows as it is read, and then the lock on parsing it.
pub struct Filed {
    held: Held,
    turn: Option<OwnedSemaphorePermit>,
}

impl Filed {
    /// Creates an empty reservation.
    ///
    /// # Errors
    /// When the state is missing.
    pub fn new(request: &HttpRequest) -> Result<Self, Error> {
        Ok(Self { held: of_app::<Bodies>(request)?.held(Bound::FILE, false), turn: None })
    }

    /// Grows the reservation to so many bytes altogether.
    ///
    /// # Errors
    /// When the budget is exhausted.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        self.held.grow(bytes)
    }

    /// Waits for the parsing lock, once the whole file was read.
    ///
    /// # Errors
    /// When the lock does not become free in time.
    pub async fn take_turn(&mut self, request: &HttpRequest, bytes: usize) -> Result<(), Error> {
        self.turn = turn(request, bytes).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_as_people_do() {
        assert_eq!([4 * UNIT, 256 * UNIT, 16 * UNIT * UNIT].map(told_size), ["4 KiB", "256 KiB", "16 MiB"]);
    }
}
