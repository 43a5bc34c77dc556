//! The display of numbers and agents with the names that users gave them.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;

use super::context::PageContext;
use crate::calls::forgetting::is_pseudonym;
use crate::service::directory::names::Names;

/// A number or agent as a page shows it. In a template `{{ party }}` is enough: it renders its own HTML.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "partials/named.html")]
pub struct Named {
    /// The number or agent as stored with the call, or a placeholder.
    pub raw: String,
    /// The name that users gave it.
    pub name: Option<Arc<str>>,
    /// The URL that it links to.
    pub href: Option<String>,
}

/// The HTML needs no further escaping, because the template of [`Named`] escapes its parts.
impl HtmlSafe for Named {}

impl Named {
    /// Creates a text without a name.
    pub fn plain(raw: impl Into<String>) -> Self {
        Self { raw: raw.into(), name: None, href: None }
    }

    /// Looks up the name of an own line.
    pub fn line(number: impl Into<String>, names: &Names) -> Self {
        let raw = number.into();
        Self { name: names.line(&raw), raw, href: None }
    }

    /// Looks up the name of an agent, which is a SIP user.
    pub fn agent(peer: impl Into<String>, names: &Names) -> Self {
        let raw = peer.into();
        Self { name: names.agent(&raw), raw, href: None }
    }

    /// Looks up the name of an outside number.
    pub fn party(number: impl Into<String>, context: &PageContext) -> Self {
        let raw = number.into();
        if is_pseudonym(&raw) {
            return Self::plain(context.texts.calls.forgotten);
        }
        Self { name: context.names.contact(&raw), raw, href: None }
    }

    /// Adds a link.
    pub fn to(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// Returns the name, or the raw value if there is none, for example for titles.
    pub fn short(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.raw)
    }

    /// Returns the name and the raw value as plain text.
    pub fn both(&self) -> String {
        self.name.as_ref().map_or_else(|| self.raw.clone(), |name| format!("{name} {}", self.raw))
    }

    /// Returns whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_escaped() {
        let named = Named { raw: "<i>".into(), name: Some("<b>".into()), href: None };
        assert_eq!(named.render().unwrap(), "<span class=\"named\">&#60;b&#62; <small>&#60;i&#62;</small></span>");
        assert_eq!(Named::plain("23").to("/calls?q=\"").render().unwrap(), "<a href=\"/calls?q=&#34;\">23</a>");
        assert_eq!(Named::plain("").render().unwrap(), "");
        assert_eq!((named.short(), Named::plain("23").short()), ("<b>", "23"));
    }
}
