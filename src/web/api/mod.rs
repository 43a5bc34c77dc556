//! The JSON REST API under `/api/v1`.

/// Endpoints for callbacks: missed callers who are to be rung back.
pub mod callbacks;
/// Endpoints for calls: the list, and one call in detail.
pub mod calls;
/// Endpoints for contacts: names of outside numbers.
pub mod contacts;
/// Endpoints for the names of own lines and agents.
pub mod names;
/// Endpoint for data quality: how complete the received events were.
pub mod quality;
/// Endpoints for the revision history of the routes.
pub mod revisions;
/// Endpoints that try routes out: a dry run of one call, and a replay of past calls.
pub mod route_trials;
/// Endpoint for warnings about the routes: what is probably not meant.
pub mod route_warnings;
/// Endpoints for routes, one by one and as a whole table.
pub mod routes;
/// Endpoints for what routes share: named lists, named schedules and the closed switch.
pub mod shared;
/// Endpoint for call statistics.
pub mod stats;

/// Stubs that describe endpoints outside this module for OpenAPI.
pub mod others;

use actix_web::Scope;
use actix_web::web;

use super::error::{not_found, only};
use super::openapi;

/// Builds the scope `/api/v1` with all resources, their methods and handlers.
pub fn scope() -> Scope {
    let resource = |path: &str, methods| web::resource(path).default_service(only(methods));
    web::scope("/api/v1")
        .service(resource("/openapi.json", "GET").route(web::get().to(openapi::show)))
        .service(resource("/stats", "GET").route(web::get().to(stats::stats)))
        .service(resource("/calls", "GET").route(web::get().to(calls::list)))
        .service(resource("/calls/{call_id}", "GET").route(web::get().to(calls::show)))
        .service(resource("/callbacks", "GET").route(web::get().to(callbacks::list)))
        .service(resource("/callbacks/report", "GET").route(web::get().to(callbacks::report)))
        .service(
            resource("/callbacks/{party}/done", "POST, DELETE")
                .route(web::post().to(callbacks::done))
                .route(web::delete().to(callbacks::undo)),
        )
        .service(resource("/quality", "GET").route(web::get().to(quality::show)))
        .service(
            resource("/routes", "GET, POST, PUT")
                .route(web::get().to(routes::list))
                .route(web::post().to(routes::create))
                .route(web::put().to(routes::replace_all)),
        )
        .service(resource("/routes/revisions", "GET").route(web::get().to(revisions::list)))
        .service(resource("/routes/revisions/{id}", "GET").route(web::get().to(revisions::show)))
        .service(resource("/routes/revisions/{id}/restore", "POST").route(web::post().to(revisions::restore)))
        .service(resource("/routes/test", "POST").route(web::post().to(route_trials::test)))
        .service(resource("/routes/replay", "POST").route(web::post().to(route_trials::replay_calls)))
        .service(resource("/routes/warnings", "GET").route(web::get().to(route_warnings::show)))
        .service(
            resource("/routes/{id}", "GET, PUT, DELETE")
                .route(web::get().to(routes::show))
                .route(web::put().to(routes::replace))
                .route(web::delete().to(routes::remove)),
        )
        .service(resource("/lists", "GET").route(web::get().to(shared::lists)))
        .service(
            resource("/lists/{name}", "GET, PUT, DELETE")
                .route(web::get().to(shared::list))
                .route(web::put().to(shared::put_list))
                .route(web::delete().to(shared::delete_list)),
        )
        .service(resource("/schedules", "GET").route(web::get().to(shared::schedules)))
        .service(
            resource("/schedules/{name}", "GET, PUT, DELETE")
                .route(web::get().to(shared::schedule))
                .route(web::put().to(shared::put_schedule))
                .route(web::delete().to(shared::delete_schedule)),
        )
        .service(
            resource("/closed", "GET, PUT, DELETE")
                .route(web::get().to(shared::closed))
                .route(web::put().to(shared::close))
                .route(web::delete().to(shared::open)),
        )
        .service(
            resource("/contacts", "GET, POST, PUT")
                .route(web::get().to(contacts::list))
                .route(web::post().to(contacts::merge))
                .route(web::put().to(contacts::replace_all)),
        )
        .service(
            resource("/contacts/{number}", "GET, PUT, DELETE")
                .route(web::get().to(contacts::show))
                .route(web::put().to(contacts::replace))
                .route(web::delete().to(contacts::remove)),
        )
        .service(resource("/names", "GET, PUT").route(web::get().to(names::show)).route(web::put().to(names::replace)))
        .default_service(web::to(not_found))
}
