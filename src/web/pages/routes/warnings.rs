//! Descriptions of warnings about routes.

use crate::i18n::WarningTexts;
use crate::routing::warnings::{Gap, RouteName, Warning, Warnings};
use crate::web::pages::layout::context::PageContext;

/// The maximum number of warnings to show.
const MOST_WARNINGS: usize = 10;
/// The maximum number of time gaps to name; further ones are only counted.
const MOST_GAPS: usize = 3;
/// The maximum number of numbers to name; further ones are only counted.
const MOST_NUMBERS: usize = 4;

/// The warnings that a page shows.
pub struct WarningsView {
    /// The title, which says how many there are.
    pub title: String,
    /// The first warnings.
    pub items: Vec<WarningView>,
    /// The text that says how many more there are.
    pub more: Option<String>,
    /// The checks that could not be made.
    pub unchecked: Vec<String>,
}

/// A warning as a sentence, which may begin and end with a route.
pub struct WarningView {
    /// The name and path of the route at the beginning.
    pub route: Option<(String, String)>,
    /// The sentence, or the text between the two routes.
    pub text: String,
    /// The name and path of the route at the end.
    pub by: Option<(String, String)>,
}

impl WarningsView {
    /// Builds the view; `None` if there are no warnings.
    pub fn new(warnings: Warnings, context: &PageContext) -> Option<Self> {
        let t = &context.texts.warnings;
        let Warnings { items, unchecked } = warnings;
        if items.is_empty() && unchecked.is_empty() {
            return None;
        }
        let rest = items.len().saturating_sub(MOST_WARNINGS);
        Some(Self {
            title: (t.title)(items.len(), &number(items.len(), context)),
            items: items.into_iter().take(MOST_WARNINGS).map(|warning| view(warning, context)).collect(),
            more: (rest > 0).then(|| (t.more)(rest, &number(rest, context))),
            unchecked: unchecked.into_iter().map(|check| (t.check)(check.as_str()).to_owned()).collect(),
        })
    }

    /// Builds the view of only those warnings that concern one route.
    pub fn of_route(mut warnings: Warnings, id: i64, context: &PageContext) -> Option<Self> {
        warnings.items.retain(|warning| warning.route().is_some_and(|route| route.id == id));
        warnings.unchecked.clear();
        Self::new(warnings, context)
    }
}

fn number(n: usize, context: &PageContext) -> String {
    context.format.number(i64::try_from(n).unwrap_or(i64::MAX))
}

fn view(warning: Warning, context: &PageContext) -> WarningView {
    let t = &context.texts.warnings;
    let link = |RouteName { id, name }: RouteName| Some((name, format!("/routes/{id}")));
    match warning {
        Warning::NoLastResort => WarningView { route: None, text: t.no_last_resort.to_owned(), by: None },
        Warning::NeverMatches { route, by } => {
            WarningView { route: link(route), text: t.never_matches.to_owned(), by: link(by) }
        }
        Warning::ForNobody { route } => WarningView { route: link(route), text: t.for_nobody.to_owned(), by: None },
        Warning::NeverOpens { route } => WarningView { route: link(route), text: t.never_opens.to_owned(), by: None },
        Warning::Uncovered { numbers, gaps } => {
            let numbers = if numbers.is_empty() { t.other_numbers.to_owned() } else { some_of(&numbers, context) };
            WarningView { route: None, text: (t.uncovered)(&numbers, &times(&gaps, t, context)), by: None }
        }
    }
}

fn some_of(numbers: &[String], context: &PageContext) -> String {
    let shown = numbers.iter().take(MOST_NUMBERS).map(String::as_str).collect::<Vec<_>>().join(", ");
    match numbers.len().saturating_sub(MOST_NUMBERS) {
        0 => shown,
        more => format!("{shown} {}", (context.texts.routes.and_more)(more)),
    }
}

fn times(gaps: &[Gap], t: &WarningTexts, context: &PageContext) -> String {
    let now_ms = context.now_ms;
    let time = |gap: &Gap| match gap.end_ms {
        None if gap.start_ms <= now_ms => t.always.to_owned(),
        None => (t.from_on)(&context.format.moment(gap.start_ms)),
        Some(end_ms) => (t.span)(&context.format.moment(gap.start_ms), &context.format.moment(end_ms)),
    };
    let shown = gaps.iter().take(MOST_GAPS).map(time).collect::<Vec<_>>().join(", ");
    match gaps.len().saturating_sub(MOST_GAPS) {
        0 => shown,
        more => format!("{shown} {}", (t.more_times)(more, &number(more, context))),
    }
}
