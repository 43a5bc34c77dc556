//! Revisions of the routes, kept as compact differences (deltas), so that every earlier table can be restored.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::route::Route;

/// The fields that hold many numbers; of these only the part that differs is kept.
const LISTS: [&str; 2] = ["to", "from"];

/// What somebody did to the table, in no language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Change {
    /// The first one that is kept: the table as it was before.
    Began,
    /// A new route.
    Added {
        /// Its name.
        name: String,
    },
    /// A route was saved.
    Changed {
        /// Its name.
        name: String,
    },
    /// A route was deleted.
    Removed {
        /// Its name.
        name: String,
    },
    /// A route goes before the one above.
    MovedUp {
        /// Its name.
        name: String,
    },
    /// A route goes behind the one below.
    MovedDown {
        /// Its name.
        name: String,
    },
    /// A route takes part.
    SwitchedOn {
        /// Its name.
        name: String,
    },
    /// A route does not take part.
    SwitchedOff {
        /// Its name.
        name: String,
    },
    /// The whole table was sent.
    Replaced(Counts),
    /// An earlier table is the table again.
    Restored {
        /// Which one.
        revision: i64,
        /// What that changed.
        #[serde(flatten)]
        counts: Counts,
    },
}

/// How many routes a change of the whole table changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Counts {
    /// New routes.
    pub added: usize,
    /// Routes that are others than before.
    pub changed: usize,
    /// Routes that are gone.
    pub removed: usize,
}

/// The difference (delta) from one table to the next. It holds only routes that differ, and of those only the fields
/// that do.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    added: Vec<Route>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    removed: Vec<i64>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<Edit>,
}

/// The fields of one route that differ.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Edit {
    id: i64,
    set: Map<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    lists: BTreeMap<String, Splice>,
}

/// The part of a list that differs, as one replaced range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Splice {
    at: usize,
    drop: usize,
    put: Vec<Value>,
}

/// The reason why a kept difference cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The result is no valid route.
    #[error("route {0}: {1}")]
    NoRoute(i64, serde_json::Error),
    /// The difference does not belong to this table.
    #[error("route {0} is not in the table that was changed")]
    Missing(i64),
}

impl Difference {
    /// Computes the difference from `before` to `after`; routes that stay as they are may be left out of both.
    pub fn between(before: &[Route], after: &[Route]) -> Self {
        let old = by_id(before);
        let new = by_id(after);
        let mut difference = Self::default();
        for (id, route) in &new {
            match old.get(id) {
                None => difference.added.push((*route).clone()),
                Some(old) if old == route => {}
                Some(old) => difference.changed.push(Edit::between(*id, old, route)),
            }
        }
        difference.removed.extend(old.keys().filter(|id| !new.contains_key(id)));
        difference
    }

    /// Applies the difference to a table, which is keyed by id.
    ///
    /// # Errors
    /// When it does not belong to this table, or a result is no valid route.
    pub fn apply(self, table: &mut BTreeMap<i64, Route>) -> Result<(), Unreadable> {
        for id in self.removed {
            table.remove(&id).ok_or(Unreadable::Missing(id))?;
        }
        for edit in self.changed {
            let route = table.get_mut(&edit.id).ok_or(Unreadable::Missing(edit.id))?;
            *route = edit.apply(route)?;
        }
        table.extend(self.added.into_iter().map(|route| (route.id, route)));
        Ok(())
    }

    /// Returns how many routes differ.
    pub fn counts(&self) -> Counts {
        Counts { added: self.added.len(), changed: self.changed.len(), removed: self.removed.len() }
    }
}

impl Edit {
    fn between(id: i64, old: &Route, new: &Route) -> Self {
        let old = fields(old);
        let mut edit = Self { id, set: Map::new(), lists: BTreeMap::new() };
        for (name, value) in fields(new) {
            match (old.get(&name), value) {
                (Some(before), after) if *before == after => {}
                (Some(Value::Array(before)), Value::Array(after)) if LISTS.contains(&name.as_str()) => {
                    edit.lists.insert(name, Splice::between(before, after));
                }
                (_, after) => {
                    edit.set.insert(name, after);
                }
            }
        }
        edit
    }

    fn apply(self, route: &Route) -> Result<Route, Unreadable> {
        let mut fields = fields(route);
        for (name, splice) in self.lists {
            if let Some(Value::Array(list)) = fields.get_mut(&name) {
                splice.apply(list);
            }
        }
        fields.extend(self.set);
        serde_json::from_value(Value::Object(fields)).map_err(|error| Unreadable::NoRoute(self.id, error))
    }
}

impl Splice {
    fn between(before: &[Value], mut after: Vec<Value>) -> Self {
        let at = before.iter().zip(&after).take_while(|(a, b)| a == b).count();
        let same_ends = before[at..].iter().rev().zip(after[at..].iter().rev()).take_while(|(a, b)| a == b).count();
        after.truncate(after.len() - same_ends);
        Self { at, drop: before.len() - at - same_ends, put: after.split_off(at) }
    }

    fn apply(self, list: &mut Vec<Value>) {
        let start = self.at.min(list.len());
        let end = start.saturating_add(self.drop).min(list.len());
        list.splice(start..end, self.put);
    }
}

fn by_id(routes: &[Route]) -> BTreeMap<i64, &Route> {
    routes.iter().map(|route| (route.id, route)).collect()
}

fn fields(route: &Route) -> Map<String, Value> {
    match serde_json::to_value(route) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn route(id: i64, position: i64, to: &[&str]) -> Route {
        let json = json!({"id": id, "name": format!("r{id}"), "enabled": true, "position": position, "to": to,
            "from": [], "hours": null, "reply": {"action": "hangup"}, "version": 1});
        serde_json::from_value(json).unwrap()
    }

    fn table(routes: &[Route]) -> BTreeMap<i64, Route> {
        routes.iter().map(|route| (route.id, route.clone())).collect()
    }

    /// Applies the difference after a round trip through the JSON text in which it is kept.
    fn led(before: &[Route], after: &[Route]) -> BTreeMap<i64, Route> {
        let text = serde_json::to_string(&Difference::between(before, after)).unwrap();
        let mut made = table(before);
        serde_json::from_str::<Difference>(&text).unwrap().apply(&mut made).unwrap();
        made
    }

    #[test]
    fn only_what_differs_is_kept() {
        let before = [route(1, 10, &["1", "2", "3", "4"]), route(2, 20, &[]), route(3, 30, &[])];
        let mut after = [route(1, 10, &["1", "9", "3", "4"]), route(2, 20, &[]), route(4, 5, &[])];
        after[0].enabled = false;
        let difference = Difference::between(&before, &after);
        let kept = serde_json::to_value(&difference).unwrap();
        assert_eq!(kept["removed"], json!([3]));
        assert_eq!(kept["added"][0]["id"], 4);
        assert_eq!(
            kept["changed"],
            json!([{"id": 1, "set": {"enabled": false}, "lists": {"to": {"at": 1, "drop": 1, "put": ["9"]}}}])
        );
        assert_eq!(difference.counts(), Counts { added: 1, changed: 1, removed: 1 });
        assert_eq!(led(&before, &after), table(&after));
    }

    #[test]
    fn a_difference_of_another_table_is_refused() {
        let difference = Difference::between(&[route(1, 10, &[])], &[]);
        assert!(matches!(difference.apply(&mut BTreeMap::new()), Err(Unreadable::Missing(1))));
        let difference = Difference::between(&[route(1, 10, &[])], &[route(1, 20, &[])]);
        assert!(matches!(difference.apply(&mut BTreeMap::new()), Err(Unreadable::Missing(1))));
    }

    #[test]
    fn changes_are_kept_as_json() {
        let counts = Counts { added: 2, changed: 0, removed: 1 };
        for (change, kept) in [
            (Change::Added { name: "Büro".into() }, json!({"kind": "added", "name": "Büro"})),
            (Change::MovedUp { name: "Büro".into() }, json!({"kind": "moved_up", "name": "Büro"})),
            (Change::Replaced(Counts::default()), json!({"kind": "replaced", "added": 0, "changed": 0, "removed": 0})),
            (
                Change::Restored { revision: 7, counts },
                json!({"kind": "restored", "revision": 7, "added": 2, "changed": 0, "removed": 1}),
            ),
        ] {
            assert_eq!(serde_json::to_value(&change).unwrap(), kept);
            assert_eq!(serde_json::from_value::<Change>(kept).unwrap(), change);
        }
    }

    fn any_table() -> impl Strategy<Value = Vec<Route>> {
        let numbers = proptest::collection::vec(proptest::sample::select(vec!["1", "2", "3", "0221*"]), 0..6);
        let routes = proptest::collection::btree_map(1..9_i64, (0..4_i64, numbers), 0..6);
        routes.prop_map(|routes| routes.into_iter().map(|(id, (position, to))| route(id, position, &to)).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn a_difference_leads_to_the_table(before in any_table(), after in any_table()) {
            prop_assert_eq!(led(&before, &after), table(&after));
        }
    }
}
