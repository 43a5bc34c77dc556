//! The tables of a dashboard side by side: its calls by outcome, agent, line and caller.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::{Address, Scope};
use super::agents::AgentTable;
use super::callers::CallerTable;
use super::lines::LineTable;
use super::outcomes::OutcomeTable;
use crate::service::state::AppState;
use crate::service::statistics::figures::{Details, PeriodFigures};
use crate::store::calls::find::TopCaller;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter::PageFilter;

/// The tables.
#[derive(Template)]
#[template(path = "partials/dashboard/breakdown.html")]
pub struct Breakdown {
    is_agent: bool,
    outcomes: OutcomeTable,
    agents: Option<AgentTable>,
    lines: Option<LineTable>,
    callers: Option<CallerTable>,
}

/// The template of the box escapes its parts.
impl HtmlSafe for Breakdown {}

impl Breakdown {
    /// Builds the tables; `None` without calls and for a caller, of whom the calls themselves tell more.
    pub fn new(
        figures: &PeriodFigures,
        details: Option<&Details>,
        callers: &[TopCaller],
        asked: &PageFilter,
        address: &Address,
        state: &AppState,
        context: &PageContext,
    ) -> Option<Self> {
        if matches!(address.scope, Scope::Caller(_)) {
            return None;
        }
        let (filter, totals) = (asked.filter(), &figures.totals);
        let is_agent = filter.peer.is_some();
        let (of_lines, of_agents) = (filter.number.is_none(), !is_agent && state.config.agent_figures);
        Some(Self {
            is_agent,
            outcomes: OutcomeTable::new(totals, filter, address, context)?,
            agents: details.filter(|_| of_agents).map(|of| AgentTable::new(&of.agents, address, context)),
            lines: details.filter(|_| of_lines).map(|of| LineTable::new(&of.lines, is_agent, address, context)),
            callers: CallerTable::new(callers, totals, is_agent, address, context),
        })
    }
}
