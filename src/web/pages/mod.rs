//! The HTML pages, which work without JavaScript. Each handler fetches data, decides and renders a template.

/// The page of the signed-in user's own account.
pub mod account;
/// The static assets: style sheet, script and icon.
pub mod assets;
/// The audit log: who changed what.
pub mod audit;
/// The page of one call.
pub mod call;
/// The list of open callbacks: callers who are to be called back.
pub mod callbacks;
/// The call log.
pub mod calls;
/// The switch that closes the company until a given time.
pub mod closed;
/// The contacts: names of outside numbers.
pub mod contacts;
/// The import of contacts from a file.
pub mod contacts_import;
/// The API reference as a page.
pub mod docs;
/// Middleware that renders errors as pages.
pub mod failure;
/// The revision history of the routes.
pub mod history;
/// The choice of the page language.
pub mod language;
/// Named lists of numbers.
pub mod lists;
/// The live page of running calls.
pub mod live;
/// Login and logout.
pub mod login;
/// The display of numbers and agents with their names.
pub mod named;
/// Names of lines and agents.
pub mod names;
/// The dashboard of the company, or of one line, agent or caller.
pub mod overview;
/// The data quality page: how complete the received events were.
pub mod quality;
/// The replay of past calls against an edited route.
pub mod route_replay;
/// The dry run of one call through the routes.
pub mod route_test;
/// The routes: list, form and changes.
pub mod routes;
/// Named schedules.
pub mod schedules;
/// The settings page.
pub mod settings;
/// The setup page, which creates the first account.
pub mod setup;
/// The administration of all accounts and API tokens.
pub mod users;

mod call_lane;
mod call_rows;
mod contact_form;
mod context;
mod filter;
mod filter_query;
mod form_state;
mod guide;
mod hours_words;
/// What the pages of number lists and schedules share.
pub mod named_shared;
mod new_calls;
mod no_calls;
/// How the result of a replay is shown.
mod replay_view;
mod route_difference;
mod route_figures;
mod route_form;
mod route_warnings;
mod route_words;
mod upload;

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
