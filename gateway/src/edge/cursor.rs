//! Opaque list cursors: the last key seen, authenticated so that nobody can point elsewhere.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lifeline_core::shared::page::Page;
use serde::Deserialize;
use utoipa::IntoParams;

use super::codes::Code;
use super::problem::Problem;

/// `?limit=&cursor=` of every list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// 1 to 100, default 20.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

/// Signs and checks cursors. A cursor is bound to its list (`scope`) and to the asking account.
pub struct Cursors(hmac::Key);

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cursors")
    }
}

const TAG_BYTES: usize = 16;

impl Cursors {
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, secret))
    }

    fn tag(&self, scope: &str, key: &str) -> hmac::Tag {
        hmac::sign(&self.0, format!("{scope}\n{key}").as_bytes())
    }

    /// Closes a key into a cursor.
    #[must_use]
    pub fn close(&self, scope: &str, key: &str) -> String {
        let tag = self.tag(scope, key);
        let mut bytes: Vec<u8> = tag.as_ref().iter().take(TAG_BYTES).copied().collect();
        bytes.extend_from_slice(key.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Opens a client's page request.
    pub fn open(&self, scope: &str, query: PageQuery) -> Result<Page, Problem> {
        let refuse = |field: &str| {
            Problem::new(Code::InvalidQuery).field(field, "invalid", "not a value of this list")
        };
        let after = query
            .cursor
            .map(|cursor| self.key_of(scope, &cursor).ok_or_else(|| refuse("cursor")))
            .transpose()?;
        Page::new(query.limit, after).ok_or_else(|| refuse("limit"))
    }

    fn key_of(&self, scope: &str, cursor: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, key) = bytes.split_at_checked(TAG_BYTES)?;
        let key = String::from_utf8(key.to_vec()).ok()?;
        let expected = self.tag(scope, &key);
        let same = expected
            .as_ref()
            .get(..TAG_BYTES)
            .is_some_and(|expected| bool::from(subtle::ConstantTimeEq::ct_eq(expected, tag)));
        same.then_some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(cursor: &str) -> PageQuery {
        PageQuery {
            limit: None,
            cursor: Some(cursor.to_owned()),
        }
    }

    #[test]
    fn a_cursor_opens_only_in_its_own_list() {
        let cursors = Cursors::new(b"0123456789abcdef0123456789abcdef");
        let closed = cursors.close("payments:a", "2026");
        assert_eq!(
            cursors.open("payments:a", ask(&closed)).unwrap().after(),
            Some("2026")
        );
        assert!(cursors.open("payments:b", ask(&closed)).is_err());
        assert!(cursors.open("payments:a", ask("AAAA")).is_err());
        assert!(
            cursors
                .open("payments:a", ask(&format!("{closed}A")))
                .is_err()
        );
    }

    #[test]
    fn limits_hold_at_both_ends() {
        let cursors = Cursors::new(b"k");
        let limit = |n| {
            cursors.open(
                "x",
                PageQuery {
                    limit: Some(n),
                    cursor: None,
                },
            )
        };
        assert!(limit(1).is_ok() && limit(100).is_ok());
        assert!(limit(0).is_err() && limit(101).is_err());
    }
}
