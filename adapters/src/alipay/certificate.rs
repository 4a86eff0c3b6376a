//! Certificates of Alipay's certificate mode: their serial numbers, and which of them are Alipay's own.
//!
//! Only what the mode needs: real root files hold SM2 and ECC roots too, which are read and passed over.

use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RsaParameters,
};
use lifeline_core::shared::time::Time;
use md5::{Digest as _, Md5};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use x509_cert::Certificate as Parsed;
use x509_cert::der::{Any, Decode as _, Encode as _, Tag, Tagged as _};
use x509_cert::ext::pkix::{BasicConstraints, KeyUsage};
use x509_cert::name::Name;

use super::sign::PlatformKey;

/// Every RSA signature algorithm's OID starts so.
const RSA_OIDS: &str = "1.2.840.113549.1.1.";
const COMMON_NAME: &str = "2.5.4.3";
/// Files are small; a chain is two or three certificates, the root file four.
const FILE_BYTES_MAX: usize = 64 * 1024;
const CERTIFICATES_MAX: usize = 16;
/// Leaf, then at most so many authorities below the root.
const AUTHORITIES_MAX: usize = 4;

/// Why a certificate is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    #[error("there is no certificate in PEM form in it")]
    Absent,
    #[error("a certificate in it cannot be read")]
    Unreadable,
    #[error("the certificate's key is not an RSA key of at least 2048 bits")]
    Key,
    #[error("no root certificate in it is signed with RSA")]
    NoRsaRoot,
    #[error("the certificate does not lead to one of the root file")]
    Untrusted,
    #[error("the certificate is past its end or before its beginning")]
    NotValidNow,
    #[error("the certificate does not belong to the private key")]
    OtherKey,
    #[error("the certificate is not Alipay's own")]
    OtherSubject,
}

/// One X.509 certificate.
pub(super) struct Certificate {
    parsed: Parsed,
    /// What the issuer signed.
    signed: Vec<u8>,
}

impl Certificate {
    /// Every certificate of a PEM file, in the file's order; at least one.
    pub(super) fn all(pem: &[u8]) -> Result<Vec<Self>, CertificateError> {
        let ders = ders(pem)?;
        ders.iter().map(|der| Self::read(der)).collect()
    }

    fn read(der: &[u8]) -> Result<Self, CertificateError> {
        let unreadable = |_| CertificateError::Unreadable;
        let parsed = Parsed::from_der(der).map_err(unreadable)?;
        let signed = parsed.tbs_certificate.to_der().map_err(unreadable)?;
        Ok(Self { parsed, signed })
    }

    /// The number Alipay knows a certificate by: MD5 of issuer and decimal serial number, 32 hex digits.
    pub(super) fn sn(&self) -> Result<String, CertificateError> {
        let body = &self.parsed.tbs_certificate;
        let serial = body.serial_number.as_bytes();
        // Negative numbers are outside the standard, and two readers would print them in two ways.
        if serial.first().is_none_or(|byte| *byte >= 0x80) {
            return Err(CertificateError::Unreadable);
        }
        let text = rfc2253(&body.issuer)? + &decimal(serial);
        Ok(hex::encode(Md5::digest(text.as_bytes())))
    }

    pub(super) fn key(&self) -> Result<PlatformKey, CertificateError> {
        PlatformKey::from_der(&self.spki()?).map_err(|_| CertificateError::Key)
    }

    /// The common name of the subject. Alipay's says that it is Alipay's and for which merchant.
    pub(super) fn common_name(&self) -> Option<String> {
        let subject = &self.parsed.tbs_certificate.subject;
        let mut parts = subject.0.iter().flat_map(|part| part.0.iter());
        let found = parts.find(|part| part.oid.to_string() == COMMON_NAME)?;
        plain(&found.value).map(str::to_owned)
    }

    pub(super) fn is_valid_at(&self, now: Time) -> bool {
        let validity = &self.parsed.tbs_certificate.validity;
        let start = validity.not_before.to_unix_duration().as_secs();
        let end = validity.not_after.to_unix_duration().as_secs();
        u64::try_from(now.unix_seconds()).is_ok_and(|now| (start..=end).contains(&now))
    }

    fn spki(&self) -> Result<Vec<u8>, CertificateError> {
        let spki = &self.parsed.tbs_certificate.subject_public_key_info;
        spki.to_der().map_err(|_| CertificateError::Unreadable)
    }

    fn is_signed_with_rsa(&self) -> bool {
        let oid = self.parsed.signature_algorithm.oid.to_string();
        oid.starts_with(RSA_OIDS)
    }

    /// Whether `issuer` signed this certificate. SHA-1 and anything but RSA prove nothing.
    fn is_signed_by(&self, issuer: &Self) -> bool {
        let (outer, body) = (
            &self.parsed.signature_algorithm,
            &self.parsed.tbs_certificate,
        );
        let Some(algorithm) = signature_algorithm(&outer.oid.to_string()) else {
            return false;
        };
        if *outer != body.signature || body.issuer != issuer.parsed.tbs_certificate.subject {
            return false;
        }
        let (Ok(spki), Some(signature)) = (issuer.spki(), self.parsed.signature.as_bytes()) else {
            return false;
        };
        ParsedPublicKey::new(algorithm, spki)
            .is_ok_and(|key| key.verify_sig(&self.signed, signature).is_ok())
    }

    /// Whether it may sign certificates. Any merchant holds a certificate under the same root: without this, one
    /// of them could sign "Alipay's".
    pub(super) fn is_authority(&self) -> bool {
        let body = &self.parsed.tbs_certificate;
        let ca = body
            .get::<BasicConstraints>()
            .is_ok_and(|found| found.is_some_and(|(_, limits)| limits.ca));
        let usage = body.get::<KeyUsage>();
        ca && usage.is_ok_and(|found| found.is_none_or(|(_, usage)| usage.key_cert_sign()))
    }
}

fn ders(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    if pem.len() > FILE_BYTES_MAX {
        return Err(CertificateError::Unreadable);
    }
    let ders: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem)
        .take(CERTIFICATES_MAX + 1)
        .collect();
    let ders = ders.map_err(|_| CertificateError::Unreadable)?;
    match ders.len() {
        0 => Err(CertificateError::Absent),
        1..=CERTIFICATES_MAX => Ok(ders),
        _ => Err(CertificateError::Unreadable),
    }
}

fn signature_algorithm(oid: &str) -> Option<&'static RsaParameters> {
    match oid.strip_prefix(RSA_OIDS)? {
        "11" => Some(&RSA_PKCS1_2048_8192_SHA256),
        "12" => Some(&RSA_PKCS1_2048_8192_SHA384),
        "13" => Some(&RSA_PKCS1_2048_8192_SHA512),
        _ => None,
    }
}

/// The root file: where every chain must end.
pub(super) struct Roots {
    all: Vec<Certificate>,
    sn: String,
}

impl Roots {
    pub(super) fn read(pem: &[u8]) -> Result<Self, CertificateError> {
        // What is no RSA certificate plays no part, also where it is too strange to be read.
        let ders = ders(pem)?;
        let all: Vec<Certificate> = ders
            .iter()
            .filter_map(|der| Certificate::read(der).ok())
            .collect();
        let numbers: Vec<String> = all
            .iter()
            .filter(|root| root.is_signed_with_rsa())
            .map(Certificate::sn)
            .collect::<Result<_, _>>()?;
        if numbers.is_empty() {
            return Err(CertificateError::NoRsaRoot);
        }
        Ok(Self {
            all,
            sn: numbers.join("_"),
        })
    }

    /// `alipay_root_cert_sn`: the numbers of the RSA roots.
    pub(super) fn sn(&self) -> &str {
        &self.sn
    }

    /// Whether the first certificate of `chain` leads, over authorities among the others, to a root.
    pub(super) fn reach(&self, chain: &[Certificate]) -> Result<(), CertificateError> {
        let untrusted = CertificateError::Untrusted;
        let (leaf, others) = chain.split_first().ok_or(untrusted)?;
        let mut current = leaf;
        for _ in 0..=AUTHORITIES_MAX {
            if self.all.iter().any(|root| current.is_signed_by(root)) {
                return Ok(());
            }
            let next = others
                .iter()
                .find(|other| other.is_authority() && current.is_signed_by(other));
            current = next.ok_or(untrusted)?;
        }
        Err(untrusted)
    }
}

/// A name as RFC 2253 writes it: last part first, names of types where the RFC has one.
fn rfc2253(name: &Name) -> Result<String, CertificateError> {
    let mut parts = Vec::new();
    for part in name.0.iter().rev() {
        let mut values = Vec::new();
        for value in part.0.iter() {
            let oid = value.oid.to_string();
            let known = keyword(&oid).zip(plain(&value.value));
            values.push(match known {
                Some((keyword, text)) => format!("{keyword}={}", escaped(text)),
                None => {
                    let der = value.value.to_der();
                    let der = der.map_err(|_| CertificateError::Unreadable)?;
                    format!("{oid}=#{}", hex::encode(der))
                }
            });
        }
        parts.push(values.join("+"));
    }
    Ok(parts.join(","))
}

fn keyword(oid: &str) -> Option<&'static str> {
    Some(match oid {
        COMMON_NAME => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        _ => return None,
    })
}

/// The text of a value whose bytes are its text.
fn plain(value: &Any) -> Option<&str> {
    let direct = matches!(
        value.tag(),
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::TeletexString
    );
    direct.then(|| std::str::from_utf8(value.value()).ok())?
}

fn escaped(text: &str) -> String {
    let last = text.chars().count().saturating_sub(1);
    let mut out = String::with_capacity(text.len());
    for (at, letter) in text.chars().enumerate() {
        let edge_space = letter == ' ' && (at == 0 || at == last);
        let leading_hash = letter == '#' && at == 0;
        if edge_space || leading_hash || ",+\"\\<>;".contains(letter) {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// Big-endian bytes as a decimal number.
fn decimal(bytes: &[u8]) -> String {
    const BASE: u64 = 1_000_000_000;
    // Nine digits each, lowest first.
    let mut groups = vec![0_u64];
    for byte in bytes {
        let mut carry = u64::from(*byte);
        for group in &mut groups {
            let value = *group * 256 + carry;
            (*group, carry) = (value % BASE, value / BASE);
        }
        if carry > 0 {
            groups.push(carry);
        }
    }
    let mut groups = groups.iter().rev();
    let first = groups.next().map(u64::to_string).unwrap_or_default();
    groups.fold(first, |text, group| format!("{text}{group:09}"))
}
