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
mod guide;
mod hours_words;
mod inputs;
mod named_shared;
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
use actix_web::web::{self, ServiceConfig};
use askama::Template;

use super::error::Error;
use super::extract::body::form as form_body;
use super::redirect::see_other;
use crate::web::extract::query::Parameters;

/// Registers the URL paths of all pages.
pub fn configure(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(overview::show))
        .route("/lines/{number}", web::get().to(overview::line))
        .route("/agents/{peer}", web::get().to(overview::agent))
        .route("/callers/{party}", web::get().to(overview::caller))
        .route("/calls", web::get().to(calls::list))
        .route("/calls/{call_id}", web::get().to(call::show))
        .route("/callbacks", web::get().to(callbacks::list))
        .route("/callbacks/done", web::post().to(callbacks::done))
        .route("/callbacks/undo", web::post().to(callbacks::undo))
        .route("/quality", web::get().to(quality::show))
        .route("/live", web::get().to(live::show))
        .route("/routes", web::get().to(routes::list))
        .route("/routes", web::post().to(routes::create))
        .route("/routes/new", web::get().to(routes::new))
        .route("/routes/history", web::get().to(history::list))
        .route("/routes/history/{id}", web::get().to(history::show))
        .route("/routes/history/{id}/restore", web::post().to(history::restore))
        .route("/routes/test", web::get().to(route_test::show))
        .route("/routes/replay", web::post().to(route_replay::new))
        .route("/routes/closed", web::post().to(closed::close))
        .route("/routes/open", web::post().to(closed::open))
        .route("/routes/lists", web::get().to(lists::list))
        .route("/routes/lists", web::post().to(lists::create))
        .route("/routes/new-list", web::get().to(lists::new))
        .route("/routes/lists/{name}", web::get().to(lists::edit))
        .route("/routes/lists/{name}", web::post().to(lists::save))
        .route("/routes/lists/{name}/delete", web::post().to(lists::remove))
        .route("/routes/schedules", web::get().to(schedules::list))
        .route("/routes/schedules", web::post().to(schedules::create))
        .route("/routes/new-schedule", web::get().to(schedules::new))
        .route("/routes/schedules/{name}", web::get().to(schedules::edit))
        .route("/routes/schedules/{name}", web::post().to(schedules::save))
        .route("/routes/schedules/{name}/delete", web::post().to(schedules::remove))
        .route("/routes/{id}", web::get().to(routes::edit))
        .route("/routes/{id}", web::post().to(routes::save))
        .route("/routes/{id}/replay", web::post().to(route_replay::edited))
        .route("/routes/{id}/move", web::post().to(routes::shift))
        .route("/routes/{id}/enabled", web::post().to(routes::switch))
        .route("/routes/{id}/delete", web::post().to(routes::remove))
        .route("/contacts", web::get().to(contacts::list))
        .route("/contacts", web::post().to(contacts::create))
        .route("/contacts/new", web::get().to(contacts::new))
        .route("/contacts/import", web::get().to(contacts_import::form))
        .route("/contacts/import", web::post().to(contacts_import::import))
        .route("/contacts/{number}", web::get().to(contacts::edit))
        .route("/contacts/{number}", web::post().to(contacts::save))
        .route("/contacts/{number}/delete", web::post().to(contacts::remove))
        .route("/settings", web::get().to(settings::show))
        .route("/settings/names", web::get().to(names::show))
        .route("/settings/names", web::post().to(names::save))
        .route("/settings/account", web::get().to(account::show))
        .route("/settings/account/password", web::post().to(account::change_password))
        .route("/settings/account/sessions", web::post().to(account::end_sessions))
        .route("/settings/audit", web::get().to(audit::show))
        .route("/settings/users", web::get().to(users::show))
        .route("/settings/users", web::post().to(users::add))
        .route("/settings/users/role", web::post().to(users::change_role))
        .route("/settings/users/password", web::post().to(users::change_password))
        .route("/settings/users/remove", web::post().to(users::remove))
        .route("/settings/users/tokens", web::post().to(users::add_token))
        .route("/settings/users/tokens/remove", web::post().to(users::remove_token))
        .route("/docs", web::get().to(docs::show))
        .route("/login", web::get().to(login::show))
        .route("/login", web::post().to(login::log_in))
        .route("/logout", web::post().to(login::log_out))
        .route("/setup", web::get().to(setup::show))
        .route("/setup", web::post().to(setup::create))
        .route("/language", web::post().to(language::choose));
}

/// Renders a template as a 200 response. It depends on user and language; [`crate::web::keep_out_of_caches`] forbids
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
