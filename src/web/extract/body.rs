//! Limits of request bodies, by url: the one table of them. All bodies that are held at the same time share a memory
//! budget, so that neither many nor large ones exhaust it, and large ones are parsed off the threads that answer
//! callers.

use std::ops::Deref;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use actix_web::web::{Data, Payload};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::fields::{Counter, FieldError};
use crate::store::question::Question;
use crate::web::access;
use crate::web::error::Error;
use crate::web::extract::query::Parameters;
use crate::web::route_trials::aside;
use crate::web::state::AppState;

/// Maximum length of bodies that take nothing from the budget, in bytes: their number is bounded by that of
/// connections. They are parsed at once; larger ones are parsed off the threads that answer callers.
const FREE_BYTES: usize = 4 * 1024;
/// How many bytes beyond the limit are read and discarded, so that the client reads the answer.
const PASSED_OVER_BYTES: usize = 4 * 1024 * 1024;
/// The unit of the budget, in bytes per semaphore permit.
const UNIT: usize = 1024;
/// The number of parts of the budget: one for bodies that no [`Bound`] lets grow beyond [`FORM_BYTES`], one for trials,
/// and two for changes, so that nobody with read access only keeps others from changing something.
const QUARTERS: usize = 4;
const FORM_BYTES: usize = 256 * 1024;

/// The limits of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Maximum length, in bytes.
    pub bytes: usize,
    /// Maximum number of fields of a form, or of values of JSON.
    pub values: usize,
    /// Maximum number of objects among the values of JSON.
    pub objects: usize,
}

impl Bound {
    /// The limits of urls that need no login.
    const OPEN: Self = Self { bytes: FREE_BYTES, values: 100, objects: 0 };
    /// The limits of changes to one's own account: three passwords fit.
    const ACCOUNT: Self = Self { bytes: 2 * FREE_BYTES, values: 100, objects: 0 };
    const FORM: Self = Self { bytes: FORM_BYTES, values: 5_000, objects: 0 };
    /// The limits of a file of contacts.
    pub const FILE: Self = Self { bytes: 5 * 1000 * 1000, values: 100, objects: 0 };
    /// The limits of most JSON: a list of 10,000 numbers fits.
    const JSON: Self = Self { bytes: FORM_BYTES, values: 25_000, objects: 2_000 };
    /// The limits of one route: one from and to 10,000 numbers each fits.
    const ROUTE: Self = Self { bytes: 1024 * 1024, values: 50_000, objects: 2_000 };
    /// The limits of names: 10,000 lines and as many agents fit.
    const NAMES: Self = Self { bytes: 4 * 1024 * 1024, values: 100_000, objects: 22_000 };
    /// The limits of a table of routes: 10,000 routes fit.
    const ROUTES: Self = Self { bytes: 8 * 1024 * 1024, values: 500_000, objects: 60_000 };
    /// The limits of all contacts: 100,000 fit.
    const CONTACTS: Self = Self { bytes: 16 * 1024 * 1024, values: 800_000, objects: 110_000 };

    /// Returns the limits of a url.
    pub fn of(method: &Method, path: &str) -> Self {
        match path {
            "/login" | "/setup" | "/language" => Self::OPEN,
            "/contacts/import" => Self::FILE,
            _ if path.starts_with("/settings/account") => Self::ACCOUNT,
            "/api/v1/routes/test" | "/api/v1/routes/replay" => Self::ROUTES,
            "/api/v1/routes" if method == Method::PUT => Self::ROUTES,
            "/api/v1/contacts" => Self::CONTACTS,
            "/api/v1/names" => Self::NAMES,
            _ if path == "/api/v1/routes" || path.starts_with("/api/v1/routes/") => Self::ROUTE,
            _ if path.starts_with("/api/") => Self::JSON,
            _ => Self::FORM,
        }
    }
}

/// The memory budget for bodies, and the locks on parsing large ones (semaphores).
#[derive(Debug)]
pub struct Bodies {
    small: Arc<Semaphore>,
    large_trials: Arc<Semaphore>,
    large_changes: Arc<Semaphore>,
    /// A budget of its own for bodies of the PBX, which wait for nobody else.
    pbx: Arc<Semaphore>,
    trials: Arc<Semaphore>,
    changes: Arc<Semaphore>,
}

impl Bodies {
    /// Creates a budget in bytes, and one of the same size for the PBX.
    pub fn new(budget: usize) -> Self {
        let room = |bytes: usize| Arc::new(Semaphore::new(bytes / UNIT));
        let quarter = budget / QUARTERS;
        let one = || Arc::new(Semaphore::new(1));
        Self {
            small: room(quarter),
            large_trials: room(quarter),
            large_changes: room(2 * quarter),
            pbx: room(budget),
            trials: one(),
            changes: one(),
        }
    }

    /// Returns an empty reservation for a body of the PBX.
    pub fn pbx(&self) -> Held {
        Held { room: self.pbx.clone(), permit: None }
    }

    fn held(&self, bound: Bound, is_trial: bool) -> Held {
        let room = match () {
            () if bound.bytes <= FORM_BYTES => &self.small,
            () if is_trial => &self.large_trials,
            () => &self.large_changes,
        };
        Held { room: room.clone(), permit: None }
    }
}

/// A body's reservation in the budget, released on drop.
#[derive(Debug)]
pub struct Held {
    room: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Grows the reservation to so many bytes altogether.
    ///
    /// # Errors
    /// When the budget is exhausted.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        let wanted = bytes.saturating_sub(FREE_BYTES).div_ceil(UNIT);
        let more = wanted.saturating_sub(self.permit.as_ref().map_or(0, OwnedSemaphorePermit::num_permits));
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| Error::Full)?;
        let more = self.room.clone().try_acquire_many_owned(more).map_err(|_| Error::Full)?;
        match &mut self.permit {
            Some(permit) => permit.merge(more),
            permit => *permit = Some(more),
        }
        Ok(())
    }
}

/// A body with its reservation.
struct Body {
    bytes: Vec<u8>,
    held: Held,
}

fn state(request: &HttpRequest) -> Result<Data<AppState>, Error> {
    request.app_data::<Data<AppState>>().cloned().ok_or_else(|| Error::Internal("the state is missing".into()))
}

/// Reads a body, and stops as soon as `check` finds that its chunks hold more than the limits allow.
async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    mut check: impl FnMut(&[u8], Bound) -> Result<(), Error>,
) -> Result<Body, Error> {
    let bound = Bound::of(request.method(), request.match_info().as_str());
    let told = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let too_large = || Error::TooLarge(format!("the body is larger than {}", told_size(bound.bytes)));
    if told.is_some_and(|length: usize| length > bound.bytes) {
        pass_over(payload, bound.bytes).await;
        return Err(too_large());
    }
    let mut held = state(request)?.bodies.held(bound, is_trial());
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
    aside(work).await
}

/// Waits for the lock on parsing, if a body is large: one change and one trial are parsed at a time.
async fn turn(request: &HttpRequest, bytes: usize) -> Result<Option<OwnedSemaphorePermit>, Error> {
    if bytes <= FREE_BYTES {
        return Ok(None);
    }
    let state = state(request)?;
    let turns = if is_trial() { &state.bodies.trials } else { &state.bodies.changes };
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
    if !access::has_content_type(request, "application/json") {
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

/// Reads the fields of a form.
///
/// # Errors
/// 415 unless its content type is that of a form, 413 when it exceeds a limit, 503 when the budget is exhausted.
pub async fn form(request: &HttpRequest, payload: Payload) -> Result<Parameters, Error> {
    const FORM: &str = "application/x-www-form-urlencoded";
    if !access::has_content_type(request, FORM) {
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
        Ok(Self { held: state(request)?.bodies.held(Bound::FILE, false), turn: None })
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
    fn each_url_has_its_bound() {
        for (method, path, bound) in [
            (Method::POST, "/login", Bound::OPEN),
            (Method::POST, "/setup", Bound::OPEN),
            (Method::POST, "/language", Bound::OPEN),
            (Method::POST, "/settings/users", Bound::FORM),
            (Method::POST, "/settings/account/password", Bound::ACCOUNT),
            (Method::POST, "/loginx", Bound::FORM),
            (Method::POST, "/contacts/import", Bound::FILE),
            (Method::PUT, "/api/v1/routes", Bound::ROUTES),
            (Method::POST, "/api/v1/routes", Bound::ROUTE),
            (Method::PUT, "/api/v1/routes/7", Bound::ROUTE),
            (Method::POST, "/api/v1/routes/test", Bound::ROUTES),
            (Method::POST, "/api/v1/routes/replay", Bound::ROUTES),
            (Method::PUT, "/api/v1/routesx", Bound::JSON),
            (Method::PUT, "/api/v1/lists/x", Bound::JSON),
            (Method::PUT, "/api/v1/contacts", Bound::CONTACTS),
            (Method::PUT, "/api/v1/contacts/0221", Bound::JSON),
            (Method::PUT, "/api/v1/names", Bound::NAMES),
        ] {
            assert_eq!(Bound::of(&method, path), bound, "{method} {path}");
        }
    }

    #[test]
    fn bodies_have_a_budget_and_small_ones_need_none() {
        let bodies = Bodies::new(80 * UNIT);
        let grown = |mut held: Held, bytes| held.grow(bytes).map(|()| held);
        let held = |bytes| grown(bodies.held(Bound::JSON, false), bytes);
        // A quarter is theirs, after what is free for each.
        let most = FREE_BYTES + 20 * UNIT;
        assert!(held(most + 1).is_err());
        let first = held(most).unwrap();
        assert!(matches!(held(FREE_BYTES + 1), Err(Error::Full)));
        assert!(held(FREE_BYTES).is_ok(), "small ones always have room");
        assert!(grown(bodies.held(Bound::ROUTES, true), most + 1).is_err());
        let tried = grown(bodies.held(Bound::ROUTES, true), most).unwrap();
        let most_of_changes = FREE_BYTES + 40 * UNIT;
        assert!(grown(bodies.held(Bound::ROUTES, false), most_of_changes + 1).is_err());
        let changed = grown(bodies.held(Bound::ROUTES, false), most_of_changes);
        assert!(changed.is_ok(), "what is tried out leaves room for what changes something");
        drop((tried, changed));
        let most_of_pbx = FREE_BYTES + 80 * UNIT;
        let event = grown(bodies.pbx(), most_of_pbx).unwrap();
        assert!(matches!(grown(bodies.pbx(), FREE_BYTES + 1), Err(Error::Full)), "the PBX has as much of its own");
        drop(event);
        drop(first);
        assert!(held(most).is_ok());
    }

    #[test]
    fn sizes_are_told_as_people_do() {
        assert_eq!([4 * UNIT, FORM_BYTES, 16 * UNIT * UNIT].map(told_size), ["4 KiB", "256 KiB", "16 MiB"]);
    }
}
