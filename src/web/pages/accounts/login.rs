use std::time::{Duration, Instant};

use actix_web::http::{StatusCode, header};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::accounts::key_of;
use crate::accounts::password::PasswordHash;
use crate::i18n::LoginTexts;
use crate::log_throttle::times;
use crate::service::network::network;
use crate::service::state::AppState;
use crate::web::access::cookies;
use crate::web::access::cookies::no_cookie;
use crate::web::access::guard::with_cookie;
use crate::web::access::principal::{AuthMethod, Principal, author};
use crate::web::error::Error;
use crate::web::extract::client::client_address;
use crate::web::extract::query::{parameter, parameters};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::language::own_path;
use crate::web::pages::{form_body, form_value, page, page_with, see_other};

const LOGIN: &str = "/login";

#[derive(Template)]
#[template(path = "pages/login.html")]
struct LoginPage {
    context: PageContext,
    t: &'static LoginTexts,
    name: String,
    next: String,
    wrong: Option<String>,
}

/// Handles `GET /login`: shows the login form.
pub async fn show(request: HttpRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    if let Some(elsewhere) = elsewhere(&state) {
        return Ok(see_other(elsewhere));
    }
    let parameters = parameters(&request);
    let next = own_path(parameter(&parameters, "next").unwrap_or("/")).to_owned();
    if context.is_in() {
        return Ok(see_other(&next));
    }
    page(&LoginPage { t: &context.texts.login, context, name: String::new(), next, wrong: None })
}

/// Handles `POST /login`: answers 401 for any wrong input and 429 after many failures. Neither the text nor the
/// response time reveals which account names exist.
pub async fn log_in(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    if let Some(elsewhere) = elsewhere(&state) {
        return Ok(see_other(elsewhere));
    }
    let (t, name) = (&context.texts.login, form_value(&form, "name").trim().to_owned());
    let next = own_path(form_value(&form, "next")).to_owned();
    let page = |wrong| LoginPage { context, t, name: name.clone(), next: next.clone(), wrong: Some(wrong) };
    let failures = &state.accounts.failures;
    let attempt = match failures.attempt(&key_of(&name), client_address(&request), Instant::now()) {
        Ok(attempt) => attempt,
        Err(wait) => return too_many(wait, page),
    };
    let known = state.accounts.known();
    let user = known.as_ref().and_then(|known| known.user_named(&name));
    let hash = user.map_or_else(PasswordHash::nobody, |user| user.password.clone());
    let password = form_value(&form, "password").to_owned();
    let fits = state.accounts.hashing.fits(attempt.turn(), hash, password).await?;
    let cookie = match user.filter(|_| fits) {
        Some(user) => cookies::open_session(&request, &state, user.id).await?,
        None => None,
    };
    let Some(cookie) = cookie else {
        let (address, locked_for) = (client_address(&request), attempt.fail());
        // The log is throttled by network, so that an attacker with many addresses does not fill it.
        if let Some(times) = times("a login failed", &network(address).to_string()) {
            tracing::warn!(%address, times, "a login failed");
        }
        if let Some(user) = user {
            state.accounts.note_failed_login(&user.name, address, locked_for.is_some());
        }
        return match locked_for {
            Some(wait) => too_many(wait, page),
            None => page_with(StatusCode::UNAUTHORIZED, &page(t.wrong.to_owned())),
        };
    };
    attempt.succeed();
    let name = user.map_or(name, |user| user.name.clone());
    state.accounts.note_login(name, client_address(&request)).await;
    with_cookie(see_other(&next), &cookie)
}

fn too_many(wait: Duration, page: impl FnOnce(String) -> LoginPage) -> Result<HttpResponse, Error> {
    let minutes = wait.as_secs().div_ceil(60).max(1);
    let page = page(String::new());
    let wrong = Some((page.t.too_many)(minutes));
    let mut response = page_with(StatusCode::TOO_MANY_REQUESTS, &LoginPage { wrong, ..page })?;
    response.headers_mut().insert(header::RETRY_AFTER, header::HeaderValue::from(wait.as_secs().max(1)));
    Ok(response)
}

/// Returns the redirect target if login is impossible: in local mode, or while there is no account.
fn elsewhere(state: &AppState) -> Option<&'static str> {
    let is_nobody_there = state.accounts.known().is_some_and(|known| known.users().is_empty());
    match () {
        () if state.accounts.is_local_mode() => Some("/"),
        () if is_nobody_there => Some("/setup"),
        () => None,
    }
}

/// Handles `POST /logout`: ends the session and deletes the session cookie.
pub async fn log_out(request: HttpRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    if let Some(AuthMethod::Session { id, user_id }) = Principal::let_in(&request).map(|principal| principal.by) {
        state.accounts.log_out(user_id, id, &author(&request)).await?;
    }
    with_cookie(see_other(LOGIN), &no_cookie(&request))
}
