//! Tests of the audit log: who changed what.

use serde_json::{Value, json};

use crate::accounts::wait_until;
use crate::audited_changes::contents;
use crate::helpers::{Answers, Database, TestApp, form};
use crate::signed_in::{GUARDED, PASSWORD, by, by_token, guarded, log_in, try_login};

/// Who, what, about, oldest first; of what the commands that made the accounts left, nothing.
pub fn log(app: &TestApp) -> Vec<String> {
    entries(&app.database, "coalesce(who, '-') || ' ' || ", "coalesce(who, '') <> '@command'")
}

/// What the commands left, oldest first.
fn log_of_commands(database: &Database) -> Vec<String> {
    entries(database, "", "who = '@command'")
}

fn entries(database: &Database, before: &str, which: &str) -> Vec<String> {
    let columns = format!("{before}action || ' ' || coalesce(about, '-')");
    let rows = database.rows(&columns, &format!("from audit where {which} order by id"));
    rows.into_iter().map(|row| row.trim_matches(['(', ')', '"']).to_owned()).collect()
}

#[test]
fn the_first_account_is_noted_with_nobody_as_its_maker() {
    let app = TestApp::with(&GUARDED);
    let code = app.database.rows("value", "from settings where name = 'setup_code'")[0].clone();
    let set_up = |name: &str, code: &str| {
        let fields = [("code", code), ("name", name), ("password", PASSWORD)];
        app.request("POST", "/setup").form(form(&fields)).send().status
    };
    assert_eq!(set_up("Anna", "wrong"), 401);
    assert_eq!(log(&app), [""; 0]);
    assert_eq!(set_up("Anna", code.trim_matches(['(', ')'])), 303);
    assert_eq!(set_up("Eve", code.trim_matches(['(', ')'])), 303, "led to the login");
    assert_eq!(log(&app), ["- account.added Anna"]);
}

#[test]
fn what_changes_nothing_is_not_noted() {
    let app = guarded();
    let (anna, ben) = (log_in(&app, "anna"), log_in(&app, "ben"));
    let route = json!({"name": "VIPs", "from": ["@VIP"], "reply": {"action": "hangup"}});
    let (otto, names) = (json!({"name": "Otto"}), json!({"lines": [{"number": "23", "name": "Store"}]}));
    let api = |method: &str, path: &str, body: &Value| {
        by(&app, &anna, method, &format!("/api/v1/{path}")).json(body).send().status
    };
    let post = |path: &str, fields: &[(&str, &str)]| by(&app, &anna, "POST", path).form(form(fields)).send().status;
    assert_eq!(api("PUT", "lists/VIP", &json!({"numbers": ["030 23125000"]})), 201);
    assert_eq!(api("POST", "routes", &route), 201);
    assert_eq!(api("PUT", "contacts/+491712345678", &otto), 200);
    assert_eq!(api("PUT", "names", &names), 200);
    let id = app.database.count_of("max(id)", "from routes");
    let (page, before, stored) = (format!("/routes/{id}"), log(&app), contents(&app));
    // Who may not.
    for (method, path) in [("POST", "/api/v1/routes"), ("POST", page.as_str()), ("DELETE", "/api/v1/lists/VIP")] {
        assert_eq!(by(&app, &ben, method, path).json(&route).send().status, 403, "{method} {path}");
    }
    // What was changed meanwhile.
    for (path, body) in [
        (format!("routes/{id}"), route.clone()),
        ("routes".into(), json!({"items": []})),
        ("lists/VIP".into(), json!({"numbers": []})),
    ] {
        let request = by(&app, &anna, "PUT", &format!("/api/v1/{path}")).header("If-Match", "\"1000000\"");
        assert_eq!(request.json(&body).send().status, 412, "{path}");
    }
    let old = [("name", "x"), ("action", "hangup"), ("hours.kind", "always"), ("version", "0")];
    assert_eq!(post(&page, &old), 409);
    // What is in the way.
    for (path, fields) in [
        ("/routes/lists", &[("name", "vip"), ("numbers", "")][..]),
        ("/routes/lists/VIP/delete", &[]),
        ("/settings/users", &[("name", "ANNA"), ("password", PASSWORD), ("role", "viewer")]),
        ("/settings/users/remove", &[("name", "anna")]),
        ("/settings/users/role", &[("name", "anna"), ("role", "viewer")]),
    ] {
        assert_eq!(post(path, fields), 409, "{path}");
    }
    assert_eq!(api("DELETE", "lists/VIP", &json!({})), 409);
    // What there is not.
    for (method, path) in [
        ("PUT", "routes/1000000"),
        ("DELETE", "routes/1000000"),
        ("POST", "routes/revisions/1000000/restore"),
        ("DELETE", "lists/nothing"),
        ("DELETE", "schedules/nothing"),
        ("DELETE", "contacts/+493023125000"),
        ("DELETE", "callbacks/+493023125000/done"),
    ] {
        assert_eq!(api(method, path, &route), 404, "{method} {path}");
    }
    for (path, fields) in [
        ("/routes/1000000/enabled", &[("enabled", "true")][..]),
        ("/routes/1000000/move", &[("way", "up")]),
        ("/routes/1000000/delete", &[]),
        ("/contacts/+493023125000/delete", &[]),
        ("/settings/users/role", &[("name", "nobody"), ("role", "viewer")]),
        ("/settings/users/password", &[("name", "nobody"), ("password", PASSWORD)]),
        ("/settings/users/remove", &[("name", "nobody")]),
        ("/settings/users/tokens/remove", &[("name", "nobody")]),
        ("/settings/account/sessions", &[("id", "1000000")]),
    ] {
        assert_eq!(post(path, fields), 404, "{path}");
    }
    // What is wrong.
    for (method, path, body) in [
        ("POST", "routes", json!({"name": ""})),
        ("PUT", "routes", json!({"items": [5]})),
        ("PUT", "lists/VIP", json!({})),
        ("PUT", "schedules/office", json!({"hours": "sometimes"})),
        ("PUT", "closed", json!({"until": "tomorrow"})),
        ("POST", "contacts", json!({"items": [5]})),
        ("PUT", "contacts/+493023125000", json!({})),
        ("PUT", "names", json!({"lines": [5]})),
        ("POST", "callbacks/23/done", json!({})),
    ] {
        assert_eq!(api(method, path, &body), 400, "{method} {path}");
    }
    for (path, fields) in [
        ("/routes", &[("name", "")][..]),
        ("/routes/closed", &[("until", "some day")]),
        ("/contacts", &[("number", "23"), ("name", "x")]),
        ("/settings/users", &[("name", "carl"), ("password", "short"), ("role", "viewer")]),
        ("/settings/account/password", &[("current", "wrong password"), ("password", PASSWORD)]),
    ] {
        assert_eq!(post(path, fields), 400, "{path}");
    }
    // What is as it should be.
    assert_eq!(api("PUT", "contacts/+491712345678", &otto), 200);
    assert_eq!(api("PUT", "names", &names), 200);
    assert_eq!(api("DELETE", "closed", &json!({})), 204);
    for (path, fields) in [
        ("/contacts/+491712345678", &[("number", "0171 2345678"), ("name", "Otto")][..]),
        ("/settings/names", &[("line", "23"), ("line_name", "Store")]),
        ("/routes/open", &[]),
        ("/callbacks/undo", &[("party", "+493023125000")]),
        ("/settings/users/role", &[("name", "ben"), ("role", "viewer")]),
        ("/settings/account/sessions", &[("id", "others")]),
    ] {
        assert_eq!(post(path, fields), 303, "{path}");
    }
    assert_eq!(post(&format!("{page}/move"), &[("way", "up")]), 303);
    // What is only tried or looked at.
    assert_eq!(api("POST", "routes/test", &json!({"from": "1", "to": "2"})), 200);
    by(&app, &anna, "POST", "/language").form("lang=de").send();
    by(&app, &anna, "GET", "/settings/audit").send();
    assert_eq!((log(&app), contents(&app)), (before, stored));
}

#[test]
fn commands_on_contacts_and_numbers_are_noted() {
    let database = Database::create();
    let spool = database.spool();
    let forget =
        |flags: &[&str]| database.run(&[&["forget", "--spool", spool.to_str().unwrap()], flags].concat(), b"").status;
    for _ in 0..2 {
        let done = database.run(&["contacts", "import", "-"], b"Name,Phone\nBerta,030 23125000\n");
        assert_eq!(done.status, 0, "{done:?}");
    }
    assert_eq!(log_of_commands(&database), ["contacts.imported -"], "the second time nothing changed");
    assert_ne!(database.run(&["contacts", "import", "-"], b"").status, 0);
    assert_ne!(forget(&["--party", "anonymous"]), 0);
    assert_eq!(forget(&["--before", "2026-01-31"]), 0);
    assert_eq!(forget(&["--party", "030 23125000"]), 0);
    assert_eq!(forget(&["--party", "23"]), 0);
    let said =
        ["contacts.imported -", "numbers.forgotten 2026-01-31", "number.forgotten +49302…00", "number.forgotten …"];
    assert_eq!(log_of_commands(&database), said);
    let app = TestApp::on(std::sync::Arc::new(database), &[]);
    let page = app.get("/settings/audit");
    for told in ["command on the server", "Number: deleted", "Numbers of all calls before the day: deleted"] {
        assert!(page.text().contains(told), "{told}: {page}");
    }
}

#[test]
fn failed_logins_of_accounts_that_there_are_are_noted() {
    let app = guarded();
    for _ in 0..10 {
        try_login(&app, "ANNA", "wrong password");
        try_login(&app, "nobody", "wrong password");
    }
    wait_until("all are noted", || log(&app).len() == 10);
    let mut log = log(&app);
    log.sort();
    assert_eq!(log[..9], ["- login.failed anna, 127.0.0.1"; 9]);
    assert_eq!(log[9], "- login.locked anna, 127.0.0.1");
}

#[test]
fn programs_and_commands_are_noted_as_such() {
    let app = guarded();
    let token = app.database.add_token("crm", "admin");
    wait_until("it is known", || by_token(&app, &token, "GET", "/metrics").send().status == 200);
    by_token(&app, &token, "PUT", "/api/v1/names").json(&json!({"agents": [{"peer": "x", "name": "X"}]})).send().ok();
    assert_eq!(log(&app), ["crm (API) names.replaced -"]);
    app.database.add_user_with("carl", "viewer", &[]);
    app.database.run(&["user", "remove", "ben"], b"");
    app.database.run(&["user", "remove", "anna"], b"");
    app.database.run(&["token", "remove", "crm"], b"");
    let said = [
        "account.added anna: admin",
        "account.added ben: viewer",
        "token.added crm: admin",
        "account.added carl: viewer",
        "account.removed ben",
        "token.removed crm",
    ];
    assert_eq!(log_of_commands(&app.database), said, "what was refused is not noted");
}

#[test]
fn the_page_pages_and_tells_what_people_typed_as_text() {
    let app = TestApp::start();
    for number in 0..60 {
        let name = format!("<b>{number}</b>");
        let route = json!({"name": name, "reply": {"action": "hangup"}});
        assert_eq!(app.create_route(&route).status, 201);
    }
    let first = app.get("/settings/audit");
    let text = first.text();
    assert!(!text.contains("<b>") && text.contains("59") && text.contains("not logged in"), "{first}");
    assert!(text.contains("Route: added"), "{text}");
    assert_eq!(text.matches("<tr>").count(), 51);
    let older = text.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let second = app.get(older);
    assert_eq!(second.text().matches("<tr>").count(), 11, "{second}");
    assert!(!second.text().contains("rel=\"next\""));
    let german = app.request("GET", "/settings/audit").header("Accept-Language", "de").send();
    assert!(german.text().contains("Route: hinzugefügt"));
    for odd in ["/settings/audit?before=x", "/settings/audit?before=-1", "/settings/audit?before=0"] {
        assert_eq!(app.get(odd).status, 200, "{odd}");
    }
}
