//! The URL state of a dashboard: its scope, its filter and its view options. Every state has a URL.

use crate::service::state::AppState;
use crate::web::extract::query::{self, Parameters};
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter_query::FilterQuery;
use crate::web::pages::layout::named::Named;
use crate::web::paths::segment;

/// The subject whose figures a dashboard shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The whole company.
    Company,
    /// An own line, by its number.
    Line(String),
    /// An agent, by its SIP user.
    Agent(String),
    /// An outside caller, by their number.
    Caller(String),
}

impl Scope {
    /// Returns the path of its page.
    pub fn path(&self) -> String {
        match self {
            Self::Company => "/".to_owned(),
            Self::Line(number) => format!("/lines/{}", segment(number)),
            Self::Agent(peer) => format!("/agents/{}", segment(peer)),
            Self::Caller(party) => format!("/callers/{}", segment(party)),
        }
    }

    /// Returns the display name of the scope.
    pub fn named(&self, context: &PageContext) -> Named {
        match self {
            Self::Company => Named::plain(context.texts.overview.title),
            Self::Line(asked) | Self::Agent(asked) | Self::Caller(asked) if !context.may_be_told(asked) => {
                Named::plain(asked)
            }
            Self::Line(number) => Named::line(number, &context.names),
            Self::Agent(peer) => Named::agent(peer, &context.names),
            Self::Caller(party) => Named::party(party, context),
        }
    }

    /// Links a name to the page of this scope, if there is one.
    pub fn link(self, named: Named, state: &AppState) -> Named {
        let has_page = match &self {
            Self::Company => true,
            Self::Line(subject) | Self::Caller(subject) => state.statistics.may_count(subject),
            Self::Agent(_) => state.config.agent_figures,
        };
        if has_page { named.to(self.path()) } else { named }
    }

    /// Returns the equivalent filter parameter.
    pub fn word(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Company => None,
            Self::Line(number) => Some(("number", number)),
            Self::Agent(peer) => Some(("peer", peer)),
            Self::Caller(party) => Some(("party", party)),
        }
    }
}

/// A table that can be expanded to all its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// The own lines.
    Lines,
    /// The agents, which are SIP users.
    Agents,
    /// The most frequent callers.
    Callers,
}

impl Table {
    const ALL: [Self; 3] = [Self::Lines, Self::Agents, Self::Callers];

    /// Returns the value of this table in URLs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Agents => "agents",
            Self::Callers => "callers",
        }
    }
}

/// The view options of a dashboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewOptions {
    /// Whether figures are compared with the preceding period.
    pub compares: bool,
    /// Whether the week heat map shows missed calls only.
    pub missed_only: bool,
    /// The table that is expanded to all its rows.
    pub whole: Option<Table>,
}

impl ViewOptions {
    /// Reads the options from query parameters; unknown values are ignored.
    pub fn read(parameters: &Parameters) -> Self {
        let is = |name, value| query::parameter(parameters, name) == Some(value);
        Self {
            compares: !is("compare", "off"),
            missed_only: is("week", "missed"),
            whole: Table::ALL.into_iter().find(|table| is("all", table.as_str())),
        }
    }

    /// Returns the query parameters of the options; defaults are left out.
    pub fn parameters(self) -> Vec<(&'static str, &'static str)> {
        let compare = (!self.compares).then_some(("compare", "off"));
        let week = self.missed_only.then_some(("week", "missed"));
        let whole = self.whole.map(|table| ("all", table.as_str()));
        [compare, week, whole].into_iter().flatten().collect()
    }
}

/// The address of a dashboard.
#[derive(Clone, Debug)]
pub struct Address {
    /// The subject of the dashboard.
    pub scope: Scope,
    /// The filter parameters, without the one of its scope.
    pub words: FilterQuery,
    /// The default time range of its call lists when the parameters do not restrict the time.
    pub usual: FilterQuery,
    /// The view options.
    pub options: ViewOptions,
}

impl Address {
    /// Returns the URL of the same page with other filter parameters.
    pub fn url(&self, words: &FilterQuery) -> String {
        words.url_with(&self.scope.path(), &self.options.parameters())
    }

    /// Returns the URL of the same page with other view options, at one of its boxes.
    pub fn shown(&self, options: ViewOptions, box_id: &str) -> String {
        format!("{}#{box_id}", self.words.url_with(&self.scope.path(), &options.parameters()))
    }

    /// Returns the URL of the call list with these parameters.
    pub fn calls(&self, words: FilterQuery) -> String {
        let says_when = ["start", "end", "period"].into_iter().any(|name| !words.get(name).is_empty());
        let words = match says_when {
            true => words,
            false => self.usual.iter().fold(words, |words, (name, value)| words.with(name, value)),
        };
        self.scope.word().map_or(words.clone(), |(name, value)| words.with(name, value)).url("/calls")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(scope: Scope, query: &str) -> Address {
        let parameters = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        let usual = FilterQuery::default().with("start", "1970-01-01").with("end", "2026-11-22");
        Address { scope, words: FilterQuery::read(&parameters), usual, options: ViewOptions::read(&parameters) }
    }

    #[test]
    fn every_state_is_a_url() {
        let line = address(Scope::Line("+4922129191999".into()), "period=7d&compare=off&week=missed&all=agents&x=1");
        let path = "/lines/%2B4922129191999";
        assert_eq!(line.url(&line.words), format!("{path}?period=7d&compare=off&week=missed&all=agents"));
        let plain = ViewOptions::read(&Parameters::new());
        assert_eq!(line.shown(plain, "week"), format!("{path}?period=7d#week"));
        assert_eq!(line.calls(line.words.clone()), "/calls?period=7d&number=%2B4922129191999");
        assert_eq!(address(Scope::Company, "week=yes&all=x").options, plain);
    }

    #[test]
    fn a_list_without_a_time_gets_the_usual_one() {
        let caller = address(Scope::Caller("a b/c".into()), "");
        assert_eq!(caller.url(&caller.words), "/callers/a%20b%2Fc");
        assert_eq!(caller.calls(FilterQuery::default()), "/calls?start=1970-01-01&end=2026-11-22&party=a+b%2Fc");
    }
}
