//! Notices waiting to be sent, with the retry schedule: at once, then after 4 and 10 and 10 minutes,
//! 1, 2, 6 and 15 hours, until the receiver answers exactly `success`.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::trade::{Refund, Status, Trade};
use super::yuan::yuan;
use super::{APP_ID, SELLER_EMAIL, SELLER_ID};
use crate::clock::{alipay_time, rfc3339, to_beijing};
use crate::faults::Strike;
use crate::people::Person;

/// Waits between sends, in minutes; one first send and seven retries.
const RETRY_MINUTES: [i64; 7] = [4, 10, 10, 60, 120, 360, 900];
/// The only accepted answer.
const ACCEPTED: &str = "success";

/// Why a notice is sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Event<'t> {
    Paid,
    Refunded(&'t Refund),
    /// Closed unpaid.
    Closed,
    Finished,
}

/// One notice with everything that became of it.
#[derive(Debug)]
pub(super) struct Notice {
    pub(super) notify_id: String,
    pub(super) trade_no: String,
    pub(super) out_trade_no: String,
    pub(super) url: String,
    pub(super) trade_status: &'static str,
    /// Not Alipay's: signed over something else, sent once.
    pub(super) forged: bool,
    /// Everything but notify_time, sign_type and sign.
    pub(super) fields: Vec<(&'static str, String)>,
    attempts: Vec<Attempt>,
    accepted: bool,
    /// When the next send falls due by the schedule.
    scheduled_at: Timestamp,
    /// `None` while a send is on its way, and when it is over.
    next_at: Option<Timestamp>,
    /// Waits for a later notice of the same trade to overtake it.
    pub(super) held: Option<Strike>,
}

/// One send and its answer.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) at: Timestamp,
    pub(super) http_status: Option<u16>,
    /// The beginning of the answer's body, or what went wrong.
    pub(super) answer: String,
    /// The fault that changed this send.
    pub(super) fault: Option<&'static str>,
}

impl Attempt {
    fn accepted(&self) -> bool {
        self.http_status == Some(200) && self.answer == ACCEPTED
    }
}

/// A send that is due: everything needed without the book's lock.
#[derive(Debug)]
pub(super) struct Letter {
    pub(super) index: usize,
    pub(super) trade_no: String,
    pub(super) url: String,
    pub(super) forged: bool,
    pub(super) fields: Vec<(&'static str, String)>,
    /// Names this send in the list of faults.
    pub(super) call: String,
}

#[derive(Debug, Default)]
pub(super) struct Outbox {
    notices: Vec<Notice>,
    of_trade: HashMap<String, Vec<usize>>,
    /// Every notice with a `next_at`, in the order it falls due.
    due: BTreeSet<(Timestamp, usize)>,
}

impl Outbox {
    /// Puts a notice in line; `due_at` is its first send.
    pub(super) fn add(&mut self, draft: Draft, due_at: Timestamp, held: Option<Strike>) {
        let index = self.notices.len();
        let number = index + 1;
        let stamp = to_beijing(due_at).strftime("%Y%m%d").to_string();
        let notify_id = format!("{stamp}01222{number:021}");
        let mut fields = draft.fields;
        fields.push(("notify_id", notify_id.clone()));
        self.of_trade
            .entry(draft.trade_no.clone())
            .or_default()
            .push(index);
        self.due.insert((due_at, index));
        self.notices.push(Notice {
            notify_id,
            trade_no: draft.trade_no,
            out_trade_no: draft.out_trade_no,
            url: draft.url,
            trade_status: draft.trade_status,
            forged: draft.forged,
            fields,
            attempts: Vec::new(),
            accepted: false,
            scheduled_at: due_at,
            next_at: Some(due_at),
            held,
        });
    }

    /// Whether a notice of this trade waits to be overtaken.
    pub(super) fn holds(&self, trade_no: &str) -> bool {
        self.of_trade(trade_no).any(|notice| notice.held.is_some())
    }

    /// Takes every send that is due, in the order it fell due. A held notice whose time is up is
    /// sent like any other; its strike did nothing and is returned.
    pub(super) fn take_due(&mut self, now: Timestamp) -> (Vec<Letter>, Vec<Strike>) {
        let mut letters = Vec::new();
        let mut idle = Vec::new();
        while let Some((at, index)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.remove(&(at, index));
            let Some(notice) = self.notices.get_mut(index) else {
                continue;
            };
            notice.next_at = None;
            idle.extend(notice.held.take());
            letters.push(notice.letter(index));
        }
        (letters, idle)
    }

    /// Records a send. `again_at` asks for one more send of an accepted notice.
    pub(super) fn record(&mut self, index: usize, attempt: Attempt, again_at: Option<Timestamp>) {
        let Some(notice) = self.notices.get_mut(index) else {
            return;
        };
        notice.accepted |= attempt.accepted();
        notice.attempts.push(attempt);
        notice.next_at = if notice.accepted {
            again_at
        } else {
            notice.next_retry()
        };
        if let Some(at) = notice.next_at {
            notice.scheduled_at = at;
            self.due.insert((at, index));
        }
    }

    /// Lets the notices that waited for `index` go now; returns their strikes, which have acted.
    pub(super) fn release_overtaken(
        &mut self,
        index: usize,
        now: Timestamp,
    ) -> Vec<(Strike, String)> {
        let trade_no = self
            .notices
            .get(index)
            .map(|notice| notice.trade_no.as_str());
        let siblings = trade_no
            .and_then(|no| self.of_trade.get(no))
            .cloned()
            .unwrap_or_default();
        let mut acted = Vec::new();
        for earlier in siblings.into_iter().filter(|sibling| *sibling < index) {
            let Some(notice) = self.notices.get_mut(earlier) else {
                continue;
            };
            let Some(strike) = notice.held.take() else {
                continue;
            };
            if let Some(waiting_till) = notice.next_at.replace(now) {
                self.due.remove(&(waiting_till, earlier));
            }
            notice.scheduled_at = now;
            self.due.insert((now, earlier));
            acted.push((strike, notice.call()));
        }
        acted
    }

    /// The notices of one trade, oldest first.
    pub(super) fn of_trade(&self, trade_no: &str) -> impl Iterator<Item = &Notice> {
        let indices = self
            .of_trade
            .get(trade_no)
            .map(Vec::as_slice)
            .unwrap_or_default();
        indices.iter().filter_map(|index| self.notices.get(*index))
    }
}

impl Notice {
    fn letter(&self, index: usize) -> Letter {
        Letter {
            index,
            trade_no: self.trade_no.clone(),
            url: self.url.clone(),
            forged: self.forged,
            fields: self.fields.clone(),
            call: self.call(),
        }
    }

    fn call(&self) -> String {
        format!(
            "{} out_trade_no={} notify_id={}",
            self.trade_status, self.out_trade_no, self.notify_id
        )
    }

    fn next_retry(&self) -> Option<Timestamp> {
        if self.forged {
            return None;
        }
        let sent = self.attempts.len();
        let wait = RETRY_MINUTES.get(sent.checked_sub(1)?)?;
        self.scheduled_at
            .checked_add(SignedDuration::from_mins(*wait))
            .ok()
    }

    pub(super) fn view(&self) -> Value {
        let attempts: Vec<Value> = self.attempts.iter().map(Attempt::view).collect();
        json!({
            "notify_id": self.notify_id,
            "trade_status": self.trade_status,
            "url": self.url,
            "forged": self.forged,
            "accepted": self.accepted,
            "held": self.held.is_some(),
            "next_at": self.next_at.map(rfc3339),
            "attempts": attempts,
        })
    }
}

impl Attempt {
    fn view(&self) -> Value {
        json!({
            "at": rfc3339(self.at),
            "http_status": self.http_status,
            "answer": self.answer,
            "accepted": self.accepted(),
            "fault": self.fault,
        })
    }
}

/// A notice not yet numbered.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) trade_no: String,
    pub(super) out_trade_no: String,
    pub(super) url: String,
    pub(super) trade_status: &'static str,
    pub(super) forged: bool,
    pub(super) fields: Vec<(&'static str, String)>,
}

impl Draft {
    /// What Alipay would tell about `event`; `None` when the order named no address.
    pub(super) fn of(trade: &Trade, buyer: &Person, event: Event<'_>) -> Option<Self> {
        let url = trade.order.notify_url.clone()?;
        let trade_status = match event {
            Event::Paid => Status::TradeSuccess.name(),
            Event::Closed => Status::TradeClosed.name(),
            Event::Finished => Status::TradeFinished.name(),
            Event::Refunded(_) => trade.status.name(),
        };
        let mut fields = common_fields(trade, buyer);
        fields.push(("trade_status", trade_status.into()));
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
            trade_no: trade.trade_no.clone(),
            out_trade_no: trade.order.out_trade_no.clone(),
            url,
            trade_status,
            forged: false,
            fields,
        })
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
        ("notify_type", "trade_status_sync".into()),
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
