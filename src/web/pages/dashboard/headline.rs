//! The headline of a dashboard: what it is of, and when the newest call of all came.

use askama::Template;
use askama::filters::HtmlSafe;

use super::address::Scope;
use super::newest::Newest;
use crate::i18n::DashboardTexts;
use crate::web::pages::layout::context::PageContext;

/// The headline.
#[derive(Template)]
#[template(path = "partials/dashboard/headline.html")]
pub struct Headline {
    d: &'static DashboardTexts,
    is_company: bool,
    /// The title, also of the window.
    pub title: String,
    subtitle: Option<String>,
    newest: Option<Newest>,
}

/// The template of the box escapes its parts.
impl HtmlSafe for Headline {}

impl Headline {
    /// Builds the headline; it names the subject if the user may know of it.
    pub fn new(scope: &Scope, newest: Option<Newest>, context: &PageContext) -> Self {
        let (d, named) = (&context.texts.dashboard, scope.named(context));
        let title = match scope {
            Scope::Company => named.short().to_owned(),
            Scope::Line(_) => (d.of_line)(named.short()),
            Scope::Agent(_) => (d.of_agent)(named.short()),
            Scope::Caller(_) => (d.of_caller)(named.short()),
        };
        let subtitle = named.name.is_some().then_some(named.raw);
        Self { d, is_company: *scope == Scope::Company, title, subtitle, newest }
    }
}
