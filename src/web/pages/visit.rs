use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};

use super::assets;
use crate::lang::Lang;
use crate::web::i18n::format::Format;
use crate::web::i18n::{Texts, negotiate, parse_lang, texts};
use crate::web::state::State;

/// The cookie that remembers the language.
pub const LANG_COOKIE: &str = "lang";

/// Who looks at which page how: what every page needs.
pub struct Visit {
    /// What pages say.
    pub texts: &'static Texts,
    /// How numbers and times are written.
    pub format: Format,
    /// In which language.
    pub lang: Lang,
    /// Path and query, for coming back.
    pub here: String,
    /// The first part of the path.
    pub section: String,
    /// Whether everybody on this machine may come in.
    pub is_local: bool,
    /// The business time zone.
    pub zone: &'static str,
    /// The url of the style sheet.
    pub style: &'static str,
    /// The url of the icon.
    pub icon: &'static str,
}

impl Visit {
    /// Reads it from a request.
    pub fn of(request: &HttpRequest, state: &State) -> Self {
        let lang = lang(request);
        let business = state.derivation.business.clone();
        Self {
            texts: texts(lang),
            lang,
            here: request.uri().path_and_query().map_or("/", |uri| uri.as_str()).to_owned(),
            section: request.path().split('/').nth(1).unwrap_or_default().to_owned(),
            is_local: state.is_local_mode(),
            zone: business.time_zone().name(),
            format: Format::new(lang, business),
            style: assets::style_url(),
            icon: assets::icon_url(),
        }
    }
}

fn lang(request: &HttpRequest) -> Lang {
    let chosen = request.cookie(LANG_COOKIE).and_then(|cookie| parse_lang(cookie.value()));
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    chosen.unwrap_or_else(|| negotiate(accepted.unwrap_or_default()))
}

impl FromRequest for Visit {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<Data<State>>();
        let missing = || crate::web::error::Error::Internal("the state is missing".into()).into();
        ready(state.map(|state| Self::of(request, state)).ok_or_else(missing))
    }
}
