//! Tests of every change that an administrator can make: it and its entry in the audit log are written together.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::audit::log;
use crate::contacts::upload;
use crate::helpers::{Answer, TestApp, form};
use crate::roles::urls;
use crate::signed_in::{PASSWORD, by, guarded, log_in};

/// What is sent that changes nothing, or only who is logged in.
const NO_CHANGES: [&str; 6] =
    ["/login", "/language", "/api/v1/routes/test", "/api/v1/routes/replay", "/routes/replay", "/routes/1/replay"];
/// The change that nobody can make who is logged in.
const FIRST: &str = "/setup";

/// What the changes change.
pub fn contents(app: &TestApp) -> Vec<Vec<String>> {
    let tables = [
        ("id, version, position, enabled, name, definition", "from routes order by id"),
        ("id, change", "from route_revisions order by id"),
        ("key, name, version, entries", "from lists order by key"),
        ("key, name, version, hours", "from schedules order by key"),
        (
            "name, value",
            "from settings where name in ('routes_version', 'names_version', 'accounts_version', 'closed_until') \
             order by name",
        ),
        ("kind, subject, name", "from names order by kind, subject"),
        ("number, name, company", "from contacts order by number"),
        ("party, done_ms", "from callbacks_done order by party, done_ms"),
        ("name, role, password", "from users order by name"),
        ("name, role", "from tokens order by name"),
        ("id", "from sessions order by id"),
    ];
    tables.into_iter().map(|(columns, rest)| app.database.rows(columns, rest)).collect()
}

/// What a request brings along.
enum Body {
    Json(Value),
    Form(&'static [(&'static str, &'static str)]),
    File(&'static [u8]),
    /// A file that is the body.
    Csv(&'static str),
}

/// A request that changes something, and what the audit log says of it. `{route}` is the newest route, `{revision}` the
/// oldest revision of the routes.
struct Step(&'static str, &'static str, Body, &'static str);

impl Step {
    fn send(&self, app: &TestApp, cookie: &str, path: &str) -> Answer {
        let Self(method, _, body, _) = self;
        let request = by(app, cookie, method, path);
        match body {
            Body::Json(value) => request.json(value).send(),
            Body::Form(fields) => request.form(form(fields)).send(),
            Body::File(file) => upload(request, file, ""),
            Body::Csv(file) => request.header("Content-Type", "text/csv").body(*file).send(),
        }
    }
}

fn filled(app: &TestApp, text: &str) -> String {
    let route = app.database.count_of("coalesce(max(id), 0)", "from routes");
    let revision = app.database.count_of("coalesce(min(id), 0)", "from route_revisions");
    text.replace("{route}", &route.to_string()).replace("{revision}", &revision.to_string())
}

/// Every change there is, in an order in which each changes something.
fn changes() -> Vec<Step> {
    use Body::{Csv, File, Form, Json};
    let until = (chrono::Utc::now() + chrono::Duration::hours(1)).to_rfc3339();
    let office = || Json(json!({"name": "Office", "reply": {"action": "hangup"}}));
    let otto = |name: &str| Json(json!({"items": [{"number": "0171 2345678", "name": name}]}));
    let nothing = || Form(&[]);
    vec![
        Step("POST", "/api/v1/routes", office(), "route.added Office"),
        Step("PUT", "/api/v1/routes/{route}", office(), "route.changed {route}"),
        Step("POST", "/routes/{route}", Form(&ROUTE), "route.changed {route}"),
        Step("POST", "/routes/{route}/enabled", Form(&[("enabled", "false")]), "route.changed {route}"),
        Step("POST", "/routes", Form(&ROUTE), "route.added Night"),
        Step("POST", "/routes/{route}/move", Form(&[("way", "up")]), "route.moved {route}"),
        Step("POST", "/routes/{route}/delete", nothing(), "route.removed {route}"),
        Step("DELETE", "/api/v1/routes/{route}", Json(json!({})), "route.removed {route}"),
        Step("POST", "/api/v1/routes/revisions/{revision}/restore", Json(json!({})), "routes.restored {revision}"),
        Step("POST", "/routes/history/{revision}/restore", nothing(), "routes.restored {revision}"),
        Step("PUT", "/api/v1/routes", Json(json!({"items": []})), "routes.replaced -"),
        Step("PUT", "/api/v1/lists/VIP", Json(json!({"numbers": []})), "list.set VIP"),
        Step(
            "POST",
            "/routes/lists/VIP",
            Form(&[("numbers", "030 23125000"), ("overwrite", "on")]),
            "list.changed VIP",
        ),
        Step("POST", "/routes/lists/VIP/delete", nothing(), "list.removed VIP"),
        Step("POST", "/routes/lists", Form(&[("name", "Bad"), ("numbers", "anonymous")]), "list.added Bad"),
        Step("DELETE", "/api/v1/lists/Bad", Json(json!({})), "list.removed Bad"),
        Step("PUT", "/api/v1/schedules/office", Json(json!({"hours": "24/7"})), "schedule.set office"),
        Step(
            "POST",
            "/routes/schedules/office",
            Form(&[("hours", "Mo-Fr 09:00-17:00"), ("overwrite", "on")]),
            "schedule.changed office",
        ),
        Step("POST", "/routes/schedules/office/delete", nothing(), "schedule.removed office"),
        Step("POST", "/routes/schedules", Form(&[("name", "night"), ("hours", "24/7")]), "schedule.added night"),
        Step("DELETE", "/api/v1/schedules/night", Json(json!({})), "schedule.removed night"),
        Step("PUT", "/api/v1/closed", Json(json!({"until": until})), "closed.set -"),
        Step("DELETE", "/api/v1/closed", Json(json!({})), "closed.taken_back -"),
        Step("POST", "/routes/closed", Form(&[("when", "tomorrow")]), "closed.set -"),
        Step("POST", "/routes/open", nothing(), "closed.taken_back -"),
        Step("PUT", "/api/v1/contacts/+491712345678", Json(json!({"name": "Otto"})), "contact.set +49171…78"),
        Step("POST", "/contacts", Form(&[("number", "030 23125000"), ("name", "Berta")]), "contact.added +49302…00"),
        Step(
            "POST",
            "/contacts/+493023125000",
            Form(&[("number", "030 23125000"), ("name", "Bertha")]),
            "contact.changed +49302…00",
        ),
        Step("POST", "/contacts/+493023125000/delete", nothing(), "contact.removed +49302…00"),
        Step("DELETE", "/api/v1/contacts/+491712345678", Json(json!({})), "contact.removed +49171…78"),
        Step("POST", "/api/v1/contacts", otto("Otto"), "contacts.imported -"),
        Step("PUT", "/api/v1/contacts", otto("Ottokar"), "contacts.replaced -"),
        Step("POST", "/api/v1/contacts/import", Csv("Name,Phone\nBert,030 23125001\n"), "contacts.imported -"),
        Step("POST", "/contacts/import", File(b"Name,Phone\nBerta,030 23125000\n"), "contacts.imported -"),
        Step("PUT", "/api/v1/names", Json(json!({"lines": [{"number": "23", "name": "Store"}]})), "names.replaced -"),
        Step("POST", "/settings/names", Form(&[("line", "23"), ("line_name", "Stock")]), "names.changed -"),
        Step("POST", "/callbacks/done", Form(&[("party", "+493023125000")]), "callback.marked +49302…00"),
        Step("DELETE", "/api/v1/callbacks/+493023125000/done", Json(json!({})), "callback.taken_back +49302…00"),
        Step("POST", "/api/v1/callbacks/+493023125000/done", Json(json!({})), "callback.marked +49302…00"),
        Step("POST", "/callbacks/undo", Form(&[("party", "+493023125000")]), "callback.taken_back +49302…00"),
        Step(
            "POST",
            "/settings/users",
            Form(&[("name", "carl"), ("password", PASSWORD), ("role", "viewer")]),
            "account.added carl",
        ),
        Step("POST", "/settings/users/role", Form(&[("name", "carl"), ("role", "admin")]), "role.changed carl: admin"),
        Step(
            "POST",
            "/settings/users/password",
            Form(&[("name", "carl"), ("password", "another long one")]),
            "password.changed carl",
        ),
        Step("POST", "/settings/users/remove", Form(&[("name", "carl")]), "account.removed carl"),
        Step(
            "POST",
            "/settings/users/tokens",
            Form(&[("token_name", "t"), ("token_role", "admin")]),
            "token.added t: admin",
        ),
        Step("POST", "/settings/users/tokens/remove", Form(&[("name", "t")]), "token.removed t"),
        Step("POST", "/settings/account/sessions", Form(&[("id", "others")]), "session.ended anna"),
        Step(
            "POST",
            "/settings/account/password",
            Form(&[("current", PASSWORD), ("password", "another long one")]),
            "password.changed anna",
        ),
        Step("POST", "/logout", nothing(), "session.ended -"),
    ]
}

/// A route as its form sends it.
const ROUTE: [(&str, &str); 5] =
    [("name", "Night"), ("enabled", "on"), ("action", "hangup"), ("hours.kind", "always"), ("overwrite", "on")];

/// The url of the table that a path is of: of those with variables, which are filled with 1, the one with the fewest.
fn url_of<'a>(Step(method, path, ..): &Step, urls: &'a [(String, String)]) -> Option<&'a (String, String)> {
    let is_of = |url: &&(String, String)| {
        let same = |(known, part)| known == "1" || known == part;
        url.0 == *method
            && url.1.split('/').count() == path.split('/').count()
            && url.1.split('/').zip(path.split('/')).all(same)
    };
    urls.iter().filter(is_of).min_by_key(|url| url.1.split('/').filter(|part| *part == "1").count())
}

/// A url that is added without an entry in the audit log is found here.
#[test]
fn every_url_that_changes_something_is_among_the_changes() {
    let is_changing =
        |(method, path): &(String, String)| method != "GET" && path != FIRST && !NO_CHANGES.contains(&path.as_str());
    let urls: Vec<_> = urls().into_iter().filter(is_changing).collect();
    let made: BTreeSet<_> = changes().iter().filter_map(|step| url_of(step, &urls)).collect();
    let missing: Vec<_> = urls.iter().filter(|url| !made.contains(url)).collect();
    assert_eq!(missing, Vec::<&(String, String)>::new());
}

#[test]
fn a_change_and_its_entry_are_written_together_or_not_at_all() {
    let app = guarded();
    let anna = log_in(&app, "anna");
    // The session that is ended by the other.
    log_in(&app, "anna");
    for step in &changes() {
        let Step(method, path, _, said) = step;
        let (path, said) = (filled(&app, path), filled(&app, said));
        let (mut expected, before) = (log(&app), contents(&app));
        app.database.execute("alter table audit rename column who to whom");
        let failed = step.send(&app, &anna, &path);
        app.database.execute("alter table audit rename column whom to who");
        assert!([500, 503].contains(&failed.status), "{method} {path}: {failed}");
        assert_eq!(contents(&app), before, "{method} {path}");
        let answer = step.send(&app, &anna, &path);
        assert!([200, 201, 204, 303].contains(&answer.status), "{method} {path}: {answer}");
        expected.push(format!("anna {said}"));
        assert_eq!(log(&app), expected, "{method} {path}");
        assert_ne!(contents(&app), before, "{method} {path}");
    }
    let all = app.database.rows("who, action, about", "from audit").concat();
    assert!(!all.contains("1712345678") && !all.contains("23125000") && !all.contains("another"), "{all}");
}
