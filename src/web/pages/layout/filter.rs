//! The call filter of a page: reads it from the URL, and provides the form and links that change it.

use super::context::PageContext;
use super::filter_query::FilterQuery;
use super::named::Named;
use crate::calls::outcome::Outcome;
use crate::i18n::FilterTexts;
use crate::service::state::AppState;
use crate::stats::as_of::FilterAsOf;
use crate::stats::filter::{Filter, FilterError, FilterProblem};
use crate::stats::period::Period;
use crate::web::extract::calls_request::CallsRequest;
use crate::web::extract::query::Parameters;

/// The filter value of the choice that combines two outcomes.
const MISSED_OR_VOICEMAIL: &str = "missed,voicemail";

/// The maximum length of an unusable value in its error message, in characters.
const MOST_SHOWN: usize = 40;

/// The filter of a page, as query parameters of the public API.
pub struct PageFilter {
    /// The calls to count or list; the default if the parameters are unusable.
    pub calls: FilterAsOf,
    /// The parameters in effect; none if they are unusable.
    pub words: FilterQuery,
    /// The parameters as entered, whether usable or not.
    pub typed: FilterQuery,
    /// The message that says why the parameters are unusable.
    pub notice: Option<String>,
}

/// The filter bar as the template shows it.
pub struct FilterView {
    pub t: &'static FilterTexts,
    pub path: &'static str,
    pub period: String,
    pub pills: Vec<Choice>,
    pub chips: Vec<Chip>,
    pub reset: String,
    pub notice: Option<String>,
    pub start: String,
    pub end: String,
    pub kept_period: String,
    pub search: String,
    pub number: String,
    pub party: String,
    pub peer: Option<String>,
    pub route: String,
    pub directions: Vec<Choice>,
    pub outcomes: Vec<Choice>,
    pub hours: Vec<Choice>,
    pub is_open: bool,
}

/// One option of a choice.
pub struct Choice {
    pub value: String,
    pub name: &'static str,
    pub is_chosen: bool,
}

/// An active filter parameter, and the link that removes it.
pub struct Chip {
    pub name: &'static str,
    pub value: String,
    pub remove: String,
    pub without: String,
}

impl PageFilter {
    /// Reads the filter from the query parameters of a request.
    pub fn read(request: &CallsRequest, state: &AppState, context: &PageContext) -> Self {
        Self::within(request, &[], state, context)
    }

    /// Reads the filter for a page that fixes some parameters of its own, which must be usable. These are part of
    /// `calls`, but not of `words`.
    pub fn within(
        request: &CallsRequest,
        own: &[(&'static str, String)],
        state: &AppState,
        context: &PageContext,
    ) -> Self {
        let is_free = |(name, _): &&(String, String)| !own.iter().any(|(own, _)| own == name);
        let mut parameters: Parameters = request.parameters.iter().filter(is_free).cloned().collect();
        let typed = FilterQuery::read(&parameters);
        let own: Parameters = own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        parameters.extend(own.iter().cloned());
        match request.filter_by(&parameters, state) {
            Ok(calls) => Self { calls, words: typed.clone(), typed, notice: None },
            Err(error) => Self {
                calls: request.filter_by(&own, state).unwrap_or_else(|_| default(request)),
                words: FilterQuery::default(),
                notice: Some(notice(context, error, typed.get(error.field))),
                // No form asks again for a parameter whose feature is switched off.
                typed: match error.problem {
                    FilterProblem::AgentFigures => typed.without(error.field),
                    _ => typed,
                },
            },
        }
    }

    /// Returns the filter of the calls to count or list.
    pub fn filter(&self) -> &Filter {
        &self.calls.filter
    }

    /// Builds the filter bar for the page at `path`.
    pub fn view(&self, path: &'static str, state: &AppState, context: &PageContext) -> FilterView {
        let t = &context.texts.filter;
        let word = |name: &str| self.typed.get(name).to_owned();
        let days = self.filter().days;
        let when = if days.start == days.end {
            format!("{}, {}", context.format.weekday(days.start), context.format.day(days.start))
        } else {
            format!("{} – {}", context.format.day(days.start), context.format.day(days.end))
        };
        let uses_period = self.filter().period.is_some();
        FilterView {
            t,
            path,
            period: when,
            pills: self.pills(path, t),
            chips: self.chips(path, context),
            reset: FilterQuery::default().url(path),
            notice: self.notice.clone(),
            start: word("start"),
            end: word("end"),
            kept_period: if uses_period { self.words.get("period").to_owned() } else { String::new() },
            search: word("q"),
            number: word("number"),
            party: word("party"),
            peer: state.config.agent_figures.then(|| word("peer")),
            route: word("route"),
            directions: choices(
                self.typed.get("direction"),
                &[("", t.any), ("in", t.inbound), ("out", t.outbound), ("internal", t.internal)],
            ),
            outcomes: choices(self.typed.get("outcome"), &outcome_choices(context)),
            hours: choices(self.typed.get("hours"), &[("", t.any), ("open", t.open_hours), ("closed", t.closed_hours)]),
            is_open: self.notice.is_some(),
        }
    }

    fn pills(&self, path: &str, t: &FilterTexts) -> Vec<Choice> {
        let pill = |period: Period| Choice {
            value: self.words.clone().any_time().with("period", period.as_str()).url(path),
            name: (t.period_name)(period),
            is_chosen: self.filter().period == Some(period) && self.notice.is_none(),
        };
        Period::ALL.into_iter().map(pill).collect()
    }

    fn chips(&self, path: &str, context: &PageContext) -> Vec<Chip> {
        let t = &context.texts.filter;
        let chip = |(name, value): (&'static str, &str)| Chip {
            name: (t.field)(name),
            value: shown(name, value, context),
            remove: (t.remove)((t.field)(name)),
            without: self.words.clone().without(name).url(path),
        };
        self.words.narrowing().map(chip).collect()
    }
}

/// Returns the calls of 30 days.
fn default(request: &CallsRequest) -> FilterAsOf {
    let days = Period::ThirtyDays.days(request.as_of.today);
    FilterAsOf { filter: Filter { lines: request.lines.clone(), ..Filter::all(days) }, as_of: request.as_of }
}

/// Returns the message that the page shows the default because a parameter is unusable.
fn notice(context: &PageContext, error: FilterError, value: &str) -> String {
    format!("{} {}", unusable(context, error, value), context.texts.filter.fallback)
}

/// Returns the message that describes an unusable parameter.
pub fn unusable(context: &PageContext, error: FilterError, value: &str) -> String {
    let t = &context.texts.filter;
    let shown: String = value.chars().filter(|c| !c.is_control()).take(MOST_SHOWN).collect();
    (t.unusable)((t.field)(error.field), &shown, (t.problem)(error.problem))
}

fn outcome_choices(context: &PageContext) -> Vec<(&'static str, &'static str)> {
    let t = &context.texts.filter;
    let mut choices = vec![("", t.any), (MISSED_OR_VOICEMAIL, t.missed_or_voicemail)];
    choices.extend(Outcome::ALL.map(|outcome| (outcome.as_str(), (context.texts.outcome)(outcome))));
    choices
}

fn choices(chosen: &str, all: &[(&'static str, &'static str)]) -> Vec<Choice> {
    let mut choices: Vec<_> =
        all.iter().map(|&(value, name)| Choice { value: value.into(), name, is_chosen: value == chosen }).collect();
    if !choices.iter().any(|choice| choice.is_chosen) {
        // A combination that no option offers but the URL contains stays selected.
        choices.push(Choice { value: chosen.to_owned(), name: "…", is_chosen: true });
    }
    choices
}

/// Returns the display text of a filter parameter.
pub fn shown(name: &str, value: &str, context: &PageContext) -> String {
    let t = &context.texts.filter;
    match (name, value) {
        ("direction", "in") => t.inbound.to_owned(),
        ("direction", "out") => t.outbound.to_owned(),
        ("direction", "internal") => t.internal.to_owned(),
        ("hours", "open") => t.open_hours.to_owned(),
        ("hours", "closed") => t.closed_hours.to_owned(),
        ("outcome", outcomes) => {
            let names = outcomes.split(',').filter_map(|word| Outcome::parse(word.trim()));
            names.map(context.texts.outcome).collect::<Vec<_>>().join(", ")
        }
        ("number" | "party", number) => {
            // A raw + in a query decodes to a space.
            let number = number.strip_prefix(' ').map_or(number.to_owned(), |rest| format!("+{}", rest.trim()));
            let named = match name {
                _ if !context.may_be_told(&number) => Named::plain(number),
                "number" => Named::line(number, &context.names),
                _ => Named::party(number, context),
            };
            named.short().to_owned()
        }
        ("route" | "peer", asked) if !context.may_be_told(asked) => asked.to_owned(),
        ("route", id) => id.parse().ok().and_then(|id| context.route_name(id)).unwrap_or_else(|| id.to_owned()),
        ("peer", peer) => context.names.agent(peer).as_deref().unwrap_or(peer).to_owned(),
        _ => value.to_owned(),
    }
}
