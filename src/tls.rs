//! The line's TLS: our certificate, and the relay's client certificate demanded (LN-42, LN-52).

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

use crate::config::Tls;
use crate::failure::Failure;

/// Builds the listener's TLS from PEM files.
pub(crate) fn server(files: &Tls) -> Result<ServerConfig, Failure> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&files.client_ca)? {
        roots
            .add(certificate)
            .map_err(|_| odd(&files.client_ca, "holds no CA certificate"))?;
    }
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .map_err(|_| odd(&files.client_ca, "holds no usable CA certificate"))?;
    let key = PrivateKeyDer::from_pem_file(&files.private_key)
        .map_err(|_| odd(&files.private_key, "holds no private key"))?;
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| Failure::failed("TLS 1.2 and 1.3 are not available"))?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates(&files.certificate)?, key)
        .map_err(|_| odd(&files.certificate, "does not fit the private key"))
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, Failure> {
    let read = CertificateDer::pem_file_iter(file)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|_| odd(file, "is not a PEM file"))?;
    if read.is_empty() {
        Err(odd(file, "holds no certificate"))
    } else {
        Ok(read)
    }
}

fn odd(file: &Path, what: &str) -> Failure {
    Failure::failed(format!("{} {what}", file.display()))
        .advice("check the files named under [listeners.line.tls]")
}
