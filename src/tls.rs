//! The line's TLS: our certificate, and the relay's client certificate demanded (LN-42, LN-52).
//!
//! The files are looked at again and again: renewed ones serve every connection that begins from
//! then on, and no connection that is open is dropped.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest;
use lifeline_core::shared::time::Time;
use lifeline_gateway::runner::Worker;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, RootCertStore, ServerConfig, SignatureScheme,
};
use zeroize::Zeroizing;

use crate::config::Tls;
use crate::failure::Failure;

/// What is in force on the line, as PEM.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) certificate: Arc<[u8]>,
    pub(crate) client_ca: Arc<[u8]>,
}

/// Who knows what is in force on the line, whatever the files hold since.
pub(crate) trait LineInForce: std::fmt::Debug + Send + Sync {
    fn shown(&self) -> Shown;
}

/// What the files hold.
#[derive(Debug)]
struct Held {
    /// Digest of what the files held: nothing of the key stays behind for comparing.
    read: [u8; 32],
    ours: Arc<CertifiedKey>,
    theirs: Arc<dyn ClientCertVerifier>,
    shown: Shown,
}

/// The certificates in force.
#[derive(Debug)]
pub(crate) struct Certificates {
    files: Tls,
    provider: Arc<CryptoProvider>,
    held: RwLock<Arc<Held>>,
    /// Why the last look took nothing over though something is amiss: it is told once, not at every look.
    amiss: Mutex<Option<String>>,
}

impl Certificates {
    pub(crate) fn read(files: &Tls) -> Result<Arc<Self>, Failure> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let held = Held::read(files, &provider)?;
        Ok(Arc::new(Self {
            files: files.clone(),
            provider,
            held: RwLock::new(Arc::new(held)),
            amiss: Mutex::default(),
        }))
    }

    /// The listener's TLS over these certificates.
    pub(crate) fn server(self: &Arc<Self>) -> Result<ServerConfig, Failure> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .map_err(|_| Failure::failed("TLS 1.2 and 1.3 are not available"))?
            .with_client_cert_verifier(Arc::<Self>::clone(self))
            .with_cert_resolver(Arc::<Self>::clone(self));
        // A resumed session would not show its certificate again, also after its CA was taken away.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(config)
    }

    fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes renewed files over when they are whole; what is in force stays when they are not. Why not comes back.
    fn renew(&self) -> Option<String> {
        let failure = self.taken_over().err()?;
        Some(failure.told().0.to_owned())
    }

    /// What a look found amiss, unless the last one found the same.
    fn news(&self, amiss: Option<String>) -> Option<String> {
        let mut told = self.amiss.lock().unwrap_or_else(PoisonError::into_inner);
        let news = amiss.clone().filter(|why| told.as_ref() != Some(why));
        *told = amiss;
        news
    }

    fn taken_over(&self) -> Result<(), Failure> {
        let now = fingerprint(&self.files).map_err(|file| odd(file, "cannot be read"))?;
        if now == self.held().read {
            return Ok(());
        }
        let held = Held::read(&self.files, &self.provider)?;
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(held);
        tracing::info!("line.certificates_renewed");
        Ok(())
    }
}

/// Of what the files hold; else the file that cannot be read.
fn fingerprint(files: &Tls) -> Result<[u8; 32], &Path> {
    let mut digest = digest::Context::new(&digest::SHA256);
    for file in [&files.certificate, &files.private_key, &files.client_ca] {
        let read = std::fs::read(file).map_err(|_| file.as_path())?;
        let read = Zeroizing::new(read);
        digest.update(digest::digest(&digest::SHA256, &read).as_ref());
    }
    let whole: Result<[u8; 32], _> = digest.finish().as_ref().try_into();
    whole.map_err(|_| files.certificate.as_path())
}

impl Held {
    fn read(files: &Tls, provider: &Arc<CryptoProvider>) -> Result<Self, Failure> {
        let read = fingerprint(files).map_err(|file| odd(file, "cannot be read"))?;
        let mut roots = RootCertStore::empty();
        let (client_ca, authorities) = certificates(&files.client_ca)?;
        for certificate in authorities {
            roots
                .add(certificate)
                .map_err(|_| odd(&files.client_ca, "holds no CA certificate"))?;
        }
        let theirs =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
                .build()
                .map_err(|_| odd(&files.client_ca, "holds no usable CA certificate"))?;
        let key = PrivateKeyDer::from_pem_file(&files.private_key)
            .map_err(|_| odd(&files.private_key, "holds no private key"))?;
        let (certificate, chain) = certificates(&files.certificate)?;
        let ours = CertifiedKey::from_der(chain, key, provider)
            .map_err(|_| odd(&files.certificate, "does not fit the private key"))?;
        Ok(Self {
            read,
            ours: Arc::new(ours),
            theirs,
            shown: Shown {
                certificate,
                client_ca,
            },
        })
    }
}

impl LineInForce for Certificates {
    fn shown(&self) -> Shown {
        self.held().shown.clone()
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.held().ours))
    }
}

impl ClientCertVerifier for Certificates {
    /// None: a hint lives as long as the verifier, and our CAs may change before.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.held().theirs.verify_client_cert(end, between, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.held()
            .theirs
            .verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.held()
            .theirs
            .verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.held().theirs.supported_verify_schemes()
    }
}

/// Looks whether the files were renewed.
#[derive(Debug)]
pub(crate) struct CertificatesWorker(pub(crate) Arc<Certificates>);

#[async_trait]
impl Worker for CertificatesWorker {
    fn name(&self) -> &'static str {
        "line.certificates"
    }

    fn tick(&self) -> Duration {
        Duration::from_secs(2)
    }

    async fn run_once(&self, _now: Time) -> bool {
        let certificates = Arc::clone(&self.0);
        // Files are read away from the threads that serve.
        let looked = tokio::task::spawn_blocking(move || certificates.renew()).await;
        let amiss = looked.unwrap_or_else(|_| Some("a look at them broke off".to_owned()));
        if let Some(why) = self.0.news(amiss) {
            tracing::warn!(%why, "line.certificates_not_whole");
        }
        false
    }
}

/// The certificates of a file, with the text that they were read from.
fn certificates(file: &Path) -> Result<(Arc<[u8]>, Vec<CertificateDer<'static>>), Failure> {
    let pem = std::fs::read(file).map_err(|_| odd(file, "cannot be read"))?;
    let read = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| odd(file, "is not a PEM file"))?;
    if read.is_empty() {
        Err(odd(file, "holds no certificate"))
    } else {
        Ok((pem.into(), read))
    }
}

fn odd(file: &Path, what: &str) -> Failure {
    Failure::failed(format!("{} {what}", file.display()))
        .advice("check the files named under [listeners.line.tls]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_42_the_file_that_cannot_be_read_is_the_one_that_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let files = Tls {
            certificate: at("line.pem"),
            private_key: at("line.key"),
            client_ca: at("ca.pem"),
        };
        let told = || Certificates::read(&files).unwrap_err().to_string();
        assert!(told().contains("line.pem"), "{}", told());
        let pem = include_bytes!("../tests/vectors/certificates/line.pem");
        std::fs::write(&files.certificate, pem).unwrap();
        assert!(told().contains("line.key"), "{}", told());
    }

    #[test]
    fn a_renewed_file_that_is_not_whole_is_told_once_and_the_old_ones_stay() {
        let folder = tempfile::tempdir().unwrap();
        let made = std::process::Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=line"])
            .args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"])
            .args(["-keyout", "line.key", "-out", "line.pem"])
            .current_dir(folder.path())
            .output();
        assert!(made.unwrap().status.success());
        let files = Tls {
            certificate: folder.path().join("line.pem"),
            private_key: folder.path().join("line.key"),
            client_ca: folder.path().join("line.pem"),
        };
        let held = Certificates::read(&files).unwrap();
        let before = held.shown().certificate;
        let look = || held.news(held.renew());
        assert_eq!(look(), None);
        std::fs::write(&files.private_key, "half of a key").unwrap();
        let told = look().unwrap();
        assert!(told.contains("line.key holds no private key"), "{told}");
        assert_eq!(look(), None);
        std::fs::remove_file(&files.private_key).unwrap();
        let told = look().unwrap();
        assert!(told.contains("line.key cannot be read"), "{told}");
        assert_eq!(look(), None);
        assert_eq!(held.shown().certificate, before);
    }
}
