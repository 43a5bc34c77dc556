//! Figures by agent, where they are switched off: what may not be asked for, and who is not named in figures.

use super::state::AppState;
use crate::stats::filter::{Filter, FilterError, FilterProblem};
use crate::stats::people::is_sip_user;

impl AppState {
    /// Whether somebody may be told by this agent, line or party: a SIP user stands there, too, in internal calls.
    pub fn may_count(&self, subject: &str) -> bool {
        self.config.agent_figures || !is_sip_user(subject)
    }

    /// As figures name a line or a party: nobody, if it must not be told.
    pub fn counted_as<'a>(&self, subject: &'a str) -> &'a str {
        if self.may_count(subject) { subject } else { "" }
    }

    /// Whether the calls of this filter are not those of one agent, or may be.
    ///
    /// # Errors
    /// The word that narrows it down to one although that is switched off.
    pub fn check_agents(&self, filter: &Filter) -> Result<(), FilterError> {
        let may_count = |subject: &Option<String>| subject.as_ref().is_none_or(|subject| self.may_count(subject));
        let fields = [
            ("peer", self.config.agent_figures || filter.peer.is_none()),
            ("number", may_count(&filter.number)),
            ("party", may_count(&filter.party)),
        ];
        let refused = fields.into_iter().find(|(_, is_allowed)| !is_allowed);
        refused.map_or(Ok(()), |(field, _)| Err(FilterError { field, problem: FilterProblem::AgentFigures }))
    }
}
