//! Making an order (interleavings 4, 5, 10, 16): what is due is read live, an earlier order is
//! driven to proven CLOSED, one unit writes order, lock and step, then the channel is asked.

use futures_util::stream::{self, StreamExt as _};

use super::homes::{Homes, Wanted, judge};
use super::keyed::{Begun, Entry, Keyed, LeftBehind, Render, lease_until};
use super::observation::Ask;
use super::order::{Buyer, ClosedText, Order, Payment, Purpose, Via};
use super::ports::{CreateOrder, NoDues};
use super::unit::{Held, Step};
use super::{PaymentError, Payments, sure, table_p as p, window};
use crate::billing::hold::{is_held, is_held_in};
use crate::evidence::Act;
use crate::idempotency::{Answer, Key};
use crate::shared::ids::{PaymentId, SessionId};
use crate::shared::money::Fen;
use crate::shared::time::Time;
use crate::store::{Tx, atomically, snapshot};
use crate::{audit, evidence};

const BEGUN: &str = "begun";
const CREATED: &str = "created:";

/// A request to pay.
pub struct Start {
    pub homes: Homes,
    /// The device that pays, and the id its session has now: a step-up is that id's.
    pub session_id: SessionId,
    pub asking: SessionId,
    pub buyer: Buyer,
    pub purpose: Purpose,
    /// Arrears that are not due any more when the money comes are kept as prepayment, not given back.
    pub keep_as_prepayment: bool,
    pub via: Via,
    /// The terminal asks for a step-up, whatever the sum.
    pub confirms: bool,
    pub key: Key,
    /// Hex SHA-256 of the canonical body, and JSON of a digest per field.
    pub fingerprint: String,
    pub field_digests: String,
    pub trace_id: String,
    /// The client's network address, for the audit.
    pub source: String,
    pub render: Render,
}

impl std::fmt::Debug for Start {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Start")
    }
}

impl Payments {
    /// Orders a payment, once per key. Run it in a task of its own: it sends.
    pub async fn start(&self, request: &Start) -> Result<Answer, PaymentError> {
        self.begun(request).await.outcome
    }

    /// The same, and what is to be let go of when the store went away meanwhile ([`Payments::let_go_of`]).
    pub async fn begun(&self, request: &Start) -> Begun {
        let mut left = None;
        let outcome = self.begin_or_leave(request, &mut left).await;
        Begun { outcome, left }
    }

    async fn begin_or_leave(
        &self,
        request: &Start,
        left: &mut Option<LeftBehind>,
    ) -> Result<Answer, PaymentError> {
        if self.is_recovering().await? {
            return Err(PaymentError::Recovering);
        }
        let keyed = Keyed {
            key: request.key.clone(),
            fingerprint: request.fingerprint.clone(),
            field_digests: request.field_digests.clone(),
        };
        let now = self.now();
        let mut ours = LeftBehind {
            key: keyed.key.clone(),
            lease_epoch: 1,
            since: now,
            until: lease_until(now),
            order: None,
            forget: true,
        };
        let (lease_epoch, step, since) = match self.enter(&keyed, BEGUN, now).await {
            Ok(Entry::Done(answer)) => return Ok(answer),
            Ok(Entry::Work {
                lease_epoch,
                step,
                since,
            }) => (lease_epoch, step, since),
            Err(error) => {
                // The key may stand, and nobody works under it.
                *left = error.is_unknown().then_some(ours);
                return Err(error);
            }
        };
        let made = match step.strip_prefix(CREATED).map(PaymentId::parse) {
            Some(Ok(id)) => self.resume(&id).await,
            Some(Err(_)) | None => self.make(request, &keyed, lease_epoch).await,
        };
        (ours.lease_epoch, ours.since, ours.forget) = (lease_epoch, since, false);
        let answer = match made {
            Ok(order) => (request.render)(Ok(&order)),
            Err(Made::Refused(error)) if error.is_final() => (request.render)(Err(&error)),
            Err(Made::Refused(error)) => {
                if let Err(away) = self.forget(&keyed, lease_epoch).await {
                    ours.forget = true;
                    *left = Some(self.leased(ours));
                    return Err(away);
                }
                return Err(error);
            }
            // The order may exist: the key stays STARTED until that is found out.
            Err(Made::Unclear(id, error)) => {
                let step = format!("{CREATED}{id}");
                ours.order = Some((id, step));
                *left = error.is_unknown().then(|| self.leased(ours));
                return Err(error);
            }
            // The order exists: a repeat resumes at this step at once.
            Err(Made::Stored(id, error)) => {
                let step = format!("{CREATED}{id}");
                if let Err(away) = self.leave(&keyed, lease_epoch, &step).await {
                    *left = Some(self.leased(ours));
                    return Err(away);
                }
                return Err(error);
            }
        };
        match self.answer(&keyed, lease_epoch, &answer).await {
            Ok(true) => Ok(answer),
            Ok(false) => Err(PaymentError::InFlight),
            Err(error) => {
                *left = Some(self.leased(ours));
                Err(error)
            }
        }
    }

    async fn resume(&self, id: &PaymentId) -> Result<Order, Made> {
        let stored = |error| Made::Stored(id.clone(), error);
        self.work(id).await.map_err(stored)?;
        self.load(id).await.map_err(stored)
    }

    async fn make(&self, request: &Start, keyed: &Keyed, lease_epoch: i64) -> Result<Order, Made> {
        self.check_amounts(request).await.map_err(Made::Refused)?;
        let order = self.new_order(request).map_err(Made::Refused)?;
        self.make_room(request, &order)
            .await
            .map_err(Made::Refused)?;
        self.store_order(&order, request, keyed, lease_epoch)
            .await?;
        let held = Held {
            id: order.payment.payment_id.clone(),
            lease_epoch: order.payment.lease_epoch,
        };
        let stored = |error| Made::Stored(held.id.clone(), error);
        if request.via == Via::Mini {
            self.send_first(&held).await.map_err(stored)?;
        }
        self.let_go(&held).await.map_err(stored)?;
        self.load(&held.id).await.map_err(stored)
    }

    /// What is due now decides what may be ordered; a kept figure never does. The homes are asked
    /// about side by side, so that a slow answer counts once.
    async fn check_amounts(&self, request: &Start) -> Result<(), PaymentError> {
        let homes = &request.homes;
        for wanted in homes.iter() {
            self.check_wish(request.purpose, wanted)
                .map_err(|error| homes.blame(wanted, error))?;
        }
        let asked: Vec<_> = homes
            .iter()
            .map(|wanted| self.check_amount(request.purpose, wanted))
            .collect();
        let judged: Vec<_> = stream::iter(asked).buffered(homes.count()).collect().await;
        for (wanted, verdict) in homes.iter().zip(judged) {
            verdict.map_err(|error| homes.blame(wanted, error))?;
        }
        Ok(())
    }

    /// What can be refused without asking anybody.
    fn check_wish(&self, purpose: Purpose, wanted: &Wanted) -> Result<(), PaymentError> {
        let (min, max) = (self.policy.top_up_min, self.policy.top_up_max);
        match purpose {
            Purpose::TopUp if !(min..=max).contains(&wanted.amount) => {
                Err(PaymentError::AmountOutOfRange { min, max })
            }
            Purpose::Arrears if wanted.arrears_version.is_none() => {
                Err(PaymentError::VersionMissing)
            }
            Purpose::TopUp | Purpose::Arrears => Ok(()),
        }
    }

    async fn check_amount(&self, purpose: Purpose, wanted: &Wanted) -> Result<(), PaymentError> {
        // A top-up pays no bill: it may be made while one is being verified.
        if purpose == Purpose::Arrears {
            let mut view = snapshot(self.store()).await?;
            if is_held(&mut view, wanted.owned.consumer_no()).await? {
                return Err(PaymentError::BillHeld);
            }
        }
        match self.ports.dues.dues(wanted.owned.consumer_no()).await {
            Ok(dues) => judge(purpose, wanted, dues),
            Err(NoDues::Unknown) => Err(PaymentError::AccountClosed),
            Err(NoDues::NoAnswer(_)) => Err(PaymentError::ArrearsUnavailable),
        }
    }

    fn new_order(&self, request: &Start) -> Result<Order, PaymentError> {
        let maker = self.maker();
        let now = maker.now();
        let buyer = &request.buyer;
        if request.via == Via::Mini && buyer.open_id.is_none() && buyer.user_id.is_none() {
            return Err(PaymentError::NoPayer);
        }
        let number = format!("{}{}", self.policy.number_prefix, maker.base62(22));
        let subject = match request.purpose {
            Purpose::Arrears => self.policy.subject_arrears.clone(),
            Purpose::TopUp => self.policy.subject_top_up.clone(),
        };
        let mut payment = blank(maker.id(), request, number, subject, now);
        match request.via {
            Via::Mini => {
                let body = self.ports.channel.create_body(&create_order(&payment));
                payment.body = Some(ClosedText::new(body));
                // Counted before it is sent; unit A commits both (money.md G2).
                payment.sends = 1;
                payment.next_at = Some(window::resend_at(now, 1, now));
            }
            Via::H5 => {
                let ticket = maker.token();
                payment.ticket_digest = Some(super::cashier::digest(&ticket));
                payment.ticket = Some(ClosedText::new(ticket));
            }
        }
        Ok(Order {
            payment,
            lines: Vec::new(),
            refunds: Vec::new(),
        })
    }

    /// Unit A: order, lock, number, body, step, evidence and audit; nothing is sent unless its
    /// commit is confirmed.
    async fn store_order(
        &self,
        order: &Order,
        request: &Start,
        keyed: &Keyed,
        lease_epoch: i64,
    ) -> Result<(), Made> {
        let payment = &order.payment;
        let draw = self.draw(
            &request.trace_id,
            &format!("account:{}", payment.account_id),
        );
        let now = draw.now;
        let witness: evidence::Entry = act_of(payment)
            .into_entry(
                draw.id("evidence", "created"),
                "payments.created",
                now,
                now,
                draw.salt("created"),
            )
            .map_err(|error| Made::Refused(PaymentError::Books(error.into())))?;
        let line = audit::Line {
            audit_id: draw.uuid("audit", "created"),
            at: now,
            actor: draw.actor.clone(),
            act: "payments.created".to_owned(),
            subject: payment.payment_id.as_str().to_owned(),
            outcome: "ok".to_owned(),
            source: request.source.clone(),
            trace_id: request.trace_id.clone(),
        };
        let step = format!("{CREATED}{}", payment.payment_id);
        let until = now.plus_seconds(window::LEASE_SECONDS);
        atomically(self.store(), async |tx: &mut Tx| {
            sure::sure(tx, &self.policy, request, now).await?;
            // The order first: a claim points at it.
            tx.payments().add(order, until).await?;
            for share in &payment.shares {
                let bill = share.purpose == Purpose::Arrears;
                if bill && is_held_in(tx, &share.consumer_no).await? {
                    return Err(PaymentError::BillHeld);
                }
                let claim = share.claim(&payment.account_id);
                let id = &payment.payment_id;
                if !tx.payments().take_claim(&claim, id, now).await? {
                    return Err(PaymentError::PreviousOrderOpen { payment_id: None });
                }
            }
            tx.evidence().append(&witness).await?;
            tx.audit().append(&line).await?;
            let ours = tx
                .idempotency()
                .advance(&keyed.key, lease_epoch, &step, lease_until(now))
                .await?;
            if ours {
                Ok(())
            } else {
                Err(PaymentError::InFlight)
            }
        })
        .await
        .map_err(|error| Made::of_commit(&payment.payment_id, error))
    }

    async fn send_first(&self, held: &Held) -> Result<(), PaymentError> {
        let order = self.load(&held.id).await?;
        let Some(body) = order.payment.body.clone() else {
            return Ok(());
        };
        let asked_at = self.now();
        let reply = self.ports.channel.create(body.expose()).await;
        let seen = super::reading::of_create(&reply, asked_at);
        if let Some((_, asks)) = self.step(held, &order, vec![Step::Observe(seen)]).await? {
            // Resends have their moments; everything else a create leads to is asked now.
            let now_asked = asks.into_iter().filter(|ask| *ask != Ask::ResendCreate);
            self.pursue(held, now_asked.collect()).await?;
        }
        Ok(())
    }
}

/// How making an order can fail.
enum Made {
    /// Nothing was stored.
    Refused(PaymentError),
    /// Nobody here knows whether the order is stored.
    Unclear(PaymentId, PaymentError),
    /// The order is stored; what followed failed.
    Stored(PaymentId, PaymentError),
}

impl Made {
    fn of_commit(id: &PaymentId, error: PaymentError) -> Self {
        if error.is_unknown() || matches!(error, PaymentError::InFlight) {
            Self::Unclear(id.clone(), error)
        } else {
            Self::Refused(error)
        }
    }
}

/// What is proved of a new order: each home under its line's name.
fn act_of(payment: &Payment) -> Act {
    let act = Act::new()
        .say("amount_fen", payment.amount.get())
        .say("homes", payment.shares.len())
        .say("keep_as_prepayment", payment.keeps_as_prepayment())
        .say("out_trade_no", payment.out_trade_no.as_str())
        .say("payment_id", payment.payment_id.as_str())
        .say("purpose", payment.purpose.as_str());
    payment.shares.iter().fold(act, |act, share| {
        let name = format!("consumer_no_{}", share.line_no);
        act.seal(&name, share.consumer_no.expose())
    })
}

/// What the channel is asked to make of the order.
pub(super) fn create_order(payment: &Payment) -> CreateOrder {
    let plain = |text: &ClosedText| text.expose().to_owned();
    CreateOrder {
        out_trade_no: payment.out_trade_no.clone(),
        amount: payment.amount,
        subject: payment.subject.clone(),
        buyer_open_id: payment.buyer.open_id.as_ref().map(plain),
        buyer_user_id: payment.buyer.user_id.as_ref().map(plain),
        expire_at: payment.expire_at,
    }
}

fn blank(
    payment_id: PaymentId,
    request: &Start,
    out_trade_no: String,
    subject: String,
    now: Time,
) -> Payment {
    let expire_at = window::expire_at(now);
    Payment {
        payment_id,
        account_id: request.homes.account_id().clone(),
        binding_id: request.homes.first().owned.binding_id().clone(),
        session_id: request.session_id.clone(),
        purpose: request.purpose,
        via: request.via,
        state: p::State::Created,
        version: 1,
        lease_epoch: 1,
        out_trade_no,
        amount: request.homes.total(),
        subject,
        shares: request
            .homes
            .shares(request.purpose, request.keep_as_prepayment),
        buyer: request.buyer.clone(),
        body: None,
        ticket: None,
        ticket_digest: None,
        sends: 0,
        answers: 0,
        trade_no: None,
        minted_at: None,
        created_at: now,
        expire_at,
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
        next_at: Some(expire_at),
        asked_at: None,
        trace_id: request.trace_id.clone(),
    }
}
