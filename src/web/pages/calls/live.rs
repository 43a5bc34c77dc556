use actix_web::HttpResponse;
use actix_web::web::Data;
use askama::Template;
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::rows::{DirectionView, OutcomeView, direction, named_party, outcome};
use crate::calls::call::Call;
use crate::calls::outcome::Outcome;
use crate::i18n::format::NOTHING;
use crate::i18n::{CallsTexts, LiveTexts};
use crate::placetel::event::Direction;
use crate::service::state::AppState;
use crate::stats::as_of::FilterAsOf;
use crate::stats::filter::Filter;
use crate::stats::period::DayRange;
use crate::store::calls::find::StoredCall;
use crate::store::calls::live::last_ended;
use crate::store::stats::spans::list::list_calls;
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::named::Named;
use crate::web::pages::page;

/// The maximum number of running calls to show.
const MOST_RUNNING: usize = 100;
const MOST_ENDED: usize = 20;
/// The age at which an unanswered call is hidden because its hangup event must have been lost, in milliseconds.
const PATIENCE_MS: i64 = 10 * 60 * 1000;

#[derive(Template)]
#[template(path = "pages/live.html")]
struct LivePage {
    context: PageContext,
    t: &'static LiveTexts,
    calls_t: &'static CallsTexts,
    words: Value,
    now_ms: i64,
    as_of: String,
    patience_ms: i64,
    most_ended: usize,
    running: Vec<RunningRow>,
    has_more: bool,
    ended: Vec<EndedRow>,
}

struct RunningRow {
    call_id: String,
    class: &'static str,
    started_ms: i64,
    since_ms: i64,
    until_ms: Option<i64>,
    direction: DirectionView,
    party: String,
    number: String,
    peer: String,
    state: &'static str,
    timer: String,
}

struct EndedRow {
    call_id: String,
    ended_ms: i64,
    time: String,
    direction: DirectionView,
    party: String,
    number: String,
    outcome: OutcomeView,
    peer: String,
    talk: String,
}

/// Handles `GET /live`: shows running and recently ended calls.
pub async fn show(context: PageContext, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let now_ms = context.now_ms;
    let open = state.statistics.query(&ever(vec![Outcome::Open], &context)).only_open();
    let open = list_calls(&state.db, &open, None, MOST_RUNNING).await?;
    let running = open.calls.iter().filter_map(|stored| running_row(&stored.call, now_ms, &context)).collect();
    let ended = ended(&state, &context).await?;
    page(&LivePage {
        t: &context.texts.live,
        calls_t: &context.texts.calls,
        words: words(&context),
        now_ms,
        as_of: context.format.precise_time(now_ms),
        patience_ms: PATIENCE_MS,
        most_ended: MOST_ENDED,
        running,
        has_more: open.next.is_some(),
        ended: ended.iter().map(|stored| ended_row(&stored.call, now_ms, &state, &context)).collect(),
        context,
    })
}

/// Returns the calls that ended last. Only calls that began recently can be queried by their end; if they are too few,
/// the calls that began last are returned.
async fn ended(state: &AppState, context: &PageContext) -> Result<Vec<StoredCall>, Error> {
    let lately_ms = context.now_ms.saturating_sub(state.statistics.hangup_timeout_ms());
    let ended = last_ended(&state.db, lately_ms, MOST_ENDED as i64).await?;
    if ended.len() == MOST_ENDED {
        return Ok(ended);
    }
    let outcomes = Outcome::ALL.into_iter().filter(|outcome| *outcome != Outcome::Open).collect();
    let query = state.statistics.query(&ever(outcomes, context));
    let mut calls = list_calls(&state.db, &query, None, MOST_ENDED).await?.calls;
    calls.sort_by_key(|stored| std::cmp::Reverse((end_ms(&stored.call), stored.key)));
    Ok(calls)
}

/// Returns the question about all calls with these outcomes.
fn ever(outcomes: Vec<Outcome>, context: &PageContext) -> FilterAsOf {
    let days = DayRange { start: NaiveDate::default(), end: context.today };
    FilterAsOf { filter: Filter { outcomes, ..Filter::all(days) }, as_of: context.as_of() }
}

fn end_ms(call: &Call) -> i64 {
    call.ended_ms.unwrap_or(call.started_ms)
}

fn running_row(call: &Call, now_ms: i64, context: &PageContext) -> Option<RunningRow> {
    let t = &context.texts.live;
    let is_out = call.direction == Some(Direction::Out);
    let accepted_ms = call.accepted_ms.filter(|_| !is_out);
    let (class, state) = match accepted_ms {
        _ if is_out => ("outgoing", t.outgoing),
        Some(_) => ("talking", t.talking),
        None => ("ringing", t.ringing),
    };
    let until_ms = (class == "ringing").then(|| call.started_ms + PATIENCE_MS);
    let since_ms = accepted_ms.unwrap_or(call.started_ms);
    until_ms.is_none_or(|until_ms| now_ms < until_ms).then(|| RunningRow {
        call_id: call.call_id.to_string(),
        class,
        started_ms: call.started_ms,
        since_ms,
        until_ms,
        direction: direction(call.direction, context),
        party: named_party(call, context).short().to_owned(),
        number: line(call, context),
        peer: peer(call, context),
        state,
        timer: timer((now_ms - since_ms) / 1000),
    })
}

fn ended_row(call: &Call, now_ms: i64, state: &AppState, context: &PageContext) -> EndedRow {
    EndedRow {
        call_id: call.call_id.to_string(),
        ended_ms: end_ms(call),
        time: context.format.time(end_ms(call)),
        direction: direction(call.direction, context),
        party: named_party(call, context).short().to_owned(),
        number: line(call, context),
        outcome: outcome(call.standing(now_ms, state.statistics.hangup_timeout_ms()).1, context),
        peer: peer(call, context),
        talk: context.format.known_duration(call.talk_seconds),
    }
}

/// Returns the line as the script shows it: by name alone, because there is no room for more.
fn line(call: &Call, context: &PageContext) -> String {
    Named::line(call.number.as_deref().unwrap_or(NOTHING), &context.names).short().to_owned()
}

fn peer(call: &Call, context: &PageContext) -> String {
    Named::agent(call.peer.as_deref().unwrap_or_default(), &context.names).short().to_owned()
}

/// Formats a duration as `0:07`, `12:34` or `1:02:03`.
fn timer(seconds: i64) -> String {
    let (hours, minutes, seconds) = (seconds.max(0) / 3600, seconds.max(0) / 60 % 60, seconds.max(0) % 60);
    if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") }
}

/// Returns the texts that the script needs to write rows like those of this page.
fn words(context: &PageContext) -> Value {
    let (t, calls_t) = (&context.texts.live, &context.texts.calls);
    let way = |way| {
        let DirectionView { sign, name } = direction(way, context);
        json!([sign, name])
    };
    let outcomes = Outcome::ALL.map(|one| {
        let OutcomeView { class, name } = outcome(one, context);
        (one.as_str().to_owned(), json!([class, name]))
    });
    json!({
        "directions": {"in": way(Some(Direction::In)), "out": way(Some(Direction::Out)),
            "internal": way(Some(Direction::Internal)), "unknown": way(None)},
        "outcomes": outcomes.into_iter().collect::<serde_json::Map<_, _>>(),
        "states": {"ringing": t.ringing, "talking": t.talking, "outgoing": t.outgoing},
        "called": {"ringing": t.says_ringing, "talking": t.says_talking, "outgoing": t.says_outgoing},
        "anonymous": calls_t.anonymous,
        "unknown": context.texts.call.unknown_value,
        "nothing": NOTHING,
        "live": t.live,
        "broken": t.broken,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timers_count_hours_only_if_there_are_any() {
        for (seconds, written) in [(-3, "0:00"), (0, "0:00"), (67, "1:07"), (3_599, "59:59"), (3_723, "1:02:03")] {
            assert_eq!(timer(seconds), written);
        }
    }
}
