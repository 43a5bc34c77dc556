use actix_web::http::StatusCode;
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::accounts::secret::{SecretHash, new_token};
use crate::accounts::{self, Role, Token, User, key_of, password, read_name};
use crate::clock::now_ms;
use crate::i18n::AccountsTexts;
use crate::service::accounts::changes::AccountChange;
use crate::service::accounts::hashing::Turn;
use crate::service::state::AppState;
use crate::stats::filter::Lines;
use crate::store::accounts::{AccountError, NewToken, NewUser};
use crate::web::access::principal::{AuthMethod, Principal, author};
use crate::web::error::Error;
use crate::web::extract::query::{Parameters, parameter, parameters};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::form_state::FormState;
use crate::web::pages::{form_body, form_value, page, page_with, see_other};

const SAVED: &str = "/settings/users?saved=1";

#[derive(Template)]
#[template(path = "pages/users.html")]
struct UsersPage {
    context: PageContext,
    t: &'static AccountsTexts,
    is_saved: bool,
    users: Vec<UserRow>,
    tokens: Vec<TokenRow>,
    /// The name and description of each role, the least privileged first.
    roles: [(&'static str, &'static str); 2],
    form: FormState,
    made: Option<Made>,
}

struct UserRow {
    id: i64,
    name: String,
    role: &'static str,
    other: &'static str,
    make: &'static str,
    make_of: String,
    since: String,
    is_own: bool,
    lines: Option<String>,
}

struct TokenRow {
    name: String,
    role: &'static str,
    since: String,
}

/// A new API token, which is shown once.
struct Made {
    title: String,
    token: String,
}

impl UsersPage {
    async fn new(context: PageContext, state: &AppState, form: FormState) -> Result<Self, Error> {
        state.accounts.refresh().await?;
        let (t, known) = (&context.texts.accounts, state.accounts.known());
        let own = context.principal.as_ref().map(|principal| principal.by);
        let user_row = |user: &User| {
            let other = if user.role == Role::Admin { Role::Viewer } else { Role::Admin };
            UserRow {
                id: user.id,
                name: user.name.clone(),
                role: (t.role_of)(user.role),
                lines: user.lines.as_ref().map(|lines| (t.only_lines)(&lines.join(", "))),
                other: other.word(),
                make: (t.make)(other),
                make_of: (t.make_of)(&user.name, other),
                since: context.format.moment(user.created_ms),
                is_own: matches!(own, Some(AuthMethod::Session { user_id, .. }) if user_id == user.id),
            }
        };
        let token_row = |token: &Token| TokenRow {
            name: token.name.clone(),
            role: (t.role_of)(token.role),
            since: context.format.moment(token.created_ms),
        };
        Ok(Self {
            t,
            is_saved: false,
            users: known.iter().flat_map(|known| known.users().iter().map(user_row)).collect(),
            tokens: known.iter().flat_map(|known| known.tokens().iter().map(token_row)).collect(),
            roles: [Role::Viewer, Role::Admin].map(|role| (role.word(), (t.role_what)(role))),
            form,
            made: None,
            context,
        })
    }
}

/// Handles `GET /settings/users`: shows all accounts and tokens.
pub async fn show(request: HttpRequest, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let is_saved = parameter(&parameters(&request), "saved").is_some();
    let shown = UsersPage::new(context, &state, FormState::default()).await?;
    page(&UsersPage { is_saved, ..shown })
}

/// Handles `POST /settings/users`: creates an account.
pub async fn add(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let mut form = FormState::read(&form_body(&request, payload).await?);
    let name = read_account_name(&mut form, &context);
    let password = read_password(&mut form, "password", context.texts.login.password, &context);
    let role = read_role(&mut form, "role", &context);
    let lines = read_lines(&mut form, role, &context, &state);
    let (Some(name), Some(password), Some(role), Some(lines)) = (name, password, role, lines) else {
        return refuse(StatusCode::BAD_REQUEST, context, &state, form).await;
    };
    let password = state.accounts.hashing.hash(Turn::KNOWN, password).await?;
    let added = AccountChange::Add(NewUser { name, role, lines, password, created_ms: now_ms() });
    change(&added, &request, context, &state, form).await
}

/// Handles `POST /settings/users/role`: changes the role of an account.
pub async fn change_role(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let sent = form_body(&request, payload).await?;
    let mut form = FormState::default();
    let Some(role) = Role::parse(form_value(&sent, "role")) else {
        form.note("role", context.texts.accounts.role, Role::ALL.map(Role::word).join(", "));
        return refuse(StatusCode::BAD_REQUEST, context, &state, form).await;
    };
    let changed = AccountChange::Role { name: form_value(&sent, "name").to_owned(), role };
    change(&changed, &request, context, &state, form).await
}

/// Handles `POST /settings/users/password`: sets a new password for a user who has forgotten it.
pub async fn change_password(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let sent = form_body(&request, payload).await?;
    let (name, mut form) = (form_value(&sent, "name").to_owned(), FormState::read(&sent));
    let label = (context.texts.accounts.new_password_of)(&name);
    let Some(password) = read_password(&mut form, "password", &label, &context) else {
        return refuse(StatusCode::BAD_REQUEST, context, &state, only_errors(&form)).await;
    };
    let hash = state.accounts.hashing.hash(Turn::KNOWN, password).await?;
    let own = Principal::let_in(&request).map(|principal| (key_of(&principal.name), principal.by));
    let keep_session = match own {
        Some((key, AuthMethod::Session { id, .. })) if key == key_of(&name) => Some(id),
        _ => None,
    };
    let changed = AccountChange::Password { name, hash, keep_session };
    change(&changed, &request, context, &state, FormState::default()).await
}

/// Handles `POST /settings/users/remove`: deletes an account.
pub async fn remove(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let sent = form_body(&request, payload).await?;
    let removed = AccountChange::Remove { name: form_value(&sent, "name").to_owned() };
    change(&removed, &request, context, &state, FormState::default()).await
}

/// Handles `POST /settings/users/tokens`: creates a token, which only the page of this response shows.
pub async fn add_token(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let mut form = FormState::read(&form_body(&request, payload).await?);
    let t = &context.texts.accounts;
    let name = read_name(form.value("token_name"));
    if name.is_none() {
        form.note("token_name", t.token_name, t.name_wrong);
    }
    let role = read_role(&mut form, "token_role", &context);
    let (Some(name), Some(role)) = (name, role) else {
        return refuse(StatusCode::BAD_REQUEST, context, &state, form).await;
    };
    let token = new_token();
    let added = AccountChange::AddToken(NewToken { name, role, hash: SecretHash::of(&token), created_ms: now_ms() });
    if let Err(error) = state.accounts.change(&added, &author(&request)).await {
        return refused(error, &added, context, &state, form).await;
    }
    let shown = UsersPage::new(context, &state, FormState::default()).await?;
    let mut response = page(&UsersPage { made: Some(Made { title: (t.token_made)(added.name()), token }), ..shown })?;
    let no_store = actix_web::http::header::HeaderValue::from_static("no-store");
    response.headers_mut().insert(actix_web::http::header::CACHE_CONTROL, no_store);
    Ok(response)
}

/// Handles `POST /settings/users/tokens/remove`: deletes a token.
pub async fn remove_token(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let sent: Parameters = form_body(&request, payload).await?;
    let removed = AccountChange::RemoveToken { name: form_value(&sent, "name").to_owned() };
    change(&removed, &request, context, &state, FormState::default()).await
}

/// Makes a change and redirects to the page, or shows it with the reason why nothing was changed.
async fn change(
    change: &AccountChange,
    request: &HttpRequest,
    context: PageContext,
    state: &AppState,
    form: FormState,
) -> Result<HttpResponse, Error> {
    match state.accounts.change(change, &author(request)).await {
        Ok(()) => Ok(see_other(SAVED)),
        Err(error) => refused(error, change, context, state, form).await,
    }
}

/// Shows the page with the reason why a change was not made, at the input of the name.
async fn refused(
    error: AccountError,
    change: &AccountChange,
    context: PageContext,
    state: &AppState,
    mut form: FormState,
) -> Result<HttpResponse, Error> {
    let (t, login) = (&context.texts.accounts, &context.texts.login);
    let (status, message) = match error {
        AccountError::Taken => (StatusCode::CONFLICT, t.name_taken),
        AccountError::LastAdmin | AccountError::FirstAdmin => (StatusCode::CONFLICT, t.last_admin),
        AccountError::Unknown => (StatusCode::NOT_FOUND, t.gone),
        error => return Err(error.into()),
    };
    let (input, label) = match change {
        AccountChange::AddToken(_) | AccountChange::RemoveToken { .. } => ("token_name", t.token_name),
        _ => ("name", login.name),
    };
    form.note(input, label, message);
    refuse(status, context, state, form).await
}

async fn refuse(
    status: StatusCode,
    context: PageContext,
    state: &AppState,
    form: FormState,
) -> Result<HttpResponse, Error> {
    page_with(status, &UsersPage::new(context, state, form).await?)
}

/// Copies the errors without the values, which were entered in another form of the page.
fn only_errors(form: &FormState) -> FormState {
    let mut errors = FormState::default();
    for error in form.errors() {
        errors.note(error.input.as_str(), error.label.as_str(), error.message.as_str());
    }
    errors
}

/// Reads and validates the name of a new account.
pub fn read_account_name(form: &mut FormState, context: &PageContext) -> Option<String> {
    let name = read_name(form.value("name"));
    if name.is_none() {
        form.note("name", context.texts.login.name, context.texts.accounts.name_wrong);
    }
    name
}

/// Reads and validates a new password.
pub fn read_password(form: &mut FormState, input: &str, label: &str, context: &PageContext) -> Option<String> {
    let entered = form.value(input).to_owned();
    if password::check(&entered).is_err() {
        form.note(input, label, (context.texts.accounts.password_wrong)());
        return None;
    }
    Some(entered)
}

/// Reads the lines that a viewer is limited to; an empty input means every line.
fn read_lines(form: &mut FormState, role: Option<Role>, context: &PageContext, state: &AppState) -> Option<Lines> {
    let entered = form.value("lines").to_owned();
    let lines = entered.split([',', ';', '\n']).filter(|line| !line.trim().is_empty());
    let read = accounts::read_lines(lines, &state.derivation.numbering).unwrap_or_default();
    if read.is_empty() && entered.trim().is_empty() {
        return Some(None);
    }
    if read.is_empty() || role == Some(Role::Admin) {
        let t = &context.texts.accounts;
        form.note("lines", t.lines, if read.is_empty() { t.lines_wrong } else { t.lines_of_admin });
        return None;
    }
    Some(Some(read.into()))
}

fn read_role(form: &mut FormState, input: &str, context: &PageContext) -> Option<Role> {
    let role = Role::parse(form.value(input));
    if role.is_none() {
        form.note(input, context.texts.accounts.role, Role::ALL.map(Role::word).join(", "));
    }
    role
}
