//! A request held to the sizes that the gateway takes and answered as it answers: what would be refused at the
//! other end is not carried there. The head is judged before anything of the body is read.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use actix_web::http::{StatusCode, Uri};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpResponse};

use crate::answers::public;
use crate::body::ending;

/// Header lines of a client.
pub const LINES_MAX: usize = 64;
/// Bytes of their names and values together.
pub const BYTES_MAX: usize = 16_384;
pub const PATH_BYTES_MAX: usize = 512;
pub const QUERY_BYTES_MAX: usize = 2_048;

/// What is kept to, and was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    Path,
    Method,
    Query,
    Headers,
    Body,
    Time,
    /// How many are under way.
    Seats,
}

impl Bound {
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Path => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Query | Self::Headers => StatusCode::BAD_REQUEST,
            Self::Body => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Time | Self::Seats => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The gateway's own words; it gives a trace id beside them, which nothing has here.
    const fn problem(self) -> &'static str {
        match self {
            Self::Path => {
                r#"{"type":"urn:lifeline:problem:NOT_FOUND","title":"There is nothing here for you.","status":404,"code":"NOT_FOUND"}"#
            }
            Self::Method => {
                r#"{"type":"urn:lifeline:problem:METHOD_NOT_ALLOWED","title":"This address does not take that method.","status":405,"code":"METHOD_NOT_ALLOWED"}"#
            }
            Self::Query => {
                r#"{"type":"urn:lifeline:problem:INVALID_QUERY","title":"The query parameters could not be read.","status":400,"code":"INVALID_QUERY"}"#
            }
            Self::Headers => {
                r#"{"type":"urn:lifeline:problem:INVALID_HEADER","title":"The request headers are too many, too long, or say something twice.","status":400,"code":"INVALID_HEADER"}"#
            }
            Self::Body => {
                r#"{"type":"urn:lifeline:problem:BODY_TOO_LARGE","title":"The request body is larger than this call accepts.","status":413,"code":"BODY_TOO_LARGE"}"#
            }
            Self::Time => {
                r#"{"type":"urn:lifeline:problem:REQUEST_TIMEOUT","title":"The answer took too long.","status":503,"code":"REQUEST_TIMEOUT"}"#
            }
            Self::Seats => {
                r#"{"type":"urn:lifeline:problem:OVERLOADED","title":"Too much is being done at once; ask again in a moment.","status":503,"code":"OVERLOADED"}"#
            }
        }
    }

    pub(crate) fn answer(self) -> HttpResponse {
        let mut answer = public(self.status());
        if matches!(self, Self::Time | Self::Seats) {
            answer.insert_header((RETRY_AFTER, "2"));
        }
        answer
            .insert_header((CONTENT_TYPE, "application/problem+json"))
            .body(self.problem())
    }

    /// A method that is not taken, and those that are.
    pub(crate) fn method(taken: &'static str) -> HttpResponse {
        let mut answer = Self::Method.answer();
        let taken = HeaderValue::from_static(taken);
        answer.headers_mut().insert(ALLOW, taken);
        answer
    }
}

fn broken(uri: &Uri, headers: &HeaderMap) -> Option<Bound> {
    if uri.path().len() > PATH_BYTES_MAX {
        return Some(Bound::Path);
    }
    if uri
        .query()
        .is_some_and(|query| query.len() > QUERY_BYTES_MAX)
    {
        return Some(Bound::Query);
    }
    let bytes = headers
        .iter()
        .map(|(name, value)| name.as_str().len().saturating_add(value.len()))
        .fold(0_usize, usize::saturating_add);
    (headers.len() > LINES_MAX || bytes > BYTES_MAX).then_some(Bound::Headers)
}

/// The outermost layer.
///
/// # Errors
/// Those of what is inside.
pub async fn bounded(
    mut req: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let Some(bound) = broken(req.uri(), req.headers()) else {
        return Ok(next.call(req).await?.map_into_left_body());
    };
    let answer = ending(bound.answer(), req.take_payload());
    Ok(req.into_response(answer).map_into_right_body())
}

#[cfg(test)]
mod tests {
    use actix_web::middleware::from_fn;
    use actix_web::test::{TestRequest, call_service, init_service, read_body};
    use actix_web::{App, ResponseError as _, web};
    use lifeline_gateway::edge::body::JSON_BODY_BYTES_MAX;
    use lifeline_gateway::edge::shape::{HEADER_BYTES, HEADERS, PATH, QUERY};
    use lifeline_gateway::edge::{Code, Problem};
    use lifeline_gateway::listeners::callback::CALLBACK_BODY_BYTES_MAX;

    use super::*;
    use crate::{body, notices};

    #[test]
    fn both_ends_of_the_line_have_the_same_limits_and_the_same_words() {
        let ours = [LINES_MAX, BYTES_MAX, PATH_BYTES_MAX, QUERY_BYTES_MAX];
        let theirs = [HEADERS.most, HEADER_BYTES.most, PATH.most, QUERY.most];
        assert_eq!(ours, theirs);
        assert_eq!(body::BYTES_MAX, JSON_BODY_BYTES_MAX);
        assert_eq!(notices::BYTES_MAX, CALLBACK_BODY_BYTES_MAX);
        for (bound, code) in [
            (Bound::Path, PATH.code),
            (Bound::Method, Code::MethodNotAllowed),
            (Bound::Query, QUERY.code),
            (Bound::Headers, HEADERS.code),
            (Bound::Headers, HEADER_BYTES.code),
            (Bound::Body, Code::BodyTooLarge),
            (Bound::Time, Code::RequestTimeout),
            (Bound::Seats, Code::Overloaded),
        ] {
            assert_eq!(bound.status(), code.status());
            let said = |name: &str, value: &str| {
                let said = format!("\"{name}\":\"{value}\"");
                assert!(bound.problem().contains(&said), "{said}");
            };
            said("code", code.as_str());
            said("title", code.title());
            let status = format!("\"status\":{}", code.status().as_u16());
            assert!(bound.problem().contains(&status));
            let (ours, theirs) = (bound.answer(), Problem::new(code).error_response());
            let wait = |answer: &HttpResponse| answer.headers().get(RETRY_AFTER).cloned();
            assert_eq!(wait(&ours), wait(&theirs), "{}", code.as_str());
        }
    }

    #[actix_web::test]
    async fn a_head_is_carried_at_n_and_not_at_n_plus_one() {
        let app = App::new()
            .wrap(from_fn(bounded))
            .default_service(web::to(HttpResponse::Ok));
        let app = init_service(app).await;
        let answered = async |request: TestRequest| {
            let answer = call_service(&app, request.to_request()).await;
            let status = answer.status();
            (status, read_body(answer).await)
        };
        let refused = |answer: &(StatusCode, web::Bytes), code: Code| {
            assert_eq!(answer.0, code.status());
            assert!(
                answer
                    .1
                    .windows(code.as_str().len())
                    .any(|part| part == code.as_str().as_bytes())
            );
        };
        let lines = |n: usize| {
            (0..n).fold(TestRequest::get(), |request, at| {
                request.append_header(("x-a", at.to_string()))
            })
        };
        let long = |bytes: usize| TestRequest::get().append_header(("x-a", "a".repeat(bytes - 3)));
        let path = |bytes: usize| TestRequest::with_uri(&format!("/{}", "a".repeat(bytes - 1)));
        let query = |bytes: usize| TestRequest::with_uri(&format!("/?{}", "a".repeat(bytes)));
        for fits in [
            lines(LINES_MAX),
            long(BYTES_MAX),
            path(PATH_BYTES_MAX),
            query(QUERY_BYTES_MAX),
        ] {
            assert_eq!(answered(fits).await.0, StatusCode::OK);
        }
        refused(&answered(lines(LINES_MAX + 1)).await, Code::InvalidHeader);
        refused(&answered(long(BYTES_MAX + 1)).await, Code::InvalidHeader);
        refused(&answered(path(PATH_BYTES_MAX + 1)).await, Code::NotFound);
        refused(
            &answered(query(QUERY_BYTES_MAX + 1)).await,
            Code::InvalidQuery,
        );
    }
}
