//! The session cookie.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header;

use crate::accounts::secret::SecretHash;
use crate::service::state::AppState;
use crate::store::accounts::sessions::LIFETIME_MS;
use crate::web::error::Error;
use crate::web::extract::client::is_https;

/// The name of the session cookie.
pub const COOKIE: &str = "session";
/// Maximum length of what is stored of a browser's `User-Agent`, in characters.
const MAX_AGENT_CHARS: usize = 200;

/// Opens a session, always a new one, and returns its cookie; `None` if the account is gone meanwhile.
pub async fn open_session(
    request: &HttpRequest,
    state: &AppState,
    user_id: i64,
) -> Result<Option<Cookie<'static>>, Error> {
    let (before, agent) = (presented(request), agent(request));
    let secret = state.accounts.sessions.open(before, &agent, &state.db, &state.clock, user_id).await?;
    Ok(secret.map(|secret| cookie(request, secret, Duration::milliseconds(LIFETIME_MS))))
}

/// Returns an expired cookie, which removes the session cookie from the browser.
pub fn no_cookie(request: &HttpRequest) -> Cookie<'static> {
    cookie(request, String::new(), Duration::ZERO)
}

/// Returns the hash of the secret in the session cookie, if there is one.
pub fn presented(request: &HttpRequest) -> Option<SecretHash> {
    request.cookie(COOKIE).filter(|cookie| !cookie.value().is_empty()).map(|cookie| SecretHash::of(cookie.value()))
}

fn cookie(request: &HttpRequest, value: String, lifetime: Duration) -> Cookie<'static> {
    Cookie::build(COOKIE, value)
        .path("/")
        .http_only(true)
        // Not "strict": a link in a message should find whoever follows it logged in. Links change nothing.
        .same_site(SameSite::Lax)
        .secure(is_https(request))
        .max_age(lifetime)
        .finish()
}

fn agent(request: &HttpRequest) -> String {
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    agent.chars().take(MAX_AGENT_CHARS).collect()
}
