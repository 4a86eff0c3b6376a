//! What every answer to the public carries, whoever gave it.

use actix_web::http::StatusCode;
use actix_web::http::header::{STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpResponse, HttpResponseBuilder};

/// Browsers speak to this name by TLS only, for a year from their last visit.
pub(crate) const TLS_ONLY: &str = "max-age=31536000; includeSubDomains";

/// An answer as the public gets it.
pub(crate) fn public(status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer
        .insert_header((STRICT_TRANSPORT_SECURITY, TLS_ONLY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    answer
}
