//! A call to gateway.do: its parameters from query and form, and the checks every call must pass.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::{SignedDuration, Timestamp};
use rsa::RsaPublicKey;
use serde_json::{Map, Value};

use super::certificates::Certificates;
use super::failure::{self, Failure};
use super::rsa2::{signed_text, verifies};
use super::yuan::fen_of;
use super::{AGREEMENT_PAGE_METHOD, APP_ID, FACE_PAGE_METHOD, PAGE_METHOD};
use crate::clock::from_beijing;
use crate::content_key::ContentKey;

/// How far a caller's clock may be off.
const SKEW: SignedDuration = SignedDuration::from_mins(15);
const TIME_FORMAT: &str = "%Y-%m-%d %H:%M:%S";

/// One call as received.
#[derive(Debug)]
pub(super) struct Request {
    params: BTreeMap<String, String>,
    /// What `biz_content` held, when it came encrypted.
    opened: Option<String>,
}

impl Request {
    /// Joins query and form parameters.
    ///
    /// # Errors
    /// A parameter given twice is refused: nobody could say which one was signed.
    pub(super) fn read(query: &str, form: &[u8]) -> Result<Self, Failure> {
        let mut params = BTreeMap::new();
        let pairs = form_urlencoded::parse(query.as_bytes()).chain(form_urlencoded::parse(form));
        for (key, value) in pairs {
            if params
                .insert(key.into_owned(), value.into_owned())
                .is_some()
            {
                return Err(failure::INVALID_PARAMETER);
            }
        }
        Ok(Self {
            params,
            opened: None,
        })
    }

    /// A parameter that is there and not empty.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.params
            .get(key)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// The method, when it has the form of one.
    pub(super) fn method(&self) -> Option<&str> {
        self.get("method").filter(|m| {
            m.len() <= 128
                && m.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        })
    }

    /// The common checks: application, form, time, signature.
    ///
    /// # Errors
    /// The first check that failed, as Alipay names it.
    pub(super) fn check(&self, app_public: &RsaPublicKey, now: Timestamp) -> Result<(), Failure> {
        self.method().ok_or(failure::MISSING_METHOD)?;
        let app_id = self.get("app_id").ok_or(failure::MISSING_APP_ID)?;
        if app_id != APP_ID {
            return Err(failure::INVALID_APP_ID);
        }
        if self.get("sign_type").ok_or(failure::MISSING_SIGN_TYPE)? != "RSA2" {
            return Err(failure::INVALID_SIGN_TYPE);
        }
        if self.get("version").ok_or(failure::MISSING_VERSION)? != "1.0" {
            return Err(failure::INVALID_PARAMETER);
        }
        if self
            .get("charset")
            .is_some_and(|c| !c.eq_ignore_ascii_case("utf-8"))
        {
            return Err(failure::INVALID_CHARSET);
        }
        if self
            .get("format")
            .is_some_and(|f| !f.eq_ignore_ascii_case("json"))
        {
            return Err(failure::INVALID_FORMAT);
        }
        self.check_time(now)?;
        let sign = self.get("sign").ok_or(failure::MISSING_SIGN)?;
        let pairs = self.params.iter().map(|(k, v)| (k.as_str(), v.as_str()));
        if verifies(app_public, &signed_text(pairs, &["sign"]), sign) {
            Ok(())
        } else {
            Err(failure::INVALID_SIGN)
        }
    }

    /// Whether the caller knows Alipay by its certificate: it names its own and the roots.
    pub(super) fn by_certificate(&self) -> bool {
        self.get("app_cert_sn").is_some() || self.get("alipay_root_cert_sn").is_some()
    }

    /// The certificates a caller in certificate mode must name.
    ///
    /// # Errors
    /// Others, or only one of the two.
    pub(super) fn check_certificates(&self, known: &Certificates) -> Result<(), Failure> {
        let named = self
            .get("app_cert_sn")
            .zip(self.get("alipay_root_cert_sn"))
            .is_some_and(|(app, roots)| known.are_named_by(app, roots));
        if named {
            Ok(())
        } else {
            Err(failure::INVALID_CERTIFICATE)
        }
    }

    /// Whether the content is encrypted; then the answer's is too.
    pub(super) fn is_sealed(&self) -> bool {
        self.get("encrypt_type").is_some()
    }

    /// Opens encrypted content. The signature covers the cipher text, so it is checked before.
    ///
    /// # Errors
    /// Another cipher than AES, or content that was sealed with another key.
    pub(super) fn open(&mut self, key: &ContentKey) -> Result<(), Failure> {
        if self.get("encrypt_type") != Some("AES") {
            return Err(failure::INVALID_ENCRYPT_TYPE);
        }
        let sealed = self.get("biz_content").ok_or(failure::NOT_DECRYPTED)?;
        let opened = key.open(sealed).ok_or(failure::NOT_DECRYPTED)?;
        self.opened = Some(opened);
        Ok(())
    }

    /// A page may be opened long after its link was signed; for a payment `time_expire` decides.
    fn check_time(&self, now: Timestamp) -> Result<(), Failure> {
        let sent = self.get("timestamp").ok_or(failure::MISSING_TIMESTAMP)?;
        let sent = parse_time(sent).ok_or(failure::INVALID_TIMESTAMP)?;
        let age = now.duration_since(sent);
        let is_page = matches!(
            self.method(),
            Some(PAGE_METHOD | AGREEMENT_PAGE_METHOD | FACE_PAGE_METHOD)
        );
        let too_old = age > SKEW && !is_page;
        if too_old || age < -SKEW {
            Err(failure::INVALID_TIMESTAMP)
        } else {
            Ok(())
        }
    }

    /// The business parameters.
    ///
    /// # Errors
    /// `biz_content` is absent or not a JSON object.
    pub(super) fn biz(&self) -> Result<Biz, Failure> {
        let text = self.opened.as_deref().or(self.get("biz_content"));
        let text = text.ok_or(failure::ACQ_INVALID_PARAMETER)?;
        let fields = serde_json::from_str(text).map_err(|_| failure::ACQ_INVALID_PARAMETER)?;
        Ok(Biz { fields })
    }

    /// The named call, for people reading the list of faults.
    pub(super) fn call(&self) -> String {
        let biz = self.biz().ok();
        let named = [
            "out_trade_no",
            "trade_no",
            "out_request_no",
            "outer_order_no",
        ]
        .iter()
        .filter_map(|key| {
            let value = biz.as_ref()?.text(key, 64).ok()?;
            Some(format!(" {key}={value}"))
        });
        let mut call = self.method().unwrap_or("?").to_owned();
        call.extend(named);
        call
    }
}

/// `2026-11-20 16:37:05` in Beijing.
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    if text.len() != 19 {
        return None;
    }
    from_beijing(DateTime::strptime(TIME_FORMAT, text).ok()?)
}

/// The object in `biz_content`.
#[derive(Debug)]
pub(super) struct Biz {
    fields: Map<String, Value>,
}

impl Biz {
    /// A text field that must be there, 1 to `max` characters.
    ///
    /// # Errors
    /// ACQ.INVALID_PARAMETER.
    pub(super) fn text(&self, key: &str, max: usize) -> Result<&str, Failure> {
        self.text_opt(key, max)?
            .ok_or(failure::ACQ_INVALID_PARAMETER)
    }

    /// A text field that may be absent or empty.
    ///
    /// # Errors
    /// ACQ.INVALID_PARAMETER when it is no text or longer than `max` characters.
    pub(super) fn text_opt(&self, key: &str, max: usize) -> Result<Option<&str>, Failure> {
        match self.fields.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.chars().count() <= max => {
                Ok(Some(text.as_str()).filter(|t| !t.is_empty()))
            }
            Some(_) => Err(failure::ACQ_INVALID_PARAMETER),
        }
    }

    /// An object inside.
    ///
    /// # Errors
    /// ACQ.INVALID_PARAMETER when there is none.
    pub(super) fn part(&self, key: &str) -> Result<Self, Failure> {
        match self.fields.get(key) {
            Some(Value::Object(fields)) => Ok(Self {
                fields: fields.clone(),
            }),
            Some(_) | None => Err(failure::ACQ_INVALID_PARAMETER),
        }
    }

    /// A merchant's number: 1 to 64 letters, digits, underscores.
    ///
    /// # Errors
    /// ACQ.INVALID_PARAMETER.
    pub(super) fn number(&self, key: &str) -> Result<&str, Failure> {
        self.number_opt(key)?.ok_or(failure::ACQ_INVALID_PARAMETER)
    }

    /// As [`Biz::number`], but it may be absent.
    ///
    /// # Errors
    /// ACQ.INVALID_PARAMETER.
    pub(super) fn number_opt(&self, key: &str) -> Result<Option<&str>, Failure> {
        let value = self.text_opt(key, 64)?;
        let sane = value.is_none_or(|v| v.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        if sane {
            Ok(value)
        } else {
            Err(failure::ACQ_INVALID_PARAMETER)
        }
    }

    /// A sum in yuan, as fen.
    ///
    /// # Errors
    /// ACQ.INVALID_PARAMETER.
    pub(super) fn fen(&self, key: &str) -> Result<i64, Failure> {
        self.fields
            .get(key)
            .and_then(fen_of)
            .ok_or(failure::ACQ_INVALID_PARAMETER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_parameter_twice_is_refused_across_query_and_form() {
        assert_eq!(
            Request::read("method=a&method=b", b"").unwrap_err(),
            failure::INVALID_PARAMETER
        );
        assert_eq!(
            Request::read("method=a", b"method=a").unwrap_err(),
            failure::INVALID_PARAMETER
        );
        let split = Request::read("method=a", b"biz_content=%7B%7D&x=1+2").unwrap();
        assert_eq!(split.get("x"), Some("1 2"));
        assert!(split.biz().is_ok());
    }

    #[test]
    fn times_are_beijing_and_strict() {
        let at = parse_time("2026-11-20 16:37:05").unwrap();
        assert_eq!(at.to_string(), "2026-11-20T08:37:05Z");
        for bad in [
            "2026-11-20",
            "2026-11-20T16:37:05",
            "2026-02-30 00:00:00",
            "not a time, really",
        ] {
            assert!(parse_time(bad).is_none(), "{bad}");
        }
    }
}
