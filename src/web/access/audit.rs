//! The audit log: records who changed what and when, for every request that changed something.

use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};

use super::principal::author;
use crate::accounts::action::{self, Action, Subject, Verb};
use crate::calls::phone::compact;
use crate::clock::now_ms;
use crate::log_throttle::throttled;
use crate::service::state::AppState;
use crate::store::audit::{Entry, note};

const MAX_ABOUT_CHARS: usize = 120;
/// How many characters of a telephone number are kept at the beginning and at the end; the rest is masked.
const KEPT: (usize, usize) = (6, 2);

/// Request extension that names the subject of a change, where the url does not.
struct About(String);

/// Attaches the subject of a change to its request.
pub fn about(request: &HttpRequest, what: &str) {
    request.extensions_mut().insert(About(what.to_owned()));
}

/// Returns the action of a request and the subject that its url names; `None` for requests that change nothing.
pub fn action_of<'a>(method: &Method, path: &'a str) -> Option<(Action, Option<&'a str>)> {
    use Subject::*;
    use Verb::*;
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let is = |name: &Method| method == name;
    let (post, put, delete) = (is(&Method::POST), is(&Method::PUT), is(&Method::DELETE));
    Some(match *parts.as_slice() {
        ["api", "v1", "routes"] if post => ((Route, Added), None),
        ["api", "v1", "routes"] if put => ((Routes, Replaced), None),
        ["api", "v1", "routes", "revisions", id, "restore"] if post => ((Routes, Restored), Some(id)),
        ["api", "v1", "routes", _] if post => return None,
        ["api", "v1", "routes", id] if put => ((Route, Changed), Some(id)),
        ["api", "v1", "routes", id] if delete => ((Route, Removed), Some(id)),
        ["api", "v1", "lists", name] if put => ((List, Set), Some(name)),
        ["api", "v1", "lists", name] if delete => ((List, Removed), Some(name)),
        ["api", "v1", "schedules", name] if put => ((Schedule, Set), Some(name)),
        ["api", "v1", "schedules", name] if delete => ((Schedule, Removed), Some(name)),
        ["api", "v1", "closed"] if put => ((Closed, Set), None),
        ["api", "v1", "closed"] if delete => ((Closed, TakenBack), None),
        ["api", "v1", "contacts"] if post => ((Contacts, Imported), None),
        ["api", "v1", "contacts"] if put => ((Contacts, Replaced), None),
        ["api", "v1", "contacts", number] if put => ((Contact, Set), Some(number)),
        ["api", "v1", "contacts", number] if delete => ((Contact, Removed), Some(number)),
        ["api", "v1", "names"] if put => ((Names, Replaced), None),
        ["api", "v1", "callbacks", party, "done"] if post => ((Callback, Marked), Some(party)),
        ["api", "v1", "callbacks", party, "done"] if delete => ((Callback, TakenBack), Some(party)),
        _ if !post => return None,
        ["callbacks", "done"] => ((Callback, Marked), None),
        ["callbacks", "undo"] => ((Callback, TakenBack), None),
        ["routes"] => ((Route, Added), None),
        ["routes", "closed"] => ((Closed, Set), None),
        ["routes", "open"] => ((Closed, TakenBack), None),
        ["routes", "lists"] => ((List, Added), None),
        ["routes", "lists", name] => ((List, Changed), Some(name)),
        ["routes", "lists", name, "delete"] => ((List, Removed), Some(name)),
        ["routes", "schedules"] => ((Schedule, Added), None),
        ["routes", "schedules", name] => ((Schedule, Changed), Some(name)),
        ["routes", "schedules", name, "delete"] => ((Schedule, Removed), Some(name)),
        ["routes", "history", id, "restore"] => ((Routes, Restored), Some(id)),
        ["routes", "replay"] | ["routes", _, "replay"] => return None,
        ["routes", id] | ["routes", id, "enabled"] => ((Route, Changed), Some(id)),
        ["routes", id, "move"] => ((Route, Moved), Some(id)),
        ["routes", id, "delete"] => ((Route, Removed), Some(id)),
        ["contacts"] => ((Contact, Added), None),
        ["contacts", "import"] => ((Contacts, Imported), None),
        ["contacts", number] => ((Contact, Changed), Some(number)),
        ["contacts", number, "delete"] => ((Contact, Removed), Some(number)),
        ["settings", "names"] => ((Names, Changed), None),
        ["settings", "account", "password"] => ((Password, Changed), None),
        ["settings", "account", "sessions"] | ["logout"] => ((Session, Ended), None),
        ["settings", "users"] | ["setup"] => ((Account, Added), None),
        ["settings", "users", "role"] => ((Role, Changed), None),
        ["settings", "users", "password"] => ((Password, Changed), None),
        ["settings", "users", "remove"] => ((Account, Removed), None),
        ["settings", "users", "tokens"] => ((Token, Added), None),
        ["settings", "users", "tokens", "remove"] => ((Token, Removed), None),
        _ => return None,
    })
}

/// Writes the audit entry of an answered request. Its change is done already, so a failure to write is only logged.
pub async fn note_answered<B>(response: &ServiceResponse<B>) {
    let request = response.request();
    let path = request.match_info().as_str();
    if request.method().is_safe() || !has_changed(path, response.status()) {
        return;
    }
    let Some(state) = request.app_data::<Data<AppState>>() else { return };
    let Some((action, by_url)) = action_of(request.method(), path) else { return };
    let said = request.extensions().get::<About>().map(|about| about.0.clone());
    note_of(state, author(request).name, action, said.as_deref().or(by_url)).await;
}

/// Returns whether an answer means that something changed: pages redirect after a change, and with all but two of them
/// an answer of their own is the form again.
fn has_changed(path: &str, status: StatusCode) -> bool {
    let answers_itself = path.starts_with("/api/") || ["/settings/users/tokens", "/contacts/import"].contains(&path);
    status == StatusCode::SEE_OTHER || answers_itself && status.is_success()
}

/// Writes an audit entry.
pub async fn note_of(state: &AppState, who: Option<String>, action: Action, about: Option<&str>) {
    let entry = Entry { id: 0, at_ms: now_ms(), who, action: action::word(action), about: about.map(shown) };
    if let Err(error) = note(&state.db, &entry).await {
        let Entry { who, action, about, .. } = entry;
        tracing::error!(%error, who, %action, about, "a change was not noted in the audit log");
    }
}

/// Writes the audit entry of a failed login to an existing account, in the background: the time it takes would tell the
/// client that the account exists.
pub fn note_failed_login(state: &Data<AppState>, name: String, address: std::net::IpAddr, is_locked: bool) {
    let (state, verb) = (state.clone(), if is_locked { Verb::Locked } else { Verb::Failed });
    tokio::spawn(async move {
        let about = shown(&format!("{name}, {address}"));
        let action = action::word((Subject::Login, verb));
        let entry = Entry { id: 0, at_ms: now_ms(), who: None, action, about: Some(about) };
        // Throttled: strangers can have it fail as often as they like.
        if let Err(error) = note(&state.db, &entry).await {
            throttled!(error, error, "a failed login was not noted in the audit log");
        }
    });
}

/// Returns a subject as it is kept: shortened, and with telephone numbers masked.
fn shown(about: &str) -> String {
    let about = percent_encoding::percent_decode_str(about).decode_utf8_lossy();
    if let Some(number) = compact(&about).filter(|number| number.len() > KEPT.0 + KEPT.1) {
        return format!("{}…{}", &number[..KEPT.0], &number[number.len() - KEPT.1..]);
    }
    about.chars().filter(|c| !c.is_control()).take(MAX_ABOUT_CHARS).collect()
}

/// Writes the audit entry of a successful login.
pub async fn note_login(state: &AppState, name: String, address: std::net::IpAddr) {
    note_of(state, Some(name), (Subject::Login, Verb::Succeeded), Some(&address.to_string())).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_not_kept_as_a_whole() {
        assert_eq!(shown("+493023125000"), "+49302…00");
        assert_eq!(shown("%2B493023125000"), "+49302…00");
        assert_eq!(shown("030-231%20250/00"), "030231…00");
        assert_eq!(shown("7"), "7");
        assert_eq!(shown("office\nhours"), "officehours");
        assert_eq!(shown(&"ä".repeat(200)).chars().count(), 120);
    }

    #[test]
    fn forms_that_are_shown_again_have_changed_nothing() {
        for (path, status, changed) in [
            ("/routes/1", 303, true),
            ("/routes/1", 200, false),
            ("/routes/1", 400, false),
            ("/api/v1/routes/1", 200, true),
            ("/api/v1/routes/1", 204, true),
            ("/api/v1/routes/1", 412, false),
            ("/settings/users/tokens", 200, true),
            ("/settings/users/tokens", 409, false),
        ] {
            assert_eq!(has_changed(path, StatusCode::from_u16(status).unwrap()), changed, "{path} {status}");
        }
    }

    #[test]
    fn trials_change_nothing() {
        for path in ["/api/v1/routes/test", "/api/v1/routes/replay", "/routes/replay", "/routes/7/replay", "/language"]
        {
            assert_eq!(action_of(&Method::POST, path), None, "{path}");
        }
        assert_eq!(action_of(&Method::POST, "/routes/7/move"), Some(((Subject::Route, Verb::Moved), Some("7"))));
    }
}
