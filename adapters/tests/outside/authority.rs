//! A throw-away certification authority, and the certificates of a small Alipay under it.

use std::str::FromStr as _;
use std::sync::LazyLock;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_cert::der::asn1::{BitString, Null, OctetString, UtcTime};
use x509_cert::der::oid::{AssociatedOid as _, ObjectIdentifier};
use x509_cert::der::{Any, Decode as _, Encode as _};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};
use x509_cert::{Certificate, TbsCertificate, Version};

use crate::world::NOW_S;

const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const DAY_S: i64 = 86_400;

/// A key with a name.
pub(crate) struct Holder {
    name: &'static str,
    pair: RsaKeyPair,
}

fn holder(name: &'static str) -> Holder {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key");
    Holder { name, pair }
}

macro_rules! holders {
    ($($name:ident = $subject:literal;)*) => {
        $(pub(crate) static $name: LazyLock<Holder> = LazyLock::new(|| holder($subject));)*
    };
}

holders! {
    ROOT = "CN=Test Root R1,OU=Certification Authority,O=Test Financial,C=CN";
    STRANGE_ROOT = "CN=Test Root R1,OU=Certification Authority,O=Test Financial,C=CN";
    ISSUER = "CN=Test Class 2 R1,OU=Certification Authority,O=Test Financial,C=CN";
    APP = "CN=app-2021000000000001,O=Utility,C=CN";
    PLATFORM = "CN=支付宝(测试)-2088000000000009,OU=Alipay,O=Utility,C=CN";
    RENEWED = "CN=支付宝(测试)-2088000000000009,OU=Alipay,O=Utility of Another Name,C=CN";
    MERCHANT = "CN=支付宝(测试)-2088000000000008,OU=Alipay,O=Another Merchant,C=CN";
}

impl Holder {
    pub(crate) fn sign(&self, text: &[u8]) -> Vec<u8> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text,
                &mut signature,
            )
            .expect("signed");
        signature
    }

    pub(crate) fn private_key(&self) -> String {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().expect("PKCS#8");
        STANDARD.encode(der.as_ref())
    }
}

/// What is written into a certificate beside its two names.
#[derive(Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) serial: u8,
    pub(crate) authority: bool,
    /// Days from now: first and last.
    pub(crate) days: (i64, i64),
}

pub(crate) const LEAF: Terms = Terms {
    serial: 0x21,
    authority: false,
    days: (-30, 365),
};
pub(crate) const AUTHORITY: Terms = Terms {
    serial: 0x11,
    authority: true,
    ..LEAF
};

/// A PEM certificate of `subject`, signed by `issuer`.
pub(crate) fn issue(subject: &Holder, issuer: &Holder, terms: Terms) -> String {
    let algorithm = AlgorithmIdentifierOwned {
        oid: SHA256_WITH_RSA,
        parameters: Some(Any::from(Null)),
    };
    let spki: PublicKeyX509Der<'_> = subject.pair.public_key().as_der().expect("SPKI");
    let body = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&[0x20, 0x26, terms.serial]).expect("a serial number"),
        signature: algorithm.clone(),
        issuer: Name::from_str(issuer.name).expect("a name"),
        validity: Validity {
            not_before: day(terms.days.0),
            not_after: day(terms.days.1),
        },
        subject: Name::from_str(subject.name).expect("a name"),
        subject_public_key_info: SubjectPublicKeyInfoOwned::from_der(spki.as_ref()).expect("SPKI"),
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(vec![basic_constraints(terms.authority)]),
    };
    let signature = issuer.sign(&body.to_der().expect("DER"));
    let certificate = Certificate {
        tbs_certificate: body,
        signature_algorithm: algorithm,
        signature: BitString::from_bytes(&signature).expect("bits"),
    };
    pem(&certificate.to_der().expect("DER"))
}

fn basic_constraints(ca: bool) -> Extension {
    let limits = BasicConstraints {
        ca,
        path_len_constraint: None,
    };
    Extension {
        extn_id: BasicConstraints::OID,
        critical: true,
        extn_value: OctetString::new(limits.to_der().expect("DER")).expect("octets"),
    }
}

fn day(days: i64) -> Time {
    let seconds = u64::try_from(NOW_S + days * DAY_S).expect("after 1970");
    Time::UtcTime(UtcTime::from_unix_duration(Duration::from_secs(seconds)).expect("a time"))
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).expect("ASCII"))
        .collect();
    format!(
        "-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n",
        lines.join("\n")
    )
}
