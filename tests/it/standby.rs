//! Tests of a PostgreSQL with a standby: what was acknowledged is there after a failover, and a spool that waits for
//! the standby is not emptied before.

use std::time::{Duration, Instant};

use crate::cluster::{Cluster, Standby};
use crate::database::{Database, count_at};
use crate::helpers::{Answers, Server, hung_up};
use crate::route_nodes::Line;
use crate::spool::{in_spool, until};

/// So long the standby is away, and commits that wait for it are ended again and again. Much longer than it takes to empty
/// a spool without waiting.
const CUT_OFF_FOR: Duration = Duration::from_secs(5);

/// What became of an event that was acknowledged while the standby could not be reached.
#[derive(Debug, PartialEq, Eq)]
struct Fate {
    /// Whether it was in the spool for as long as that was so.
    is_kept_meanwhile: bool,
    /// Whether the standby has it that took the place of the primary.
    is_on_the_standby: bool,
}

/// The primary dies as soon as the event is in no spool any more.
fn fate_of_an_acknowledged_event(synchronous_standby_names: &str) -> Fate {
    let cluster = Cluster::start();
    let database = Database::on_cluster(cluster.url.clone());
    let server = Server::start(&database, &[]);
    let line = Line::to(cluster.address());
    let standby = cluster.standby(line.address.port());
    database.execute(&format!("alter system set synchronous_standby_names = '{synchronous_standby_names}'"));
    database.execute("select pg_reload_conf()");
    let wanted = if synchronous_standby_names.is_empty() { "async" } else { "sync" };
    let following = || database.count(&format!("from pg_stat_replication where sync_state = '{wanted}'"));
    until("the standby follows", || following() == 1);
    assert_eq!(server.post_event(hung_up("before", "missed", 0)).status, 200);
    until("it is on the standby", || has(&standby, &database, "before"));

    line.cut();
    until("the standby is cut off", || database.count("from pg_stat_replication") == 0);
    assert_eq!(server.post_event(hung_up("lost", "missed", 0)).status, 200);
    let began = Instant::now();
    while in_spool(&server) > 0 && began.elapsed() < CUT_OFF_FOR {
        // As an administrator does, or the server that runs out of memory: what it has committed stays here.
        database.execute("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'");
        std::thread::sleep(Duration::from_millis(100));
    }
    let is_kept_meanwhile = in_spool(&server) > 0;
    if is_kept_meanwhile {
        line.join();
        until("the spool is empty", || in_spool(&server) == 0);
    }
    cluster.crash();
    standby.promote();
    let is_on_the_standby = has(&standby, &database, "lost");
    assert!(has(&standby, &database, "before"));
    Fate { is_kept_meanwhile, is_on_the_standby }
}

fn has(standby: &Standby<'_>, database: &Database, call: &str) -> bool {
    let rest = format!("from events where position('call_id={call}&'::bytea in body) > 0");
    count_at(&standby.url_of(database.url()), &rest) == 1
}

#[test]
fn an_acknowledged_event_is_in_the_spool_until_the_standby_has_it() {
    if !Database::create().is_postgres() {
        return;
    }
    let fate = fate_of_an_acknowledged_event("standby");
    assert_eq!(fate, Fate { is_kept_meanwhile: true, is_on_the_standby: true });
}

/// The other test would notice a loss.
#[test]
fn without_synchronous_replication_an_acknowledged_event_may_be_lost() {
    if !Database::create().is_postgres() {
        return;
    }
    let fate = fate_of_an_acknowledged_event("");
    assert_eq!(fate, Fate { is_kept_meanwhile: false, is_on_the_standby: false });
}
