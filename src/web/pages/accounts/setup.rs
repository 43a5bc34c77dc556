use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use subtle::ConstantTimeEq;

use super::users::{read_account_name, read_password};
use crate::accounts::Role;
use crate::accounts::secret::typed_code;
use crate::clock::now_ms;
use crate::i18n::SetupTexts;
use crate::service::accounts::changes::AccountChange;
use crate::service::accounts::hashing::Turn;
use crate::service::state::AppState;
use crate::store::accounts::{AccountError, NewUser, SETUP_CODE};
use crate::store::db::meta::recall;
use crate::web::access::cookies;
use crate::web::access::guard::with_cookie;
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::client::client_address;
use crate::web::pages::guide::last_refused;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::form_state::FormState;
use crate::web::pages::{form_body, page, page_with, see_other};

#[derive(Template)]
#[template(path = "pages/setup.html")]
struct SetupPage {
    context: PageContext,
    t: &'static SetupTexts,
    form: FormState,
    events: EventsLine,
}

/// The state of incoming events, which a user who connects Placetel needs to see first.
enum EventsLine {
    Arriving(String),
    Refused(String, &'static str),
    Waiting,
}

impl EventsLine {
    fn of(context: &PageContext, state: &AppState) -> Self {
        if let Some((what, help)) = last_refused(context, state) {
            return Self::Refused(what, help);
        }
        match state.intake.last_event_ms() {
            Some(event_ms) => Self::Arriving((context.texts.setup.arriving)(&context.format.time(event_ms))),
            None => Self::Waiting,
        }
    }
}

impl SetupPage {
    fn new(context: PageContext, state: &AppState, form: FormState) -> Self {
        Self { events: EventsLine::of(&context, state), t: &context.texts.setup, form, context }
    }
}

/// Handles `GET /setup`: shows the form of the first account.
pub async fn show(context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    if has_account(&state) {
        return Ok(see_other("/login"));
    }
    // In local mode the service does not log the setup code at its start, so it is logged here.
    state.accounts.tell_code().await?;
    page(&SetupPage::new(context, &state, FormState::default()))
}

/// Handles `POST /setup`: creates the first account and logs it in.
pub async fn create(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let sent = form_body(&request, payload).await?;
    if has_account(&state) {
        return Ok(see_other("/login"));
    }
    let mut form = FormState::read(&sent);
    let t = &context.texts.setup;
    let failures = &state.accounts.failures;
    // Failed setup codes are rate limited under the empty account name, which no account has.
    let Ok(attempt) = failures.attempt("", client_address(&request), Instant::now()) else {
        form.note("code", t.code, t.too_many);
        return page_with(StatusCode::TOO_MANY_REQUESTS, &SetupPage::new(context, &state, form));
    };
    let code = recall(&state.db, SETUP_CODE).await?.map(|code| typed_code(&code)).unwrap_or_default();
    let typed = typed_code(form.value("code"));
    if code.is_empty() || !bool::from(typed.as_bytes().ct_eq(code.as_bytes())) {
        attempt.fail();
        form.note("code", t.code, t.wrong_code);
        return page_with(StatusCode::UNAUTHORIZED, &SetupPage::new(context, &state, form));
    }
    attempt.succeed();
    let name = read_account_name(&mut form, &context);
    let password = read_password(&mut form, "password", context.texts.login.password, &context);
    let (Some(name), Some(password)) = (name, password) else {
        return page_with(StatusCode::BAD_REQUEST, &SetupPage::new(context, &state, form));
    };
    let password = state.accounts.hashing.hash(Turn::KNOWN, password).await?;
    let change =
        AccountChange::AddFirst(NewUser { name, role: Role::Admin, lines: None, password, created_ms: now_ms() });
    match state.accounts.change(&change, &author(&request)).await {
        Err(AccountError::NotFirst) => return Ok(see_other("/login")),
        made => made?,
    }
    let known = state.accounts.known();
    let made = known.as_ref().and_then(|known| known.user_named(change.name()));
    let cookie = match made {
        Some(user) => cookies::open_session(&request, &state, user.id).await?,
        None => None,
    };
    match cookie {
        Some(cookie) => with_cookie(see_other("/"), &cookie),
        None => Ok(see_other("/login")),
    }
}

fn has_account(state: &AppState) -> bool {
    state.accounts.known().is_some_and(|known| !known.users().is_empty())
}
