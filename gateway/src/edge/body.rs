//! Reading what a client sent: size, type, encoding, shape; each failure has its own code.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::DeserializeOwned;

use super::codes::Code;
use super::problem::Problem;
use super::shape::{JSON_NAMES, broken, json};

/// The largest JSON body any route of the line listener takes.
pub const JSON_BODY_BYTES_MAX: usize = 16 * 1024;

/// A JSON body that was small enough, UTF-8, and of the expected shape.
#[derive(Debug)]
pub struct Checked<T> {
    pub value: T,
    /// The same body in canonical form: what idempotency fingerprints.
    pub fields: serde_json::Map<String, serde_json::Value>,
}

impl<T: DeserializeOwned + 'static> FromRequest for Checked<T> {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        if !is_json(req) {
            return Box::pin(async { Err(Problem::new(Code::UnsupportedMediaType)) });
        }
        let bytes = web::Bytes::from_request(req, payload);
        Box::pin(async move { read(&bytes.await.map_err(unread)?) })
    }
}

fn is_json(req: &HttpRequest) -> bool {
    req.headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

fn unread(error: actix_web::Error) -> Problem {
    let large = error.as_response_error().status_code() == Code::BodyTooLarge.status();
    Problem::new(if large {
        Code::BodyTooLarge
    } else {
        Code::InvalidBody
    })
}

/// Nothing was said: no body came, or an empty object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bare;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Empty {}

impl FromRequest for Bare {
    type Error = Problem;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Problem>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = is_json(req);
        let bytes = web::Bytes::from_request(req, payload);
        Box::pin(async move {
            let bytes = bytes.await.map_err(unread)?;
            if bytes.is_empty() || bytes.as_ref() == b"{}" {
                return Ok(Self);
            }
            if !json {
                return Err(Problem::new(Code::UnsupportedMediaType));
            }
            read::<Empty>(&bytes).map(|_| Self)
        })
    }
}

/// Parses a body; see [`Checked`].
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<Checked<T>, Problem> {
    if bytes.len() > JSON_BODY_BYTES_MAX {
        return Err(Problem::new(Code::BodyTooLarge));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|_| Problem::new(Code::InvalidBody).detail("The body is not UTF-8."))?;
    json::check(text).map_err(unfit)?;
    let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
        .map_err(|_| Problem::new(Code::InvalidBody).detail("The body is not a JSON object."))?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| shape(&error))?;
    Ok(Checked { value, fields })
}

/// What breaks the table of shapes ([`super::shape`]) is refused before it is read for its meaning.
fn unfit(why: json::Unfit) -> Problem {
    match why {
        json::Unfit::Unreadable => {
            Problem::new(Code::InvalidBody).detail("The body is not a JSON object.")
        }
        json::Unfit::Breaks(rule) if rule == JSON_NAMES => {
            broken(rule).field("?", "unknown", "not a field of this call")
        }
        json::Unfit::Breaks(rule) => broken(rule),
    }
}

/// Names the field at fault without repeating what was sent.
fn shape(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let said = error.inner().to_string();
    let named = said.split('`').nth(1).unwrap_or_default();
    if said.starts_with("unknown field") {
        let field = if is_plain(named) { named } else { "?" };
        return Problem::new(Code::UnknownField).field(
            field,
            "unknown",
            "not a field of this call",
        );
    }
    if said.starts_with("missing field") {
        return Problem::new(Code::InvalidField).field(named, "missing", "this field is required");
    }
    Problem::new(Code::InvalidField).field(&path, "invalid", "not of the type this field has")
}

/// A field's name, as against a value sent in the place of one: a number of somebody's is not repeated.
fn is_plain(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    (1..=64).contains(&name.len()) && name.bytes().all(word) && digits <= 2
}

/// Query parameters of the expected shape; unknown ones are refused like unknown fields.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Query<T> {
    type Error = Problem;
    type Future = futures_util::future::Ready<Result<Self, Problem>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = web::Query::<T>::from_query(req.query_string());
        futures_util::future::ready(
            read.map(|query| Self(query.into_inner()))
                .map_err(|_| Problem::new(Code::InvalidQuery)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Pay {
        #[expect(dead_code, reason = "only its shape matters here")]
        amount_fen: i64,
    }

    fn code(body: &[u8]) -> Code {
        read::<Pay>(body).unwrap_err().code()
    }

    #[test]
    fn each_fault_has_its_code() {
        assert!(read::<Pay>(br#"{"amount_fen": 1}"#).is_ok());
        assert_eq!(code(b"\xff\xfe"), Code::InvalidBody);
        assert_eq!(code(b"[1]"), Code::InvalidBody);
        assert_eq!(code(b"{"), Code::InvalidBody);
        assert_eq!(code(br#"{"amount_fen": "1"}"#), Code::InvalidField);
        assert_eq!(code(br#"{"amount_fen": 1.5}"#), Code::InvalidField);
        assert_eq!(code(br#"{}"#), Code::InvalidField);
        assert_eq!(code(br#"{"amount_fen": 1, "x": 2}"#), Code::UnknownField);
    }

    #[actix_web::test]
    async fn where_nothing_is_said_a_body_may_be_absent_but_has_no_fields() {
        let sent = async |kind: Option<&str>, body: &'static str| {
            let mut request = actix_web::test::TestRequest::post().set_payload(body);
            if let Some(kind) = kind {
                request = request.insert_header((CONTENT_TYPE, kind));
            }
            let (request, mut payload) = request.to_http_parts();
            let read = Bare::from_request(&request, &mut payload).await;
            read.map(|_| ()).map_err(|problem| problem.code())
        };
        let json = Some("application/json");
        for (kind, body) in [(None, ""), (json, ""), (json, "{}"), (json, " { } ")] {
            assert_eq!(sent(kind, body).await, Ok(()), "{body}");
        }
        for (kind, body, code) in [
            (json, r#"{"a":1}"#, Code::UnknownField),
            (json, "[]", Code::InvalidBody),
            (json, "null", Code::InvalidBody),
            (None, r#"{"a":1}"#, Code::UnsupportedMediaType),
            (Some("text/plain"), "a", Code::UnsupportedMediaType),
        ] {
            assert_eq!(sent(kind, body).await, Err(code), "{body}");
        }
    }

    #[test]
    fn the_size_limit_holds_at_n_and_n_plus_one() {
        let body = |length: usize| {
            let mut text = br#"{"amount_fen": 1"#.to_vec();
            text.resize(length - 1, b' ');
            text.push(b'}');
            text
        };
        assert!(read::<Pay>(&body(JSON_BODY_BYTES_MAX)).is_ok());
        assert_eq!(code(&body(JSON_BODY_BYTES_MAX + 1)), Code::BodyTooLarge);
    }

    #[test]
    fn a_refusal_never_repeats_the_value() {
        let problem = read::<Pay>(br#"{"amount_fen": "19000000001"}"#).unwrap_err();
        assert!(!format!("{problem:?}").contains("19000000001"));
        let field = |body: &str| {
            let problem = read::<Pay>(body.as_bytes()).unwrap_err().body();
            problem.errors[0].field.clone()
        };
        assert_eq!(field(r#"{"amount_fen": 1, "street_2": 2}"#), "street_2");
        assert_eq!(field(r#"{"amount_fen": 1, "19000000001": 2}"#), "?");
        assert_eq!(field(r#"{"amount_fen": 1, "李明": 2}"#), "?");
    }
}
