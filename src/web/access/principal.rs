use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpMessage, HttpRequest};

use super::cookies::presented;
use crate::accounts::Role;
use crate::accounts::action::Actor;
use crate::accounts::secret::SecretHash;
use crate::calls::call::Call;
use crate::clock::now_ms;
use crate::service::state::AppState;
use crate::stats::filter::Lines;
use crate::web::error::{Challenge, Error};

/// The authenticated principal of a request, an account or a token. In local mode there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The name, as people write it.
    pub name: String,
    /// The role: what they may do.
    pub role: Role,
    /// How they were authenticated.
    pub by: AuthMethod,
    /// The lines that they may see; `None` for all.
    pub lines: Lines,
}

/// The way of authentication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthMethod {
    /// By a session cookie, with a browser.
    Session {
        /// The session's number.
        id: i64,
        /// The account's number.
        user_id: i64,
    },
    /// By an API token, of a program.
    Token,
}

impl Principal {
    /// Authenticates a request by its token or its session cookie; `None` without either, or if the session is not
    /// valid.
    ///
    /// # Errors
    /// 401 for an unknown token, 503 while the database cannot tell.
    pub async fn of(request: &HttpRequest, state: &AppState) -> Result<Option<Self>, Error> {
        let Some(known) = state.accounts.known() else { return Ok(None) };
        if let Some(token) = bearer(request) {
            let unknown = Error::Unauthorized { reason: "there is no such token", challenge: Challenge::Bearer };
            let token = known.token(SecretHash::of(token)).ok_or(unknown)?;
            return Ok(Some(Self { name: token.name.clone(), role: token.role, by: AuthMethod::Token, lines: None }));
        }
        let session = state.accounts.sessions.of(presented(request), &state.db, &state.clock).await?;
        Ok(session.and_then(|session| {
            let user = known.user(session.user_id)?;
            let by = AuthMethod::Session { id: session.id, user_id: user.id };
            let lines = user.lines.clone().filter(|_| user.role == Role::Viewer);
            let lines =
                lines.map(|lines| lines.iter().filter(|line| state.statistics.may_count(line)).cloned().collect());
            Some(Self { name: user.name.clone(), role: user.role, by, lines })
        }))
    }

    /// Returns the principal of a request that was let in.
    pub fn let_in(request: &HttpRequest) -> Option<Arc<Self>> {
        request.extensions().get::<Arc<Self>>().cloned()
    }

    /// Returns the only lines that a request's principal may see; `None` for all.
    pub fn lines_of(request: &HttpRequest) -> Lines {
        Self::let_in(request).and_then(|principal| principal.lines.clone())
    }

    /// Returns whether a request's principal may see a call.
    pub fn may_see(request: &HttpRequest, call: &Call) -> bool {
        Self::lines_of(request).is_none_or(|lines| call.number.as_ref().is_some_and(|number| lines.contains(number)))
    }

    /// Returns whether the principal of a request that was let in would still be let in as the same; while the database
    /// cannot tell, they would.
    pub async fn still_may(request: &HttpRequest, state: &AppState) -> bool {
        match Self::let_in(request) {
            None => state.accounts.is_local_mode(),
            Some(before) => match Self::of(request, state).await {
                Ok(now) => now.is_some_and(|now| now == *before),
                Err(error) => matches!(error, Error::Unavailable(_)),
            },
        }
    }

    /// Returns the name that histories show, which tells programs from people.
    pub fn signature(&self) -> String {
        match self.by {
            AuthMethod::Session { .. } => self.name.clone(),
            AuthMethod::Token => format!("{} (API)", self.name),
        }
    }
}

fn bearer(request: &HttpRequest) -> Option<&str> {
    let given = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = given.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns who changes something by a request, and when.
pub fn author(request: &HttpRequest) -> Actor {
    Actor { name: Principal::let_in(request).map(|principal| principal.signature()), at_ms: now_ms() }
}
