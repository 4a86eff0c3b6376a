//! What each method of gateway.do does with its parameters.

use std::sync::PoisonError;

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::book::TradeKey;
use super::draft::{Event, fund_channel, logon_id};
use super::failure::{self, Failure};
use super::oauth::{object, profile};
use super::request::{Biz, Request, parse_time};
use super::trade::{CancelAction, Deadline, Order, Product, Refund, Refunded, Trade};
use super::yuan::yuan;
use super::{APP_ID, Alipay, Method};
use crate::clock::alipay_time;
use crate::people::Person;

const SUBJECT_MAX: usize = 256;
const BODY_MAX: usize = 128;
const PASSBACK_MAX: usize = 512;
const URL_MAX: usize = 256;

/// A good answer's fields.
pub(super) enum Answer {
    /// Gets `code` 10000 and `msg`.
    Coded(Map<String, Value>),
    /// oauth.token's answer, which has neither.
    Bare(Map<String, Value>),
}

impl Alipay {
    /// Carries out one call that passed the common checks.
    ///
    /// # Errors
    /// What Alipay would refuse, in its codes.
    pub(super) fn call(&self, method: Method, request: &Request) -> Result<Answer, Failure> {
        let coded = |fields: Result<Map<String, Value>, Failure>| fields.map(Answer::Coded);
        match method {
            Method::OauthToken => self.oauth_token(request).map(Answer::Bare),
            Method::UserInfoShare => coded(self.user_info_share(request)),
            Method::TradeCreate => coded(self.trade_create(request)),
            Method::TradeQuery => coded(self.trade_query(&request.biz()?)),
            Method::TradeClose => coded(self.trade_close(request)),
            Method::TradeCancel => coded(self.trade_cancel(&request.biz()?)),
            Method::TradeRefund => coded(self.trade_refund(&request.biz()?)),
            Method::RefundQuery => coded(self.refund_query(&request.biz()?)),
            Method::CertificateDownload => coded(self.certificate_download(&request.biz()?)),
            Method::AgreementQuery => coded(self.agreement_query(&request.biz()?)),
            Method::AgreementUnsign => coded(self.agreement_unsign(request)),
            Method::CertPreconsult => coded(self.preconsult(&request.biz()?)),
            Method::CertConsult => coded(self.consult(request)),
            Method::FaceInitialize => coded(self.begin_face(&request.biz()?)),
            Method::FaceQuery => coded(self.face_result(&request.biz()?)),
            Method::WapPay | Method::AgreementPage | Method::FacePage => {
                Err(failure::INVALID_METHOD)
            }
        }
    }

    fn certificate_download(&self, biz: &Biz) -> Result<Map<String, Value>, Failure> {
        let sn = biz.text("alipay_cert_sn", 32)?;
        let file = self.certificates().and_then(|known| known.file(sn));
        let file = file.ok_or(failure::CERTIFICATE_NOT_EXIST)?;
        Ok(object(json!({ "alipay_cert_content": file })))
    }

    fn oauth_token(&self, request: &Request) -> Result<Map<String, Value>, Failure> {
        let now = self.clock.now();
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let tokens = match request.get("grant_type") {
            Some("authorization_code") => {
                desk.exchange(request.get("code").ok_or(failure::CODE_INVALID)?, now)
            }
            Some("refresh_token") => {
                let token = request
                    .get("refresh_token")
                    .ok_or(failure::REFRESH_TOKEN_INVALID)?;
                desk.refresh(token, now)
            }
            _ => Err(failure::GRANT_TYPE_INVALID),
        }?;
        Ok(tokens.answer(self.wallet(tokens.person)?))
    }

    fn user_info_share(&self, request: &Request) -> Result<Map<String, Value>, Failure> {
        let token = request
            .get("auth_token")
            .ok_or(failure::AUTH_TOKEN_INVALID)?;
        let desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let person = desk.reader(token, self.clock.now())?;
        Ok(profile(self.wallet(person)?))
    }

    fn trade_create(&self, request: &Request) -> Result<Map<String, Value>, Failure> {
        let biz = request.biz()?;
        if biz.text("product_code", 64)? != Product::Jsapi.code()
            || biz.text("op_app_id", 32)? != APP_ID
        {
            return Err(failure::ACQ_INVALID_PARAMETER);
        }
        let buyer = biz.text_opt("buyer_open_id", 128)?;
        let buyer = buyer.or(biz.text_opt("buyer_id", 28)?);
        let buyer = buyer.ok_or(failure::ACQ_INVALID_PARAMETER)?;
        let buyer = self
            .people
            .find_wallet(buyer)
            .ok_or(failure::BUYER_NOT_EXIST)?;
        let order = order(request, &biz, Product::Jsapi)?;
        let now = self.clock.now();
        if order.deadline.at.is_some_and(|expire| expire <= now) {
            return Err(failure::ACQ_INVALID_PARAMETER);
        }
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        self.pass_time(&mut book, now);
        let (trade, new) = book.create(order, buyer.person, now)?;
        if new {
            self.forge_payment(&mut book, &trade, now);
        }
        Ok(numbers(&trade))
    }

    fn trade_query(&self, biz: &Biz) -> Result<Map<String, Value>, Failure> {
        let trade = self.trade(&key(biz)?)?;
        let buyer = self.wallet(trade.buyer)?;
        let total = yuan(trade.order.total_fen);
        let mut fields = numbers(&trade);
        fields.extend(object(json!({
            "trade_status": trade.status.name(),
            "total_amount": total,
            "buyer_open_id": buyer.open_id,
            "buyer_user_id": buyer.user_id,
            "buyer_logon_id": logon_id(buyer),
        })));
        if let Some(paid_at) = trade.paid_at {
            fields.extend(object(json!({
                "send_pay_date": alipay_time(paid_at),
                "receipt_amount": total,
                "buyer_pay_amount": total,
                "invoice_amount": total,
                "point_amount": "0.00",
                "fund_bill_list": [{ "fund_channel": fund_channel(buyer), "amount": total }],
            })));
        }
        if trade.refunded_fen() > 0 {
            fields.insert("refund_fee".into(), json!(yuan(trade.refunded_fen())));
        }
        Ok(fields)
    }

    /// Closing is announced only to an address named by the close call itself.
    fn trade_close(&self, request: &Request) -> Result<Map<String, Value>, Failure> {
        let key = key(&request.biz()?)?;
        let notify_url = notify_url(request)?;
        let now = self.clock.now();
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        self.pass_time(&mut book, now);
        let mut trade = book.close(&key, now)?;
        let answer = numbers(&trade);
        if notify_url.is_some() {
            trade.order.notify_url = notify_url;
            self.announce(&mut book, &trade, Event::Closed, now);
        }
        Ok(answer)
    }

    fn trade_cancel(&self, biz: &Biz) -> Result<Map<String, Value>, Failure> {
        let key = key(biz)?;
        let now = self.clock.now();
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        self.pass_time(&mut book, now);
        let mut fields = object(json!({ "retry_flag": "N" }));
        let Some((trade, action, changed)) = book.cancel(&key, now)? else {
            return Ok(fields);
        };
        if let (CancelAction::Refund, true, Some(refund)) = (action, changed, trade.refunds.last())
        {
            self.announce(&mut book, &trade, Event::Refunded(refund), now);
        }
        fields.extend(numbers(&trade));
        let action = match action {
            CancelAction::Close => "close",
            CancelAction::Refund => "refund",
        };
        fields.insert("action".into(), json!(action));
        Ok(fields)
    }

    fn trade_refund(&self, biz: &Biz) -> Result<Map<String, Value>, Failure> {
        let key = key(biz)?;
        let amount_fen = biz.fen("refund_amount")?;
        let out_request_no = biz.number_opt("out_request_no")?;
        let reason = biz.text_opt("refund_reason", BODY_MAX)?;
        let now = self.clock.now();
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        self.pass_time(&mut book, now);
        let order = &book.find(&key).ok_or(failure::TRADE_NOT_EXIST)?.order;
        let out_request_no = match out_request_no {
            Some(no) => no.to_owned(),
            None if amount_fen == order.total_fen => order.out_trade_no.clone(),
            None => return Err(failure::REFUND_PART_NEEDS_NO),
        };
        let refund = Refund {
            out_request_no,
            amount_fen,
            at: now,
            reason: reason.map(str::to_owned),
        };
        let (trade, outcome) = book.refund(&key, refund)?;
        if let (Refunded::Now, Some(refund)) = (outcome, trade.refunds.last()) {
            self.announce(&mut book, &trade, Event::Refunded(refund), now);
        }
        self.refund_answer(&trade, outcome)
    }

    fn refund_answer(
        &self,
        trade: &Trade,
        outcome: Refunded,
    ) -> Result<Map<String, Value>, Failure> {
        let buyer = self.wallet(trade.buyer)?;
        let last = trade.refunds.last().map(|r| alipay_time(r.at));
        let mut fields = numbers(trade);
        fields.extend(object(json!({
            "buyer_open_id": buyer.open_id,
            "buyer_logon_id": logon_id(buyer),
            "fund_change": if outcome == Refunded::Now { "Y" } else { "N" },
            "refund_fee": yuan(trade.refunded_fen()),
            "gmt_refund_pay": last,
        })));
        Ok(fields)
    }

    /// A refund that is not there is no error: the answer just lacks `refund_status`.
    fn refund_query(&self, biz: &Biz) -> Result<Map<String, Value>, Failure> {
        let trade = self.trade(&key(biz)?)?;
        let out_request_no = biz.number("out_request_no")?;
        let Some(refund) = trade
            .refunds
            .iter()
            .find(|r| r.out_request_no == out_request_no)
        else {
            return Ok(Map::new());
        };
        let mut fields = numbers(&trade);
        fields.extend(object(json!({
            "out_request_no": refund.out_request_no,
            "total_amount": yuan(trade.order.total_fen),
            "refund_amount": yuan(refund.amount_fen),
            "refund_status": "REFUND_SUCCESS",
            "gmt_refund_pay": alipay_time(refund.at),
        })));
        if let Some(reason) = &refund.reason {
            fields.insert("refund_reason".into(), json!(reason));
        }
        Ok(fields)
    }

    /// The trade as it stands now.
    pub(super) fn trade(&self, key: &TradeKey) -> Result<Trade, Failure> {
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        self.pass_time(&mut book, self.clock.now());
        book.find(key).cloned().ok_or(failure::TRADE_NOT_EXIST)
    }

    pub(super) fn wallet(&self, person: &str) -> Result<&Person, Failure> {
        self.people.find(person).ok_or(failure::BUYER_NOT_EXIST)
    }
}

/// What an order says, whichever product it is for.
///
/// # Errors
/// ACQ.INVALID_PARAMETER, or a notify_url that leaves this machine.
pub(super) fn order(request: &Request, biz: &Biz, product: Product) -> Result<Order, Failure> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(Order {
        out_trade_no: biz.number("out_trade_no")?.to_owned(),
        product,
        total_fen: biz.fen("total_amount")?,
        subject: biz.text("subject", SUBJECT_MAX)?.to_owned(),
        body: owned(biz.text_opt("body", BODY_MAX)?),
        passback_params: owned(biz.text_opt("passback_params", PASSBACK_MAX)?),
        notify_url: notify_url(request)?,
        by_certificate: request.by_certificate(),
        deadline: deadline(biz)?,
    })
}

fn deadline(biz: &Biz) -> Result<Deadline, Failure> {
    let at = match biz.text_opt("time_expire", 32)? {
        Some(text) => Some(parse_time(text).ok_or(failure::ACQ_INVALID_PARAMETER)?),
        None => None,
    };
    let after = match biz.text_opt("timeout_express", 6)? {
        Some(text) => Some(parse_timeout(text).ok_or(failure::ACQ_INVALID_PARAMETER)?),
        None => None,
    };
    Ok(Deadline { at, after })
}

/// `1m` to `15d`; minutes, hours or days.
fn parse_timeout(text: &str) -> Option<SignedDuration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let minutes_each = match unit {
        "m" => 1,
        "h" => 60,
        "d" => 24 * 60,
        _ => return None,
    };
    let all_digits = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    let minutes = digits.parse::<i64>().ok().filter(|_| all_digits)? * minutes_each;
    (1..=15 * 24 * 60)
        .contains(&minutes)
        .then(|| SignedDuration::from_mins(minutes))
}

/// The address for notices: on this machine only, so that a sandbox never knocks elsewhere.
pub(super) fn notify_url(request: &Request) -> Result<Option<String>, Failure> {
    let Some(url) = request.get("notify_url") else {
        return Ok(None);
    };
    if url.len() <= URL_MAX && super::is_loopback(url) {
        Ok(Some(url.to_owned()))
    } else {
        Err(failure::INVALID_NOTIFY_URL)
    }
}

/// The trade a call is about; `trade_no` wins over `out_trade_no`.
fn key(biz: &Biz) -> Result<TradeKey, Failure> {
    if let Some(no) = biz.number_opt("trade_no")? {
        return Ok(TradeKey::TradeNo(no.to_owned()));
    }
    Ok(TradeKey::OutTradeNo(biz.number("out_trade_no")?.to_owned()))
}

fn numbers(trade: &Trade) -> Map<String, Value> {
    object(json!({
        "out_trade_no": trade.order.out_trade_no,
        "trade_no": trade.trade_no,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_one_minute_to_fifteen_days() {
        assert_eq!(parse_timeout("1m"), Some(SignedDuration::from_mins(1)));
        assert_eq!(parse_timeout("2h"), Some(SignedDuration::from_hours(2)));
        assert_eq!(parse_timeout("15d"), Some(SignedDuration::from_hours(360)));
        for bad in [
            "", "m", "0m", "16d", "-1m", "+1m", "1", "1s", "1.5h", "九m", "1小",
        ] {
            assert_eq!(parse_timeout(bad), None, "{bad}");
        }
    }
}
