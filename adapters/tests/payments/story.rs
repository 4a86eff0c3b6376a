//! A small town: people with homes, the outside, and the payments between them.

use std::sync::Arc;

use lifeline_core::accounts::Account;
use lifeline_core::accounts::account::ProviderId;
use lifeline_core::bindings::ports::Holding;
use lifeline_core::bindings::{Binding, OwnedBinding, Right, Role, Signboard, own};
use lifeline_core::idempotency::{Answer, Key};
use lifeline_core::payments::order::{Buyer, ClosedText, Order, Purpose, Via};
use lifeline_core::payments::{
    Homes, PaymentError, Payments, Policy, Render, Standing, Start, Wanted,
};
use lifeline_core::shared::ids::{AccountId, PaymentId, SessionId};
use lifeline_core::shared::money::Fen;
use lifeline_core::shared::personal::ConsumerNo;
use lifeline_core::shared::time::{Clock as _, Day};
use lifeline_core::store::snapshot;
use serde_json::json;

use crate::books::{HOME, maker, payments, payments_over};
use crate::outside::{Credit, Outside};
use crate::pausing::{Away, Pausing};
use crate::store::{Place, start};

/// A person and the home they pay for.
#[derive(Clone)]
pub(crate) struct Payer {
    pub(crate) owned: OwnedBinding,
    pub(crate) session: SessionId,
}

impl Payer {
    pub(crate) fn account(&self) -> &AccountId {
        self.owned.account_id()
    }
}

#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) place: Place,
    pub(crate) outside: Outside,
    pub(crate) app: Payments,
}

/// What a wish to pay says; the rest is usual.
#[derive(Clone)]
pub(crate) struct Wish {
    pub(crate) key: String,
    pub(crate) purpose: Purpose,
    pub(crate) fen: i64,
    pub(crate) version: Option<String>,
    pub(crate) keep: bool,
    pub(crate) via: Via,
}

pub(crate) fn arrears(key: &str, fen: i64, version: &str) -> Wish {
    Wish {
        key: key.to_owned(),
        purpose: Purpose::Arrears,
        fen,
        version: Some(version.to_owned()),
        keep: false,
        via: Via::Mini,
    }
}

pub(crate) fn top_up(key: &str, fen: i64) -> Wish {
    Wish {
        key: key.to_owned(),
        purpose: Purpose::TopUp,
        fen,
        version: None,
        keep: false,
        via: Via::Mini,
    }
}

impl Wish {
    pub(crate) fn by_browser(mut self) -> Self {
        self.via = Via::H5;
        self
    }

    /// What is not due any more is kept as prepayment.
    pub(crate) fn kept(mut self) -> Self {
        self.keep = true;
        self
    }
}

/// The usual policy, but nobody has to show themselves again.
pub(crate) fn trusting() -> Policy {
    Policy {
        sure_day: Fen::new(i64::MAX),
        sure_new: Fen::new(i64::MAX),
        ..Policy::default()
    }
}

impl Story {
    pub(crate) fn at(place: Place) -> Self {
        Self::with_policy(place, trusting())
    }

    pub(crate) fn with_policy(place: Place, policy: Policy) -> Self {
        let outside = Outside::at(start());
        let app = payments(&place, &outside, policy);
        Self {
            place,
            outside,
            app,
        }
    }

    /// The same, whose every unit and look begins with a pause.
    pub(crate) fn pausing(place: Place) -> Self {
        let outside = Outside::at(start());
        let store = Arc::new(Pausing(place.store.clone()));
        let app = payments_over(store, &outside, trusting());
        Self {
            place,
            outside,
            app,
        }
    }

    /// The same over a store that can be away for some units.
    pub(crate) fn losing(place: Place) -> (Self, Arc<Away>) {
        let outside = Outside::at(start());
        let store = Arc::new(Away::never(place.store.clone()));
        let app = payments_over(store.clone(), &outside, trusting());
        let story = Self {
            place,
            outside,
            app,
        };
        (story, store)
    }

    /// A second process with its own memory on the same store and the same outside.
    pub(crate) async fn another_process(&self) -> Self {
        let place = self.place.another_process().await;
        let app = payments(&place, &self.outside, trusting());
        Self {
            place,
            outside: self.outside.clone(),
            app,
        }
    }

    pub(crate) async fn person(&self, name: &str) -> Payer {
        self.person_of(name, HOME).await
    }

    pub(crate) async fn person_of(&self, name: &str, home: &str) -> Payer {
        let make = maker(&self.outside);
        let account = Account {
            account_id: make.id(),
            app_id: "2021000000000001".into(),
            open_id: ProviderId::parse(name),
            user_id: None,
            real_name: None,
            phone: None,
            merged: None,
            created_at: make.now(),
            version: 1,
        };
        self.place
            .write(async |tx| tx.accounts().add(&account).await)
            .await;
        Payer {
            owned: self.link(&account.account_id, home).await,
            session: make.id(),
        }
    }

    /// One more home of a person.
    pub(crate) async fn link(&self, account: &AccountId, home: &str) -> OwnedBinding {
        let make = maker(&self.outside);
        let binding = Binding {
            binding_id: make.id(),
            account_id: account.clone(),
            consumer_no: ConsumerNo::parse(home).unwrap(),
            role: Role::PayerOnly,
            shown: true,
            grant_id: None,
            holder_version: 1,
            frozen: false,
            signboard: Signboard {
                consumer_no_masked: "*********4321".into(),
                holder_masked: "*明".into(),
                address_masked: "赤峰市***".into(),
            },
            label: None,
            created_at: make.now(),
            version: 1,
        };
        let now = binding.created_at;
        let holder = Holding {
            version: 1,
            since: None,
        };
        self.place
            .write(async |tx| {
                tx.bindings()
                    .touch_home(&binding.consumer_no, holder, Day::of(now), now)
                    .await?;
                tx.bindings().add(&binding, None).await
            })
            .await;
        let mut view = snapshot(&*self.place.store).await.unwrap();
        let id = &binding.binding_id;
        own(&mut view, account, id, Right::Pay, now).await.unwrap()
    }

    pub(crate) fn request(&self, payer: &Payer, wish: &Wish) -> Start {
        let fields = json!({"amount_fen": wish.fen.to_string(), "purpose": wish.purpose.as_str()});
        let render: Render = Arc::new(|made: Result<&Order, &PaymentError>| match made {
            Ok(order) => Answer {
                status: 201,
                body: json!({
                    "payment_id": order.payment.payment_id,
                    "number": order.payment.out_trade_no,
                    "state": order.standing().as_str(),
                    "trade_no": order.payment.trade_no,
                })
                .to_string(),
            },
            Err(error) => Answer {
                status: 409,
                body: error.to_string(),
            },
        });
        Start {
            homes: Homes::one(Wanted {
                owned: payer.owned.clone(),
                amount: Fen::new(wish.fen),
                arrears_version: wish.version.clone(),
            }),
            session_id: payer.session.clone(),
            asking: payer.session.clone(),
            buyer: Buyer {
                open_id: Some(ClosedText::new("open-id".into())),
                user_id: None,
            },
            purpose: wish.purpose,
            keep_as_prepayment: wish.keep,
            via: wish.via,
            confirms: false,
            key: Key {
                scope: format!("account:{}:POST /v1/payments", payer.account()),
                key: wish.key.clone(),
            },
            fingerprint: format!("{}:{}:{}", wish.fen, wish.purpose.as_str(), wish.keep),
            field_digests: fields.to_string(),
            trace_id: format!("trace-{}", wish.key),
            source: "192.0.2.1".into(),
            render,
        }
    }

    pub(crate) async fn ask(&self, payer: &Payer, wish: &Wish) -> Result<Answer, PaymentError> {
        self.app.start(&self.request(payer, wish)).await
    }

    /// Orders, and must be given an order.
    pub(crate) async fn order(&self, payer: &Payer, wish: &Wish) -> Ordered {
        let answer = self.ask(payer, wish).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
        Ordered::read(&answer.body)
    }

    pub(crate) async fn look(&self, id: &PaymentId) -> Order {
        self.place.held(id).await.order
    }

    pub(crate) async fn standing(&self, id: &PaymentId) -> Standing {
        self.look(id).await.standing()
    }

    /// The sweeper works until nothing is due.
    pub(crate) async fn sweep(&self) {
        for _ in 0..200 {
            if self.app.sweep().await.unwrap() == 0 {
                return;
            }
        }
        panic!("the sweeper never comes to rest");
    }

    /// Time passes in steps of five seconds, the sweeper working at each.
    pub(crate) async fn run(&self, seconds: i64) {
        let mut left = seconds;
        while left > 0 {
            let step = left.min(5);
            self.outside.advance(step);
            left -= step;
            self.sweep().await;
        }
    }

    /// Long times in longer steps: nothing is decided by how often the sweeper looks.
    pub(crate) async fn run_long(&self, seconds: i64) {
        let mut left = seconds;
        while left > 0 {
            let step = left.min(600);
            self.outside.advance(step);
            left -= step;
            self.sweep().await;
        }
    }

    /// The payer pays and the channel tells; then everything due is worked.
    pub(crate) async fn pays(&self, number: &str) {
        assert!(self.outside.pay(number), "nothing payable under {number}");
        self.tell(&format!("notice-{number}"), number).await;
        self.sweep().await;
    }

    /// A notice arrives and is worked.
    pub(crate) async fn tell(&self, notify_id: &str, number: &str) {
        let raw = self.outside.notice(notify_id, number);
        let id = self.app.receive(&raw, "trace-notice").await.unwrap();
        self.app.work_notice(&id).await.unwrap();
    }

    pub(crate) async fn count(&self, query: &str) -> i64 {
        self.place.number(query).await
    }

    /// The books of the channel and of marketing explain each other: every fen taken was credited
    /// once or given back, never both. Read from their side only.
    pub(crate) fn square(&self) {
        self.outside.with(|world| {
            for (number, trade) in &world.trades {
                let taken = if trade.paid_at.is_some() {
                    trade.total
                } else {
                    Fen::ZERO
                };
                let credited = Fen::sum(world.credits.iter().filter_map(
                    |(txn, credit)| match credit {
                        Credit::Posted(line) if txn.starts_with(number.as_str()) => {
                            Some(line.amount.minus(world.taken_from(txn)).unwrap())
                        }
                        _ => None,
                    },
                ))
                .unwrap();
                let rest = credited.plus(trade.refunded()).unwrap();
                assert_eq!(
                    taken, rest,
                    "{number}: taken {taken:?}, credited {credited:?}"
                );
            }
        });
    }

    /// Our own ledger is balanced and says of the channel what the channel says.
    pub(crate) async fn books_agree(&self) {
        let mut view = snapshot(&*self.place.store).await.unwrap();
        let balances = view.ledger().balances().await.unwrap();
        let nets = Fen::sum(balances.iter().map(|balance| balance.net)).unwrap();
        assert_eq!(nets, Fen::ZERO, "{balances:?}");
        let channel = balances
            .iter()
            .find(|balance| balance.account == lifeline_core::ledger::Account::Channel)
            .map_or(Fen::ZERO, |balance| balance.net);
        let theirs = self.outside.with(|world| {
            let held = world
                .trades
                .values()
                .filter(|trade| trade.paid_at.is_some());
            Fen::sum(held.map(|trade| trade.total.minus(trade.refunded()).unwrap())).unwrap()
        });
        assert_eq!(channel, theirs, "the channel's account");
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.outside.now().unix_seconds()
    }
}

/// What a client was answered.
#[derive(Debug, Clone)]
pub(crate) struct Ordered {
    pub(crate) id: PaymentId,
    pub(crate) number: String,
    pub(crate) state: String,
    pub(crate) trade_no: Option<String>,
}

impl Ordered {
    pub(crate) fn read(body: &str) -> Self {
        let value: serde_json::Value = serde_json::from_str(body).unwrap();
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Self {
            id: PaymentId::parse(&text("payment_id").unwrap()).unwrap(),
            number: text("number").unwrap(),
            state: text("state").unwrap(),
            trade_no: text("trade_no"),
        }
    }
}
