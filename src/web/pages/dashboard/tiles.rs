//! The tiles of a dashboard: its most important figures, and the period that they are compared with.

use askama::Template;
use askama::filters::HtmlSafe;
use chrono::NaiveDate;

use super::address::{Address, Scope};
use super::open_callbacks::OpenCallbacks;
use super::tile::{Tile, TileData};
use crate::i18n::DashboardTexts;
use crate::service::state::AppState;
use crate::service::statistics::figures::{Comparison, PeriodFigures};
use crate::stats::period::DayRange;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter::PageFilter;

/// The tiles.
#[derive(Template)]
#[template(path = "partials/dashboard/tiles.html")]
pub struct Tiles {
    d: &'static DashboardTexts,
    tiles: Vec<Tile>,
    compared: Option<String>,
    /// Today, if the live stream updates the tiles.
    stats_day: Option<NaiveDate>,
}

/// The template of the box escapes its parts.
impl HtmlSafe for Tiles {}

impl Tiles {
    /// Builds the tiles; those of the company tell how many callers are to be called back.
    pub fn new(
        figures: &PeriodFigures,
        owed: Option<&OpenCallbacks>,
        asked: &PageFilter,
        address: &Address,
        state: &AppState,
        context: &PageContext,
    ) -> Self {
        let filter = asked.filter();
        let data = TileData {
            figures,
            filter,
            words: &asked.words,
            address,
            has_hours: state.config.business_hours.is_some(),
            business: &state.derivation.business,
            context,
        };
        Self {
            d: &context.texts.dashboard,
            tiles: if filter.peer.is_some() { data.of_agent() } else { data.of_calls(owed) },
            compared: compared(figures, context),
            stats_day: stats_day(asked, address),
        }
    }
}

/// Returns today if the tiles show what the live stream updates: all calls of today.
fn stats_day(asked: &PageFilter, address: &Address) -> Option<NaiveDate> {
    let (filter, today) = (asked.filter(), asked.calls.as_of.today);
    let is_today = filter.days == DayRange::one(today) && filter.is_of_all();
    (address.scope == Scope::Company && is_today).then_some(today)
}

fn compared(figures: &PeriodFigures, context: &PageContext) -> Option<String> {
    let (d, format) = (&context.texts.dashboard, &context.format);
    let before = match figures.before.as_ref()? {
        Comparison::With(before) => before,
        Comparison::Unknown(first) => return Some((d.not_compared)(&format.day(*first))),
    };
    let days = if before.days.start == before.days.end {
        format!("{}, {}", format.weekday(before.days.start), format.day(before.days.start))
    } else {
        format!("{} – {}", format.day(before.days.start), format.day(before.days.end))
    };
    Some((d.compared)(&days, before.is_cut))
}
