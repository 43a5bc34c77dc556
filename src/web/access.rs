use actix_web::HttpRequest;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Version;
use actix_web::http::header::{self, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Data;

use super::client;
use super::clock::now_ms;
use super::error::Error;
use super::state::State;
use crate::store::revisions::By;

/// What a proxy adds to a request that it passes on.
const PROXY_HEADERS: [&str; 3] = ["forwarded", "x-real-ip", "via"];
const PROXY_PREFIX: &str = "x-forwarded-";

/// Lets in who may come in; everybody else gets 403 with the reason.
///
/// # Errors
/// Those of the guarded.
pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    match check(request.request()) {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        // A response, not an error: middleware around this must still add its headers.
        Err(refusal) => Ok(request.error_response(refusal).map_into_right_body()),
    }
}

fn check(request: &HttpRequest) -> Result<(), Error> {
    let is_local = request.app_data::<Data<State>>().is_some_and(|state| state.is_local_mode());
    if !is_local {
        return Err(Error::Forbidden(GO_PUBLIC.into()));
    }
    check_local(request)?;
    if request.method().is_safe() { Ok(()) } else { check_origin(request) }
}

const GO_PUBLIC: &str = "this fernamt takes events of the PBX, but its pages are only open in local mode: listening on \
    loopback (--listen 127.0.0.1:8080), without --placetel-secret and --placetel-basic";

/// A proxy in front must not publish an unprotected dashboard.
///
/// # Errors
/// 403 for a request that was not made on this machine for this machine.
pub fn check_local(request: &HttpRequest) -> Result<(), Error> {
    let forbidden = |what: &str| {
        Err(Error::Forbidden(format!(
            "nothing protects this fernamt yet, so it answers only to this machine, and {what}. To make it public, set \
             --placetel-secret or --placetel-basic and an address with --listen"
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

/// Pages of other sites must not act in the name of whoever looks at them.
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

/// Who changes something, and when. Nobody signs in.
pub fn author() -> By {
    By { name: None, at_ms: now_ms() }
}

/// Whether a request's media type, without its parameters, is this one.
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
