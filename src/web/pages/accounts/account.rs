use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::users::read_password;
use crate::accounts::key_of;
use crate::clock::now_ms;
use crate::i18n::AccountsTexts;
use crate::service::accounts::changes::AccountChange;
use crate::service::accounts::hashing::Turn;
use crate::service::state::AppState;
use crate::store::accounts::sessions::list_sessions;
use crate::web::access::principal::{AuthMethod, Principal, author};
use crate::web::error::Error;
use crate::web::extract::client::client_address;
use crate::web::extract::query::{parameter, parameters};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::form_state::FormState;
use crate::web::pages::{form_body, form_value, page, page_with, see_other};

const ACCOUNT: &str = "/settings/account";
const BROWSERS: [(&str, &str); 5] =
    [("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari")];
const SYSTEMS: [(&str, &str); 6] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

#[derive(Template)]
#[template(path = "pages/account.html")]
struct AccountPage {
    context: PageContext,
    t: &'static AccountsTexts,
    what: String,
    saved: Option<&'static str>,
    sessions: Vec<SessionRow>,
    form: FormState,
}

struct SessionRow {
    id: i64,
    browser: String,
    since: String,
    seen: String,
    is_this: bool,
}

/// The user who sent the request, identified by the session.
struct Own {
    name: String,
    session: i64,
    user: i64,
}

impl Own {
    fn of(request: &HttpRequest) -> Result<Self, Error> {
        match Principal::let_in(request).as_deref() {
            Some(Principal { name, by: AuthMethod::Session { id, user_id }, .. }) => {
                Ok(Self { name: name.clone(), session: *id, user: *user_id })
            }
            _ => Err(Error::NotAllowed("only whoever is logged in has an account of their own")),
        }
    }
}

impl AccountPage {
    async fn new(
        request: &HttpRequest,
        context: PageContext,
        state: &AppState,
        form: FormState,
    ) -> Result<Self, Error> {
        let (own, t) = (Own::of(request)?, &context.texts.accounts);
        let sessions = list_sessions(&state.db, own.user).await?.into_iter();
        let row = |session: crate::store::accounts::sessions::Session| SessionRow {
            id: session.id,
            browser: browser(&session.agent).unwrap_or_else(|| t.unknown_browser.to_owned()),
            since: context.format.moment(session.created_ms),
            seen: context.format.moment(session.seen_ms),
            is_this: session.id == own.session,
        };
        let parameters = parameters(request);
        let what = context
            .principal
            .as_ref()
            .map(|principal| (t.account_what)(&principal.name, principal.role))
            .unwrap_or_default();
        Ok(Self {
            t,
            what,
            saved: match parameter(&parameters, "saved") {
                Some("password") => Some(t.password_saved),
                Some(_) => Some(t.saved),
                None => None,
            },
            sessions: sessions.filter(|session| session.holds(now_ms())).map(row).collect(),
            form,
            context,
        })
    }
}

/// Handles `GET /settings/account`: shows the own account.
pub async fn show(request: HttpRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    page(&AccountPage::new(&request, context, &state, FormState::default()).await?)
}

/// Handles `POST /settings/account/password`: changes the own password.
pub async fn change_password(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let own = Own::of(&request)?;
    let mut form = FormState::read(&form_body(&request, payload).await?);
    let t = &context.texts.accounts;
    let Some(password) = read_password(&mut form, "password", t.new_password, &context) else {
        return page_with(StatusCode::BAD_REQUEST, &AccountPage::new(&request, context, &state, form).await?);
    };
    state.accounts.refresh().await?;
    let current = state.accounts.known().and_then(|known| known.user(own.user).map(|user| user.password.clone()));
    let current = current.ok_or(Error::NotFound)?;
    let failures = &state.accounts.failures;
    let Ok(attempt) = failures.attempt(&key_of(&own.name), client_address(&request), Instant::now()) else {
        form.note("current", t.current_password, (context.texts.login.too_many)(15));
        return page_with(StatusCode::TOO_MANY_REQUESTS, &AccountPage::new(&request, context, &state, form).await?);
    };
    if !state.accounts.hashing.fits(attempt.turn(), current, form.value("current").to_owned()).await? {
        attempt.fail();
        form.note("current", t.current_password, t.current_password_wrong);
        return page_with(StatusCode::BAD_REQUEST, &AccountPage::new(&request, context, &state, form).await?);
    }
    attempt.succeed();
    let hash = state.accounts.hashing.hash(Turn::KNOWN, password).await?;
    let change = AccountChange::Password { name: own.name, hash, keep_session: Some(own.session) };
    state.accounts.change(&change, &author(&request)).await?;
    Ok(see_other(&format!("{ACCOUNT}?saved=password")))
}

/// Handles `POST /settings/account/sessions`: ends the session `id`, or all others for `others`.
pub async fn end_sessions(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let own = Own::of(&request)?;
    let form = form_body(&request, payload).await?;
    let (account, by) = ((own.user, own.name.as_str()), author(&request));
    match form_value(&form, "id") {
        "others" => state.accounts.end_other_sessions(account, own.session, &by).await?,
        id => {
            let id = id.parse().map_err(|_| Error::NotFound)?;
            if !state.accounts.end_session(account, id, &by).await? {
                return Err(Error::NotFound);
            }
        }
    }
    Ok(see_other(&format!("{ACCOUNT}?saved=sessions")))
}

/// Returns browser and operating system in a user agent string, by their common names.
fn browser(agent: &str) -> Option<String> {
    let called =
        |names: &[(&str, &'static str)]| names.iter().find(|(part, _)| agent.contains(part)).map(|(_, name)| *name);
    match (called(&BROWSERS), called(&SYSTEMS)) {
        (None, None) => Some(agent.chars().take(40).collect()).filter(|name: &String| !name.is_empty()),
        (browser, system) => Some([browser, system].into_iter().flatten().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_called_as_people_call_them() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Some("Firefox, Linux")),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
                Some("Edge, Windows"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
                Some("Safari, iPhone"),
            ),
            ("curl/8.5.0", Some("curl/8.5.0")),
            ("", None),
        ] {
            assert_eq!(browser(agent).as_deref(), name, "{agent}");
        }
    }
}
