use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use crate::calls::outcome::Outcome;
use crate::i18n::format::Format;
use crate::i18n::{DashboardTexts, texts};
use crate::lang::Lang;
use crate::service::error::ServiceError;
use crate::service::state::AppState;
use crate::service::statistics::reports::report;
use crate::stats::as_of::FilterAsOf;
use crate::stats::filter::Filter;
use crate::stats::period::DayRange;
use crate::stats::report::MAX_GROUPS;
use crate::stats::totals::Totals;

/// The figures of today: as numbers, and as the tiles of the pages show them in each language.
#[derive(Serialize)]
struct LiveFigures {
    day: NaiveDate,
    totals: Totals,
    /// The number of open callbacks; `None` while it cannot be counted.
    #[serde(rename = "callbacks_owed")]
    open_callback_count: Option<i64>,
    shown: BTreeMap<&'static str, BTreeMap<&'static str, String>>,
}

/// Returns the figures of today as JSON, the same for everybody.
pub async fn figures(state: &AppState) -> Result<String, ServiceError> {
    let as_of = state.statistics.now();
    let day = as_of.today;
    let mut today = FilterAsOf { filter: Filter::all(DayRange::one(day)), as_of };
    let totals = report(&state.statistics, &today, None, MAX_GROUPS).await?.totals;
    today.filter.in_hours = Some(true);
    let while_open = report(&state.statistics, &today, None, MAX_GROUPS).await?.totals;
    let open_callback_count = state.callbacks.count().await;
    let has_hours = state.config.business_hours.is_some();
    let shown = [Lang::De, Lang::En].map(|lang| {
        let format = Format::new(lang, state.derivation.business.clone());
        let mut shown = shown(&totals, &while_open, &format);
        shown.extend(on_dashboards(&totals, &while_open, has_hours, &texts(lang).dashboard, &format));
        shown.extend(open_callback_count.into_iter().flat_map(|count| owed(count, lang, &format)));
        (texts(lang).code, shown)
    });
    let figures = LiveFigures { day, totals, open_callback_count, shown: shown.into() };
    serde_json::to_string(&figures).map_err(|error| ServiceError::Internal(error.to_string()))
}

/// Returns the figures as dashboards word them, by name.
fn on_dashboards(
    totals: &Totals,
    while_open: &Totals,
    has_hours: bool,
    t: &DashboardTexts,
    format: &Format,
) -> [(&'static str, String); 8] {
    let share = |totals: &Totals| t.beside(totals.inbound_missed, totals.answerable(), format);
    let open_missed = has_hours.then_some(while_open.inbound_missed);
    let [today_in, today_missed, today_more] = t.counts(totals.inbound, totals.inbound_missed, open_missed, format);
    [
        ("besides", (t.besides)(&format.number(totals.outbound), &format.number(totals.calls))),
        ("in_missed", format.number(totals.inbound_missed)),
        ("in_missed_share", share(totals)),
        ("in_missed_open", format.number(while_open.inbound_missed)),
        ("in_missed_open_share", share(while_open)),
        ("today_in", today_in),
        ("today_missed", today_missed),
        ("today_more", today_more),
    ]
}

/// Returns how many people wait for a callback, as number and in words.
fn owed(count: i64, lang: Lang, format: &Format) -> [(&'static str, String); 2] {
    let number = format.number(count);
    [("owed_what", (texts(lang).callbacks.owed)(count, &number)), ("owed", number)]
}

/// Returns the figures as text, by the names that pages mark them with (`data-stat`).
fn shown(totals: &Totals, while_open: &Totals, format: &Format) -> BTreeMap<&'static str, String> {
    let count = |outcome| totals.outcomes.get(outcome);
    let share = |outcome| format.share(count(outcome), totals.outcomes.decided());
    let level = totals.service_level.as_ref();
    BTreeMap::from([
        ("calls", format.number(totals.calls)),
        ("in", format.number(totals.inbound)),
        ("out", format.number(totals.outbound)),
        ("accepted", format.number(count(Outcome::Accepted))),
        ("accepted_rate", share(Outcome::Accepted)),
        ("missed", format.number(count(Outcome::Missed))),
        ("missed_share", share(Outcome::Missed)),
        ("missed_open", format.number(while_open.outcomes.get(Outcome::Missed))),
        ("voicemail", format.number(count(Outcome::Voicemail))),
        ("wait_median", format.known_duration(totals.wait_seconds.median)),
        ("wait_average", format.mean_duration(totals.wait_seconds.average)),
        ("abandoned_median", format.known_duration(totals.abandoned_wait_seconds.median)),
        ("abandoned_average", format.mean_duration(totals.abandoned_wait_seconds.average)),
        ("talk_median", format.known_duration(totals.talk_seconds.median)),
        ("talk_average", format.mean_duration(totals.talk_seconds.average)),
        ("service_level", level.map_or_else(String::new, |level| format.share(level.in_time, level.answerable))),
    ])
}
