//! Creates accounts for tests, and logs them in by the page.

use std::sync::{Arc, LazyLock};

use fernamt::accounts::Role;
use fernamt::accounts::action::{Actor, Entry, Subject, Verb};
use fernamt::accounts::password::PasswordHash;
use fernamt::store::Db;
use fernamt::store::accounts::{NewUser, add_user};

use crate::client::Request;
use crate::database::runtime;
use crate::helpers::{Answer, Answers, Database, TestApp, form};

pub const PASSWORD: &str = "correct horse battery";
/// With a secret, so that there is no local mode.
pub const GUARDED: [&str; 2] = ["--placetel-secret", "s"];

/// Takes long on purpose: once is enough.
static HASH: LazyLock<PasswordHash> = LazyLock::new(|| PasswordHash::new(PASSWORD).unwrap());

impl Database {
    /// Without the command: it takes longer to start than to do this.
    #[track_caller]
    pub fn add_user(&self, name: &str, role: &str) {
        let user = NewUser {
            name: name.to_owned(),
            role: Role::parse(role).unwrap(),
            lines: None,
            password: HASH.clone(),
            created_ms: chrono::Utc::now().timestamp_millis(),
        };
        let entry = Entry::new(&Actor::command(user.created_ms), (Subject::Account, Verb::Added));
        let entry = entry.on(&format!("{name}: {role}"));
        let add = async {
            let db = Db::open(self.url()).await.unwrap();
            add_user(&db, &user, false, &entry).await.unwrap();
            db.close().await;
        };
        // Browser tests are asynchronous themselves, and a thread drives one runtime only.
        std::thread::scope(|scope| scope.spawn(|| runtime().block_on(add)).join()).unwrap();
    }

    /// By the command.
    #[track_caller]
    pub fn add_user_with(&self, name: &str, role: &str, more: &[&str]) {
        let add = ["user", "add", name, "--role", role, "--password-stdin"];
        let done = self.run(&[&add, more].concat(), PASSWORD.as_bytes());
        assert_eq!((done.status, done.stdout.as_str(), done.stderr.as_str()), (0, "", ""));
    }

    #[track_caller]
    pub fn add_token(&self, name: &str, role: &str) -> String {
        let done = self.run(&["token", "add", name, "--role", role], b"");
        assert_eq!((done.status, done.stderr.as_str()), (0, ""));
        done.stdout.strip_suffix('\n').unwrap().to_owned()
    }
}

/// A server that is not in local mode, with the admin anna and the viewer ben.
pub fn guarded() -> TestApp {
    let database = Database::create();
    database.add_user("anna", "admin");
    database.add_user("ben", "viewer");
    TestApp::on(Arc::new(database), &GUARDED)
}

pub fn try_login(app: &impl Answers, name: &str, password: &str) -> Answer {
    app.request("POST", "/login").form(form(&[("name", name), ("password", password)])).send()
}

/// What a browser would send back.
pub fn cookie_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {answer}"));
    cookie.split(';').next().unwrap().to_owned()
}

#[track_caller]
pub fn log_in(app: &impl Answers, name: &str) -> String {
    let answer = try_login(app, name, PASSWORD);
    assert_eq!(answer.status, 303, "{answer}");
    cookie_of(&answer)
}

/// Requests of whoever has this cookie.
pub fn by(app: &impl Answers, cookie: &str, method: &str, path: &str) -> Request {
    app.request(method, path).header("Cookie", cookie)
}

pub fn by_token(app: &impl Answers, token: &str, method: &str, path: &str) -> Request {
    app.request(method, path).header("Authorization", &format!("Bearer {token}"))
}

#[track_caller]
pub fn leads_to(answer: &Answer, path: &str) {
    assert_eq!((answer.status, answer.header("location")), (303, Some(path)), "{answer}");
}
