//! Descriptions of the differences between two versions of the route table.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::form::label;
use super::hours_words::hours_in_words;
use super::words::{answer, some_of};
use crate::i18n::{HistoryTexts, RoutesTexts, Texts};
use crate::placetel::reply::Reply;
use crate::routing::route::Route;

/// The maximum length of a list that is shown in full; of longer ones only additions and removals are shown.
const SHORT_LIST: usize = 4;

/// A route that was added, removed or changed.
#[derive(Debug, PartialEq, Eq)]
pub struct RouteChange {
    /// The CSS class.
    pub class: &'static str,
    /// The kind of change in words: added, removed or changed.
    pub kind: &'static str,
    /// The name of the route, after the change if it was renamed.
    pub name: String,
    /// The fields that differ; for an added or removed route its main fields.
    pub lines: Vec<Line>,
}

/// The values of one field of a route before and after.
#[derive(Debug, PartialEq, Eq)]
pub struct Line {
    /// The name of the field.
    pub label: String,
    /// The value before the change.
    pub before: Option<String>,
    /// The value after the change.
    pub after: Option<String>,
}

/// The language and names with which routes are described.
pub struct Telling<'a> {
    /// The translated texts.
    pub texts: &'static Texts,
    /// The function that replaces a number by its name.
    pub named: &'a dyn Fn(&String) -> String,
}

impl Telling<'_> {
    fn t(&self) -> (&'static HistoryTexts, &'static RoutesTexts) {
        (&self.texts.history, &self.texts.routes)
    }

    /// Compares two route tables: returns added routes, then removed ones, then changed ones in table order.
    pub fn changes(&self, before: &[Route], after: &[Route]) -> Vec<RouteChange> {
        let (t, _) = self.t();
        let old: BTreeMap<i64, &Route> = before.iter().map(|route| (route.id, route)).collect();
        let new: BTreeSet<i64> = after.iter().map(|route| route.id).collect();
        let change = |class, kind, name: &str, lines| RouteChange { class, kind, name: name.to_owned(), lines };
        let added = after.iter().filter(|route| !old.contains_key(&route.id));
        let added = added.map(|route| change("added", t.added, &route.name, self.whole(route, false)));
        let removed = before.iter().filter(|route| !new.contains(&route.id));
        let removed = removed.map(|route| change("removed", t.removed, &route.name, self.whole(route, true)));
        let changed = after.iter().filter_map(|route| {
            let lines = self.lines(old.get(&route.id)?, route);
            (!lines.is_empty()).then(|| change("changed", t.changed, &route.name, lines))
        });
        added.chain(removed).chain(changed).collect()
    }

    /// Describes all main fields of a route that was added or removed.
    fn whole(&self, route: &Route, is_gone: bool) -> Vec<Line> {
        let fields = [self.to(route), self.from(route), self.hours(route), self.answer(route)];
        let line = |(label, text)| {
            let (before, after) = if is_gone { (Some(text), None) } else { (None, Some(text)) };
            Line { label, before, after }
        };
        fields.into_iter().map(line).collect()
    }

    fn lines(&self, old: &Route, new: &Route) -> Vec<Line> {
        let (t, _) = self.t();
        let state = |route: &Route| if route.enabled { t.on } else { t.off }.to_owned();
        let position = |route: &Route| (t.position.to_owned(), route.position.to_string());
        let pairs = [
            ((t.name.to_owned(), old.name.clone()), (t.name.to_owned(), new.name.clone())),
            ((t.state.to_owned(), state(old)), (t.state.to_owned(), state(new))),
            (position(old), position(new)),
            (self.hours(old), self.hours(new)),
            (self.answer(old), self.answer(new)),
        ];
        let differing = pairs.into_iter().filter(|(old, new)| old.1 != new.1);
        let line = |((label, old), (_, new)): ((String, String), (String, String))| Line {
            label,
            before: Some(old),
            after: Some(new),
        };
        let mut lines: Vec<Line> = differing.map(line).collect();
        lines.extend(self.list(&old.to, &new.to, self.to(old), self.to(new)));
        lines.extend(self.list(&old.from, &new.from, self.from(old), self.from(new)));
        lines.extend(self.details(&old.reply, &new.reply));
        lines
    }

    /// Compares two lists: returns additions and removals if the lists are long, otherwise both lists in full.
    fn list(&self, old: &[String], new: &[String], before: (String, String), after: (String, String)) -> Option<Line> {
        if old == new {
            return None;
        }
        let (label, (before, after)) = (before.0, (before.1, after.1));
        let without = |list: &[String], other: &[String]| {
            let other: BTreeSet<&String> = other.iter().collect();
            list.iter().filter(|number| !other.contains(number)).cloned().collect::<Vec<_>>()
        };
        let (gone, come) = (without(old, new), without(new, old));
        let is_long = old.len().max(new.len()) > SHORT_LIST && !(gone.is_empty() && come.is_empty());
        if !is_long {
            return Some(Line { label, before: Some(before), after: Some(after) });
        }
        let told = |numbers: Vec<String>| Some(self.numbers(&numbers)).filter(|_| !numbers.is_empty());
        Some(Line { label, before: told(gone), after: told(come) })
    }

    fn numbers(&self, numbers: &[String]) -> String {
        some_of(&numbers.iter().map(self.named).collect::<Vec<_>>(), self.texts.hours.and, self.t().1)
    }

    fn to(&self, route: &Route) -> (String, String) {
        let (_, t) = self.t();
        (
            self.texts.route.to.to_owned(),
            if route.to.is_empty() { t.any_number.to_owned() } else { self.numbers(&route.to) },
        )
    }

    fn from(&self, route: &Route) -> (String, String) {
        let (_, t) = self.t();
        (
            self.texts.route.from.to_owned(),
            if route.from.is_empty() { t.any_caller.to_owned() } else { self.numbers(&route.from) },
        )
    }

    fn hours(&self, route: &Route) -> (String, String) {
        let hours = route.hours.clone().unwrap_or_else(|| hours_in_words(None, &self.texts.hours));
        (self.texts.route.hours.to_owned(), hours)
    }

    fn answer(&self, route: &Route) -> (String, String) {
        let (_, t) = self.t();
        (self.texts.route.answer.to_owned(), answer(&route.reply, self.named, t, &self.texts.hours))
    }

    /// Returns the differences of two replies that their sentences do not show.
    fn details(&self, old: &Reply, new: &Reply) -> Vec<Line> {
        let (t, routes_t) = self.t();
        let (old_json, new_json) = (serde_json::to_value(old), serde_json::to_value(new));
        let (Ok(old_json), Ok(new_json)) = (old_json, new_json) else { return Vec::new() };
        let action = new_json["action"].as_str().unwrap_or_default();
        if old_json == new_json || old_json["action"] != new_json["action"] {
            return Vec::new();
        }
        let answer = |reply| answer(reply, self.named, routes_t, &self.texts.hours);
        let is_told = answer(old) != answer(new);
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        leaves(action, &old_json, t, &mut before);
        leaves(action, &new_json, t, &mut after);
        let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let differing = paths.into_iter().filter(|path| before.get(*path) != after.get(*path));
        // The sentence already tells who rings, in which order, and whether voicemail follows.
        let in_sentence = |path: &str| {
            (path.contains(".targets") && !path.ends_with(".weight"))
                || [".voicemail", ".distribution", ".last_peer.ringtime"].iter().any(|end| path.ends_with(end))
        };
        let untold = differing.filter(|path| !is_told || !in_sentence(path));
        let line = |path: &String| Line {
            label: label(path, &self.texts.route),
            before: before.get(path).cloned(),
            after: after.get(path).cloned(),
        };
        untold.map(line).collect()
    }
}

/// Collects every leaf value of the JSON with its path.
fn leaves(path: &str, value: &Value, t: &HistoryTexts, found: &mut BTreeMap<String, String>) {
    let text = match value {
        Value::Object(fields) => {
            fields.iter().for_each(|(name, value)| leaves(&format!("{path}.{name}"), value, t, found));
            return;
        }
        Value::Array(items) if !items.iter().all(Value::is_string) => {
            items.iter().enumerate().for_each(|(index, item)| leaves(&format!("{path}[{index}]"), item, t, found));
            return;
        }
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        Value::Bool(flag) => if *flag { t.yes } else { t.no }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null => return,
    };
    found.insert(path.to_owned(), text);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::i18n::texts;
    use crate::lang::Lang;

    fn route(id: i64, change: Value) -> Route {
        let mut json = json!({"id": id, "name": "Büro", "enabled": true, "position": 10, "to": [], "from": [],
            "hours": "Mo-Fr 09:00-17:00", "version": 1,
            "reply": {"action": "forward", "targets": [{"numbers": ["23"], "ringtime": 20}]}});
        json.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        serde_json::from_value(json).unwrap()
    }

    fn told(before: &[Route], after: &[Route]) -> Vec<String> {
        let telling = Telling { texts: texts(Lang::En), named: &String::clone };
        let line = |line: Line| {
            let text = |text: Option<String>| text.unwrap_or_else(|| "–".into());
            format!("{}: {} → {}", line.label, text(line.before), text(line.after))
        };
        let changes = telling.changes(before, after).into_iter();
        changes
            .flat_map(|change| {
                std::iter::once(format!("{} {}", change.kind, change.name)).chain(change.lines.into_iter().map(line))
            })
            .collect()
    }

    #[test]
    fn each_field_that_differs_is_told() {
        let before = [route(1, json!({}))];
        let targets = json!([{"numbers": ["23"], "ringtime": 20}]);
        let after = |change| [route(1, change)];
        let mut on_hold = json!({"action": "forward", "music_on_hold": true});
        on_hold["targets"] = targets.clone();
        for (change, lines) in [
            (json!({"version": 9}), vec![]),
            (json!({"enabled": false, "position": 20}), vec!["State: on → off", "Position: 10 → 20"]),
            (json!({"hours": null, "name": "B"}), vec!["Name: Büro → B", "Hours: Mo-Fr 09:00-17:00 → at any time"]),
            (json!({"from": ["1"]}), vec!["Callers: anyone → 1"]),
            (
                json!({"reply": {"action": "hangup"}}),
                vec!["What happens with them: Ring 23 for 20 s, then voicemail → Hang up"],
            ),
            (
                json!({"reply": {"action": "forward", "targets": targets, "last_peer": {"within_days": 7}}}),
                vec![
                    "What happens with them: Ring 23 for 20 s, then voicemail → Ring whoever knows the caller for 15 s, then \
                     ring 23 for 20 s, then voicemail",
                    "Who knows the caller, At most so many days ago: – → 7",
                ],
            ),
            (json!({"reply": on_hold}), vec!["Music on hold in place of the ringing tone: no → yes"]),
        ] {
            let told = told(&before, &after(change));
            assert_eq!(told.get(1..).unwrap_or_default(), lines);
        }
    }

    #[test]
    fn of_long_lists_only_what_came_and_went_is_told() {
        let numbers: Vec<_> = (1..=6).map(|n| n.to_string()).collect();
        let (before, after) = (route(1, json!({"to": numbers})), route(1, json!({"to": numbers[1..]})));
        assert_eq!(told(&[before], &[after]), ["changed Büro", "Called numbers: 1 → –"]);
    }

    #[test]
    fn new_and_gone_routes_are_told_whole() {
        let [one, two] = [route(1, json!({})), route(2, json!({"name": "Neu", "hours": null}))];
        assert_eq!(
            told(&[one], &[two]),
            [
                "new Neu",
                "Called numbers: – → any number",
                "Callers: – → anyone",
                "Hours: – → at any time",
                "What happens with them: – → Ring 23 for 20 s, then voicemail",
                "removed Büro",
                "Called numbers: any number → –",
                "Callers: anyone → –",
                "Hours: Mo-Fr 09:00-17:00 → –",
                "What happens with them: Ring 23 for 20 s, then voicemail → –",
            ]
        );
    }
}
