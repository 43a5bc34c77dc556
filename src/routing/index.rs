//! Hash index of values by exact number and number prefix: a lookup does not scan the other entries.

use foldhash::{HashMap, HashMapExt as _};

use super::matching::{Pattern, Spellings};

/// Values indexed by the keys of patterns: exact spellings and prefixes.
#[derive(Debug)]
pub(super) struct Index<V> {
    exact: HashMap<String, V>,
    prefixes: HashMap<String, V>,
    /// The distinct lengths of the keys of `prefixes`, in bytes.
    lengths: Vec<usize>,
}

impl<V> Default for Index<V> {
    fn default() -> Self {
        Self { exact: HashMap::new(), prefixes: HashMap::new(), lengths: Vec::new() }
    }
}

impl<V: Default> Index<V> {
    /// Applies `file` to the value of every key of `pattern`, adding missing keys. `*` has no key.
    pub(super) fn file(&mut self, pattern: &Pattern, mut file: impl FnMut(&mut V)) {
        match pattern {
            Pattern::Any => {}
            Pattern::Exact(spellings) => spellings.iter().for_each(|spelling| file(self.exact(spelling))),
            Pattern::Prefix(beginnings) => beginnings.iter().for_each(|beginning| file(self.prefix(beginning))),
        }
    }

    /// Applies `file` to the value of every key of `other`, adding missing keys.
    pub(super) fn file_keys<W>(&mut self, other: &Index<W>, mut file: impl FnMut(&mut V)) {
        other.exact.keys().for_each(|key| file(self.exact(key)));
        other.prefixes.keys().for_each(|key| file(self.prefix(key)));
    }

    fn exact(&mut self, spelling: &str) -> &mut V {
        self.exact.entry(spelling.to_owned()).or_default()
    }

    fn prefix(&mut self, beginning: &str) -> &mut V {
        if !self.lengths.contains(&beginning.len()) {
            self.lengths.push(beginning.len());
        }
        self.prefixes.entry(beginning.to_owned()).or_default()
    }
}

impl Index<Vec<usize>> {
    /// Inverts the index: returns the keys under which each of the first `count` places is filed.
    pub(super) fn by_place(&self, count: usize) -> Vec<Index<()>> {
        let mut indexes: Vec<Index<()>> = std::iter::repeat_with(Index::default).take(count).collect();
        let mut at = |places: &Vec<usize>, file: &dyn Fn(&mut Index<()>)| {
            places.iter().for_each(|place| indexes.get_mut(*place).into_iter().for_each(file));
        };
        self.exact.iter().for_each(|(key, places)| at(places, &|index| *index.exact(key)));
        self.prefixes.iter().for_each(|(key, places)| at(places, &|index| *index.prefix(key)));
        indexes
    }
}

impl<V> Index<V> {
    /// Returns the value of every key, in no order.
    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.exact.values_mut().chain(self.prefixes.values_mut())
    }

    /// Returns the number of keys.
    pub(super) fn len(&self) -> usize {
        self.exact.len() + self.prefixes.len()
    }

    /// Returns whether every number that matches a key of `other` matches one of `parts`, too.
    pub(super) fn cover<W>(parts: &[&Self], other: &Index<W>) -> bool {
        let begins_with_ours = |key: &String| parts.iter().any(|part| part.beginnings(key).next().is_some());
        let is_ours = |key: &String| parts.iter().any(|part| part.exact.contains_key(key));
        other.exact.keys().all(|key| is_ours(key) || begins_with_ours(key))
            && other.prefixes.keys().all(begins_with_ours)
    }

    /// Returns the values of all keys that are prefixes of `spelling`.
    fn beginnings<'a>(&'a self, spelling: &str) -> impl Iterator<Item = &'a V> {
        let beginnings = self.lengths.iter().filter_map(|length| spelling.get(..*length));
        beginnings.filter_map(|beginning| self.prefixes.get(beginning))
    }

    /// Returns the values of the keys that match every number of one key of `other`, whichever comes first.
    pub(super) fn around<'a, W>(&'a self, other: &'a Index<W>) -> impl Iterator<Item = &'a V> {
        let exact = other.exact.keys().next();
        let prefix = other.prefixes.keys().next().filter(|_| exact.is_none());
        let of_exact = exact.into_iter().flat_map(|key| self.exact.get(key).into_iter().chain(self.beginnings(key)));
        of_exact.chain(prefix.into_iter().flat_map(|key| self.beginnings(key)))
    }

    /// Returns the values of all keys that match `number`; there may be duplicates.
    pub(super) fn find<'a>(&'a self, number: &Spellings) -> impl Iterator<Item = &'a V> {
        number.iter().flat_map(|spelling| self.exact.get(spelling).into_iter().chain(self.beginnings(spelling)))
    }

    /// Returns the values of the keys of `pattern` itself.
    pub(super) fn of<'a>(&'a self, pattern: &'a Pattern) -> Box<dyn Iterator<Item = &'a V> + 'a> {
        match pattern {
            Pattern::Any => Box::new(std::iter::empty()),
            Pattern::Exact(spellings) => Box::new(spellings.iter().filter_map(|spelling| self.exact.get(spelling))),
            Pattern::Prefix(beginnings) => Box::new(beginnings.iter().filter_map(|key| self.prefixes.get(key))),
        }
    }
}
