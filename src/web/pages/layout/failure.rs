//! Middleware that renders errors as HTML pages.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::context::PageContext;
use crate::i18n::FailureTexts;
use crate::log_throttle::throttled;
use crate::service::state::AppState;
use crate::web::access::guard;
use crate::web::access::principal::Principal;
use crate::web::error::Error;

#[derive(Template)]
#[template(path = "pages/failure.html")]
struct FailurePage<'a> {
    context: &'a PageContext,
    t: &'static FailureTexts,
    title: &'static str,
    what: &'static str,
    reason: Option<String>,
    shows_how_to_go_public: bool,
}

/// The context of the request, taken before the request was passed on.
struct Asker {
    context: PageContext,
    is_foreign: bool,
}

/// Middleware that renders errors as pages for browsers that ask for them; others keep `application/problem+json`.
///
/// # Errors
/// Passes on the error of the inner service.
pub async fn as_pages(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let mut asker = asker(request.request());
    let response = next.call(request).await?.map_into_boxed_body();
    let error = response.response().error().and_then(|error| error.as_error::<Error>());
    if let Some(asker) = &mut asker {
        asker.context.principal = Principal::let_in(response.request());
    }
    let Some(page) = asker.zip(error).and_then(|(asker, error)| page(asker, error)) else { return Ok(response) };
    let (request, response) = response.into_parts();
    Ok(ServiceResponse::new(request, as_page(response, page)))
}

fn asker(request: &HttpRequest) -> Option<Asker> {
    let state = request.app_data::<Data<AppState>>().filter(|_| guard::wants_page(request))?;
    let is_foreign = !request.method().is_safe() && guard::check_origin(request).is_err();
    let context = PageContext::of(request, state);
    Some(Asker { context, is_foreign })
}

fn page(asker: Asker, error: &Error) -> Option<String> {
    let t = &asker.context.texts.failure;
    let is_closed = matches!(error, Error::Forbidden(_)) && !asker.is_foreign;
    let (title, what) = match error {
        Error::NotFound => (t.not_found, t.not_found_what),
        Error::Forbidden(_) if asker.is_foreign => (t.foreign, t.foreign_what),
        Error::Forbidden(_) => (t.forbidden, t.forbidden_what),
        Error::SwitchedOff(_) => (t.switched_off, t.switched_off_what),
        Error::NotAllowed(_) => (t.not_allowed, t.not_allowed_what),
        Error::Unauthorized { .. } => (t.log_in, t.log_in_what),
        Error::Unavailable(_) | Error::Damaged(_) => (t.unavailable, t.unavailable_what),
        Error::TooLong => (t.too_long, t.too_long_what),
        Error::Crowded => (t.crowded, t.crowded_what),
        Error::Full => (t.full, t.full_what),
        Error::Internal(_) => (t.broken, t.broken_what),
        _ => (t.unusable, ""),
    };
    let says_more = is_closed || what.is_empty();
    let page = FailurePage {
        context: &asker.context,
        t,
        title,
        what,
        reason: says_more.then(|| error.to_string()),
        shows_how_to_go_public: is_closed,
    };
    page.render().inspect_err(|error| throttled!(error, error, "an error could not be shown as a page")).ok()
}

/// Replaces the body with the page; status and other headers stay.
fn as_page<B>(response: HttpResponse<B>, page: String) -> HttpResponse {
    let mut response = response.set_body(page).map_into_boxed_body();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html; charset=utf-8"));
    // Both headers describe the body that is replaced.
    headers.remove(header::CONTENT_LENGTH);
    headers.remove(header::CONTENT_ENCODING);
    response
}
