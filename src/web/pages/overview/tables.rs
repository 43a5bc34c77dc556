//! The tables of a dashboard: lines, agents, callers and outcomes.

use super::address::{Address, Scope, Table, ViewOptions};
use crate::calls::outcome::Outcome;
use crate::i18n::format::NOTHING;
use crate::stats::people::{CountsByName, GroupCounts};
use crate::stats::series::Series;
use crate::stats::totals::Totals;
use crate::store::calls::TopCaller;
use crate::web::pages::context::PageContext;
use crate::web::pages::filter_query::FilterQuery;
use crate::web::pages::named::Named;

/// The maximum number of rows of a collapsed table, followed by that of an expanded one.
const FEW_ROWS: usize = 8;
pub const MOST_ROWS: usize = 100;

/// A table whose rows have a linked name and figures.
pub struct TableView {
    pub rows: Vec<Row>,
    /// The text that says how many rows there are, and the URL that shows them all.
    pub whole: Option<(String, String)>,
}

/// A row of a table.
pub struct Row {
    pub name: Named,
    pub figures: Vec<String>,
}

/// Returns the table of own lines, sorted by inbound calls; for an agent without missed calls.
pub fn lines(shares: &CountsByName, of_agent: bool, address: &Address, context: &PageContext) -> TableView {
    let format = &context.format;
    let figures = |share: &GroupCounts| match of_agent {
        true => vec![format.number(share.inbound), format.number(share.accepted)],
        false => {
            let missed = format.share(share.missed, share.answerable);
            vec![format.number(share.inbound), format.number(share.missed), missed]
        }
    };
    table(shares.ranked(|share| share.inbound), Table::Lines, Scope::Line, figures, address, context)
}

/// Returns the table of agents, sorted by conversations.
pub fn agents(shares: &CountsByName, address: &Address, context: &PageContext) -> TableView {
    let format = &context.format;
    let mean = |share: &GroupCounts| match share.talk_calls {
        0 => NOTHING.to_owned(),
        calls => format.mean_duration(Some(share.talk_seconds as f64 / calls as f64)),
    };
    let total = |share: &GroupCounts| Some(share.talk_seconds).filter(|_| share.talk_calls > 0);
    let figures =
        |share: &GroupCounts| vec![format.number(share.accepted), format.known_duration(total(share)), mean(share)];
    table(shares.ranked(|share| share.accepted), Table::Agents, Scope::Agent, figures, address, context)
}

fn table(
    ranked: Vec<(&str, GroupCounts)>,
    table: Table,
    scope: fn(String) -> Scope,
    figures: impl Fn(&GroupCounts) -> Vec<String>,
    address: &Address,
    context: &PageContext,
) -> TableView {
    let shown = if address.options.whole == Some(table) { MOST_ROWS } else { FEW_ROWS };
    let row = |(name, share): &(&str, GroupCounts)| Row {
        name: scope((*name).to_owned()).named(context).to(elsewhere(scope((*name).to_owned()), address)),
        figures: figures(share),
    };
    let whole = (ranked.len() > shown && shown < MOST_ROWS).then(|| {
        let count = context.format.number(i64::try_from(ranked.len()).unwrap_or(i64::MAX));
        (
            (context.texts.dashboard.all_of)(&count),
            address.shown(ViewOptions { whole: Some(table), ..address.options }, table.as_str()),
        )
    });
    TableView { rows: ranked.iter().take(shown).map(row).collect(), whole }
}

/// Returns the URL of another dashboard for the same days.
pub fn elsewhere(scope: Scope, address: &Address) -> String {
    let when = address.words.iter().filter(|(name, _)| ["start", "end", "period"].contains(name));
    let words = when.fold(FilterQuery::default(), |words, (name, value)| words.with(name, value));
    words.url(&scope.path())
}

/// Returns the number of callers to fetch.
pub fn callers_shown(options: ViewOptions) -> usize {
    if options.whole == Some(Table::Callers) { MOST_ROWS } else { FEW_ROWS }
}

/// Returns the table of the most frequent callers; for an agent without missed calls.
pub fn callers(callers: &[TopCaller], of_agent: bool, address: &Address, context: &PageContext) -> Vec<Row> {
    let row = |caller: &TopCaller| Row {
        name: Named::party(&*caller.party, context).to(elsewhere(Scope::Caller(caller.party.clone()), address)),
        figures: match of_agent {
            true => vec![context.format.number(caller.calls)],
            false => vec![context.format.number(caller.calls), context.format.number(caller.missed)],
        },
    };
    callers.iter().map(row).collect()
}

/// The calls with one outcome.
pub struct OutcomeRow {
    pub class: &'static str,
    pub name: &'static str,
    pub href: String,
    pub count: String,
    pub share: String,
    /// The width of the bar, in percent.
    pub width: String,
}

/// Returns the counts and shares of the outcomes.
pub fn outcomes(totals: &Totals, words: &FilterQuery, address: &Address, context: &PageContext) -> Vec<OutcomeRow> {
    let seen = Outcome::ALL.into_iter().map(|outcome| (outcome, totals.outcomes.get(outcome)));
    let row = |(outcome, count): (Outcome, i64)| OutcomeRow {
        class: Series::of(outcome).as_str(),
        name: (context.texts.outcome)(outcome),
        href: address.calls(words.clone().with("outcome", outcome.as_str())),
        count: context.format.number(count),
        share: context.format.share(count, totals.calls),
        width: format!("{:.1}", 100.0 * count as f64 / totals.calls.max(1) as f64),
    };
    seen.filter(|(_, count)| *count > 0).map(row).collect()
}
