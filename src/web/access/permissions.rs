//! Permissions by url and role. What is not listed here, everybody who is logged in may read and only admins may
//! change.

use actix_web::http::Method;

use super::principal::{AuthMethod, Principal};
use crate::accounts::Role;
use crate::web::error::Error;

/// The access class of a url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Needs no login.
    Open,
    /// The account of whoever is logged in.
    OwnAccount,
    /// The accounts of all users.
    Accounts,
    /// The audit log.
    Audit,
    /// For programs: without a login they get 401, not a redirect.
    Machine,
    /// A dry run: changes nothing, though it is posted.
    Trial,
    /// Any other page.
    Page,
}

impl Access {
    /// Returns the class of a path as the router matched it.
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

/// Returns whether a path shows only the lines that an account is limited to; all other paths are closed to it.
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

/// Checks whether a principal may send a request to a url.
///
/// # Errors
/// 403 that says why not.
pub fn may(principal: &Principal, method: &Method, place: Access, path: &str) -> Result<(), Error> {
    if principal.lines.is_some() && !matches!(place, Access::Open | Access::OwnAccount) {
        let may = method.is_safe() && is_of_lines(path);
        return may.then_some(()).ok_or(Error::NotAllowed("this account sees some lines only, and this is of all"));
    }
    match place {
        Access::Open => Ok(()),
        Access::OwnAccount if principal.by == AuthMethod::Token => {
            Err(Error::NotAllowed("a token has no account of its own"))
        }
        Access::OwnAccount | Access::Trial => Ok(()),
        _ if principal.role == Role::Admin => Ok(()),
        Access::Accounts => Err(Error::NotAllowed("only admins see and change accounts")),
        Access::Audit => Err(Error::NotAllowed("only admins see who changed what")),
        Access::Machine | Access::Page if method.is_safe() => Ok(()),
        Access::Machine | Access::Page => Err(Error::NotAllowed("viewers look at everything and change nothing")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn principal(role: Role, by: AuthMethod) -> Principal {
        Principal { name: "anna".into(), role, by, lines: None }
    }

    #[test]
    fn urls_are_what_they_are_and_nothing_that_begins_like_them() {
        for (path, place) in [
            ("/login", Access::Open),
            ("/login/", Access::Page),
            ("/loginx", Access::Page),
            ("/settings/users", Access::Accounts),
            ("/settings/users/add", Access::Accounts),
            ("/settings/usersx", Access::Page),
            ("/settings/audit", Access::Audit),
            ("/settings/account/password", Access::OwnAccount),
            ("/api/v1/routes/test", Access::Trial),
            ("/api/v1/routes/1", Access::Machine),
            ("/apix", Access::Page),
            ("/routes/replay", Access::Trial),
            ("/routes/7/replay", Access::Trial),
            ("/contacts/1/replay", Access::Page),
        ] {
            assert_eq!(Access::of(path), place, "{path}");
        }
    }

    #[test]
    fn viewers_change_nothing_but_their_own() {
        let session = AuthMethod::Session { id: 1, user_id: 1 };
        let allowed = |role, by, method, place| may(&principal(role, by), &method, place, "/x").is_ok();
        for place in [Access::Page, Access::Machine] {
            assert!(allowed(Role::Viewer, session, Method::GET, place));
            for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
                assert!(!allowed(Role::Viewer, session, method.clone(), place));
                assert!(allowed(Role::Admin, session, method, place));
            }
        }
        assert!(allowed(Role::Viewer, session, Method::POST, Access::OwnAccount));
        assert!(!allowed(Role::Viewer, session, Method::GET, Access::Accounts));
        assert!(!allowed(Role::Viewer, session, Method::GET, Access::Audit));
        assert!(!allowed(Role::Admin, AuthMethod::Token, Method::POST, Access::OwnAccount));
    }
}
