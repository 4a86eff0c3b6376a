//! Asynchronous notices: verified over what came, then reduced to what the tables need (alipay.md 1c).

use std::collections::BTreeMap;
use std::sync::Arc;

use lifeline_core::payments::ports::{Notice, NoticeError, NoticeReader};
use lifeline_core::shared::time::Time;

use super::Alipay;
use super::channel::TradeFields;
use super::sign::joined;
use super::trust::Trust;

/// Larger bodies are refused unread; real notices stay below 4 KiB.
const NOTICE_BYTES_MAX: usize = 64 * 1024;

/// Whose notices are ours, and what they verify with.
pub(crate) struct Notices {
    pub(crate) trust: Arc<Trust>,
    pub(crate) app_id: String,
    pub(crate) seller_id: String,
}

/// Decoded parameters; every name once.
pub(super) struct Params(BTreeMap<String, String>);

impl Params {
    /// A repeated name is refused: a verifier might read one value and a user of it another.
    pub(super) fn parse(raw: &[u8]) -> Result<Self, NoticeError> {
        if raw.len() > NOTICE_BYTES_MAX || std::str::from_utf8(raw).is_err() {
            return Err(NoticeError::Malformed);
        }
        let mut params = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(raw) {
            if name.is_empty()
                || params
                    .insert(name.into_owned(), value.into_owned())
                    .is_some()
            {
                return Err(NoticeError::Malformed);
            }
        }
        Ok(Self(params))
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    fn need(&self, name: &str) -> Result<&str, NoticeError> {
        self.get(name).ok_or(NoticeError::Malformed)
    }

    /// V1 leaves `sign_type` out, V2 (application gateway) keeps it; empty values are dropped, then kept.
    pub(super) fn is_signed_by(&self, trust: &Trust) -> bool {
        let Some(sign) = self.get("sign") else {
            return false;
        };
        if self.get("sign_type").is_some_and(|kind| kind != "RSA2") {
            return false;
        }
        let pairs: Vec<(&String, &String)> = self.0.iter().collect();
        [(false, true), (false, false), (true, true), (true, false)]
            .into_iter()
            .any(|(keep_type, drop_empty)| {
                let content = joined(&pairs, |name, value| {
                    name != "sign"
                        && (keep_type || name != "sign_type")
                        && !(drop_empty && value.is_empty())
                });
                trust.verifies(&content, sign)
            })
    }
}

impl NoticeReader for Alipay {
    fn read(&self, raw: &[u8]) -> Result<Notice, NoticeError> {
        self.notices.read(raw)
    }
}

impl Notices {
    /// Signature first, then the addressee, only then the content.
    pub(super) fn read(&self, raw: &[u8]) -> Result<Notice, NoticeError> {
        let params = Params::parse(raw)?;
        if !params.is_signed_by(&self.trust) {
            return Err(NoticeError::BadSignature);
        }
        if params.get("app_id") != Some(&self.app_id) {
            return Err(NoticeError::Foreign);
        }
        if params.get("notify_type") != Some("trade_status_sync") {
            let notify_id = params.need("notify_id")?.to_owned();
            return Err(NoticeError::Unused { notify_id });
        }
        if params.get("seller_id") != Some(&self.seller_id) {
            return Err(NoticeError::Foreign);
        }
        let owned = |name| params.get(name).map(str::to_owned);
        let trade = TradeFields {
            trade_no: params.need("trade_no")?.to_owned(),
            trade_status: params.need("trade_status")?.to_owned(),
            total_amount: owned("total_amount"),
            paid_at: owned("gmt_payment"),
            refund_fee: owned("refund_fee"),
            refunded_at: owned("gmt_refund"),
        };
        let notified_at = Time::parse_alipay(params.need("notify_time")?);
        Ok(Notice {
            notify_id: params.need("notify_id")?.to_owned(),
            out_trade_no: params.need("out_trade_no")?.to_owned(),
            trade: trade.observed().ok_or(NoticeError::Malformed)?,
            // out_biz_no names our refund request; on a notice without refund fields it means nothing to us.
            out_request_no: owned("refund_fee").and_then(|_| owned("out_biz_no")),
            notified_at: notified_at.map_err(|_| NoticeError::Malformed)?,
        })
    }
}
