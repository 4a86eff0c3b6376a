//! Whose signature is Alipay's: one public key, or every certificate that leads to the root file.

use std::sync::{Arc, PoisonError, RwLock};

use lifeline_core::shared::time::Time;

use super::certificate::{Certificate, CertificateError, Roots};
use super::sign::{AppKey, PlatformKey};

/// Certificates kept beside the configured one. Alipay renews one every few years.
const KEPT_MAX: usize = 8;
/// After a certificate could not be had, so long nobody asks for it again.
const PAUSE_S: i64 = 5;

/// What a key verifies with, by the mode that was configured.
pub(crate) enum Trust {
    Key(Arc<PlatformKey>),
    Certificates(Certificates),
}

/// The files of certificate mode, each PEM.
#[derive(Debug, Clone)]
pub struct CertificateFiles {
    /// Ours, as Alipay's console hands it out.
    pub app: Vec<u8>,
    /// Alipay's, its issuers after it.
    pub platform: Vec<u8>,
    /// Where Alipay's must lead.
    pub roots: Vec<u8>,
}

/// Certificate mode.
pub(crate) struct Certificates {
    /// `app_cert_sn` and `alipay_root_cert_sn` of every call.
    pub(crate) app_sn: String,
    roots: Roots,
    /// What Alipay's certificate calls itself, our merchant number included: every merchant holds certificates under
    /// the same roots.
    common_name: String,
    /// By serial number; the configured one first.
    known: RwLock<Vec<(String, Arc<PlatformKey>)>>,
    /// Held while one is fetched, with what last failed and when.
    pub(crate) fetching: tokio::sync::Mutex<Option<(String, Time)>>,
}

impl Certificates {
    /// Checks the files against each other. Time plays no part here: Alipay renews its certificate without
    /// asking us, so the configured one may be long over while everything works.
    pub(crate) fn read(files: &CertificateFiles, key: &AppKey) -> Result<Self, FileError> {
        let own = own(&files.app, key).map_err(FileError::App)?;
        let roots = Roots::read(&files.roots).map_err(FileError::Roots)?;
        let platform = platform(&files.platform).map_err(FileError::Platform)?;
        let common_name = platform.common_name();
        let first = (
            platform.sn().map_err(FileError::Platform)?,
            Arc::new(platform.key().map_err(FileError::Platform)?),
        );
        Ok(Self {
            app_sn: own.sn().map_err(FileError::App)?,
            roots,
            common_name: common_name.ok_or(FileError::Platform(CertificateError::OtherSubject))?,
            known: RwLock::new(vec![first]),
            fetching: tokio::sync::Mutex::new(None),
        })
    }

    pub(crate) fn root_sn(&self) -> &str {
        self.roots.sn()
    }

    /// Takes in what Alipay hands out for a serial number, if it is Alipay's own and valid now.
    pub(crate) fn learn(
        &self,
        sn: &str,
        pem: &[u8],
        now: Time,
    ) -> Result<Arc<PlatformKey>, CertificateError> {
        let chain = Certificate::all(pem)?;
        self.roots.reach(&chain)?;
        let leaf = chain.first().ok_or(CertificateError::Absent)?;
        if !leaf.is_valid_at(now) {
            return Err(CertificateError::NotValidNow);
        }
        let ours = leaf.common_name().as_ref() == Some(&self.common_name);
        if !ours || leaf.sn()? != sn {
            return Err(CertificateError::OtherSubject);
        }
        let key = Arc::new(leaf.key()?);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() > KEPT_MAX {
            known.remove(1);
        }
        known.push((sn.to_owned(), Arc::clone(&key)));
        Ok(key)
    }

    /// Whether asking for this one now is pointless.
    pub(crate) fn is_paused(failed: Option<&(String, Time)>, sn: &str, now: Time) -> bool {
        failed.is_some_and(|(last, at)| last == sn && now.seconds_since(*at) < PAUSE_S)
    }

    fn key(&self, sn: Option<&str>) -> Option<Arc<PlatformKey>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let found = match sn {
            Some(sn) => known.iter().find(|(name, _)| name == sn),
            None => known.first(),
        };
        found.map(|(_, key)| Arc::clone(key))
    }

    fn keys(&self) -> Vec<Arc<PlatformKey>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|(_, key)| Arc::clone(key)).collect()
    }
}

impl Trust {
    /// The key a reply verifies with. `None`: it names a certificate that is not known (yet).
    pub(crate) fn key(&self, sn: Option<&str>) -> Option<Arc<PlatformKey>> {
        match self {
            Self::Key(key) => Some(Arc::clone(key)),
            Self::Certificates(certificates) => certificates.key(sn),
        }
    }

    /// For what names no certificate (notices, phone numbers): whether any key of Alipay's signed it.
    pub(crate) fn verifies(&self, content: &str, signature: &str) -> bool {
        match self {
            Self::Key(key) => key.verifies(content, signature),
            Self::Certificates(certificates) => {
                let keys = certificates.keys();
                keys.iter().any(|key| key.verifies(content, signature))
            }
        }
    }
}

/// The app's own certificate.
fn own(pem: &[u8], key: &AppKey) -> Result<Certificate, CertificateError> {
    let own = first(Certificate::all(pem)?)?;
    let probe = key.sign("probe").unwrap_or_default();
    if own.key()?.verifies("probe", &probe) {
        Ok(own)
    } else {
        Err(CertificateError::OtherKey)
    }
}

/// Alipay's certificate, first in its file. What follows it there is often not its issuer, so it is believed because
/// it was configured, as a bare key would be; only a fetched one must lead to the roots.
fn platform(pem: &[u8]) -> Result<Certificate, CertificateError> {
    let leaf = first(Certificate::all(pem)?)?;
    if leaf.is_authority() {
        return Err(CertificateError::OtherSubject);
    }
    Ok(leaf)
}

fn first(chain: Vec<Certificate>) -> Result<Certificate, CertificateError> {
    chain.into_iter().next().ok_or(CertificateError::Absent)
}

/// Everything that is wrong with the files of certificate mode, for whoever configures it: also that the app's
/// certificate is over, which makes Alipay refuse every call.
pub(crate) fn faults(files: &CertificateFiles, key: &AppKey, now: Time) -> Vec<FileError> {
    let mut faults = Vec::new();
    match own(&files.app, key) {
        Ok(own) if !own.is_valid_at(now) => {
            faults.push(FileError::App(CertificateError::NotValidNow));
        }
        Ok(_) => {}
        Err(error) => faults.push(FileError::App(error)),
    }
    let platform = platform(&files.platform).and_then(|leaf| leaf.key());
    faults.extend(platform.err().map(FileError::Platform));
    let roots = Roots::read(&files.roots);
    faults.extend(roots.err().map(FileError::Roots));
    faults
}

/// Which of the files is not used, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FileError {
    #[error("app certificate: {0}")]
    App(CertificateError),
    #[error("platform certificate: {0}")]
    Platform(CertificateError),
    #[error("root certificates: {0}")]
    Roots(CertificateError),
}
