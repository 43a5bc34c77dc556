//! Tests of the pages of accounts: one's own, and the list of all.

use crate::helpers::{Answer, Answers, TestApp, form};
use crate::signed_in::{PASSWORD, by, by_token, guarded, leads_to, log_in, try_login};

fn post(app: &TestApp, cookie: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
    by(app, cookie, "POST", path).form(form(fields)).send()
}

#[test]
fn whoever_changes_their_password_stays_in_and_every_other_session_ends() {
    let app = guarded();
    let [here, there] = [(); 2].map(|()| log_in(&app, "ben"));
    let change =
        |current, new| post(&app, &here, "/settings/account/password", &[("current", current), ("password", new)]);
    for (current, new) in [("wrong password", "another long one"), (PASSWORD, "too short"), ("", "another long one")] {
        let refused = change(current, new);
        assert_eq!(refused.status, 400, "{refused}");
        assert!(!refused.text().contains(new), "a password is not sent back");
    }
    assert_eq!(by(&app, &there, "GET", "/").send().status, 200);
    leads_to(&change(PASSWORD, "another long one"), "/settings/account?saved=password");
    assert_eq!(by(&app, &here, "GET", "/settings/account").send().status, 200);
    leads_to(&by(&app, &there, "GET", "/").send(), "/login");
    assert_eq!(try_login(&app, "ben", PASSWORD).status, 401);
    assert_eq!(try_login(&app, "ben", "another long one").status, 303);
}

#[test]
fn nobody_guesses_a_password_at_an_open_screen() {
    let app = guarded();
    let ben = log_in(&app, "ben");
    let guess = || {
        let guess = [("current", "wrong password"), ("password", "another long one")];
        post(&app, &ben, "/settings/account/password", &guess).status
    };
    assert_eq!((0..10).map(|_| guess()).collect::<Vec<_>>(), [400; 10]);
    let right = [("current", PASSWORD), ("password", "another long one")];
    assert_eq!(post(&app, &ben, "/settings/account/password", &right).status, 429);
}

#[test]
fn sessions_are_listed_and_ended_by_their_owner_alone() {
    let app = guarded();
    let login = form(&[("name", "ben"), ("password", PASSWORD)]);
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let login = app.request("POST", "/login").header("User-Agent", agent).form(login).send();
    let (there, here, anna) = (crate::signed_in::cookie_of(&login), log_in(&app, "ben"), log_in(&app, "anna"));
    let page = by(&app, &here, "GET", "/settings/account").send();
    assert!(page.text().contains("Firefox, Linux"), "{page}");
    let ids = app.database.rows("id", "from sessions order by id");
    let ids: Vec<_> = ids.iter().map(|id| id.trim_matches(['(', ')'])).collect();
    assert_eq!(post(&app, &anna, "/settings/account/sessions", &[("id", ids[0])]).status, 404);
    for id in ["", "x", "999"] {
        assert_eq!(post(&app, &here, "/settings/account/sessions", &[("id", id)]).status, 404, "{id}");
    }
    assert_eq!(by(&app, &there, "GET", "/").send().status, 200);
    leads_to(&post(&app, &here, "/settings/account/sessions", &[("id", ids[0])]), "/settings/account?saved=sessions");
    leads_to(&by(&app, &there, "GET", "/").send(), "/login");
    let third = log_in(&app, "ben");
    post(&app, &here, "/settings/account/sessions", &[("id", "others")]);
    leads_to(&by(&app, &third, "GET", "/").send(), "/login");
    for still in [&here, &anna] {
        assert_eq!(by(&app, still, "GET", "/").send().status, 200);
    }
}

#[test]
fn admins_add_remove_and_help_out() {
    let app = guarded();
    let anna = log_in(&app, "anna");
    let add = |name, password, role| {
        post(&app, &anna, "/settings/users", &[("name", name), ("password", password), ("role", role)])
    };
    for (name, password, role, wrong) in [
        ("", PASSWORD, "viewer", 400),
        ("<script>", PASSWORD, "viewer", 400),
        ("carl", "too short", "viewer", 400),
        ("carl", PASSWORD, "root", 400),
        ("ANNA", PASSWORD, "viewer", 409),
    ] {
        let refused = add(name, password, role);
        assert_eq!(refused.status, wrong, "{name} {password} {role}");
        assert!(!refused.text().contains("<script>") && !refused.text().contains(PASSWORD));
    }
    assert_eq!(app.database.count("from users"), 2);
    leads_to(&add("Carl", PASSWORD, "viewer"), "/settings/users?saved=1");
    let carl = log_in(&app, "carl");
    assert!(by(&app, &anna, "GET", "/settings/users").send().text().contains("Carl"));
    let forgotten = [("name", "carl"), ("password", "yet another one")];
    leads_to(&post(&app, &anna, "/settings/users/password", &forgotten), "/settings/users?saved=1");
    leads_to(&by(&app, &carl, "GET", "/").send(), "/login");
    let carl = {
        let login = try_login(&app, "carl", "yet another one");
        crate::signed_in::cookie_of(&login)
    };
    leads_to(&post(&app, &anna, "/settings/users/remove", &[("name", "carl")]), "/settings/users?saved=1");
    leads_to(&by(&app, &carl, "GET", "/").send(), "/login");
    assert_eq!(post(&app, &anna, "/settings/users/remove", &[("name", "carl")]).status, 404);
    assert_eq!(post(&app, &anna, "/settings/users/remove", &[("name", "anna")]).status, 409);
    assert_eq!(by(&app, &anna, "GET", "/").send().status, 200);
}

#[test]
fn a_token_is_on_the_page_that_makes_it_and_on_no_other() {
    let app = guarded();
    let anna = log_in(&app, "anna");
    let made = post(&app, &anna, "/settings/users/tokens", &[("token_name", "Prometheus"), ("token_role", "viewer")]);
    assert_eq!((made.status, made.header("cache-control")), (200, Some("no-store")), "{made}");
    let token = made.text().split("fernamt_").nth(1).unwrap().split('<').next().unwrap();
    let token = format!("fernamt_{token}");
    assert_eq!(by_token(&app, &token, "GET", "/metrics").send().status, 200);
    let page = by(&app, &anna, "GET", "/settings/users").send();
    assert!(page.text().contains("Prometheus") && !page.text().contains("fernamt_"), "{page}");
    let again = post(&app, &anna, "/settings/users/tokens", &[("token_name", "prometheus"), ("token_role", "admin")]);
    assert_eq!(again.status, 409);
    let nameless = post(&app, &anna, "/settings/users/tokens", &[("token_name", ""), ("token_role", "admin")]);
    assert_eq!(nameless.status, 400);
    post(&app, &anna, "/settings/users/tokens/remove", &[("name", "Prometheus")]);
    assert_eq!(by_token(&app, &token, "GET", "/metrics").send().status, 401);
}

#[test]
fn changes_bear_the_name_of_whoever_made_them() {
    let app = guarded();
    let anna = log_in(&app, "anna");
    let done = by(&app, &anna, "POST", "/api/v1/callbacks/+493023125000/done").send();
    assert_eq!(done.status, 204, "{done}");
    assert_eq!(app.database.rows("done_by", "from callbacks_done").concat().trim_matches(['(', ')']), "anna");
    let route = serde_json::json!({"name": "x", "reply": {"action": "hangup"}});
    assert_eq!(by(&app, &anna, "POST", "/api/v1/routes").json(&route).send().status, 201);
    let revisions = by(&app, &anna, "GET", "/api/v1/routes/revisions").send().ok();
    assert_eq!(revisions["items"][0]["changed_by"], "anna");
}
