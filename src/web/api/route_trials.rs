use std::sync::Arc;

use actix_web::web::{Data, Json, Payload};
use actix_web::{HttpRequest, Responder};
use chrono::{DateTime, NaiveDate};
use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::schema::{Array, ArrayBuilder};

use crate::clock::{now_ms, rfc3339};
use crate::fields::{Errors, FieldError, Listed, Object, Problem, read_listed, text};
use crate::i18n::reasons::why;
use crate::lang::Lang;
use crate::placetel::reply::MAX_NUMBER_CHARS;
use crate::routing::explain::{Explanation, Passed};
use crate::routing::problem::RouteProblem;
use crate::routing::replay::{Change, Example, Replay, Share};
use crate::routing::route::RouteContext;
use crate::routing::trial::{MAX_ROUTES, TrialTable, TriedRoute};
use crate::service::routing::trials::{MadeUpCall, explain_now, explain_trial, replay};
use crate::service::state::AppState;
use crate::stats::period::DayRange;
use crate::web::error::{Error, WrongField};
use crate::web::extract::body::json_list;

/// Maximum number of calls in one replay.
const MAX_CALLS: usize = 1_000_000;
/// Maximum length of a replayed period, in days: two years, one of them a leap year.
const MAX_DAYS: i64 = 731;
/// Maximum number of changes that are listed.
const MAX_CHANGES: usize = 1_000;

/// A call, and routes in place of today's.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only says what there is")]
struct RouteTestRequest {
    /// Who calls: a number in any notation, or `anonymous`.
    #[schema(min_length = 1, max_length = 128)]
    from: String,
    /// Who is called, in any notation.
    #[schema(min_length = 1, max_length = 128)]
    to: String,
    /// When; now if left out.
    #[schema(format = DateTime)]
    at: Option<String>,
    /// A whole table that is tried; today's if left out.
    #[schema(schema_with = route_drafts, required = false)]
    routes: Vec<Value>,
}

/// Days, and the routes that decide their calls.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only says what there is")]
struct RouteReplayRequest {
    /// First day, in the business time zone.
    #[schema(format = Date)]
    start: String,
    /// Last day, inclusive; at most two years later.
    #[schema(format = Date)]
    end: String,
    /// A whole table; those without `id` are new ones.
    #[schema(schema_with = route_drafts)]
    routes: Vec<Value>,
}

fn route_drafts() -> Array {
    ArrayBuilder::new().items(utoipa::openapi::Ref::from_schema_name("RouteDraft")).build()
}

/// What would be answered, and why.
#[derive(Serialize, utoipa::ToSchema)]
struct RouteTest {
    /// `null` if no route matches, or one that is not stored.
    route_id: Option<i64>,
    /// `null` if no route matches.
    route_name: Option<String>,
    /// The document for the PBX.
    xml: String,
    /// The time that was decided for.
    #[schema(format = DateTime)]
    at: String,
    /// The routes before it, or all, and why each did not match.
    why: Vec<RoutePassed>,
}

/// Why a route did not answer.
#[derive(Serialize, utoipa::ToSchema)]
struct RoutePassed {
    route_id: Option<i64>,
    route_name: String,
    /// `off`, `unusable`, `to` (other called numbers), `from` (other callers), `hours` (they do not fit then) or
    /// `closed` (by the switch).
    reason: &'static str,
    /// When its hours fit next, if only they do not and that is within two weeks.
    #[schema(format = DateTime)]
    opens_at: Option<String>,
    /// For people.
    detail: String,
}

/// Past calls, decided by other routes.
#[derive(Serialize, utoipa::ToSchema)]
struct RouteReplay {
    /// Inbound calls of these days.
    calls: u64,
    /// Those that get another answer than today's routes would give at the same time.
    changed: u64,
    /// The routes in order, and last, if there are any, the calls that none answers.
    routes: Vec<RouteShare>,
    /// From which route to which the changed calls go, the most first.
    changes: Vec<RouteChange>,
    /// Some of the changed calls.
    examples: Vec<RouteExample>,
}

#[derive(Serialize, utoipa::ToSchema)]
struct RouteShare {
    /// `null` if it is not stored.
    route_id: Option<i64>,
    /// `null` is no route.
    route_name: Option<String>,
    calls: u64,
}

#[derive(Serialize, utoipa::ToSchema)]
struct RouteChange {
    /// `null` is no route.
    from_route: Option<String>,
    /// `null` is no route.
    to_route: Option<String>,
    calls: u64,
}

#[derive(Serialize, utoipa::ToSchema)]
struct RouteExample {
    call_id: String,
    #[schema(format = DateTime)]
    at: String,
    /// Calling number as received.
    from: Option<String>,
    /// Called number as received.
    to: Option<String>,
    /// The route that would answer today.
    before: Option<String>,
    /// The route of the table that is tried.
    after: Option<String>,
}

/// What a call would be answered; stores nothing
#[utoipa::path(
    post, path = "/api/v1/routes/test", tag = "Routes",
    request_body = RouteTestRequest,
    responses((status = 200, description = "The answer, and why", body = RouteTest))
)]
pub async fn test(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<impl Responder, Error> {
    let reading = state.clone();
    let read = json_list(&request, payload, move |body: &[u8]| read_test(body, &reading)).await?.checked()?;
    let (tested, _hold) = read.into_parts();
    Ok(Json(match tested {
        Tested::Tried(answer) => answer,
        Tested::Now(call) => test_json(explain_now(&state, call).await?, Some),
    }))
}

/// The outcome of reading a test request.
enum Tested {
    /// The answer by the routes in the request. One thread compiles, asks and drops them, because what another one
    /// drops stays in memory.
    Tried(RouteTest),
    /// A call to be decided by the routes that are in force now.
    Now(MadeUpCall),
}

fn read_test(body: &[u8], state: &AppState) -> serde_json::Result<Result<Tested, Vec<FieldError>>> {
    let routes = TriedRoutes::read(body, state)?;
    Ok(tested(routes, state))
}

fn tested(routes: TriedRoutes, state: &AppState) -> Result<Tested, Vec<FieldError>> {
    let (TriedRoutes { object, routes }, mut errors) = (routes, Errors::default());
    let Some(call) = Object::read("", &object, &mut errors) else { return errors.or(None) };
    call.allow_only(&["from", "to", "at", "routes"], &[], &mut errors);
    let mut number =
        |name| call.required(name, &mut errors).and_then(|value| text(name, value, MAX_NUMBER_CHARS, &mut errors));
    let (from, to) = (number("from"), number("to"));
    let at_ms = call.optional("at").and_then(|value| {
        let at = value.as_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
        if at.is_none() {
            errors.add("at", RouteProblem::NotCallTime);
        }
        at.map(|at| at.timestamp_millis())
    });
    let trial = match call.optional("routes") {
        None => errors.or(Some(None))?,
        Some(_) => Some(routes.compile(&call, state, errors)?),
    };
    // If one is missing, there was an error, which was returned above.
    let (from, to) = (from.unwrap_or_default(), to.unwrap_or_default());
    let call = MadeUpCall { from, to, at_ms: at_ms.unwrap_or_else(now_ms) };
    Ok(match trial {
        None => Tested::Now(call),
        Some(trial) => Tested::Tried(test_json(explain_trial(state, &trial, &call), |number| trial.stored_id(number))),
    })
}

/// A parsed request body, whose routes were read one by one.
struct TriedRoutes {
    object: Value,
    routes: Routes,
}

struct Routes {
    tried: Vec<TriedRoute>,
    count: usize,
    errors: Errors,
}

impl TriedRoutes {
    fn read(body: &[u8], state: &AppState) -> serde_json::Result<Self> {
        let loaded = state.routing.table();
        let context = RouteContext::new(&state.routing.hours, &loaded.shared);
        let (mut tried, mut errors) = (Vec::new(), Errors::default());
        let Listed { object, count } = read_listed(body, "routes", MAX_ROUTES, |path, value| {
            tried.extend(TriedRoute::read(path, value, &context, &mut errors));
        })?;
        Ok(Self { object, routes: Routes { tried, count, errors } })
    }
}

impl Routes {
    fn compile(self, object: &Object<'_>, state: &AppState, mut errors: Errors) -> Result<TrialTable, Vec<FieldError>> {
        object.items("routes", 0..=0, &mut errors);
        if self.count > MAX_ROUTES {
            errors.add("routes", Problem::Items(0, MAX_ROUTES));
        } else {
            errors.append(self.errors);
        }
        let tried = errors.or(Some(self.tried))?;
        TrialTable::of(tried, "routes", state.routing.compile_context(&state.routing.table()))
    }
}

fn test_json(explanation: Explanation, id: impl Fn(i64) -> Option<i64>) -> RouteTest {
    let Explanation { decision, passed } = explanation;
    RouteTest {
        route_id: decision.route_id.and_then(&id),
        route_name: name(decision.route_name.as_ref()),
        xml: decision.xml.to_string(),
        at: rfc3339(decision.decided_ms),
        why: passed.into_iter().map(|passed| passed_json(passed, &id)).collect(),
    }
}

fn passed_json(passed: Passed, id: impl Fn(i64) -> Option<i64>) -> RoutePassed {
    let Passed { route_id, route_name, reason } = passed;
    let detail = why(&reason, Lang::En, &rfc3339);
    let opens_at = reason.opens_ms().map(rfc3339);
    RoutePassed { route_id: id(route_id), route_name, reason: reason.as_str(), opens_at, detail }
}

fn name(name: Option<&Arc<str>>) -> Option<String> {
    name.map(ToString::to_string)
}

/// Past calls, decided by other routes; stores nothing
#[utoipa::path(
    post, path = "/api/v1/routes/replay", tag = "Routes",
    request_body = RouteReplayRequest,
    responses((status = 200, description = "How many calls get another answer, and which", body = RouteReplay))
)]
pub async fn replay_calls(
    request: HttpRequest,
    payload: Payload,
    state: Data<AppState>,
) -> Result<impl Responder, Error> {
    let reading = state.clone();
    let read = json_list(&request, payload, move |body: &[u8]| read_replay(body, &reading)).await?.checked()?;
    let ((days, trial), mut hold) = read.into_parts();
    hold.end_turn();
    let replayed = replay(&state, trial, days, MAX_CALLS).await?;
    if replayed.has_more {
        let detail = "end: more than 1,000,000 calls came in these days: choose fewer days".to_owned();
        return Err(Error::Fields(vec![WrongField { field: "end".into(), detail }]));
    }
    Ok(Json(RouteReplay::from(replayed.replay)))
}

type ReplayOf = (DayRange, TrialTable);

fn read_replay(body: &[u8], state: &AppState) -> serde_json::Result<Result<ReplayOf, Vec<FieldError>>> {
    let routes = TriedRoutes::read(body, state)?;
    Ok(replay_of(routes, state))
}

fn replay_of(routes: TriedRoutes, state: &AppState) -> Result<ReplayOf, Vec<FieldError>> {
    let (TriedRoutes { object, routes }, mut errors) = (routes, Errors::default());
    let Some(asked) = Object::read("", &object, &mut errors) else { return errors.or(None) };
    asked.allow_only(&["start", "end", "routes"], &[], &mut errors);
    asked.required("routes", &mut errors);
    let (start, end) = (day(&asked, "start", &mut errors), day(&asked, "end", &mut errors));
    let days = start.zip(end).map(|(start, end)| DayRange { start, end });
    if let Some(problem) = days.and_then(unusable_days) {
        errors.add("end", problem);
    }
    let trial = routes.compile(&asked, state, errors)?;
    // If the days are missing, there was an error, which `compile` returned.
    days.map(|days| (days, trial)).ok_or_else(Vec::new)
}

fn unusable_days(days: DayRange) -> Option<RouteProblem> {
    match days.len() {
        ..1 => Some(RouteProblem::ReplayEndsBeforeStart),
        1..=MAX_DAYS => None,
        _ => Some(RouteProblem::ReplayTooLong),
    }
}

fn day(object: &Object<'_>, name: &str, errors: &mut Errors) -> Option<NaiveDate> {
    let text = object.required(name, errors)?.as_str().unwrap_or_default();
    let is_shaped = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = text.parse().ok().filter(|day: &NaiveDate| is_shaped && *day >= NaiveDate::default());
    if day.is_none() {
        errors.add(name, RouteProblem::NotReplayDay);
    }
    day
}

impl From<Replay> for RouteReplay {
    fn from(Replay { calls, changed, routes, changes, examples }: Replay) -> Self {
        let share = |Share { route_id, route_name, calls }: Share| RouteShare {
            route_id,
            route_name: name(route_name.as_ref()),
            calls,
        };
        let change = |Change { from_route, to_route, calls, .. }: Change| RouteChange {
            from_route: name(from_route.as_ref()),
            to_route: name(to_route.as_ref()),
            calls,
        };
        let example = |Example { call, before, after, .. }: Example| RouteExample {
            call_id: call.call_id.as_str().to_owned(),
            at: rfc3339(call.at_ms),
            from: call.from,
            to: call.to,
            before: name(before.as_ref()),
            after: name(after.as_ref()),
        };
        Self {
            calls,
            changed,
            routes: routes.into_iter().map(share).collect(),
            changes: changes.into_iter().take(MAX_CHANGES).map(change).collect(),
            examples: examples.into_iter().map(example).collect(),
        }
    }
}
