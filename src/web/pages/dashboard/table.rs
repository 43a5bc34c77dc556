//! What the tables of a dashboard have in common: rows that lead to other dashboards, and all of them on demand.

use super::address::{Address, Scope, Table, ViewOptions};
use crate::stats::people::GroupCounts;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter_query::FilterQuery;
use crate::web::pages::layout::named::Named;

/// The maximum number of rows of a collapsed table.
pub const FEW_ROWS: usize = 8;
/// The maximum number of rows of an expanded table.
const MOST_ROWS: usize = 100;

/// A table whose rows have a linked name and figures.
pub struct TableView {
    /// The rows.
    pub rows: Vec<Row>,
    /// The text that says how many rows there are, and the URL that shows them all.
    pub whole: Option<(String, String)>,
}

/// A row of a table.
pub struct Row {
    /// The line, agent or caller.
    pub name: Named,
    /// The figures, one for each further column.
    pub figures: Vec<String>,
}

impl TableView {
    /// Builds the table of these lines or agents, which are ranked already.
    pub fn new(
        ranked: &[(&str, GroupCounts)],
        table: Table,
        scope: fn(String) -> Scope,
        figures: impl Fn(&GroupCounts) -> Vec<String>,
        address: &Address,
        context: &PageContext,
    ) -> Self {
        let shown = most_rows(table, address);
        let row = |(name, share): &(&str, GroupCounts)| Row {
            name: scope((*name).to_owned()).named(context).to(elsewhere(scope((*name).to_owned()), address)),
            figures: figures(share),
        };
        let whole = (ranked.len() > shown && shown < MOST_ROWS).then(|| {
            let count = context.format.number(i64::try_from(ranked.len()).unwrap_or(i64::MAX));
            ((context.texts.dashboard.all_of)(&count), whole_url(table, address))
        });
        Self { rows: ranked.iter().take(shown).map(row).collect(), whole }
    }
}

/// Returns the maximum number of rows of a table, as it is asked for.
pub fn most_rows(table: Table, address: &Address) -> usize {
    if address.options.whole == Some(table) { MOST_ROWS } else { FEW_ROWS }
}

/// Returns the URL of the same page with all rows of a table.
pub fn whole_url(table: Table, address: &Address) -> String {
    address.shown(ViewOptions { whole: Some(table), ..address.options }, table.as_str())
}

/// Returns the URL of another dashboard for the same days.
pub fn elsewhere(scope: Scope, address: &Address) -> String {
    let when = address.words.iter().filter(|(name, _)| ["start", "end", "period"].contains(name));
    let words = when.fold(FilterQuery::default(), |words, (name, value)| words.with(name, value));
    words.url(&scope.path())
}
