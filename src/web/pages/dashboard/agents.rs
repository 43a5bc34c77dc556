//! The table of agents.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::{Address, Scope, Table};
use super::table::TableView;
use crate::i18n::DashboardTexts;
use crate::i18n::format::NOTHING;
use crate::stats::people::{CountsByName, GroupCounts};
use crate::web::pages::layout::context::PageContext;

/// The agents, those with most conversations first.
#[derive(Template)]
#[template(path = "partials/dashboard/agents.html")]
pub struct AgentTable {
    d: &'static DashboardTexts,
    table: TableView,
}

/// The template of the box escapes its parts.
impl HtmlSafe for AgentTable {}

impl AgentTable {
    /// Builds the table.
    pub fn new(shares: &CountsByName, address: &Address, context: &PageContext) -> Self {
        let format = &context.format;
        let mean = |share: &GroupCounts| match share.talk_calls {
            0 => NOTHING.to_owned(),
            calls => format.mean_duration(Some(share.talk_seconds as f64 / calls as f64)),
        };
        let total = |share: &GroupCounts| Some(share.talk_seconds).filter(|_| share.talk_calls > 0);
        let figures =
            |share: &GroupCounts| vec![format.number(share.accepted), format.known_duration(total(share)), mean(share)];
        let ranked = shares.ranked(|share| share.accepted);
        Self {
            d: &context.texts.dashboard,
            table: TableView::new(&ranked, Table::Agents, Scope::Agent, figures, address, context),
        }
    }
}
