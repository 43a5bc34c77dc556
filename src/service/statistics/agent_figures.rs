//! The setting that switches off figures by agent: which filters it refuses, and whom figures must not name.

use super::Statistics;
use crate::stats::filter::{Filter, FilterError, FilterProblem};
use crate::stats::people::is_sip_user;

impl Statistics {
    /// Returns whether figures may name this agent, line or party: in internal calls, a SIP user is a party, too.
    pub fn may_count(&self, subject: &str) -> bool {
        self.agent_figures || !is_sip_user(subject)
    }

    /// Returns a line or a party as figures name it: empty if it must not be named.
    pub fn counted_as<'a>(&self, subject: &'a str) -> &'a str {
        if self.may_count(subject) { subject } else { "" }
    }

    /// Checks that a filter does not narrow calls down to one agent, unless that is allowed.
    ///
    /// # Errors
    /// The field that narrows it down to one although that is switched off.
    pub fn check_agents(&self, filter: &Filter) -> Result<(), FilterError> {
        let may_count = |subject: &Option<String>| subject.as_ref().is_none_or(|subject| self.may_count(subject));
        let fields = [
            ("peer", self.agent_figures || filter.peer.is_none()),
            ("number", may_count(&filter.number)),
            ("party", may_count(&filter.party)),
        ];
        let refused = fields.into_iter().find(|(_, is_allowed)| !is_allowed);
        refused.map_or(Ok(()), |(field, _)| Err(FilterError { field, problem: FilterProblem::AgentFigures }))
    }
}
