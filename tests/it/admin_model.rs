//! Model-based tests of administration: random sequences of actions run beside a model of the expected state. After
//! each step the database is sound and has no dangling references, and the lists are what the model says.

#![allow(clippy::print_stdout, reason = "shown where a test fails: how to have the same again")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fernamt::store::Db;
use fernamt::store::calls::rebuild::{Deviations, rebuild};
use fernamt::store::calls::rebuilding::Purpose;
use fernamt::store::db::soundness::{count_leftovers, damages};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::callbacks::miss;
use crate::client::Request;
use crate::database::{Database, runtime};
use crate::helpers::{Answer, TestApp, form, times};
use crate::signed_in::{GUARDED, PASSWORD, by, cookie_of, try_login};
use crate::spool::until;

/// So many steps; `FERNAMT_SOAK` multiplies them.
const STEPS: usize = 20;
const USERS: [&str; 4] = ["ben", "carl", "dora", "emil"];
const TOKENS: [&str; 3] = ["monitor", "crm", "wall"];
const NAMED: [&str; 3] = ["vip", "alarm", "nacht"];
const PARTIES: [&str; 5] = ["+491712345671", "+491712345672", "+491712345673", "+491712345674", "+493023125000"];

/// What must be there.
#[derive(Default)]
struct Model {
    users: BTreeMap<&'static str, &'static str>,
    tokens: BTreeMap<&'static str, String>,
    /// Who is logged in, by their cookies; those that must not get in any more.
    sessions: Vec<(&'static str, String)>,
    ended: Vec<String>,
    routes: BTreeSet<i64>,
    lists: BTreeSet<&'static str>,
    schedules: BTreeSet<&'static str>,
    contacts: BTreeSet<&'static str>,
    line_name: Option<String>,
    /// Who waits for a callback, and which of those was marked as done.
    owed: BTreeSet<&'static str>,
    done: BTreeSet<&'static str>,
    calls: i64,
}

struct Run {
    app: TestApp,
    anna: String,
    chance: StdRng,
    model: Model,
    runtime: Runtime,
    db: Db,
}

impl Run {
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        *of.choose(&mut self.chance).unwrap()
    }

    fn ask(&self, method: &str, path: &str) -> Request {
        by(&self.app, &self.anna, method, path)
    }

    fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.ask("POST", path).form(form(fields)).send()
    }

    #[track_caller]
    fn api(&self, method: &str, path: &str, body: &Value, expected: &[u16]) -> Answer {
        let answer = self.ask(method, &format!("/api/v1/{path}")).json(body).send();
        assert!(expected.contains(&answer.status), "{method} {path}: {answer}");
        answer
    }

    fn accounts(&mut self) -> String {
        let (name, role) = (self.pick(&USERS), self.pick(&["viewer", "admin"]));
        match self.chance.random_range(0..6) {
            0 | 1 => {
                let fields = [("name", name), ("password", PASSWORD), ("role", role)];
                let status = self.form("/settings/users", &fields).status;
                let is_new = !self.model.users.contains_key(name);
                assert_eq!(status, if is_new { 303 } else { 409 }, "{name}");
                self.model.users.entry(name).or_insert(role);
                format!("user add {name} {role}")
            }
            2 => {
                let status = self.form("/settings/users/remove", &[("name", name)]).status;
                assert_eq!(status, if self.model.users.remove(name).is_some() { 303 } else { 404 }, "{name}");
                self.end_sessions(name);
                format!("user remove {name}")
            }
            3 => {
                let there = self.model.users.contains_key(name);
                let status = self.form("/settings/users/role", &[("name", name), ("role", role)]).status;
                assert_eq!(status, if there { 303 } else { 404 }, "{name}");
                self.model.users.entry(name).and_modify(|now| *now = role);
                format!("user role {name} {role}")
            }
            4 => {
                let there = self.model.users.contains_key(name);
                let status = self.form("/settings/users/password", &[("name", name), ("password", PASSWORD)]).status;
                assert_eq!(status, if there { 303 } else { 404 }, "{name}");
                self.end_sessions(name);
                format!("user password {name}")
            }
            _ => {
                // As another process does it: who has just logged in is known to the database alone.
                let done = self.app.database.run(&["user", "remove", name], b"");
                assert_eq!(done.status == 0, self.model.users.remove(name).is_some(), "{done:?}");
                self.end_sessions(name);
                format!("command: user remove {name}")
            }
        }
    }

    fn end_sessions(&mut self, name: &str) {
        let (ended, open) = std::mem::take(&mut self.model.sessions).into_iter().partition(|(who, _)| *who == name);
        self.model.sessions = open;
        let ended: Vec<(&str, String)> = ended;
        self.model.ended.extend(ended.into_iter().map(|(_, cookie)| cookie));
    }

    fn logins(&mut self) -> String {
        let there: Vec<&'static str> = self.model.users.keys().copied().collect();
        let Some(&name) = there.choose(&mut self.chance) else { return "nobody to log in".into() };
        let answer = try_login(&self.app, name, PASSWORD);
        assert_eq!(answer.status, 303, "{name}: {answer}");
        self.model.sessions.push((name, cookie_of(&answer)));
        format!("log in {name}")
    }

    fn tokens(&mut self) -> String {
        let name = self.pick(&TOKENS);
        let there = self.model.tokens.contains_key(name);
        if self.chance.random() {
            let answer = self.form("/settings/users/tokens", &[("token_name", name), ("token_role", "viewer")]);
            assert_eq!(answer.status == 409, there, "{answer}");
            if !there {
                let text = answer.text();
                let token = text.split("fernamt_").nth(1).unwrap().split('<').next().unwrap();
                self.model.tokens.insert(name, format!("fernamt_{token}"));
            }
            return format!("token add {name}");
        }
        let status = self.form("/settings/users/tokens/remove", &[("name", name)]).status;
        assert_eq!(status, if there { 303 } else { 404 });
        self.model.tokens.remove(name);
        format!("token remove {name}")
    }

    fn routes(&mut self) -> String {
        // Who is hung up on by a route is owed no callback.
        let route = json!({"name": "Ruf", "reply": {"action": "queue", "id": "7"}});
        let all: Vec<i64> = self.model.routes.iter().copied().collect();
        match (self.chance.random_range(0..4), all.choose(&mut self.chance)) {
            (1, Some(id)) => {
                self.api("PUT", &format!("routes/{id}"), &route, &[200]);
                format!("route change {id}")
            }
            (2, Some(id)) => {
                assert_eq!(self.ask("DELETE", &format!("/api/v1/routes/{id}")).send().status, 204);
                self.model.routes.remove(id);
                format!("route remove {id}")
            }
            (3, _) => {
                let items = self.api("PUT", "routes", &json!({"items": [route, route]}), &[200]).json();
                let items = items["items"].as_array().unwrap().clone();
                self.model.routes = items.iter().map(|item| item["id"].as_i64().unwrap()).collect();
                "routes replaced".into()
            }
            _ => {
                let id = self.api("POST", "routes", &route, &[201]).json()["id"].as_i64().unwrap();
                self.model.routes.insert(id);
                format!("route add {id}")
            }
        }
    }

    fn shared(&mut self) -> String {
        let name = self.pick(&NAMED);
        let (kind, body) = self.pick(&[("lists", "numbers"), ("schedules", "hours")]);
        let body =
            if body == "numbers" { json!({"numbers": ["0171*"]}) } else { json!({"hours": "Mo-Fr 09:00-17:00"}) };
        let set = if kind == "lists" { &mut self.model.lists } else { &mut self.model.schedules };
        let is_put: bool = self.chance.random();
        let was_there = if is_put { !set.insert(name) } else { set.remove(name) };
        if is_put {
            self.api("PUT", &format!("{kind}/{name}"), &body, &[if was_there { 200 } else { 201 }]);
        } else {
            let status = self.ask("DELETE", &format!("/api/v1/{kind}/{name}")).send().status;
            assert_eq!(status, if was_there { 204 } else { 404 });
        }
        format!("{kind} {name} {is_put}")
    }

    fn names(&mut self) -> String {
        if self.chance.random() {
            let name = format!("Zentrale {}", self.chance.random_range(0..100));
            self.api("PUT", "names", &json!({"lines": [{"number": "022129191999", "name": name}]}), &[200]);
            self.model.line_name = Some(name);
            return "names".into();
        }
        let party = self.pick(&PARTIES);
        let path = format!("contacts/{party}");
        if self.chance.random() {
            self.api("PUT", &path, &json!({"name": "Kern"}), &[200, 201]);
            self.model.contacts.insert(party);
        } else {
            let status = self.ask("DELETE", &format!("/api/v1/{path}")).send().status;
            assert_eq!(status, if self.model.contacts.remove(party) { 204 } else { 404 });
        }
        format!("contact {party}")
    }

    fn callbacks(&mut self) -> String {
        let party = self.pick(&PARTIES);
        let path = format!("/api/v1/callbacks/{party}/done");
        match self.chance.random_range(0..4) {
            0 if self.model.owed.contains(party) => {
                assert_eq!(self.ask("POST", &path).send().status, 204);
                self.model.owed.remove(party);
                self.model.done.insert(party);
                format!("callback done {party}")
            }
            1 if self.model.done.contains(party) => {
                assert_eq!(self.ask("DELETE", &path).send().status, 204);
                self.model.done.remove(party);
                self.model.owed.insert(party);
                format!("callback undone {party}")
            }
            _ => {
                self.model.calls += 1;
                let call = format!("call-{}", self.model.calls);
                miss(&self.app, &call, party, "missed");
                // On a busy machine it may wait in the spool.
                until("it is stored", || {
                    let stored = self.ask("GET", &format!("/api/v1/calls/{call}")).send();
                    stored.status == 200 && stored.json()["event_count"] == 2
                });
                self.model.owed.insert(party);
                self.model.done.remove(party);
                format!("call of {party}")
            }
        }
    }

    fn forgetting(&mut self) -> String {
        let party = self.pick(&PARTIES);
        let flags = if self.chance.random_range(0..3) == 0 { ["--before", "2020-01-01"] } else { ["--party", party] };
        let done = self.app.database.run(&["forget", flags[0], flags[1]], b"");
        assert_eq!(done.status, 0, "{done:?}");
        if flags[0] == "--party" {
            // Still owed, but nobody can ring a pseudonym.
            self.model.owed.remove(party);
            self.model.done.remove(party);
        }
        format!("forget {flags:?}")
    }

    fn step(&mut self, step: usize) -> String {
        match self.chance.random_range(0..24) {
            0..=5 => self.accounts(),
            6..=8 => self.logins(),
            9..=10 => self.tokens(),
            11..=13 => self.routes(),
            14..=16 => self.shared(),
            17..=18 => self.names(),
            // It writes the file anew, which takes its time.
            19 if step.is_multiple_of(2) => self.forgetting(),
            _ => self.callbacks(),
        }
    }

    /// What `check` looks at.
    fn assert_sound(&self) {
        let config = crate::helpers::config(&self.app.database, &GUARDED);
        let (damages, leftovers, deviations) = self.runtime.block_on(async {
            let derivation = config.derivation().unwrap();
            let deviations = rebuild(&self.db, &derivation, Purpose::Compare, |_, _| ()).await.unwrap();
            (damages(&self.db).await.unwrap(), count_leftovers(&self.db).await.unwrap(), deviations)
        });
        assert_eq!((damages, leftovers, deviations), (Vec::new(), 0, Deviations::default()));
    }

    fn assert_as_modelled(&self) {
        let Model {
            users, tokens, sessions, ended, routes, lists, schedules, contacts, line_name, owed, calls, ..
        } = &self.model;
        let rows = |columns: &str, rest: &str| {
            let rows = self.app.database.rows(columns, rest).into_iter();
            rows.map(|row| row.trim_matches(['(', ')']).to_owned()).collect::<Vec<_>>()
        };
        let known = [("anna", "admin")].into_iter().chain(users.iter().map(|(name, role)| (*name, *role)));
        let known = known.map(|(name, role)| format!("{name},{}", if role == "admin" { 1 } else { 2 }));
        let stored = rows("name, role", "from users order by name").into_iter().map(|row| row.replace('|', ","));
        assert_eq!(stored.collect::<Vec<_>>(), known.collect::<Vec<_>>());
        assert_eq!(rows("name", "from tokens order by name"), tokens.keys().copied().collect::<Vec<_>>());
        let numbers = "from sessions join users on users.id = user_id where name <> 'anna'";
        assert_eq!(self.app.database.count(numbers), sessions.len() as i64);
        let text = |path: &str, field: &str| {
            let items = self.ask("GET", &format!("/api/v1/{path}")).send().ok()["items"].as_array().unwrap().clone();
            items.into_iter().map(|item| item[field].to_string().replace('"', "")).collect::<BTreeSet<_>>()
        };
        assert_eq!(text("routes", "id"), routes.iter().map(ToString::to_string).collect::<BTreeSet<_>>());
        let set =
            |names: &BTreeSet<&'static str>| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
        assert_eq!(text("lists", "name"), set(lists));
        assert_eq!(text("schedules", "name"), set(schedules));
        assert_eq!(text("contacts", "number"), set(contacts));
        let listed =
            text("callbacks", "party").into_iter().filter(|party| party.starts_with('+')).collect::<BTreeSet<_>>();
        assert_eq!(listed, set(owed));
        let names = self.ask("GET", "/api/v1/names").send().ok()["lines"][0]["name"].clone();
        assert_eq!(names.as_str(), line_name.as_deref());
        assert_eq!(self.ask("GET", "/api/v1/stats").send().ok()["totals"]["calls"], *calls);
        for (name, cookie) in sessions.iter().rev().take(2) {
            assert_eq!(by(&self.app, cookie, "GET", "/api/v1/routes").send().status, 200, "{name}");
        }
        for cookie in ended.iter().rev().take(2) {
            assert_eq!(by(&self.app, cookie, "GET", "/api/v1/routes").send().status, 401, "of an account that is gone");
        }
    }
}

#[test]
fn whatever_administrators_do_the_database_stays_sound_and_is_what_they_made() {
    let seed = std::env::var("FERNAMT_SEED").map_or_else(|_| rand::random(), |seed| seed.parse().unwrap());
    println!("FERNAMT_SEED={seed}");
    let database = Arc::new(Database::create());
    database.add_user("anna", "admin");
    let app = TestApp::changed(database.clone(), &[], |_| ());
    let anna = cookie_of(&try_login(&app, "anna", PASSWORD));
    let runtime = runtime();
    let db = runtime.block_on(Db::open(database.url())).unwrap();
    let mut run = Run { app, anna, chance: StdRng::seed_from_u64(seed), model: Model::default(), runtime, db };
    for step in 0..times(STEPS) {
        let what = run.step(step);
        println!("{step}: {what}");
        run.assert_sound();
        // What a command changed is known to the server within a second.
        if what.starts_with("command") {
            std::thread::sleep(std::time::Duration::from_millis(1_500));
        }
        run.assert_as_modelled();
    }
    run.runtime.block_on(run.db.close());
}
