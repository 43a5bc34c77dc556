//! Servers that fernamt is compared with, run as child processes of this program.

use std::collections::HashMap;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use actix_web::web::{self, Data, Form, ServiceConfig};
use actix_web::{App, HttpResponse, HttpServer};
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// The first argument of a child process.
pub const SERVE: &str = "--serve";
/// Reads the form, stores nothing.
pub const READING_ONLY: &str = "reading-only";
/// The obvious implementation: each request its own transaction.
pub const ONE_BY_ONE: &str = "one-by-one";

type Fields = Form<HashMap<String, String>>;

/// Serves until it is killed.
pub fn serve(words: &[String]) {
    actix_web::rt::System::new().block_on(async {
        match words {
            [kind] if kind == READING_ONLY => {
                let configure = |config: &mut ServiceConfig| {
                    config.route("/placetel", web::post().to(read));
                };
                listen(configure).await;
            }
            [kind, file] if kind == ONE_BY_ONE => {
                let pool = Data::new(open(file).await);
                let configure = move |config: &mut ServiceConfig| {
                    config.app_data(pool.clone()).route("/placetel", web::post().to(store));
                };
                listen(configure).await;
            }
            _ => panic!("no such server: {words:?}"),
        }
    });
}

async fn listen(configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static) {
    let server = HttpServer::new(move || App::new().configure(configure.clone())).bind("127.0.0.1:0").unwrap();
    println!("listens on http://{}", server.addrs()[0]);
    server.run().await.unwrap();
}

async fn read(fields: Fields) -> HttpResponse {
    if fields.contains_key("event") && fields.contains_key("call_id") {
        empty_response()
    } else {
        HttpResponse::BadRequest().finish()
    }
}

fn empty_response() -> HttpResponse {
    HttpResponse::Ok().content_type("application/xml").body("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Response/>")
}

/// As durable as fernamt.
async fn open(file: &str) -> SqlitePool {
    let options = SqliteConnectOptions::from_str(file)
        .unwrap()
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full);
    let pool = SqlitePoolOptions::new().max_connections(CONNECTIONS).connect_with(options).await.unwrap();
    sqlx::query("create table events (id integer primary key, call_id text not null, received_ms integer not null, event text not null, fields text not null)").execute(&pool).await.unwrap();
    sqlx::query("create table calls (call_id text primary key, number text, party text, started_ms integer not null, ended_ms integer, ending text, talk_seconds integer)").execute(&pool).await.unwrap();
    sqlx::query("create index calls_by_start on calls (started_ms)").execute(&pool).await.unwrap();
    sqlx::query("create index calls_by_party on calls (party, started_ms)").execute(&pool).await.unwrap();
    pool
}

/// SQLite lets one write at a time anyway.
const CONNECTIONS: u32 = 1;

const INSERT_EVENT: &str = "insert into events (call_id, received_ms, event, fields) values ($1, $2, $3, $4)";
const UPSERT_CALL: &str = "insert into calls (call_id, number, party, started_ms, ended_ms, ending, talk_seconds) \
    values ($1, $2, $3, $4, $5, $6, $7) on conflict (call_id) do update set ended_ms = excluded.ended_ms, \
    ending = excluded.ending, talk_seconds = excluded.talk_seconds";

async fn store(fields: Fields, pool: Data<SqlitePool>) -> Result<HttpResponse, actix_web::Error> {
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let field = |name: &str| fields.get(name).map(String::as_str);
    let (Some(event), Some(call_id)) = (field("event"), field("call_id")) else {
        return Ok(HttpResponse::BadRequest().finish());
    };
    let (own, outside) = if field("direction") == Some("out") { ("from", "to") } else { ("to", "from") };
    let stored = async {
        let mut transaction = pool.begin().await?;
        sqlx::query(INSERT_EVENT)
            .bind(call_id)
            .bind(now_ms)
            .bind(event)
            .bind(serde_json::to_string(&fields.0).unwrap_or_default())
            .execute(&mut *transaction)
            .await?;
        sqlx::query(UPSERT_CALL)
            .bind(call_id)
            .bind(field(own))
            .bind(field(outside))
            .bind(now_ms)
            .bind((event == "HungUp").then_some(now_ms))
            .bind(field("type"))
            .bind(field("duration").and_then(|seconds| seconds.parse::<i64>().ok()))
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await
    };
    stored.await.map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(empty_response())
}
