//! `[alipay]`: the contract with Alipay, by bare keys or by certificates.

use std::path::{Path, PathBuf};

use lifeline_adapters::alipay::{
    AlipayMode, CertificateError, CertificateFiles, FileError, is_content_key,
};
use lifeline_adapters::wire::{Via, ViaError};
use lifeline_core::shared::time::Clock as _;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Faults;
use super::channels::{deadline_is_sane, deadline_ms, is_live_https};
use crate::failure::Failure;
use crate::system::SystemClock;

const KEY: &str = "alipay.platform_public_key";
const APP: &str = "alipay.app_certificate";
const PLATFORM: &str = "alipay.platform_certificate";
const ROOTS: &str = "alipay.root_certificates";
const PROXY: &str = "alipay.proxy";

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Alipay {
    pub(crate) app_id: String,
    /// The utility's merchant account; a notice for another one is a security event.
    pub(crate) seller_id: String,
    pub(crate) gateway_url: String,
    /// Where browsers are sent for Alipay's own pages (cashier, face check), when calls go to a reverse proxy.
    pub(crate) page_url: Option<String>,
    /// The proxy that calls go through. It may hold a password, so it is secret.
    pub(crate) proxy: Option<SecretString>,
    pub(crate) authorize_url: String,
    /// Our private key, PEM (PKCS#8 or PKCS#1).
    pub(crate) private_key: PathBuf,
    /// Alipay's public key, PEM: by bare keys.
    pub(crate) platform_public_key: Option<PathBuf>,
    /// By certificates: ours, Alipay's, and the roots Alipay's must lead to.
    pub(crate) app_certificate: Option<PathBuf>,
    pub(crate) platform_certificate: Option<PathBuf>,
    pub(crate) root_certificates: Option<PathBuf>,
    /// Content encryption: base64 of 16 bytes.
    pub(crate) content_key_base64: Option<SecretString>,
    /// Whether our calls are sealed with it too, as the console is set.
    #[serde(default = "yes")]
    pub(crate) encrypt_calls: bool,
    #[serde(default = "deadline_ms")]
    pub(crate) deadline_ms: u64,
}

impl Alipay {
    pub(super) fn check(&self, faults: &mut Faults) {
        let addresses = [
            ("alipay.gateway_url", &self.gateway_url),
            ("alipay.authorize_url", &self.authorize_url),
        ];
        let page = self.page_url.as_ref();
        let page = page.map(|url| ("alipay.page_url", url));
        for (path, url) in addresses.into_iter().chain(page) {
            faults.expect(
                is_live_https(url),
                path,
                "must be https, not loopback and not a test host",
            );
        }
        if let Err(error) = self.via() {
            faults.expect(false, PROXY, &error.to_string());
        }
        let digits = |text: &str| text.len() == 16 && text.bytes().all(|b| b.is_ascii_digit());
        faults.expect(digits(&self.app_id), "alipay.app_id", "must be 16 digits");
        faults.expect(
            digits(&self.seller_id),
            "alipay.seller_id",
            "must be 16 digits",
        );
        faults.expect(
            self.private_key.is_file(),
            "alipay.private_key",
            "the file does not exist",
        );
        let content = self.content_key_base64.as_ref();
        faults.expect(
            content.is_none_or(|key| is_content_key(key.expose_secret())),
            "alipay.content_key_base64",
            "must be base64 of 16 bytes",
        );
        faults.expect(
            deadline_is_sane(self.deadline_ms),
            "alipay.deadline_ms",
            "must be 200 to 8000",
        );
        self.check_mode(faults);
    }

    /// The proxy that calls go through.
    pub(crate) fn via(&self) -> Result<Option<Via>, ViaError> {
        let proxy = self.proxy.as_ref();
        proxy
            .map(|proxy| Via::parse(proxy.expose_secret()))
            .transpose()
    }

    fn certificates(&self) -> [(&'static str, Option<&Path>); 3] {
        [
            (APP, self.app_certificate.as_deref()),
            (PLATFORM, self.platform_certificate.as_deref()),
            (ROOTS, self.root_certificates.as_deref()),
        ]
    }

    fn check_mode(&self, faults: &mut Faults) {
        let certificates = self.certificates();
        let by_certificates = certificates.iter().any(|(_, file)| file.is_some());
        let key = self.platform_public_key.as_deref();
        match (key, by_certificates) {
            (Some(_), true) => faults.expect(
                false,
                KEY,
                "give either this key or the three certificates, not both",
            ),
            (Some(file), false) => faults.expect(file.is_file(), KEY, "the file does not exist"),
            (None, false) => faults.expect(
                false,
                KEY,
                "give this key, or app_certificate, platform_certificate and root_certificates",
            ),
            (None, true) => self.check_certificates(certificates, faults),
        }
    }

    fn check_certificates(
        &self,
        certificates: [(&'static str, Option<&Path>); 3],
        faults: &mut Faults,
    ) {
        let mut all_there = self.private_key.is_file();
        for (path, file) in certificates {
            let is_there = file.is_some_and(Path::is_file);
            all_there &= is_there;
            let what = if file.is_none() {
                "certificate mode needs all three certificate files"
            } else {
                "the file does not exist"
            };
            faults.expect(is_there, path, what);
        }
        if !all_there {
            return;
        }
        let checked = self
            .read()
            .and_then(|(private_key, mode)| {
                let now = SystemClock::default().now();
                mode.faults(&private_key, now)
                    .map_err(|error| Failure::failed(error.to_string()))
            })
            .map_err(|failure| failure.to_string());
        match checked {
            Ok(found) => {
                for error in found {
                    note(error, faults);
                }
            }
            Err(text) => faults.expect(false, "alipay.private_key", &text),
        }
    }

    /// Reads the private key, and how Alipay and we know each other.
    pub(crate) fn read(&self) -> Result<(Zeroizing<String>, AlipayMode), Failure> {
        let private_key = Zeroizing::new(text(&self.private_key)?);
        let mode = if let Some(file) = &self.platform_public_key {
            AlipayMode::Key(text(file)?)
        } else {
            let [app, platform, roots] = self.certificates();
            AlipayMode::Certificates(CertificateFiles {
                app: bytes(app)?,
                platform: bytes(platform)?,
                roots: bytes(roots)?,
            })
        };
        Ok((private_key, mode))
    }
}

/// A certificate of ours that is over makes Alipay refuse every call; what needs no call goes on.
fn note(error: FileError, faults: &mut Faults) {
    match error {
        FileError::App(why @ CertificateError::NotValidNow) => {
            faults.of_a_part(APP, &why.to_string());
        }
        FileError::App(why) => faults.expect(false, APP, &why.to_string()),
        FileError::Platform(why) => faults.expect(false, PLATFORM, &why.to_string()),
        FileError::Roots(why) => faults.expect(false, ROOTS, &why.to_string()),
    }
}

const fn yes() -> bool {
    true
}

fn text(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| unreadable(file, &error))
}

fn bytes((path, file): (&str, Option<&Path>)) -> Result<Vec<u8>, Failure> {
    let file = file.ok_or_else(|| Failure::failed(format!("{path} is not configured")))?;
    std::fs::read(file).map_err(|error| unreadable(file, &error))
}

fn unreadable(file: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("cannot read {}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::go_on_with;

    #[test]
    fn only_a_certificate_of_ours_that_is_over_stops_nothing_else() {
        let gone_on = |errors: &[FileError]| {
            let mut faults = Faults(Vec::new());
            for error in errors {
                note(*error, &mut faults);
            }
            // `check-config` and `doctor` tell of each.
            assert_eq!(faults.0.len(), errors.len());
            go_on_with(faults.0).map_err(|told| told.len())
        };
        let over = FileError::App(CertificateError::NotValidNow);
        assert_eq!(gone_on(&[]), Ok(()));
        assert_eq!(gone_on(&[over]), Ok(()));
        for other in [
            FileError::App(CertificateError::OtherKey),
            FileError::Platform(CertificateError::NotValidNow),
            FileError::Roots(CertificateError::Absent),
        ] {
            assert_eq!(gone_on(&[other]), Err(1), "{other}");
            assert_eq!(gone_on(&[over, other]), Err(2), "{other}");
        }
    }
}
