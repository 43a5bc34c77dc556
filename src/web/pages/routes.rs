use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::route_form::{ACTIONS, RouteForm, row_input};
use super::route_words::{answer, some_of};
use super::visit::Visit;
use super::{form_body, form_value, page, page_with, see_other};
use crate::config::NoRoute;
use crate::placetel::reply::DEFAULT_TARGET_RINGTIME;
use crate::routing::route::{Route, RouteDraft};
use crate::store::routes::{
    Move, RouteError, delete_route, enable_route, find_route, insert_route, list_routes, move_route, update_route,
};
use crate::web::error::Error;
use crate::web::i18n::{ClosedTexts, RouteTexts, RoutesTexts};
use crate::web::state::State;

const LIST: &str = "/routes";

#[derive(Template)]
#[template(path = "pages/routes.html")]
struct RoutesPage {
    visit: Visit,
    t: &'static RoutesTexts,
    c: &'static ClosedTexts,
    routes: Vec<RouteRow>,
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
    to: String,
    from: String,
    hours: String,
    answer: String,
}

#[derive(Template)]
#[template(path = "pages/route.html")]
struct RoutePage {
    visit: Visit,
    t: &'static RouteTexts,
    title: String,
    path: String,
    form: RouteForm,
    ringtime_hint: String,
    version: Option<String>,
    is_conflict: bool,
}

/// `GET /routes`
pub async fn list(visit: Visit, state: Data<State>) -> Result<HttpResponse, Error> {
    list_with(visit, &state, StatusCode::OK, "", None).await
}

/// The list, with what was entered for closing and what is wrong with it.
pub(super) async fn list_with(
    visit: Visit,
    state: &State,
    status: StatusCode,
    until: &str,
    until_error: Option<String>,
) -> Result<HttpResponse, Error> {
    let routes = list_routes(&state.db).await?;
    let t = &visit.texts.routes;
    let table = state.table();
    let unusable = |route: &Route| {
        let of_route = table.unusable.iter().find(|unusable| unusable.route_id == route.id);
        of_route.map(|unusable| format!("{} {}", unusable.error.field, unusable.error.message(visit.lang)))
    };
    let named =
        |raw: &String| visit.names.any(raw, &state.derivation.numbering).map_or(raw.clone(), |name| name.to_string());
    let all_named = |numbers: &[String]| some_of(&numbers.iter().map(named).collect::<Vec<_>>(), ", ", t);
    let row = |(place, route): (usize, &Route)| RouteRow {
        id: route.id,
        name: route.name.clone(),
        is_enabled: route.enabled,
        is_first: place == 0,
        is_last: place + 1 == routes.len(),
        unusable: unusable(route).filter(|_| route.enabled),
        to: if route.to.is_empty() { t.any_number.to_owned() } else { all_named(&route.to) },
        from: if route.from.is_empty() { t.any_caller.to_owned() } else { all_named(&route.from) },
        hours: route.hours.clone().unwrap_or_else(|| t.always.to_owned()),
        answer: answer(&route.reply, &named, t),
    };
    let (otherwise, is_unsure) = match state.config.no_route {
        NoRoute::Empty => (t.otherwise_empty, true),
        NoRoute::Error => (t.otherwise_error, false),
    };
    let routes = routes.iter().enumerate().map(row).collect();
    let (c, until) = (&visit.texts.shared.closed, until.to_owned());
    page_with(status, &RoutesPage { t, c, routes, otherwise, is_unsure, until, until_error, visit })
}

/// `GET /routes/new`
pub async fn new(visit: Visit) -> Result<HttpResponse, Error> {
    page(&RoutePage::new(visit, None, RouteForm::new()))
}

/// `GET /routes/{id}`
pub async fn edit(path: Path<String>, visit: Visit, state: Data<State>) -> Result<HttpResponse, Error> {
    let route = found(&state, &path).await?;
    let form = RouteForm::of(&route);
    page(&RoutePage { version: Some(route.version.to_string()), ..RoutePage::new(visit, Some(&route), form) })
}

/// `POST /routes`
pub async fn create(
    request: HttpRequest,
    payload: Payload,
    visit: Visit,
    state: Data<State>,
) -> Result<HttpResponse, Error> {
    let mut form = RouteForm::read(&form_body(&request, payload).await?);
    match draft(&mut form, None, &visit, &state).await? {
        Some(draft) => {
            insert_route(&state.db, draft).await?;
            done(&state).await
        }
        None => page_with(StatusCode::BAD_REQUEST, &RoutePage::new(visit, None, form)),
    }
}

/// `POST /routes/{id}`
pub async fn save(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    visit: Visit,
    state: Data<State>,
) -> Result<HttpResponse, Error> {
    let sent = form_body(&request, payload).await?;
    let route = found(&state, &path).await?;
    let version = form_value(&sent, "version");
    let expected = Some(version.parse().unwrap_or(-1)).filter(|_| form_value(&sent, "overwrite").is_empty());
    let mut form = RouteForm::read(&sent);
    let shown = |form| RoutePage { version: Some(version.to_owned()), ..RoutePage::new(visit, Some(&route), form) };
    let lang_visit = Visit::of(&request, &state);
    let Some(draft) = draft(&mut form, Some(&route), &lang_visit, &state).await? else {
        return page_with(StatusCode::BAD_REQUEST, &shown(form));
    };
    match update_route(&state.db, route.id, draft, expected).await {
        Ok(_) => done(&state).await,
        Err(RouteError::Changed) => page_with(StatusCode::CONFLICT, &RoutePage { is_conflict: true, ..shown(form) }),
        Err(error) => Err(error.into()),
    }
}

/// `POST /routes/{id}/move`
pub async fn shift(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    let way = match form_value(&form, "way") {
        "up" => Move::Up,
        "down" => Move::Down,
        _ => return Err(Error::BadRequest("way: expected up or down".into())),
    };
    move_route(&state.db, route_id(&path)?, way).await?;
    done(&state).await
}

/// `POST /routes/{id}/enabled`
pub async fn switch(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, Error> {
    let form = form_body(&request, payload).await?;
    let enabled = form_value(&form, "enabled").parse();
    let enabled = enabled.map_err(|_| Error::BadRequest("enabled: expected true or false".into()))?;
    enable_route(&state.db, route_id(&path)?, enabled).await?;
    done(&state).await
}

/// `POST /routes/{id}/delete`
pub async fn remove(
    path: Path<String>,
    request: HttpRequest,
    payload: Payload,
    state: Data<State>,
) -> Result<HttpResponse, Error> {
    form_body(&request, payload).await?;
    delete_route(&state.db, route_id(&path)?).await?;
    done(&state).await
}

impl RoutePage {
    fn new(visit: Visit, route: Option<&Route>, form: RouteForm) -> Self {
        let t = &visit.texts.route;
        Self {
            t,
            title: route.map_or(t.new.to_owned(), |route| (t.edit)(&route.name)),
            path: route.map_or(LIST.to_owned(), |route| format!("{LIST}/{}", route.id)),
            form,
            ringtime_hint: (t.ringtime_hint)(DEFAULT_TARGET_RINGTIME),
            version: None,
            is_conflict: false,
            visit,
        }
    }

    fn actions(&self) -> impl Iterator<Item = &'static str> {
        ACTIONS.into_iter()
    }

    fn row_input(&self, forward: &str, row: &usize, name: &str) -> String {
        row_input(forward, *row, name)
    }
}

/// The route that a form means; otherwise the form says what is wrong.
async fn draft(
    form: &mut RouteForm,
    route: Option<&Route>,
    visit: &Visit,
    state: &State,
) -> Result<Option<RouteDraft>, Error> {
    let read = RouteDraft::from_json(&form.to_json(route), &state.route_context().await?);
    Ok(read.inspect_err(|errors| form.note_errors(errors, visit.lang, &visit.texts.route)).ok())
}

async fn done(state: &State) -> Result<HttpResponse, Error> {
    state.refresh_routes().await?;
    Ok(see_other(LIST))
}

async fn found(state: &State, id: &str) -> Result<Route, Error> {
    find_route(&state.db, route_id(id)?).await?.ok_or(Error::NotFound)
}

fn route_id(path: &str) -> Result<i64, Error> {
    path.parse().map_err(|_| Error::NotFound)
}
