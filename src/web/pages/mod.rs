//! The pages: complete without JavaScript. Each handler fetches, decides, renders.

/// Style sheet and icon.
pub mod assets;
/// One call.
pub mod call;
/// The list of calls.
pub mod calls;
/// Errors as pages.
pub mod failure;
/// The language of pages.
pub mod language;
/// The first page.
pub mod overview;
/// Routes.
pub mod routes;
/// The settings.
pub mod settings;

mod asked;
mod call_rows;
mod columns;
mod guide;
mod route_form;
mod route_words;
mod tiles;
mod visit;
mod words;

use actix_web::http::{StatusCode, header};
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::access;
use super::api::Parameters;
use super::error::Error;

/// The largest form: a route with thousands of numbers fits.
const MAX_FORM_BYTES: usize = 2 * 1024 * 1024;
const FORM: &str = "application/x-www-form-urlencoded";

/// The table of pages.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(overview::show))
        .route("/calls", web::get().to(calls::list))
        .route("/calls/{call_id}", web::get().to(call::show))
        .route("/routes", web::get().to(routes::list))
        .route("/routes", web::post().to(routes::create))
        .route("/routes/new", web::get().to(routes::new))
        .route("/routes/{id}", web::get().to(routes::edit))
        .route("/routes/{id}", web::post().to(routes::save))
        .route("/routes/{id}/move", web::post().to(routes::shift))
        .route("/routes/{id}/enabled", web::post().to(routes::switch))
        .route("/routes/{id}/delete", web::post().to(routes::remove))
        .route("/settings", web::get().to(settings::show))
        .route("/language", web::post().to(language::choose));
}

/// A page as a response. It is somebody's own, and in their language.
fn page(template: &impl Template) -> Result<HttpResponse, Error> {
    page_with(StatusCode::OK, template)
}

fn page_with(status: StatusCode, template: &impl Template) -> Result<HttpResponse, Error> {
    let html = template.render().map_err(|error| Error::Internal(error.to_string()))?;
    Ok(HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((header::CACHE_CONTROL, "private, no-cache"))
        .insert_header((header::VARY, "Accept-Language, Cookie"))
        .body(html))
}

/// After a change: look there.
fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// The fields of a form.
async fn form_body(request: &HttpRequest, payload: Payload) -> Result<Parameters, Error> {
    if !access::has_content_type(request, FORM) {
        return Err(Error::ContentType(FORM));
    }
    let too_large = |_| Error::TooLarge("the form is larger than 2 MiB".into());
    let body = payload.to_bytes_limited(MAX_FORM_BYTES).await.map_err(too_large)?;
    let body = body.map_err(|_| Error::BadRequest("the form broke off".into()))?;
    Ok(form_urlencoded::parse(&body).into_owned().collect())
}

/// The field of this name; empty if there is none.
fn form_value<'a>(form: &'a Parameters, name: &str) -> &'a str {
    form.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests;
