//! The table of outcomes.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::Address;
use crate::calls::outcome::Outcome;
use crate::i18n::{CallsTexts, DashboardTexts};
use crate::stats::filter::Filter;
use crate::stats::series::Series;
use crate::stats::totals::Totals;
use crate::web::pages::layout::context::PageContext;

/// The outcomes with their counts and shares.
#[derive(Template)]
#[template(path = "partials/dashboard/outcomes.html")]
pub struct OutcomeTable {
    d: &'static DashboardTexts,
    calls_t: &'static CallsTexts,
    rows: Vec<OutcomeRow>,
    accepted_rate: Option<String>,
}

/// The template of the box escapes its parts.
impl HtmlSafe for OutcomeTable {}

/// The calls with one outcome.
struct OutcomeRow {
    class: &'static str,
    name: &'static str,
    href: String,
    count: String,
    share: String,
    /// The width of the bar, in percent.
    width: String,
}

impl OutcomeTable {
    /// Builds the table; `None` without calls.
    pub fn new(totals: &Totals, filter: &Filter, address: &Address, context: &PageContext) -> Option<Self> {
        let (d, format) = (&context.texts.dashboard, &context.format);
        let row = |(outcome, count): (Outcome, i64)| OutcomeRow {
            class: Series::of(outcome).as_str(),
            name: (context.texts.outcome)(outcome),
            href: address.calls(address.words.clone().with("outcome", outcome.as_str())),
            count: format.number(count),
            share: format.share(count, totals.calls),
            width: format!("{:.1}", 100.0 * count as f64 / totals.calls.max(1) as f64),
        };
        let seen = Outcome::ALL.into_iter().map(|outcome| (outcome, totals.outcomes.get(outcome)));
        let rows: Vec<_> = seen.filter(|(_, count)| *count > 0).map(row).collect();
        // The calls of an agent are accepted ones, and a filter on outcomes makes the rate meaningless.
        let has_rate = totals.accepted_rate.is_some() && filter.peer.is_none() && filter.outcomes.is_empty();
        let accepted = (totals.outcomes.get(Outcome::Accepted), totals.outcomes.decided());
        (!rows.is_empty()).then(|| Self {
            d,
            calls_t: &context.texts.calls,
            rows,
            accepted_rate: has_rate.then(|| (d.accepted_rate)(&format.share(accepted.0, accepted.1))),
        })
    }
}
