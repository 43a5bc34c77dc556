//! Permissions by role and access class; the class of each url is in the table of urls, [`crate::web::routes`].

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
    /// Returns who may ask a url that is not listed, to learn that there is none.
    pub fn of_unlisted(path: &str) -> Self {
        if path.starts_with("/api/") { Self::Machine } else { Self::Page }
    }
}

/// Checks whether a principal may send a request to a url. `is_of_lines`: it shows only the lines that an account is
/// limited to.
///
/// # Errors
/// 403 that says why not.
pub fn may(principal: &Principal, method: &Method, place: Access, is_of_lines: bool) -> Result<(), Error> {
    if principal.lines.is_some() && !matches!(place, Access::Open | Access::OwnAccount) {
        let may = method.is_safe() && is_of_lines;
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
    fn viewers_change_nothing_but_their_own() {
        let session = AuthMethod::Session { id: 1, user_id: 1 };
        let allowed = |role, by, method, place| may(&principal(role, by), &method, place, false).is_ok();
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
