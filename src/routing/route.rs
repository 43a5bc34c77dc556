//! One route, as the API shows and takes it.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hours::{Hours, HoursContext, MAX_HOURS_CHARS};
use super::named::{Key, References, ScheduleReference, Shared, list_reference};
use super::problem::RouteProblem;
use crate::fields::{Errors, FieldError, Object, Problem, text};
use crate::placetel::reply::{MAX_NUMBER_CHARS, Reply};

/// Maximum length of the name of a route, in characters.
pub const MAX_NAME_CHARS: usize = 200;
/// Maximum number of entries of `to`, and of `from`.
pub const MAX_PATTERNS: usize = 10_000;

const FIELDS: [&str; 7] = ["name", "enabled", "position", "to", "from", "hours", "reply"];
/// The read-only fields: they are shown, and ignored when they are sent back.
const READ_ONLY: [&str; 4] = ["id", "version", "created_at", "updated_at"];

/// A stored route. Its JSON is the ROUTE of the API.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Route {
    /// Its number, for good.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// Whether it takes part.
    pub enabled: bool,
    /// The lowest comes first; among equals the lowest `id`.
    pub position: i64,
    /// Called numbers; none = any.
    pub to: Vec<String>,
    /// Calling numbers; none = any.
    pub from: Vec<String>,
    /// OpenStreetMap opening hours in the business time zone; `None` = always.
    pub hours: Option<String>,
    /// The answer.
    pub reply: Reply,
    /// Counts its changes.
    pub version: i64,
}

impl Route {
    /// Returns the lists and schedules that the route names.
    pub fn references(&self) -> References {
        References::of(&self.to, &self.from, self.hours.as_deref())
    }
}

/// A validated route that is not stored yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteDraft {
    /// As in [`Route`].
    pub name: String,
    /// As in [`Route`]; left out, it is enabled.
    pub enabled: bool,
    /// As in [`Route`]; left out, the code that stores the route chooses it.
    pub position: Option<i64>,
    /// As in [`Route`].
    pub to: Vec<String>,
    /// As in [`Route`].
    pub from: Vec<String>,
    /// As in [`Route`].
    pub hours: Option<String>,
    /// As in [`Route`].
    pub reply: Reply,
}

/// The context for reading routes: the locale of the business, and the lists and schedules that exist.
#[derive(Clone, Debug)]
pub struct RouteContext<'a> {
    hours: &'a HoursContext,
    lists: HashSet<Key>,
    schedules: HashSet<Key>,
}

impl<'a> RouteContext<'a> {
    /// Creates the context; routes may name the lists and schedules of `shared`.
    pub fn new(hours: &'a HoursContext, shared: &Shared) -> Self {
        let lists = shared.lists.iter().filter_map(|list| Key::parse(&list.name)).collect();
        let schedules = shared.schedules.iter().filter_map(|schedule| Key::parse(&schedule.name)).collect();
        Self { hours, lists, schedules }
    }
}

impl RouteDraft {
    /// Reads what a client sends as ROUTE.
    ///
    /// # Errors
    /// Every wrong field.
    pub fn from_json(value: &Value, context: &RouteContext<'_>) -> Result<Self, Vec<FieldError>> {
        let mut errors = Errors::default();
        let draft = Self::read("", value, context, &mut errors);
        errors.or(draft)
    }

    /// Reads a ROUTE that stands at `path` of a larger value, such as `items[3]`. The result must be used only if
    /// `errors` is empty in the end; it is `None` only if `errors` says why.
    pub fn read(path: &str, value: &Value, context: &RouteContext<'_>, errors: &mut Errors) -> Option<Self> {
        let route = Object::read(path, value, errors)?;
        route.allow_only(&FIELDS, &READ_ONLY, errors);
        let name =
            route.required("name", errors).and_then(|name| text(&route.path("name"), name, MAX_NAME_CHARS, errors));
        let enabled = route.flag("enabled", true, errors);
        let position = route.whole("position", i64::MIN..=i64::MAX, errors);
        let to = patterns(&route, "to", context, errors);
        let from = patterns(&route, "from", context, errors);
        let hours = hours(&route, context, errors);
        let reply = route.required("reply", errors).and_then(|reply| Reply::read(&route.path("reply"), reply, errors));
        Some(Self { name: name?, enabled, position, to, from, hours, reply: reply? })
    }

    /// Returns the lists and schedules that the route names.
    pub fn references(&self) -> References {
        References::of(&self.to, &self.from, self.hours.as_deref())
    }

    /// Converts the draft to a route, once its id, position and version are known.
    pub fn into_route(self, id: i64, position: i64, version: i64) -> Route {
        let Self { name, enabled, position: _, to, from, hours, reply } = self;
        Route { id, name, enabled, position, to, from, hours, reply, version }
    }
}

fn patterns(route: &Object<'_>, name: &str, context: &RouteContext<'_>, errors: &mut Errors) -> Vec<String> {
    let items = route.items(name, 0..=MAX_PATTERNS, errors);
    items.into_iter().filter_map(|(path, item)| pattern(&path, item, context, errors)).collect()
}

fn pattern(path: &str, item: &Value, context: &RouteContext<'_>, errors: &mut Errors) -> Option<String> {
    let pattern = text(path, item, MAX_NUMBER_CHARS, errors)?;
    let problem = match list_reference(&pattern) {
        Some(Ok(key)) if context.lists.contains(&key) => return Some(pattern),
        Some(Ok(key)) => Some(RouteProblem::UnknownList(key).into()),
        Some(Err(problem)) => Some(problem),
        None => None,
    };
    if let Some(problem) = problem {
        errors.add(path, problem);
        return None;
    }
    if pattern.strip_suffix('*').unwrap_or(&pattern).contains('*') {
        errors.add(path, Problem::StarInside);
        return None;
    }
    Some(pattern)
}

fn hours(route: &Object<'_>, context: &RouteContext<'_>, errors: &mut Errors) -> Option<String> {
    let path = route.path("hours");
    let hours = text(&path, route.optional("hours")?, MAX_HOURS_CHARS, errors)?;
    let problem = match ScheduleReference::read(&hours) {
        Some(Ok(reference)) if context.schedules.contains(&reference.key) => None,
        Some(Ok(reference)) => Some(RouteProblem::UnknownSchedule(reference.key).into()),
        Some(Err(problem)) => Some(problem),
        None => Hours::parse(&hours, context.hours).err().map(Problem::from),
    };
    if let Some(problem) = problem {
        errors.add(path, problem);
    }
    Some(hours)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::routing::hours::HoursError;
    use crate::routing::named::{NumberList, Schedule};

    fn read(value: &Value) -> Result<RouteDraft, Vec<FieldError>> {
        let hours = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
        RouteDraft::from_json(value, &RouteContext::new(&hours, &shared()))
    }

    fn shared() -> Shared {
        let list = NumberList { name: "Gesperrt".into(), numbers: Vec::new() };
        let schedule = Schedule { name: "Büro".into(), hours: None, closed: Vec::new() };
        Shared { lists: vec![list], schedules: vec![schedule], closed: None }
    }

    fn wrong(value: &Value) -> Vec<(String, Problem)> {
        read(value).unwrap_err().into_iter().map(|error| (error.field, error.problem)).collect()
    }

    fn of<const N: usize>(expected: [(&str, Problem); N]) -> [(String, Problem); N] {
        expected.map(|(field, problem)| (field.to_owned(), problem))
    }

    fn office_hours() -> Value {
        json!({"id": 7, "name": "Office hours", "enabled": true, "position": 10,
            "to": ["022129191999", "0221*"], "from": [], "hours": "Mo-Fr 09:00-17:00; PH off",
            "reply": {"action": "forward", "music_on_hold": true, "voicemail": true, "voicemail_announcement": "4",
                "voicemail_as_attachment": false, "forward_announcement": "7684",
                "targets": [{"ringtime": 30, "numbers": ["7777abcdefg@fpbx.de", "022129191999"]}]},
            "version": 3})
    }

    #[test]
    fn a_route_is_shown_as_it_was_sent_and_taken_back_as_shown() {
        let draft = read(&office_hours()).unwrap();
        assert_eq!(draft.position, Some(10));
        assert_eq!(serde_json::to_value(draft.into_route(7, 10, 3)).unwrap(), office_hours());
    }

    #[test]
    fn only_name_and_reply_are_required() {
        let draft = read(&json!({"name": "x", "reply": {"action": "hangup"}})).unwrap();
        let shown = serde_json::to_value(draft.into_route(1, 5, 1)).unwrap();
        let full = json!({"id": 1, "name": "x", "enabled": true, "position": 5, "to": [], "from": [], "hours": null,
            "reply": {"action": "hangup"}, "version": 1});
        assert_eq!(shown, full);
        assert!(read(&full).is_ok());
    }

    #[test]
    fn every_wrong_field_is_named_at_once() {
        let route = json!({"nmae": "x", "enabled": 1, "position": 1.5, "to": ["23", "0*1", 5, "\u{7}"], "from": "23",
            "hours": "Mo-Fr 9-17", "reply": {"action": "forward", "targets": [{"numbers": [""]}], "ringtime": 5}});
        let forward = [
            "action",
            "music_on_hold",
            "voicemail",
            "voicemail_announcement",
            "voicemail_as_attachment",
            "forward_announcement",
            "targets",
            "distribution",
            "last_peer",
        ];
        let meant = Some("Mo-Fr 09:00-17:00".to_owned());
        assert_eq!(
            wrong(&route),
            of([
                ("nmae", Problem::Unknown(FIELDS.to_vec())),
                ("name", Problem::Missing),
                ("enabled", Problem::NotFlag),
                ("position", Problem::NotWhole(i64::MIN, i64::MAX)),
                ("to[1]", Problem::StarInside),
                ("to[2]", Problem::NotText),
                ("to[3]", Problem::Control),
                ("from", Problem::NotList),
                ("hours", HoursError::Syntax { character: 7, rest: "9-17".into(), suggestion: meant }.into()),
                ("reply.ringtime", Problem::Unknown(forward.to_vec())),
                ("reply.targets[0].numbers[0]", Problem::Length(MAX_NUMBER_CHARS)),
            ])
        );
        let actions = ["forward", "reject", "hangup", "queue", "prompt", "group", "routing_plan"];
        assert_eq!(
            wrong(&json!({"reply": {"action": "sing"}, "hours": "sunrise-sunset"})),
            of([
                ("name", Problem::Missing),
                ("hours", HoursError::Sun.into()),
                ("reply.action", Problem::NotOneOf(actions.to_vec())),
            ])
        );
    }

    #[test]
    fn names_positions_and_lists_have_their_bounds() {
        for (field, good, bad) in [
            ("name", json!("x".repeat(200)), json!("x".repeat(201))),
            ("name", json!("Ä & <b>"), json!("   ")),
            ("name", json!("a"), json!("a\u{85}b")),
            ("position", json!(i64::MAX), json!(9_223_372_036_854_775_808_u64)),
            ("position", json!(i64::MIN), json!("10")),
            ("to", json!(vec!["23"; MAX_PATTERNS]), json!(vec!["23"; MAX_PATTERNS + 1])),
            ("from", json!(["anonymous", "*", "7777abc@fpbx.de", "+49 221*"]), json!({})),
            ("hours", json!(null), json!(24)),
        ] {
            let mut route = office_hours();
            route[field] = good;
            assert!(read(&route).is_ok(), "{field}");
            route[field] = bad;
            let errors = read(&route).unwrap_err();
            assert_eq!(errors.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(), [field]);
        }
        assert_eq!(wrong(&json!([])), of([("", Problem::NotObject)]));
    }

    #[test]
    fn a_route_may_only_name_what_there_is() {
        let mut route = json!({"name": "x", "to": ["23", "@gesperrt"], "from": ["@GESPERRT"], "hours": "@büro",
            "reply": {"action": "hangup"}});
        assert!(read(&route).is_ok());
        for hours in ["not @Büro", "NOT@BÜRO", " @ Büro "] {
            route["hours"] = json!(hours);
            assert!(read(&route).is_ok(), "{hours}");
        }
        let route = json!({"name": "x", "to": ["@vip", "@"], "from": ["@a b"], "hours": "not @ferien",
            "reply": {"action": "hangup"}});
        let key = |name: &str| Key::parse(name).unwrap();
        assert_eq!(
            wrong(&route),
            of([
                ("to[0]", RouteProblem::UnknownList(key("vip")).into()),
                ("to[1]", RouteProblem::Name.into()),
                ("from[0]", RouteProblem::Name.into()),
                ("hours", RouteProblem::UnknownSchedule(key("ferien")).into()),
            ])
        );
    }

    #[test]
    fn a_list_of_routes_says_which_one_is_wrong() {
        let mut errors = Errors::default();
        let hours = HoursContext::new(chrono_tz::Europe::Berlin, "DE", None);
        let context = RouteContext::new(&hours, &Shared::default());
        assert_eq!(RouteDraft::read("items[3]", &json!({"name": "x"}), &context, &mut errors), None);
        assert_eq!(errors.or(Some(())).unwrap_err()[0].field, "items[3].reply");
    }
}
