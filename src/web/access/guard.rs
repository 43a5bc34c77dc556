use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Version;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};

use super::permissions;
use super::permissions::Access;
use super::principal::Principal;
use crate::service::state::AppState;
use crate::web::endpoint::Endpoints;
use crate::web::error::{Challenge, Error};
use crate::web::extract::client;
use crate::web::redirect::see_other;

/// Headers that give away a request forwarded by a reverse proxy.
const PROXY_HEADERS: [&str; 3] = ["forwarded", "x-real-ip", "via"];
const PROXY_PREFIX: &str = "x-forwarded-";

/// Middleware that authenticates and authorises requests. Where a login is needed, pages redirect to it and everything
/// else gets 401; a request without permission gets 403 with the reason.
///
/// # Errors
/// Those of the wrapped service.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    match admit(request.request()).await {
        Ok(Entry::Enter) => {
            let response = next.call(request).await?;
            Ok(response.map_into_left_body())
        }
        Ok(Entry::GoTo(path)) => Ok(request.into_response(see_other(&path)).map_into_right_body()),
        // A response, not an error: middleware around this must still add its headers.
        Err(refusal) => Ok(request.error_response(refusal).map_into_right_body()),
    }
}

enum Entry {
    Enter,
    GoTo(String),
}

async fn admit(request: &HttpRequest) -> Result<Entry, Error> {
    let missing = || Error::Internal("the state is missing".into());
    let state = request.app_data::<Data<AppState>>().ok_or_else(missing)?;
    let endpoint = request.app_data::<Data<Endpoints>>().ok_or_else(missing)?.find(request);
    // A command may just have added or removed an account or a token.
    let is_told = state.accounts.look().await;
    let known = state.accounts.known();
    // As long as the accounts are not loaded, the stricter rule holds.
    if state.accounts.is_local_mode() || known.is_none() && state.config.is_unprotected() {
        check_local(request)?;
    }
    if !request.method().is_safe() {
        check_origin(request)?;
    }
    let Some(known) = known else { return Err(outage()) };
    let path = request.match_info().as_str();
    let place = endpoint.map_or_else(|| Access::of_unlisted(path), |endpoint| endpoint.access);
    if state.accounts.is_local_mode() {
        return Ok(if place == Access::OwnAccount || place == Access::Accounts {
            Entry::GoTo("/setup".into())
        } else {
            Entry::Enter
        });
    }
    let principal = match Principal::of(request, state).await {
        Err(_) if place == Access::Open => None,
        // While the database does not answer, cached sessions stay valid; unknown ones cannot be judged, so 503, not
        // 401.
        Err(Error::Unauthorized { .. }) if !is_told => return Err(outage()),
        principal => principal?,
    };
    let Some(principal) = principal else {
        return match place {
            Access::Open => Ok(Entry::Enter),
            place => log_in_first(request, place, known.users().is_empty()),
        };
    };
    let is_of_lines = endpoint.is_some_and(|endpoint| endpoint.is_of_lines);
    let may = permissions::may(&principal, request.method(), place, is_of_lines);
    request.extensions_mut().insert(Arc::new(principal));
    may.map(|()| Entry::Enter)
}

fn outage() -> Error {
    Error::Unavailable("the database does not answer")
}

/// Redirects people to the login or setup page; answers programs with 401 and what they lack.
fn log_in_first(request: &HttpRequest, place: Access, is_nobody_there: bool) -> Result<Entry, Error> {
    let is_of_api = request.match_info().as_str().starts_with("/api/");
    if (place == Access::Machine || is_of_api) && !wants_page(request) {
        let reason = if is_nobody_there {
            "there is no account yet: open /setup in a browser, or make one with `fernamt user add`"
        } else {
            "log in, or send an API token: Authorization: Bearer TOKEN"
        };
        return Err(Error::Unauthorized { reason, challenge: Challenge::Bearer });
    }
    if is_nobody_there {
        return Ok(Entry::GoTo("/setup".into()));
    }
    let here = request.uri().path_and_query().map_or("/", |here| here.as_str());
    if !request.method().is_safe() || here == "/" {
        return Ok(Entry::GoTo("/login".into()));
    }
    let next = form_urlencoded::Serializer::new(String::new()).append_pair("next", here).finish();
    Ok(Entry::GoTo(format!("/login?{next}")))
}

/// Returns whether the client accepts HTML and the url is not one of the API.
pub fn wants_page(request: &HttpRequest) -> bool {
    let accepted = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html")) && !request.path().starts_with("/api/")
}

/// Returns the answer with a cookie set.
///
/// # Errors
/// When the cookie cannot be written.
pub fn with_cookie(mut response: HttpResponse, cookie: &actix_web::cookie::Cookie<'_>) -> Result<HttpResponse, Error> {
    response.add_cookie(cookie).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(response)
}

/// Refuses requests that come through a proxy or for another host, so that no proxy publishes an unprotected dashboard.
///
/// # Errors
/// 403 for a request that was not made on this machine for this machine.
pub fn check_local(request: &HttpRequest) -> Result<(), Error> {
    let forbidden = |what: &str| {
        Err(Error::Forbidden(format!(
            "nothing protects this fernamt yet, so it answers only to this machine, and {what}. To make it public, set \
             --placetel-secret or --placetel-basic, make an account, and set an address with --listen"
        )))
    };
    if request.version() != Version::HTTP_11 {
        return forbidden("only by HTTP/1.1");
    }
    let headers = request.headers();
    let proxied = |name: &str| PROXY_HEADERS.contains(&name) || name.starts_with(PROXY_PREFIX);
    if let Some((name, _)) = headers.iter().find(|(name, _)| proxied(name.as_str())) {
        return forbidden(&format!("this request came through a proxy (header {name})"));
    }
    match host(headers) {
        Some(host) if is_loopback_name(host) => Ok(()),
        _ => forbidden("this request is for another host than localhost, 127.0.0.1 or [::1]"),
    }
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST).and_then(|host| host.to_str().ok())
}

fn is_loopback_name(host: &str) -> bool {
    let is_port = |port: &str| port.parse::<u16>().is_ok();
    ["localhost", "127.0.0.1", "[::1]"].iter().any(|name| {
        host.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && match host[name.len()..].strip_prefix(':') {
                Some(port) => is_port(port),
                None => host.len() == name.len(),
            }
    })
}

/// Refuses cross-site requests (CSRF protection), so that pages of other sites cannot act in a user's name.
///
/// # Errors
/// 403 for a foreign `Origin` or `Sec-Fetch-Site: cross-site`.
pub fn check_origin(request: &HttpRequest) -> Result<(), Error> {
    let headers = request.headers();
    let foreign = || Err(Error::Forbidden("this request comes from a page of another site".into()));
    if headers.get("sec-fetch-site").is_some_and(|site| site.as_bytes() == b"cross-site") {
        return foreign();
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let origin_host = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    match (origin_host, client::host(request)) {
        (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host) => Ok(()),
        _ => foreign(),
    }
}

/// Returns whether a request's media type, without its parameters, is this one.
pub fn has_content_type(request: &HttpRequest, expected: &str) -> bool {
    let given = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    given.and_then(|value| value.split(';').next()).is_some_and(|media| media.trim().eq_ignore_ascii_case(expected))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn with(headers: &[(&'static str, &'static str)]) -> HttpRequest {
        headers.iter().fold(TestRequest::default(), |request, header| request.insert_header(*header)).to_http_request()
    }

    #[test]
    fn only_this_machine_by_its_own_names_is_local() {
        for host in ["localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1", "127.0.0.1:65535", "[::1]", "[::1]:80"]
        {
            assert!(check_local(&with(&[("host", host)])).is_ok(), "{host}");
        }
        for host in [
            "",
            "example.org",
            "localhost.example.org",
            "127.0.0.1.nip.io",
            "localhost:",
            "localhost:x",
            "127.0.0.2",
            "::1",
        ] {
            assert!(check_local(&with(&[("host", host)])).is_err(), "{host}");
        }
        assert!(check_local(&with(&[])).is_err());
    }

    #[test]
    fn whatever_a_proxy_adds_gives_it_away() {
        for name in ["forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-anything", "x-real-ip", "via"] {
            assert!(check_local(&with(&[("host", "localhost"), (name, "x")])).is_err(), "{name}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_foreign() {
        let host = ("host", "localhost:8080");
        assert!(check_origin(&with(&[host])).is_ok());
        assert!(check_origin(&with(&[host, ("origin", "http://localhost:8080")])).is_ok());
        assert!(check_origin(&with(&[host, ("sec-fetch-site", "same-origin")])).is_ok());
        for origin in ["http://evil.example", "http://localhost:9090", "null", "http://localhost"] {
            assert!(check_origin(&with(&[host, ("origin", origin)])).is_err(), "{origin}");
        }
        assert!(check_origin(&with(&[host, ("sec-fetch-site", "cross-site")])).is_err());
    }
}
