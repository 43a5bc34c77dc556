use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};

use super::context::LANG_COOKIE;
use crate::i18n::{parse_lang, texts};
use crate::web::access::guard::with_cookie;
use crate::web::error::Error;
use crate::web::pages::{form_body, form_value, see_other};

/// Handles `POST /language`: stores the language in a cookie and redirects back.
pub async fn choose(request: HttpRequest, payload: Payload) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    let lang = parse_lang(form_value(&form, "lang")).ok_or(Error::BadRequest("lang: expected de or en".into()))?;
    let cookie = Cookie::build(LANG_COOKIE, texts(lang).code)
        .path("/")
        .max_age(Duration::days(365))
        .same_site(SameSite::Lax)
        .http_only(true)
        .finish();
    with_cookie(see_other(own_path(form_value(&form, "back"))), &cookie)
}

/// Returns a path of this site, or `/` for what a browser could read as another site's URL (open redirect).
pub(in crate::web::pages) fn own_path(path: &str) -> &str {
    let is_ours =
        path.starts_with('/') && !path.starts_with("//") && path.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    if is_ours { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        assert_eq!(own_path("/calls?q=1"), "/calls?q=1");
        for path in ["", "//evil.example", "/\\evil.example", "https://evil.example", "/a\r\nb", "evil", "/\t/evil"] {
            assert_eq!(own_path(path), "/", "{path}");
        }
    }
}
