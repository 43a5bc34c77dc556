//! Finds what is filed under any spelling or beginning of a number, without looking at the rest.

use std::collections::HashMap;

use super::matching::{Pattern, Spellings};

/// Values filed under patterns.
#[derive(Debug)]
pub(super) struct Index<V> {
    exact: HashMap<String, V>,
    prefixes: HashMap<String, V>,
    /// Of `prefixes`, in bytes, each once.
    lengths: Vec<usize>,
}

impl<V> Default for Index<V> {
    fn default() -> Self {
        Self { exact: HashMap::new(), prefixes: HashMap::new(), lengths: Vec::new() }
    }
}

impl<V: Default> Index<V> {
    /// Applies `file` to the value of every key of `pattern`. `*` has no key.
    pub(super) fn file(&mut self, pattern: &Pattern, mut file: impl FnMut(&mut V)) {
        match pattern {
            Pattern::Any => {}
            Pattern::Exact(spellings) => {
                for spelling in spellings.iter() {
                    file(self.exact.entry(spelling.to_owned()).or_default());
                }
            }
            Pattern::Prefix(beginnings) => {
                for beginning in beginnings {
                    if !self.lengths.contains(&beginning.len()) {
                        self.lengths.push(beginning.len());
                    }
                    file(self.prefixes.entry(beginning.clone()).or_default());
                }
            }
        }
    }
}

impl<V> Index<V> {
    /// The values of all patterns that match `number`; one may come more than once.
    pub(super) fn find<'a>(&'a self, number: &'a Spellings) -> impl Iterator<Item = &'a V> {
        number.iter().flat_map(|spelling| {
            let beginnings = self.lengths.iter().filter_map(|length| spelling.get(..*length));
            let prefixes = beginnings.filter_map(|beginning| self.prefixes.get(beginning));
            self.exact.get(spelling).into_iter().chain(prefixes)
        })
    }

    /// The values of the keys of `pattern` itself.
    pub(super) fn of<'a>(&'a self, pattern: &'a Pattern) -> Box<dyn Iterator<Item = &'a V> + 'a> {
        match pattern {
            Pattern::Any => Box::new(std::iter::empty()),
            Pattern::Exact(spellings) => Box::new(spellings.iter().filter_map(|spelling| self.exact.get(spelling))),
            Pattern::Prefix(beginnings) => Box::new(beginnings.iter().filter_map(|key| self.prefixes.get(key))),
        }
    }
}
