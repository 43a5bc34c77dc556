use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::Value;

use crate::calls::phone::Numbering;
use crate::fields::{Errors, FieldError, Object, text};
use crate::service::directory::names::{MAX_NAME_CHARS, MAX_SUBJECT_CHARS};
use crate::service::state::AppState;
use crate::store::names::{Kind, OwnName, list_own_names};
use crate::web::access::principal::author;
use crate::web::error::Error;
use crate::web::extract::body::json_list;

/// Maximum number of named lines, and of named agents; nobody has more.
const MAX_NAMES: usize = 10_000;

/// What people call their own lines and agents.
#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = Names)]
struct NamesJson {
    lines: Vec<LineJson>,
    agents: Vec<AgentJson>,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = LineName)]
struct LineJson {
    /// E.164 if valid, else as sent.
    #[schema(min_length = 1, max_length = 200)]
    number: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

#[derive(Serialize, utoipa::ToSchema)]
#[schema(as = AgentName)]
struct AgentJson {
    /// The SIP user.
    #[schema(min_length = 1, max_length = 200)]
    peer: String,
    #[schema(min_length = 1, max_length = 100)]
    name: String,
}

/// Names as they are sent: what is left out has none.
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "only says what there is")]
struct NamesDraft {
    #[schema(max_items = 10_000)]
    lines: Option<Vec<LineJson>>,
    #[schema(max_items = 10_000)]
    agents: Option<Vec<AgentJson>>,
}

/// Names of lines and agents
#[utoipa::path(
    get, path = "/api/v1/names", tag = "Contacts",
    responses((status = 200, description = "The names", body = NamesJson))
)]
pub async fn show(state: Data<AppState>) -> Result<HttpResponse, Error> {
    shown(&state).await
}

/// Replaces all names of lines and agents: these and no others
#[utoipa::path(
    put, path = "/api/v1/names", tag = "Contacts", request_body = NamesDraft,
    responses((status = 200, description = "The names", body = NamesJson))
)]
pub async fn replace(request: HttpRequest, payload: Payload, state: Data<AppState>) -> Result<HttpResponse, Error> {
    let derivation = state.derivation.clone();
    let read = move |body: &[u8]| Ok(read(&serde_json::from_slice(body)?, &derivation.numbering));
    let names = json_list(&request, payload, read).await?.checked()?;
    state.directory.replace_names(&names, &author(&request)).await?;
    shown(&state).await
}

async fn shown(state: &AppState) -> Result<HttpResponse, Error> {
    let mut names = NamesJson { lines: Vec::new(), agents: Vec::new() };
    for OwnName { kind, subject, name } in list_own_names(&state.db).await? {
        match kind {
            Kind::Line => names.lines.push(LineJson { number: subject, name }),
            Kind::Agent => names.agents.push(AgentJson { peer: subject, name }),
        }
    }
    Ok(HttpResponse::Ok().json(names))
}

fn read(value: &Value, numbering: &Numbering) -> Result<Vec<OwnName>, Vec<FieldError>> {
    let mut errors = Errors::default();
    let names = Object::read("", value, &mut errors).map(|object| {
        object.allow_only(&["lines", "agents"], &[], &mut errors);
        let mut names = Vec::new();
        for (list, field, kind) in [("lines", "number", Kind::Line), ("agents", "peer", Kind::Agent)] {
            for (path, item) in object.items(list, 0..=MAX_NAMES, &mut errors) {
                names.extend(read_name(&path, item, field, kind, &mut errors));
            }
        }
        for name in names.iter_mut().filter(|name: &&mut OwnName| name.kind == Kind::Line) {
            name.subject = numbering.e164(&name.subject).unwrap_or_else(|| name.subject.clone());
        }
        names
    });
    errors.or(names)
}

fn read_name(path: &str, item: &Value, field: &'static str, kind: Kind, errors: &mut Errors) -> Option<OwnName> {
    let object = Object::read(path, item, errors)?;
    object.allow_only(if kind == Kind::Line { &["number", "name"] } else { &["peer", "name"] }, &[], errors);
    let mut required = |name: &str, most: usize| {
        let value = object.required(name, errors)?;
        text(&object.path(name), value, most, errors)
    };
    let subject = required(field, MAX_SUBJECT_CHARS);
    let name = required("name", MAX_NAME_CHARS);
    Some(OwnName { kind, subject: subject?, name: name? })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_read_and_every_wrong_field_is_named() {
        let numbering = Numbering::new("DE").unwrap();
        let names = json!({"lines": [{"number": "0221/29191999", "name": "Zentrale"}, {"number": "23", "name": "Lager"}],
            "agents": [{"peer": "7777anna@fpbx.de", "name": "Anna"}]});
        let read_names = read(&names, &numbering).unwrap();
        let subjects: Vec<_> = read_names.iter().map(|name| (name.kind, name.subject.as_str())).collect();
        let expected = [(Kind::Line, "+4922129191999"), (Kind::Line, "23"), (Kind::Agent, "7777anna@fpbx.de")];
        assert_eq!(subjects, expected);
        let wrong = json!({"lines": [{"peer": "23", "name": ""}], "agents": {}, "x": 1});
        let fields: Vec<_> = read(&wrong, &numbering).unwrap_err().into_iter().map(|error| error.field).collect();
        assert_eq!(fields, ["x", "lines[0].peer", "lines[0].number", "lines[0].name", "agents"]);
        assert_eq!(read(&json!({}), &numbering), Ok(Vec::new()));
    }
}
