//! The weekly heat map: calls by weekday and hour.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::{Days, NaiveDate};

use super::address::{Address, ViewOptions};
use crate::i18n::DashboardTexts;
use crate::i18n::format::Format;
use crate::stats::heat::{HeatCell, HeatMap, LEVELS, Scale};
use crate::web::pages::layout::context::PageContext;

/// The HTML id of the box, to which its switch links back.
const BOX: &str = "week";

/// The heat map.
#[derive(Template)]
#[template(path = "partials/dashboard/week.html")]
pub struct Week {
    d: &'static DashboardTexts,
    /// Whether the switch to missed calls is offered.
    has_switch: bool,
    all: String,
    missed: String,
    missed_only: bool,
    what: &'static str,
    /// The CSS class of the colour scale.
    ramp: &'static str,
    hours: Vec<String>,
    days: Vec<DayRow>,
    scale: Vec<(i64, String)>,
}

/// The template of the box escapes its parts.
impl HtmlSafe for Week {}

/// The row of a weekday.
struct DayRow {
    name: &'static str,
    short: &'static str,
    cells: Vec<WeekCell>,
}

/// The cell of an hour of a weekday: its colour level and its count, which is empty for none.
struct WeekCell {
    level: i64,
    text: String,
}

impl Week {
    /// Builds the heat map; `None` if there are no calls. That of an agent cannot show missed calls only.
    pub fn new(heat: &HeatMap, of_agent: bool, address: &Address, context: &PageContext) -> Option<Self> {
        let ViewOptions { missed_only, .. } = address.options;
        let count = |cell: &HeatCell| if missed_only { cell.missed } else { cell.calls };
        // The hours do not depend on the switch, so that the table does not jump.
        let has_calls = |hour: &usize| heat.days().iter().any(|day| day.get(*hour).is_some_and(|cell| cell.calls > 0));
        let (first, last) = ((0..24).find(has_calls)?, (0..24).rev().find(has_calls)?);
        let highest = heat.days().iter().flatten().map(count).max().unwrap_or(0);
        let scale = Scale::up_to(highest);
        let format = &context.format;
        let row = |(index, day): (u64, &[HeatCell; 24])| {
            let monday = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap_or_default();
            let date = monday + Days::new(index);
            let shown = day.iter().take(last + 1).skip(first).map(count);
            let cell = |calls| WeekCell {
                level: scale.level(calls),
                text: if calls > 0 { format.number(calls) } else { String::new() },
            };
            DayRow { name: format.weekday(date), short: format.short_weekday(date), cells: shown.map(cell).collect() }
        };
        Some(Self {
            d: &context.texts.dashboard,
            has_switch: !of_agent,
            all: address.shown(ViewOptions { missed_only: false, ..address.options }, BOX),
            missed: address.shown(ViewOptions { missed_only: true, ..address.options }, BOX),
            missed_only,
            what: (context.texts.dashboard.week_what)(missed_only),
            ramp: if missed_only { "lost" } else { "busy" },
            hours: (first..=last).map(|hour| hour.to_string()).collect(),
            days: (0..).zip(heat.days()).map(row).collect(),
            scale: steps(scale, highest, format),
        })
    }
}

/// Returns the colour levels that occur, each with its range of counts.
fn steps(scale: Scale, highest: i64, format: &Format) -> Vec<(i64, String)> {
    let told = |level| match scale.counts_of(level) {
        (lowest, most) if lowest == most.min(highest) => format.number(lowest),
        (lowest, most) => format!("{}–{}", format.number(lowest), format.number(most.min(highest))),
    };
    (1..=LEVELS).filter(|level| scale.counts_of(*level).0 <= highest).map(|level| (level, told(level))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;
    use crate::stats::business::BusinessTime;

    #[test]
    fn only_steps_that_occur_are_told() {
        let format = Format::new(Lang::De, BusinessTime::new(chrono_tz::Europe::Berlin, None));
        let told = |highest| {
            let steps = steps(Scale::up_to(highest), highest, &format);
            steps.into_iter().map(|(level, text)| format!("{level}: {text}")).collect::<Vec<_>>()
        };
        assert_eq!(told(3), ["1: 1", "2: 2", "3: 3"]);
        assert_eq!(told(7), ["1: 1–2", "2: 3–4", "3: 5–6", "4: 7"]);
        assert_eq!(told(23), ["1: 1–5", "2: 6–10", "3: 11–15", "4: 16–20", "5: 21–23"]);
        assert_eq!(told(0), Vec::<String>::new());
    }
}
