//! The published examples of RFC 9421, appendix B.2: our reading of a message gives the published
//! text, and our keys take the published signatures. B.2.4 signs a response, which nobody signs here.

use super::Unfit;
use super::message::{Arrived, Input, digest_fits};
use super::proof::{Proof, Public, PublicKind, Shared};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const BODY: &[u8] = br#"{"hello": "world"}"#;
const DIGEST: &str = "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";
const SECRET: &str =
    "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==";
const ED25519_SPKI: &str = "MCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=";
const RSA_PSS_SPKI: &str = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2\
+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+\
oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq\
gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W\
Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4\
aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI\
2wIDAQAB";

fn signed(label: &str, params: &str, signature: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "example.com"),
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("content-type", "application/json"),
        ("content-digest", DIGEST),
        ("content-length", "18"),
        ("signature-input", &format!("{label}={params}")),
        ("signature", &format!("{label}=:{signature}:")),
    ] {
        let value = HeaderValue::from_str(value).unwrap();
        headers.insert(HeaderName::try_from(name).unwrap(), value);
    }
    headers
}

fn holds(label: &str, params: &str, signature: &str, proof: &dyn Proof) -> bool {
    let headers = signed(label, params, signature);
    let arrived = Arrived {
        method: "POST",
        origin: "https://example.com",
        target: "/foo?param=Value&Pet=dog",
        headers: &headers,
        body: BODY,
    };
    let input = Input::read(&headers, label).unwrap();
    let base = input.base(&arrived).unwrap();
    proof.proves(base.as_bytes(), &input.signature)
}

#[test]
fn rfc_9421_b_2_1_minimal_signature_using_rsa_pss_sha512() {
    let key = Public::new(
        PublicKind::RsaPssSha512,
        STANDARD.decode(RSA_PSS_SPKI).unwrap(),
    );
    let params = r#"();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd""#;
    let signature = "d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsckzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/SITLq9mhho8K3+7EPYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==";
    assert!(holds("sig-b21", params, signature, &key));
    let other = params.replace("1618884473", "1618884474");
    assert!(!holds("sig-b21", &other, signature, &key));
}

/// It covers one parameter of the query by `@query-param`, whose name has a parameter of its own, and has a `tag`: no
/// relay needs either, so neither is read.
#[test]
fn rfc_9421_b_2_2_selective_covered_components_is_refused_as_more_than_is_read() {
    let covered = r#"("@authority" "content-digest" "@query-param";name="Pet")"#;
    let params =
        format!("{covered};created=1618884473;keyid=\"test-key-rsa-pss\";tag=\"header-example\"");
    let signature = "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkSowOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAoFqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//0RoKUqiYY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==";
    let plain = covered.replace(" \"@query-param\";name=\"Pet\"", "");
    let (query, tag) = (";name=\"Pet\"", ";tag=\"header-example\"");
    for refused in [
        &params,
        &params.replace(tag, ""),
        &params.replace(query, ""),
    ] {
        let read = Input::read(&signed("sig-b22", refused, signature), "sig-b22");
        assert_eq!(read, Err(Unfit::Malformed), "{refused}");
    }
    let rest = params.replace(covered, &plain).replace(tag, "");
    assert!(Input::read(&signed("sig-b22", &rest, signature), "sig-b22").is_ok());
}

#[test]
fn rfc_9421_b_2_3_full_coverage_using_rsa_pss_sha512() {
    let key = Public::new(
        PublicKind::RsaPssSha512,
        STANDARD.decode(RSA_PSS_SPKI).unwrap(),
    );
    let params = r#"("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length");created=1618884473;keyid="test-key-rsa-pss""#;
    let signature = "bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp768ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/aYA2HXXZzNBXmIkoQoLd7YfW91kE9o/CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzSRxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==";
    assert!(holds("sig-b23", params, signature, &key));
    let other = params.replace("\"@path\" \"@query\"", "\"@query\" \"@path\"");
    assert!(!holds("sig-b23", &other, signature, &key));
}

#[test]
fn rfc_9421_b_2_5_signature_using_hmac_sha256() {
    let key = Shared::new(&STANDARD.decode(SECRET).unwrap());
    let params =
        r#"("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret""#;
    let signature = "pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=";
    assert!(holds("sig-b25", params, signature, &key));
    assert!(!holds(
        "sig-b25",
        params,
        signature,
        &Shared::new(b"another")
    ));
}

#[test]
fn rfc_9421_b_2_6_signature_using_ed25519() {
    let spki = STANDARD.decode(ED25519_SPKI).unwrap();
    let key = Public::new(PublicKind::Ed25519, spki[12..].to_vec());
    let params = r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
    let signature =
        "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
    assert!(holds("sig-b26", params, signature, &key));
    let other = params.replace("\"date\" \"@method\"", "\"@method\" \"date\"");
    assert!(!holds("sig-b26", &other, signature, &key));
}

#[test]
fn rfc_9421_b_2_the_published_digest_is_that_of_the_published_body() {
    assert!(digest_fits(DIGEST, BODY).is_ok());
    assert!(digest_fits(DIGEST, br#"{"hello":"world"}"#).is_err());
    assert!(digest_fits(&DIGEST.replace("sha-512", "md5"), BODY).is_err());
}
