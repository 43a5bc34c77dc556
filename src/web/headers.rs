//! The security and caching headers of responses.

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderValue};
use actix_web::middleware::{DefaultHeaders, Next};

use super::extract::client::is_https;

/// The content security policy: nothing from other origins, nothing inline.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Middleware that adds the security headers of every response.
pub fn headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .add((header::X_FRAME_OPTIONS, "DENY"))
        // Pages override it with "same-origin" in a `meta` element: otherwise browsers would send their forms with
        // `Origin: null`, like those of another site.
        .add((header::REFERRER_POLICY, "no-referrer"))
}

/// Middleware that adds HSTS for a year to answers of requests that came over TLS.
///
/// # Errors
/// Those of the wrapped service.
pub async fn hsts(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_secure = is_https(request.request());
    let mut response = next.call(request).await?;
    if is_secure {
        let year = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    Ok(response)
}

/// Middleware that forbids caching (`no-store`), so that data on calls and people stays off disks of browsers and out
/// of proxies; only assets, which look the same for everybody, may be cached.
///
/// # Errors
/// Those of the wrapped service.
pub async fn keep_out_of_caches(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let is_public = request.path().starts_with("/assets/");
    let mut response = next.call(request).await?;
    if !is_public {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(response)
}
