use std::io::Write;
use std::sync::LazyLock;

use actix_web::http::header::{self, AcceptEncoding, Encoding, Header};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, Responder};
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

const STYLE: &str = concat!(
    include_str!("../../assets/app.css"),
    include_str!("../../assets/accounts.css"),
    include_str!("../../assets/dashboard.css"),
    include_str!("../../assets/docs.css"),
    include_str!("../../assets/history.css"),
    include_str!("../../assets/live.css"),
    include_str!("../../assets/log.css"),
    include_str!("../../assets/route.css"),
    include_str!("../../assets/route_trials.css"),
    include_str!("../../assets/routing.css")
);
const SCRIPT: &str = include_str!("../../assets/live.js");
const ICON: &str = include_str!("../../assets/icon.svg");
/// The caching header of assets: their URLs contain a hash of the content, so they never change.
const FOR_EVER: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");

fn versioned(path: &str, content: &str) -> String {
    let hash = hex::encode(&Sha256::digest(content.as_bytes())[..6]);
    format!("{path}?v={hash}")
}

/// Returns the URL of the style sheet, which changes with its content.
pub fn style_url() -> &'static str {
    static URL: LazyLock<String> = LazyLock::new(|| versioned("/assets/app.css", STYLE));
    &URL
}

/// Returns the URL of the script, which changes with its content.
pub fn script_url() -> &'static str {
    static URL: LazyLock<String> = LazyLock::new(|| versioned("/assets/live.js", SCRIPT));
    &URL
}

/// Returns the URL of the icon, which changes with its content.
pub fn icon_url() -> &'static str {
    static URL: LazyLock<String> = LazyLock::new(|| versioned("/assets/icon.svg", ICON));
    &URL
}

/// Handles `GET /assets/app.css`.
pub async fn style(request: HttpRequest) -> impl Responder {
    static PACKED: LazyLock<Option<Bytes>> = LazyLock::new(|| packed(STYLE));
    asset(&request, "text/css; charset=utf-8", STYLE, &PACKED)
}

/// Handles `GET /assets/live.js`.
pub async fn script(request: HttpRequest) -> impl Responder {
    static PACKED: LazyLock<Option<Bytes>> = LazyLock::new(|| packed(SCRIPT));
    asset(&request, "text/javascript; charset=utf-8", SCRIPT, &PACKED)
}

/// Handles `GET /assets/icon.svg`.
pub async fn icon(request: HttpRequest) -> impl Responder {
    asset(&request, "image/svg+xml", ICON, &None)
}

/// Compresses an asset with gzip at the highest level, which pays off because each is compressed only once.
fn packed(content: &str) -> Option<Bytes> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(content.as_bytes()).ok()?;
    packer.finish().ok().map(Bytes::from)
}

fn asset(request: &HttpRequest, kind: &str, content: &'static str, packed: &Option<Bytes>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.content_type(kind).insert_header(FOR_EVER).insert_header((header::VARY, "accept-encoding"));
    match packed.as_ref().filter(|_| takes_gzip(request)) {
        Some(packed) => response.insert_header((header::CONTENT_ENCODING, "gzip")).body(packed.clone()),
        None => response.body(content),
    }
}

fn takes_gzip(request: &HttpRequest) -> bool {
    let asked = AcceptEncoding::parse(request).ok().filter(|_| request.headers().contains_key(header::ACCEPT_ENCODING));
    asked.and_then(|asked| asked.negotiate([Encoding::gzip(), Encoding::identity()].iter())) == Some(Encoding::gzip())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_who_takes_it_gets_it_packed() {
        for (asked, is_packed) in [
            (Some("gzip, deflate, br"), true),
            (Some("identity"), false),
            (Some("gzip;q=0"), false),
            (Some("br"), false),
            (Some(""), false),
            (None, false),
        ] {
            let request = asked
                .into_iter()
                .fold(TestRequest::get(), |request, asked| request.insert_header((header::ACCEPT_ENCODING, asked)));
            assert_eq!(takes_gzip(&request.to_http_request()), is_packed, "{asked:?}");
        }
    }
}
