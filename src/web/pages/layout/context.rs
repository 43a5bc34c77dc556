use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;

use super::assets;
use crate::accounts::Role;
use crate::clock::Doubt;
use crate::i18n::format::Format;
use crate::i18n::{Texts, negotiate, parse_lang, texts};
use crate::lang::Lang;
use crate::service::directory::names::Names;
use crate::service::routing::tables::LoadedTable;
use crate::service::state::AppState;
use crate::stats::as_of::AsOf;
use crate::stats::filter::Lines;
use crate::web::access::principal::Principal;
use crate::web::extract::calls_request::as_of;

/// The name of the cookie that stores the chosen language.
pub const LANG_COOKIE: &str = "lang";

/// The data that every page template needs: user, language, formats and the state of the service.
pub struct PageContext {
    /// The translated texts.
    pub texts: &'static Texts,
    /// The formats of numbers and times.
    pub format: Format,
    /// The language of the page.
    pub lang: Lang,
    /// The path and query of the page, as a return address for redirects.
    pub here: String,
    /// The first part of the path.
    pub section: String,
    /// The number of open callbacks, as a number and as a sentence, if there are any; only set for users with access.
    pub owed: Option<(String, String)>,
    /// Until when the switch closes the company, as a sentence; only set for users with access.
    pub closed: Option<String>,
    /// A notice that the database cannot be used or events still wait for it, and what happens to events meanwhile.
    pub trouble: Option<(String, String)>,
    /// A notice that the system clock is implausible, and what to do about it; only for users who may change things.
    pub clock: Option<(String, String)>,
    /// Whether the service runs in demo mode, in which all calls are made up.
    pub is_demo: bool,
    /// Whether the service runs in local mode, in which everybody on this machine has access.
    pub is_local: bool,
    /// The authenticated user or token; also `None` in local mode.
    pub principal: Option<Arc<Principal>>,
    /// The names of numbers and agents.
    pub names: Arc<Names>,
    /// Whether the request found calls that the user may see.
    pub has_found: bool,
    /// The snapshot of the active route table.
    table: Arc<LoadedTable>,
    /// The name of the business time zone.
    pub zone: &'static str,
    /// The URL of the style sheet.
    pub style: &'static str,
    /// The URL of the icon.
    pub icon: &'static str,
    /// The URL of the script of pages that update themselves.
    pub script: &'static str,
    /// The time of the request, in Unix milliseconds.
    pub now_ms: i64,
    /// The business day of the request.
    pub today: NaiveDate,
    /// The id of the last live event before the page was made: the stream continues from there.
    pub since: String,
}

impl PageContext {
    /// Builds the context from a request, as of now.
    pub fn of(request: &HttpRequest, state: &AppState) -> Self {
        Self::new(request, state.statistics.now(), state)
    }

    fn new(request: &HttpRequest, AsOf { now_ms, today }: AsOf, state: &AppState) -> Self {
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
            is_local: state.accounts.is_local_mode(),
            principal: Principal::let_in(request),
            names: state.directory.names(),
            has_found: false,
            table: state.routing.table(),
            zone: business.time_zone().name(),
            trouble: trouble(texts(lang), &format, state),
            format,
            style: assets::style_url(),
            icon: assets::icon_url(),
            script: assets::script_url(),
            now_ms,
            today,
            since: state.live.mark(),
        }
    }
}

impl PageContext {
    /// Returns whether the user has access to more than the login page.
    pub fn is_in(&self) -> bool {
        self.is_local || self.principal.is_some()
    }

    /// Returns the lines that the user is limited to, if any.
    pub fn lines(&self) -> Lines {
        self.principal.as_ref().and_then(|principal| principal.lines.clone())
    }

    /// Returns the moment that the page is of.
    pub fn as_of(&self) -> AsOf {
        AsOf { now_ms: self.now_ms, today: self.today }
    }

    /// Returns whether the user is limited to some lines.
    pub fn is_limited(&self) -> bool {
        self.lines().is_some()
    }

    /// Returns whether the page may show the name of the requested line, agent, caller or route: to users who are
    /// limited to some lines, a subject that they may not see must look like one that does not exist.
    pub fn may_be_told(&self, asked: &str) -> bool {
        self.has_found || self.lines().is_none_or(|lines| lines.iter().any(|line| line == asked))
    }

    /// Returns whether the user may change things.
    pub fn may_change(&self) -> bool {
        self.is_local || self.principal.as_ref().is_some_and(|principal| principal.role == Role::Admin)
    }
}

impl PageContext {
    /// Sets the number of open callbacks that the navigation shows.
    pub fn owe(&mut self, count: Option<i64>) {
        let what = |count| {
            let number = self.format.number(count);
            ((self.texts.callbacks.owed)(count, &number), number)
        };
        self.owed = count.filter(|count| *count > 0).map(what).map(|(what, number)| (number, what));
    }
}

impl PageContext {
    /// Returns the name of a route in the active table.
    pub fn route_name(&self, id: i64) -> Option<String> {
        self.table.table.name_of(id).map(ToOwned::to_owned)
    }

    /// Sets the notice of an implausible system clock for users who may change things.
    fn doubt(&mut self, doubt: Option<Doubt>) {
        let moment = |at_ms| self.format.moment(at_ms);
        let t = &self.texts.frame;
        let said =
            |doubt: Doubt| ((t.clock)(&moment(doubt.now_ms), &moment(doubt.expected_ms)), t.clock_what.to_owned());
        self.clock = doubt.filter(|_| self.may_change()).map(said);
    }

    /// Sets the notice that the company is closed until the given time.
    pub fn close(&mut self, until_ms: Option<i64>) {
        let said = |until_ms| (self.texts.shared.closed.is_closed)(&self.format.moment(until_ms));
        self.closed = until_ms.map(said);
    }
}

/// Returns the notice to show while the database cannot be used or buffered events wait for it.
fn trouble(texts: &Texts, format: &Format, state: &AppState) -> Option<(String, String)> {
    let (t, waiting) = (&texts.frame, state.health.waiting_events());
    let count = format.number(i64::try_from(waiting).unwrap_or(i64::MAX));
    match state.health.outage_since_ms() {
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
        let context = state.as_ref().map(|state| Self::new(request, as_of(request, state), state));
        Box::pin(async move {
            let missing = || crate::web::error::Error::Internal("the state is missing".into());
            let (mut context, state) = context.zip(state).ok_or_else(missing)?;
            if context.is_in() {
                // Users who are limited to some lines see their count on the callbacks page only.
                if !context.is_limited() {
                    context.owe(state.callbacks.count().await);
                }
                context.close(state.routing.closed_until(context.now_ms));
                context.doubt(state.clock.doubt());
            }
            Ok(context)
        })
    }
}
