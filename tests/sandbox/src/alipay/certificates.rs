//! Certificate mode: a throw-away authority over the app's and Alipay's own certificates.
//!
//! Made when it is first asked for, so that a demo by bare keys starts without it.

use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use rsa::RsaPrivateKey;
use rsa::pkcs8::EncodePublicKey as _;
use serde_json::{Value, json};

use super::issue::{Issued, Issuer, fresh_key};
use super::rsa2::Seal;
use crate::content_key::ContentKey;
use crate::keys::Keys;

const ROOT: &str = "CN=Sandbox Financial Certification Authority R1,OU=Certification Authority,O=Sandbox Financial,C=CN";
const CLASS_2: &str = "CN=Sandbox Financial Certification Authority Class 2 R1,OU=Certification Authority,O=Sandbox Financial,C=CN";
const APP: &str = "CN=2088000000000009-2021000000000001,O=蒙东电力示范公司,C=CN";
const PLATFORM: &str = "CN=支付宝(沙箱)网络技术有限公司-2088000000000009,OU=Alipay,O=支付宝(沙箱)网络技术有限公司,C=CN";
/// A root file with an SM2 and an EC root before the RSA ones, like the real one.
const FROZEN: &str = include_str!("../../../vectors/alipay/cert_sn.json");
const END: &str = "-----END CERTIFICATE-----\n";

/// Alipay's certificate, and what signs under it.
#[derive(Clone)]
pub(super) struct Platform {
    pub(super) seal: Arc<Seal>,
    pub(super) sn: String,
    /// With its issuer after it.
    pem: String,
}

/// Everything certificate mode needs.
pub(super) struct Certificates {
    class_2: Issuer,
    class_2_pem: String,
    root: Issued,
    roots_pem: String,
    app: Issued,
    /// Every certificate Alipay ever signed under, newest last.
    platform: Mutex<Vec<Platform>>,
}

impl Certificates {
    pub(super) fn new(keys: &Keys) -> Option<Self> {
        let (root, class_2) = (Issuer::new(ROOT)?, Issuer::new(CLASS_2)?);
        let class_2_pem = class_2.own(&root)?.pem;
        let root = root.own(&root)?;
        let app_key = keys.app_public.to_public_key_der().ok()?;
        let made = Self {
            app: class_2.leaf(APP, app_key.as_bytes())?,
            class_2,
            class_2_pem,
            roots_pem: format!("{}\n{}", other_roots(), root.pem),
            root,
            platform: Mutex::default(),
        };
        let public = keys.platform_public.to_public_key_der().ok()?;
        made.certify(keys.platform_private.clone(), public.as_bytes())?;
        Some(made)
    }

    fn certify(&self, key: RsaPrivateKey, public: &[u8]) -> Option<Platform> {
        let leaf = self.class_2.leaf(PLATFORM, public)?;
        let platform = Platform {
            seal: Arc::new(Seal::new(key)),
            sn: leaf.sn,
            pem: leaf.pem + &self.class_2_pem,
        };
        let mut all = self.platform.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(platform.clone());
        Some(platform)
    }

    /// From now on Alipay signs under a new key and certificate.
    pub(super) fn renew(&self) -> Option<Platform> {
        let (key, public) = fresh_key()?;
        self.certify(key, &public)
    }

    /// What Alipay signs with now.
    pub(super) fn current(&self) -> Option<Platform> {
        let all = self.platform.lock().unwrap_or_else(PoisonError::into_inner);
        all.last().cloned()
    }

    /// The file behind a serial number, as `alipaycert.download` hands it out.
    pub(super) fn file(&self, sn: &str) -> Option<String> {
        let all = self.platform.lock().unwrap_or_else(PoisonError::into_inner);
        let found = all.iter().find(|platform| platform.sn == sn)?;
        Some(BASE64.encode(&found.pem))
    }

    /// Whether a caller names the app's certificate and these roots.
    pub(super) fn are_named_by(&self, app_sn: &str, root_sn: &str) -> bool {
        app_sn == self.app.sn && root_sn.split('_').any(|sn| sn == self.root.sn)
    }

    /// As the console would hand everything out.
    pub(super) fn view(&self, content_key: &ContentKey) -> Value {
        let platform = self.current();
        json!({
            "app_certificate": format!("{}{}", self.app.pem, self.class_2_pem),
            "platform_certificate": platform.as_ref().map(|current| &current.pem),
            "root_certificates": self.roots_pem,
            "app_cert_sn": self.app.sn,
            "alipay_cert_sn": platform.as_ref().map(|current| &current.sn),
            "content_key_base64": content_key.text(),
        })
    }
}

/// The SM2 and the EC root of the frozen root file: callers must read past them.
fn other_roots() -> String {
    let frozen: Value = serde_json::from_str(FROZEN).unwrap_or_default();
    let file = frozen.pointer("/cases/3/pem").and_then(Value::as_str);
    let file = file.unwrap_or_default();
    file.split_inclusive(END).take(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_file_begins_with_roots_that_are_not_rsa() {
        assert_eq!(other_roots().matches(END).count(), 2);
    }

    #[test]
    fn a_renewal_changes_what_signs_and_leaves_the_old_file_to_be_had() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(dir.path()).unwrap();
        let certificates = Certificates::new(&keys).unwrap();
        let first = certificates.current().unwrap();
        let second = certificates.renew().unwrap();
        assert_ne!(first.sn, second.sn);
        assert_ne!(first.seal.sign("x"), second.seal.sign("x"));
        assert_eq!(certificates.current().unwrap().sn, second.sn);
        assert!(certificates.file(&first.sn).is_some());
        assert_eq!(certificates.file("0"), None);
    }
}
