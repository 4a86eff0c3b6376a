//! One JWE in compact form: `RSA-OAEP-256` with `A256GCM` and nothing else (RFC 7516).
//!
//! Whatever is wrong, one private-key operation and one GCM opening are done, as RFC 7516 11.5 asks: a
//! part that is missing or misshapen is replaced by one of the right shape, a content key that does not
//! come out of the padding by a random one. What the sender chose openly (lengths) decides the time,
//! what they try to learn does not.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rsa::OAEP_SHA256_MGF1SHA256;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as B64;
use lifeline_core::settlement::accounts::vault::VaultFailure;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::pair::Private;

const CEK_BYTES: usize = 32;
const TAG_BYTES: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
    enc: &'a str,
    kid: Option<&'a str>,
    typ: Option<&'a str>,
    cty: Option<&'a str>,
}

impl Header<'_> {
    fn is_ours(&self, kid: &str) -> bool {
        let kinds = [self.typ.unwrap_or("JWE"), self.cty.unwrap_or("json")];
        self.alg == "RSA-OAEP-256"
            && self.enc == "A256GCM"
            && self.kid.is_none_or(|named| named == kid)
            && kinds.iter().all(|kind| kind.len() <= 32)
    }
}

/// The five parts, each of the right shape.
struct Parts {
    /// All of them were sent so.
    whole: bool,
    header: String,
    sealed_key: Vec<u8>,
    nonce: [u8; NONCE_LEN],
    /// Ciphertext and tag.
    sealed: Vec<u8>,
}

impl Parts {
    fn of(jwe: &str, kid: &str, key_bytes: usize) -> Self {
        let parts: Vec<&str> = jwe.split('.').collect();
        let part = |at: usize| parts.get(at).copied().unwrap_or_default();
        let decoded = |at: usize| B64.decode(part(at)).ok();
        let header = part(0).to_owned();
        let read = decoded(0);
        let ours = read
            .as_deref()
            .and_then(|json| serde_json::from_slice::<Header<'_>>(json).ok())
            .is_some_and(|header| header.is_ours(kid));
        let sealed_key = decoded(1).filter(|bytes| bytes.len() == key_bytes);
        let nonce = decoded(2).and_then(|bytes| <[u8; NONCE_LEN]>::try_from(bytes).ok());
        let tag = decoded(4).filter(|bytes| bytes.len() == TAG_BYTES);
        let text = decoded(3);
        let shaped = sealed_key.is_some() && nonce.is_some() && tag.is_some() && text.is_some();
        let mut sealed = text.unwrap_or_else(|| vec![0; 256]);
        sealed.extend(tag.unwrap_or_else(|| vec![0; TAG_BYTES]));
        Self {
            whole: ours && shaped && parts.len() == 5,
            header,
            // Below any modulus of this length, so that it is worked like a real one.
            sealed_key: sealed_key.unwrap_or_else(|| {
                let mut stand_in = vec![0x5a; key_bytes];
                if let Some(first) = stand_in.first_mut() {
                    *first = 0;
                }
                stand_in
            }),
            nonce: nonce.unwrap_or([0; NONCE_LEN]),
            sealed,
        }
    }
}

pub(super) fn open(
    private: &Private,
    kid: &str,
    jwe: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, VaultFailure> {
    let key = private.key();
    let parts = Parts::of(jwe, kid, key.key_size_bytes());
    let mut cek = Zeroizing::new([0_u8; CEK_BYTES]);
    getrandom::fill(&mut *cek).map_err(|_| VaultFailure("no_random"))?;
    let mut out = Zeroizing::new(vec![0_u8; key.min_output_size()]);
    let opened = key.decrypt(&OAEP_SHA256_MGF1SHA256, &parts.sealed_key, &mut out, None);
    let unsealed = match opened
        .ok()
        .map(|bytes| <[u8; CEK_BYTES]>::try_from(&*bytes))
    {
        Some(Ok(bytes)) => {
            *cek = bytes;
            true
        }
        _ => false,
    };
    let cipher = UnboundKey::new(&AES_256_GCM, &*cek).map_err(|_| VaultFailure("no_cipher"))?;
    let mut sealed = Zeroizing::new(parts.sealed);
    let clear = LessSafeKey::new(cipher).open_in_place(
        Nonce::assume_unique_for_key(parts.nonce),
        Aad::from(parts.header.as_bytes()),
        &mut sealed,
    );
    let clear = clear.ok().map(|bytes| Zeroizing::new(bytes.to_vec()));
    Ok(clear.filter(|_| parts.whole & unsealed))
}
