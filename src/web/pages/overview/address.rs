//! Where a dashboard is: whose it is, what it was asked for, and how it shows that. Every state is a url.

use crate::web::api::{self, Parameters};
use crate::web::pages::context::PageContext;
use crate::web::pages::filter_query::FilterQuery;
use crate::web::pages::named::Named;
use crate::web::paths::segment;
use crate::web::state::AppState;

/// Whose figures a dashboard shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody's.
    Company,
    /// An own line's.
    Line(String),
    /// A SIP user's.
    Agent(String),
    /// Somebody's outside.
    Caller(String),
}

impl Scope {
    /// The path of its page.
    pub fn path(&self) -> String {
        match self {
            Self::Company => "/".to_owned(),
            Self::Line(number) => format!("/lines/{}", segment(number)),
            Self::Agent(peer) => format!("/agents/{}", segment(peer)),
            Self::Caller(party) => format!("/callers/{}", segment(party)),
        }
    }

    /// Whose page it is, for people.
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

    /// A name of theirs that leads to the page, if there is one.
    pub fn link(self, named: Named, state: &AppState) -> Named {
        let has_page = match &self {
            Self::Company => true,
            Self::Line(subject) | Self::Caller(subject) => state.may_count(subject),
            Self::Agent(_) => state.config.agent_figures,
        };
        if has_page { named.to(self.path()) } else { named }
    }

    /// The filter word that means the same.
    pub fn word(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::Company => None,
            Self::Line(number) => Some(("number", number)),
            Self::Agent(peer) => Some(("peer", peer)),
            Self::Caller(party) => Some(("party", party)),
        }
    }
}

/// A table that can be shown whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Own lines.
    Lines,
    /// SIP users.
    Agents,
    /// Who called most often.
    Callers,
}

impl Table {
    const ALL: [Self; 3] = [Self::Lines, Self::Agents, Self::Callers];

    /// The word in urls.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Agents => "agents",
            Self::Callers => "callers",
        }
    }
}

/// How a dashboard shows what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ViewOptions {
    /// Whether figures are compared with a period before.
    pub compares: bool,
    /// Whether the week shows missed calls only.
    pub missed_only: bool,
    /// The table that is shown whole.
    pub whole: Option<Table>,
}

impl ViewOptions {
    /// Reads it; what is no manner is passed over.
    pub fn read(parameters: &Parameters) -> Self {
        let is = |name, value| api::parameter(parameters, name) == Some(value);
        Self {
            compares: !is("compare", "off"),
            missed_only: is("week", "missed"),
            whole: Table::ALL.into_iter().find(|table| is("all", table.as_str())),
        }
    }

    /// The parameters that say it; what goes without saying is left out.
    pub fn parameters(self) -> Vec<(&'static str, &'static str)> {
        let compare = (!self.compares).then_some(("compare", "off"));
        let week = self.missed_only.then_some(("week", "missed"));
        let whole = self.whole.map(|table| ("all", table.as_str()));
        [compare, week, whole].into_iter().flatten().collect()
    }
}

/// Where a dashboard is.
#[derive(Clone, Debug)]
pub struct Address {
    /// Whose it is.
    pub scope: Scope,
    /// What it was asked for, without its own word.
    pub words: FilterQuery,
    /// What a list of its calls has to be asked for when nothing says when.
    pub usual: FilterQuery,
    /// How it shows that.
    pub options: ViewOptions,
}

impl Address {
    /// The same page under other words.
    pub fn url(&self, words: &FilterQuery) -> String {
        words.url_with(&self.scope.path(), &self.options.parameters())
    }

    /// The same page, shown in another manner, at one of its boxes.
    pub fn shown(&self, options: ViewOptions, box_id: &str) -> String {
        format!("{}#{box_id}", self.words.url_with(&self.scope.path(), &options.parameters()))
    }

    /// The list of calls under these words.
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
