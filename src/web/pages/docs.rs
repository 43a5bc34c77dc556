//! The API reference: renders the OpenAPI document as a page, without third-party resources.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::{Map, Value};

use super::layout::context::PageContext;
use super::page;
use crate::i18n::DocsTexts;
use crate::web::error::Error;
use crate::web::openapi::document;

const SCHEMAS: &str = "#/components/schemas/";

#[derive(Template)]
#[template(path = "pages/docs.html")]
struct DocsPage {
    context: PageContext,
    t: &'static DocsTexts,
    description: String,
    groups: Vec<Group>,
    types: Vec<Type>,
}

struct Group {
    name: String,
    anchor: String,
    operations: Vec<Operation>,
}

struct Operation {
    anchor: String,
    method: String,
    path: String,
    summary: String,
    description: String,
    parameters: Vec<Field>,
    sent: Option<(String, Vec<Part>)>,
    answers: Vec<Answer>,
}

struct Answer {
    status: String,
    what: String,
    body: Option<(String, Vec<Part>)>,
}

/// A parameter of an operation or a field of a schema.
struct Field {
    name: String,
    place: String,
    kind: Vec<Part>,
    is_required: bool,
    what: String,
}

struct Type {
    name: String,
    what: String,
    kind: Vec<Part>,
    fields: Vec<Field>,
}

/// A fragment of a type description: plain text, or the name of a schema.
struct Part {
    text: String,
    type_name: Option<String>,
}

/// Handles `GET /docs`: shows the API reference.
pub async fn show(context: PageContext) -> Result<HttpResponse, Error> {
    let document = document();
    let schemas = document["components"]["schemas"].as_object();
    page(&DocsPage {
        t: &context.texts.docs,
        description: text(&document["info"]["description"]),
        groups: groups(&document["paths"]),
        types: schemas.into_iter().flatten().map(|(name, schema)| type_of(name, schema)).collect(),
        context,
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('`', "")
}

/// Groups the operations by their tag, sorted by the tag names.
fn groups(paths: &Value) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for (path, item) in paths.as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let name = text(&operation["tags"][0]);
            let anchor = anchor(&name);
            let operation = operation_of(path, method, operation);
            match groups.iter_mut().find(|group| group.name == name) {
                Some(group) => group.operations.push(operation),
                None => groups.push(Group { name, anchor, operations: vec![operation] }),
            }
        }
    }
    groups.sort_by(|a, b| a.name.cmp(&b.name));
    groups
}

fn anchor(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

fn operation_of(path: &str, method: &str, operation: &Value) -> Operation {
    let answer = |(status, answer): (&String, &Value)| Answer {
        status: status.clone(),
        what: text(&answer["description"]),
        body: content(answer),
    };
    Operation {
        anchor: anchor(&format!("{method} {path}")),
        method: method.to_ascii_uppercase(),
        path: path.to_owned(),
        summary: text(&operation["summary"]),
        description: text(&operation["description"]),
        parameters: operation["parameters"].as_array().into_iter().flatten().map(parameter).collect(),
        sent: content(&operation["requestBody"]),
        answers: operation["responses"].as_object().into_iter().flatten().map(answer).collect(),
    }
}

fn parameter(parameter: &Value) -> Field {
    Field {
        name: text(&parameter["name"]),
        place: text(&parameter["in"]),
        kind: kind(&parameter["schema"]),
        is_required: parameter["required"] == true,
        what: text(&parameter["description"]),
    }
}

/// Returns the media type and the type description of a body.
fn content(body: &Value) -> Option<(String, Vec<Part>)> {
    let (media, content) = body["content"].as_object()?.iter().next()?;
    Some((media.clone(), kind(&content["schema"])))
}

fn type_of(name: &str, schema: &Value) -> Type {
    Type { name: name.to_owned(), what: text(&schema["description"]), kind: kind(schema), fields: fields(schema) }
}

/// Returns the fields of an object schema, including those of its `allOf` parts.
fn fields(schema: &Value) -> Vec<Field> {
    let own = |schema: &Value| {
        let is_required =
            |name: &str| schema["required"].as_array().is_some_and(|all| all.iter().any(|one| one == name));
        let field = |(name, property): (&String, &Value)| Field {
            name: name.clone(),
            place: String::new(),
            kind: kind(property),
            is_required: is_required(name),
            what: text(&property["description"]),
        };
        schema["properties"].as_object().into_iter().flatten().map(field).collect::<Vec<_>>()
    };
    let parts = schema["allOf"].as_array().into_iter().flatten();
    let inherited = parts.flat_map(|part| match type_name(part) {
        Some(name) => vec![Field {
            name: "…".into(),
            place: String::new(),
            kind: vec![named(name)],
            is_required: false,
            what: String::new(),
        }],
        None => own(part),
    });
    inherited.chain(own(schema)).collect()
}

fn type_name(schema: &Value) -> Option<&str> {
    schema["$ref"].as_str()?.strip_prefix(SCHEMAS)
}

fn named(name: &str) -> Part {
    Part { text: String::new(), type_name: Some(name.to_owned()) }
}

fn word(text: impl Into<String>) -> Part {
    Part { text: text.into(), type_name: None }
}

/// Describes the type of a value in one line.
fn kind(schema: &Value) -> Vec<Part> {
    if let Some(name) = type_name(schema) {
        return vec![named(name)];
    }
    if let Some(words) = schema["enum"].as_array() {
        return vec![word(words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" | "))];
    }
    for (combined, between) in [("oneOf", " | "), ("anyOf", " | "), ("allOf", " + ")] {
        if let Some(parts) = schema[combined].as_array() {
            return join(parts.iter().map(kind), between);
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    };
    join(types.into_iter().map(|one| simple(one, schema)), " | ")
}

fn simple(name: &str, schema: &Value) -> Vec<Part> {
    let values = schema.get("additionalProperties").filter(|values| values.is_object());
    match name {
        "array" => kind(&schema["items"]).into_iter().chain([word("[]")]).collect(),
        "object" => match (values, schema["properties"].as_object()) {
            (Some(values), _) => [word("{name: ")].into_iter().chain(kind(values)).chain([word("}")]).collect(),
            (None, Some(properties)) => object(properties),
            (None, None) => vec![word("object")],
        },
        "string" => vec![word(schema["format"].as_str().unwrap_or("string"))],
        other => vec![word(other)],
    }
}

fn object(properties: &Map<String, Value>) -> Vec<Part> {
    let fields = properties
        .iter()
        .map(|(name, property)| [word(format!("{name}: "))].into_iter().chain(kind(property)).collect::<Vec<_>>());
    [word("{")].into_iter().chain(join(fields, ", ")).chain([word("}")]).collect()
}

fn join(kinds: impl Iterator<Item = Vec<Part>>, between: &str) -> Vec<Part> {
    let mut joined = Vec::new();
    for kind in kinds {
        if !joined.is_empty() {
            joined.push(word(between));
        }
        joined.extend(kind);
    }
    joined
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn line(schema: Value) -> String {
        kind(&schema).into_iter().map(|part| part.type_name.unwrap_or(part.text)).collect()
    }

    #[test]
    fn types_are_told_in_a_line() {
        for (schema, told) in [
            (json!({"type": "integer"}), "integer"),
            (json!({"type": ["string", "null"], "format": "date-time"}), "date-time | null"),
            (json!({"type": "array", "items": {"$ref": "#/components/schemas/Call"}}), "Call[]"),
            (json!({"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Call"}]}), "null | Call"),
            (json!({"type": "string", "enum": ["in", "out"]}), "in | out"),
            (json!({"type": "object", "additionalProperties": {"type": "integer"}}), "{name: integer}"),
            (json!({"type": "object", "properties": {"id": {"type": "string"}}}), "{id: string}"),
        ] {
            assert_eq!(line(schema.clone()), told, "{schema}");
        }
    }

    #[test]
    fn every_operation_has_its_own_anchor_and_says_what_it_does() {
        let groups = groups(&document()["paths"]);
        let operations: Vec<&Operation> = groups.iter().flat_map(|group| &group.operations).collect();
        let mut anchors: Vec<&str> = operations.iter().map(|operation| operation.anchor.as_str()).collect();
        anchors.sort_unstable();
        anchors.dedup();
        assert_eq!(anchors.len(), operations.len());
        let silent: Vec<_> = operations.iter().filter(|one| one.summary.is_empty()).map(|one| &one.path).collect();
        assert!(silent.is_empty() && !operations.is_empty(), "{silent:?}");
    }
}
