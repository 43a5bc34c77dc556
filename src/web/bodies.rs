//! How large a body may be, by url: the one table of it. All that are being held together have a budget, so that neither many
//! nor large ones fill the memory, and large ones are read off the threads that answer callers.

use std::ops::Deref;
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::{Method, header};
use actix_web::web::{Data, Payload};
use futures_util::StreamExt;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::access;
use super::api::Parameters;
use super::error::Error;
use super::route_trials::aside;
use super::state::AppState;
use crate::fields::{Counter, FieldError};
use crate::store::question::Question;

/// Bodies up to here need no room, for there may be so many connections and no more, and are read at once; larger ones are
/// read off the threads that answer callers.
const FREE_BYTES: usize = 4 * 1024;
/// Beyond what may be, so much is passed over, and the answer is read.
const PASSED_OVER_BYTES: usize = 4 * 1024 * 1024;
/// Room is counted in these.
const UNIT: usize = 1024;
/// In quarters of the budget: one for bodies that no [`Bound`] lets grow beyond [`FORM_BYTES`], one for what is tried out, and
/// two for what changes something, so that nobody who may only look keeps others from changing something.
const QUARTERS: usize = 4;
const FORM_BYTES: usize = 256 * 1024;

/// What a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// Its length.
    pub bytes: usize,
    /// Fields of a form, values of JSON.
    pub values: usize,
    /// Of the values of JSON, objects.
    pub objects: usize,
}

impl Bound {
    /// Needs no login.
    const OPEN: Self = Self { bytes: FREE_BYTES, values: 100, objects: 0 };
    /// What everybody may change of their own account: three passwords fit.
    const ACCOUNT: Self = Self { bytes: 2 * FREE_BYTES, values: 100, objects: 0 };
    const FORM: Self = Self { bytes: FORM_BYTES, values: 5_000, objects: 0 };
    /// A file of contacts.
    pub const FILE: Self = Self { bytes: 5 * 1000 * 1000, values: 100, objects: 0 };
    /// A list of 10,000 numbers fits.
    const JSON: Self = Self { bytes: FORM_BYTES, values: 25_000, objects: 2_000 };
    /// A route from and to 10,000 numbers each fits.
    const ROUTE: Self = Self { bytes: 1024 * 1024, values: 50_000, objects: 2_000 };
    /// 10,000 lines and as many agents fit.
    const NAMES: Self = Self { bytes: 4 * 1024 * 1024, values: 100_000, objects: 22_000 };
    /// 10,000 routes fit.
    const ROUTES: Self = Self { bytes: 8 * 1024 * 1024, values: 500_000, objects: 60_000 };
    /// 100,000 contacts fit.
    const CONTACTS: Self = Self { bytes: 16 * 1024 * 1024, values: 800_000, objects: 110_000 };

    /// That of a url.
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

/// The room for bodies that are being held, and whose turn it is to have a large one read.
#[derive(Debug)]
pub struct Bodies {
    small: Arc<Semaphore>,
    large_trials: Arc<Semaphore>,
    large_changes: Arc<Semaphore>,
    /// Those of the PBX wait for nobody else.
    pbx: Arc<Semaphore>,
    trials: Arc<Semaphore>,
    changes: Arc<Semaphore>,
}

impl Bodies {
    /// With a budget in bytes, and the same again for the PBX.
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

    /// For a body of the PBX.
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

/// The room that a body has, until it is dropped.
#[derive(Debug)]
pub struct Held {
    room: Arc<Semaphore>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Held {
    /// Makes room for so many bytes altogether.
    ///
    /// # Errors
    /// When there is none.
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

/// A body, and its room.
struct Body {
    bytes: Vec<u8>,
    held: Held,
}

fn state(request: &HttpRequest) -> Result<Data<AppState>, Error> {
    request.app_data::<Data<AppState>>().cloned().ok_or_else(|| Error::Internal("the state is missing".into()))
}

/// Reads a body, and stops as soon as `check` finds in its pieces that it holds more than may be.
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
    // Memory that nothing is written to is none, but has to be granted.
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
    // Whoever sends slowly has the whole time of a question all the same.
    if let Some(question) = Question::asked() {
        question.goes_on();
    }
    Ok(Body { bytes, held })
}

/// What only tries something out is a question; what changes something is none.
fn is_trial() -> bool {
    Question::asked().is_some()
}

/// Many clients read no answer before they have sent everything: of a body that is too large some more is read and kept by
/// nobody.
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

/// Runs what reads a body, beside the threads that answer callers if it is large, or tries something out: that may take
/// long whatever its length.
async fn run<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    if bytes <= FREE_BYTES && !is_trial() {
        return Ok(work());
    }
    aside(work).await
}

/// The turn of a body, if it is large: only one that changes something and one that tries something out are read at a time.
async fn turn(request: &HttpRequest, bytes: usize) -> Result<Option<OwnedSemaphorePermit>, Error> {
    if bytes <= FREE_BYTES {
        return Ok(None);
    }
    let state = state(request)?;
    let turns = if is_trial() { &state.bodies.trials } else { &state.bodies.changes };
    let turn = timeout(state.config.limits.turn, turns.clone().acquire_owned()).await;
    turn.ok().and_then(Result::ok).map(Some).ok_or(Error::Full)
}

/// Reads a JSON body, whose room is taken as long as what was read of it is there.
///
/// # Errors
/// 415 unless it says that it is JSON, 413 when it is or holds too much, 400 when it is none, 503 when there is no room.
pub async fn json(request: &HttpRequest, payload: Payload) -> Result<Read<Value>, Error> {
    json_list(request, payload, |body| serde_json::from_slice(body).map(Ok)).await?.checked()
}

/// What was read of a body, with its turn and its room as long as it is worked with.
pub struct Read<T> {
    value: T,
    turn: Option<OwnedSemaphorePermit>,
    held: Held,
}

impl<T> Read<T> {
    /// What was read, and what is to be held as long as it is worked with.
    pub fn into_parts(self) -> (T, Hold) {
        (self.value, Hold { turn: self.turn, _room: self.held })
    }
}

/// The turn and the room of a body.
pub struct Hold {
    turn: Option<OwnedSemaphorePermit>,
    _room: Held,
}

impl Hold {
    /// What was read is worked with for long: others are read meanwhile.
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
    /// What was read, if nothing was wrong.
    ///
    /// # Errors
    /// Every wrong field.
    pub fn checked(self) -> Result<Read<T>, Error> {
        Ok(Read { value: self.value?, turn: self.turn, held: self.held })
    }
}

/// Reads a JSON body in the way of its own that a long list needs.
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

/// The fields of a form.
///
/// # Errors
/// 415 unless it says that it is one, 413 when it is or holds too much, 503 when there is no room.
pub async fn form(request: &HttpRequest, payload: Payload) -> Result<Parameters, Error> {
    const FORM: &str = "application/x-www-form-urlencoded";
    if !access::has_content_type(request, FORM) {
        return Err(Error::ContentType(FORM));
    }
    let body = read(request, payload, check_form()).await?;
    run(body.bytes.len(), move || form_urlencoded::parse(&body.bytes).into_owned().collect()).await
}

/// Takes room for a file, as far as it was read, and then its turn to be read.
pub struct Filed {
    held: Held,
    turn: Option<OwnedSemaphorePermit>,
}

impl Filed {
    /// Nothing of it was read.
    ///
    /// # Errors
    /// When the state is missing.
    pub fn new(request: &HttpRequest) -> Result<Self, Error> {
        Ok(Self { held: state(request)?.bodies.held(Bound::FILE, false), turn: None })
    }

    /// So much of it is held.
    ///
    /// # Errors
    /// When there is no room.
    pub fn grow(&mut self, bytes: usize) -> Result<(), Error> {
        self.held.grow(bytes)
    }

    /// All of it is there.
    ///
    /// # Errors
    /// When its turn does not come.
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
