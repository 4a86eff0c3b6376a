//! The household's pages (H5), embedded in the binary and served by the line listener.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderName, HeaderValue};
use actix_web::http::header::{IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpRequest, HttpResponse};
use rust_embed::RustEmbed;

use crate::edge::codes::Code;
use crate::edge::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../miniapp/dist/h5"]
#[allow_missing = true]
struct Files;

/// Only our own origin may be asked for anything: no third-party request, ever (experience.md 7).
const CONTENT_POLICY: &str = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
     script-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

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
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, file.metadata.mimetype()))
        .insert_header((CACHE_CONTROL, life))
        .insert_header((ETAG, tag))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((
            HeaderName::from_static("content-security-policy"),
            HeaderValue::from_static(CONTENT_POLICY),
        ))
        .insert_header((HeaderName::from_static("referrer-policy"), "no-referrer"))
        .body(file.data.into_owned()))
}

fn missing(path: &str) -> Problem {
    if path == "index.html" {
        return Problem::new(Code::NotFound).detail(
            "The H5 pages are not built into this binary. Run `make run`, which builds them.",
        );
    }
    Problem::new(Code::NotFound)
}
