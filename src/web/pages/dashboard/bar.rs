//! The filter bar of a dashboard: days, call filters, and whether to compare.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::{Address, Scope};
use crate::i18n::{DashboardTexts, FilterTexts};
use crate::service::directory::names::Names;
use crate::service::state::AppState;
use crate::service::statistics::figures::{CountingPlan, PeriodFigures};
use crate::stats::business::{day_number, next_day};
use crate::stats::compare::{Step, earlier, later};
use crate::stats::filter::{Filter, MAX_YEARS};
use crate::stats::people::CountsByName;
use crate::stats::period::{DayRange, Period};
use crate::store::calls::find::lines_and_peers;
use crate::web::error::Error;
use crate::web::pages::layout::context::PageContext;
use crate::web::pages::layout::filter::{PageFilter, shown};
use crate::web::pages::layout::filter_query::FilterQuery;
use crate::web::pages::layout::named::Named;

/// The maximum number of options in a select field; with more, a text input is handier.
const MOST_CHOICES: usize = 50;

/// The filter bar.
#[derive(Template)]
#[template(path = "partials/dashboard/bar.html")]
pub struct Bar {
    t: &'static FilterTexts,
    d: &'static DashboardTexts,
    path: String,
    days: String,
    notice: Option<String>,
    pills: Vec<Pill>,
    earlier: Option<String>,
    later: Option<String>,
    chips: Vec<Chip>,
    reset: String,
    kept: Vec<(&'static str, String)>,
    start: String,
    end: String,
    fields: Vec<Field>,
    is_open: bool,
}

/// The template of the box escapes its parts.
impl HtmlSafe for Bar {}

/// A link to a named period.
struct Pill {
    href: String,
    name: &'static str,
    is_chosen: bool,
}

/// An active filter parameter, and the link that removes it.
struct Chip {
    name: &'static str,
    value: String,
    remove: String,
    without: String,
}

/// A field of the form: a select field, or a text input if there are too many options.
struct Field {
    name: &'static str,
    label: &'static str,
    value: String,
    options: Vec<Choice>,
}

/// One option of a select field.
struct Choice {
    value: String,
    name: String,
    is_chosen: bool,
}

/// The options that the fields for line and agent offer.
pub struct Offered {
    lines: Vec<String>,
    agents: Vec<String>,
}

impl Offered {
    /// Returns the lines and agents of the period: those that the figures tell, else those that the database knows.
    pub async fn fetch(
        plan: CountingPlan,
        filter: &Filter,
        figures: &PeriodFigures,
        state: &AppState,
    ) -> Result<Self, Error> {
        if plan == CountingPlan::Cells || filter.lines.is_some() {
            let details = &figures.details;
            return Ok(Self { lines: names(&details.lines), agents: names(&details.agents) });
        }
        let days = day_number(filter.days.start)..day_number(next_day(filter.days.end));
        let (mut lines, agents) = lines_and_peers(&state.db, days).await?;
        lines.retain(|line| state.statistics.may_count(line));
        Ok(Self { lines, agents })
    }
}

fn names(shares: &CountsByName) -> Vec<String> {
    let mut names: Vec<_> = shares.ranked(|share| share.calls).into_iter().map(|(name, _)| name.to_owned()).collect();
    names.sort();
    names
}

impl Bar {
    /// Builds the filter bar of a dashboard.
    pub fn new(
        asked: &PageFilter,
        address: &Address,
        offered: Offered,
        state: &AppState,
        context: &PageContext,
    ) -> Self {
        let t = &context.texts.filter;
        let (days, period, today) = (asked.filter().days, asked.filter().period, context.today);
        let step = |step: Step| address.url(&words_of(&asked.words, step));
        let fields = fields(asked, address, offered, state, context);
        let is_field = |name: &str| fields.iter().any(|field| field.name == name);
        let kept = asked.typed.narrowing().filter(|(name, _)| !is_field(name));
        let mut kept: Vec<_> = kept.map(|(name, value)| (name, value.to_owned())).collect();
        if period.is_some() {
            kept.extend(asked.words.iter().filter(|(name, _)| *name == "period").map(|(n, v)| (n, v.to_owned())));
        }
        let options = address.options.parameters().into_iter().filter(|(name, _)| *name != "compare");
        kept.extend(options.map(|(name, value)| (name, value.to_owned())));
        Self {
            t,
            d: &context.texts.dashboard,
            path: address.scope.path(),
            days: days_line(days, address, context),
            notice: asked.notice.clone(),
            pills: Period::ALL.into_iter().map(|period| pill(period, asked, address, t)).collect(),
            earlier: earlier(days, period, today).map(step),
            later: later(days, period, today).map(step),
            chips: chips(asked, address, context),
            reset: address.url(&FilterQuery::default()),
            kept,
            start: asked.typed.get("start").to_owned(),
            end: asked.typed.get("end").to_owned(),
            fields,
            is_open: asked.notice.is_some(),
        }
    }
}

/// Replaces the time range of the filter parameters.
fn words_of(words: &FilterQuery, Step { days, period }: Step) -> FilterQuery {
    let words = words.clone().any_time();
    match period {
        Some(period) => words.with("period", period.as_str()),
        None => words.with("start", days.start.to_string()).with("end", days.end.to_string()),
    }
}

fn days_line(days: DayRange, address: &Address, context: &PageContext) -> String {
    let format = &context.format;
    if days.start == days.end {
        format!("{}, {}", format.weekday(days.start), format.day(days.start))
    } else if matches!(address.scope, Scope::Caller(_)) && days == DayRange::years_ending(days.end, MAX_YEARS) {
        context.texts.dashboard.ever.to_owned()
    } else {
        format!("{} – {}", format.day(days.start), format.day(days.end))
    }
}

fn pill(period: Period, asked: &PageFilter, address: &Address, t: &FilterTexts) -> Pill {
    Pill {
        href: address.url(&asked.words.clone().any_time().with("period", period.as_str())),
        name: (t.period_name)(period),
        is_chosen: asked.filter().period == Some(period) && asked.notice.is_none(),
    }
}

fn chips(asked: &PageFilter, address: &Address, context: &PageContext) -> Vec<Chip> {
    let t = &context.texts.filter;
    let chip = |(name, value): (&'static str, &str)| Chip {
        name: (t.field)(name),
        value: shown(name, value, context),
        remove: (t.remove)((t.field)(name)),
        without: address.url(&asked.words.clone().without(name)),
    };
    asked.words.narrowing().map(chip).collect()
}

fn fields(
    asked: &PageFilter,
    address: &Address,
    offered: Offered,
    state: &AppState,
    context: &PageContext,
) -> Vec<Field> {
    let (t, d) = (&context.texts.filter, &context.texts.dashboard);
    let typed = |name| asked.typed.get(name);
    let fixed = |name, choices: &[(&str, &str)]| Field {
        name,
        label: (t.field)(name),
        value: typed(name).to_owned(),
        options: choices.iter().map(|(value, name)| (value.to_string(), name.to_string())).map(choice).collect(),
    };
    let seen = |name, label, chosen: Option<&String>, seen: Vec<String>, named: fn(String, &Names) -> Named| {
        let mut seen: Vec<_> = seen.into_iter().map(|raw| (named(raw.clone(), &context.names), raw)).collect();
        seen.sort_by_cached_key(|(named, raw)| (named.name.is_none(), named.short().to_lowercase(), raw.clone()));
        let mut options = vec![(String::new(), t.any.to_owned())];
        options.extend(seen.into_iter().map(|(named, raw)| (raw, named.both())));
        let value = chosen.map_or_else(|| typed(name).to_owned(), Clone::clone);
        Field { name, label, value, options: options.into_iter().map(choice).collect() }
    };
    let mut fields = Vec::new();
    if !matches!(address.scope, Scope::Line(_) | Scope::Caller(_)) {
        fields.push(seen("number", d.line, asked.filter().number.as_ref(), offered.lines, Named::line));
    }
    if state.config.agent_figures && !matches!(address.scope, Scope::Agent(_) | Scope::Caller(_)) {
        fields.push(seen("peer", d.agent, asked.filter().peer.as_ref(), offered.agents, Named::agent));
    }
    fields.push(fixed("direction", &[("", t.any), ("in", t.inbound), ("out", t.outbound), ("internal", t.internal)]));
    if state.config.business_hours.is_some() {
        fields.push(fixed("hours", &[("", t.any), ("open", t.open_hours), ("closed", t.closed_hours)]));
    }
    if !matches!(address.scope, Scope::Caller(_)) {
        let mut compare = fixed("compare", &[("", d.compare_on), ("off", d.compare_off)]);
        compare.label = d.compare;
        compare.value = if address.options.compares { String::new() } else { "off".to_owned() };
        fields.push(compare);
    }
    fields.into_iter().map(chosen).collect()
}

fn choice((value, name): (String, String)) -> Choice {
    Choice { value, name, is_chosen: false }
}

/// Marks the selected option, adding it if it is missing. Clears the options if there are too many of them.
fn chosen(mut field: Field) -> Field {
    if field.options.len() > MOST_CHOICES + 1 {
        field.options.clear();
        return field;
    }
    if !field.options.iter().any(|option| option.value == field.value) {
        field.options.push(choice((field.value.clone(), field.value.clone())));
    }
    for option in &mut field.options {
        option.is_chosen = option.value == field.value;
    }
    field
}
