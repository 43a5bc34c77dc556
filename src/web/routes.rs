//! The table of urls: method, path, who may ask, and what answers. What is not listed here is closed.
//!
//! Outside it are the urls that know neither accounts nor questions: `/placetel`, the probes and the assets.

use actix_web::guard::{Any, Get, Head};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data, ServiceConfig, to};
use actix_web::{HttpRequest, HttpResponse, Route, Scope};

use super::access::guard::guard;
use super::access::permissions::Access::{Accounts, Audit, Machine, Open, OwnAccount, Page, Trial};
use super::endpoint::{Endpoint, Endpoints, delete, get, post, put};
use super::error::Error;
use super::extract::budget::Bound;
use super::pages::routes::named_shared;
use super::{api, astray, contact_files, csv, health, live, metrics, openapi, pages, placetel, questions};
use crate::routing::named::{NumberList, Schedule};

/// Urls for programs: the JSON API, files and streams.
#[rustfmt::skip]
pub static FOR_PROGRAMS: [Endpoint; 48] = [
    get("/api/v1/openapi.json", Machine, || to(openapi::show)).of_lines(),
    get("/api/v1/stats", Machine, || to(api::stats::stats)).of_lines(),
    get("/api/v1/calls", Machine, || to(api::calls::list)).of_lines(),
    get("/api/v1/calls/{call_id}", Machine, || to(api::calls::show)).of_lines(),
    get("/api/v1/callbacks", Machine, || to(api::callbacks::list)).of_lines(),
    get("/api/v1/callbacks/report", Machine, || to(api::callbacks::report)).of_lines(),
    post("/api/v1/callbacks/{party}/done", Machine, || to(api::callbacks::done)),
    delete("/api/v1/callbacks/{party}/done", Machine, || to(api::callbacks::undo)),
    get("/api/v1/quality", Machine, || to(api::quality::show)),
    get("/api/v1/routes", Machine, || to(api::routes::list)),
    post("/api/v1/routes", Machine, || to(api::routes::create)).takes(Bound::ROUTE),
    put("/api/v1/routes", Machine, || to(api::routes::replace_all)).takes(Bound::ROUTES),
    get("/api/v1/routes/revisions", Machine, || to(api::revisions::list)),
    get("/api/v1/routes/revisions/{id}", Machine, || to(api::revisions::show)),
    post("/api/v1/routes/revisions/{id}/restore", Machine, || to(api::revisions::restore)),
    post("/api/v1/routes/test", Trial, || to(api::route_trials::test)).takes(Bound::ROUTES),
    post("/api/v1/routes/replay", Trial, || to(api::route_trials::replay_calls)).takes(Bound::ROUTES),
    get("/api/v1/routes/warnings", Machine, || to(api::route_warnings::show)),
    get("/api/v1/routes/{id}", Machine, || to(api::routes::show)),
    put("/api/v1/routes/{id}", Machine, || to(api::routes::replace)).takes(Bound::ROUTE),
    delete("/api/v1/routes/{id}", Machine, || to(api::routes::remove)),
    get("/api/v1/lists", Machine, || to(api::shared::lists)),
    get("/api/v1/lists/{name}", Machine, || to(api::shared::list)),
    put("/api/v1/lists/{name}", Machine, || to(api::shared::put_list)),
    delete("/api/v1/lists/{name}", Machine, || to(api::shared::delete_list)),
    get("/api/v1/schedules", Machine, || to(api::shared::schedules)),
    get("/api/v1/schedules/{name}", Machine, || to(api::shared::schedule)),
    put("/api/v1/schedules/{name}", Machine, || to(api::shared::put_schedule)),
    delete("/api/v1/schedules/{name}", Machine, || to(api::shared::delete_schedule)),
    get("/api/v1/closed", Machine, || to(api::shared::closed)),
    put("/api/v1/closed", Machine, || to(api::shared::close)),
    delete("/api/v1/closed", Machine, || to(api::shared::open)),
    get("/api/v1/contacts", Machine, || to(api::contacts::list)),
    post("/api/v1/contacts", Machine, || to(api::contacts::merge)).takes(Bound::CONTACTS),
    put("/api/v1/contacts", Machine, || to(api::contacts::replace_all)).takes(Bound::CONTACTS),
    post("/api/v1/contacts/import", Machine, || to(api::contacts_import::import)).takes(Bound::FILE),
    get("/api/v1/contacts/{number}", Machine, || to(api::contacts::show)),
    put("/api/v1/contacts/{number}", Machine, || to(api::contacts::replace)),
    delete("/api/v1/contacts/{number}", Machine, || to(api::contacts::remove)),
    get("/api/v1/names", Machine, || to(api::names::show)),
    put("/api/v1/names", Machine, || to(api::names::replace)).takes(Bound::NAMES),
    get("/calls.csv", Machine, || to(csv::calls::calls)).of_lines(),
    get("/stats.csv", Machine, || to(csv::stats::stats)).of_lines(),
    get("/callbacks.csv", Machine, || to(csv::callbacks::callbacks)).of_lines(),
    get("/contacts.csv", Machine, || to(contact_files::csv)),
    get("/contacts.vcf", Machine, || to(contact_files::vcards)),
    get("/events", Machine, || to(live::events)).free(),
    get("/metrics", Machine, || to(metrics::show)).free(),
];

/// Urls for people: the pages, and what their forms send.
#[rustfmt::skip]
pub static FOR_PEOPLE: [Endpoint; 68] = [
    get("/", Page, || to(pages::dashboard::show)).of_lines(),
    get("/lines/{number}", Page, || to(pages::dashboard::line)).of_lines(),
    get("/agents/{peer}", Page, || to(pages::dashboard::agent)).of_lines(),
    get("/callers/{party}", Page, || to(pages::dashboard::caller)).of_lines(),
    get("/calls", Page, || to(pages::calls::list::list)).of_lines(),
    get("/calls/{call_id}", Page, || to(pages::calls::call::show)).of_lines(),
    get("/callbacks", Page, || to(pages::callbacks::list)).of_lines(),
    post("/callbacks/done", Page, || to(pages::callbacks::done)),
    post("/callbacks/undo", Page, || to(pages::callbacks::undo)),
    get("/quality", Page, || to(pages::calls::quality::show)),
    get("/live", Page, || to(pages::calls::live::show)),
    get("/routes", Page, || to(pages::routes::list::list)),
    post("/routes", Page, || to(pages::routes::list::create)),
    get("/routes/new", Page, || to(pages::routes::list::new)),
    get("/routes/history", Page, || to(pages::routes::history::list)),
    get("/routes/history/{id}", Page, || to(pages::routes::history::show)),
    post("/routes/history/{id}/restore", Page, || to(pages::routes::history::restore)),
    get("/routes/test", Page, || to(pages::routes::test::show)),
    post("/routes/replay", Trial, || to(pages::routes::replay::new)),
    post("/routes/closed", Page, || to(pages::routes::closed::close)),
    post("/routes/open", Page, || to(pages::routes::closed::open)),
    get("/routes/lists", Page, || to(pages::routes::lists::list)),
    post("/routes/lists", Page, || to(named_shared::create::<NumberList>)),
    get("/routes/new-list", Page, || to(named_shared::new::<NumberList>)),
    get("/routes/lists/{name}", Page, || to(named_shared::edit::<NumberList>)),
    post("/routes/lists/{name}", Page, || to(named_shared::save::<NumberList>)),
    post("/routes/lists/{name}/delete", Page, || to(named_shared::remove::<NumberList>)),
    get("/routes/schedules", Page, || to(pages::routes::schedules::list)),
    post("/routes/schedules", Page, || to(named_shared::create::<Schedule>)),
    get("/routes/new-schedule", Page, || to(named_shared::new::<Schedule>)),
    get("/routes/schedules/{name}", Page, || to(named_shared::edit::<Schedule>)),
    post("/routes/schedules/{name}", Page, || to(named_shared::save::<Schedule>)),
    post("/routes/schedules/{name}/delete", Page, || to(named_shared::remove::<Schedule>)),
    get("/routes/{id}", Page, || to(pages::routes::list::edit)),
    post("/routes/{id}", Page, || to(pages::routes::list::save)),
    post("/routes/{id}/replay", Trial, || to(pages::routes::replay::edited)),
    post("/routes/{id}/move", Page, || to(pages::routes::list::shift)),
    post("/routes/{id}/enabled", Page, || to(pages::routes::list::switch)),
    post("/routes/{id}/delete", Page, || to(pages::routes::list::remove)),
    get("/contacts", Page, || to(pages::contacts::list::list)),
    post("/contacts", Page, || to(pages::contacts::list::create)),
    get("/contacts/new", Page, || to(pages::contacts::list::new)),
    get("/contacts/import", Page, || to(pages::contacts::import::form)),
    post("/contacts/import", Page, || to(pages::contacts::import::import)).takes(Bound::FILE),
    get("/contacts/{number}", Page, || to(pages::contacts::list::edit)),
    post("/contacts/{number}", Page, || to(pages::contacts::list::save)),
    post("/contacts/{number}/delete", Page, || to(pages::contacts::list::remove)),
    get("/settings", Page, || to(pages::settings::show)),
    get("/settings/names", Page, || to(pages::contacts::names::show)),
    post("/settings/names", Page, || to(pages::contacts::names::save)),
    get("/settings/account", OwnAccount, || to(pages::accounts::account::show)),
    post("/settings/account/password", OwnAccount, || to(pages::accounts::account::change_password)),
    post("/settings/account/sessions", OwnAccount, || to(pages::accounts::account::end_sessions)),
    get("/settings/audit", Audit, || to(pages::accounts::audit::show)),
    get("/settings/users", Accounts, || to(pages::accounts::users::show)),
    post("/settings/users", Accounts, || to(pages::accounts::users::add)),
    post("/settings/users/role", Accounts, || to(pages::accounts::users::change_role)),
    post("/settings/users/password", Accounts, || to(pages::accounts::users::change_password)),
    post("/settings/users/remove", Accounts, || to(pages::accounts::users::remove)),
    post("/settings/users/tokens", Accounts, || to(pages::accounts::users::add_token)),
    post("/settings/users/tokens/remove", Accounts, || to(pages::accounts::users::remove_token)),
    get("/docs", Page, || to(pages::docs::show)).of_lines(),
    get("/login", Open, || to(pages::accounts::login::show)),
    post("/login", Open, || to(pages::accounts::login::log_in)),
    post("/logout", OwnAccount, || to(pages::accounts::login::log_out)),
    get("/setup", Open, || to(pages::accounts::setup::show)),
    post("/setup", Open, || to(pages::accounts::setup::create)),
    post("/language", Open, || to(pages::layout::language::choose)),
];

/// Registers all urls with their handlers.
pub fn configure(config: &mut ServiceConfig) {
    config
        .app_data(Data::new(Endpoints::new([&FOR_PROGRAMS[..], &FOR_PEOPLE[..]])))
        // For urls that no scope knows.
        .default_service(to(unlisted))
        .route("/healthz", reading().to(health::healthz))
        .route("/readyz", reading().to(health::readyz))
        .service(placetel::resource())
        .service(
            web::scope("/assets")
                .wrap(Compress::default())
                .route("/app.css", reading().to(pages::layout::assets::style))
                .route("/live.js", reading().to(pages::layout::assets::script))
                .route("/icon.svg", reading().to(pages::layout::assets::icon)),
        )
        .service(
            scope(&FOR_PROGRAMS)
                .wrap(from_fn(questions::ask))
                .wrap(from_fn(guard))
                .wrap(from_fn(astray::refuse))
                .wrap(from_fn(pages::layout::failure::as_pages))
                .service(scope(&FOR_PEOPLE).wrap(Compress::default()).default_service(to(unlisted))),
        );
}

/// Returns a route for GET and HEAD.
fn reading() -> Route {
    web::route().guard(Any(Get()).or(Head()))
}

/// Returns a scope of endpoints, each of which serves what was found to be for it: see [`Endpoints::find`].
fn scope(endpoints: &'static [Endpoint]) -> Scope {
    let register = |scope: Scope, endpoint: &'static Endpoint| {
        scope.service(web::resource(endpoint.path).guard(endpoint).route((endpoint.handler)()))
    };
    endpoints.iter().fold(web::scope(""), register)
}

/// Handler of all that is not listed: 405 for another method of a url of programs, else 404.
async fn unlisted(request: HttpRequest, endpoints: Data<Endpoints>) -> Result<HttpResponse, Error> {
    let is_of_api = request.path().starts_with("/api/");
    Err(endpoints.methods(&request).filter(|_| is_of_api).map_or(Error::NotFound, Error::Method))
}

#[cfg(test)]
mod tests {
    use actix_web::http::Method;
    use actix_web::test::TestRequest;

    use super::*;

    fn found(method: &Method, path: &str) -> Option<&'static Endpoint> {
        let request = TestRequest::with_uri(path).method(method.clone()).to_http_request();
        Endpoints::new([&FOR_PROGRAMS[..], &FOR_PEOPLE[..]]).find(&request)
    }

    #[test]
    fn urls_are_what_they_are_and_nothing_that_begins_like_them() {
        for (method, path, access) in [
            (Method::GET, "/login", Some(Open)),
            (Method::GET, "/login/", None),
            (Method::GET, "/loginx", None),
            (Method::GET, "/settings/users", Some(Accounts)),
            (Method::GET, "/settings/users/add", None),
            (Method::POST, "/settings/users/remove", Some(Accounts)),
            (Method::GET, "/settings/usersx", None),
            (Method::GET, "/settings/audit", Some(Audit)),
            (Method::POST, "/settings/account/password", Some(OwnAccount)),
            (Method::POST, "/api/v1/routes/test", Some(Trial)),
            (Method::GET, "/api/v1/routes/test", None),
            (Method::GET, "/api/v1/routes/1", Some(Machine)),
            (Method::GET, "/apix", None),
            (Method::POST, "/routes/replay", Some(Trial)),
            (Method::POST, "/routes/7/replay", Some(Trial)),
            (Method::POST, "/contacts/1/replay", None),
            (Method::POST, "/routes/new", None),
            (Method::PATCH, "/calls", None),
        ] {
            assert_eq!(found(&method, path).map(|endpoint| endpoint.access), access, "{method} {path}");
        }
    }

    #[test]
    fn each_url_has_its_bound() {
        for (method, path, bound) in [
            (Method::POST, "/login", Bound::OPEN),
            (Method::POST, "/setup", Bound::OPEN),
            (Method::POST, "/language", Bound::OPEN),
            (Method::POST, "/settings/users", Bound::FORM),
            (Method::POST, "/settings/account/password", Bound::ACCOUNT),
            (Method::POST, "/contacts/import", Bound::FILE),
            (Method::POST, "/routes/replay", Bound::FORM),
            (Method::PUT, "/api/v1/routes", Bound::ROUTES),
            (Method::POST, "/api/v1/routes", Bound::ROUTE),
            (Method::PUT, "/api/v1/routes/7", Bound::ROUTE),
            (Method::POST, "/api/v1/routes/test", Bound::ROUTES),
            (Method::POST, "/api/v1/routes/replay", Bound::ROUTES),
            (Method::PUT, "/api/v1/lists/x", Bound::JSON),
            (Method::PUT, "/api/v1/contacts", Bound::CONTACTS),
            (Method::PUT, "/api/v1/contacts/0221", Bound::JSON),
            (Method::PUT, "/api/v1/names", Bound::NAMES),
        ] {
            assert_eq!(found(&method, path).map(|endpoint| endpoint.body), Some(bound), "{method} {path}");
        }
    }

    #[test]
    fn trials_of_the_api_are_described_as_such() {
        let trials = FOR_PROGRAMS.iter().filter(|endpoint| endpoint.access == Trial).map(|endpoint| endpoint.path);
        assert_eq!(trials.collect::<Vec<_>>(), openapi::TRIALS);
    }
}
