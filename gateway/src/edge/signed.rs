//! What a system of the utility sent to the callback zone, proven by its signature (money.md 3.9).

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, web};
use lifeline_core::inbox::signed::{NotTheirs, Sender, Signatures, Signed};

use super::codes::Code;
use super::problem::Problem;

/// A message that its sender signed, and the nonce by which it counts once.
#[derive(Debug)]
pub struct Told {
    pub nonce: String,
    pub body: String,
}

/// Takes a message that `sender` signed. Whoever is refused learns nothing of why.
pub fn told(
    req: &HttpRequest,
    sender: Sender,
    body: Result<web::Bytes, actix_web::Error>,
) -> Result<Told, Problem> {
    let body = body.map_err(|error| {
        let status = error.as_response_error().status_code();
        Problem::new(if status == StatusCode::PAYLOAD_TOO_LARGE {
            Code::BodyTooLarge
        } else {
            Code::InvalidBody
        })
    })?;
    let signatures = req.app_data::<web::Data<dyn Signatures>>();
    let signatures = signatures.ok_or_else(|| Problem::new(Code::Internal))?;
    let target = req.uri().path_and_query();
    let nonce = once(req, "x-nonce")?;
    let message = Signed {
        method: req.method().as_str(),
        target: target.map_or("/", |target| target.as_str()),
        body: &body,
        channel_id: once(req, "x-channel-id")?,
        timestamp: once(req, "x-timestamp")?,
        nonce,
        signature: once(req, "x-signature")?,
    };
    let verified = signatures.verify(sender, &message);
    verified.map_err(|why| refused(sender, why))?;
    let body = std::str::from_utf8(&body).map_err(|_| Problem::new(Code::InvalidBody))?;
    Ok(Told {
        nonce: nonce.to_owned(),
        body: body.to_owned(),
    })
}

fn refused(sender: Sender, why: NotTheirs) -> Problem {
    let labels = [("sender", sender.as_str()), ("why", why.as_str())];
    tracing::warn!(
        sender = sender.as_str(),
        why = why.as_str(),
        "callback.refused"
    );
    metrics::counter!("lifeline_callbacks_refused_total", &labels).increment(1);
    Problem::new(Code::Unauthenticated)
}

/// A header that is there once: of two, one could be verified and the other used.
fn once<'a>(req: &'a HttpRequest, name: &'static str) -> Result<&'a str, Problem> {
    let mut lines = req.headers().get_all(name);
    let (first, second) = (lines.next(), lines.next());
    let only = first.filter(|_| second.is_none());
    only.and_then(|line| line.to_str().ok())
        .ok_or_else(|| Problem::new(Code::Unauthenticated))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use actix_web::test::TestRequest;

    use super::*;

    /// Takes one signature for everything.
    #[derive(Debug)]
    struct Easy;
    impl Signatures for Easy {
        fn verify(&self, sender: Sender, message: &Signed<'_>) -> Result<(), NotTheirs> {
            let fits = message.signature == "good" && sender == Sender::Sms;
            if fits { Ok(()) } else { Err(NotTheirs::Forged) }
        }
    }

    fn asked(headers: &[(&'static str, &'static str)]) -> HttpRequest {
        let signatures: Arc<dyn Signatures> = Arc::new(Easy);
        let mut req = TestRequest::post().uri("/v1/callbacks/sms?x=1");
        for header in headers {
            req = req.append_header(*header);
        }
        req.app_data(web::Data::from(signatures)).to_http_request()
    }

    const GOOD: [(&str, &str); 4] = [
        ("x-channel-id", "lifeline"),
        ("x-timestamp", "1800000000"),
        ("x-nonce", "a-nonce-of-theirs"),
        ("x-signature", "good"),
    ];

    fn code(headers: &[(&'static str, &'static str)], body: &'static [u8]) -> Result<String, Code> {
        let body = Ok(web::Bytes::from_static(body));
        let told = told(&asked(headers), Sender::Sms, body);
        told.map(|told| told.nonce)
            .map_err(|problem| problem.code())
    }

    #[actix_web::test]
    async fn m3_9_each_header_is_there_once_and_an_unsigned_message_is_nobodys() {
        assert_eq!(code(&GOOD, b"{}").as_deref(), Ok("a-nonce-of-theirs"));
        for (at, header) in GOOD.iter().enumerate() {
            let mut fewer = GOOD.to_vec();
            fewer.remove(at);
            let missing = code(&fewer, b"{}");
            assert_eq!(missing, Err(Code::Unauthenticated), "without {header:?}");
            let mut twice = GOOD.to_vec();
            twice.push(*header);
            let doubled = code(&twice, b"{}");
            assert_eq!(doubled, Err(Code::Unauthenticated), "twice {header:?}");
        }
        let mut forged = GOOD.to_vec();
        forged[3] = ("x-signature", "bad");
        assert_eq!(code(&forged, b"{}"), Err(Code::Unauthenticated));
        assert_eq!(code(&GOOD, b"\xff\xfe"), Err(Code::InvalidBody));
        let other = told(&asked(&GOOD), Sender::Marketing, Ok(web::Bytes::new()));
        let other = other
            .map(|told| told.body)
            .map_err(|problem| problem.code());
        assert_eq!(other, Err(Code::Unauthenticated), "another sender's");
    }
}
