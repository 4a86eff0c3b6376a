//! The words of notices: what Alipay tells about a trade or an agreement. A value that is empty is never sent.

use jiff::Timestamp;
use serde_json::json;

use super::agreement::{Agreement, Change};
use super::trade::{Refund, Status, Trade};
use super::yuan::yuan;
use super::{APP_ID, SELLER_EMAIL, SELLER_ID};
use crate::clock::alipay_time;
use crate::people::Person;

/// What notices about trades say they are; faults of notices are planned under it.
pub(super) const OF_TRADES: &str = "trade_status_sync";
/// What messages of the life account are called here.
pub(super) const OF_FOLLOWS: &str = "life_follow";

/// Why a notice is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event<'t> {
    Paid,
    Refunded(&'t Refund),
    /// Closed unpaid.
    Closed,
    Finished,
}

/// A notice not yet numbered.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// trade_no or agreement_no: notices about one thing go out one after the other.
    pub(super) thread: String,
    /// The merchant's number, for people reading the list of faults.
    pub(super) number: String,
    pub(super) url: String,
    pub(super) notify_type: &'static str,
    pub(super) status: &'static str,
    /// Not Alipay's: signed over something else, sent once.
    pub(super) forged: bool,
    /// Signed under Alipay's certificate.
    pub(super) by_certificate: bool,
    /// `sign_type` is signed too, as in messages of the application gateway.
    pub(super) signs_type: bool,
    /// Everything but notify_time, sign_type and sign.
    pub(super) fields: Vec<(&'static str, String)>,
}

impl Draft {
    /// What Alipay would tell about `event`; `None` when the order named no address.
    pub(super) fn of(trade: &Trade, buyer: &Person, event: Event<'_>) -> Option<Self> {
        let url = trade.order.notify_url.clone()?;
        let status = match event {
            Event::Paid => Status::TradeSuccess.name(),
            Event::Closed => Status::TradeClosed.name(),
            Event::Finished => Status::TradeFinished.name(),
            Event::Refunded(_) => trade.status.name(),
        };
        let mut fields = common_fields(trade, buyer);
        fields.push(("trade_status", status.into()));
        if trade.paid_at.is_some() {
            fields.extend(payment_fields(trade, buyer));
        }
        if let Event::Refunded(refund) = event {
            fields.push(("refund_fee", yuan(trade.refunded_fen())));
            fields.push(("gmt_refund", format!("{}.000", alipay_time(refund.at))));
            fields.push(("out_biz_no", refund.out_request_no.clone()));
        }
        if let (Some(closed_at), Status::TradeClosed) = (trade.closed_at, trade.status) {
            fields.push(("gmt_close", alipay_time(closed_at)));
        }
        Some(Self {
            thread: trade.trade_no.clone(),
            number: trade.order.out_trade_no.clone(),
            url,
            notify_type: OF_TRADES,
            status,
            forged: false,
            by_certificate: trade.order.by_certificate,
            signs_type: false,
            fields,
        })
    }

    /// What Alipay would tell about a withholding agreement.
    pub(super) fn of_agreement(agreement: &Agreement, holder: &Person, change: &Change) -> Self {
        let mut fields = agreement.fields(holder);
        fields.extend([
            ("charset", "UTF-8".into()),
            ("version", "1.0".into()),
            ("notify_type", change.notify_type.into()),
            ("status", change.status.into()),
            ("app_id", APP_ID.into()),
            ("auth_app_id", APP_ID.into()),
        ]);
        Self {
            thread: agreement.agreement_no.clone(),
            number: agreement.terms.external_agreement_no.clone(),
            url: change.url.clone(),
            notify_type: change.notify_type,
            status: change.status,
            forged: false,
            by_certificate: agreement.terms.by_certificate,
            signs_type: change.signs_type,
            fields,
        }
    }

    /// A message of the life account: somebody began or ceased to follow. One flat XML, signed with its `sign_type`.
    pub(super) fn of_follow(person: &Person, follows: bool, url: String, at: Timestamp) -> Self {
        let event = if follows { "follow" } else { "unfollow" };
        let told = at.as_millisecond().to_string();
        let who = json!({ "logon_id": logon_id(person) }).to_string();
        let tags: [(&str, &str); 6] = [
            ("AppId", APP_ID),
            ("FromUserId", person.user_id.as_ref()),
            ("CreateTime", told.as_ref()),
            ("MsgType", "event"),
            ("EventType", event),
            ("UserInfo", who.as_ref()),
        ];
        let tags: String = tags
            .map(|(name, text)| format!("<{name}><![CDATA[{text}]]></{name}>"))
            .concat();
        Self {
            thread: format!("{OF_FOLLOWS} {}", person.person),
            number: person.person.to_owned(),
            url,
            notify_type: OF_FOLLOWS,
            status: event,
            forged: false,
            by_certificate: false,
            signs_type: true,
            fields: vec![
                ("service", "alipay.mobile.public.message.notify".into()),
                ("charset", "UTF-8".into()),
                ("biz_content", format!("<XML>{tags}</XML>")),
            ],
        }
    }

    /// Names the notice in the list of faults.
    pub(super) fn label(&self) -> String {
        format!("{} out_trade_no={}", self.status, self.number)
    }

    /// The same words, but not from Alipay.
    pub(super) fn forged(mut self) -> Self {
        self.forged = true;
        self
    }
}

fn common_fields(trade: &Trade, buyer: &Person) -> Vec<(&'static str, String)> {
    let order = &trade.order;
    let mut fields = vec![
        ("gmt_create", alipay_time(trade.created_at)),
        ("charset", "utf-8".into()),
        ("subject", order.subject.clone()),
        ("buyer_open_id", buyer.open_id.clone()),
        ("buyer_id", buyer.user_id.clone()),
        ("buyer_logon_id", logon_id(buyer)),
        ("version", "1.0".into()),
        ("notify_type", OF_TRADES.into()),
        ("out_trade_no", order.out_trade_no.clone()),
        ("trade_no", trade.trade_no.clone()),
        ("total_amount", yuan(order.total_fen)),
        ("app_id", APP_ID.into()),
        ("auth_app_id", APP_ID.into()),
        ("seller_id", SELLER_ID.into()),
        ("seller_email", SELLER_EMAIL.into()),
    ];
    let optional = [
        ("body", &order.body),
        ("passback_params", &order.passback_params),
    ];
    for (key, value) in optional {
        if let Some(value) = value.as_ref().filter(|v| !v.is_empty()) {
            fields.push((key, value.clone()));
        }
    }
    fields
}

fn payment_fields(trade: &Trade, buyer: &Person) -> Vec<(&'static str, String)> {
    let total = yuan(trade.order.total_fen);
    let bills = json!([{ "amount": total, "fundChannel": fund_channel(buyer) }]);
    vec![
        (
            "gmt_payment",
            trade.paid_at.map(alipay_time).unwrap_or_default(),
        ),
        ("receipt_amount", total.clone()),
        ("invoice_amount", total.clone()),
        ("buyer_pay_amount", total),
        ("point_amount", "0.00".into()),
        ("fund_bill_list", bills.to_string()),
    ]
}

/// Where the buyer's money came from.
pub(super) fn fund_channel(buyer: &Person) -> &'static str {
    if buyer.balance_fen.is_some() {
        "ALIPAYACCOUNT"
    } else {
        "BANKCARD"
    }
}

/// The wallet's login name as merchants may see it: `190****0001`.
pub(super) fn logon_id(buyer: &Person) -> String {
    let head = buyer.phone.get(..3).unwrap_or_default();
    let tail = buyer.phone.get(7..).unwrap_or_default();
    format!("{head}****{tail}")
}
