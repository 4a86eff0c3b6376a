//! An order in any state, made from a few words, and what the store then holds of it.

use lifeline_core::payments::numbers;
use lifeline_core::payments::observation::Sighted;
use lifeline_core::payments::order::{
    Buyer, Check, ClosedText, Order, Payment, PostingLine, Purpose, Refund, Share, Via,
};
use lifeline_core::payments::{Payments, Policy, Ports, table_l as l, table_p as p, table_r as r};
use lifeline_core::shared::ids::{
    AccountId, BindingId, LineId, Maker, PaymentId, RefundId, SessionId,
};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::{Clock as _, Time};
use lifeline_core::store::{Store, StoreError, Tx, atomically, snapshot};
use lifeline_core::{cases, ledger};
use std::sync::Arc;

use crate::outside::Outside;
use crate::store::Place;

pub(crate) const AMOUNT: Fen = Fen::new(12_840);
pub(crate) const HOME: &str = "1500000004321";

pub(crate) fn payments(place: &Place, outside: &Outside, policy: Policy) -> Payments {
    payments_over(place.store.clone(), outside, policy)
}

/// The same over a store that is more than the engine.
pub(crate) fn payments_over(store: Arc<dyn Store>, outside: &Outside, policy: Policy) -> Payments {
    let ports = Ports {
        store,
        clock: Arc::new(outside.clone()),
        entropy: Arc::new(outside.clone()),
        channel: Arc::new(outside.clone()),
        notices: Arc::new(outside.clone()),
        posting: Arc::new(outside.clone()),
        dues: Arc::new(outside.clone()),
    };
    Payments::new(ports, policy)
}

pub(crate) fn maker(outside: &Outside) -> Maker<'_> {
    Maker {
        clock: outside,
        entropy: outside,
    }
}

/// A mini-program order for the arrears of [`HOME`], CREATED, nothing sent.
pub(crate) fn order(outside: &Outside) -> Order {
    let make = maker(outside);
    let now = outside.now();
    let share = Share {
        line_no: 1,
        binding_id: make.id::<BindingId>(),
        consumer_no: ConsumerNo::parse(HOME).unwrap(),
        amount: AMOUNT,
        purpose: Purpose::Arrears,
        arrears_version: Some("v1".to_owned()),
        keep_as_prepayment: false,
    };
    let payment = Payment {
        payment_id: make.id::<PaymentId>(),
        account_id: make.id::<AccountId>(),
        binding_id: share.binding_id.clone(),
        session_id: make.id::<SessionId>(),
        purpose: Purpose::Arrears,
        via: Via::Mini,
        state: p::State::Created,
        version: 1,
        lease_epoch: 1,
        out_trade_no: format!("t0{}", make.base62(22)),
        amount: AMOUNT,
        subject: "电费缴纳".to_owned(),
        shares: vec![share],
        buyer: Buyer::default(),
        body: Some(ClosedText::new("{\"frozen\":true}".to_owned())),
        ticket: None,
        ticket_digest: None,
        sends: 0,
        answers: 0,
        trade_no: None,
        minted_at: None,
        created_at: now,
        expire_at: now.plus_seconds(900),
        paid_at: None,
        closed_at: None,
        done_at: None,
        paid: Fen::ZERO,
        refund_reserved: Fen::ZERO,
        refunded: Fen::ZERO,
        suspense: Fen::ZERO,
        foreign: Fen::ZERO,
        foreign_used: Fen::ZERO,
        shown: Fen::ZERO,
        shown_at: None,
        has_lock: true,
        frozen: false,
        watched: true,
        entered_at: now,
        turns: 0,
        next_at: Some(now.plus_seconds(2)),
        asked_at: None,
        trace_id: "trace-1".to_owned(),
    };
    Order {
        payment,
        lines: Vec::new(),
        refunds: Vec::new(),
    }
}

/// The order in a state of table P, with what that state promises.
pub(crate) fn order_in(outside: &Outside, state: p::State) -> Order {
    let mut order = order(outside);
    let now = outside.now();
    let payment = &mut order.payment;
    payment.state = state;
    if state != p::State::Created {
        (payment.sends, payment.answers) = (1, 1);
        payment.trade_no = Some("T1".to_owned());
    }
    match state {
        p::State::Created | p::State::Paying | p::State::Closing => {}
        p::State::Closed => {
            payment.has_lock = false;
            payment.closed_at = Some(now);
        }
        p::State::Paid => {
            pay(&mut order, AMOUNT, now);
            order.lines.push(line_in(&order, outside, l::State::Ready));
        }
        p::State::Suspense => {
            pay(&mut order, Fen::new(10_000), now);
            order.payment.suspense = order.payment.paid;
            let mut line = line_in(&order, outside, l::State::Held);
            line.amount = order.payment.paid;
            order.lines.push(line);
        }
        p::State::Done => {
            pay(&mut order, AMOUNT, now);
            order.payment.done_at = Some(now);
            order.payment.next_at = None;
            order.payment.has_lock = false;
            order.lines.push(line_in(&order, outside, l::State::Posted));
        }
    }
    order
}

fn pay(order: &mut Order, sum: Fen, now: Time) {
    order.payment.paid = sum;
    order.payment.paid_at = Some(now.plus_seconds(-60));
}

/// A line in a state of table L, with what that state promises.
pub(crate) fn line_in(order: &Order, outside: &Outside, state: l::State) -> PostingLine {
    let payment = &order.payment;
    let now = outside.now();
    let sent = !matches!(state, l::State::Ready | l::State::Held);
    let posted = matches!(
        state,
        l::State::Posted | l::State::Reversing | l::State::MktRefund
    );
    PostingLine {
        line_id: maker(outside).id::<LineId>(),
        line_no: 1,
        attempt: 1,
        state,
        channel_txn_no: numbers::channel_txn_no(&payment.out_trade_no, 1, 1),
        binding_id: payment.binding_id.clone(),
        consumer_no: ConsumerNo::parse(HOME).unwrap(),
        amount: AMOUNT,
        purpose: Purpose::Arrears,
        arrears_version: Some("v1".to_owned()),
        part_of: None,
        body: sent.then(|| ClosedText::new("{\"frozen\":true}".to_owned())),
        check: Check::None,
        sent_at: sent.then(|| now.plus_seconds(-30)),
        resends: 0,
        not_found: 0,
        not_found_at: None,
        want_refund: false,
        keep_as_prepayment: false,
        fenced: false,
        credited: posted,
        let_go: false,
        voucher_refusals: 0,
        sighting: None,
        mkt_txn_no: posted.then(|| "M1".to_owned()),
        business_date: posted.then(|| now.shanghai_date()),
        posted_at: posted.then_some(now),
        told_late_at: None,
        frozen: false,
        entered_at: now,
        turns: 0,
        next_at: (!state.is_final()).then_some(now),
        asked_at: None,
    }
}

/// A refund of the order's line in a state of table R; the books of the payment follow.
pub(crate) fn refund_in(order: &mut Order, outside: &Outside, state: r::State, amount: Fen) {
    let make = maker(outside);
    let now = outside.now();
    let line = &order.lines[0];
    let ordinal = order.refunds.len() + 1;
    let sent = !matches!(state, r::State::Planned | r::State::Withdrawn);
    order.refunds.push(Refund {
        refund_id: make.id::<RefundId>(),
        line_id: line.line_id.clone(),
        out_request_no: format!("t0{}", make.base62(22)),
        cause: format!("{}:{ordinal}", line.line_id),
        amount,
        state,
        sent_at: sent.then(|| now.plus_seconds(-120)),
        empties: 0,
        empty_since: None,
        empty_at: None,
        created_at: now,
        done_at: (state == r::State::Done).then_some(now),
        by_bank: Fen::ZERO,
        frozen: false,
        entered_at: now,
        turns: 0,
        next_at: (!state.is_final()).then_some(now),
        asked_at: None,
    });
    let payment = &mut order.payment;
    if state != r::State::Withdrawn {
        payment.refund_reserved = payment.refund_reserved.plus(amount).unwrap();
    }
    if state == r::State::Done {
        payment.refunded = payment.refunded.plus(amount).unwrap();
    }
}

/// What the store holds about one order.
pub(crate) struct Held {
    pub(crate) order: Order,
    pub(crate) entries: Vec<ledger::Entry>,
    pub(crate) cases: Vec<cases::Case>,
    pub(crate) sightings: Vec<Sighted>,
    /// Whether the order holds the claim on any of its homes.
    pub(crate) claimed: bool,
}

impl Place {
    pub(crate) async fn write<T>(
        &self,
        work: impl AsyncFnOnce(&mut Tx) -> Result<T, StoreError> + Clone,
    ) -> T {
        atomically(&*self.store, work).await.unwrap()
    }

    /// Stores an order as it stands, with its claim when it has its lock, free to be worked.
    pub(crate) async fn add(&self, order: &Order, now: Time) {
        let claims: Vec<_> = order
            .payment
            .shares
            .iter()
            .map(|share| share.claim(&order.payment.account_id))
            .collect();
        self.write(async |tx| {
            tx.payments().add(order, now).await?;
            for claim in claims.iter().filter(|_| order.payment.has_lock) {
                let id = &order.payment.payment_id;
                assert!(tx.payments().take_claim(claim, id, now).await?);
            }
            tx.payments()
                .unlease(&order.payment.payment_id, order.payment.lease_epoch)
                .await
        })
        .await;
    }

    pub(crate) async fn held(&self, id: &PaymentId) -> Held {
        let mut view = snapshot(&*self.store).await.unwrap();
        let order = view.payments().find(id).await.unwrap().unwrap();
        let entries = view.ledger().of_payment(id).await.unwrap();
        let mut cases = view.cases().about(id.as_str()).await.unwrap();
        cases.retain(|case| case.closed_at.is_none());
        let sightings = view.payments().sightings(id).await.unwrap();
        let mut claimed = false;
        for share in &order.payment.shares {
            let claim = share.claim(&order.payment.account_id);
            let holder = view.payments().claim_holder(&claim).await.unwrap();
            claimed |= holder.as_ref() == Some(id);
        }
        Held {
            order,
            entries,
            cases,
            sightings,
            claimed,
        }
    }

    /// Kinds of the outbox rows that wait, oldest first; they are left leased for a moment.
    pub(crate) async fn events(&self, now: Time) -> Vec<(String, String)> {
        let mut seen = Vec::new();
        loop {
            let claimed = self
                .write(async |tx| tx.outbox().claim(now, now.plus_seconds(1), 100).await)
                .await;
            if claimed.is_empty() {
                return seen;
            }
            for row in claimed {
                let (id, epoch) = (row.event.event_id.clone(), row.lease_epoch);
                self.write(async |tx| tx.outbox().done(&id, epoch, now).await)
                    .await;
                seen.push((row.event.kind, row.event.body));
            }
        }
    }
}
