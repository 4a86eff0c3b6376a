//! Answers that need not be sent again: a strong `ETag` over the exact bytes (RFC 9110 8.8.3).

use actix_web::HttpResponse;
use actix_web::http::header::{ContentType, ETag, EntityTag, IfNoneMatch};
use actix_web::web::Bytes;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::codes::Code;
use super::problem::Problem;

/// What was answered: the exact bytes and their name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answered {
    pub(crate) tag: String,
    pub(crate) body: Bytes,
}

/// The bytes of an answer and their name.
pub(crate) fn write<T: Serialize>(view: &T) -> Result<Answered, Problem> {
    let body = serde_json::to_vec(view).map_err(|_| Problem::new(Code::Internal))?;
    // Half of SHA-256 names the bytes well enough; `digest` is 64 hex digits.
    let digest = hex::encode(Sha256::digest(&body));
    Ok(Answered {
        tag: digest.chars().take(32).collect(),
        body: body.into(),
    })
}

/// 200 with the body, or 304 when the client already holds these very bytes.
pub(crate) fn answer(answered: Answered, known: Option<IfNoneMatch>) -> HttpResponse {
    let Answered { tag, body } = answered;
    let tag = EntityTag::new_strong(tag);
    let same = match known {
        None => false,
        Some(IfNoneMatch::Any) => true,
        Some(IfNoneMatch::Items(tags)) => tags.iter().any(|held| held.weak_eq(&tag)),
    };
    if same {
        return HttpResponse::NotModified()
            .insert_header(ETag(tag))
            .finish();
    }
    HttpResponse::Ok()
        .insert_header(ETag(tag))
        .insert_header(ContentType::json())
        .body(body)
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::http::header::ETAG;

    use super::*;

    fn answer(view: &impl Serialize, known: Option<IfNoneMatch>) -> HttpResponse {
        super::answer(write(view).unwrap(), known)
    }

    fn tag_of(answer: &HttpResponse) -> String {
        let tag = answer.headers().get(ETAG).unwrap();
        tag.to_str().unwrap().to_owned()
    }

    fn holding(tags: &[&str]) -> Option<IfNoneMatch> {
        let parsed = tags.iter().map(|tag| tag.parse().unwrap());
        Some(IfNoneMatch::Items(parsed.collect()))
    }

    #[test]
    fn the_same_bytes_are_sent_once() {
        let first = answer(&["a"], None);
        assert_eq!(first.status(), StatusCode::OK);
        let tag = tag_of(&first);
        for held in [
            holding(&[&tag]),
            holding(&["\"other\"", &tag]),
            holding(&[&format!("W/{tag}")]),
            Some(IfNoneMatch::Any),
        ] {
            let again = answer(&["a"], held);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(tag_of(&again), tag);
        }
    }

    #[test]
    fn other_bytes_are_sent() {
        let tag = tag_of(&answer(&["a"], None));
        let changed = answer(&["b"], holding(&[&tag]));
        assert_eq!(changed.status(), StatusCode::OK);
        assert_ne!(tag_of(&changed), tag);
        assert_eq!(answer(&["a"], holding(&["\"x\""])).status(), StatusCode::OK);
    }
}
