//! Tests of a database that answers but refuses: a table or privilege is gone, or logins fail. No event is blamed.

use crate::database::Database;
use crate::helpers::{Answers, CALLER, LINE, Server, TestApp, hung_up, incoming};
use crate::spool::{HANGUP, in_spool, route, until};

/// Events that are taken while the database takes none, and stored when `mend` has set it right.
#[track_caller]
fn taken_until(app: &(impl Answers + Sync), database: &Database, round: &str, mend: impl FnOnce()) {
    let calls: Vec<String> = (0..6).map(|number| format!("{round}{number}")).collect();
    std::thread::scope(|scope| {
        for call in &calls {
            scope.spawn(move || assert_eq!(app.post_event(incoming(call, CALLER, LINE)).xml(), HANGUP));
        }
    });
    assert_eq!(app.post_event(hung_up(&calls[0], "missed", 0)).status, 200);
    until("all are in the spool", || in_spool(app) == 7);
    assert_eq!(app.get("/readyz").status, 503);
    mend();
    until("it is over", || in_spool(app) == 0 && app.get("/readyz").status == 200);
    for call in &calls {
        assert_eq!(app.call(call).ok()["decision"]["route_name"], "All");
    }
    assert_eq!(app.call(&calls[0]).ok()["outcome"], "missed");
    let aside = format!("{}.rejected", database.spool().display());
    assert!(!std::fs::exists(aside).unwrap(), "nothing is set aside");
}

#[test]
fn a_table_that_is_gone_for_a_while_is_no_events_fault() {
    // At the same time, because most of it is waiting.
    std::thread::scope(|scope| {
        for table in ["events", "calls", "cells", "decisions"] {
            scope.spawn(move || {
                let app = TestApp::start();
                route(&app);
                app.database.execute(&format!("alter table {table} rename to elsewhere"));
                taken_until(&app, &app.database, table, || {
                    app.database.execute(&format!("alter table elsewhere rename to {table}"));
                });
                assert_eq!(app.database.count("from events"), 7);
                assert_eq!(app.database.count("from events where deliveries > 1"), 0);
                let checked = app.database.run(&["check"], b"");
                assert_eq!(checked.status, 0, "{table}: {checked:?}");
            });
        }
    });
}

#[test]
fn who_is_not_let_in_or_may_not_write_any_more_loses_no_event() {
    let database = Database::create();
    if !database.is_postgres() {
        return;
    }
    let (server, name) = database.url().rsplit_once('/').unwrap();
    let role = format!("role_{name}");
    database.execute(&format!("create role {role} login; grant all on schema public to {role}"));
    let url = format!("{}/{name}", server.replace("fernamt@", &format!("{role}@")));
    assert!(url.contains(&role), "{url}");
    let app = Server::at(&url, &database.routes_file());
    route(&app);
    database.execute(&format!(
        "alter role {role} nologin; select pg_terminate_backend(pid) from pg_stat_activity where usename = '{role}'"
    ));
    taken_until(&app, &database, "out", || database.execute(&format!("alter role {role} login")));
    database.execute(&format!("revoke insert on events from {role}"));
    taken_until(&app, &database, "not", || database.execute(&format!("grant insert on events to {role}")));
    assert_eq!(database.count("from events"), 14);
    drop(app);
    database.execute(&format!("reassign owned by {role} to current_user; drop owned by {role}; drop role {role}"));
}
