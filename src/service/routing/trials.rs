use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::clock::now_ms;
use crate::routing::explain::{Explanation, explain};
use crate::routing::incoming::Incoming;
use crate::routing::replay::{Comparison, Replay};
use crate::routing::route::Route;
use crate::routing::table::CompileContext;
use crate::routing::trial::{TrialTable, TriedRoute};
use crate::routing::warnings::{Warnings, warnings};
use crate::service::aside::aside;
use crate::service::error::ServiceError;
use crate::service::state::AppState;
use crate::stats::business::next_day;
use crate::stats::period::DayRange;
use crate::store::calls::inbound::InboundCalls;
use crate::store::db::question::Question;
use crate::store::routes::list_routes;

/// Semaphore that lets one replay run at a time: it keeps a processor busy.
static TURN: Semaphore = Semaphore::const_new(1);

/// The result of a replay: past calls, decided again.
pub struct Replayed {
    /// The answers by both tables, compared.
    pub replay: Replay,
    /// Whether there are more calls than were looked at.
    pub has_more: bool,
}

/// Decides the newest `most` inbound calls of these days by today's routes and by those on trial.
///
/// # Errors
/// When the database does not answer, or the replays of others take too long.
pub async fn replay(
    state: &AppState,
    trial: TrialTable,
    days: DayRange,
    most: usize,
) -> Result<Replayed, ServiceError> {
    let turn = timeout(state.config.limits.turn, TURN.acquire()).await;
    let mut turn = turn.ok().and_then(Result::ok).ok_or(ServiceError::Full)?;
    let (today, trial) = (state.routing.table(), Arc::new(trial));
    let business = &state.derivation.business;
    let mut calls = InboundCalls::new(business.day_start_ms(days.start), business.day_start_ms(next_day(days.end)));
    let (mut comparison, mut left) = (Comparison::default(), most);
    let has_more = loop {
        // Each page of calls has the time budget of a question: there may be a million of them.
        if let Some(question) = Question::asked() {
            question.goes_on();
        }
        let mut page = calls.next_page(&state.db).await?;
        if page.is_empty() {
            break false;
        }
        let is_too_much = page.len() > left;
        page.truncate(left);
        left -= page.len();
        let (today, trial, callers) = (today.clone(), trial.clone(), state.routing.callers().clone());
        (comparison, turn) = aside(move || {
            // Locks the history call by call, so that no call that comes now waits for this.
            page.into_iter().for_each(|call| comparison.add(call, &today.table, &trial, &callers.history()));
            (comparison, turn)
        })
        .await?;
        if is_too_much {
            break true;
        }
    };
    Ok(Replayed { replay: comparison.finish(&trial), has_more })
}

/// Returns the stored table with one route on trial, in place of the stored one or as a new one.
pub async fn table_with(state: &AppState, wanted: TriedRoute) -> Result<TrialTable, ServiceError> {
    let stored = list_routes(&state.db).await?;
    let (derivation, hours, loaded) = (state.derivation.clone(), state.routing.hours.clone(), state.routing.table());
    aside(move || {
        let place = stored.iter().position(|route| Some(route.id) == wanted.id);
        let mut tried: Vec<TriedRoute> = stored.into_iter().map(TriedRoute::from).collect();
        match place.and_then(|place| tried.get_mut(place)) {
            Some(route) => {
                let position = wanted.draft.position.or(route.draft.position);
                *route = wanted;
                route.draft.position = position;
            }
            None => tried.push(wanted),
        }
        let (numbering, shared) = (&derivation.numbering, &loaded.shared);
        TrialTable::new(tried, CompileContext { numbering, hours: &hours, shared })
    })
    .await
}

/// A hypothetical call to try routes on. Of targets in turn or by weight it gets one of the orders that calls get.
#[derive(Clone, Debug)]
pub struct MadeUpCall {
    /// The number of the caller.
    pub from: String,
    /// The number that is called.
    pub to: String,
    /// The time of the call, in milliseconds since 1970 UTC.
    pub at_ms: i64,
}

impl MadeUpCall {
    fn incoming(&self) -> Incoming<'_> {
        Incoming { call_id: "test", from: Some(&self.from), to: Some(&self.to), at_ms: self.at_ms }
    }
}

/// Returns how the routes in use would answer a call, and why.
pub async fn explain_now(state: &AppState, call: MadeUpCall) -> Result<Explanation, ServiceError> {
    let routes = list_routes(&state.db).await?;
    let (loaded, callers) = (state.routing.table(), state.routing.callers().clone());
    aside(move || explain(&routes, (&loaded.table, &loaded.unusable), &call.incoming(), &callers.history())).await
}

/// Like [`explain_now`], but by routes on trial, numbered by their order. The time it takes grows with their number.
pub fn explain_trial(state: &AppState, trial: &TrialTable, call: &MadeUpCall) -> Explanation {
    let parts = (&trial.table, &trial.unusable[..]);
    explain(&trial.routes, parts, &call.incoming(), &state.routing.callers().history())
}

/// Returns warnings of probable mistakes in the routes in use.
pub async fn warnings_now(state: &AppState) -> Result<Warnings, ServiceError> {
    warnings_of(state, list_routes(&state.db).await?).await
}

/// Like [`warnings_now`], with the stored routes already loaded.
///
/// # Errors
/// When the work panics.
pub async fn warnings_of(state: &AppState, routes: Vec<Route>) -> Result<Warnings, ServiceError> {
    let (loaded, derivation, hours) = (state.routing.table(), state.derivation.clone(), state.routing.hours.clone());
    aside(move || {
        let compile_context =
            CompileContext { numbering: &derivation.numbering, hours: &hours, shared: &loaded.shared };
        warnings(&routes, &loaded.table, compile_context, now_ms())
    })
    .await
}
