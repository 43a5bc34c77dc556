//! Who may do what, by url. What is not listed here is an admin's to change and everybody's, who is logged in, to see.

use actix_web::http::Method;

use super::accounts::who::{Means, Who};
use super::error::Error;
use crate::accounts::Role;

/// What kind of url it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Needs no login.
    Open,
    /// Somebody's own account.
    OwnAccount,
    /// Everybody's accounts.
    Accounts,
    /// Who changed what.
    Audit,
    /// For programs: they are told, not led.
    Machine,
    /// Tries something out and changes nothing, though it is posted.
    Trial,
    /// Any other page.
    Page,
}

impl Place {
    /// Of a path as the table of urls reads it.
    pub fn of(path: &str) -> Self {
        let is_in =
            |folder: &str| path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let is_page_trial = || path.starts_with("/routes/") && path.ends_with("/replay");
        match path {
            "/login" | "/setup" | "/language" => Self::Open,
            "/logout" => Self::OwnAccount,
            "/api/v1/routes/test" | "/api/v1/routes/replay" => Self::Trial,
            "/settings/audit" => Self::Audit,
            "/metrics" | "/events" | "/calls.csv" => Self::Machine,
            _ if is_in("/settings/account") => Self::OwnAccount,
            _ if is_in("/settings/users") => Self::Accounts,
            _ if is_in("/api") => Self::Machine,
            _ if is_page_trial() => Self::Trial,
            _ => Self::Page,
        }
    }
}

/// What tells of the lines only that somebody is limited to; everything else is closed to them.
fn is_of_lines(path: &str) -> bool {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    matches!(
        parts.as_slice(),
        [""] | ["lines" | "agents" | "callers" | "calls", _]
            | ["calls" | "calls.csv" | "callbacks" | "docs"]
            | ["api", "v1", "openapi.json" | "stats" | "calls" | "callbacks"]
            | ["api", "v1", "calls", _]
            | ["api", "v1", "callbacks", "report"]
    )
}

/// Whether somebody may.
///
/// # Errors
/// 403 that says why not.
pub fn may(who: &Who, method: &Method, place: Place, path: &str) -> Result<(), Error> {
    if who.lines.is_some() && !matches!(place, Place::Open | Place::OwnAccount) {
        let may = method.is_safe() && is_of_lines(path);
        return may.then_some(()).ok_or(Error::NotAllowed("this account sees some lines only, and this is of all"));
    }
    match place {
        Place::Open => Ok(()),
        Place::OwnAccount if who.by == Means::Token => Err(Error::NotAllowed("a token has no account of its own")),
        Place::OwnAccount | Place::Trial => Ok(()),
        _ if who.role == Role::Admin => Ok(()),
        Place::Accounts => Err(Error::NotAllowed("only admins see and change accounts")),
        Place::Audit => Err(Error::NotAllowed("only admins see who changed what")),
        Place::Machine | Place::Page if method.is_safe() => Ok(()),
        Place::Machine | Place::Page => Err(Error::NotAllowed("viewers look at everything and change nothing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn who(role: Role, by: Means) -> Who {
        Who { name: "anna".into(), role, by, lines: None }
    }

    #[test]
    fn urls_are_what_they_are_and_nothing_that_begins_like_them() {
        for (path, place) in [
            ("/login", Place::Open),
            ("/login/", Place::Page),
            ("/loginx", Place::Page),
            ("/settings/users", Place::Accounts),
            ("/settings/users/add", Place::Accounts),
            ("/settings/usersx", Place::Page),
            ("/settings/audit", Place::Audit),
            ("/settings/account/password", Place::OwnAccount),
            ("/api/v1/routes/test", Place::Trial),
            ("/api/v1/routes/1", Place::Machine),
            ("/apix", Place::Page),
            ("/routes/replay", Place::Trial),
            ("/routes/7/replay", Place::Trial),
            ("/contacts/1/replay", Place::Page),
        ] {
            assert_eq!(Place::of(path), place, "{path}");
        }
    }

    #[test]
    fn viewers_change_nothing_but_their_own() {
        let session = Means::Session { id: 1, user_id: 1 };
        let allowed = |role, by, method, place| may(&who(role, by), &method, place, "/x").is_ok();
        for place in [Place::Page, Place::Machine] {
            assert!(allowed(Role::Viewer, session, Method::GET, place));
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                assert!(!allowed(Role::Viewer, session, method.clone(), place));
                assert!(allowed(Role::Admin, session, method, place));
            }
        }
        assert!(allowed(Role::Viewer, session, Method::POST, Place::OwnAccount));
        assert!(!allowed(Role::Viewer, session, Method::GET, Place::Accounts));
        assert!(!allowed(Role::Viewer, session, Method::GET, Place::Audit));
        assert!(!allowed(Role::Admin, Means::Token, Method::POST, Place::OwnAccount));
    }
}
