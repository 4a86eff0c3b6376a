//! Makes X.509 certificates for the sandbox's own small certification authority. `None` everywhere means that the
//! cryptographic library or the random source failed.

use std::str::FromStr as _;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};
use rsa::RsaPrivateKey;
use rsa::pkcs8::DecodePrivateKey as _;
use x509_cert::der::asn1::{BitString, Null, OctetString, UtcTime};
use x509_cert::der::oid::{AssociatedOid as _, ObjectIdentifier};
use x509_cert::der::{Any, DateTime, Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const PEM_LINE: usize = 64;

/// A certificate and the number Alipay knows it by.
#[derive(Debug, Clone)]
pub(super) struct Issued {
    pub(super) pem: String,
    pub(super) sn: String,
}

/// Somebody who signs certificates.
pub(super) struct Issuer {
    /// `CN=..,OU=..,O=..,C=..`
    name: &'static str,
    key: KeyPair,
}

impl Issuer {
    pub(super) fn new(name: &'static str) -> Option<Self> {
        let key = KeyPair::generate(KeySize::Rsa2048).ok()?;
        Some(Self { name, key })
    }

    /// The certificate by which this issuer is known, signed by `above` (or by itself).
    pub(super) fn own(&self, above: &Self) -> Option<Issued> {
        let key: PublicKeyX509Der<'_> = self.key.public_key().as_der().ok()?;
        above.issue(self.name, key.as_ref(), true)
    }

    /// A certificate of somebody who signs none.
    pub(super) fn leaf(&self, subject: &str, key: &[u8]) -> Option<Issued> {
        self.issue(subject, key, false)
    }

    fn issue(&self, subject: &str, key: &[u8], authority: bool) -> Option<Issued> {
        let algorithm = AlgorithmIdentifierOwned {
            oid: SHA256_WITH_RSA,
            parameters: Some(Any::from(Null)),
        };
        let serial = serial()?;
        let body = TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(&serial.to_be_bytes()).ok()?,
            signature: algorithm.clone(),
            issuer: Name::from_str(self.name).ok()?,
            // Wide enough for every time machine.
            validity: Validity {
                not_before: new_year(2020)?,
                not_after: new_year(2049)?,
            },
            subject: Name::from_str(subject).ok()?,
            subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(key).ok()?,
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: Some(vec![basic_constraints(authority)?]),
        };
        let signed = body.to_der().ok()?;
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA256, &random, &signed, &mut signature)
            .ok()?;
        let certificate = Certificate {
            tbs_certificate: body,
            signature_algorithm: algorithm,
            signature: BitString::from_bytes(&signature).ok()?,
        };
        Some(Issued {
            pem: pem(&certificate.to_der().ok()?),
            sn: hex::encode(Md5::digest(format!("{}{serial}", self.name))),
        })
    }
}

/// A new key for somebody who is given a certificate: the private half, and the public half as DER.
pub(super) fn fresh_key() -> Option<(RsaPrivateKey, Vec<u8>)> {
    let pair = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let private: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
    let key = RsaPrivateKey::from_pkcs8_der(private.as_ref()).ok()?;
    Some((key, public.as_ref().to_vec()))
}

fn serial() -> Option<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).ok()?;
    // Positive in DER, and never so small that its length varies.
    Some(u64::from_be_bytes(bytes) >> 1 | 1 << 56)
}

fn new_year(year: u16) -> Option<Time> {
    let begin = DateTime::new(year, 1, 1, 0, 0, 0).ok()?;
    Some(Time::UtcTime(UtcTime::from_date_time(begin).ok()?))
}

fn basic_constraints(ca: bool) -> Option<Extension> {
    let limits = BasicConstraints {
        ca,
        path_len_constraint: None,
    };
    Some(Extension {
        extn_id: BasicConstraints::OID,
        critical: true,
        extn_value: OctetString::new(limits.to_der().ok()?).ok()?,
    })
}

fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut out = "-----BEGIN CERTIFICATE-----\n".to_owned();
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(PEM_LINE));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str("-----END CERTIFICATE-----\n");
    out
}
