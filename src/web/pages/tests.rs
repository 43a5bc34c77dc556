//! Tests that request the pages like a browser, each with a database of its own.

use std::sync::Arc;

use actix_web::App;
use actix_web::body::to_bytes;
use actix_web::dev::ServiceResponse;
use actix_web::http::{Method, StatusCode, header};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;

use crate::calls::receipts::Receipt;
use crate::clock::now_ms;
use crate::config::{Config, Secret, Settings};
use crate::routing::incoming::{History, Incoming};
use crate::service::refusal::RefusalReason;
use crate::service::state::AppState;
use crate::store::ingest::record::{Delivery, Source};
use crate::store::ingest::spool::Spool;
use crate::store::ingest::writer::Writer;
use crate::store::{Db, routes};
use crate::web::extract::budget::Bodies;
use crate::web::headers::headers;
use crate::web::routes::configure;

const PAGES: [&str; 20] = [
    "/",
    "/lines/%2B4922199988560",
    "/agents/7777anna%40fpbx.de",
    "/callers/%2B4922129191999",
    "/calls",
    "/calls/call-1",
    "/callbacks",
    "/quality",
    "/live",
    "/docs",
    "/contacts",
    "/contacts/import",
    "/contacts/new",
    "/routes",
    "/routes/new",
    "/routes/test",
    "/settings",
    "/settings/names",
    "/settings/audit",
    "/setup",
];
const INCOMING: &str = "call_id=call-1&direction=in&event=IncomingCall&from=022129191999&to=022199988560";

struct Site {
    state: Data<AppState>,
    _directory: tempfile::TempDir,
}

/// The response: status, location and text.
struct Answer {
    status: StatusCode,
    location: String,
    text: String,
}

impl Site {
    async fn new(change: impl FnOnce(&mut Config)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database_url = format!("sqlite:{}", directory.path().join("calls.db").display());
        let mut config = Settings::default().resolve().unwrap();
        config.database_url = Secret(database_url);
        config.spool = directory.path().join("spool");
        change(&mut config);
        let derivation = Arc::new(config.derivation().unwrap());
        let db = Arc::new(Db::open(&config.database_url.0).await.unwrap());
        let (writer, _) = Writer::start(db.clone(), derivation.clone(), Spool::open(&config.spool).unwrap());
        let state = Data::new(AppState::load(config, db, derivation, writer).await.unwrap());
        Self { state, _directory: directory }
    }

    async fn local() -> Self {
        Self::new(|_| ()).await
    }

    async fn deliver(&self, body: &str) {
        let receipt = Receipt::new(now_ms(), body.as_bytes().to_vec()).unwrap();
        let stored =
            self.state.writer.submit(Delivery { receipt: receipt.into(), source: Source::Pbx(None) }, false).unwrap();
        stored.await.unwrap().unwrap();
    }

    async fn ask(&self, request: TestRequest) -> Answer {
        let bodies = Data::new(Bodies::new(self.state.config.limits.bodies));
        let app = App::new().app_data(self.state.clone()).app_data(bodies).wrap(headers()).configure(configure);
        let service = init_service(app).await;
        let request =
            request.insert_header((header::HOST, "localhost:8080")).insert_header((header::ACCEPT, "text/html"));
        let response: ServiceResponse<_> = call_service(&service, request.to_request()).await;
        let location = response.headers().get(header::LOCATION).map(|value| value.to_str().unwrap().to_owned());
        let status = response.status();
        let bytes = to_bytes(response.into_body()).await.unwrap_or_default();
        Answer { status, location: location.unwrap_or_default(), text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask(TestRequest::get().uri(path)).await
    }

    async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.ask(TestRequest::default().method(Method::POST).uri(path).set_form(form)).await
    }
}

#[actix_web::test]
async fn every_page_is_there_in_both_languages_and_has_nothing_inline() {
    let site = Site::local().await;
    site.deliver(INCOMING).await;
    for path in PAGES {
        for lang in ["de", "en"] {
            let answer = site.ask(TestRequest::get().uri(path).insert_header((header::ACCEPT_LANGUAGE, lang))).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert!(answer.text.contains(&format!("<html lang=\"{lang}\">")), "{path}");
            for inline in ["style=", "<style", "onclick"] {
                assert!(!answer.text.contains(inline), "{path} has {inline}");
            }
            for script in answer.text.split("<script").skip(1) {
                let (head, code) = script.split_once('>').unwrap();
                assert!(head.contains("src=\"/assets/") && code.starts_with("</script>"), "{path} has <script{head}>");
            }
        }
    }
}

#[actix_web::test]
async fn the_first_start_says_what_to_paste_and_sees_the_first_event() {
    let site = Site::local().await;
    let empty = site.get("/").await.text;
    assert!(empty.contains("http://localhost:8080/placetel") && empty.contains("http-equiv=\"refresh\""), "{empty}");
    site.state.intake.note_refusal(RefusalReason::SignatureWrong);
    assert!(site.get("/").await.text.contains("signature wrong"));
    site.deliver(INCOMING).await;
    let arrived = site.get("/?waited=1").await.text;
    assert!(arrived.contains("notice good") && !arrived.contains("http-equiv"), "{arrived}");
    assert!(site.get("/").await.text.contains("class=\"tiles\""));
}

#[actix_web::test]
async fn an_unusable_filter_is_a_notice() {
    let site = Site::local().await;
    site.deliver(INCOMING).await;
    for query in ["period=fortnight", "start=2026-01-01", "outcome=lost", "q=%00", "hours=x"] {
        for path in ["/", "/calls"] {
            let answer = site.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}?{query}");
            assert!(answer.text.contains("class=\"notice"), "{path}?{query}");
        }
    }
    let endless = site.get("/?start=1970-01-01&end=9999-12-31").await;
    assert_eq!(endless.status, StatusCode::OK);
    assert!(endless.text.contains("more than 20 years after the first day"), "{}", endless.text);
    assert!(site.get("/calls?cursor=zz").await.text.contains("newest calls"));
}

#[actix_web::test]
async fn what_a_caller_sends_is_only_text() {
    let site = Site::local().await;
    site.deliver("call_id=call-1&event=IncomingCall&from=%3Cb%3Ex%3C%2Fb%3E&to=23&%3Ci%3E=%22%3E").await;
    for path in ["/", "/calls", "/calls/call-1", "/calls?q=%3Cb%3Ex"] {
        let text = site.get(path).await.text;
        assert!(!text.contains("<b>x") && !text.contains("<i>"), "{path}");
    }
}

#[actix_web::test]
async fn a_route_is_made_changed_moved_switched_and_removed_by_forms() {
    let site = Site::local().await;
    let queue = [("name", "Night"), ("enabled", "on"), ("action", "queue"), ("queue.id", "5"), ("hours", "")];
    let made = site.post("/routes", &queue).await;
    assert_eq!((made.status, made.location.as_str()), (StatusCode::SEE_OTHER, "/routes"));
    let decided = site
        .state
        .routing
        .table()
        .table
        .decide(&Incoming { call_id: "call-1", from: None, to: Some("23"), at_ms: now_ms() }, &History::default());
    assert!(decided.xml.contains("Queue"), "{}", decided.xml);
    let route = routes::list_routes(&site.state.db).await.unwrap().remove(0);
    let path = format!("/routes/{}", route.id);
    let version = route.version.to_string();
    let changed = [("name", "Day"), ("action", "hangup"), ("version", version.as_str())];
    assert_eq!(site.post(&path, &changed).await.status, StatusCode::SEE_OTHER);
    let again = site.post(&path, &changed).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text.contains("name=\"overwrite\"") && again.text.contains("value=\"Day\""), "{}", again.text);
    let insisting = [changed.as_slice(), &[("overwrite", "on")]].concat();
    assert_eq!(site.post(&path, &insisting).await.status, StatusCode::SEE_OTHER);
    for (action, form) in [("move", ("way", "up")), ("enabled", ("enabled", "true")), ("delete", ("", ""))] {
        assert_eq!(site.post(&format!("{path}/{action}"), &[form]).await.status, StatusCode::SEE_OTHER, "{action}");
    }
    assert_eq!(site.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_wrong_form_saves_nothing_and_keeps_what_was_entered() {
    let site = Site::local().await;
    let wrong = [("action", "group"), ("hours", "Mo-Fr 9-17"), ("group.ringtime", "soon")];
    let answer = site.post("/routes", &wrong).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    for part in ["href=\"#name\"", "href=\"#hours\"", "href=\"#group.id\"", "value=\"Mo-Fr 9-17\"", "value=\"soon\""] {
        assert!(answer.text.contains(part), "{part}");
    }
    assert!(routes::list_routes(&site.state.db).await.unwrap().is_empty());
}

#[actix_web::test]
async fn people_get_errors_as_pages_and_programs_as_problems() {
    let site = Site::local().await;
    for path in ["/nothing", "/calls/unknown", "/routes/99"] {
        let request = TestRequest::get().uri(path).insert_header((header::ACCEPT_ENCODING, "gzip"));
        let answer = site.ask(request).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND);
        assert!(answer.text.contains("There is no such page"), "{path}");
    }
    assert!(site.get("/api/v1/nothing").await.text.starts_with('{'));
    let foreign = TestRequest::post().uri("/language").insert_header((header::ORIGIN, "http://evil.example"));
    let foreign = site.ask(foreign).await;
    assert_eq!(foreign.status, StatusCode::FORBIDDEN);
    assert!(foreign.text.contains("another site"), "{}", foreign.text);
    let proxied = site.ask(TestRequest::get().uri("/").insert_header(("x-forwarded-for", "192.0.2.1"))).await;
    assert_eq!(proxied.status, StatusCode::FORBIDDEN);
    assert!(proxied.text.contains("<!doctype html>") && proxied.text.contains("--placetel-secret"), "{}", proxied.text);
}

#[actix_web::test]
async fn the_style_sheet_is_open_to_all_and_kept() {
    let site = Site::new(|config| config.placetel_secrets = vec![Secret("s".into())]).await;
    let style = site.get(super::layout::assets::style_url()).await;
    assert_eq!(style.status, StatusCode::OK);
    assert_eq!(site.get("/").await.location, "/setup");
}

#[actix_web::test]
async fn the_language_is_remembered_and_leads_back() {
    let site = Site::local().await;
    let answer = site.post("/language", &[("lang", "de"), ("back", "/calls?q=1")]).await;
    assert_eq!((answer.status, answer.location.as_str()), (StatusCode::SEE_OTHER, "/calls?q=1"));
    let german = TestRequest::get().uri("/calls").insert_header((header::COOKIE, "lang=de"));
    assert!(site.ask(german).await.text.contains("<html lang=\"de\">"));
    assert_eq!(site.post("/language", &[("lang", "xx")]).await.status, StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn before_the_first_account_whoever_connects_placetel_sees_whether_events_arrive() {
    let site = Site::new(|config| config.placetel_secrets = vec![Secret("12345".into())]).await;
    let waiting = site.get("/setup").await;
    assert_eq!(waiting.status, StatusCode::OK);
    assert!(waiting.text.contains("notice waiting"));
    site.state.intake.note_refusal(RefusalReason::SignatureWrong);
    assert!(site.get("/setup").await.text.contains("signature wrong"));
    site.state.intake.note_event(now_ms() + 1);
    let arriving = site.get("/setup").await.text;
    assert!(arriving.contains("notice good") && !arriving.contains("signature wrong"));
}
