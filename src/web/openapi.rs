//! The OpenAPI document of the API. A new endpoint is described with `#[utoipa::path]` and added to the list in
//! [`ApiDoc`]; a test compares that list with the table of urls.

use std::sync::LazyLock;

use actix_web::{HttpResponse, Responder};
use serde_json::{Map, Value, json};
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{ContentBuilder, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use super::access::cookies::COOKIE;
use super::api::{
    callbacks, calls, contacts, contacts_import, names, others, quality, revisions, route_trials, route_warnings,
    routes, shared, stats,
};
use crate::stats::period::Period;
use crate::stats::report::GroupBy;
use crate::web::error::Problem;

/// The urls that read although they are posted.
pub(super) const TRIALS: [&str; 2] = ["/api/v1/routes/test", "/api/v1/routes/replay"];
const PROBLEM: &str = "application/problem+json";
/// The fields that are required in request bodies; everything else has a default or is read-only.
const REQUIRED: [&str; 5] = ["name", "reply", "action", "id", "numbers"];
const READ_ONLY: [&str; 2] = ["id", "version"];

#[derive(OpenApi)]
#[openapi(
    info(title = "fernamt", description = DESCRIPTION, license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")),
    paths(
        stats::stats,
        calls::list,
        calls::show,
        others::calls_csv,
        others::stats_csv,
        others::callbacks_csv,
        callbacks::list,
        callbacks::report,
        callbacks::done,
        callbacks::undo,
        quality::show,
        routes::list,
        routes::create,
        routes::show,
        routes::replace,
        routes::remove,
        routes::replace_all,
        revisions::list,
        revisions::show,
        revisions::restore,
        route_trials::test,
        route_trials::replay_calls,
        route_warnings::show,
        shared::lists,
        shared::list,
        shared::put_list,
        shared::delete_list,
        shared::schedules,
        shared::schedule,
        shared::put_schedule,
        shared::delete_schedule,
        shared::closed,
        shared::close,
        shared::open,
        contacts::list,
        contacts::merge,
        contacts::replace_all,
        contacts_import::import,
        contacts::show,
        contacts::replace,
        contacts::remove,
        others::contacts_csv,
        others::contacts_vcf,
        names::show,
        names::replace,
        others::events,
        others::placetel,
        others::healthz,
        others::readyz,
        others::metrics,
        others::openapi,
    ),
    components(schemas(Problem, Period, GroupBy)),
    modifiers(&Errors, &OperationIds)
)]
struct ApiDoc;

const DESCRIPTION: &str = "Instants are RFC 3339 UTC with milliseconds, days are days of the business time zone, durations \
    whole seconds. Every error is `application/problem+json` (RFC 9457); with status 400, `errors` names every field that \
    cannot be used. Unless fernamt is in local mode, programs send a token as `Authorization: Bearer TOKEN`; without one the answer \
    is 401, and 403 where its role does not allow something.";

/// Modifier that adds the error responses, which look the same everywhere, to every operation.
struct Errors;

impl Modify for Errors {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let is_of_api = path.starts_with("/api/");
            let is_trial = TRIALS.contains(&path.as_str());
            for (method, operation) in operations(item) {
                let Some(operation) = operation.as_mut() else { continue };
                let mut errors = vec![("default", "Any error")];
                if is_of_api && operation.request_body.is_some() {
                    errors.push(("413", "The body is or holds more than this url takes"));
                }
                if is_of_api && (method == "get" || is_trial) {
                    errors.push(("429", "Whoever asks has enough questions running already: see `Retry-After`"));
                    errors.push(("503", "It took too long and was stopped, or cannot be told now: see `Retry-After`"));
                }
                let responses = &mut operation.responses.responses;
                responses.extend(errors.into_iter().map(|(status, what)| (status.to_owned(), error(what))));
            }
        }
    }
}

fn error(what: &str) -> RefOr<Response> {
    let schema = utoipa::openapi::Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    RefOr::T(ResponseBuilder::new().description(what).content(PROBLEM, content).build())
}

/// Modifier that builds operation ids from method and path, because handlers of different subjects share names.
struct OperationIds;

impl Modify for OperationIds {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let path = path.trim_start_matches("/api/v1");
            let words: Vec<&str> =
                path.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
            for (method, operation) in operations(item) {
                if let Some(operation) = operation {
                    operation.operation_id = Some(format!("{method}_{}", words.join("_")));
                }
            }
        }
    }
}

fn operations(item: &mut PathItem) -> [(&'static str, &mut Option<Operation>); 4] {
    [("get", &mut item.get), ("post", &mut item.post), ("put", &mut item.put), ("delete", &mut item.delete)]
}

/// Returns the OpenAPI document, which is built once.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let mut document = serde_json::to_value(ApiDoc::openapi()).unwrap_or_default();
        let mut drafts = Map::new();
        add_draft("Route", &document["components"]["schemas"], &mut drafts);
        for path in ["/api/v1/routes", "/api/v1/routes/{id}"] {
            for operation in document["paths"][path].as_object_mut().into_iter().flat_map(Map::values_mut) {
                point_to_drafts(&mut operation["requestBody"], &drafts);
            }
        }
        if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
            schemas.extend(drafts);
        }
        say_who_may(&mut document);
        document
    });
    &DOCUMENT
}

/// Adds the security schemes, and requires one of them for every operation except those of the open urls.
fn say_who_may(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "token": {"type": "http", "scheme": "bearer", "description": "Made with `fernamt token add`"},
        "session": {"type": "apiKey", "in": "cookie", "name": COOKIE, "description": "Of whoever is logged in"},
    });
    document["security"] = json!([{"token": []}, {"session": []}]);
    for open in ["/healthz", "/readyz", "/placetel"] {
        for operation in document["paths"][open].as_object_mut().into_iter().flat_map(Map::values_mut) {
            operation["security"] = json!([]);
        }
    }
}

/// Derives the request schema (`…Draft`) from the response schema: most of its fields become optional.
fn add_draft(name: &str, schemas: &Value, drafts: &mut Map<String, Value>) {
    let draft = format!("{name}Draft");
    if drafts.contains_key(&draft) {
        return;
    }
    let mut schema = schemas[name].clone();
    drafts.insert(draft.clone(), Value::Null);
    relax(&mut schema, name == "Route");
    for used in references(&schema) {
        if schemas[&used]["type"] != "string" {
            add_draft(&used, schemas, drafts);
        }
    }
    point_to_drafts(&mut schema, drafts);
    drafts.insert(draft, schema);
}

fn relax(schema: &mut Value, has_read_only: bool) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::Array(required)) = object.get_mut("required") {
                let is_read_only = |name: &str| has_read_only && READ_ONLY.contains(&name);
                required
                    .retain(|name| name.as_str().is_some_and(|name| REQUIRED.contains(&name) && !is_read_only(name)));
            }
            if let Some(Value::Object(properties)) = object.get_mut("properties").filter(|_| has_read_only) {
                let read_only =
                    READ_ONLY.iter().filter_map(|name| properties.get(*name).cloned().map(|it| (*name, it)));
                for (name, mut property) in read_only.collect::<Vec<_>>() {
                    property["readOnly"] = json!(true);
                    properties.insert(name.to_owned(), property);
                }
            }
            object.values_mut().for_each(|value| relax(value, has_read_only));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| relax(item, has_read_only)),
        _ => {}
    }
}

const SCHEMAS: &str = "#/components/schemas/";

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let own = object.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix(SCHEMAS));
            own.map(str::to_owned).into_iter().chain(object.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

fn point_to_drafts(value: &mut Value, drafts: &Map<String, Value>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(target)) = object.get_mut("$ref") {
                let draft = target.strip_prefix(SCHEMAS).map(|name| format!("{name}Draft"));
                if let Some(draft) = draft.filter(|draft| drafts.contains_key(draft)) {
                    *target = format!("{SCHEMAS}{draft}");
                }
            }
            object.values_mut().for_each(|value| point_to_drafts(value, drafts));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point_to_drafts(item, drafts)),
        _ => {}
    }
}

/// Handles `GET /api/v1/openapi.json`.
pub async fn show() -> impl Responder {
    HttpResponse::Ok().json(document())
}
