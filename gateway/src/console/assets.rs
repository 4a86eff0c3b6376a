//! Style sheet and script, from the binary: nothing is fetched from anywhere else.

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;

use super::access::{Access, Pages};
use super::fault::Fault;

#[derive(RustEmbed)]
#[folder = "assets/console"]
struct Files;

pub(super) fn pages(pages: &mut Pages<'_>) {
    pages.get("/console/assets/{name}", Access::Anyone, file);
}

async fn file(req: HttpRequest, name: web::Path<String>) -> Result<HttpResponse, Fault> {
    let file = Files::get(&name).ok_or(Fault::NotFound)?;
    let tag = format!("\"{}\"", hex::encode(file.metadata.sha256_hash()));
    let known = req.headers().get(IF_NONE_MATCH);
    if known.and_then(|value| value.to_str().ok()) == Some(tag.as_str()) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, tag))
            .finish());
    }
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, file.metadata.mimetype()))
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((ETAG, tag))
        .body(file.data.into_owned()))
}
