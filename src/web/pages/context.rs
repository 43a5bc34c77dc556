use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::LocalBoxFuture;

use super::assets;
use crate::accounts::Role;
use crate::clock::Doubt;
use crate::lang::Lang;
use crate::stats::filter::Lines;
use crate::web::accounts::principal::Principal;
use crate::web::clock::now_ms;
use crate::web::i18n::format::Format;
use crate::web::i18n::{Texts, negotiate, parse_lang, texts};
use crate::web::names::Names;
use crate::web::state::AppState;
use crate::web::tables::LoadedTable;

/// The cookie that remembers the language.
pub const LANG_COOKIE: &str = "lang";

/// Who looks at which page how: what every page needs.
pub struct PageContext {
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
    /// How many callbacks are owed, as number and sentence, if any; only known where a page was let through.
    pub owed: Option<(String, String)>,
    /// Until when the company is closed by the switch, as a sentence; only known where a page was let through.
    pub closed: Option<String>,
    /// What does not work behind the pages, and what becomes of events meanwhile.
    pub trouble: Option<(String, String)>,
    /// That the clock is not believed, and what to do about it; for those who may.
    pub clock: Option<(String, String)>,
    /// Whether all calls are made up.
    pub is_demo: bool,
    /// Whether everybody on this machine may come in.
    pub is_local: bool,
    /// Who was let in; `None` in local mode, too.
    pub principal: Option<Arc<Principal>>,
    /// What people call numbers and agents.
    pub names: Arc<Names>,
    /// Whether what was asked for has calls that whoever looks may see.
    pub has_found: bool,
    /// The routes that answer now.
    table: Arc<LoadedTable>,
    /// The business time zone.
    pub zone: &'static str,
    /// The url of the style sheet.
    pub style: &'static str,
    /// The url of the icon.
    pub icon: &'static str,
    /// The url of the script of pages that change by themselves.
    pub script: &'static str,
    /// When it was asked for.
    pub now_ms: i64,
    /// Up to where such a page knows what happened.
    pub since: String,
}

impl PageContext {
    /// Reads it from a request.
    pub fn of(request: &HttpRequest, state: &AppState) -> Self {
        let lang = lang(request);
        let business = state.derivation.business.clone();
        let format = Format::new(lang, business.clone());
        Self {
            texts: texts(lang),
            lang,
            here: request.uri().path_and_query().map_or("/", |uri| uri.as_str()).to_owned(),
            section: request.path().split('/').nth(1).unwrap_or_default().to_owned(),
            owed: None,
            closed: None,
            clock: None,
            is_demo: state.config.is_demo,
            is_local: state.is_local_mode(),
            principal: Principal::let_in(request),
            names: state.names(),
            has_found: false,
            table: state.table(),
            zone: business.time_zone().name(),
            trouble: trouble(texts(lang), &format, state),
            format,
            style: assets::style_url(),
            icon: assets::icon_url(),
            script: assets::script_url(),
            now_ms: now_ms(),
            since: state.live.mark(),
        }
    }
}

impl PageContext {
    /// Whether there is more for whoever looks than where to log in.
    pub fn is_in(&self) -> bool {
        self.is_local || self.principal.is_some()
    }

    /// The only lines that whoever looks may see.
    pub fn lines(&self) -> Lines {
        self.principal.as_ref().and_then(|principal| principal.lines.clone())
    }

    /// Whether whoever looks sees some lines only.
    pub fn is_limited(&self) -> bool {
        self.lines().is_some()
    }

    /// Whether the name of a line, an agent, a caller or a route that whoever looks has asked for may be told: to those who
    /// see some lines only, what they may not see must look like what there is not.
    pub fn may_be_told(&self, asked: &str) -> bool {
        self.has_found || self.lines().is_none_or(|lines| lines.iter().any(|line| line == asked))
    }

    /// Whether whoever looks may change things.
    pub fn may_change(&self) -> bool {
        self.is_local || self.principal.as_ref().is_some_and(|principal| principal.role == Role::Admin)
    }
}

impl PageContext {
    /// Says in the navigation how many callbacks are owed.
    pub fn owe(&mut self, count: Option<i64>) {
        let what = |count| {
            let number = self.format.number(count);
            ((self.texts.callbacks.owed)(count, &number), number)
        };
        self.owed = count.filter(|count| *count > 0).map(what).map(|(what, number)| (number, what));
    }
}

impl PageContext {
    /// What people call a route that takes part.
    pub fn route_name(&self, id: i64) -> Option<String> {
        self.table.table.name_of(id).map(ToOwned::to_owned)
    }

    /// Says to those who may do something about it that the clock is not believed.
    fn doubt(&mut self, doubt: Option<Doubt>) {
        let moment = |at_ms| self.format.moment(at_ms);
        let t = &self.texts.frame;
        let said =
            |doubt: Doubt| ((t.clock)(&moment(doubt.now_ms), &moment(doubt.expected_ms)), t.clock_what.to_owned());
        self.clock = doubt.filter(|_| self.may_change()).map(said);
    }

    /// Says that the company is closed until then.
    pub fn close(&mut self, until_ms: Option<i64>) {
        let said = |until_ms| (self.texts.shared.closed.is_closed)(&self.format.moment(until_ms));
        self.closed = until_ms.map(said);
    }
}

/// What everybody should know while the database is away or events wait for it.
fn trouble(texts: &Texts, format: &Format, state: &AppState) -> Option<(String, String)> {
    let (t, waiting) = (&texts.frame, state.waiting_events());
    let count = format.number(i64::try_from(waiting).unwrap_or(i64::MAX));
    match state.outage_since_ms() {
        Some(since_ms) => {
            let why = state.db.condition().trouble().map(|trouble| format!("{} ", (t.trouble)(trouble)));
            let more = format!("{}{}", why.unwrap_or_default(), (t.away_waiting)(waiting, &count));
            Some(((t.away)(&format.moment(since_ms)), more))
        }
        None if waiting > 0 => Some(((t.catching_up)(waiting, &count), t.catching_up_what.to_owned())),
        None => None,
    }
}

fn lang(request: &HttpRequest) -> Lang {
    let chosen = request.cookie(LANG_COOKIE).and_then(|cookie| parse_lang(cookie.value()));
    let accepted = request.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    chosen.unwrap_or_else(|| negotiate(accepted.unwrap_or_default()))
}

impl FromRequest for PageContext {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let state = request.app_data::<Data<AppState>>().cloned();
        let context = state.as_ref().map(|state| Self::of(request, state));
        Box::pin(async move {
            let missing = || crate::web::error::Error::Internal("the state is missing".into());
            let (mut context, state) = context.zip(state).ok_or_else(missing)?;
            if context.is_in() {
                // Whoever sees some lines only is told on the page of callbacks.
                if !context.is_limited() {
                    context.owe(state.open_callback_count().await);
                }
                context.close(state.closed_until(context.now_ms));
                context.doubt(state.clock.doubt());
            }
            Ok(context)
        })
    }
}
