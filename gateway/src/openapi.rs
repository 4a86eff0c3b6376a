//! The OpenAPI document: generated from the handlers, committed as `openapi/lifeline.json`,
//! served byte for byte at `/openapi.json`.

use std::sync::LazyLock;

use serde_json::{Value, json};
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};

use crate::edge::codes::Code;
use crate::edge::policy::{Entry, Policy};
use crate::edge::problem::{FieldError, ProblemBody};
use crate::edge::shape::BARE;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lifeline",
        description = "The server behind an electric utility's Alipay mini-program. Money is integer fen, \
            energy a decimal string in kWh, times RFC 3339. Refusals are RFC 9457 problems whose `code` is one of `x-problem-codes`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(ProblemBody, FieldError))
)]
struct Frame;

/// The document as a value.
#[must_use]
pub fn document() -> Value {
    let mut api = Frame::openapi();
    api.merge(crate::accounts::Api::openapi());
    api.merge(crate::bindings::Api::openapi());
    api.merge(crate::billing::Api::openapi());
    api.merge(crate::payments::Api::openapi());
    api.merge(crate::notices::Api::openapi());
    api.merge(crate::privacy::Api::openapi());
    api.merge(crate::publications::Api::openapi());
    api.merge(crate::requests::Api::openapi());
    api.merge(crate::settlement::accounts::Api::openapi());
    api.merge(crate::settlement::checks::Api::openapi());
    if let Some(components) = api.components.as_mut() {
        let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("bearer", bearer);
    }
    let mut value = serde_json::to_value(&api).unwrap_or_default();
    let codes: Vec<Value> = Code::ALL
        .iter()
        .map(|code| {
            json!({"code": code.as_str(), "status": code.status().as_u16(), "title": code.title()})
        })
        .collect();
    if let Some(object) = value.as_object_mut() {
        object.insert("x-problem-codes".to_owned(), Value::Array(codes));
    }
    refuse_by_problem(&mut value);
    let_bodies_be_absent(&mut value);
    value
}

/// The committed text: pretty, ends with a line feed. Made once: it never changes while we run.
#[must_use]
pub fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        let mut text = serde_json::to_string_pretty(&document()).unwrap_or_default();
        text.push('\n');
        text
    });
    &TEXT
}

/// Every operation can refuse with a problem; said once here instead of on each handler.
fn refuse_by_problem(document: &mut Value) {
    let refusal = json!({
        "description": "Refused; see `code`",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    });
    let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) else {
        return;
    };
    for operations in paths.values_mut().filter_map(Value::as_object_mut) {
        for operation in operations.values_mut() {
            if let Some(responses) = operation
                .get_mut("responses")
                .and_then(Value::as_object_mut)
            {
                responses
                    .entry("default")
                    .or_insert_with(|| refusal.clone());
            }
        }
    }
}

/// Where nothing is said, no body has to come.
fn let_bodies_be_absent(document: &mut Value) {
    for (method, path) in BARE {
        let pointer = path.replace('/', "~1");
        let method = method.to_lowercase();
        let required = format!("/paths/{pointer}/{method}/requestBody/required");
        if let Some(required) = document.pointer_mut(&required) {
            *required = Value::Bool(false);
        }
    }
}

/// Where routes and document disagree, one sentence each; empty when they agree.
#[must_use]
pub fn disagreements(table: &[Entry]) -> Vec<String> {
    let document = document();
    let mut said = Vec::new();
    for entry in table {
        let method = entry.method.as_str().to_lowercase();
        let pointer = entry.path.replace('~', "~0").replace('/', "~1");
        match document.pointer(&format!("/paths/{pointer}/{method}")) {
            None => said.push(format!("{method} {} is not in the OpenAPI", entry.path)),
            Some(operation) => {
                let guarded = operation.get("security").is_some();
                let needs = matches!(
                    entry.policy,
                    Policy::SignedIn | Policy::FreshSession | Policy::SteppedUp(_)
                );
                if guarded != needs {
                    said.push(format!(
                        "{method} {}: the OpenAPI's security differs from the route's policy",
                        entry.path
                    ));
                }
            }
        }
    }
    let paths = document.get("paths").and_then(Value::as_object);
    for (path, operations) in paths.into_iter().flatten() {
        for method in operations
            .as_object()
            .into_iter()
            .flat_map(serde_json::Map::keys)
        {
            let listed = |e: &&Entry| e.path == path && e.method.as_str().to_lowercase() == *method;
            if !table.iter().any(|e| listed(&e)) {
                said.push(format!(
                    "{method} {path} is in the OpenAPI but no route serves it"
                ));
            }
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listeners::{callback, line};

    #[test]
    fn routes_and_document_agree() {
        let mut table = line::table();
        table.extend(callback::table());
        assert_eq!(disagreements(&table), Vec::<String>::new());
    }

    /// The names of all fields of everything that is sent or answered.
    fn fields(value: &serde_json::Value, found: &mut Vec<String>) {
        if let Some(object) = value.as_object() {
            for (name, one) in object {
                if name == "properties" {
                    found.extend(
                        one.as_object()
                            .into_iter()
                            .flatten()
                            .map(|(field, _)| field.clone()),
                    );
                }
                fields(one, found);
            }
        }
        for one in value.as_array().into_iter().flatten() {
            fields(one, found);
        }
    }

    #[test]
    fn c16_no_operation_has_a_place_for_a_key_of_ours_and_none_takes_one_out() {
        let document: serde_json::Value = serde_json::from_str(text()).unwrap();
        let mut found = Vec::new();
        fields(&document, &mut found);
        assert!(found.len() > 100, "hardly any field: {found:?}");
        let odd = ["private", "secret", "wrapped", "pkcs", "pem", "keyring"];
        let names = |name: &&String| odd.iter().any(|part| name.contains(part));
        assert_eq!(found.iter().find(names), None);
        let paths = document["paths"].as_object().unwrap().keys();
        let about_keys: Vec<_> = paths.filter(|path| path.contains("key")).collect();
        let public = "/v1/generation-accounts/{generation_account_id}/public-key";
        assert_eq!(about_keys, [public]);
    }

    #[test]
    fn the_committed_document_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/lifeline.json");
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == text(),
            "openapi/lifeline.json is stale: run `make gen`"
        );
    }
}
