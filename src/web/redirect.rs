//! Redirects.

use actix_web::HttpResponse;
use actix_web::http::header;

/// Redirects to `path` with 303 See Other, for use after a change (post/redirect/get).
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}
