use std::sync::Arc;

use actix_web::web::block;
use tokio::sync::Semaphore;

use super::clock::now_ms;
use super::error::Error;
use super::state::State;
use crate::routing::explain::{Explanation, explain};
use crate::routing::replay::{Comparison, Replay};
use crate::routing::route::Route;
use crate::routing::trial::{TrialTable, TriedRoute};
use crate::routing::warnings::{Warnings, warnings};
use crate::stats::business::next_day;
use crate::stats::period::DayRange;
use crate::store::inbound::InboundCalls;
use crate::store::routes::list_routes;

/// Past calls are decided for one at a time: it keeps a processor busy.
static TURN: Semaphore = Semaphore::const_new(1);

/// Past calls, decided again.
pub struct Replayed {
    /// What came of it.
    pub replay: Replay,
    /// Whether there are more calls than were looked at.
    pub has_more: bool,
}

/// Runs what takes longer than others should wait for.
///
/// # Errors
/// When it breaks down.
pub async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    block(work).await.map_err(|error| Error::Internal(error.to_string()))
}

/// Decides the newest `most` inbound calls of these days by today's routes and by those that are tried.
///
/// # Errors
/// When the database does not answer.
pub async fn replay(state: &State, trial: TrialTable, days: DayRange, most: usize) -> Result<Replayed, Error> {
    let _turn = TURN.acquire().await.map_err(|error| Error::Internal(error.to_string()))?;
    let (today, trial) = (state.table(), Arc::new(trial));
    let business = &state.derivation.business;
    let mut calls = InboundCalls::new(business.day_start_ms(days.start), business.day_start_ms(next_day(days.end)));
    let (mut comparison, mut left) = (Comparison::default(), most);
    let has_more = loop {
        let mut page = calls.next_page(&state.db).await?;
        if page.is_empty() {
            break false;
        }
        let is_too_much = page.len() > left;
        page.truncate(left);
        left -= page.len();
        let (today, trial) = (today.clone(), trial.clone());
        comparison = aside(move || {
            page.into_iter().for_each(|call| comparison.add(call, &today.table, &trial));
            comparison
        })
        .await?;
        if is_too_much {
            break true;
        }
    };
    Ok(Replayed { replay: comparison.finish(&trial), has_more })
}

/// The stored table with one route as somebody wants it, in place of the stored one or as a new one.
///
/// # Errors
/// When the database does not answer.
pub async fn table_with(state: &State, wanted: TriedRoute) -> Result<TrialTable, Error> {
    let stored = list_routes(&state.db).await?;
    let (derivation, hours) = (state.derivation.clone(), state.hours.clone());
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
        TrialTable::new(tried, &derivation.numbering, &hours)
    })
    .await
}

/// What a call would be answered by the routes that answer now, and why.
///
/// # Errors
/// When the database does not answer.
pub async fn explain_now(state: &State, from: String, to: String, at_ms: i64) -> Result<Explanation, Error> {
    let routes = list_routes(&state.db).await?;
    let loaded = state.table();
    aside(move || explain(&routes, (&loaded.table, &loaded.unusable), (Some(&from), Some(&to)), at_ms)).await
}

/// The same by routes that are tried.
///
/// # Errors
/// When it breaks down.
pub async fn explain_trial(trial: TrialTable, from: String, to: String, at_ms: i64) -> Result<TriedCall, Error> {
    aside(move || {
        let parts = (&trial.table, &trial.unusable[..]);
        let explanation = explain(&trial.routes, parts, (Some(&from), Some(&to)), at_ms);
        TriedCall { explanation, trial }
    })
    .await
}

/// A call and the tried routes that answer it.
pub struct TriedCall {
    /// The answer; its routes are numbered by their order.
    pub explanation: Explanation,
    /// The table.
    pub trial: TrialTable,
}

/// What is probably not meant in the routes that answer now.
///
/// # Errors
/// When the database does not answer.
pub async fn warnings_now(state: &State) -> Result<Warnings, Error> {
    warnings_of(state, list_routes(&state.db).await?).await
}

/// The same, with the stored routes at hand.
///
/// # Errors
/// When it breaks down.
pub async fn warnings_of(state: &State, routes: Vec<Route>) -> Result<Warnings, Error> {
    let (loaded, derivation) = (state.table(), state.derivation.clone());
    aside(move || warnings(&routes, &loaded.table, &derivation.numbering, now_ms())).await
}
