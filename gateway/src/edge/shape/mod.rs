//! What may pass from the outer network inward (EC-26, EC-27): one table of rules about protocol,
//! statement and shape, compiled with the routes and held before anything else looks at a request.
//!
//! A request is a listed method on a listed path, with headers, a query and a body whose shape is
//! known. No rule looks for attacks by their words: what is not of the shape is refused whatever it
//! says, and what is of the shape is data. Names are names of ours, so that no operator, path or
//! clause of a query language can stand in the place of one; values reach the store as arguments only.
//!
//! | file | what |
//! |---|---|
//! | `head` | path, query and headers |
//! | `json` | bodies |

pub mod head;
pub mod json;

use actix_web::http::Method;

use super::codes::Code;
use super::policy::Policy;

/// One rule: what it limits, how far, and how a breach is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    pub name: &'static str,
    /// How much, where the rule is a measure.
    pub most: usize,
    pub code: Code,
}

const fn rule(name: &'static str, most: usize, code: Code) -> Rule {
    Rule { name, most, code }
}

/// Bytes of a path; ours are shorter than a quarter of it.
pub const PATH: Rule = rule("path_bytes", 512, Code::NotFound);
/// Letters, digits, `-._~` and the slash; nothing encoded, nothing empty, no step upward.
pub const PATH_WORDS: Rule = rule("path_words", 0, Code::NotFound);
pub const QUERY: Rule = rule("query_bytes", 2_048, Code::InvalidQuery);
pub const QUERY_PAIRS: Rule = rule("query_pairs", 16, Code::InvalidQuery);
/// Each name once, of `a-z0-9_`.
pub const QUERY_NAMES: Rule = rule("query_names", 32, Code::InvalidQuery);
/// UTF-8 without control characters and without what turns the direction of text.
pub const QUERY_TEXT: Rule = rule("query_text", 0, Code::InvalidQuery);
pub const HEADERS: Rule = rule("header_lines", 64, Code::InvalidHeader);
pub const HEADER_BYTES: Rule = rule("header_bytes", 16_384, Code::InvalidHeader);
/// Lines and bytes that the relay itself adds to a head: its signature, what it covers, and who the client is.
/// A client's own are the same at both ends of the line.
pub const RELAY_LINES: usize = 8;
pub const RELAY_BYTES: usize = 2_048;
/// What decides about a request is said once.
pub const HEADER_ONCE: Rule = rule("header_once", 1, Code::InvalidHeader);
/// A body comes as it is: nothing is unpacked here.
pub const ENCODED: Rule = rule("content_encoding", 0, Code::UnsupportedMediaType);
/// Where no body is taken, none is sent.
pub const NO_BODY: Rule = rule("no_body", 0, Code::InvalidBody);
pub const JSON_BYTES: Rule = rule("json_bytes", 16_384, Code::BodyTooLarge);
pub const JSON_DEPTH: Rule = rule("json_depth", 8, Code::InvalidBody);
/// Members and items of the whole body.
pub const JSON_PARTS: Rule = rule("json_parts", 256, Code::InvalidBody);
/// Bytes of a name of `a-z0-9_`.
pub const JSON_NAMES: Rule = rule("json_names", 64, Code::UnknownField);
/// Each name once in its object: two readers would take two values.
pub const JSON_ONCE: Rule = rule("json_once", 1, Code::InvalidBody);
/// No control characters but line feed and tab, no noncharacters, nothing that turns the direction.
pub const JSON_TEXT: Rule = rule("json_text", 0, Code::InvalidBody);

/// The whole table.
pub const TABLE: [Rule; 17] = [
    PATH,
    PATH_WORDS,
    QUERY,
    QUERY_PAIRS,
    QUERY_NAMES,
    QUERY_TEXT,
    HEADERS,
    HEADER_BYTES,
    HEADER_ONCE,
    ENCODED,
    NO_BODY,
    JSON_BYTES,
    JSON_DEPTH,
    JSON_PARTS,
    JSON_NAMES,
    JSON_ONCE,
    JSON_TEXT,
];

/// What a route takes for a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    Nothing,
    /// No body, or an empty object: there is nothing to be said ([`BARE`]).
    Bare,
    /// JSON by the rules of the table.
    Json,
    /// What another system signed, read by its own reader.
    Signed,
}

/// The operations that change something and are told everything by their path.
pub const BARE: [(&str, &str); 14] = [
    ("POST", "/v1/oauth-starts"),
    ("POST", "/v1/binding-matches"),
    ("POST", "/v1/me/merges"),
    ("POST", "/v1/me/export/document-links"),
    ("POST", "/v1/payments/{payment_id}/close"),
    (
        "POST",
        "/v1/generation-accounts/{generation_account_id}/termination",
    ),
    ("POST", "/v1/check-tasks/{check_task_id}/undo"),
    ("POST", "/v1/check-tasks/{check_task_id}/payee-confirmation"),
    ("DELETE", "/v1/bindings/{binding_id}"),
    ("DELETE", "/v1/bindings/{binding_id}/grants/{grant_id}"),
    ("DELETE", "/v1/me"),
    ("DELETE", "/v1/me/erasure"),
    ("DELETE", "/v1/sessions/current"),
    ("DELETE", "/v1/sessions/{session_id}"),
];

/// The operations that read a query, all by GET; of the others none comes.
pub const QUERIED: [&str; 17] = [
    "/v1/apps",
    "/v1/articles",
    "/v1/bindings",
    "/v1/bindings/{binding_id}/bills",
    "/v1/bindings/{binding_id}/grants",
    "/v1/bindings/{binding_id}/outages",
    "/v1/bindings/{binding_id}/payments",
    "/v1/bindings/{binding_id}/usage",
    "/v1/check-tasks",
    "/v1/generation-accounts",
    "/v1/generation-accounts/{generation_account_id}/table",
    "/v1/me/export",
    "/v1/notices",
    "/v1/outages",
    "/v1/outlets",
    "/v1/requests",
    "/v1/sessions",
];

/// Whether a query may come with a request: what another system signed is read by its own reader.
#[must_use]
pub fn is_queried(method: &Method, path: &str, takes: Takes) -> bool {
    takes == Takes::Signed || (*method == Method::GET && QUERIED.contains(&path))
}

impl Takes {
    /// What a route takes, by its method and template and who may call it.
    #[must_use]
    pub fn of(method: &Method, path: &str, policy: Policy) -> Self {
        match (policy, method) {
            (Policy::SelfProving, _) => Self::Signed,
            (_, &Method::GET | &Method::HEAD) => Self::Nothing,
            _ if BARE.contains(&(method.as_str(), path)) => Self::Bare,
            _ => Self::Json,
        }
    }
}

/// Whether a character may stand in a text from outside.
#[must_use]
pub fn may_stand(c: char) -> bool {
    let code = u32::from(c);
    let turns = matches!(code, 0x200E | 0x200F | 0x061C | 0x202A..=0x202E | 0x2066..=0x2069);
    let nobody = matches!(code, 0xFDD0..=0xFDEF | 0xFEFF) || code & 0xFFFE == 0xFFFE;
    let control = (code < 0x20 && !matches!(c, '\n' | '\t')) || matches!(code, 0x7F..=0x9F);
    !(turns || nobody || control)
}

/// Whether a text could be one of our names.
#[must_use]
pub fn is_name(text: &str, most: usize) -> bool {
    let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=most).contains(&text.len()) && text.bytes().all(word)
}

/// A breach is counted under the rule's name and answered by its code; what was sent is not repeated.
pub(super) fn broken(rule: Rule) -> super::Problem {
    metrics::counter!("lifeline_shape_refused_total", "rule" => rule.name).increment(1);
    super::Problem::new(rule.code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listeners::{callback, line};

    #[test]
    fn ec_27_the_table_names_each_rule_once() {
        let names: std::collections::HashSet<_> = TABLE.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), TABLE.len());
    }

    #[test]
    fn ec_26_what_is_listed_as_bare_is_served() {
        let table = line::table();
        for (method, path) in BARE {
            let served = |entry: &super::super::policy::Entry| {
                entry.method.as_str() == method && entry.path == path && entry.takes == Takes::Bare
            };
            assert!(table.iter().any(served), "{method} {path}");
        }
    }

    /// What reads no query refuses every parameter, as what reads one refuses those it does not know.
    #[test]
    fn ec_27_a_query_is_taken_where_the_document_says() {
        let document = crate::openapi::document();
        let table = line::table();
        for entry in &table {
            let pointer = entry.path.replace('/', "~1");
            let method = entry.method.as_str().to_lowercase();
            let said = document.pointer(&format!("/paths/{pointer}/{method}/parameters"));
            let said = said.and_then(serde_json::Value::as_array);
            let reads = said.is_some_and(|all| all.iter().any(|one| one["in"] == "query"));
            let queried = is_queried(&entry.method, entry.path, entry.takes);
            assert_eq!(queried, reads, "{method} {}", entry.path);
        }
        for path in QUERIED {
            assert!(table.iter().any(|entry| entry.path == path), "{path}");
        }
    }

    /// The document says which operations take a body; the table must say the same.
    #[test]
    fn ec_26_every_route_takes_what_the_document_says() {
        let document = crate::openapi::document();
        for entry in line::table().iter().chain(&callback::table()) {
            let takes = Takes::of(&entry.method, entry.path, entry.policy);
            let pointer = entry.path.replace('/', "~1");
            let method = entry.method.as_str().to_lowercase();
            let said = document.pointer(&format!("/paths/{pointer}/{method}/requestBody"));
            let body = said.and_then(|said| said.get("content"));
            let Some(body) = body.and_then(serde_json::Value::as_object) else {
                let without = matches!(takes, Takes::Nothing | Takes::Bare);
                assert!(without, "{method} {}", entry.path);
                continue;
            };
            let required = said.and_then(|said| said.get("required"));
            let required = required.and_then(serde_json::Value::as_bool);
            assert_eq!(required, Some(takes != Takes::Bare), "{}", entry.path);
            let kinds: Vec<&str> = body.keys().map(String::as_str).collect();
            match takes {
                Takes::Nothing => unreachable!("{method} {} has a body", entry.path),
                Takes::Bare | Takes::Json => {
                    assert_eq!(kinds, ["application/json"], "{}", entry.path);
                }
                Takes::Signed => assert_eq!(kinds.len(), 1, "{}", entry.path),
            }
        }
    }

    #[test]
    fn ec_27_text_is_text_and_nothing_that_hides_or_turns_it() {
        for c in ['a', '中', '\n', '\t', '€', '😀', '\u{10FFFD}'] {
            assert!(may_stand(c), "{c:?}");
        }
        for c in [
            '\0',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{fffe}',
            '\u{1ffff}',
        ] {
            assert!(!may_stand(c), "{c:?}");
        }
    }
}
