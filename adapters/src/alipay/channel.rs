//! Alipay as the place where money moves: trade calls, classified in the words of tables P and R.

use async_trait::async_trait;
use lifeline_core::payments::ports::{
    Close, CreateOrder, Created, PaymentChannel, RefundReply, RefundStatus, Trade,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::outside::NoAnswer;
use lifeline_core::shared::time::Time;
use serde::Deserialize;
use serde_json::json;

use super::Alipay;
use super::client::Payload;
use super::envelope::{Answer, Failure};
use crate::wire::operation;

const UNREADABLE: NoAnswer = NoAnswer::Unknown("unreadable_reply");

#[derive(Deserialize)]
struct CreateReply {
    out_trade_no: String,
    trade_no: String,
}

#[derive(Deserialize)]
struct QueryReply {
    out_trade_no: String,
    #[serde(flatten)]
    trade: TradeFields,
}

/// What a trade looks like in a query reply and in a notice.
#[derive(Deserialize, Default)]
pub(crate) struct TradeFields {
    pub(crate) trade_no: String,
    pub(crate) trade_status: String,
    pub(crate) total_amount: Option<String>,
    /// `send_pay_date` in queries, `gmt_payment` in notices.
    #[serde(rename = "send_pay_date")]
    pub(crate) paid_at: Option<String>,
    /// The cumulative sum of all refunds (money.md 2.13).
    pub(crate) refund_fee: Option<String>,
    /// Only in notices, only when money went back.
    #[serde(rename = "gmt_refund")]
    pub(crate) refunded_at: Option<String>,
}

impl TradeFields {
    /// `None` when a field the state needs is missing or unreadable.
    pub(crate) fn observed(self) -> Option<Trade> {
        let paid_at = match present(self.paid_at.as_deref()) {
            Some(text) => Some(Time::parse_alipay(text).ok()?),
            None => None,
        };
        let refunded = match present(self.refund_fee.as_deref()) {
            Some(text) => Some(Fen::parse_yuan(text).ok()?),
            None => None,
        };
        let refunded = refunded.filter(|sum| !sum.is_zero());
        let gave_back = refunded.is_some() || present(self.refunded_at.as_deref()).is_some();
        let total = || Fen::parse_yuan(self.total_amount.as_deref()?).ok();
        let trade_no = self.trade_no.clone();
        match self.trade_status.as_str() {
            "WAIT_BUYER_PAY" => Some(Trade::WaitBuyerPay { trade_no }),
            "TRADE_SUCCESS" | "TRADE_FINISHED" => Some(Trade::Paid {
                trade_no,
                total: total()?,
                paid_at: paid_at?,
                refunded_total: refunded.unwrap_or(Fen::ZERO),
            }),
            "TRADE_CLOSED" if paid_at.is_none() && !gave_back => {
                Some(Trade::ClosedNeverPaid { trade_no })
            }
            // Closed after a payment means refunded in full, whether or not the sum is spelled out.
            "TRADE_CLOSED" => Some(Trade::ClosedRefunded {
                trade_no,
                total: total()?,
                paid_at,
                refunded_total: refunded.or_else(total)?,
            }),
            _ => None,
        }
    }
}

fn present(text: Option<&str>) -> Option<&str> {
    text.filter(|t| !t.is_empty())
}

#[derive(Deserialize)]
struct CloseReply {
    out_trade_no: Option<String>,
}

#[derive(Deserialize)]
struct RefundMade {
    out_trade_no: String,
    fund_change: Option<String>,
    refund_fee: Option<String>,
}

#[derive(Deserialize)]
struct RefundAsked {
    out_trade_no: Option<String>,
    out_request_no: Option<String>,
    refund_status: Option<String>,
    refund_amount: Option<String>,
}

/// The refusals of trade.create: the number can never take effect, a new order needs a new one.
const CREATE_REFUSALS: [&str; 11] = [
    "ACQ.TRADE_HAS_CLOSE",
    "ACQ.CONTEXT_INCONSISTENT",
    "ACQ.TRADE_BUYER_NOT_MATCH",
    "ACQ.BUYER_BALANCE_NOT_ENOUGH",
    "ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH",
    "ACQ.PAYMENT_REQUEST_HAS_RISK",
    "ACQ.PAYMENT_FAIL",
    "ACQ.NO_PAYMENT_INSTRUMENTS_AVAILABLE",
    "ACQ.BUYER_PAYMENT_AMOUNT_DAY_LIMIT_ERROR",
    "ACQ.BUYER_PAYMENT_AMOUNT_MONTH_LIMIT_ERROR",
    "ACQ.BUYER_PAYMENT_AMOUNT_LIMIT_ERROR",
];

fn named(codes: &'static [&'static str], failure: &Failure) -> Option<&'static str> {
    let sub_code = business_code(failure)?;
    codes.iter().find(|code| **code == sub_code).copied()
}

/// The sub-code of a signed business failure; anything else can refuse nothing (G6).
fn business_code(failure: &Failure) -> Option<&str> {
    (failure.signed && failure.code == "40004").then_some(failure.sub_code.as_str())
}

fn same(ours: &str, theirs: &str) -> Result<(), NoAnswer> {
    if ours == theirs {
        Ok(())
    } else {
        Err(NoAnswer::Alarm("reply_about_another_trade"))
    }
}

fn asking(out_trade_no: &str) -> String {
    json!({ "out_trade_no": out_trade_no }).to_string()
}

/// The out_trade_no inside a frozen body, to compare the reply with.
fn number_in(frozen_body: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Frozen {
        out_trade_no: String,
    }
    serde_json::from_str::<Frozen>(frozen_body)
        .ok()
        .map(|frozen| frozen.out_trade_no)
}

#[async_trait]
impl PaymentChannel for Alipay {
    fn create_body(&self, order: &CreateOrder) -> String {
        let mut body = json!({
            "out_trade_no": order.out_trade_no,
            "total_amount": order.amount.yuan(),
            "subject": order.subject,
            "product_code": "JSAPI_PAY",
            "op_app_id": self.gateway.app_id,
            "time_expire": order.expire_at.alipay_text(),
        });
        // The open id is the newer name of the payer; exactly one of the two is sent.
        let buyer = match (&order.buyer_open_id, &order.buyer_user_id) {
            (Some(open_id), _) => Some(("buyer_open_id", open_id)),
            (None, Some(user_id)) => Some(("buyer_id", user_id)),
            (None, None) => None,
        };
        if let (Some(fields), Some((name, id))) = (body.as_object_mut(), buyer) {
            fields.insert(name.to_owned(), json!(id));
        }
        body.to_string()
    }

    async fn create(&self, frozen_body: &str) -> Result<Created, NoAnswer> {
        let number = number_in(frozen_body).ok_or(NoAnswer::NotSent("unreadable_body"))?;
        let payload = Payload::BizNotified(frozen_body);
        match self
            .gateway
            .call::<CreateReply>(operation!("alipay.trade.create"), payload, false)
            .await?
        {
            Answer::Ok(reply) => {
                same(&number, &reply.out_trade_no)?;
                present(Some(&reply.trade_no)).ok_or(UNREADABLE)?;
                Ok(Created::Ok {
                    trade_no: reply.trade_no,
                })
            }
            Answer::Failed(failure) => named(&CREATE_REFUSALS, &failure)
                .map(|code| Created::Refused { code })
                .ok_or_else(|| failure.no_answer()),
        }
    }

    fn cashier_url(&self, order: &CreateOrder, return_url: &str, now: Time) -> String {
        let body = json!({
            "out_trade_no": order.out_trade_no,
            "total_amount": order.amount.yuan(),
            "subject": order.subject,
            "product_code": "QUICK_WAP_WAY",
            "quit_url": return_url,
            "time_expire": order.expire_at.alipay_text(),
        })
        .to_string();
        self.gateway
            .page_url("alipay.trade.wap.pay", &body, return_url, now)
    }

    async fn query(&self, out_trade_no: &str) -> Result<Trade, NoAnswer> {
        let body = asking(out_trade_no);
        match self
            .gateway
            .call::<QueryReply>(operation!("alipay.trade.query"), Payload::Biz(&body), false)
            .await?
        {
            Answer::Ok(reply) => {
                same(out_trade_no, &reply.out_trade_no)?;
                reply.trade.observed().ok_or(UNREADABLE)
            }
            Answer::Failed(failure) => match business_code(&failure) {
                Some("ACQ.TRADE_NOT_EXIST") => Ok(Trade::NotExist),
                _ => Err(failure.no_answer()),
            },
        }
    }

    async fn close(&self, out_trade_no: &str) -> Result<Close, NoAnswer> {
        let body = asking(out_trade_no);
        match self
            .gateway
            .call::<CloseReply>(operation!("alipay.trade.close"), Payload::Biz(&body), false)
            .await?
        {
            Answer::Ok(reply) => {
                same(
                    out_trade_no,
                    reply.out_trade_no.as_deref().unwrap_or(out_trade_no),
                )?;
                Ok(Close::Closed)
            }
            Answer::Failed(failure) => match business_code(&failure) {
                Some("ACQ.TRADE_NOT_EXIST") => Ok(Close::NotExist),
                Some("ACQ.REASON_TRADE_STATUS_INVALID" | "ACQ.TRADE_STATUS_ERROR") => {
                    Ok(Close::Refused)
                }
                _ => Err(failure.no_answer()),
            },
        }
    }

    async fn refund(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
        amount: Fen,
    ) -> Result<RefundReply, NoAnswer> {
        let body = json!({
            "out_trade_no": out_trade_no,
            "out_request_no": out_request_no,
            "refund_amount": amount.yuan(),
        })
        .to_string();
        match self
            .gateway
            .call::<RefundMade>(
                operation!("alipay.trade.refund"),
                Payload::Biz(&body),
                false,
            )
            .await?
        {
            Answer::Ok(reply) => {
                same(out_trade_no, &reply.out_trade_no)?;
                Ok(refund_made(&reply, amount))
            }
            Answer::Failed(failure) => refund_refused(&failure).ok_or_else(|| failure.no_answer()),
        }
    }

    async fn query_refund(
        &self,
        out_trade_no: &str,
        out_request_no: &str,
    ) -> Result<RefundStatus, NoAnswer> {
        let body = json!({
            "out_trade_no": out_trade_no,
            "out_request_no": out_request_no,
        })
        .to_string();
        let method = operation!("alipay.trade.fastpay.refund.query");
        match self
            .gateway
            .call::<RefundAsked>(method, Payload::Biz(&body), false)
            .await?
        {
            Answer::Ok(reply) => refund_asked(&reply, out_trade_no, out_request_no),
            Answer::Failed(failure) => Err(failure.no_answer()),
        }
    }
}

/// `refund_fee` is cumulative: less than our own sum contradicts fund_change = Y and is queried.
fn refund_made(reply: &RefundMade, amount: Fen) -> RefundReply {
    let cumulative = present(reply.refund_fee.as_deref()).map(Fen::parse_yuan);
    let covers = match cumulative {
        None => true,
        Some(Ok(fee)) => fee >= amount,
        Some(Err(_)) => false,
    };
    if reply.fund_change.as_deref() == Some("Y") && covers {
        RefundReply::Done
    } else {
        RefundReply::Unclear
    }
}

fn refund_refused(failure: &Failure) -> Option<RefundReply> {
    const FOR_GOOD: [&str; 2] = ["ACQ.TRADE_HAS_FINISHED", "ACQ.TRADE_NOT_ALLOW_REFUND"];
    match business_code(failure)? {
        "ACQ.SELLER_BALANCE_NOT_ENOUGH" => Some(RefundReply::SellerBalanceNotEnough),
        "ACQ.REASON_TRADE_REFUND_FEE_ERR" | "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL" => {
            Some(RefundReply::FeeError)
        }
        _ => named(&FOR_GOOD, failure).map(|code| RefundReply::RefusedForGood { code }),
    }
}

fn refund_asked(
    reply: &RefundAsked,
    out_trade_no: &str,
    out_request_no: &str,
) -> Result<RefundStatus, NoAnswer> {
    same(
        out_trade_no,
        reply.out_trade_no.as_deref().unwrap_or(out_trade_no),
    )?;
    match present(reply.refund_status.as_deref()) {
        None => Ok(RefundStatus::Empty),
        Some("REFUND_SUCCESS") => {
            // A success must name the request it is about: another one's success is not ours.
            same(
                out_request_no,
                reply.out_request_no.as_deref().unwrap_or_default(),
            )?;
            let amount = present(reply.refund_amount.as_deref()).ok_or(UNREADABLE)?;
            Fen::parse_yuan(amount)
                .map(|amount| RefundStatus::Success { amount })
                .map_err(|_| UNREADABLE)
        }
        Some(_) => Err(NoAnswer::Unknown("unnamed_refund_status")),
    }
}
