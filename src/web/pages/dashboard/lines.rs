//! The table of own lines.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::{Address, Scope, Table};
use super::table::TableView;
use crate::i18n::{DashboardTexts, OverviewTexts};
use crate::stats::people::{CountsByName, GroupCounts};
use crate::web::pages::layout::context::PageContext;

/// The own lines, those with most inbound calls first.
#[derive(Template)]
#[template(path = "partials/dashboard/lines.html")]
pub struct LineTable {
    t: &'static OverviewTexts,
    d: &'static DashboardTexts,
    is_agent: bool,
    table: TableView,
}

/// The template of the box escapes its parts.
impl HtmlSafe for LineTable {}

impl LineTable {
    /// Builds the table; for an agent without missed calls.
    pub fn new(shares: &CountsByName, is_agent: bool, address: &Address, context: &PageContext) -> Self {
        let format = &context.format;
        let figures = |share: &GroupCounts| match is_agent {
            true => vec![format.number(share.inbound), format.number(share.accepted)],
            false => {
                let missed = format.share(share.missed, share.answerable);
                vec![format.number(share.inbound), format.number(share.missed), missed]
            }
        };
        let ranked = shares.ranked(|share| share.inbound);
        Self {
            t: &context.texts.overview,
            d: &context.texts.dashboard,
            is_agent,
            table: TableView::new(&ranked, Table::Lines, Scope::Line, figures, address, context),
        }
    }
}
