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

/// The files of certificate mode, as they were read.
pub(crate) struct Files<'a> {
    pub(crate) app: &'a [u8],
    pub(crate) platform: &'a [u8],
    pub(crate) roots: &'a [u8],
}

/// Certificate mode.
pub(crate) struct Certificates {
    /// `app_cert_sn` and `alipay_root_cert_sn` of every call.
    pub(crate) app_sn: String,
    roots: Roots,
    /// Whom Alipay's certificates name: merchants hold certificates under the same roots.
    organisation: String,
    /// By serial number; the configured one first.
    known: RwLock<Vec<(String, Arc<PlatformKey>)>>,
    /// Held while one is fetched, with what last failed and when.
    pub(crate) fetching: tokio::sync::Mutex<Option<(String, Time)>>,
}

impl Certificates {
    /// Checks the files against each other; time plays no part (Alipay renews without asking us).
    pub(crate) fn read(files: &Files<'_>, key: &AppKey) -> Result<Self, FileError> {
        let (app, platform) = (FileError::App, FileError::Platform);
        let own = Certificate::all(files.app).map_err(app)?;
        let own = own.first().ok_or(app(CertificateError::Absent))?;
        let probe = key.sign("probe").unwrap_or_default();
        if !own.key().map_err(app)?.verifies("probe", &probe) {
            return Err(app(CertificateError::OtherKey));
        }
        let roots = Roots::read(files.roots).map_err(FileError::Roots)?;
        let chain = Certificate::all(files.platform).map_err(platform)?;
        roots.reach(&chain).map_err(platform)?;
        let leaf = chain.first().ok_or(platform(CertificateError::Absent))?;
        let organisation = leaf.organisation();
        let first = (
            leaf.sn().map_err(platform)?,
            Arc::new(leaf.key().map_err(platform)?),
        );
        Ok(Self {
            app_sn: own.sn().map_err(app)?,
            roots,
            organisation: organisation.ok_or(platform(CertificateError::OtherSubject))?,
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
        let ours = leaf.organisation().as_ref() == Some(&self.organisation);
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
