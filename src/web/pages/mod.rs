//! The HTML pages, which work without JavaScript. Each handler fetches data, decides and renders a template.

/// The pages of accounts: login, setup, accounts, and the audit log.
pub mod accounts;
/// The list of open callbacks: callers who are to be called back.
pub mod callbacks;
/// The pages of calls: the log, one call, running calls, and the quality of what arrived.
pub mod calls;
/// The pages of contacts and names.
pub mod contacts;
/// The dashboard of the company, or of one line, agent or caller.
pub mod dashboard;
/// The API reference as a page.
pub mod docs;
/// What pages share: layout, filter, forms, errors and assets.
pub mod layout;
/// The pages of routes: the list, the form, trials, history, and what routes share.
pub mod routes;
/// The settings page.
pub mod settings;

mod guide;

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};
use askama::Template;

use super::error::Error;
use super::extract::body::form as form_body;
use super::redirect::see_other;
use crate::web::extract::query::Parameters;

/// Renders a template as a 200 response. It depends on user and language; [`crate::web::headers::keep_out_of_caches`] forbids
/// caching it.
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

/// Returns the value of the form field of this name; empty if there is none.
fn form_value<'a>(form: &'a Parameters, name: &str) -> &'a str {
    form.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
}

#[cfg(test)]
mod tests;
