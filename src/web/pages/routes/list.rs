use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::figures::{RouteFigures, latency};
use super::form::hours::{HOURS_KINDS, WeekRow};
use super::form::{ACTIONS, RouteForm, row_input};
use super::hours_words::{hours_in_words, notes_in_words};
use super::named_shared::path_of;
use super::replay_view::ReplayView;
use super::warnings::WarningsView;
use super::words::sentence;
use crate::config::NoRoute;
use crate::i18n::{ClosedTexts, HistoryTexts, HoursTexts, RouteTexts, RoutesTexts, problems};
use crate::placetel::reply::DEFAULT_TARGET_RINGTIME;
use crate::routing::named::NumberList;
use crate::routing::route::{Route, RouteDraft};
use crate::service::routing::trials::{warnings_now, warnings_of};
use crate::service::state::AppState;
use crate::store::routes::{Move, RouteError, find_route, list_routes};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::{form_body, form_value, page, page_with, see_other};

const LIST: &str = "/routes";

#[derive(Template)]
#[template(path = "pages/routes.html")]
struct RoutesPage {
    context: PageContext,
    t: &'static RoutesTexts,
    c: &'static ClosedTexts,
    warnings: Option<WarningsView>,
    routes: Vec<RouteRow>,
    history_t: &'static HistoryTexts,
    latency: String,
    otherwise: &'static str,
    is_unsure: bool,
    until: String,
    until_error: Option<String>,
}

/// A route in the list.
struct RouteRow {
    id: i64,
    name: String,
    is_enabled: bool,
    is_first: bool,
    is_last: bool,
    unusable: Option<String>,
    figures: String,
    has_calls: bool,
    sentence: String,
    notes: Vec<&'static str>,
}

#[derive(Template)]
#[template(path = "pages/route.html")]
pub(in crate::web::pages) struct RoutePage {
    pub(in crate::web::pages) context: PageContext,
    t: &'static RouteTexts,
    h: &'static HoursTexts,
    hours_notes: Vec<&'static str>,
    title: String,
    pub(in crate::web::pages) path: String,
    pub(in crate::web::pages) form: RouteForm,
    ringtime_hint: String,
    schedules: Vec<String>,
    lists: Vec<(String, String)>,
    pub(in crate::web::pages) version: Option<String>,
    is_conflict: bool,
    warnings: Option<WarningsView>,
    pub(in crate::web::pages) replay: Option<ReplayView>,
}

/// Handles `GET /routes`: shows all routes.
pub async fn list(context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    list_with(context, &state, StatusCode::OK, "", None).await
}

/// Shows the list, with the time that was entered for closing and its validation error.
pub(in crate::web::pages) async fn list_with(
    context: PageContext,
    state: &AppState,
    status: StatusCode,
    until: &str,
    until_error: Option<String>,
) -> Result<HttpResponse, Error> {
    let routes = list_routes(&state.db).await?;
    let t = &context.texts.routes;
    let table = state.routing.table();
    let unusable = |route: &Route| {
        let of_route = table.unusable.iter().find(|unusable| unusable.route_id == route.id);
        of_route.map(|unusable| {
            format!("{} {}", unusable.error.field, problems::text(&unusable.error.problem, context.lang))
        })
    };
    let named =
        |raw: &String| context.names.any(raw, &state.derivation.numbering).map_or(raw.clone(), |name| name.to_string());
    let figures = RouteFigures::count(state).await;
    let hours = &context.texts.hours;
    // Many routes have the same hours, so their descriptions are cached.
    let mut told_hours = HashMap::new();
    let mut told = |route: &Route| {
        let words = told_hours.entry(route.hours.clone());
        let (words, notes) = words.or_insert_with_key(|text| {
            let notes = notes_in_words(text.as_deref(), false, &state.routing.hours, hours);
            (hours_in_words(text.as_deref(), hours), notes)
        });
        (sentence(route, words, &named, t, hours), notes.clone())
    };
    let row = |(place, route): (usize, &Route)| {
        let (sentence, notes) = told(route);
        RouteRow {
            id: route.id,
            name: route.name.clone(),
            is_enabled: route.enabled,
            is_first: place == 0,
            is_last: place + 1 == routes.len(),
            unusable: unusable(route).filter(|_| route.enabled),
            figures: figures.of(route.id, &context),
            has_calls: figures.has(route.id),
            sentence,
            notes,
        }
    };
    let (otherwise, is_unsure) = otherwise(state, t);
    let warnings = WarningsView::new(warnings_of(state, routes.clone()).await?, &context);
    let shown = RoutesPage {
        t,
        c: &context.texts.shared.closed,
        warnings,
        routes: routes.iter().enumerate().map(row).collect(),
        history_t: &context.texts.history,
        latency: latency(state, &context),
        otherwise,
        is_unsure,
        until: until.to_owned(),
        until_error,
        context,
    };
    page_with(status, &shown)
}

/// Describes the answer that Placetel gets when no route matches, and whether Placetel's reaction to it is unknown.
pub(in crate::web::pages) fn otherwise(state: &AppState, t: &RoutesTexts) -> (&'static str, bool) {
    match state.config.no_route {
        NoRoute::Empty => (t.otherwise_empty, true),
        NoRoute::Error => (t.otherwise_error, false),
    }
}

/// Handles `GET /routes/new`: shows the empty form.
pub async fn new(context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    page(&RoutePage::new(context, None, RouteForm::new(), &state))
}

/// Handles `GET /routes/{id}`: shows the form of a stored route.
pub async fn edit(path: Path<String>, context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let route = found(&state, &path).await?;
    let form = RouteForm::of(&route);
    let warnings = WarningsView::of_route(warnings_now(&state).await?, route.id, &context);
    let version = Some(route.version.to_string());
    page(&RoutePage { version, warnings, ..RoutePage::new(context, Some(&route), form, &state) })
}

/// Handles `POST /routes`: creates a route.
pub async fn create(
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let mut form = RouteForm::read(&form_body(&request, payload).await?);
    if form.is_rearranged() {
        return page(&RoutePage::new(context, None, form, &state));
    }
    match draft(&mut form, None, &context, &state).await? {
        Some(draft) => {
            state.routing.add_route(draft, &author(&request)).await?;
            Ok(see_other(LIST))
        }
        None => page_with(StatusCode::BAD_REQUEST, &RoutePage::new(context, None, form, &state)),
    }
}

/// Handles `POST /routes/{id}`: saves a changed route.
pub async fn save(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    context: PageContext,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let sent = form_body(&request, payload).await?;
    let route = found(&state, &path).await?;
    let version = form_value(&sent, "version");
    let expected = Some(version.parse().unwrap_or(-1)).filter(|_| form_value(&sent, "overwrite").is_empty());
    let mut form = RouteForm::read(&sent);
    let shown =
        |form| RoutePage { version: Some(version.to_owned()), ..RoutePage::new(context, Some(&route), form, &state) };
    let lang_visit = PageContext::of(&request, &state);
    if form.is_rearranged() {
        return page(&shown(form));
    }
    let Some(draft) = draft(&mut form, Some(&route), &lang_visit, &state).await? else {
        return page_with(StatusCode::BAD_REQUEST, &shown(form));
    };
    match state.routing.change_route(route.id, draft, expected, &author(&request)).await {
        Ok(_) => Ok(see_other(LIST)),
        Err(RouteError::Changed) => page_with(StatusCode::CONFLICT, &RoutePage { is_conflict: true, ..shown(form) }),
        Err(error) => Err(error.into()),
    }
}

/// Handles `POST /routes/{id}/move`: moves a route up or down.
pub async fn shift(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    let way = match form_value(&form, "way") {
        "up" => Move::Up,
        "down" => Move::Down,
        _ => return Err(Error::BadRequest("way: expected up or down".into())),
    };
    state.routing.move_route(route_id(&path)?, way, &author(&request)).await?;
    Ok(see_other(LIST))
}

/// Handles `POST /routes/{id}/enabled`: switches a route on or off.
pub async fn switch(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    let enabled = form_value(&form, "enabled").parse();
    let enabled = enabled.map_err(|_| Error::BadRequest("enabled: expected true or false".into()))?;
    state.routing.enable_route(route_id(&path)?, enabled, &author(&request)).await?;
    Ok(see_other(LIST))
}

/// Handles `POST /routes/{id}/delete`: deletes a route.
pub async fn remove(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<HttpResponse, Error> {
    form_body(&request, payload).await?;
    state.routing.remove_route(route_id(&path)?, &author(&request)).await?;
    Ok(see_other(LIST))
}

impl RoutePage {
    pub(in crate::web::pages) fn new(
        context: PageContext,
        route: Option<&Route>,
        form: RouteForm,
        state: &AppState,
    ) -> Self {
        let (t, loaded) = (&context.texts.route, state.routing.table());
        let list = |list: &NumberList| (list.name.clone(), path_of(super::lists::LIST, &list.name));
        Self {
            t,
            h: &context.texts.hours,
            hours_notes: form.hours_notes(&state.routing.hours, &context.texts.hours),
            title: route.map_or(t.new.to_owned(), |route| (t.edit)(&route.name)),
            path: route.map_or(LIST.to_owned(), |route| format!("{LIST}/{}", route.id)),
            form,
            ringtime_hint: (t.ringtime_hint)(DEFAULT_TARGET_RINGTIME),
            schedules: loaded.shared.schedules.iter().map(|schedule| schedule.name.clone()).collect(),
            lists: loaded.shared.lists.iter().map(list).collect(),
            version: None,
            is_conflict: false,
            warnings: None,
            replay: None,
            context,
        }
    }

    fn actions(&self) -> impl Iterator<Item = &'static str> {
        ACTIONS.into_iter()
    }

    fn hours_kinds(&self) -> impl Iterator<Item = &'static str> {
        HOURS_KINDS.into_iter()
    }

    fn week_rows(&self) -> Vec<WeekRow> {
        self.form.week_rows(self.h)
    }

    fn row_input(&self, forward: &str, row: &usize, name: &str) -> String {
        row_input(forward, *row, name)
    }
}

/// Returns the route that a form describes; otherwise adds the validation errors to the form.
pub(in crate::web::pages) async fn draft(
    form: &mut RouteForm,
    route: Option<&Route>,
    context: &PageContext,
    state: &AppState,
) -> Result<Option<RouteDraft>, Error> {
    let read = RouteDraft::from_json(&form.to_json(route), &state.routing.route_context().await?);
    let errors = read.as_ref().err().map_or(&[] as &[_], Vec::as_slice);
    form.note_errors(errors, &state.routing.hours, context.lang, context.texts);
    Ok(read.ok().filter(|_| form.errors().is_empty()))
}

pub(in crate::web::pages) async fn found(state: &AppState, id: &str) -> Result<Route, Error> {
    find_route(&state.db, route_id(id)?).await?.ok_or(Error::NotFound)
}

fn route_id(path: &str) -> Result<i64, Error> {
    path.parse().map_err(|_| Error::NotFound)
}
