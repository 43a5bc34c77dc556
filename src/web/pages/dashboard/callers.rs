//! The table of the most frequent callers.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::{Address, Scope, Table};
use super::table::{FEW_ROWS, Row, elsewhere, most_rows, whole_url};
use crate::i18n::{CallsTexts, DashboardTexts};
use crate::service::state::AppState;
use crate::service::statistics::callers::frequent_callers;
use crate::service::statistics::figures::CountingPlan;
use crate::stats::totals::Totals;
use crate::store::calls::find::TopCaller;
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter::PageFilter;
use crate::web::pages::layout::named::Named;

/// The number of newest calls among which the most frequent callers are counted: counting all of a year takes a second.
const NEWEST_COUNTED: i64 = 2_000;

/// The most frequent callers.
#[derive(Template)]
#[template(path = "partials/dashboard/callers.html")]
pub struct CallerTable {
    d: &'static DashboardTexts,
    calls_t: &'static CallsTexts,
    is_agent: bool,
    rows: Vec<Row>,
    note: Option<String>,
    /// The text and the URL that lead to more of them.
    whole: Option<(&'static str, String)>,
}

/// The template of the box escapes its parts.
impl HtmlSafe for CallerTable {}

/// Fetches the most frequent callers; none of a caller.
pub async fn fetch(
    plan: CountingPlan,
    asked: &PageFilter,
    address: &Address,
    state: &AppState,
) -> Result<Vec<TopCaller>, Error> {
    if asked.filter().party.is_some() {
        return Ok(Vec::new());
    }
    let counted = if is_whole(address) { i64::MAX } else { NEWEST_COUNTED };
    let limit = most_rows(Table::Callers, address);
    Ok(frequent_callers(&state.statistics, plan, &asked.calls, counted, limit).await?)
}

impl CallerTable {
    /// Builds the table; `None` without callers. That of an agent is without missed calls.
    pub fn new(
        callers: &[TopCaller],
        totals: &Totals,
        is_agent: bool,
        address: &Address,
        context: &PageContext,
    ) -> Option<Self> {
        let (d, format) = (&context.texts.dashboard, &context.format);
        let row = |caller: &TopCaller| Row {
            name: Named::party(&*caller.party, context).to(elsewhere(Scope::Caller(caller.party.clone()), address)),
            figures: match is_agent {
                true => vec![format.number(caller.calls)],
                false => vec![format.number(caller.calls), format.number(caller.missed)],
            },
        };
        let is_capped = !is_whole(address) && totals.inbound > NEWEST_COUNTED;
        let whole = (is_capped || callers.len() == FEW_ROWS)
            .then(|| (if is_capped { d.callers_whole } else { d.callers_more }, whole_url(Table::Callers, address)));
        (!callers.is_empty()).then(|| Self {
            d,
            calls_t: &context.texts.calls,
            is_agent,
            rows: callers.iter().map(row).collect(),
            note: is_capped.then(|| (d.callers_among)(&format.number(NEWEST_COUNTED))),
            whole,
        })
    }
}

fn is_whole(address: &Address) -> bool {
    address.options.whole == Some(Table::Callers)
}
