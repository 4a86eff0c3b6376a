//! The household's pages (H5), embedded in the binary and served by the line listener.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use rust_embed::RustEmbed;

use crate::edge::codes::Code;
use crate::edge::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../miniapp/dist/h5"]
#[allow_missing = true]
struct Files;

/// Only our own origin may be asked for anything: no third-party request, ever (experience.md 7).
const CONTENT_POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
     script-src 'self'; connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; \
     form-action 'self'";

/// Serves a page or asset; `/` is the app itself.
pub async fn serve(req: HttpRequest) -> Result<HttpResponse, Problem> {
    let path = req.path().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    let file = Files::get(path).ok_or_else(|| missing(path))?;
    let tag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let known = req
        .headers()
        .get(IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok());
    if known == Some(tag.as_str()) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .finish());
    }
    // Hashed names never change; the entry page must be asked for again.
    let life = if path == "index.html" {
        "no-cache"
    } else {
        "public, max-age=31536000, immutable"
    };
    Ok(ours_alone()
        .insert_header((CONTENT_TYPE, file.metadata.mimetype()))
        .insert_header((CACHE_CONTROL, life))
        .insert_header((ETAG, tag))
        .body(file.data.into_owned()))
}

/// An answer that loads only what is ours, stands in nobody's frame, and tells nobody where one was.
fn ours_alone() -> HttpResponseBuilder {
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, CONTENT_POLICY))
        .insert_header((REFERRER_POLICY, "no-referrer"));
    answer
}

fn missing(path: &str) -> Problem {
    if path == "index.html" {
        return Problem::new(Code::NotFound).detail(
            "The H5 pages are not built into this binary. Run `make run`, which builds them.",
        );
    }
    Problem::new(Code::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_loads_only_what_is_ours_and_stands_in_nobodys_frame() {
        let page = ours_alone().finish();
        let said = |name| {
            page.headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let policy = said(CONTENT_SECURITY_POLICY).unwrap_or_default();
        let parts: Vec<&str> = policy.split(';').map(str::trim).collect();
        for wanted in [
            "default-src 'self'",
            "script-src 'self'",
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(parts.contains(&wanted), "{wanted} is not in {policy}");
        }
        assert_eq!(said(REFERRER_POLICY), Some("no-referrer"));
        assert_eq!(said(X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
    }
}
