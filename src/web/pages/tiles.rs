use super::visit::Visit;
use crate::calls::outcome::Outcome;
use crate::stats::totals::{ServiceLevel, Totals};
use crate::web::i18n::OverviewTexts;
use crate::web::i18n::format::{Format, NOTHING};

/// A figure, and what it means.
pub struct Tile {
    pub class: &'static str,
    pub name: &'static str,
    pub value: String,
    pub unit: &'static str,
    pub more: String,
    pub what: String,
    pub ask: String,
}

/// The figures of a period.
pub fn tiles(totals: &Totals, visit: &Visit) -> Vec<Tile> {
    let (t, format) = (&visit.texts.overview, &visit.format);
    let tile = |class, name, value: String, unit, more, what: &str| Tile {
        class,
        name,
        unit: if value == NOTHING { "" } else { unit },
        value,
        more,
        what: what.to_owned(),
        ask: (t.definition)(name),
    };
    let decided = decided(totals);
    let missed = totals.outcomes.get(Outcome::Missed);
    let accepted = totals.outcomes.get(Outcome::Accepted);
    let number = |n| format.number(n);
    let (talk, wait, gave_up) = (&totals.talk_seconds, &totals.wait_seconds, &totals.abandoned_wait_seconds);
    let average = |seconds: Option<f64>| seconds.map_or(String::new(), |s| (t.average)(&format.mean_duration(Some(s))));
    let in_out = (t.in_out)(&number(totals.inbound), &number(totals.outbound));
    let inbound_share = match totals.calls {
        0 => String::new(),
        calls => (t.inbound_share)(&format.share(totals.inbound, calls), format.is_few(calls)),
    };
    let (level, level_more, level_what) = service_level(totals.service_level.as_ref(), t, format);
    vec![
        tile("", t.calls, number(totals.calls), "", in_out, t.calls_what),
        tile("", t.inbound, number(totals.inbound), "", inbound_share, t.inbound_what),
        tile(
            if missed > 0 { "missed" } else { "" },
            t.missed,
            number(missed),
            "",
            format.share(missed, decided),
            t.missed_what,
        ),
        tile(
            if decided > 0 { "accepted" } else { "" },
            t.accepted_rate,
            format.share(accepted, decided),
            "",
            (t.accepted)(accepted, number(accepted)),
            t.accepted_rate_what,
        ),
        tile("", t.service_level, level, "", level_more, &level_what),
        tile("", t.wait, format.known_duration(wait.median), t.median, average(wait.average), t.wait_what),
        tile("", t.gave_up, format.known_duration(gave_up.median), t.median, average(gave_up.average), t.gave_up_what),
        tile("", t.talk, format.known_duration(talk.median), t.median, average(talk.average), t.talk_what),
    ]
}

/// All calls of which can be said whether somebody was there.
fn decided(totals: &Totals) -> i64 {
    let beyond_us = [Outcome::Blocked, Outcome::Unknown, Outcome::Open];
    totals.calls - beyond_us.map(|outcome| totals.outcomes.get(outcome)).iter().sum::<i64>()
}

fn service_level(level: Option<&ServiceLevel>, t: &OverviewTexts, format: &Format) -> (String, String, String) {
    let Some(level) = level else { return (NOTHING.to_owned(), String::new(), String::new()) };
    let value = format.share(level.in_time, level.answerable);
    (value, (t.within)(level.within_seconds), (t.service_level_what)(level.within_seconds))
}
