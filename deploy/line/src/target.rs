//! What a request asks for, as it is signed and sent.

use actix_web::http::Uri;

use crate::forward::Refused;

/// Path and query as they are signed and sent, written once: who sends would otherwise spell them anew, and the gateway
/// would take for forged what the relay signed. What would not be the same place then (`..`, `\`) is refused.
pub(crate) fn target(uri: &Uri) -> Result<String, Refused> {
    let came = uri.path_and_query().map_or("/", |all| all.as_str());
    // Whose origin it is does not matter: nothing of it is taken.
    let read = reqwest::Url::parse(&format!("https://node{came}")).map_err(|_| Refused::Odd)?;
    let query = read.query().map(|query| format!("?{query}"));
    let target = format!("{}{}", read.path(), query.unwrap_or_default());
    if only_encoded(came, &target) {
        Ok(target)
    } else {
        Err(Refused::Odd)
    }
}

/// Whether `written` is what came, some of its bytes as `%XX`.
fn only_encoded(came: &str, written: &str) -> bool {
    let mut rest = written.as_bytes();
    for byte in came.bytes() {
        let encoded = || rest.strip_prefix(format!("%{byte:02X}").as_bytes());
        let after = rest.strip_prefix(&[byte]).or_else(encoded);
        let Some(after) = after else {
            return false;
        };
        rest = after;
    }
    rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_written_as_it_is_sent_or_refused() {
        let written = |came: &str| target(&came.parse().expect("a target")).ok();
        for same in ["/", "/?", "/v1//a?b=%e7&c=", "/v1/a%2F..%2f?q=..\\/../|"] {
            assert_eq!(written(same).as_deref(), Some(same));
        }
        for (came, sent) in [
            ("/v1/articles?q=d'or", "/v1/articles?q=d%27or"),
            ("/v1/{a}\"?q={b}%27", "/v1/%7Ba%7D%22?q={b}%27"),
        ] {
            assert_eq!(written(came).as_deref(), Some(sent));
        }
        for other in [
            "*",
            "/v1/../me",
            "/v1/./me",
            "/v1/me/..",
            "/v1/%2e%2E/me",
            "/v1\\me",
        ] {
            assert_eq!(written(other), None, "{other}");
        }
    }
}
