use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpResponse, Responder};
use sha2::{Digest, Sha256};

const STYLE: &str = include_str!("../assets/app.css");
const ICON: &str = include_str!("../assets/icon.svg");
/// The url names the content, so it never changes.
const FOR_EVER: (header::HeaderName, &str) = (header::CACHE_CONTROL, "public, max-age=31536000, immutable");

fn versioned(path: &str, content: &str) -> String {
    let hash: String = Sha256::digest(content.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    format!("{path}?v={hash}")
}

/// The url of the style sheet, which changes with it.
pub fn style_url() -> &'static str {
    static URL: LazyLock<String> = LazyLock::new(|| versioned("/assets/app.css", STYLE));
    &URL
}

/// The url of the icon, which changes with it.
pub fn icon_url() -> &'static str {
    static URL: LazyLock<String> = LazyLock::new(|| versioned("/assets/icon.svg", ICON));
    &URL
}

/// `GET /assets/app.css`
pub async fn style() -> impl Responder {
    HttpResponse::Ok().content_type("text/css; charset=utf-8").insert_header(FOR_EVER).body(STYLE)
}

/// `GET /assets/icon.svg`
pub async fn icon() -> impl Responder {
    HttpResponse::Ok().content_type("image/svg+xml").insert_header(FOR_EVER).body(ICON)
}
