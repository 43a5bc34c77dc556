//! Tests of routes on every node, and on one whose database is unreachable at its start.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use fernamt::config::Config;
use serde_json::json;

use crate::client::read_some;
use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, TestApp, hung_up, incoming, run};

pub const BUSY: &str = "<Response><Reject reason=\"busy\"/></Response>";
const PATIENCE: Duration = Duration::from_secs(30);

pub fn busy() -> serde_json::Value {
    json!({"name": "Busy", "reply": {"action": "reject", "reason": "busy"}})
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_change_is_notified_to_the_other_nodes() {
    let database = Arc::new(Database::create());
    if !database.is_postgres() {
        return;
    }
    // Only the notification can tell.
    let seldom = |config: &mut Config| config.poll = Duration::from_secs(3_600);
    let [here, there] = [(); 2].map(|()| TestApp::changed(database.clone(), &[], seldom));
    // Until both listen.
    std::thread::sleep(Duration::from_millis(1_500));
    for round in 0..6 {
        let id = here.create_route(&busy()).json()["id"].clone();
        let mut call = 0;
        wait_until("the other node answers", || {
            call += 1;
            there.post_event(incoming(&format!("{round}-{call}"), CALLER, LINE)).xml() == BUSY
        });
        here.delete_route(&id);
        wait_until("the other node answers no more", || {
            call += 1;
            there.post_event(incoming(&format!("{round}-{call}"), CALLER, LINE)).xml() != BUSY
        });
    }
}

#[test]
fn the_last_good_routes_are_kept_for_the_owner_alone() {
    let app = TestApp::start();
    let file = app.database.routes_file();
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    app.create_route(&busy());
    let kept = || std::fs::read_to_string(&file).unwrap();
    // Where the database's notice of the change came before the answer, somebody else is about to keep them.
    wait_until("the routes are kept", || kept().contains("\"Busy\""));
    assert!(!kept().contains("postgres://"), "{}", kept());
}

#[test]
fn routes_that_cannot_be_kept_are_no_reason_not_to_start() {
    let database = Database::create();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("missing/routes.json");
    let app = TestApp::changed(Arc::new(database), &[], |config| config.routes_file = Some(file));
    app.create_route(&busy());
    assert_eq!(app.post_event(incoming("a", CALLER, LINE)).xml(), BUSY);
}

/// Passes connections on, but while it is cut closes whatever comes. It keeps its port all the time.
pub struct Line {
    pub address: SocketAddr,
    connections: Arc<Mutex<Connections>>,
}

#[derive(Default)]
struct Connections {
    are_cut: bool,
    open: Vec<TcpStream>,
}

impl Line {
    pub fn to(target: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let line = Self { address: listener.local_addr().unwrap(), connections: Arc::default() };
        let (connections, target) = (line.connections.clone(), target.to_owned());
        std::thread::spawn(move || {
            for here in listener.incoming() {
                let (here, mut connections) = (here.unwrap(), connections.lock().unwrap());
                if connections.are_cut {
                    continue;
                }
                let Ok(there) = TcpStream::connect(&target) else { continue };
                connections.open.extend([here.try_clone().unwrap(), there.try_clone().unwrap()]);
                pass(here.try_clone().unwrap(), there.try_clone().unwrap());
                pass(there, here);
            }
        });
        line
    }

    pub fn join(&self) {
        self.connections.lock().unwrap().are_cut = false;
    }

    pub fn cut(&self) {
        let mut connections = self.connections.lock().unwrap();
        connections.are_cut = true;
        for stream in connections.open.drain(..) {
            let _ = stream.shutdown(std::net::Shutdown::Both);
        }
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let mut chunk = [0; 16 * 1024];
        while let Ok(read) = read_some(&mut from, &mut chunk) {
            if read == 0 || to.write_all(&chunk[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(std::net::Shutdown::Both);
    });
}

/// A database that can be taken away from servers.
pub struct Removable {
    pub database: Database,
    line: Option<Line>,
    url: String,
}

impl Removable {
    pub fn create() -> Self {
        let database = Database::create();
        if !database.is_postgres() {
            let url = database.url().to_owned();
            return Self { database, line: None, url };
        }
        let (user, rest) = database.url().split_once('@').unwrap();
        let (host, name) = rest.split_once('/').unwrap();
        let line = Line::to(host);
        let url = format!("{user}@{}/{name}", line.address);
        Self { database, line: Some(line), url }
    }

    fn file(&self) -> &str {
        self.url.strip_prefix("sqlite:").unwrap()
    }

    fn files(&self) -> [String; 3] {
        ["", "-wal", "-shm"].map(|end| format!("{}{end}", self.file()))
    }

    pub fn take_away(&self) {
        match &self.line {
            Some(line) => line.cut(),
            None => {
                for file in self.files() {
                    // Where no server was yet, there is nothing to keep.
                    let _ = std::fs::rename(&file, format!("{file}.away"));
                }
                std::fs::write(self.file(), "this is no database, and long enough to be looked at ".repeat(9)).unwrap();
            }
        }
    }

    pub fn give_back(&self) {
        match &self.line {
            Some(line) => line.join(),
            None => {
                for file in self.files() {
                    let _ = std::fs::remove_file(&file);
                    let _ = std::fs::rename(format!("{file}.away"), &file);
                }
            }
        }
    }

    pub fn server(&self) -> Server {
        Server::at(&self.url, &self.database.routes_file())
    }

    /// What a start says that fails.
    fn fails(&self) -> String {
        let file = self.database.routes_file();
        let flags = ["--listen", "127.0.0.1:0", "--database-url", &self.url, "--routes-file", &file];
        let done = run(&flags, b"");
        assert_eq!(done.status, 2, "{done:?}");
        done.stderr
    }
}

#[test]
fn without_its_database_a_start_answers_calls_with_the_last_good_routes() {
    let removable = Removable::create();
    let server = removable.server();
    server.create_route(&busy());
    let revision = server.get("/api/v1/routes/revisions").ok()["items"][0]["id"].clone();
    server.terminate();
    assert_eq!(server.wait().status, 0);

    removable.take_away();
    let server = removable.server();
    assert_eq!(server.post_event(incoming("a", CALLER, LINE)).xml(), BUSY);
    server.get("/readyz").problem(503);
    assert_eq!(server.get("/healthz").status, 200);
    server.get("/api/v1/routes").problem(503);
    server.create_route(&busy()).problem(503);
    // It waits in the spool.
    assert_eq!(server.post_event(hung_up("b", "missed", 0)).status, 200);

    removable.give_back();
    wait_until("the database is there", || server.get("/readyz").status == 200);
    wait_until("the call is stored", || server.call("a").status == 200);
    wait_until("what waited is stored", || server.call("b").status == 200);
    let decision = server.call("a").ok()["decision"].clone();
    assert_eq!((&decision["route_name"], &decision["revision"]), (&json!("Busy"), &revision));
    server.create_route(&busy());
    assert_eq!(server.routes().ok()["items"].as_array().unwrap().len(), 2);
    server.terminate();
    let done = server.wait();
    assert_eq!(done.status, 0, "{done:?}");
    assert!(done.stderr.contains("the database is there"), "{done:?}");
}

#[test]
fn the_last_good_routes_come_with_what_they_share() {
    let removable = Removable::create();
    let server = removable.server();
    let put = |server: &Server, path: &str, body: &serde_json::Value| {
        server.request("PUT", &format!("/api/v1/{path}")).json(body).send().status
    };
    assert_eq!(put(&server, "lists/vip", &json!({"numbers": [CALLER]})), 201);
    assert_eq!(put(&server, "schedules/office", &json!({"hours": "24/7"})), 201);
    let queue = |id: &str, hours: &str| json!({"name": id, "from": ["@vip"], "hours": hours, "reply": {"action": "queue", "id": id}});
    server.create_route(&queue("open", "@office"));
    server.create_route(&queue("shut", "not @office"));
    let until = (chrono::Utc::now() + chrono::Duration::hours(2)).to_rfc3339();
    assert_eq!(put(&server, "closed", &json!({"until": until})), 200);
    server.terminate();
    assert_eq!(server.wait().status, 0);

    removable.take_away();
    let server = removable.server();
    let answer = |call: &str, from: &str| server.post_event(incoming(call, from, LINE)).xml().to_owned();
    assert!(answer("a", CALLER).contains("\"shut\""));
    assert_eq!(answer("b", "040123456"), "<Response/>");
    // Who may see pages stands in the database.
    assert_eq!(server.get("/settings").status, 503);
    removable.give_back();
    wait_until("the database is there", || server.get("/readyz").status == 200);
    wait_until("it can be opened", || server.request("DELETE", "/api/v1/closed").send().status == 204);
    assert!(answer("c", CALLER).contains("\"open\""));
}

#[test]
fn without_database_and_good_routes_a_start_fails() {
    let removable = Removable::create();
    removable.take_away();
    assert!(removable.fails().contains("--database-url"));
    std::fs::write(removable.database.routes_file(), "{\"database\": \"").unwrap();
    let said = removable.fails();
    assert!(said.contains("damaged") && said.contains("--database-url"), "{said}");
    let other = json!({"database": "another", "version": 1, "revision": 1, "routes": []});
    std::fs::write(removable.database.routes_file(), other.to_string()).unwrap();
    let said = removable.fails();
    assert!(said.contains("another database"), "{said}");
}

#[test]
fn the_last_good_routes_do_not_hide_what_is_wrong_with_the_settings() {
    let database = Database::create();
    let server = Server::start(&database, &[]);
    server.create_route(&busy());
    server.terminate();
    server.wait();
    let migrations = "insert into _sqlx_migrations (version, description, installed_on, success, checksum, execution_time) \
        select 9999, description, installed_on, success, checksum, execution_time from _sqlx_migrations where version = 1";
    database.execute(migrations);
    let file = database.routes_file();
    let done = run(&["--listen", "127.0.0.1:0", "--database-url", database.url(), "--routes-file", &file], b"");
    assert_eq!(done.status, 2, "{done:?}");
    assert!(done.stderr.contains("newer"), "{done:?}");
}
