//! Numbers and agents with the names that people gave them.

use std::sync::Arc;

use askama::Template;
use askama::filters::HtmlSafe;

use super::context::PageContext;
use crate::calls::forgetting::is_pseudonym;
use crate::web::names::Names;

/// A number or agent wherever a page shows one. In a template `{{ party }}` is all: it writes its own HTML.
#[derive(Clone, Debug, PartialEq, Eq, Template)]
#[template(path = "partials/named.html")]
pub struct Named {
    /// As calls have it, or what stands there instead.
    pub raw: String,
    /// What people call it.
    pub name: Option<Arc<str>>,
    /// Where it leads.
    pub href: Option<String>,
}

/// The template escapes what it is made of.
impl HtmlSafe for Named {}

impl Named {
    /// What has no name.
    pub fn plain(raw: impl Into<String>) -> Self {
        Self { raw: raw.into(), name: None, href: None }
    }

    /// An own line.
    pub fn line(number: impl Into<String>, names: &Names) -> Self {
        let raw = number.into();
        Self { name: names.line(&raw), raw, href: None }
    }

    /// A SIP user.
    pub fn agent(peer: impl Into<String>, names: &Names) -> Self {
        let raw = peer.into();
        Self { name: names.agent(&raw), raw, href: None }
    }

    /// Somebody outside.
    pub fn party(number: impl Into<String>, context: &PageContext) -> Self {
        let raw = number.into();
        if is_pseudonym(&raw) {
            return Self::plain(context.texts.calls.forgotten);
        }
        Self { name: context.names.contact(&raw), raw, href: None }
    }

    /// Leading there.
    pub fn to(self, href: impl Into<String>) -> Self {
        Self { href: Some(href.into()), ..self }
    }

    /// The name alone, or what stands for it: for titles.
    pub fn short(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.raw)
    }

    /// The name and what it stands for, as plain text.
    pub fn both(&self) -> String {
        self.name.as_ref().map_or_else(|| self.raw.clone(), |name| format!("{name} {}", self.raw))
    }

    /// Whether there is nothing to show.
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
