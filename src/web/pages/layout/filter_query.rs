//! The filter parameters of a URL, for links that change some of them.

use crate::web::extract::query::Parameters;

const NAMES: [&str; 11] =
    ["start", "end", "period", "direction", "number", "party", "peer", "outcome", "q", "hours", "route"];
const WHEN: [&str; 3] = ["start", "end", "period"];

/// The filter parameters as entered, in this module also called words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterQuery(Vec<(&'static str, String)>);

impl FilterQuery {
    /// Picks the filter parameters of a request; the last of several with one name counts, as in the filter itself.
    pub fn read(parameters: &Parameters) -> Self {
        let last = |name: &&str| parameters.iter().rfind(|(n, value)| n == name && !value.is_empty());
        Self(NAMES.into_iter().filter_map(|name| Some((name, last(&name)?.1.clone()))).collect())
    }

    /// Returns the value of this parameter; empty if there is none.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value)
    }

    /// Sets this parameter, replacing one of the same name.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self = self.without(name);
        self.0.push((name, value.into()));
        self
    }

    /// Removes the parameter of this name.
    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(n, _)| *n != name);
        self
    }

    /// Removes all parameters that restrict the time.
    pub fn any_time(self) -> Self {
        WHEN.into_iter().fold(self, |words, name| words.without(name))
    }

    /// Returns the parameters that restrict more than the time.
    pub fn narrowing(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().filter(|(name, _)| !WHEN.contains(name)).map(|(name, value)| (*name, value.as_str()))
    }

    /// Returns all parameters.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.0.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// Returns the URL of `path` with these parameters.
    pub fn url(&self, path: &str) -> String {
        self.url_with(path, &[])
    }

    /// Returns the URL of `path` with these and further parameters.
    pub fn url_with(&self, path: &str, more: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.iter()).extend_pairs(more);
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(query: &str) -> FilterQuery {
        FilterQuery::read(&form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    #[test]
    fn links_keep_the_other_words_and_nothing_else() {
        let words = words("period=7d&cursor=1-2&q=M%26M&outcome=");
        assert_eq!(words.url("/calls"), "/calls?period=7d&q=M%26M");
        assert_eq!(words.clone().with("period", "today").url("/"), "/?q=M%26M&period=today");
        assert_eq!(words.clone().any_time().without("q").url("/"), "/");
        assert_eq!(
            words.url_with("/calls.csv", &[("dialect", "excel-de")]),
            "/calls.csv?period=7d&q=M%26M&dialect=excel-de"
        );
    }

    #[test]
    fn a_word_said_twice_counts_as_for_the_filter() {
        assert_eq!(words("q=a&q=b").get("q"), "b");
    }
}
