//! Tests of the audit log: who changed what.

use serde_json::json;

use crate::accounts::wait_until;
use crate::helpers::{Answers, TestApp, form};
use crate::signed_in::{PASSWORD, by, by_token, guarded, log_in, try_login};

/// Who, what, about, oldest first; of what the commands that made the accounts left, nothing.
fn log(app: &TestApp) -> Vec<String> {
    let columns = "coalesce(who, '-') || ' ' || action || ' ' || coalesce(about, '-')";
    let rows = app.database.rows(columns, "from audit where coalesce(who, '') <> '@command' order by id");
    rows.into_iter().map(|row| row.trim_matches(['(', ')', '"']).to_owned()).collect()
}

#[test]
fn whoever_changes_something_is_noted_with_what_they_changed() {
    let app = guarded();
    let anna = log_in(&app, "anna");
    let post = |path: &str, fields: &[(&str, &str)]| {
        let answer = by(&app, &anna, "POST", path).form(form(fields)).send();
        assert!([200, 303].contains(&answer.status), "{path}: {answer}");
    };
    let send = |method: &str, path: &str, body| {
        let answer = by(&app, &anna, method, &format!("/api/v1/{path}")).json(&body).send();
        assert!(answer.status < 300, "{path}: {answer}");
    };
    send("POST", "routes", json!({"name": "Office", "reply": {"action": "hangup"}}));
    send("PUT", "routes/1", json!({"name": "Office", "reply": {"action": "hangup"}}));
    post("/routes/1/enabled", &[("enabled", "false")]);
    post("/routes/1/delete", &[]);
    send("POST", "routes/revisions/1/restore", json!({}));
    send("PUT", "lists/VIP", json!({"numbers": []}));
    post("/routes/lists/VIP/delete", &[]);
    send("PUT", "contacts/+491712345678", json!({"name": "Otto"}));
    post("/contacts", &[("number", "030 23125000"), ("name", "Berta")]);
    send("PUT", "names", json!({"lines": [], "agents": []}));
    post("/settings/names", &[]);
    post("/callbacks/done", &[("party", "+493023125000")]);
    send("DELETE", "callbacks/+493023125000/done", json!({}));
    post("/routes/closed", &[("when", "tomorrow")]);
    post("/routes/open", &[]);
    post("/settings/users", &[("name", "carl"), ("password", PASSWORD), ("role", "viewer")]);
    post("/settings/users/role", &[("name", "carl"), ("role", "admin")]);
    post("/settings/users/password", &[("name", "carl"), ("password", "another long one")]);
    post("/settings/users/remove", &[("name", "carl")]);
    post("/settings/users/tokens", &[("token_name", "t"), ("token_role", "admin")]);
    post("/settings/users/tokens/remove", &[("name", "t")]);
    post("/settings/account/password", &[("current", PASSWORD), ("password", "another long one")]);
    post("/logout", &[]);
    let expected = [
        "login.succeeded 127.0.0.1",
        "route.added Office",
        "route.changed 1",
        "route.changed 1",
        "route.removed 1",
        "routes.restored 1",
        "list.set VIP",
        "list.removed VIP",
        "contact.set +49171…78",
        "contact.added +49302…00",
        "names.replaced -",
        "names.changed -",
        "callback.marked +49302…00",
        "callback.taken_back +49302…00",
        "closed.set -",
        "closed.taken_back -",
        "account.added carl",
        "role.changed carl: admin",
        "password.changed carl",
        "account.removed carl",
        "token.added t: admin",
        "token.removed t",
        "password.changed anna",
        "session.ended -",
    ];
    assert_eq!(log(&app), expected.map(|entry| format!("anna {entry}")));
    let all = app.database.rows("who, action, about", "from audit").concat();
    assert!(!all.contains("1712345678") && !all.contains("23125000") && !all.contains("another"), "{all}");
}

#[test]
fn what_changes_nothing_is_not_noted() {
    let app = guarded();
    let (anna, ben) = (log_in(&app, "anna"), log_in(&app, "ben"));
    let before = log(&app).len();
    by(&app, &ben, "POST", "/api/v1/routes").json(&json!({"name": "x", "reply": {"action": "hangup"}})).send();
    by(&app, &anna, "POST", "/api/v1/routes").json(&json!({"name": ""})).send().problem(400);
    let test = json!({"from": "1", "to": "2"});
    by(&app, &anna, "POST", "/api/v1/routes/test").json(&test).send().ok();
    by(&app, &anna, "POST", "/routes").form("name=").send();
    by(&app, &anna, "POST", "/language").form("lang=de").send();
    by(&app, &anna, "GET", "/settings/audit").send();
    by(&app, &anna, "DELETE", "/api/v1/routes/99").send().problem(404);
    assert_eq!(log(&app).len(), before);
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
    by_token(&app, &token, "PUT", "/api/v1/names").json(&json!({"lines": [], "agents": []})).send();
    assert_eq!(log(&app), ["crm (API) names.replaced -"]);
    app.database.add_user_with("carl", "viewer", &[]);
    app.database.run(&["user", "remove", "ben"], b"");
    app.database.run(&["user", "remove", "anna"], b"");
    let commands = app.database.rows("action, about", "from audit where who = '@command' order by id").concat();
    for noted in ["account.added", "carl: viewer", "token.added", "crm: admin", "account.removed"] {
        assert!(commands.contains(noted), "{noted}: {commands}");
    }
    assert_eq!(commands.matches("account.removed").count(), 1, "what was refused is not noted");
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
