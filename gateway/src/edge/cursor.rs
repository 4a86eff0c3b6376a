//! Opaque list cursors: the last key seen, authenticated so that nobody can point elsewhere.

use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lifeline_core::shared::page::{Page, Slice};
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
pub struct Cursors(RwLock<Arc<[hmac::Key]>>);

impl std::fmt::Debug for Cursors {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Cursors")
    }
}

const TAG_BYTES: usize = 16;

impl Cursors {
    #[must_use]
    pub fn new(secret: &[u8]) -> Self {
        Self(RwLock::new(keys_of(&[secret])))
    }

    /// Puts other keys in force: the first signs, all verify.
    pub fn replace(&self, secrets: &[&[u8]]) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys_of(secrets);
    }

    fn keys(&self) -> Arc<[hmac::Key]> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Closes a key into a cursor.
    #[must_use]
    pub fn close(&self, scope: &str, key: &str) -> String {
        let tag = self.keys().first().map(|secret| tag(secret, scope, key));
        let mut bytes: Vec<u8> = tag.into_iter().flatten().collect();
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

    /// The page of a list that was read whole, and the cursor of the next one. It goes on behind the item of the
    /// page's key, and begins again where that one is gone.
    #[must_use]
    pub fn page_of<T>(
        &self,
        scope: &str,
        all: Vec<T>,
        page: &Page,
        key: impl Fn(&T) -> String,
    ) -> (Vec<T>, Option<String>) {
        let last = |after: &str| all.iter().position(|item| key(item) == after);
        let from = page.after().and_then(last);
        let from = from.map_or(0, |at| at.saturating_add(1));
        let rest: Vec<T> = all.into_iter().skip(from).collect();
        let slice = Slice::cut(rest, page, key);
        let next = slice.next.map(|key| self.close(scope, &key));
        (slice.items, next)
    }

    fn key_of(&self, scope: &str, cursor: &str) -> Option<String> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (shown, key) = bytes.split_at_checked(TAG_BYTES)?;
        let key = String::from_utf8(key.to_vec()).ok()?;
        let same = |secret: &hmac::Key| {
            let expected = tag(secret, scope, &key);
            bool::from(subtle::ConstantTimeEq::ct_eq(&expected[..], shown))
        };
        self.keys().iter().any(same).then_some(key)
    }
}

fn keys_of(secrets: &[&[u8]]) -> Arc<[hmac::Key]> {
    let key = |secret: &&[u8]| hmac::Key::new(hmac::HMAC_SHA256, secret);
    secrets.iter().map(key).collect()
}

fn tag(secret: &hmac::Key, scope: &str, key: &str) -> [u8; TAG_BYTES] {
    let whole = hmac::sign(secret, format!("{scope}\n{key}").as_bytes());
    let mut tag = [0_u8; TAG_BYTES];
    for (to, from) in tag.iter_mut().zip(whole.as_ref()) {
        *to = *from;
    }
    tag
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
    fn m5_a_page_begun_under_the_key_before_goes_on() {
        let (old, new) = (
            b"0123456789abcdef".as_slice(),
            b"fedcba9876543210".as_slice(),
        );
        let cursors = Cursors::new(old);
        let early = cursors.close("payments:a", "2026");
        cursors.replace(&[new, old]);
        let late = cursors.close("payments:a", "2026");
        assert_ne!(early, late);
        for cursor in [&early, &late] {
            let page = cursors.open("payments:a", ask(cursor)).unwrap();
            assert_eq!(page.after(), Some("2026"));
        }
        cursors.replace(&[new]);
        assert!(cursors.open("payments:a", ask(&early)).is_err());
        assert!(cursors.open("payments:a", ask(&late)).is_ok());
    }

    #[test]
    fn a_list_that_was_read_whole_has_pages_and_goes_on_behind_the_last_item() {
        let cursors = Cursors::new(b"0123456789abcdef0123456789abcdef");
        let paged = |cursor: Option<String>, all: &[&str]| {
            let limit = Some(2);
            let page = cursors.open("x", PageQuery { limit, cursor }).unwrap();
            let all = all.iter().map(|&item| item.to_owned()).collect();
            cursors.page_of("x", all, &page, String::clone)
        };
        let (items, next) = paged(None, &["a", "b", "c"]);
        assert_eq!(items, ["a", "b"]);
        let (items, last) = paged(next.clone(), &["a", "b", "c"]);
        assert_eq!((items, last), (vec!["c".to_owned()], None));
        let (items, _) = paged(next, &["a", "c"]);
        assert_eq!(items, ["a", "c"], "its item is gone");
        assert_eq!(paged(None, &["a", "b"]).1, None);
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
