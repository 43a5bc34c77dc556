//! Who was called, who answered, who called, and what became of it.

use super::address::{Address, Manner, Scope, Table};
use crate::calls::outcome::Outcome;
use crate::stats::people::{Share, Shares};
use crate::stats::totals::Totals;
use crate::store::calls::TopCaller;
use crate::web::charts::Series;
use crate::web::i18n::format::NOTHING;
use crate::web::pages::named::Named;
use crate::web::pages::visit::Visit;
use crate::web::pages::words::Words;

/// Rows of a table that is not shown whole, and of one that is.
const FEW_ROWS: usize = 8;
pub const MOST_ROWS: usize = 100;

/// A table: a name that leads on, and figures.
pub struct TableView {
    pub rows: Vec<Row>,
    /// How many there are, and the way to see them all.
    pub whole: Option<(String, String)>,
}

/// A row of a table.
pub struct Row {
    pub name: Named,
    pub figures: Vec<String>,
}

/// Own lines, by inbound calls; of an agent without what was missed.
pub fn lines(shares: &Shares, of_agent: bool, address: &Address, visit: &Visit) -> TableView {
    let format = &visit.format;
    let figures = |share: &Share| match of_agent {
        true => vec![format.number(share.inbound), format.number(share.accepted)],
        false => {
            let missed = format.share(share.missed, share.answerable);
            vec![format.number(share.inbound), format.number(share.missed), missed]
        }
    };
    table(shares.ranked(|share| share.inbound), Table::Lines, Scope::Line, figures, address, visit)
}

/// SIP users, by conversations.
pub fn agents(shares: &Shares, address: &Address, visit: &Visit) -> TableView {
    let format = &visit.format;
    let mean = |share: &Share| match share.talk_calls {
        0 => NOTHING.to_owned(),
        calls => format.mean_duration(Some(share.talk_seconds as f64 / calls as f64)),
    };
    let total = |share: &Share| Some(share.talk_seconds).filter(|_| share.talk_calls > 0);
    let figures = |share: &Share| vec![format.number(share.accepted), format.known_duration(total(share)), mean(share)];
    table(shares.ranked(|share| share.accepted), Table::Agents, Scope::Agent, figures, address, visit)
}

fn table(
    ranked: Vec<(&str, Share)>,
    table: Table,
    scope: fn(String) -> Scope,
    figures: impl Fn(&Share) -> Vec<String>,
    address: &Address,
    visit: &Visit,
) -> TableView {
    let shown = if address.manner.whole == Some(table) { MOST_ROWS } else { FEW_ROWS };
    let row = |(name, share): &(&str, Share)| Row {
        name: scope((*name).to_owned()).named(visit).to(elsewhere(scope((*name).to_owned()), address)),
        figures: figures(share),
    };
    let whole = (ranked.len() > shown && shown < MOST_ROWS).then(|| {
        let count = visit.format.number(i64::try_from(ranked.len()).unwrap_or(i64::MAX));
        (
            (visit.texts.dashboard.all_of)(&count),
            address.shown(Manner { whole: Some(table), ..address.manner }, table.as_str()),
        )
    });
    TableView { rows: ranked.iter().take(shown).map(row).collect(), whole }
}

/// The same days of somebody else's dashboard.
pub fn elsewhere(scope: Scope, address: &Address) -> String {
    let when = address.words.iter().filter(|(name, _)| ["start", "end", "period"].contains(name));
    let words = when.fold(Words::default(), |words, (name, value)| words.with(name, value));
    words.url(&scope.path())
}

/// How many callers are looked for.
pub fn callers_shown(manner: Manner) -> usize {
    if manner.whole == Some(Table::Callers) { MOST_ROWS } else { FEW_ROWS }
}

/// Who called most often; of an agent without what was missed.
pub fn callers(callers: &[TopCaller], of_agent: bool, address: &Address, visit: &Visit) -> Vec<Row> {
    let row = |caller: &TopCaller| Row {
        name: Named::party(&*caller.party, visit).to(elsewhere(Scope::Caller(caller.party.clone()), address)),
        figures: match of_agent {
            true => vec![visit.format.number(caller.calls)],
            false => vec![visit.format.number(caller.calls), visit.format.number(caller.missed)],
        },
    };
    callers.iter().map(row).collect()
}

/// What became of some of the calls.
pub struct OutcomeRow {
    pub class: &'static str,
    pub name: &'static str,
    pub href: String,
    pub count: String,
    pub share: String,
    /// Of the width, in percent.
    pub width: String,
}

/// What became of the calls, as far as anything did.
pub fn outcomes(totals: &Totals, words: &Words, address: &Address, visit: &Visit) -> Vec<OutcomeRow> {
    let seen = Outcome::ALL.into_iter().map(|outcome| (outcome, totals.outcomes.get(outcome)));
    let row = |(outcome, count): (Outcome, i64)| OutcomeRow {
        class: Series::of(outcome).class(),
        name: (visit.texts.outcome)(outcome),
        href: address.calls(words.clone().with("outcome", outcome.as_str())),
        count: visit.format.number(count),
        share: visit.format.share(count, totals.calls),
        width: format!("{:.1}", 100.0 * count as f64 / totals.calls.max(1) as f64),
    };
    seen.filter(|(_, count)| *count > 0).map(row).collect()
}
