use crate::calls::call::Call;
use crate::calls::forgetting::is_pseudonym;
use crate::calls::outcome::Outcome;
use crate::calls::phone::is_anonymous;
use crate::i18n::format::NOTHING;
use crate::placetel::event::Direction;
use crate::service::state::AppState;
use crate::stats::series::Series;
use crate::store::calls::find::StoredCall;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::named::Named;

/// The table row of a call.
pub struct CallRow {
    pub href: String,
    pub day: String,
    pub time: String,
    pub direction: DirectionView,
    pub party: Named,
    pub number: Named,
    pub peer: Named,
    pub outcome: OutcomeView,
    pub wait: String,
    pub talk: String,
}

/// A direction as symbol and word.
pub struct DirectionView {
    pub sign: &'static str,
    pub name: &'static str,
}

/// An outcome as CSS class and word.
pub struct OutcomeView {
    pub class: &'static str,
    pub name: &'static str,
}

/// Converts calls to table rows.
pub fn call_rows(calls: &[StoredCall], state: &AppState, context: &PageContext) -> Vec<CallRow> {
    let (timeout_ms, names) = (state.statistics.hangup_timeout_ms(), state.directory.names());
    let row = |stored: &StoredCall| {
        let call = &stored.call;
        let day = state.derivation.business.day(call.started_ms);
        CallRow {
            href: format!("/calls/{}", call.call_id),
            day: format!("{} {}", context.format.short_weekday(day), context.format.day(day)),
            time: context.format.time(call.started_ms),
            direction: direction(call.direction, context),
            party: named_party(call, context),
            number: Named::line(call.number.as_deref().unwrap_or(NOTHING), &names),
            peer: Named::agent(call.peer.as_deref().unwrap_or_default(), &names),
            outcome: outcome(call.standing(context.now_ms, timeout_ms).1, context),
            wait: context.format.known_duration(call.wait_seconds().or(call.abandoned_wait_seconds())),
            talk: context.format.known_duration(call.talk_seconds),
        }
    };
    calls.iter().map(row).collect()
}

/// Returns the display text of the other party.
pub fn party(call: &Call, context: &PageContext) -> String {
    let raw = if call.direction == Some(Direction::Out) { &call.to } else { &call.from };
    match (&call.party, raw) {
        (Some(party), _) => party.clone(),
        (None, Some(raw)) => number(raw, context),
        (None, None) => context.texts.call.unknown_value.to_owned(),
    }
}

/// Returns the other party with its name.
pub fn named_party(call: &Call, context: &PageContext) -> Named {
    Named::party(party(call, context), context)
}

/// Returns the display text of a number as it was sent.
pub fn number(raw: &str, context: &PageContext) -> String {
    match raw {
        _ if is_anonymous(raw) => context.texts.calls.anonymous.to_owned(),
        _ if is_pseudonym(raw) => context.texts.calls.forgotten.to_owned(),
        _ => raw.to_owned(),
    }
}

/// Returns the display form of a direction.
pub fn direction(direction: Option<Direction>, context: &PageContext) -> DirectionView {
    let t = &context.texts.calls;
    match direction {
        Some(Direction::In) => DirectionView { sign: "↙", name: t.inbound },
        Some(Direction::Out) => DirectionView { sign: "↗", name: t.outbound },
        Some(Direction::Internal) => DirectionView { sign: "↔", name: t.internal },
        None => DirectionView { sign: "·", name: t.direction_unknown },
    }
}

/// Returns the display form of an outcome.
pub fn outcome(outcome: Outcome, context: &PageContext) -> OutcomeView {
    let class = if outcome == Outcome::Open { "running" } else { Series::of(outcome).as_str() };
    OutcomeView { class, name: (context.texts.outcome)(outcome) }
}
