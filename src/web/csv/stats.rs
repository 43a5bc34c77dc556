use actix_web::HttpResponse;
use actix_web::web::Data;

use super::dialect::Dialect;
use super::value::Value;
use super::{file, header_line, lines};
use crate::calls::outcome::Outcome;
use crate::i18n::texts;
use crate::service::directory::names::Names;
use crate::service::state::AppState;
use crate::stats::report::{Group, GroupBy};
use crate::stats::totals::{Durations, Totals};
use crate::web::error::Error;
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::stats_request::StatsRequest;

const DURATIONS: [&str; 3] = ["talk_seconds", "wait_seconds", "abandoned_wait_seconds"];
const OF_DURATIONS: [&str; 6] = ["total", "average", "median", "p90", "max", "calls"];
const GERMAN_DURATIONS: [&str; 3] = ["Gesprächszeit", "Wartezeit", "Wartezeit bis zum Auflegen"];
const GERMAN_OF_DURATIONS: [&str; 6] =
    ["Summe (s)", "Durchschnitt (s)", "Median (s)", "90 % (s)", "Höchstwert (s)", "Anrufe"];

/// Handler of `GET /stats.csv`: a line for each group, or one for all calls.
pub async fn stats(request: CallsRequest, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let dialect = Dialect::of(&request.parameters)?;
    let asked = StatsRequest::of(&request, &state)?;
    let report = asked.report(&state).await?;
    let names = state.directory.names();
    let rows: Vec<Vec<Value>> = match (report.groups, asked.group_by) {
        (Some(groups), Some(group_by)) => groups.into_iter().map(|group| row_of(group, group_by, &names)).collect(),
        _ => vec![figures(&report.totals)],
    };
    let header = header_line(dialect, &header(dialect, asked.group_by.is_some()))?;
    let lines = lines(dialect, rows.into_iter(), &state.derivation.business)?;
    let name = dialect.file_name("stats", "zahlen", asked.filter.filter.days);
    Ok(file(&name).body([header, lines].concat()))
}

fn header(dialect: Dialect, is_grouped: bool) -> Vec<String> {
    let german = dialect.language().map(texts);
    let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
    let mut header = match (is_grouped, german.is_some()) {
        (false, _) => Vec::new(),
        (true, false) => owned(&["key", "name"]),
        (true, true) => owned(&["Gruppe", "Name"]),
    };
    header.extend(owned(match german {
        None => &["calls", "in", "out", "internal"],
        Some(_) => &["Anrufe", "Eingehend", "Ausgehend", "Intern"],
    }));
    header.extend(Outcome::ALL.map(|outcome| german.map_or(outcome.as_str(), |t| (t.outcome)(outcome)).to_owned()));
    header.push(german.map_or("accepted_rate", |_| "Annahmequote").to_owned());
    let durations = if german.is_some() { GERMAN_DURATIONS } else { DURATIONS };
    for of in durations {
        header.extend(match german {
            None => OF_DURATIONS.map(|figure| format!("{of}_{figure}")),
            Some(_) => GERMAN_OF_DURATIONS.map(|figure| format!("{of}: {figure}")),
        });
    }
    header.extend(owned(match german {
        None => &["service_level_within_seconds", "service_level_rate"],
        Some(_) => &["Servicelevel: innerhalb von (s)", "Servicelevel"],
    }));
    header
}

fn row_of(group: Group, group_by: GroupBy, names: &Names) -> Vec<Value> {
    let name = match (&group.key, group_by) {
        (Some(number), GroupBy::Number) => names.line(number),
        (Some(peer), GroupBy::Peer) => names.agent(peer),
        (Some(party), GroupBy::Party) => names.contact(party),
        _ => group.name.as_deref().map(Into::into),
    };
    let key = match group_by {
        GroupBy::Number | GroupBy::Party => Value::of(group.key, Value::Number),
        _ => Value::of(group.key, Value::Text),
    };
    let mut row = vec![key, Value::of(name, |name| Value::Text(name.to_string()))];
    row.extend(figures(&group.totals));
    row
}

fn figures(totals: &Totals) -> Vec<Value> {
    let counts = [totals.calls, totals.inbound, totals.outbound, totals.internal];
    let outcomes = Outcome::ALL.map(|outcome| totals.outcomes.get(outcome));
    let mut row: Vec<Value> = counts.into_iter().chain(outcomes).map(Value::Count).collect();
    row.push(Value::of(totals.accepted_rate, Value::Decimal));
    for durations in [&totals.talk_seconds, &totals.wait_seconds, &totals.abandoned_wait_seconds] {
        let Durations { total, average, median, p90, max, calls } = durations;
        let seconds = |seconds: &Option<u32>| Value::of(*seconds, |seconds| Value::Count(seconds.into()));
        row.extend([Value::Count(*total), Value::of(*average, Value::Decimal)]);
        row.extend([seconds(median), seconds(p90), seconds(max), Value::Count(*calls)]);
    }
    let level = totals.service_level.as_ref();
    row.push(Value::of(level, |level| Value::Count(level.within_seconds.into())));
    row.push(Value::of(level.and_then(|level| level.rate), Value::Decimal));
    row
}
